"""Text for consoles that do not know every character: what they lack is written with others."""

import codecs
import io
import sys

_PLAIN = {
    "✓": "+", "✗": "x", "–": "-", "—": "-", "−": "-", "·": "*", "×": "x", "…": "...", "→": "->", "←": "<-",
    "²": "^2", "³": "^3", "½": "1/2", "±": "+-", "≤": "<=", "≥": ">=", "Δ": "d", "α": "alpha", "µ": "u",
    "“": '"', "”": '"', "„": '"', "’": "'", "█": "#", "━": "-", "│": "|",
}  # fmt: skip
_HANDLER = "cnncourse.plain"


def plain(error: UnicodeError) -> tuple[str, int]:
    """Replace the characters that an encoding lacks, as an error handler of ``str.encode``.

    Example:
        >>> "✓ 3×3 — ok".encode("ascii", "cnncourse.plain")
        b'+ 3x3 - ok'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in lacking), error.end


codecs.register_error(_HANDLER, plain)


def take_everything() -> None:
    """Let standard output and error take every character, in a file on Windows and on old terminals too.

    Python writes to a window of Windows in Unicode, but to a file or a pipe in the system's own code page,
    and ``print("✓")`` ends the program. Streams that take every character stay as they are.

    Example:
        >>> take_everything()
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper) or codecs.lookup(stream.encoding).name.startswith("utf"):
            continue
        if stream.errors in ("strict", "backslashreplace"):
            stream.reconfigure(errors=_HANDLER)
