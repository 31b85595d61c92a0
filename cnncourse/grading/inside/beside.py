"""Runs a cell of tests in the student's own process, as nbgrader does, for tests that need the real objects.

What comes back is a claim: the student's code shares this process, and can make it say anything. Which cells
are judged so is the instructor's choice.
"""

import contextlib
import io
import os
from collections.abc import Callable
from types import TracebackType
from typing import Any

from cnncourse.check import CheckFailed, session

_SAID = 2000
_PRINTED = 20_000

Claim = tuple[str, tuple[str, ...], tuple[str, ...], int, bool, float | None]
"""What it printed; the error's classes and lines; the cell's line; whether unanswered; what it gave."""


def tester(shell: Any, run: Callable[[str], Any]) -> Callable[[None, str, int], Claim]:
    """Make the operation that runs a cell of tests and says what came of it.

    Args:
        shell: IPython's, which has run the student's cells.
        run: runs a cell in it, and gives IPython's result.
    """

    def test(target: None, source: str, seed: int) -> Claim:
        os.environ[session.SEED_VARIABLE] = str(seed)
        printed = io.StringIO()
        quiet = _without_tracebacks(shell)
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), quiet:
            result = run(source)
        os.environ.pop(session.SEED_VARIABLE, None)
        error = result.error_before_exec or result.error_in_exec
        given = None if error or type(result.result) not in (int, float) else float(result.result)
        return printed.getvalue()[:_PRINTED], *_told(error, shell.user_ns), given

    return test


@contextlib.contextmanager
def _without_tracebacks(shell: Any) -> Any:
    """Keep IPython from printing tracebacks among what the test prints."""
    shell._showtraceback = lambda *about: None
    try:
        yield
    finally:
        del shell._showtraceback


def _told(
    error: BaseException | None, names: dict[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...], int, bool]:
    if error is None:
        return (), (), 0, False
    kinds = tuple(kind.__name__ for kind in type(error).__mro__)
    lines = error.lines if isinstance(error, CheckFailed) else tuple(str(error)[:_SAID].splitlines())
    line = (
        getattr(error, "lineno", None)
        if isinstance(error, SyntaxError)
        else _line(error.__traceback__, names)
    )
    return kinds, lines, line or 0, session.unfinished(error)


def _line(trace: TracebackType | None, names: dict[str, Any]) -> int:
    """Find the line of the cell in which it stopped."""
    while trace:
        if trace.tb_frame.f_globals is names and trace.tb_frame.f_code.co_name == "<module>":
            return trace.tb_lineno
        trace = trace.tb_next
    return 0
