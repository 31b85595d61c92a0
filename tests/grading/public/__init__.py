"""Assignments as the public has them: nbgrader's example, homework, old formats, odd names, own modules.

``lay_out`` writes a course that knows nothing of this repository, with three students: one is right, one is
wrong here and there, one has done nothing. Of nbgrader's own two, one has handed in half.
"""

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import nbgrader

GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
CONFIG = """c = get_config()
c.CourseDirectory.course_id = "course101"
c.IncludeHeaderFooter.header = "source/header.ipynb"
"""
SALES = {"sales.csv": "shop,day,amount\nnorth,2024-01-01,10\nsouth,2024-01-02,20\nnorth,2024-01-01,20\n"}
TOOLS = {
    "logic_tools.py": """
from itertools import product


def rows_of(count):
    return list(product([False, True], repeat=count))


def assert_table(function, count, wanted):
    assert [bool(function(*row)) for row in rows_of(count)] == wanted
"""
}
ASSIGNMENTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    # the assignment: its notebooks and the files here that they come from; the files beside them
    "hw3": ({"hw3": "tables"}, SALES),
    "Old-One": ({"circle area": "old"}, {}),
    "ps2": ({"truth tables": "logic"}, TOOLS),
    "numerics": ({"numerics": "numerics"}, {}),
    "lab_week2": ({"objects": "objects", "tables": "tables"}, SALES),
}
_REGION = re.compile(r"^([ \t]*)#+ BEGIN SOLUTION\n.*?^[ \t]*#+ END SOLUTION$", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(
    r"^[ \t]*#+ BEGIN HIDDEN TESTS\n.*?^[ \t]*#+ END HIDDEN TESTS\n?", re.MULTILINE | re.DOTALL
)
_MARKER = re.compile(r"^[ \t]*#+ (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)
_STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"


def notebook(name: str, who: str) -> dict[str, Any]:
    """Write a notebook: the instructor's, or what a student hands in who is right, wrong or idle."""
    given = tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    cells = []
    for cell in given["cell"]:
        kind, source = cell.get("kind", "code"), cell["source"].rstrip("\n")
        if who == "wrong":
            source = cell.get("wrong", source).rstrip("\n")
        if who == "idle":
            source = _REGION.sub(_STUB, source)
        if who != "source":
            source = _HIDDEN.sub("", _MARKER.sub("", source))
        metadata = {"nbgrader": cell["mark"]} if "mark" in cell else {}
        made = {"cell_type": kind, "metadata": metadata, "source": source}
        cells.append(made | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"nbformat": 4, "nbformat_minor": given["nbformat_minor"], "metadata": {"kernelspec": kernel}}
    return about | {"cells": cells}


def lay_out(course: Path) -> None:
    """Write the course."""
    (course / "source").mkdir(parents=True)
    (course / "nbgrader_config.py").write_text(CONFIG)
    shutil.copy(GUIDE / "source" / "header.ipynb", course / "source")
    shutil.copytree(GUIDE / "source" / "ps1", course / "source" / "ps1")
    shutil.copytree(GUIDE / "submitted", course / "submitted")
    for name, (notebooks, files) in ASSIGNMENTS.items():
        places = {course / "source" / name: "source"}
        places |= {course / "submitted" / who / name: who for who in ("right", "wrong", "idle")}
        for place, who in places.items():
            place.mkdir(parents=True)
            for file, text in files.items():
                (place / file).write_text(text)
            for stem, entry in notebooks.items():
                (place / f"{stem}.ipynb").write_text(json.dumps(notebook(entry, who)))
    (course / "submitted" / "hacker" / "ps1" / "problem2.ipynb").unlink()  # handed in the first one only
