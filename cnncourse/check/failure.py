"""A check that did not pass: its parts, and the message that they make."""

from collections.abc import Iterable
from typing import Literal

from cnncourse.errors import CourseError, lay_out

Stage = Literal["error", "type", "shape", "dtype", "value"]


class LearnerError(CourseError):
    """An error whose message is for the learner as it stands: a test cell shows it without a word before."""


class CheckFailed(CourseError, AssertionError):  # noqa: N818 - it says what is wrong with an answer
    """A check did not pass. In Jupyter only the message shows, without a traceback.

    Args:
        lines: what the learner reads.
        stage: how far the answer came: it raised an ``error``, or has the wrong ``type``, ``shape``,
            ``dtype`` or ``value``.
        hint: the key of the hint that fits, or None.
        pointer: the line that says where help is; empty if nowhere.
        cause: the error that it tells of in the error's own words, if there is one.

    Attributes:
        title: the test cell's name and points; empty until the cell gives it.

    Example:
        >>> print(CheckFailed(["expected 3, got 4"], hint="count-windows"))
        expected 3, got 4
    """

    def __init__(
        self,
        lines: Iterable[str],
        *,
        stage: Stage = "value",
        hint: str | None = None,
        pointer: str = "",
        cause: LearnerError | None = None,
    ) -> None:
        self.lines = tuple("\n".join(lines).splitlines())
        self.stage = stage
        self.hint = hint
        self.pointer = pointer
        self.cause = cause
        self.title = ""
        super().__init__(self.lines)

    @property
    def message(self) -> str:
        """Everything that the learner reads."""
        return lay_out(self.title, self.lines, self.pointer)

    def __str__(self) -> str:
        return self.message

    def _render_traceback_(self) -> list[str]:
        """Give IPython the lines to show in place of a traceback."""
        return self.message.splitlines()
