"""The command ``cnncourse train``: carry out a named recipe, once or several times, and record it."""

import json
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncourse.errors import ArgumentError, CourseError

if TYPE_CHECKING:
    from cnncourse.train.recipe import Recipe


def train(
    recipe: Annotated[str, typer.Argument(help="The name of a recipe; --list shows them.")] = "",
    runs: Annotated[int, typer.Option(min=1, help="Train this often, with seeds one apart.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The first run's seed.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs, instead of the recipe's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps, not the fastest.")] = None,
    data: Annotated[
        str | None, typer.Option(help="Another data set by name, or the folder with the data.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The record's file.")] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Another value for a field of the recipe."),
    ] = None,
    log_dir: Annotated[Path | None, typer.Option(help="A folder for TensorBoard's files.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same command was stopped.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--list", help="Explain the recipes and the recorded runs, and stop.")
    ] = False,
) -> None:
    """Train a net by a named recipe, test it once, and write a record of it.

    On several GPUs: torchrun --nproc-per-node=2 -m cnncourse train RECIPE. The batch is dealt out to them.

    Example:
        >>> train(show=True)  # doctest: +ELLIPSIS
        smoke ...
    """
    began = time.perf_counter()
    import torch

    from cnncourse.train import recipes, record
    from cnncourse.train.experiment import Experiment
    from cnncourse.train.hardware.distributed import join
    from cnncourse.train.hardware.malloc import keep_memory
    from cnncourse.train.planned import PLANNED

    if show:
        for name in recipes.names():
            typer.echo(f"{name:<18} {recipes.get(name).about}")
        typer.echo("\nruns of them that the course records, most wanted first:")
        for run in PLANNED.values():
            typer.echo(f"{run.name:<36} {run.state()} · {run.times}")
        return
    if not recipe:
        raise ArgumentError("train expects the name of a recipe — see cnncourse train --list")
    plan, root = changed(recipes.get(recipe), change or (), epochs, data)
    keep_memory()
    torch.backends.cudnn.benchmark = True  # on a GPU: try several ways to convolve, and keep the fastest
    target, is_main = out or default_target(plan.name), join().is_main
    say, sources = typer.echo if is_main else quiet, record.commit()
    experiment = Experiment(plan, root)
    results, cold = [], 0.0
    for number in range(seed, seed + runs):
        say(f"{plan.name} · seed {number}")
        file = checkpoint_of(target, number)
        log = log_dir / f"{target.stem}-seed{number}" if log_dir else None
        result = experiment.run(number, device=device, checkpoint=file, resume=resume, log_dir=log)
        if result.history.stopped not in ("finished", "early"):
            raise CourseError(
                f"{plan.name} was stopped before its end — the same command with --resume goes on"
            )
        results.append(result)
        cold = cold or round(time.perf_counter() - began, 3)
        say(f"test accuracy {100 * result.test.accuracy:.2f} % · {result.race_seconds:.2f} s")
    if not is_main:
        return
    command = spell(recipe, change or (), runs=runs, seed=seed, epochs=epochs, device=device, data=data)
    record.write(
        target, record.summarise(experiment, results, command) | {"commit": sources, "cold_seconds": cold}
    )
    for result in results:
        checkpoint_of(target, result.seed).unlink(missing_ok=True)
    mean = sum(result.test.accuracy for result in results) / runs
    say(f"mean of {runs}: {100 * mean:.2f} % · written to {target}")


def changed(
    recipe: "Recipe", changes: Sequence[str], epochs: int | None, data: str | None
) -> tuple["Recipe", Path | None]:
    """Return a recipe with what the command line says otherwise, and the folder with the data, if it says.

    Raises:
        ArgumentError: a field or value makes no sense.

    Example:
        >>> from cnncourse.train import Recipe
        >>> plan, folder = changed(Recipe(), ["lr=0.1"], 3, "mnist")
        >>> plan.lr, plan.epochs, folder
        (0.1, 3, None)
    """
    plan, root = recipe.but(**dict(assignment(text) for text in changes)), None
    if epochs is not None:
        plan = plan.but(epochs=epochs)
    if data is not None:
        other, root = name_or_folder(data)
        plan = plan.but(data=other or plan.data)
    return plan, root


def assignment(text: str) -> tuple[str, Any]:
    """Read one ``--set``: a field of a recipe and its new value.

    Words stay words; everything else is read as JSON, and ``augment`` and ``milestones`` split at commas.

    Raises:
        ArgumentError: there is no field before an equals sign.

    Example:
        >>> [assignment(text) for text in ("lr=0.1", "schedule=cosine", "nesterov=false")]
        [('lr', 0.1), ('schedule', 'cosine'), ('nesterov', False)]
        >>> assignment("augment=crop:4,flip"), assignment("milestones=0.5,0.8"), assignment("augment=")
        (('augment', ['crop:4', 'flip']), ('milestones', [0.5, 0.8]), ('augment', []))
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentError(f"--set expects a field and its value, as in lr=0.1; got {text!r}")
    if name in ("augment", "milestones"):
        return name, [plain(word) for word in value.split(",") if word]
    return name, plain(value)


def plain(word: str) -> Any:
    """Read a value as JSON; what is none stays a word.

    Example:
        >>> plain("0.5"), plain("null"), plain("crop:4")
        (0.5, None, 'crop:4')
    """
    try:
        return json.loads(word)
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(word, word)


def quiet(text: str) -> None:
    """Say nothing, as all processes but one do.

    Example:
        >>> quiet("hello")
    """


def spell(recipe: str, changes: Sequence[str] = (), **options: Any) -> str:
    """Write the command down with the options that change the result.

    Example:
        >>> spell("lenet-mnist", ["lr=0.1"], runs=3, seed=0, epochs=None)
        'cnncourse train lenet-mnist --set lr=0.1 --runs 3'
    """
    words = ["cnncourse", "train", recipe]
    for change in changes:
        words += ["--set", change]
    for name, value in options.items():
        if value is not None and (name, value) not in {("runs", 1), ("seed", 0)}:
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def name_or_folder(word: str) -> tuple[str | None, Path | None]:
    """Tell whether ``--data`` was given the name of a data set or a folder.

    Returns:
        A name and None, or None and a folder.

    Raises:
        ArgumentError: it is neither.

    Example:
        >>> name_or_folder("fashion_mnist")
        ('fashion_mnist', None)
    """
    from cnncourse import data

    if word in data.names():
        return word, None
    if Path(word).is_dir():
        return None, Path(word)
    raise ArgumentError(f"--data expects one of {', '.join(data.names())}, or a folder; got {word!r}")


def default_target(name: str) -> Path:
    """Return where a record goes by default: beside the book's others in the repository, else into ``runs``.

    Example:
        >>> default_target("lenet-mnist").name
        'lenet-mnist.json'
    """
    records = Path("book/assets/runs")
    return (records if Path("book/assets").is_dir() else Path("runs")) / f"{name}.json"


def checkpoint_of(target: Path, seed: int) -> Path:
    """Return the file that keeps the state of one run of a record until the record is written.

    Example:
        >>> str(checkpoint_of(Path("runs/lenet.json"), 1).name)
        'lenet-seed1.pt'
    """
    return target.with_name(f"{target.stem}-seed{seed}.pt")
