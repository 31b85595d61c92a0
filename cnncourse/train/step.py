"""One training step: images forwards, errors backwards, weights moved."""

import torch
from torch import Tensor, nn

from cnncourse.errors import CourseError
from cnncourse.train.hardware.cuda_graph import GraphedStep
from cnncourse.train.hardware.distributed import Processes
from cnncourse.train.hardware.precision import precision
from cnncourse.train.look import logits_of
from cnncourse.train.optimisers import Optimisers
from cnncourse.train.recipe import Recipe
from cnncourse.train.targets import Labels, loss_of, pick

ONE = 1.0


class Step:
    """What is done to a net with each batch.

    Args:
        recipe: the settings.
        model: the net, on its device.
        home: that device.
        processes: the processes that share each batch.

    Attributes:
        optimisers: what moves the weights.
        scaler: keeps small gradients of half precision from vanishing; it does nothing in other precisions.

    Raises:
        ArgumentError: the net has nothing to train.

    Example:
        >>> step = Step(Recipe(lr=0.1, optimiser="sgd", momentum=0), nn.Linear(1, 2), torch.device("cpu"))
        >>> logits, loss = step(torch.ones(4, 1), torch.tensor([0, 0, 1, 1]))
        >>> logits.shape
        torch.Size([4, 2])

    Introduced in chapter 18; chapter 21 makes it faster.
    """

    def __init__(
        self, recipe: Recipe, model: nn.Module, home: torch.device, processes: Processes | None = None
    ) -> None:
        self.recipe, self.home, self.processes = recipe, home, processes or Processes()
        self.optimisers = Optimisers(recipe, model)
        self.dtype = precision(recipe.precision, home)
        self.scaler = torch.amp.GradScaler(home.type, enabled=self.dtype is torch.float16)
        self.model = model
        self._graphed: GraphedStep | None = None
        # Losses scaled for fp16, and several processes, make the processor wait: that cannot be recorded.
        alone = self.processes.size == 1 and not self.scaler.is_enabled()
        if recipe.replay and home.type == "cuda" and alone:
            self.optimisers.keep_rates()
            self._graphed = GraphedStep(list(model.parameters()), home)

    def __call__(self, images: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
        """Forget the old gradients, go forwards and backwards, move the weights.

        Args:
            images: this process's part of the batch, shape (b, c, h, w).
            labels: their classes, shape (b,), or those of mixed images.

        Returns:
            The logits, shape (b, k), and the mean loss of this process's images.

        Raises:
            CourseError: there is not enough memory.
        """
        if self._graphed is not None and isinstance(labels, Tensor):
            return self._graphed(self._take, images, labels)
        return self._take(images, labels)

    def _take(self, images: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
        if self.recipe.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        self.optimisers.zero_grad()
        try:
            answer = self._gradients(images, labels)
        except RuntimeError as error:
            raise out_of_memory(error, self.recipe) or error from None
        self.processes.average_gradients(
            [weight.grad for weight in self.optimisers.weights if weight.grad is not None]
        )
        self.optimisers.step(self.scaler, self.recipe.clip_norm)
        return answer

    def _gradients(self, images: Tensor, labels: Labels) -> tuple[Tensor, Tensor]:
        """Add up the gradients of all parts of a batch."""
        parts = min(self.recipe.accumulate, len(images))
        scale = self._scale(len(images))
        if parts == 1:
            return self._part(images, labels, scale)
        logits, losses = [], torch.zeros((), device=self.home)
        for index in torch.arange(len(images), device=self.home).tensor_split(parts):
            share = len(index) / len(images)
            out, loss = self._part(images[index], pick(labels, index), scale * share)
            logits.append(out)
            losses += loss * share
        return torch.cat(logits), losses

    def _part(self, images: Tensor, labels: Labels, scale: Tensor | float) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.home.type, self.dtype, enabled=self.dtype is not None):
            logits = logits_of(self.model(images), len(images), "in train mode")
            loss = loss_of(logits, labels, self.recipe.label_smoothing)
        self.scaler.scale(loss if scale is ONE else loss * scale).backward()  # type: ignore[no-untyped-call]
        return logits.detach(), loss.detach()

    def _scale(self, images: int) -> Tensor | float:
        """Return what makes the average over processes the average over images, if they have not as many."""
        if self.processes.size == 1:
            return ONE
        whole = self.processes.sum(torch.tensor(float(images), device=self.home))
        return images * self.processes.size / whole


def out_of_memory(error: RuntimeError, recipe: Recipe) -> CourseError | None:
    """Say which batch size to try, if an error says that the memory is full; else None.

    Example:
        >>> print(out_of_memory(RuntimeError("CUDA out of memory."), Recipe(batch_size=256)))
        there is not enough memory for 256 images in a step — try batch_size=128, or accumulate=2, which takes
            the same step in 2 parts
        >>> out_of_memory(RuntimeError("size mismatch"), Recipe()) is None
        True
    """
    said = str(error)
    if not any(words in said for words in ("out of memory", "can't allocate memory", "not enough memory")):
        return None
    more = recipe.accumulate * 2
    return CourseError(
        f"there is not enough memory for {recipe.batch_size} images in a step"
        + (f" of {recipe.accumulate} parts" if recipe.accumulate > 1 else "")
        + f" — try batch_size={max(1, recipe.batch_size // 2)}, or accumulate={more}, which takes the same "
        f"step in {more} parts"
    )
