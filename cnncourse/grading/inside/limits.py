"""How much a submission may use, and the launcher that holds one process to it."""

import json
import os
import resource
import sys
from dataclasses import asdict, dataclass

MEBI = 2**20


@dataclass(frozen=True)
class Limits:
    """What one sandboxed kernel, with everything it starts, may use.

    Attributes:
        cpu_seconds: processor time of all processes together.
        wall_seconds: time from the start of the kernel.
        memory: bytes of memory of all processes together.
        processes: processes and threads are counted alike by the system; this counts processes.
        file_size: bytes of the largest file it may write.
        disk: bytes in each of its folders, which lie in memory.
        output: bytes of one message to the grader; a longer one is cut off together with its connection.
        printed: bytes that it may print in all.
        cell_seconds: time that one cell may take, the student's or a test with all that it asks.
        call_seconds: time that one call from a test may take.

    Example:
        >>> Limits(processes=8).processes
        8
    """

    cpu_seconds: int = 900
    wall_seconds: int = 1800
    memory: int = 4096 * MEBI
    processes: int = 64
    file_size: int = 256 * MEBI
    disk: int = 256 * MEBI
    output: int = 20 * MEBI
    printed: int = 50 * MEBI
    cell_seconds: float = 180
    call_seconds: float = 60

    def to_json(self) -> str:
        """Write the limits as one word for a command line."""
        return json.dumps(asdict(self), separators=(",", ":"))


def apply(limits: Limits) -> None:
    """Hold this process, and each one it starts, to the limits that the system itself enforces.

    They count for each process alone. The watchdog adds them up. ``RLIMIT_NPROC`` counts threads as well, of
    which numerical libraries start many, and does not bind the machine's root.
    """
    for which, amount in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_DATA, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_NPROC, 16 * limits.processes),
        (resource.RLIMIT_NOFILE, 1024),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(which)
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(which, (amount, amount))


def main(arguments: list[str]) -> None:
    """Apply the limits in the first argument, then become the command that follows it."""
    apply(Limits(**json.loads(arguments[0])))
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
