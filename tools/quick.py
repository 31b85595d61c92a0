"""``make quick``: style, the tests of what has changed since the main branch, and the changed notebooks.

What takes minutes is left to ``make test``: nbgrader's commands, browsers, and notebooks nobody touched.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PYTEST = [str(BIN / "pytest"), "-q", "-m", "not nbgrader and not browser and not gpu", "--durations=10"]
NBVAL = [sys.executable, "-m", "pytest", "-q", "--nbval", "-p", "tests.notebooks.strict", "-o", "addopts="]
LINT = (["ruff", "check", "."], ["ruff", "format", "--check", "--quiet", "."], ["mypy"])


def changed(base: str) -> list[Path]:
    """List what differs from where this branch left another one, whether it is committed or not."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.split("\0")

    start = git("merge-base", base, "HEAD")[0].strip()
    names = {*git("diff", "--name-only", "-z", start), *git("ls-files", "-o", "-z", "--exclude-standard")}
    return sorted(Path(name) for name in names if name and (ROOT / name).exists())


def matching_tests(paths: Iterable[Path]) -> list[str]:
    """Name the tests of changed files, for pytest.

    A module's are those of its name, or else those of its folder, and its doctests. A solution or a bank has
    those of its exercise.

    Example:
        >>> matching_tests([Path("cnncourse/conv/forward.py")])
        ['cnncourse/conv/forward.py', 'tests/conv/test_forward.py']
    """
    found: set[str] = set()
    for path in paths:
        top, *inside = path.parts
        if top == "cnncourse" and path.suffix == ".py":
            own = ROOT / "tests" / Path(*inside[:-1]) / f"test_{path.stem}.py"
            beside = sorted(own.parent.glob("test_*.py")) if own.parent != ROOT / "tests" else []
            found |= {str(path), *(str(one.relative_to(ROOT)) for one in ([own] if own.exists() else beside))}
        elif top == "tests" and path.name.startswith("test_") and path.suffix == ".py":
            found.add(str(path))
        elif top == "tools" and path.suffix == ".py" and (ROOT / "tests" / f"test_{path.stem}.py").exists():
            found.add(f"tests/test_{path.stem}.py")
        elif top == "solutions" or path.name.startswith("bank_"):
            found.add("tests/exercises/test_banks.py")
    return sorted(found)


def chosen_exercises(paths: Iterable[Path]) -> list[str]:
    """Give the numbers of the exercises whose solution or bank has changed.

    Example:
        >>> chosen_exercises([Path("solutions/02_convolution/data.csv"), Path("tests/banks/bank_18.py")])
        ['02', '18']
    """
    numbers = {path.parts[1][:2] for path in paths if path.parts[0] == "solutions"}
    return sorted(numbers | {path.stem[-2:] for path in paths if path.name.startswith("bank_")})


def commands(paths: Sequence[Path], jobs: int) -> list[list[str]]:
    """Write down what is to be run, one command after the other."""
    todo = [[str(BIN / words[0]), *words[1:]] for words in LINT]
    notebooks = [str(path) for path in paths if path.suffix == ".ipynb"]
    if notebooks:
        todo.append([sys.executable, "-m", "tools.notebooks", "normalise", "--check", *notebooks])
    tests, parallel = matching_tests(paths), ["-n", str(jobs), "--dist", "loadfile"]
    bank = "tests/exercises/test_banks.py"
    numbers = chosen_exercises(paths)
    if numbers and Path(bank) not in paths:  # of all banks, those that belong to what has changed
        todo.append([sys.executable, "-m", "tools.exercises", "--check"])
        todo.append([*PYTEST, bank, "-k", " or ".join(f"{number}_" for number in numbers)])
        tests = [name for name in tests if name != bank]
    if tests:
        todo.append([*PYTEST, *parallel, *tests])
    run = [name for name in notebooks if not name.startswith("exercises")]
    if run:
        todo.append([*NBVAL, "--nbval-cell-timeout=300", *parallel, *run])
    return todo


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything, also after something has failed; say how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="main", help="the branch that changes are counted from")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    options = parser.parse_args(arguments)
    own = {"OMP_NUM_THREADS": "1", "CNNCOURSE_SCALE": "smoke", "PYTHONHASHSEED": "0"}
    failed, began = 0, time.monotonic()
    for command in commands(changed(options.base), options.jobs):
        start = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, env=os.environ | own, check=False).returncode
        failed += status not in (0, 5)  # 5: pytest has found no test
        what = " ".join(Path(word).name for word in command[:4])
        print(f"{what} …: {time.monotonic() - start:.0f} s{' — failed' if status not in (0, 5) else ''}")
    print(f"{failed or 'nothing'} failed in {time.monotonic() - began:.0f} s; before a merge: make test")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
