"""A test cell: its points, what went wrong in it, its random inputs, and the points so far."""

import contextlib
import hashlib
import linecache
import os
import random
import sys
import sysconfig
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import torch

from cnncourse.check.failure import CheckFailed, LearnerError
from cnncourse.check.hints import pointer
from cnncourse.errors import ArgumentError

SEED_VARIABLE = "CNNCOURSE_CHECK_SEED"
_LIBRARIES = (str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"))


@dataclass
class _Result:
    points: float
    state: Literal["passed", "failed", "to do"]


@dataclass
class _Draw:
    """The random numbers of one test cell: its name, a seed, and how many generators it gave out."""

    cell: str = ""
    seed: int | None = None
    given: int = 0


_results: dict[str, _Result] = {}
_draw = _Draw()


def _points(points: float) -> str:
    return f"{points:g} point" + ("" if points == 1 else "s")


class cell:  # noqa: N801 - reads as a word: with check.cell(...)
    """Run the checks of one test cell, print ``✓`` or raise one message that names the cell.

    Errors of the learner's code become a message with the learner's own line. Warnings and whatever is
    written to stderr appear as ordinary output, because a grader counts any stderr as a failure.
    ``NotImplementedError``, which an unfinished answer raises, passes through.

    Args:
        name: the cell's name, the same as its grade_id.
        points: what the cell is worth.
        chapter: the chapter to read, as in ``"02"``.
        hint: the key of the hint that helps when the learner's code raises an error.

    Raises:
        CheckFailed: a check did not pass, or the learner's code raised an error.

    Example:
        >>> with cell("two-and-two", points=1):
        ...     assert 2 + 2 == 4
        ✓ two-and-two · 1 point
    """

    def __init__(self, name: str, *, points: float, chapter: str = "", hint: str | None = None) -> None:
        if not name or points < 0:
            raise ArgumentError(f"a test cell needs a name and points ≥ 0, got {name!r} and {points}")
        self.name = name
        self.points = points
        self.chapter = chapter
        self.hint = hint
        self.title = f"{name} · {_points(points)}"

    def __enter__(self) -> None:
        global _draw
        _draw = _Draw(self.name)
        _results[self.name] = _Result(self.points, "to do")
        self._guards = contextlib.ExitStack()
        self._warnings = self._guards.enter_context(warnings.catch_warnings(record=True))
        self._guards.enter_context(contextlib.redirect_stderr(sys.stdout))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._guards.close()
        for message in dict.fromkeys(str(warning.message) for warning in self._warnings or ()):
            print(f"note: your code gives a warning: {message}")
        if error is None:
            _results[self.name].state = "passed"
            print(f"✓ {self.title}")
            return
        if isinstance(error, KeyboardInterrupt) or unfinished(error):
            return
        _results[self.name].state = "failed"
        failure = error if isinstance(error, CheckFailed) else self._explain(error, trace)
        if _draw.seed is not None:
            failure.lines += (f"(inputs drawn with {SEED_VARIABLE}={_draw.seed})",)
        failure.title = self.title
        raise failure.with_traceback(None) from None

    def _explain(self, error: BaseException, trace: TracebackType | None) -> CheckFailed:
        said = str(error).strip()
        cause = error if isinstance(error, LearnerError) else None
        first = f"Your code stopped with {type(error).__name__}" + (f": {said}" if said else "")
        lines = (said if cause else first).splitlines()
        lines = [*lines[:6], "…"] if len(lines) > 7 else lines
        lines += [*students_line(trace), *told_line(error), *_advice(error)]
        chapter = f"→ chapter {self.chapter}" if self.chapter else ""
        where = pointer(self.hint) if self.hint else chapter
        return CheckFailed(lines, stage="error", hint=self.hint, pointer=where, cause=cause)


def unfinished(error: BaseException) -> bool:
    """Tell ``raise NotImplementedError`` of an open answer from the one that torch raises for odd types."""
    if not isinstance(error, NotImplementedError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return not error.args or (bool(frames) and not _in_library(frames[-1].filename))


def _in_library(file: str) -> bool:
    packages = {"site-packages", "dist-packages"} & set(Path(file).parts)
    return bool(packages) or file.startswith(_LIBRARIES) or file.startswith("<frozen")


def students_line(trace: TracebackType | None) -> list[str]:
    """Find the deepest line that the learner wrote: not the test cell's own, not a library's."""
    frames = traceback.extract_tb(trace)
    own = [f for f in frames if f.filename != frames[0].filename and not _in_library(f.filename)]
    if not own:
        return []
    frame = own[-1]
    code = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
    return [f"in {frame.name}, line {frame.lineno}:  {code}"]


def told_line(error: BaseException) -> list[str]:
    """Give the learner's line that an error of another process is of; nothing where it is of this one."""
    return str(getattr(error, "students_line", "")).splitlines()


def _advice(error: BaseException) -> list[str]:
    if isinstance(error, NameError) and error.name:
        return [
            f"Run the cell that defines {error.name} first, and see that it is spelled the same everywhere."
        ]
    if isinstance(error, SystemExit):
        return ["Take exit() out of your answer: `return` ends a function."]
    if isinstance(error, RecursionError):
        return ["A function that calls itself needs a case in which it stops."]
    return []


def generator() -> torch.Generator:
    """Give a fresh random generator, so that a check can draw inputs nobody has seen before.

    The seed comes from ``CNNCOURSE_CHECK_SEED``, or else from the system's entropy; a message of a failed
    check names it. Further calls in the same cell give further streams.

    Returns:
        A generator on the CPU.

    Raises:
        ArgumentError: ``CNNCOURSE_CHECK_SEED`` is no whole number.

    Example:
        >>> torch.rand(2, 2, generator=generator()).shape
        torch.Size([2, 2])
    """
    if _draw.seed is None:
        given = os.environ.get(SEED_VARIABLE, "")
        if given and not given.isdecimal():
            raise ArgumentError(f"{SEED_VARIABLE} expects a whole number such as 7, got {given!r}")
        _draw.seed = int(given) if given else random.SystemRandom().randrange(10**9)
    _draw.given += 1
    # Hashed: whoever sees the numbers cannot go back to the seed, nor on to those of other cells.
    text = f"{_draw.seed} {_draw.cell} {_draw.given}"
    return torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1)


def report() -> None:
    """Print the points so far: one line for each test cell that has run.

    Example:
        >>> _results.clear()  # as in a notebook that has just been opened
        >>> with cell("two-and-two", points=1):
        ...     pass
        ✓ two-and-two · 1 point
        >>> report()
        ✓ two-and-two  1 of 1
        1 of 1 point so far
    """
    marks = {"passed": "✓", "failed": "✗", "to do": "·"}
    width = max((len(name) for name in _results), default=0)
    for name, result in _results.items():
        earned = result.points if result.state == "passed" else 0
        print(f"{marks[result.state]} {name:<{width}}  {earned:g} of {result.points:g}")
    total = sum(result.points for result in _results.values())
    earned = sum(result.points for result in _results.values() if result.state == "passed")
    print(f"{earned:g} of {_points(total)} so far" if _results else "No test cell has run yet.")
