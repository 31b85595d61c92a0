"""Point every link of the project at another repository: ``make repository URL=https://github.com/you/repo``.

The address stands in pyproject.toml, under ``[project.urls]``. Everything else that needs it — Colab links,
the setup cell of each notebook, launch buttons, the README — is rewritten from there, so that a fork works
after one command.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def address(root: Path = ROOT) -> str:
    """The repository's address as pyproject.toml has it."""
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["urls"]["Repository"])


def slug(url: str) -> tuple[str, str]:
    """Owner and name from an address on GitHub.

    Raises:
        ValueError: the address is not of the form https://github.com/owner/name.
    """
    match = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", url)
    if match is None:
        raise ValueError(f"URL expects https://github.com/owner/name, got {url!r}")
    return match[1], match[2]


def rewrite(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """Replace every form in which the address appears: the repository, Colab, Binder and its pages."""
    text = re.sub(rf"\b{re.escape('/'.join(old))}(?![\w-])", "/".join(new), text)
    return re.sub(
        rf"\b{re.escape(f'{old[0]}.github.io/{old[1]}')}(?![\w-])", f"{new[0]}.github.io/{new[1]}", text
    )


def files(root: Path = ROOT) -> list[Path]:
    """Every file that belongs to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    paths = [root / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def texts(root: Path = ROOT) -> list[Path]:
    """Every text file that belongs to the project."""
    return [path for path in files(root) if b"\0" not in path.read_bytes()[:8192]]


def main(arguments: list[str]) -> int:
    """Rewrite the project; returns the exit status."""
    try:
        new = slug(arguments[0] if arguments else "")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    old = slug(address())
    changed = 0
    for path in texts():
        before = path.read_text(encoding="utf-8")
        after = rewrite(before, old, new)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed += 1
    print(f"{changed} files now point at https://github.com/{'/'.join(new)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
