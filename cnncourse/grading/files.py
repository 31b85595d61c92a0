"""Files that a killed run leaves whole, and the files beside a notebook that a submission may read."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

MAX_FILES = 200
_PRIVATE = (".ipynb", ".db", ".sqlite", ".sqlite3")


def beside_notebook(folder: Path) -> Iterator[Path]:
    """List the pictures and tables beside a notebook: no notebook, database, link or hidden file."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place, name) for name in sorted(names) if not name.startswith(".")):
            if path.is_file() and not path.is_symlink() and path.suffix.lower() not in _PRIVATE:
                yield path


def replace_file(path: Path, data: bytes) -> None:
    """Write a file at once or not at all; one that is the same already keeps its time.

    Example:
        >>> replace_file(Path("grading/feedback/ada/02/02.html"), b"<!doctype html>")  # doctest: +SKIP
    """
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with open(handle, "wb") as file:
        file.write(data)
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
