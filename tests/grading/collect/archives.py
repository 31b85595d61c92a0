"""Archives and folders for the tests, as platforms give them out."""

import zipfile
from pathlib import Path

NAME = "02_convolution"


def zipped(path: Path, files: dict) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def laid_out(root: Path, files: dict) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def students(collected) -> dict[str, str]:
    return {one.student: one.raw().decode() for one in collected.submissions}


def refused(collected) -> dict[str, str]:
    return {one.name: one.reason for one in collected.ignored}
