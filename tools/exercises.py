"""Generate exercises/ from solutions/ with nbgrader's own generate_assignment, always the same bytes.

``python -m tools.exercises`` writes them; with ``--check`` it changes nothing and fails if they are stale.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cnncourse.authoring.students import generate, stale

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m tools.exercises", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail if exercises/ is stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the course, if not this one")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(options.root, fresh)
        changed = stale(options.root, fresh)
        for name in changed:
            print(f"exercises/{name}: " + ("is stale — run: make exercises" if options.check else "written"))
        if options.check:
            return int(bool(changed))
        for name in changed:
            target = options.root / "exercises" / name
            if (fresh / name).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(fresh / name, target)
            else:
                target.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
