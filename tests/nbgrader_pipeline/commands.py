"""nbgrader's commands as an instructor types them, without waiting for Python to import nbgrader each time.

Each command gets a process of its own, forked from one that has imported nbgrader, with the folder and the
environment that it is given.
"""

import contextlib
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["nbgrader.apps", "alembic.config", __name__])


def nbgrader(arguments: tuple[str, ...], folder: Path, environment: dict[str, str]) -> tuple[int | None, str]:
    """Run ``nbgrader ARGUMENTS``; its exit status, and all that it wrote."""
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = _FORKS.Process(target=_command, args=(arguments, folder, environment, log.name))
        process.start()
        process.join()
        return process.exitcode, Path(log.name).read_text(encoding="utf-8")


def _command(arguments: tuple[str, ...], folder: Path, environment: dict[str, str], log: str) -> None:
    from nbgrader.apps import NbGraderApp

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(Path(sys.executable).with_name("nbgrader")), *arguments]
    with open(log, "w", encoding="utf-8", buffering=1) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
            NbGraderApp.launch_instance()
