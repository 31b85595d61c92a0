"""``make demo-class``: forty made-up students hand in exercise 02, and the class is graded before your eyes.

Most answers come from the exercise's bank of right and wrong ones, some are damaged by accident, some attack
the grader, and some files are no notebooks. The class lies in a folder of its own, which stays for a look.
"""

import argparse
import copy
import json
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from cnncourse.grading.cells import role
from tests.exercises.bank import Entry
from tests.exercises.course import Exercise, exercises

ROOT = Path(__file__).resolve().parents[1]
NAME = "02_convolution"
STUDENTS = 40
_NAMES = """
ada alan barbara claude dana donald edsger emmy ernst evelyn frances fei fran geoff grace hedy ian ivan jean
joan john judea julia kathleen kunihiko lisa lotfi margaret mary maryam niels noam olga peter radia rosalind
sofia susan tim yann
"""
_WORDS = (
    "Two 3×3 layers see the same 5×5 pixels, and have 18C² weights instead of 25C². But there is a "
    "non-linearity between them, so they are not the same function.",
    "It is the same, because 3 + 3 − 1 = 5.",
    "The receptive field is the same. From 3 channels to 64, one 5×5 layer has 4,800 weights, two 3×3 layers "
    "have 38,592: so fewer parameters is not always true.",
    "I think the quote is right. I could not find an example.",
)
Content = dict[str, Any]
Change = Callable[[Content], object]


def cell(content: Content, name: str) -> Content:
    """Find a cell by its id."""
    found: Content = next(one for one in content["cells"] if one["id"] == name)
    return found


def _attack(name: str, source: str) -> Change:
    return lambda content: cell(content, name).update(source=source)


def _prepend(source: str) -> Change:
    def change(content: Content) -> None:
        first = cell(content, "conv2d-answer")
        first["source"] = f"{source}\n\n{first['source']}"

    return change


def _strip_marks(content: Content) -> None:
    for one in content["cells"]:
        one["metadata"] = {}


def _colab(content: Content) -> None:
    for one in content["cells"]:
        one["metadata"] = {"id": one.pop("id")}
    content["nbformat_minor"] = 0


def _rename_kernel(content: Content) -> None:
    content["metadata"]["kernelspec"] = {"name": "conda-env-dl", "display_name": "dl", "language": "python"}


def _copy_cell(content: Content) -> None:
    place = content["cells"].index(cell(content, "columns-answer"))
    content["cells"].insert(place + 1, copy.deepcopy(content["cells"][place]) | {"id": "a-copy"})


def _move_cell(content: Content) -> None:
    moved = cell(content, "pointwise-value")
    content["cells"].remove(moved)
    content["cells"].insert(2, moved)


DAMAGE: tuple[Change, ...] = (
    _strip_marks,
    _colab,
    _rename_kernel,
    _copy_cell,
    _move_cell,
    lambda content: content["cells"].remove(cell(content, "gradient-value")),
    lambda content: cell(content, "parameters-answer").update(cell_type="markdown"),
)
ATTACKS: tuple[Change, ...] = (
    _attack("gradient-answer", "import os\nos._exit(0)"),
    lambda content: cell(content, "conv2d-plain")["metadata"].update(tags=["skip-execution"]),
    _attack("conv2d-steps", "print('✓ conv2d-steps')\n2"),
    _prepend("import torch\ntorch.equal = torch.allclose = lambda *a, **k: True"),
    _prepend("from cnncourse import check\ncheck.equal = lambda *a, **k: None"),
    _prepend(
        "import socket\nopen('/tmp/gradebook.db', 'w').write('20')\n"
        "socket.create_connection(('1.1.1.1', 80), 1)"
    ),
)
NO_NOTEBOOKS = (b"", b'{"cells": [{"cell_type": "code", "source": ["impo', b"%PDF-1.7 my homework")


def submissions(exercise: Exercise) -> Iterator[tuple[str, bytes]]:
    """Make up what the students hand in: the name of each file as Canvas gives it, and its contents.

    Args:
        exercise: the exercise and its bank.

    Yields:
        Forty files, the same ones each time.
    """
    draw = random.Random(2)
    changes: list[Change | None] = [*DAMAGE, *ATTACKS]
    changes += [None] * (STUDENTS - len(changes) - len(NO_NOTEBOOKS))
    for number, change in enumerate(changes):
        entry = _answers(exercise.entries, draw)
        content = _filled_in(exercise, entry)
        cell(content, "stack-answer")["source"] = draw.choice((*_WORDS, "YOUR ANSWER HERE"))
        if change in ATTACKS:  # an attack is of use to those who have no answer
            cell(content, "conv2d-answer")["source"] = (
                "def conv2d(x, weight, bias=None, stride=1, padding=0):\n    return x"
            )
        if change:
            change(content)
        text = json.dumps(content, ensure_ascii=False)
        if change is DAMAGE[0]:
            text = "\ufeff" + text.replace("\\n", "\\r\\n")
        yield _file_name(number), text.encode()
    for number, raw in enumerate(NO_NOTEBOOKS, len(changes)):
        yield _file_name(number), raw


def _file_name(number: int) -> str:
    again = "-1" if number % 7 == 3 else ""  # Canvas counts what is handed in again
    return f"{_NAMES.split()[number]}_{1000 + number}_{5000 + number}_{NAME}{again}.ipynb"


def _answers(entries: list[Entry], draw: random.Random) -> Entry:
    """Put together what one student answers: two mistakes or fewer, in different tasks."""
    chosen: list[Entry] = [draw.choice([entry for entry in entries if entry.is_right])]
    for entry in draw.sample([entry for entry in entries if not entry.is_right], draw.randint(0, 3)):
        if not any(entry.sources.keys() & other.sources.keys() for other in chosen):
            chosen.append(entry)
    return Entry(
        "+".join(map(str, chosen)), sources={k: v for entry in chosen for k, v in entry.sources.items()}
    )


def _filled_in(exercise: Exercise, entry: Entry) -> Content:
    path = ROOT / "exercises" / NAME / f"{NAME}.ipynb"
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    sources = exercise.sources(entry)
    for one in notebook.cells:
        if role(one) == "solution":
            one.source = sources[one.id]
    content: Content = json.loads(json.dumps(notebook))
    return content


def lay_out(folder: Path) -> Path:
    """Make the class's folder, and the archive that its learning platform would give out.

    Args:
        folder: an empty folder.

    Returns:
        The archive.
    """
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    nothing = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "solutions" / NAME, folder / "solutions" / NAME, ignore=nothing)
    exercise = next(one for one in exercises(ROOT) if one.stem == NAME)
    archive = folder / "submissions.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, raw in submissions(exercise):
            file.writestr(name, raw)
    return archive


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay the class out and grade it with the command that an instructor types."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default="2", help="processes that grade at the same time")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="cnn-class-"))
    archive = lay_out(folder)
    command = ["grade", NAME, "--from", str(archive), "--course", str(folder), "--workers", options.workers]
    print(
        f"{STUDENTS} students have handed in. In {folder}:",
        f"  cnncourse grade {NAME} --from {archive.name}",
        sep="\n",
    )
    return subprocess.run([sys.executable, "-m", "cnncourse", *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
