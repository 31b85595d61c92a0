"""The command ``cnncourse``: what it can do, and errors in one line instead of a traceback."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cnncourse import __version__
from cnncourse.errors import CourseError

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

    console = Console(highlight=False, soft_wrap=True)
    marks = {"ok": ("✓", "green"), "note": ("–", "yellow"), "missing": ("✗", "red")}
    stopped = False
    for finding in examine():
        mark, colour = marks[finding.state]
        console.print(Text.assemble((mark, colour), f" {finding.name:<14} {finding.text}"))
        stopped |= finding.state == "missing"
    if stopped:
        raise typer.Exit(1)


def main() -> None:
    """Run the command line; an error of the course or the system is one line on stderr and exit status 2.

    Example:
        >>> main  # doctest: +ELLIPSIS
        <function main at ...>
    """
    _mount()
    try:
        app()
    except (CourseError, OSError) as error:  # OSError: a full disk, a folder that may not be written
        print(f"cnncourse: {error}", file=sys.stderr)
        sys.exit(2)


def _mount() -> None:
    """Add the commands that live beside what they drive."""
    from cnncourse.grading.command import grade

    if sys.argv[1:2] not in (["grade"], ["doctor"]):  # these import torch: slow, and perhaps missing
        from cnncourse.data.command import app as data
        from cnncourse.train.command import train

        app.add_typer(data, name="data")
        app.command("train")(train)
    app.command("grade")(grade)
