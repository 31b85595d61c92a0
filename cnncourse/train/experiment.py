"""A recipe carried out from beginning to end: the images dealt, the net built, trained, and tested once."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from cnncourse import backbones, data, runtime
from cnncourse.errors import ArgumentError
from cnncourse.train.averaging import copy_of
from cnncourse.train.evaluate import Evaluation, evaluate
from cnncourse.train.hardware.distributed import join, local_device
from cnncourse.train.history import History
from cnncourse.train.loop import fit
from cnncourse.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Result:
    """One run of an experiment.

    Attributes:
        seed: what was seeded with.
        model: the trained net.
        history: its epochs.
        test: what it answered on the test set.
        race_seconds: time from the first look at the images to the last answer on the test set, in seconds.
            Loading data, building and compiling the net are before it; the clock stands still while
            a checkpoint is written.
    """

    seed: int
    model: nn.Module
    history: History
    test: Evaluation
    race_seconds: float


class Experiment:
    """A recipe with its images, ready to be run with one seed or several.

    The validation images are dealt once and are the same for every seed. The test images are looked at when a
    run is over, and only then.

    Args:
        recipe: a recipe that names a model and a data set.
        root: the folder with the data; None searches as ``cnncourse.data.load`` does.

    Attributes:
        train_set: the images to train on.
        val_set: the images to validate on, or None if the recipe wants none.
        test_set: the images to test on.

    Raises:
        ArgumentError: the recipe names no model.
        CourseError: as ``data.load`` raises.

    Example:
        >>> Experiment(get("lenet-mnist")).run(seed=0).test.accuracy  # doctest: +SKIP
        0.9917

    Introduced in chapter 18.
    """

    def __init__(self, recipe: Recipe, root: Path | None = None) -> None:
        if not recipe.model:
            raise ArgumentError(f"recipe {recipe.name!r} names no model — see backbones.names()")
        self.recipe, processes = recipe, join()
        with processes.main_first():  # what has to be downloaded is downloaded once
            whole = data.load(recipe.data, "train", root=root, announce=processes.is_main)
            self.test_set = data.load(recipe.data, "test", announce=False, root=root)
        if recipe.train_images is not None and recipe.train_images < len(whole):
            whole = whole.take(recipe.train_images)
        self.train_set, self.val_set = whole, None
        if recipe.val_fraction > 0:
            self.val_set, self.train_set = whole.split(recipe.val_fraction)

    def build(self) -> nn.Module:
        """Build the recipe's net for these images, with fresh weights."""
        channels, side = self.train_set.images.shape[1:3]
        return backbones.create(
            self.recipe.model,
            num_classes=len(self.train_set.classes),
            in_channels=channels,
            image_size=side,
            **self.recipe.model_options,
        )

    def run(
        self,
        seed: int = 0,
        *,
        device: torch.device | str | None = None,
        progress: bool = True,
        checkpoint: Path | None = None,
        resume: bool = False,
        log_dir: Path | None = None,
    ) -> Result:
        """Build, train and test the net.

        Args:
            seed: decides the initial weights and the order of the images.
            device: where to train; None means the fastest there is.
            progress: show how far it is.
            checkpoint: a file for the state after each epoch.
            resume: go on from it.
            log_dir: a folder for TensorBoard's files.

        Returns:
            The net with its history and its answers on the test set.

        Raises:
            CourseError: as ``fit`` raises.
        """
        home = local_device(runtime.device(device))
        runtime.seed(seed)
        model = self.build().to(home)
        self._settle(home)
        if self.recipe.compile:
            self._warm_up(model, home)
        began = now(home)
        history = fit(
            model,
            self.train_set,
            self.val_set,
            recipe=self.recipe,
            seed=seed,
            device=home,
            progress=progress,
            checkpoint=checkpoint,
            resume=resume,
            log_dir=log_dir,
        )
        test = self._test(model)
        return Result(seed, model, history, test, round(now(home) - began - history.saving, 3))

    def _settle(self, home: torch.device) -> None:
        """Bring all images to the device, once."""
        for name in ("train_set", "val_set", "test_set"):
            part = getattr(self, name)
            if part is not None and part.images.device != home:
                setattr(self, name, replace(part, images=part.images.to(home)))

    def _test(self, model: nn.Module) -> Evaluation:
        return evaluate(model, self.test_set, tta=self.recipe.tta, precision=self.recipe.precision)

    def _warm_up(self, model: nn.Module, home: torch.device) -> None:
        """Carry the recipe out on random labels, so that everything is compiled; then forget it."""
        before, trained = copy_of(model), [weight.requires_grad for weight in model.parameters()]
        noise = torch.randint(len(self.train_set.classes), (len(self.train_set),))
        blind = replace(self.train_set, labels=noise)
        fit(model, blind, self.val_set, recipe=self.recipe, device=home, progress=False)
        self._test(model)
        model.load_state_dict(before)
        for weight, wanted in zip(model.parameters(), trained, strict=True):
            weight.requires_grad_(wanted)


def now(home: torch.device) -> float:
    """Return the time in seconds, once a GPU has done all that it was asked.

    Example:
        >>> now(torch.device("cpu")) <= now(torch.device("cpu"))
        True
    """
    if home.type == "cuda":
        torch.cuda.synchronize(home)
    return time.perf_counter()
