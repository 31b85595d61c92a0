"""Download the files of a set: several mirrors, resumed where they broke off, checked, whole or not at all.

A file grows under the name ``….part`` and takes its own name when its checksum is right. What a broken
connection left is continued by the next try, from whichever mirror.
"""

import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cnncourse.data.formats.checksums import checksum
from cnncourse.data.registry import Entry, RemoteFile
from cnncourse.data.sources import downloads_folder
from cnncourse.errors import DataError

PATIENCE = 5.0
"""Seconds to wait for a mirror to answer, or to go on."""
_BLOCK = 1 << 18
_given_up: dict[str, DataError] = {}  # set, or "any" → why this process no longer tries to download it


class NoNetworkError(DataError):
    """None of the mirrors answered, or none may be asked; ``reason`` says so in a few words."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def get(entry: Entry, *, progress: bool = True) -> Path:
    """Download the files of a set that are not in the cache folder yet.

    A failure is remembered: the same process does not wait for the network twice, and does not take the
    training images from one source and the test images from another.

    Args:
        entry: the set.
        progress: show a bar for each file on standard error.

    Returns:
        The folder with the files.

    Raises:
        NoNetworkError: no mirror answered, or ``CNNCOURSE_OFFLINE`` forbids to ask.
        DataError: the folder cannot be written, or the mirrors do not have the right file.

    Example:
        >>> from cnncourse.data.registry import entry
        >>> get(entry("shapes10"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.DataError: shapes10: expected a set with files to download...
    """
    if not entry.remote:
        raise DataError(
            f"{entry.name}: expected a set with files to download, got one that the course draws — just "
            "load it"
        )
    folder = downloads_folder(entry)
    missing = [file for file in entry.remote if not (folder / file.name).is_file()]
    if missing and os.environ.get("CNNCOURSE_OFFLINE", "0") not in ("", "0"):
        raise NoNetworkError(
            f"{entry.title}: expected to download it, but CNNCOURSE_OFFLINE is set — unset it, or set "
            "CNNCOURSE_DATA to a folder that holds the set",
            "not found, and CNNCOURSE_OFFLINE is set",
        )
    for name in ("any", entry.name):
        if missing and name in _given_up:
            raise _given_up[name]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            for file in missing:
                fetch(file, folder, progress=progress)
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder to download to, got: {error.strerror or error} — make room or set "
            "CNNCOURSE_CACHE to a folder that you can write to"
        ) from None
    except DataError as error:
        _given_up["any" if isinstance(error, NoNetworkError) else entry.name] = error
        raise
    finally:
        with suppress(OSError):
            folder.rmdir()  # only an empty folder goes
    return folder


def fetch(file: RemoteFile, folder: Path, *, progress: bool = True) -> None:
    """Download one file, from the first mirror that has it.

    Every mirror is asked twice, so that a connection that breaks is taken up again.

    Args:
        file: what to download, and its checksum.
        folder: where to; it exists.
        progress: show a bar on standard error.

    Raises:
        NoNetworkError: no mirror answered.
        DataError: the mirrors answered, but none gave the right file.
        OSError: the folder cannot be written.
    """
    target, part = folder / file.name, folder / f"{file.name}.part"
    if target.is_file():
        return
    problems: list[str] = []
    answered = False
    deadline = time.monotonic() + 2 * PATIENCE
    for url in file.urls() * 2:
        if not answered and time.monotonic() > deadline:
            break
        try:
            if _length(part) < file.size:
                with _open(url, _length(part)) as response:
                    _receive(response, part, file, progress)
            _finish(part, target, file)
            return
        except _NoAnswerError:
            continue
        except DataError as error:
            answered = True
            problems.append(f"{url}: {error}")
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
    if not answered:
        raise NoNetworkError(
            f"{file.name}: expected an answer from {len(file.mirrors)} mirrors, got none — check the "
            "network, or set CNNCOURSE_DATA to a folder that holds the set",
            "not found and no network",
        )
    raise DataError(
        f"{file.name}: expected the file from one of {len(file.mirrors)} mirrors, got {problems[-1]} — try "
        "again later, or set CNNCOURSE_DATA to a folder that holds the set"
    )


class _NoAnswerError(Exception):
    """A mirror could not be reached."""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time download to a folder, where the system has file locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _length(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _open(url: str, start: int) -> HTTPResponse:
    """Ask for a file from byte ``start`` on; give up after PATIENCE, even if the name look-up hangs."""
    answers: queue.Queue[HTTPResponse | Exception] = queue.Queue()
    request = Request(
        url, headers={"User-Agent": "cnncourse", **({"Range": f"bytes={start}-"} if start else {})}
    )

    def ask() -> None:
        try:
            answers.put(cast(HTTPResponse, urlopen(request, timeout=PATIENCE)))
        except Exception as error:  # handed to the thread that waits
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=PATIENCE)
    except queue.Empty:
        raise _NoAnswerError from None
    if isinstance(answer, HTTPError):
        answer.close()
        raise DataError(f"the answer {answer.code} {answer.reason}")
    if isinstance(answer, Exception):
        raise _NoAnswerError from answer
    return answer


def _receive(response: HTTPResponse, part: Path, file: RemoteFile, progress: bool) -> None:
    """Append what comes to the part; start again where the mirror does not continue at the right byte."""
    start = _length(part)
    told = response.headers.get("Content-Range", "")
    goes_on = response.status == 206 and told == f"bytes {start}-{file.size - 1}/{file.size}"
    length = response.headers.get("Content-Length")
    if length != str(file.size - start if goes_on else file.size):
        raise DataError(f"a file of {length or 'unknown'} bytes instead of {file.size}")
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    shown = Progress(*columns, console=console, transient=console.is_terminal, disable=not progress)
    with part.open("ab" if goes_on else "wb") as out, shown as bars:
        bar = bars.add_task(file.name, total=file.size, completed=start if goes_on else 0)
        for block in _blocks(response):
            out.write(block)
            bars.advance(bar, len(block))


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    """What comes, until it ends or the connection breaks."""
    while True:
        try:
            block = response.read1(_BLOCK)  # what is there: a stall then loses nothing
        except (OSError, HTTPException):
            return
        if not block:
            return
        yield block


def _finish(part: Path, target: Path, file: RemoteFile) -> None:
    """Give a complete part its own name; keep a short one for the next try; drop a wrong one."""
    got = _length(part)
    if got < file.size:
        raise DataError(f"only {got:,} of {file.size:,} bytes: the connection broke")
    if checksum(part, file.checksum.partition(":")[0]) != file.checksum:
        part.unlink()
        raise DataError("a file with the wrong checksum")
    part.replace(target)
