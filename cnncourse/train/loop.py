"""The training loop: images, a net and a recipe in; a trained net and its History out."""

from pathlib import Path

import torch
from torch import nn

from cnncourse import runtime
from cnncourse.errors import ArgumentError
from cnncourse.files import given_path
from cnncourse.train.batches import ImageData
from cnncourse.train.hardware.distributed import join
from cnncourse.train.history import History
from cnncourse.train.progress import Progress
from cnncourse.train.recipe import Recipe
from cnncourse.train.run import Run
from cnncourse.train.tensorboard import TensorBoardWriter


def fit(
    model: nn.Module,
    train_set: ImageData,
    val_set: ImageData | None = None,
    *,
    recipe: Recipe | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
    progress: bool = True,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    log_dir: str | Path | None = None,
) -> History:
    """Train a net, and leave it with its best weights and in evaluation mode.

    Every random generator is seeded first, so the same net, images, recipe and seed give the same weights on
    the same machine. An image set is moved to the device whole and shuffled anew each epoch; a DataLoader is
    used as it is, if its batches are pairs of images and labels: classes of any whole type, one-hot rows, or
    shares. Interrupting (Ctrl-C, or the stop button) ends training early and loses no finished epoch.

    A net may have two methods that are called here: ``init_from(images)`` sees up to 5,000 standardised
    training images before the first step, and ``at_epoch(number)`` is told of every epoch, from 0.

    Started by ``torchrun``, each process takes its part of every batch, and the gradients are averaged.

    Args:
        model: maps images (b, c, h, w) to logits (b, k); trained in place and moved to the device.
        train_set: an ``ImageSet``, or a DataLoader of standardised float images.
        val_set: images that the net is not trained on, to judge each epoch by. Not the test set.
        recipe: how to train; None means ``Recipe()``.
        device: where to train; None means the fastest there is.
        seed: a number from 0 to 2³² − 1.
        progress: show a table and the time left.
        checkpoint: a file that receives the whole state after every epoch; None keeps none.
        resume: go on from the checkpoint if it is there. On a CPU the result is bit for bit that of
            a run without a break. The recipe may ask for more epochs than before, if its schedule does not
            depend on their number: "constant", "exponential", "plateau" or "cyclic".
        log_dir: a folder for TensorBoard's files; None writes none.

    Returns:
        A record of each finished epoch.

    Raises:
        ArgumentError: a set is empty, labels and outputs do not fit, or the checkpoint is of another run.
        ShapeError: the net cannot take the images.
        DataError: the checkpoint is damaged, cannot be written, or is a file of something else.
        DivergedError: the loss became infinite or not a number; the net holds its best weights so far.
        CourseError: there is not enough memory; the message says which batch size to try.
        MissingDependencyError: ``log_dir`` is given, and TensorBoard is not installed.

    Example:
        >>> from types import SimpleNamespace
        >>> tiny = SimpleNamespace(images=torch.tensor([0, 255] * 8, dtype=torch.uint8).reshape(16, 1, 1, 1),
        ...                        labels=torch.tensor([0, 1] * 8), mean=(0.5,), std=(0.5,))
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
        >>> recipe = Recipe(epochs=20, lr=0.1, batch_size=8)
        >>> history = fit(net, tiny, recipe=recipe, device="cpu", progress=False)
        >>> history.best.train_accuracy
        1.0

    Introduced in chapter 18.
    """
    if resume and checkpoint is None:
        raise ArgumentError("resume=True expects the file to go on from — give it as checkpoint=…")
    curves = TensorBoardWriter(given_path("log_dir", log_dir)) if log_dir is not None else None
    processes = join()
    runtime.seed(seed)
    home = runtime.device(device)
    path = given_path("checkpoint", checkpoint) if checkpoint else None
    run = Run(model, train_set, val_set, recipe or Recipe(), home, seed, path, processes)
    processes.seed_apart(seed)
    run.open(resume)
    shown = progress and processes.is_main
    with Progress(run.epochs, len(run.train), run.train.images, shown=shown, home=run.home) as bar:
        _train(run, bar, curves if processes.is_main else None)
    run.close()
    return run.history


def _train(run: Run, bar: Progress, curves: "TensorBoardWriter | None") -> None:
    """Train to the last epoch, or until it is stopped; the history says what stopped it."""
    bar.start(run.history)
    try:
        while not run.over:
            record = run.epoch(bar)
            bar.row(record)
            if curves is not None:
                curves.add(record)
        if len(run.history) < run.epochs:
            run.history.stopped = "early"
            bar.note(f"stopped early: nothing better since epoch {run.history.best.epoch}")
    except KeyboardInterrupt:
        run.history.stopped = "interrupted"
        bar.note(f"interrupted after {len(run.history)} of {run.epochs} epochs — the best weights are kept")
    except Exception:
        if run.history.stopped != "diverged":
            run.history.stopped = "failed"
        run.close()
        raise
