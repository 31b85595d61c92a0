"""Mirror images: by chance, or every other epoch."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from cnncourse.augment.parse import register
from cnncourse.augment.step import Augmentation, Size, Table, check_images, column, probability


def flip(images: Tensor, chosen: Tensor) -> Tensor:
    """Mirror some images of a batch, left for right.

    Args:
        images: any type, shape (n, c, h, w).
        chosen: which ones, bool, shape (n,).

    Returns:
        A new batch of the same shape.

    Raises:
        ShapeError: images is no batch, or there is not one choice for each image.

    Example:
        >>> flip(torch.tensor([[[[1, 2]]], [[[3, 4]]]]), torch.tensor([True, False])).flatten()
        tensor([2, 1, 3, 4])

    Introduced in chapter 19.
    """
    check_images(images)
    where = column("chosen", chosen, images)
    if images.device.type != "cpu":  # a GPU would have to wait to learn how many are chosen
        return torch.where(where, images.flip(-1), images)
    mirrored = images.clone()
    index = chosen.nonzero().squeeze(1)
    mirrored[index] = images[index].flip(-1)
    return mirrored


@dataclass(frozen=True)
class RandomHorizontalFlip(Augmentation):
    """Mirror each training image with a given probability.

    Good where left and right mean the same: a mirrored cat is a cat. Bad for digits and letters.

    Args:
        p: the probability, 0 to 1.

    Raises:
        ArgumentError: p is not a probability.

    Example:
        >>> RandomHorizontalFlip(p=1)(torch.tensor([[[[1, 2, 3]]]]), torch.Generator())
        tensor([[[[3, 2, 1]]]])

    Introduced in chapter 19.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        probability("p", self.p)

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw the column ``chosen``."""
        return {"chosen": torch.rand(n, generator=generator) < self.p}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Mirror the chosen images (n, c, h, w)."""
        return flip(images, table["chosen"])


@dataclass(frozen=True)
class AlternatingFlip(Augmentation):
    """Mirror each training image at random in epoch 0, then turn it over again in every epoch that follows.

    With a fresh coin in every epoch, an image may come the same way round three times in a row. Here two
    epochs in a row always show both of its sides, so the net sees more in the same time.

    Example:
        >>> flips = AlternatingFlip()
        >>> for epoch in range(3):
        ...     generator = torch.Generator().manual_seed(5)  # the same coin each time, see ``once``
        ...     print(flips.draw(4, (8, 8), generator, epoch)["chosen"].int().tolist())
        [0, 1, 0, 0]
        [1, 0, 1, 1]
        [0, 1, 0, 0]

    Introduced in chapter 21.

    Source: Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU (2024), section 3.6.
    """

    once: ClassVar[bool] = True

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw the column ``chosen``: the coin of epoch 0, turned over in odd epochs."""
        first = torch.rand(n, generator=generator) < 0.5
        return {"chosen": first ^ (epoch % 2 == 1)}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Mirror the chosen images (n, c, h, w)."""
        return flip(images, table["chosen"])


register(
    "flip[:P]",
    "mirror by chance, half of the images if P does not say otherwise",
    lambda n, mode, images: RandomHorizontalFlip(*n),
)
register("alternating-flip", "mirror every other epoch", lambda n, mode, images: AlternatingFlip())
