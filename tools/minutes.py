"""Write how long each chapter takes into its head and into the tables: ``python -m tools.minutes``.

The rule is in ``cnncourse/authoring/minutes.py``. ``--check`` writes nothing and names what would change.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from cnncourse.authoring.clean import text_of
from cnncourse.authoring.minutes import minutes, rounded
from tools.notebooks import read

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("README.md", "book/intro.md")
_HEAD = re.compile(r"([Aa]bout )(\d+)(?= minutes)")


def restate(root: Path, *, write: bool = False) -> list[str]:
    """Compare what heads and tables claim with what the rule gives.

    Args:
        root: the folder with README.md and book/.
        write: whether the claims are put right.

    Returns:
        One line for each claim that is wrong or missing.
    """
    wrong = []
    for chapter in sorted((root / "book").glob("*.ipynb")):
        notebook = read(chapter)
        right = rounded(minutes(notebook))
        row = re.compile(rf"(^\|.*{re.escape(chapter.name)}\).*?\| )(\d+)(?= \|)", re.MULTILINE)
        places = [(chapter, _HEAD), *((root / name, row) for name in TABLES if chapter.name[0].isdigit())]
        for path, claim in places:
            text = notebook.cells[0].source if path is chapter else path.read_text(encoding="utf-8")
            found = claim.search(text)
            if found and int(found[2]) == right:
                continue
            said = f"{found[2]} minutes" if found else "no minutes"
            wrong.append(f"{path.relative_to(root)}: {chapter.stem} has {said}, the rule gives {right}")
            new = claim.sub(rf"\g<1>{right}", text, count=1)
            if write and path is chapter:
                notebook.cells[0].source = new
                path.write_text(text_of(notebook), encoding="utf-8")
            elif write:
                path.write_text(new, encoding="utf-8")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tools.minutes", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail if a claim is wrong")
    options = parser.parse_args(arguments)
    wrong = restate(ROOT, write=not options.check)
    print(*wrong, sep="\n")
    return int(options.check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
