"""Lay out an empty course: nbgrader's configuration, one example, and the commands."""

import string
from pathlib import Path

from cnncourse.errors import DataError
from cnncourse.files import replace_file

_TEMPLATES = Path(__file__).parent / "new_course"
_DOT = {"gitignore": ".gitignore"}


def lay_out(folder: Path) -> tuple[Path, ...]:
    """Write what a course needs into a folder.

    Args:
        folder: made if it is not there; its name is the course's.

    Returns:
        The files that were written.

    Raises:
        DataError: one of them is there already: nothing is written over, and nothing was written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     [path.name for path in lay_out(Path(place, "statistics-1"))]
        ['README.md', '.gitignore', 'nbgrader_config.py', 'hello.ipynb']
    """
    name = folder.resolve().name
    texts = {
        folder / _place(path): _text(path, name) for path in sorted(_TEMPLATES.rglob("*")) if path.is_file()
    }
    there = [path for path in texts if path.exists()]
    if there:
        raise DataError(f"expected a folder without a course, but {there[0]} is there: name another folder")
    for path, text in texts.items():
        replace_file(path, text.encode())
    return tuple(texts)


def _place(path: Path) -> Path:
    place = path.relative_to(_TEMPLATES)
    name = place.name.removesuffix(".template")
    return place.with_name(_DOT.get(name, name))


def _text(path: Path, course: str) -> str:
    text = path.read_text(encoding="utf-8")
    return string.Template(text).substitute(course=course) if path.suffix == ".template" else text
