"""Checkpoints: the whole state of a training run in one file that is either complete or not there."""

import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnncourse.errors import ArgumentError, DataError
from cnncourse.files import given_path, whole_file
from cnncourse.train.recipe import Recipe

FORMAT = 2
_KEYS = frozenset(
    {"format", "model", "best", "optimisers", "scaler", "averaging", "order", "rng", "history", "recipe"}
    | {"seed", "images"}
)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a crash at any moment leaves the old file or the new one, never half of one.

    Args:
        path: the checkpoint's file; its folder is made if need be.
        state: tensors and plain data.

    Raises:
        DataError: the folder cannot be written to.

    Example:
        >>> save(Path("runs/lenet.pt"), state)  # doctest: +SKIP
    """
    try:
        with whole_file(given_path("path", path)) as file:
            torch.save(state | {"format": FORMAT}, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DataError(f"cannot write the checkpoint {path}: {error.strerror or error}") from None


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint back, as data only: nothing in the file is ever run.

    Args:
        path: a file that ``save`` wrote.

    Returns:
        The state, its tensors on the CPU.

    Raises:
        DataError: the file is not there, is damaged, or is no checkpoint of this version.

    Example:
        >>> load(Path("runs/lenet.pt"))["seed"]  # doctest: +SKIP
        0
    """
    try:
        state = torch.load(given_path("path", path), map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"there is no checkpoint {path}") from None
    except Exception as error:  # a damaged file can fail in any layer of the reader
        raise DataError(
            f"{path} is damaged or is no checkpoint ({type(error).__name__}) — move it away and train again, "
            "or give another file"
        ) from error
    if not isinstance(state, dict) or "format" not in state:
        raise DataError(_foreign(path))
    if state["format"] != FORMAT or set(state) != _KEYS:
        raise DataError(
            f"{path} is no checkpoint of this version of cnncourse — move it away and train again, or give "
            "another file"
        )
    return state


def spare(path: Path) -> None:
    """Make sure that a new run does not write over a file that is somebody's own.

    A checkpoint of an earlier run, whole or damaged, may go.

    Raises:
        DataError: there is a file of weights, or of something else that torch reads.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # nothing there, or nothing that could be of use
        return
    if not isinstance(state, dict) or "format" not in state:
        raise DataError(_foreign(path))


def _foreign(path: Path) -> str:
    return (
        f"{path} holds weights or other things, not a checkpoint of fit — give another file for it; to "
        "start from these weights: model.load_state_dict(torch.load(path, weights_only=True)) before fit"
    )


def check(state: dict[str, Any], model: nn.Module, *, recipe: dict[str, Any], seed: int, images: int) -> None:
    """Check that a checkpoint belongs to the run that wants to go on from it.

    The run may have more epochs than before, if its schedule does not depend on their number.

    Args:
        state: what ``load`` returned.
        model: the net of the run.
        recipe: the run's recipe as a dictionary.
        seed: the run's seed.
        images: how many training images the run has.

    Raises:
        ArgumentError: it is of another net, recipe, seed or number of images.
    """
    kept, wanted = _shapes(state["model"]), _shapes(model.state_dict())
    if kept != wanted:
        name = next(n for n in (*wanted, *kept) if kept.get(n) != wanted.get(n))
        raise ArgumentError(
            f"the checkpoint is of another net: {name} expects {wanted.get(name, 'nothing')}, "
            f"the checkpoint has {kept.get(name, 'nothing')}"
        )
    earlier = Recipe.from_dict(state["recipe"]).to_dict()  # fields that are newer than it have their defaults
    pairs = {name: (earlier[name], value) for name, value in recipe.items() if name != "about"}
    pairs |= {"seed": (state["seed"], seed), "the number of training images": (state["images"], images)}
    for name, (before, now) in pairs.items():
        if before == now or (name == "epochs" and now > before and _grows(recipe)):
            continue
        longer = (
            f"; to train longer, fit the net again without resume (the {recipe['schedule']} schedule has "
            "brought its learning rate to the end), or take schedule='constant', which may be prolonged"
        )
        raise ArgumentError(
            f"the checkpoint is of another run: {name} was {before!r} and is now {now!r} — "
            f"change it back, or train without resume{longer if name == 'epochs' and now > before else ''}"
        )


def _grows(recipe: dict[str, Any]) -> bool:
    """Tell whether the epochs so far are the same in a longer run: nothing in them depends on its length."""
    steady = recipe["schedule"] in ("constant", "exponential", "plateau", "cyclic")
    return steady and recipe["max_steps"] is None and not (recipe["lookahead"] and recipe["lookahead_power"])


def _shapes(weights: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items()}
