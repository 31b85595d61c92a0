"""The command ``cnncourse``: what it can do, and errors in one line instead of a traceback."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand

from cnncourse import __version__
from cnncourse.errors import CourseError

if TYPE_CHECKING:
    from cnncourse.doctor import Finding

app = typer.Typer(
    help="Tools of the course on convolutional neural networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if show_version:
        typer.echo(f"cnncourse {__version__}")
        raise typer.Exit


@app.command()
def doctor() -> None:
    """Look at this machine: Python, torch, device, data sets, tools — and what to do where one is missing."""
    from cnncourse.doctor import examine

    _show(examine())


@app.command()
def check(notebook: Annotated[Path, typer.Argument(help="The notebook that you will hand in.")]) -> None:
    """Look at a notebook before you hand it in: what the grader does not have, or could not run."""
    from cnncourse.handin import look

    _show(look(notebook))


def _show(findings: "Iterable[Finding]") -> None:
    console = Console(highlight=False, soft_wrap=True)
    marks = {"ok": ("✓", "green"), "note": ("–", "yellow"), "missing": ("✗", "red")}
    stopped = False
    for finding in findings:
        mark, colour = marks[finding.state]
        console.print(Text.assemble((mark, colour), f" {finding.name:<14} {finding.text}"))
        stopped |= finding.state == "missing"
    if stopped:
        raise typer.Exit(1)


_ELSEWHERE = {
    "data": ("data", "app", "The data sets: what there is, what to download, where it lies."),
    "train": ("train", "train", "Train a net by a named recipe, test it once, and write a record of it."),
    "grade": (
        "grading",
        "grade",
        "Grade a class: import, run in the sandbox, write grades into nbgrader's gradebook, and feedback "
        "pages.",
    ),
}
"""Commands that live beside what they drive: the sub-package, the name in its ``command``, the help."""


class _Elsewhere(TyperCommand):
    """A command whose module is imported when it is called, not to list it: torch takes seconds."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        package, name, _ = _ELSEWHERE[self.name or ""]
        found = getattr(importlib.import_module(f"cnncourse.{package}.command"), name)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False)
            found.command()(function)
        return typer.main.get_command(found).make_context(info_name, args, parent, **extra)


for _name, (_, _, _about) in _ELSEWHERE.items():
    app.command(_name, cls=_Elsewhere, help=_about)(lambda: None)


def main() -> None:
    """Run the command line; an error of the course or the system is one line on stderr and exit status 2.

    Example:
        >>> main()  # doctest: +SKIP
    """
    try:
        app()
    except (CourseError, OSError) as error:  # OSError: a full disk, a folder that may not be written
        print(f"cnncourse: {error}", file=sys.stderr)
        sys.exit(2)
