"""A watchdog: adds up what a sandbox and all its processes use, and ends it when that is too much."""

import contextlib
import functools
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cnncourse.grading.inside.limits import Limits

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_MAX_ENTRIES = 64


@dataclass(frozen=True)
class Usage:
    """What a process and its descendants use: seconds, bytes, and how many they are."""

    cpu_seconds: float
    memory: int
    processes: int


def usage(pid: int, most: int = 2**16) -> Usage:
    """Add up what a process and all its descendants use now. A process that ends meanwhile counts as nothing.

    Processor time of children that have ended is counted with their parent, as the system does. Memory that
    processes share after a fork is counted for each of them; ``memory`` counts it once, and takes longer.

    Args:
        pid: the process.
        most: stop counting when there are more processes: they may multiply faster than they are counted.

    Example:
        >>> usage(os.getpid()).processes >= 1
        True
    """
    mine = [stat for number in islice(_family(pid), most + 1) if (stat := _stat(number))]
    return Usage(sum(cpu for _, cpu, _ in mine), sum(size for _, _, size in mine), len(mine))


def memory(pid: int, seconds: float = 2) -> float:
    """Add up the memory of a process and its descendants in bytes, shared pages counted once.

    Args:
        pid: the process.
        seconds: how long to try. A process that does nothing but fork keeps its memory locked.

    Returns:
        The bytes; infinity if they could not be counted in time.

    Example:
        >>> 0 < memory(os.getpid()) <= usage(os.getpid()).memory * 2
        True
    """
    total, end = 0, time.monotonic() + seconds
    for number in _family(pid):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="utf-8")
            total += sum(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("Pss:"))
        if time.monotonic() > end:
            return math.inf
    return total


def _family(pid: int) -> Iterator[int]:
    """Give the numbers of a process and its descendants."""
    if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):  # a kernel built without it
        yield from _scanned(pid)
        return
    waiting = [pid]
    while waiting:
        number = waiting.pop()
        yield number
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{number}/task"):
                waiting += map(
                    int, Path(f"/proc/{number}/task/{thread}/children").read_text(encoding="utf-8").split()
                )


def _scanned(pid: int) -> set[int]:
    numbers = [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()]
    parents = {number: stat[0] for number in numbers if (stat := _stat(number))}
    family, found = {pid}, True
    while found:
        more = {child for child, parent in parents.items() if parent in family and child not in family}
        family |= more
        found = bool(more)
    return family


def _stat(number: int) -> tuple[int, float, int] | None:
    """Give a process' parent, processor seconds and bytes of memory; None if it has ended."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), sum(int(ticks) for ticks in fields[11:15]) / _TICK, int(fields[21]) * _PAGE


class Watchdog(threading.Thread):
    """Looks at a sandbox ten times a second until it ends, and kills it when it passes a limit.

    Args:
        pid: the process at the head of the sandbox.
        limits: what it may use.
        run: the folder that the sandbox may write, if there is one.
        kill: ends everything in the sandbox; by default it kills that process, as bubblewrap needs.

    Attributes:
        reason: why the sandbox was killed, in a few words; empty when it was not.
    """

    def __init__(
        self, pid: int, limits: Limits, *, run: Path | None = None, kill: Callable[[], None] | None = None
    ) -> None:
        super().__init__(name=f"watchdog-{pid}", daemon=True)
        self.reason = ""
        self._pid = pid
        self._run = run
        self._limits = limits
        self._kill = kill or functools.partial(os.kill, pid, signal.SIGKILL)
        self._end = time.monotonic() + limits.wall_seconds
        self._over = threading.Event()

    def stop(self) -> None:
        """Stop looking: the sandbox has ended, or is about to."""
        self._over.set()

    def run(self) -> None:
        """Look until stopped."""
        while not self._over.wait(0.1):
            self.reason = self._too_much(usage(self._pid, self._limits.processes))
            if self.reason:
                self._kill()
                return

    def _too_much(self, now: Usage) -> str:
        limits = self._limits
        if now.processes > limits.processes:
            return f"more than {limits.processes} processes"
        if now.memory > limits.memory and memory(self._pid) > limits.memory:
            return f"more than {limits.memory >> 20} MiB of memory"
        if now.cpu_seconds > limits.cpu_seconds:
            return f"more than {limits.cpu_seconds} s of processor time"
        if time.monotonic() > self._end:
            return f"more than {limits.wall_seconds} s"
        return self._too_many_files() if self._run else ""

    def _too_many_files(self) -> str:
        size = 0
        try:
            for count, entry in enumerate(os.scandir(self._run), 1):
                size += entry.stat(follow_symlinks=False).st_size
                if count > _MAX_ENTRIES or size > 2**20 or entry.is_dir(follow_symlinks=False):
                    return "files beside its sockets"
        except OSError:
            return ""
        return ""
