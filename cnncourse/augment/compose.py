"""Several augmentations in a row, and the same pictures however the images are dealt out."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.augment.step import Augmentation, Size, Table, check_images, checked, image_size, keyed, rows
from cnncourse.errors import ArgumentError


@dataclass(frozen=True, init=False, repr=False)
class Compose:
    """A pipeline of augmentations for training images.

    The dice of an epoch are thrown for the whole training set at once: row i of each table belongs to
    image i. What happens to an image therefore depends on the seed, the epoch and the image alone. Batch
    size, order and the number of devices change nothing.

    Args:
        steps: augmentations, first to last.

    Raises:
        ArgumentError: a step is not an augmentation.

    Example:
        >>> from cnncourse.augment import RandomCrop, RandomHorizontalFlip
        >>> pipeline = Compose(RandomCrop(32, padding=4), RandomHorizontalFlip())
        >>> pipeline
        Compose(RandomCrop(size=32, padding=4, mode='zeros'), RandomHorizontalFlip(p=0.5))
        >>> tables = pipeline.draw(50_000, (32, 32), seed=0, epoch=3)
        >>> index = torch.tensor([7, 41_999])
        >>> pipeline.apply(torch.zeros(2, 3, 32, 32), tables, index).shape
        torch.Size([2, 3, 32, 32])

    Introduced in chapter 19.
    """

    steps: tuple[Augmentation, ...]

    def __init__(self, *steps: Augmentation) -> None:
        for step in steps:
            if not isinstance(step, Augmentation):
                raise ArgumentError(
                    f"Compose expects augmentations, got {step!r} — transforms of torchvision go into a "
                    "DataLoader; MixUp and CutMix come after the pipeline"
                )
        object.__setattr__(self, "steps", steps)

    def __repr__(self) -> str:
        return f"Compose({', '.join(map(repr, self.steps))})"

    def draw(self, n: int, size: Size, *, seed: int = 0, epoch: int = 0) -> list[Table]:
        """Throw the dice of an epoch for all images.

        Args:
            n: images in the training set.
            size: their height and width.
            seed: the seed of the run.
            epoch: the epoch, from 0.

        Returns:
            A table with n rows for each step.
        """
        tables = []
        for place, step in enumerate(self.steps):
            generator = keyed(seed, 0 if step.once else epoch, place)
            tables.append(step.draw(n, size, generator, epoch))
            size = step.size_after(size)
        return tables

    def apply(self, images: Tensor, tables: list[Table], index: Tensor | None = None) -> Tensor:
        """Change images by what was drawn for them.

        Args:
            images: a batch, shape (b, c, h, w).
            tables: what ``draw`` gave.
            index: which images of the training set these are, int64, shape (b,); None means all, in order.

        Returns:
            The batch after all steps.
        """
        check_images(images)
        for step, table in zip(self.steps, tables, strict=True):
            images = step.apply(images, table if index is None else rows(table, index))
        return images

    def size_after(self, size: Size) -> Size:
        """Say which height and width an image has after all steps."""
        for step in self.steps:
            size = step.size_after(size)
        return size

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Draw and apply once: for a look at a few images, (n, c, h, w)."""
        check_images(images)
        seed = int(torch.randint(2**62, (), generator=checked(generator)))
        return self.apply(images, self.draw(len(images), image_size(images), seed=seed))
