"""The files beside a notebook that a submission may read."""

import os
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
