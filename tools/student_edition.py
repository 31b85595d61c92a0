"""The course as students may have it: ``make student-edition OUT=FOLDER [URL=https://github.com/you/students]``.

In public an instructor's answers are everybody's. This edition has the book, the exercises and the package
with their checks. It has no solution, no bank of answers and no hidden test, nor what makes sense only beside
them. Lines between ``begin instructors`` and ``end instructors`` are left out of any text.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.repository import ROOT, address, files, rewrite, slug, texts

LEFT_OUT = (  # folders and files; what is not named here goes along
    *("solutions", "nbgrader_config.py", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("book/instructors.md", "book/write_your_own.md"),
    *("tests/exercises", "tests/grading", "tests/nbgrader_pipeline", "tests/benchmarks", "tests/authoring"),
    *("tests/packaging", "tests/notebooks/test_nbval.py", "tests/notebooks/test_tool.py"),
    *(
        "tests/test_handin.py",
        "tests/test_mutants.py",
        "tests/test_quick.py",
        "tests/test_records.py",
        "tests/test_student_edition.py",
    ),
    *("tools/demo_class.py", "tools/exercises.py", "tools/mutants.py", "tools/quick.py", "tools/records.py"),
    *("tools/student_edition.py", "tools/hero.py", "tools/samples.py"),
)
_CUT = re.compile(r"^[^\n]*\bbegin instructors\b.*?\bend instructors\b[^\n]*\n", re.MULTILINE | re.DOTALL)


def goes_along(name: str) -> bool:
    """Say whether a file of the project is part of the edition.

    Example:
        >>> goes_along("book/intro.md"), goes_along("solutions/02/02.ipynb")
        (True, False)
    """
    return not any(name == left or name.startswith(f"{left}/") for left in LEFT_OUT)


def without_instructors(text: str) -> str:
    r"""Cut what only instructors need out of a text.

    Example:
        >>> without_instructors("a\n# begin instructors\nb\n# end instructors\nc\n")
        'a\nc\n'
    """
    return _CUT.sub("", text)


def write(out: Path, root: Path = ROOT, url: str = "") -> int:
    """Write the edition.

    Args:
        out: a folder that is not there yet, or is empty.
        root: the project.
        url: the edition's own address; all links then point at it.

    Returns:
        The number of files.

    Raises:
        ValueError: there is something in the folder, or the address has another form.
    """
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"expected a new or an empty folder, but {out} holds something: name another one")
    old, new = slug(address(root)), slug(url or address(root))
    names = [path.relative_to(root).as_posix() for path in sorted(files(root))]
    readable = {path.relative_to(root).as_posix() for path in texts(root)}
    chosen = [name for name in names if goes_along(name)]
    for name in chosen:
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, target)
        if name in readable:
            text = (root / name).read_text(encoding="utf-8")
            target.write_text(rewrite(without_instructors(text), old, new), encoding="utf-8")
    return len(chosen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tools.student_edition", description=__doc__)
    parser.add_argument("out", type=Path, help="the folder to write")
    parser.add_argument("--url", default="", help="the edition's own address on GitHub")
    options = parser.parse_args(arguments)
    try:
        number = write(options.out, url=options.url)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{number} files in {options.out}: push them to a repository of their own; its CI is `make test`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
