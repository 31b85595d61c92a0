"""The judge: runs the tests, with stand-ins for what the student defined, and says what each is worth."""

import contextlib
import hashlib
import io
import os
import random
import signal
import threading
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

import numpy as np
import torch
from nbformat import NotebookNode

from cnncourse.check import CheckFailed, handed
from cnncourse.check.failure import LearnerError
from cnncourse.check.session import SEED_VARIABLE, told_line
from cnncourse.grading import cells
from cnncourse.grading.inside.wire import Name
from cnncourse.grading.judge import beside, plan, points, proxy
from cnncourse.grading.judge.plan import Answer, Given, Shared, Step, Test
from cnncourse.grading.judge.proxy import Link, StudentGone
from cnncourse.grading.judge.student import Student
from cnncourse.grading.report import CellReport
from cnncourse.hints import all_hints

_LONGEST = 20_000
_LINE = 300
_UNANSWERED = "Not answered yet: the answer still raises NotImplementedError."


class Judge:
    """Judges one submission.

    Args:
        notebook: the instructor's version, with its hidden tests. It never leaves this process.
        seed: what the inputs of hidden tests are drawn from; keep it to judge alike again.
        cell_seconds: the longest a test cell may take, with all that it asks of the student.
    """

    def __init__(self, notebook: NotebookNode, *, seed: int, cell_seconds: float = 600) -> None:
        self._steps: list[Step] = plan.steps(notebook)
        self._locked = plan.locked(notebook)
        self._seed = seed
        self._seconds = cell_seconds
        self._names = _Names({"__name__": "__main__", "display": print, "get_ipython": lambda: None})

    def judge(self, submission: NotebookNode, student: Student) -> list[CellReport]:
        """Run the student's cells in order, and each test where the student's notebook has it.

        A test cell that the submission lacks is run at the end. What the submission says in a test cell, or
        in a cell that may be read only, does not matter.

        Args:
            submission: the student's notebook.
            student: a fresh kernel.

        Returns:
            What each test cell came to, in the instructor's order.
        """
        tests = {step.cell: step for step in self._steps if isinstance(step, Test)}
        found: dict[str, CellReport] = {}
        with _environment({SEED_VARIABLE: str(self._seed)}):
            for cell in (cell for cell in submission.cells if cell.cell_type == "code"):
                name = cells.grade_id(cell)
                if name not in tests:
                    student.run(cell.get("id", ""), self._locked.get(name, cell.source))
                elif name not in found:
                    found[name] = self._reach(tests[name], student)
            for name in [name for name in tests if name not in found]:
                found[name] = self._reach(tests[name], student)
        return [found[name] for name in tests]

    def _reach(self, test: Test, student: Student) -> CellReport:
        """Run what stands before a test in the instructor's notebook and has not been run, then the test."""
        if test in self._steps:
            place = self._steps.index(test)
            before, self._steps = self._steps[:place], self._steps[place + 1 :]
            for step in before:
                self._prepare(step)
        _reseed(f"{self._seed} {test.cell}")
        try:
            if test.beside:
                return beside.judge(test, student, f"{self._seed} {test.cell}")
            with student.link() as link, self._names.linked(link):
                return self._test(test)
        except StudentGone as problem:
            return _failed(test, "", problem)

    def _prepare(self, step: Step) -> None:
        if isinstance(step, Answer):
            self._names.give_away(step)
        elif isinstance(step, Given):
            self._names.lend(step)
        elif isinstance(step, Shared):
            # A picture that cannot be drawn here, say, takes nothing from the tests.
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                exec(compile(step.body, f"<{step.cell}>", "exec"), self._names)

    def _test(self, test: Test) -> CellReport:
        out, error, given = io.StringIO(), None, None
        handed.forget()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                with _deadline(self._seconds):
                    given = points.run(test, self._names)
            except KeyboardInterrupt:
                raise
            except BaseException as problem:  # pytest.fail and pytest.raises raise what is no Exception
                error = problem
        output = out.getvalue()[:_LONGEST]
        return _failed(test, output, error) if error else points.earned(test, output, given)


def _failed(test: Test, output: str, error: BaseException) -> CellReport:
    """Say why a test gives none of its points."""
    line = points.stopped_at(test, error)
    failed = error if isinstance(error, CheckFailed) else None
    gone = failed.cause if failed else error
    said = "\n".join(failed.lines) if failed else _described(test, error, line)
    lines = said[:_LONGEST].splitlines()
    return CellReport(
        cell=test.cell,
        points=0.0,
        max_points=test.points,
        state="failed",
        reason=_reason(error, lines),
        error=type(error).__name__,
        output=output,
        title=failed.title if failed else "",
        lines=tuple(lines),
        pointer=failed.pointer if failed else "",
        hint=(failed.hint or "") if failed else "",
        gone=gone.kind if isinstance(gone, StudentGone) else "",
        line=line,
    )


def _described(test: Test, error: BaseException, line: int) -> str:
    if isinstance(error, LearnerError):
        return str(error)
    said = "\n".join([str(error), *told_line(error)])
    return points.described(test, type(error).__name__, said, line)


def _reason(error: BaseException, lines: list[str]) -> str:
    """Say in one line why a cell got nothing: what a check says first, or any other error at its end."""
    if isinstance(error, NotImplementedError):
        return _UNANSWERED
    said = [line.strip() for line in lines if line.strip()] or ["A check did not pass."]
    return said[0 if isinstance(error, CheckFailed) else -1][:_LINE]


def _reseed(text: str) -> None:
    """Start the random numbers of a test: its cell alone decides, not the tests before it.

    They go to the student's side as well, see ``Link.share_randomness``: a hash does not tell what it is of,
    and the seed of the hidden inputs has too many bits to be tried out.
    """
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed looks for a GPU, with a stack trace


def make_ready(notebook: NotebookNode) -> None:
    """Do once what every judge of this notebook needs, before it is copied for each."""
    for step in plan.steps(notebook):
        if isinstance(step, Test):
            points.compiled(step)
    all_hints()
    _reseed("")


class _Names(dict[str, Any]):
    """The judge's names. Those that are not here and belong to the student are asked for, each time."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__(names)
        self._callables: set[str] = set()
        self._others: set[str] = set()
        self._given: dict[str, str] = {}
        self._link: Link | None = None

    def give_away(self, answer: Answer) -> None:
        """From here on these names are the student's, whatever the judge or a test called so before."""
        for name in answer.callables | answer.others:
            self.pop(name, None)
            self._given.pop(name, None)
        self._callables = (self._callables | answer.callables) - answer.others
        self._others = (self._others | answer.others) - answer.callables

    def lend(self, given: Given) -> None:
        """From here on this name is the instructor's; what it stands for runs beside the student's code."""
        self.pop(given.name, None)
        self._given[given.name] = given.source

    @contextlib.contextmanager
    def linked(self, link: Link) -> Iterator[None]:
        self._link = link
        try:
            yield
        finally:
            self._link = None

    def __missing__(self, name: str) -> Any:
        if self._link and name in self._given:
            return self._link.ask("define", None, self._given[name], name)
        if self._link and name in self._callables:
            return proxy.remote(self._link, Name(name))
        if self._link and name in self._others:
            return self._link.ask("get", Name(name))
        raise KeyError(name)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({} if value is None else {name: value})


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """End a test that a student's answer made endless. Only the main thread can be ended so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"this took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)  # again, should a test pass over it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
