"""A copy of the gradebook before each run, so that a mistake costs one run and never a term."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from cnncourse.errors import CourseError

_NAME = re.compile(r"gradebook-\d{8}T\d{6}\.\d{6}Z\.(?:db|dump)")


class BackupError(CourseError):
    """The gradebook could not be copied: a run must not begin."""


@dataclass(frozen=True)
class Backup:
    """What came of it.

    Attributes:
        path: the copy; None if there is none.
        note: one line for the instructor: where the copy is, or why there is none.
    """

    path: Path | None
    note: str


def backup(url: str, folder: Path, *, keep: int = 10) -> Backup:
    """Copy the gradebook and keep the latest copies.

    SQLite is copied with its own interface, which is right while others read and write. PostgreSQL is copied
    by ``pg_dump``; put the copy back with ``pg_restore --clean --dbname=URL FILE``.

    Args:
        url: the gradebook's, as SQLAlchemy writes it, such as ``sqlite:////home/ada/grading/gradebook.db``.
        folder: where the copies are; made if it is not there.
        keep: how many copies stay; the oldest ones go.

    Raises:
        BackupError: the copy failed.

    Example:
        >>> backup("sqlite:////nonexistent/gradebook.db", Path("backups")).note
        'no gradebook yet: nothing to back up'
    """
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    kind, name = parsed.get_backend_name(), f"gradebook-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    if kind == "sqlite":
        source = Path(parsed.database or "")
        if not source.is_file():
            return Backup(None, "no gradebook yet: nothing to back up")
        made = _keep(folder, f"{name}.db", keep, lambda copy: _sqlite(source, copy))
    elif kind == "postgresql" and (program := shutil.which("pg_dump")):
        address = parsed.set(drivername="postgresql", password=None).render_as_string()
        password = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
        made = _keep(folder, f"{name}.dump", keep, lambda copy: _dump([program, address], password, copy))
    else:
        missing = "pg_dump is not installed" if kind == "postgresql" else f"{kind} is not known here"
        return Backup(None, f"the gradebook was not backed up: {missing}; see to it that its server is")
    return Backup(made, f"the gradebook as it was is in {made}")


def _keep(folder: Path, name: str, keep: int, copy: Callable[[Path], None]) -> Path:
    """Make a copy that is there in full or not at all, and let the oldest ones go."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, half = folder / name, folder / f".{name}.{os.getpid()}"
    try:
        half.touch(mode=0o600)
        copy(half)
        half.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"the gradebook could not be copied to {folder}: {error}") from None
    finally:
        half.unlink(missing_ok=True)
    copies = sorted(file for file in folder.iterdir() if _NAME.fullmatch(file.name))
    for old in copies[: max(0, len(copies) - keep)]:
        old.unlink(missing_ok=True)
    return path


def _sqlite(source: Path, path: Path) -> None:
    # Not mode=ro: where a killed run left half a change behind, SQLite has to undo it first.
    with (
        closing(sqlite3.connect(f"file:{quote(str(source))}?mode=rw", uri=True)) as gradebook,
        closing(sqlite3.connect(path)) as copy,
    ):
        gradebook.backup(copy)


def _dump(command: list[str], password: dict[str, str], path: Path) -> None:
    words = [*command, "--format=custom", f"--file={path}"]
    done = subprocess.run(words, env=os.environ | password, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"the gradebook could not be copied: {done.stderr.strip()[-300:]}")
