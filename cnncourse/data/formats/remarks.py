"""What was left out of a tree of images or changed on the way in: gathered, and told in one line."""

import os

_NAMED = 3  # of each kind; the others are counted


class Remarks:
    """Names by what happened to them, in the order in which they came.

    Example:
        >>> remarks = Remarks()
        >>> for name in ("cat/a.txt", "dog/b.txt", "dog/c.txt", "dog/d.txt"):
        ...     remarks.add("no images", name)
        >>> remarks.add("system folder", "@eaDir")
        >>> remarks.line()
        'no images (4: cat/a.txt, dog/b.txt, dog/c.txt, …); system folder (1: @eaDir)'
    """

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def add(self, what: str, name: str) -> None:
        """Note what happened to a file or a folder."""
        self._names.setdefault(what, []).append(printable(name))

    def below(self, folder: str) -> "Remarks":
        """Return those of one folder only."""
        some = Remarks()
        for what, names in self._names.items():
            for name in names:
                if name.startswith(f"{folder}/"):
                    some.add(what, name)
        return some

    def line(self) -> str:
        """Return everything as one line; an empty one where there is nothing to tell."""
        return "; ".join(
            f"{what} ({len(names):,}: {', '.join(names[:_NAMED])}{', …' if len(names) > _NAMED else ''})"
            for what, names in self._names.items()
        )


def printable(name: str) -> str:
    r"""Return a file's name as text that every terminal and encoding can take.

    A name that is not UTF-8, as old archives hold them, keeps its odd bytes in hexadecimal.

    Example:
        >>> printable("caf\udce9.png")
        'caf\\xe9.png'
    """
    return os.fsencode(name).decode(errors="backslashreplace")
