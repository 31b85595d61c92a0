"""What the student's code prints while a test calls it: it goes its way, and its beginning to the judge."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

LONGEST = 20_000


class _Copy(io.TextIOBase):
    """Writes on to where it would have gone, and keeps the beginning."""

    def __init__(self, onward: Any) -> None:
        self._onward = onward
        self._parts: list[str] = []
        self._room = LONGEST

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._room > 0:
            self._parts.append(text[: self._room])
            self._room -= len(text)
        if self._onward is not None:
            self._onward.write(text)
        return len(text)

    def flush(self) -> None:
        if self._onward is not None:
            self._onward.flush()

    def text(self) -> str:
        return "".join(self._parts)


@contextlib.contextmanager
def copied() -> Iterator[_Copy]:
    r"""Copy what is printed in the block; ``text()`` gives it, cut off where it is long.

    Example:
        >>> with contextlib.redirect_stdout(io.StringIO()), copied() as said:
        ...     print("hello")
        >>> said.text()
        'hello\n'
    """
    copy = _Copy(sys.stdout)
    with contextlib.redirect_stdout(copy):
        yield copy
