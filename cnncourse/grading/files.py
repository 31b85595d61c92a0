"""Files that a killed run leaves whole: the old one or the new one, never half of one."""

import os
import tempfile
from pathlib import Path


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
