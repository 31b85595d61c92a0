"""One run at a time: a second one would grade the same submissions, and both would write the gradebook."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from cnncourse.errors import CourseError


class LockedError(CourseError):
    """Another run holds the lock."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: a process, its machine, and since when."""

    pid: int
    host: str
    since: str


@contextlib.contextmanager
def hold(path: Path) -> Iterator[Holder | None]:
    """Hold the lock on a folder's work until the end of the block, whatever ends it.

    The system lets go of a lock when the process that holds it ends, so that a killed run leaves only its
    name in the file: that lock is stale, and is taken over. Between machines that share a folder the system
    may not see the other one's lock. A name from another machine is therefore believed until a person deletes
    the file.

    Args:
        path: the lock's file; made if it is not there, and never deleted, for another run may be opening it.

    Yields:
        Whose stale lock was taken over; None if the last run ended well.

    Raises:
        LockedError: another run holds it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, hold(Path(folder, "run.lock")) as stale:
        ...     stale is None
        True
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(_refusal(path, _read(file))) from None
        except OSError as error:
            raise LockedError(
                f"{path} cannot be locked ({error.strerror}): use a folder of this machine"
            ) from None
        before = _read(file)
        if before and before.host != socket.gethostname():
            raise LockedError(_refusal(path, before) + f"; if that run is no more, delete {path}")
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        _write(file.fileno(), json.dumps(asdict(Holder(os.getpid(), socket.gethostname(), since))))
        try:
            yield before
        finally:
            _write(file.fileno(), "")


def _read(file: TextIO) -> Holder | None:
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):  # empty, or being written
        return None


def _write(file: int, text: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)
    os.fsync(file)


def _refusal(path: Path, holder: Holder | None) -> str:
    who = f"process {holder.pid} on {holder.host}, since {holder.since}" if holder else "another process"
    return f"a run is under way ({who}; its lock is {path}): wait for its end, or end it and start again"
