"""A student's process as the judge uses it: runs cells, answers questions, and is replaced when it dies.

A process that ends, hangs or speaks nonsense is given up at once, and the cell at fault gets no points. For
what comes after, a fresh process runs the student's earlier cells again, without the cell at fault. Thus a
crash costs a student the cell with the crash and no other. After a few such deaths there are no more
processes: code that kills each one, say from a thread, has to end somewhere.
"""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from cnncourse.grading.judge.proxy import Gone, Link, StudentGone
from cnncourse.grading.sandbox.spawner import Process, Spawner
from cnncourse.grading.sandbox.watchdog import Watchdog

_LIVES = 6
_PATIENCE = 3.0


class Student:
    """One submission's processes, one after the other. A context manager that leaves none behind.

    Args:
        spawner: where they come from.

    Attributes:
        errors: how the student's own cells failed: the cell's id and one line. The student writes that line.
    """

    def __init__(self, spawner: Spawner) -> None:
        self.errors: list[tuple[str, str]] = []
        self._spawner = spawner
        self._limits = spawner.limits
        self._ran: list[tuple[str, str]] = []
        self._lives = _LIVES
        self._end = time.monotonic() + self._limits.wall_seconds
        self._process: Process | None = None

    def __enter__(self) -> "Student":
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def run(self, cell: str, source: str) -> None:
        """Run one cell. What goes wrong in it shows when a test asks for its names."""
        try:
            self._revive()
            self._run(cell, source)
        except StudentGone as problem:
            self.errors.append((cell, str(problem)))

    def test(self, cell: str, source: str, seed: int) -> Any:
        """Run a cell of tests in the process; give what the process claims came of it.

        Raises:
            StudentGone: the process gave no answer.
        """
        with self.link() as link:
            link.share_randomness()
            try:
                claim = link.ask("test", None, source, seed, seconds=self._limits.cell_seconds)
            except StudentGone:
                raise
            except (Exception, SystemExit) as error:  # it was interrupted, or changed what runs cells
                return "", (type(error).__name__,), (str(error),), 0, False, None
        self._ran.append((cell, source))
        return claim

    @contextlib.contextmanager
    def link(self) -> Iterator[Link]:
        """Let the process answer the judge until the end of the block.

        Raises:
            StudentGone: there is none any more.
        """
        self._revive()
        try:
            yield self._link
        finally:
            with contextlib.suppress(Exception, SystemExit):
                if not self._link.closed:
                    self._link.ask("forget", None)

    def _start(self) -> None:
        self._lives -= 1
        self._process = self._spawner.start()
        self._watchdog = Watchdog(self._process.pid, self._limits, kill=self._process.stop)
        self._watchdog.start()
        self._link = Link(
            self._process.data,
            self._process.interrupt,
            self._limits.output,
            seconds=self._limits.call_seconds,
            patience=_PATIENCE,
            explain=self._why,
            seeded=True,
        )
        with contextlib.suppress(StudentGone):
            self._link.share_randomness()

    def _stop(self) -> None:
        if self._process:
            self._watchdog.stop()
            self._process.stop()
            self._process.close()
            self._process = None

    def _revive(self) -> None:
        """See that there is a process that has run all earlier cells."""
        while self._link.closed:
            if not self._lives or time.monotonic() > self._end:
                raise StudentGone("spent", f"{_LIVES - self._lives} times")
            self._stop()
            self._start()
            again, self._ran = self._ran, []
            for cell, source in again:
                with contextlib.suppress(StudentGone):
                    self._run(cell, source)
                if self._link.closed:
                    self._ran = [entry for entry in again if entry[0] != cell]
                    break

    def _run(self, cell: str, source: str) -> None:
        try:
            # As bytes it may be longer than a text.
            code = np.frombuffer(source.encode("utf-8", "surrogatepass"), np.uint8)
            said = self._link.ask("run", None, code, seconds=self._limits.cell_seconds)
        except StudentGone:
            raise
        except (Exception, SystemExit) as error:  # it changed what runs cells
            said = f"{type(error).__name__}: {error}"
        self._ran.append((cell, source))
        if isinstance(said, str) and said:
            self.errors.append((cell, said))

    def _why(self, kind: Gone) -> str:
        """Put into words why the process is gone, and see that it is."""
        if self._process is None:
            return ""
        self._process.stop()
        ending = self._process.ended(_PATIENCE)
        reason = f"it used {self._watchdog.reason}" if self._watchdog.reason else ""
        if ending and ending.flooded:
            reason = reason or "it printed too much"
        elif ending and kind == "ended":  # not from here
            reason = reason or _ending(ending.code)
        self._stop()
        return reason


def _ending(code: int) -> str:
    names = {-signal.SIGSEGV: "it crashed (segmentation fault)", -signal.SIGABRT: "it crashed (aborted)"}
    names |= {-signal.SIGXCPU: "it used too much processor time", -signal.SIGFPE: "it crashed (arithmetic)"}
    names |= {-signal.SIGBUS: "it crashed (bus error)", -signal.SIGILL: "it crashed (illegal instruction)"}
    return names.get(code, f"it was killed by signal {-code}" if code < 0 else "it ended by itself")
