"""The students' versions of all assignments, by nbgrader's generate_assignment: always the same bytes."""

import contextlib
import io
import logging
import tempfile
from pathlib import Path
from typing import Any


def assignments(root: Path) -> list[str]:
    """Name the assignments: the folders below solutions/ that hold a notebook of the same name."""
    return sorted(path.stem for path in root.glob("solutions/*/*.ipynb") if path.stem == path.parent.name)


def generate(root: Path, target: Path) -> None:
    """Write the students' version of every assignment below ``target``.

    The gradebook that nbgrader wants is a temporary one: an instructor's is never touched.

    Args:
        root: the course, with nbgrader_config.py and solutions/.
        target: an empty folder.

    Raises:
        RuntimeError: nbgrader refuses an assignment; the message holds what it logged.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config.loader import PyFileConfigLoader

    logging.getLogger("traitlets").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        config: Any = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        config.CourseDirectory.release_directory = str(target)
        config.CourseDirectory.db_url = f"sqlite:///{folder}/gradebook.db"
        api: Any = NbGraderAPI(config=config)
        for name in assignments(root):
            with contextlib.redirect_stderr(io.StringIO()):
                result = api.generate_assignment(name)
            if not result["success"]:
                raise RuntimeError(f"nbgrader generate_assignment {name} failed:\n{result['log']}")


def stale(root: Path, fresh: Path) -> list[str]:
    """Compare exercises/ with a fresh generation.

    Args:
        root: the course.
        fresh: what ``generate`` has just written.

    Returns:
        The files that are missing, changed, or left over, relative to exercises/.
    """
    kept = root / "exercises"
    names = {p.relative_to(fresh) for p in fresh.rglob("*") if p.is_file()}
    names |= {
        p.relative_to(kept) for p in kept.glob("*/**/*") if p.is_file() and not _hidden(p.relative_to(kept))
    }
    return sorted(str(name) for name in names if _bytes(fresh / name) != _bytes(kept / name))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
