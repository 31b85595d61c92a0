"""Normalise, check and execute the stored notebooks.

``python -m tools.notebooks normalise book solutions`` rewrites them in their one stored form and lists what a
person must put right; with ``--check`` it changes nothing and fails if anything would change.
``execute`` runs them first.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from cnncourse.authoring.clean import clean, kind_of, text_of
from cnncourse.authoring.rules import problems

ROOT = Path(__file__).resolve().parents[1]
CELL_TIMEOUT = 900
BUDGET = 60  # seconds a notebook on two cores


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """List notebooks: files as they are, folders with everything below them but hidden and built folders.

    Raises:
        SystemExit: a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise SystemExit(f"{path}: no such file or folder")
        if path.is_file():
            yield path
            continue
        for found in sorted(path.rglob("*.ipynb")):
            if not any(part.startswith((".", "_")) for part in found.relative_to(path).parts):
                yield found


def read(path: Path) -> NotebookNode:
    """Read a notebook in format 4."""
    reads: Any = nbformat.reads  # nbformat's functions carry no types
    notebook: NotebookNode = reads(path.read_text(encoding="utf-8"), as_version=4)
    return notebook


def normalised(path: Path) -> tuple[str, list[str]]:
    """Read a notebook and give back its stored form and its problems.

    Args:
        path: the notebook; the folders it lies in say whether it is a chapter, a solution or an exercise.

    Returns:
        The text of the file as it should be, and one line for each thing that a person must put right.
    """
    try:
        notebook = read(path)
    except (ValueError, nbformat.ValidationError) as error:
        return "", [f"is no notebook: {str(error).splitlines()[0]}"]
    kind = kind_of(path)
    notebook = clean(notebook, kind)
    return text_of(notebook), problems(notebook, kind)


def normalise(paths: Iterable[Path], *, check: bool = False) -> int:
    """Normalise notebooks in place, or only say what would change.

    Args:
        paths: notebooks and folders.
        check: change nothing; a notebook that would change counts as a problem.

    Returns:
        The number of problems, which are printed.
    """
    count = 0
    for path in find(paths):
        text, found = normalised(path)
        if text and text != path.read_text(encoding="utf-8"):
            if check:
                found.insert(0, "is not normalised — run: python -m tools.notebooks normalise " + str(path))
            else:
                path.write_text(text, encoding="utf-8")
        for problem in found:
            print(f"{path}: {problem}")
        count += len(found)
    return count


def execute_one(path: Path) -> tuple[float, str]:
    """Run a notebook in its own folder, with a fresh kernel, and store it with its outputs.

    Args:
        path: the notebook; it stays as it was when a cell fails.

    Returns:
        Seconds, and what went wrong, or an empty text.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    notebook = read(path)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        # Sockets in a folder of their own: kernels started at once have collided on a TCP port.
        sockets = {"transport": "ipc", "ip": f"{folder}/kernel"}
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": str(path.parent)}},
            record_timing=False,
            store_widget_state=False,
            config=Config({"KernelManager": sockets}),
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return time.monotonic() - start, str(error)
    seconds = time.monotonic() - start
    path.write_text(text_of(clean(notebook, kind_of(path))), encoding="utf-8")
    return seconds, ""


def execute(paths: Iterable[Path], *, jobs: int = 1) -> int:
    """Run notebooks, print the seconds each took, and normalise them.

    Args:
        paths: notebooks and folders.
        jobs: how many to run at once.

    Returns:
        The number of notebooks that failed and of problems in the others.
    """
    os.environ.setdefault("CNNCOURSE_SCALE", "smoke")
    os.environ.setdefault("PYTHONHASHSEED", "0")
    if jobs > 1:  # kernels that each take all cores spend their time waiting for one another
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = list(find(paths))
    failed = 0
    with ProcessPoolExecutor(jobs) as pool:
        for path, (seconds, error) in zip(chosen, pool.map(execute_one, chosen), strict=True):
            slow = f" — more than the {BUDGET} s it may take" if seconds > BUDGET else ""
            print(f"{path}: {'failed after' if error else 'ran in'} {seconds:.1f} s{slow}", flush=True)
            if error:
                print(error)
                failed += 1
            else:
                failed += normalise([path])
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("normalise", "execute"):
        command = commands.add_parser(name)
        command.add_argument("paths", nargs="+", type=Path)
        if name == "normalise":
            command.add_argument("--check", action="store_true", help="change nothing, fail if it would")
        else:
            command.add_argument("-j", "--jobs", type=int, default=1, help="notebooks at once")
    options = parser.parse_args(arguments)
    if options.command == "execute":
        return int(execute(options.paths, jobs=options.jobs) > 0)
    return int(normalise(options.paths, check=options.check) > 0)


if __name__ == "__main__":
    sys.exit(main())
