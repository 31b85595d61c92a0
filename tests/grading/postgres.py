"""A PostgreSQL server for the tests: Debian's, in a temporary folder, gone with the tests."""

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_QUICK = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def _programs() -> Path | None:
    """Where initdb and pg_ctl are: Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    found = [*debian, *([Path(on_path)] if on_path else [])]
    return found[-1].resolve().parent if found else None


def _user() -> str:
    """Who runs the server: it refuses to run as root."""
    return "nobody" if os.getuid() == 0 else getpass.getuser()


@pytest.fixture
def alembic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares each new gradebook the second that nbgrader takes to ask alembic for its own version."""
    monkeypatch.setattr("nbgrader.api.get_alembic_version", lambda: "0")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes a new, empty database each time, and gives its URL."""
    programs = _programs()
    if programs is None:
        missing = "PostgreSQL is not installed — run: make system-deps"
        if os.environ.get("CI") and sys.platform == "linux":
            pytest.fail(missing)
        pytest.skip(missing)
    user = _user()
    own = {"user": user, "group": "nogroup", "extra_groups": []} if user == "nobody" else {}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # not pytest's own: a socket's path must be short
    if own:
        shutil.chown(folder, user)

    def call(program: str, *words: str) -> None:
        done = subprocess.run(
            [programs / program, *words],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            **own,
        )
        assert done.returncode == 0, done.stdout or (folder / "log").read_text()

    data, made = str(folder / "data"), []
    try:
        call("initdb", "--no-sync", "--auth=trust", "--username=tests", "--encoding=UTF8", f"--pgdata={data}")
        call("pg_ctl", "-w", "-D", data, "-l", str(folder / "log"), "-o", f"{_QUICK} -k {folder}", "start")

        def create() -> str:
            made.append(f"gradebook{len(made)}")
            call("createdb", "--host", str(folder), "--username", "tests", made[-1])
            return f"postgresql+psycopg://tests@/{made[-1]}?host={folder}"

        yield create
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
