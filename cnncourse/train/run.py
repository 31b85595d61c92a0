"""One training run: the net, what moves it, and all that a checkpoint has to remember."""

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cnncourse.errors import CourseError
from cnncourse.train import checkpoint as files
from cnncourse.train.averaging import Averaging, copy_of
from cnncourse.train.batches import Batches, ImageData, batches
from cnncourse.train.evaluate import ask
from cnncourse.train.hardware import rng
from cnncourse.train.hardware.distributed import Processes, local_device
from cnncourse.train.hardware.sync_norm import synchronise
from cnncourse.train.history import EpochRecord, History
from cnncourse.train.look import look_at_smallest, match
from cnncourse.train.progress import Progress
from cnncourse.train.recipe import Recipe
from cnncourse.train.schedule import factor, total_steps
from cnncourse.train.step import Step
from cnncourse.train.targets import main_class

FIRST_LOOK = 5000
"""Images that a net with ``init_from`` is shown before training."""


class DivergedError(CourseError):
    """The loss is no longer a number, so training has stopped.

    Attributes:
        history: the epochs that were finished before.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class Run:
    """What ``fit`` drives, epoch by epoch.

    Args:
        model: the net.
        train_set: what it is trained on.
        val_set: what each epoch is judged by, or None.
        recipe: how to train.
        home: the device.
        seed: decides the order of the images and their augmentation.
        path: the checkpoint's file, or None.
        processes: the processes that train together.

    Attributes:
        train: the training batches.
        step: what is done to the net with each batch: ``step(images, labels)``.
        history: the epochs so far.
        epochs: epochs of the whole run, the last one perhaps cut short.

    Raises:
        CourseError: as ``fit`` raises.
    """

    def __init__(
        self,
        model: nn.Module,
        train_set: ImageData,
        val_set: ImageData | None,
        recipe: Recipe,
        home: torch.device,
        seed: int = 0,
        path: Path | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.processes = processes or Processes()
        self.home = local_device(home)
        self.recipe, self.seed, self.path = recipe, seed, path
        self.train = batches(
            train_set, recipe.batch_size, self.home,
            augment=recipe.augment, seed=seed, drop_last=recipe.drop_last, processes=self.processes,
        )  # fmt: skip
        self.val: Batches | None = None
        if val_set is not None:
            self.val = batches(val_set, 1000, self.home, processes=self.processes)
        self.model = self._prepared(model)
        self.steps = total_steps(recipe, len(self.train))
        self.epochs = -(-self.steps // len(self.train))
        self.step = Step(recipe, model, self.home, self.processes)
        self.averaging = Averaging(recipe, model, self.steps)
        self.order = torch.Generator().manual_seed(seed)
        self.history = History()
        self.best = copy_of(model)

    def open(self, resume: bool) -> None:
        """Go on from the checkpoint, or write the first one, with the initial weights."""
        if self.path is None:
            return
        if not self.processes.broadcast(resume and self.path.exists()):
            files.spare(self.path)
            self._save()
            return
        state = self.processes.broadcast(files.load(self.path) if self.processes.is_main else {})
        files.check(state, self.model, recipe=self.recipe.to_dict(), seed=self.seed, images=self.train.images)
        self.model.load_state_dict(state["model"])
        self.best = {name: value.to(self.home) for name, value in state["best"].items()}
        self.step.optimisers.load_state_dict(state["optimisers"])
        self.step.scaler.load_state_dict(state["scaler"])
        self.averaging.load_state_dict(state["averaging"])
        self.order.set_state(state["order"])
        self.history = History.from_dict(state["history"])
        rng.set_state(state["rng"][min(self.processes.rank, len(state["rng"]) - 1)])

    @property
    def over(self) -> bool:
        """Whether all epochs are done, or the last ones have brought nothing for too long."""
        done = len(self.history)
        if done >= self.epochs:
            return True
        patience = self.recipe.patience
        return patience is not None and done > 0 and done - self.history.best.epoch >= patience

    def epoch(self, bar: Progress) -> EpochRecord:
        """Train for one epoch, validate, and keep the result."""
        number, began = len(self.history) + 1, time.perf_counter()
        tell: Any = getattr(self.model, "at_epoch", None)
        if tell is not None:
            tell(number - 1)
        loss, accuracy = self._pass(number, bar)
        with self.averaging.shown(self.model):
            self.processes.broadcast_model(self.model)
            val_loss, val_accuracy = self._judge()
            record = EpochRecord(
                epoch=number,
                train_loss=loss,
                train_accuracy=accuracy,
                val_loss=val_loss,
                val_accuracy=val_accuracy,
                lr=self.step.optimisers.lr,
                seconds=round(time.perf_counter() - began, 3),
            )
            self.history.epochs.append(record)
            if self.history.best is record:
                self.best = copy_of(self.model)
        if self.path is not None:
            self._save()
        return record

    def close(self) -> None:
        """Leave the net with the weights to keep, in evaluation mode."""
        broken = self.history.stopped in ("interrupted", "diverged", "failed")
        if self.history.epochs and (self.recipe.keep == "best" or broken):
            self.model.load_state_dict(self.best)
        elif self.averaging.mean is not None:
            self.averaging.mean.copy_to(self.model)
        self.model.eval()

    def _prepared(self, model: nn.Module) -> nn.Module:
        """Bring the net to the device, see that it takes the images, and let it look at some."""
        model.to(self.home)
        for source in (self.train, self.val):
            if source is not None:
                match(model, source)  # lazy layers have a shape from here on
        if self.recipe.channels_last:
            model.to(memory_format=torch.channels_last)
        together = self.recipe.sync_bn and self.processes.size > 1
        look_at_smallest(model, self.train, self.recipe.accumulate, whole=together)
        look: Any = getattr(model, "init_from", None)
        if look is not None:
            with torch.no_grad():
                look(self.train.plain(FIRST_LOOK))
        if together:
            synchronise(model)
        self.processes.broadcast_model(model)
        if self.recipe.compile and model._compiled_call_impl is None:
            model.compile(dynamic=False)
        return model

    def _pass(self, number: int, bar: Progress) -> tuple[float, float]:
        """See every training image once; return the mean loss and the accuracy on the way."""
        self.model.train()
        first = (number - 1) * len(self.train)
        last = min(first + len(self.train), self.steps) - 1
        losses = [e.train_loss if e.val_loss is None else e.val_loss for e in self.history.epochs]
        total, right, seen = torch.zeros((), device=self.home), torch.zeros((), device=self.home), 0
        often = self.home.type == "cpu" and self.processes.size == 1
        for step, (images, labels) in enumerate(self.train.epoch(self.order, number - 1), start=first):
            self.step.optimisers.set_rate(factor(self.recipe, step, len(self.train), losses))
            logits, loss = self.step(images, labels)
            self.averaging.update(self.model)
            total += loss * len(images)
            right += (logits.argmax(1) == main_class(labels)).sum()
            seen += len(images)
            # Reading a value makes a GPU wait, so there the loss is looked at now and then only.
            if often or (step - first) % 50 == 0 or step == last:
                self._check(total, number, step - first)
            bar.step()
            if step == last:
                break
        sums = self.processes.sums([total.item(), right.item(), seen], self.home)
        return sums[0] / sums[2], sums[1] / sums[2]

    def _judge(self) -> tuple[float | None, float | None]:
        """Return loss and accuracy on the validation images, each process having looked at its part."""
        if self.val is None:
            return None, None
        mine = ask(self.model, self.val, dtype=self.step.dtype)
        if self.processes.size == 1:
            return mine.loss, mine.accuracy
        n = len(mine.predictions)
        loss, right, seen = self.processes.sums([mine.loss * n, mine.accuracy * n, n], self.home)
        return loss / seen, right / seen

    def _check(self, total: Tensor, number: int, step: int) -> None:
        """Stop when the summed loss is no longer a number."""
        value = self.processes.sum(total).item()
        if math.isfinite(value):
            return
        self.model.load_state_dict(self.best)
        self.model.eval()
        self.history.stopped = "diverged"
        rate, kept = self.step.optimisers.lr, len(self.history)
        raise DivergedError(
            f"the loss became {value} in epoch {number}, step {step + 1}, at learning rate {rate:g} — try lr="
            f"{self.recipe.lr / 10:g}, and check that the images are standardised; the net is back at "
            + (f"its best weights of {kept} finished epochs" if kept else "the weights it started with"),
            self.history,
        )

    def _save(self) -> None:
        """Write the whole state; every process contributes its random generators."""
        assert self.path is not None
        began = time.perf_counter()
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "best": self.best,
            "optimisers": self.step.optimisers.state_dict(),
            "scaler": self.step.scaler.state_dict(),
            "averaging": self.averaging.state_dict(),
            "order": self.order.get_state(),
            "rng": self.processes.all_gather(rng.get_state()),
            "history": self.history.to_dict(),
            "recipe": self.recipe.to_dict(),
            "seed": self.seed,
            "images": self.train.images,
        }
        if self.processes.is_main:
            files.save(self.path, state)
        self.history.saving += time.perf_counter() - began
