"""The commands ``cnncourse data list``, ``get`` and ``where``."""

import os
from typing import Annotated

import typer

from cnncourse.data import download
from cnncourse.data.cache import cache_folder
from cnncourse.data.inventory import found
from cnncourse.data.registry import REGISTRY
from cnncourse.data.registry import entry as look_up
from cnncourse.data.sources import downloads_folder, local_sources

app = typer.Typer(
    help="The data sets: what there is, what to download, where it lies.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_sets() -> None:
    """List the sets and which source would be used for each."""
    for line in found():
        entry = REGISTRY[line.name]
        size = "×".join(str(length) for length in entry.shape)
        typer.echo(f"{entry.name:<14} {entry.title}: {len(entry.classes)} classes, {size}")
        typer.echo(f"{'':<14} {line.text}")
        typer.echo(f"{'':<14} licence: {entry.licence}")


@app.command()
def get(name: Annotated[str, typer.Argument(help="A name that `cnncourse data list` shows.")]) -> None:
    """Download a set into the cache folder, unless it is on this machine already."""
    entry = look_up(name)
    if source := next(local_sources(entry), None):
        typer.echo(f"{entry.title} is here already: {source.variant}, {source.where}")
        return
    folder = download.get(entry)
    size = sum(file.size for file in entry.remote)
    typer.echo(f"{entry.title}: {len(entry.remote)} file(s), {size / 1e6:.1f} MB, checked, in {folder}")


@app.command()
def where() -> None:
    """Say which folders are searched, in their order, and how much the cache holds."""
    typer.echo(f"CNNCOURSE_DATA   {os.environ.get('CNNCOURSE_DATA') or 'not set'}")
    system = [folder for entry in REGISTRY.values() for folder in entry.system if os.path.isdir(folder)]
    typer.echo(f"system folders   {', '.join(system) or 'none'}")
    cache = cache_folder()
    size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    typer.echo(f"cache folder     {cache} ({size / 1e6:.1f} MB)")
    for entry in REGISTRY.values():
        if downloads_folder(entry).is_dir():
            typer.echo(f"downloads        {downloads_folder(entry)}")
