"""A grader that grades at once, for tests of everything around grading: same submission, same report."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cnncourse.errors import CourseError
from cnncourse.grading.job import Job
from cnncourse.grading.report import CellReport, Report


@dataclass(frozen=True)
class StubAssignment:
    name: str = "02_convolution"
    version: str = "1"


@dataclass(frozen=True)
class StubSubmission:
    """A student, and words that say what grading them comes to."""

    student: str
    text: str = ""

    def raw(self) -> bytes:
        if self.text == "unreadable":
            raise PermissionError(13, "Permission denied")
        return f"{self.student}: {self.text}".encode()


@dataclass(frozen=True)
class StubGrade:
    """Grades; writes down each student that it has graded, from whatever process.

    Args:
        log: where it writes them.
        seconds: how long it takes.
        tests: the test cells and their points; which ones pass comes from the seed.
    """

    log: Path
    seconds: float = 0.0
    tests: tuple[tuple[str, float], ...] = (("conv2d-value", 2.0), ("conv2d-shape", 1.0))

    def __call__(self, job: Job, raw: bytes, *, student: str) -> Report:
        text = raw.decode().partition(": ")[2]
        self.write(f"begin {student}")
        time.sleep(self.seconds)
        match text:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "bug":
                raise ZeroDivisionError("division by zero")
            case "exit":
                raise SystemExit
            case "no sandbox":
                raise CourseError("bubblewrap is not installed")
            case "interrupt":
                raise KeyboardInterrupt
        self.write(f"end {student}")
        seed = job.seed(raw)
        cells = tuple(self.cells(seed))
        about = {"student": student, "assignment": job.assignment.name, "key": ""}
        return Report(**about, state="graded", cells=cells, seed=seed)

    def cells(self, seed: int) -> Iterator[CellReport]:
        for place, (name, points) in enumerate(self.tests):
            if seed >> place & 1:
                yield CellReport(cell=name, points=points, max_points=points, state="passed", output="✓")
            else:
                yield CellReport(cell=name, points=0, max_points=points, state="failed", reason="expected 3")

    def write(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{line}\n")

    def times(self, word: str) -> list[str]:
        """Whom it has begun or ended to grade, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.removeprefix(f"{word} ") for line in lines if line.startswith(word)]


def crowd(count: int, **texts: str) -> list[StubSubmission]:
    """A class of students s000, s001 … of whom some hand in something special."""
    return [StubSubmission(f"s{n:03}", texts.get(f"s{n:03}", "")) for n in range(count)]
