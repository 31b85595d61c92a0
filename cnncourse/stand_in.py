"""Which pictures stand in for others in this process, until a figure has said so.

``data.load`` and training mention it; the first figure after that carries the line (``plots.use_style``). So
it stands where a reader looks who has long forgotten what was printed at the load.
"""

_mentioned: dict[str, None] = {}  # in their order


def mention(line: str) -> None:
    """Have the next figure say something; an empty line says nothing.

    Example:
        >>> mention("a sample of MNIST")
        >>> mention("")
        >>> mention("a sample of MNIST")
        >>> take()
        ['a sample of MNIST']
        >>> take()
        []
    """
    if line:
        _mentioned[line] = None


def take() -> list[str]:
    """Return what the next figure has to say, and forget it."""
    lines = list(_mentioned)
    _mentioned.clear()
    return lines
