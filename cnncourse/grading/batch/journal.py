"""The journal of a run: each verdict is on the disk before anything else is done with it.

One line of JSON for each verdict, appended and flushed to the disk, with a checksum before it. A process that
is killed leaves at most one torn line, at the end, which is cut off when the journal is opened again. Not
SQLite: its write-ahead log needs shared memory, which the network folders of a cluster do not give, and one
writer that only appends needs none of it.
"""

import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cnncourse.errors import ArgumentError
from cnncourse.grading.report import Report


@dataclass(frozen=True)
class _Line:
    """One entry: a verdict, or that the one before it is forgotten."""

    key: str
    report: Report | None

    def to_bytes(self) -> bytes:
        said = self.report.to_json() if self.report else json.dumps({"forget": self.key})
        data = said.encode()
        return b"%08x %s\n" % (zlib.crc32(data), data)

    @classmethod
    def from_bytes(cls, line: bytes) -> Self | None:
        checksum, _, data = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(data):
            return None
        fields = json.loads(data)
        if "forget" in fields:
            return cls(fields["forget"], None)
        report = Report.from_json(data.decode())
        return cls(report.key, report)


class Journal:
    """The verdicts of all runs on an assignment; a context manager.

    Only one process may have a journal open: hold the lock of ``cnncourse.grading.batch.lock`` around it.

    Args:
        path: its file; made if it is not there.

    Attributes:
        damaged: lines that could not be read when it was opened: a torn last one, or a disk's errors. What
            they said is graded anew.

    Raises:
        ArgumentError: the file is no journal.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, Journal(Path(folder, "journal.jsonl")) as journal:
        ...     journal.record(Report(student="ada", assignment="02_convolution", key="k1", state="graded"))
        ...     journal.get("k1").student, journal.get("k2")
        ('ada', None)
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reports: dict[str, Report] = {}
        self.damaged = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._load()
        except BaseException:
            self.close()
            raise
        _flush_folder(path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; all that was recorded is on the disk already."""
        os.close(self._file)

    def _load(self) -> None:
        good, lines = 0, 0
        with open(self._path, "rb") as file:
            for data in file:
                lines += 1
                line = _Line.from_bytes(data)
                if line:
                    self._keep(line)
                else:
                    self.damaged += 1
                good = file.tell() if line or data.endswith(b"\n") else good
        if self.damaged and self.damaged == lines and good:
            raise ArgumentError(f"expected a journal in {self._path}, got another file: move it away")
        os.ftruncate(self._file, good)  # a torn last line: it was being written when the run was killed

    def _keep(self, line: _Line) -> None:
        self._reports.pop(line.key, None)  # the latest last
        if line.report:
            self._reports[line.key] = line.report

    def get(self, key: str) -> Report | None:
        """Give the verdict on a submission, if there is one."""
        return self._reports.get(key)

    def record(self, report: Report) -> None:
        """Write a verdict: when this returns, it outlives the process and a loss of power.

        Raises:
            ArgumentError: there is a verdict for its key; ``forget`` that first.
        """
        if report.key in self._reports:
            raise ArgumentError(f"expected one verdict for each key, got a second one for {report.student}")
        self._append([_Line(report.key, report)])

    def forget(self, keys: Iterable[str]) -> None:
        """Take verdicts back, so that the next run grades these submissions anew."""
        self._append([_Line(key, None) for key in dict.fromkeys(keys) if key in self._reports])

    def forget_earlier(self) -> int:
        """Take back the verdicts of a version that did not write down whether a sandbox was used.

        Returns:
            How many there were.
        """
        earlier = [key for key, report in self._reports.items() if report.sandboxed is None]
        self.forget(earlier)
        return len(earlier)

    def _append(self, lines: list[_Line]) -> None:
        data = memoryview(b"".join(line.to_bytes() for line in lines))
        size = os.fstat(self._file).st_size
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError:  # the disk is full, say: what comes later must not be glued to half a line
            os.ftruncate(self._file, size)
            raise
        for line in lines:
            self._keep(line)


def _flush_folder(folder: Path) -> None:
    """Put the folder's entry for a new file on the disk, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
