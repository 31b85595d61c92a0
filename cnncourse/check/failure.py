"""The message of a check that did not pass."""

from typing import Literal

from cnncourse.errors import CourseError

Stage = Literal["error", "type", "shape", "dtype", "value"]


class CheckFailed(CourseError, AssertionError):  # noqa: N818 - it is a verdict, not an accident
    """A check did not pass. In Jupyter only the message shows, without a traceback.

    Args:
        message: everything the learner reads, in lines.
        stage: how far the answer came: it raised an ``error``, or has the wrong ``type``, ``shape``,
            ``dtype`` or ``value``.
        hint: the key of the hint that fits, or None.

    Example:
        >>> CheckFailed("expected 3, got 4", stage="value", hint="count-windows").hint
        'count-windows'
    """

    def __init__(self, message: str, *, stage: Stage = "value", hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.stage = stage
        self.hint = hint
        self.cell: str | None = None

    def _render_traceback_(self) -> list[str]:
        """Give IPython the lines to show in place of a traceback."""
        return self.message.splitlines()

    def belongs_to(self, cell: str, title: str) -> None:
        """Name the test cell: its title goes above the message, which moves in by two spaces."""
        self.cell = cell
        lines = [f"✗ {title}", *("  " + line for line in self.message.splitlines())]
        self.message = "\n".join(lines)
        self.args = (self.message,)
