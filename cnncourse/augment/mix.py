"""Mix two images and their labels: MixUp and CutMix."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from cnncourse.augment.erase import inside
from cnncourse.augment.parse import register
from cnncourse.augment.step import Size, Table, check_images, checked, column, image_size
from cnncourse.errors import ArgumentError, ShapeError


@dataclass(frozen=True)
class MixedLabels:
    """What mixed images show: two labels each, and how much of the first.

    Attributes:
        first: class of the image itself, int64, shape (n,).
        second: class of its partner, likewise.
        weight: the share of the first, 0 to 1, shape (n,).

    Example:
        >>> mixed = MixedLabels(torch.tensor([0]), torch.tensor([2]), torch.tensor([0.75]))
        >>> mixed.one_hot(3)
        tensor([[0.7500, 0.0000, 0.2500]])

    Introduced in chapter 19.
    """

    first: Tensor
    second: Tensor
    weight: Tensor

    def one_hot(self, classes: int) -> Tensor:
        """Return the shares of all classes, float (n, classes): targets for ``cross_entropy``."""
        weight = self.weight.unsqueeze(1)
        return weight * F.one_hot(self.first, classes) + (1 - weight) * F.one_hot(self.second, classes)

    def cross_entropy(self, logits: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """Return the mean loss: the loss of each of the two labels, weighted by its share."""
        both = [
            F.cross_entropy(logits, labels, reduction="none", label_smoothing=label_smoothing)
            for labels in (self.first, self.second)
        ]
        return (self.weight * both[0] + (1 - self.weight) * both[1]).mean()


def mixup(images: Tensor, partners: Tensor, weight: Tensor) -> Tensor:
    """Blend each image with a partner: weight · image + (1 − weight) · partner.

    Args:
        images: uint8 or float, shape (n, c, h, w); bytes are rounded.
        partners: one for each image, the same shape.
        weight: the share of the image, 0 to 1, shape (n,).

    Returns:
        Images of the same type and shape.

    Raises:
        ShapeError: the shapes do not fit together.

    Example:
        >>> mixup(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1), torch.tensor([0.25])).item()
        0.25

    Introduced in chapter 19.

    Source: Zhang et al., mixup (2018), eq. 1.
    """
    _check_partners(images, partners)
    share = column("weight", weight, images)
    if images.is_floating_point():
        return images * share.to(images.dtype) + partners * (1 - share.to(images.dtype))
    return (images * share + partners * (1 - share)).round().to(images.dtype)


def cutmix(
    images: Tensor, partners: Tensor, top: Tensor, left: Tensor, height: Tensor, width: Tensor
) -> Tensor:
    """Paste a rectangle of a partner into each image, at the place where the partner has it.

    Args:
        images: any type, shape (n, c, h, w).
        partners: one for each image, the same shape.
        top: first row of each rectangle, shape (n,).
        left: first column, likewise.
        height: rows, likewise.
        width: columns, likewise.

    Returns:
        Images of the same type and shape.

    Raises:
        ShapeError: the shapes do not fit together.

    Example:
        >>> one = torch.tensor([1])
        >>> cutmix(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), one, one, one, one)[0, 0]
        tensor([[1., 1.],
                [1., 0.]])

    Introduced in chapter 19.

    Source: Yun et al., CutMix (2019), eq. 1.
    """
    _check_partners(images, partners)
    return torch.where(inside(images, top, left, height, width), partners, images)


class Mix:
    """What MixUp and CutMix share: who is mixed with whom, and how much."""

    alpha: float

    def __post_init__(self) -> None:
        if not 0 < self.alpha < float("inf"):
            raise ArgumentError(f"alpha expects a number above 0, got {self.alpha}")

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw the numbers of n images of this height and width, ``partner`` and ``weight`` among them."""
        raise NotImplementedError

    def apply(self, images: Tensor, partners: Tensor, table: Table) -> Tensor:
        """Mix images (n, c, h, w) with their partners by numbers that were drawn before."""
        raise NotImplementedError

    def labels(self, labels: Tensor, partners: Tensor, table: Table) -> MixedLabels:
        """Say what the mixed images show.

        Args:
            labels: classes of the images, int64, shape (n,).
            partners: classes of the partners, likewise.
            table: the numbers that the images were mixed by.
        """
        return MixedLabels(labels, partners, table["weight"].to(labels.device))

    def __call__(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, MixedLabels]:
        """Mix the images of a batch (n, c, h, w) with one another."""
        check_images(images)
        if labels.shape != images.shape[:1]:
            raise ShapeError(
                f"labels expects one class for each of the {len(images)} images, got "
                f"shape {tuple(labels.shape)}"
            )
        table = self.draw(len(images), image_size(images), checked(generator))
        partner = table["partner"].to(images.device)
        mixed = self.apply(images, images[partner], table)
        return mixed, self.labels(labels, labels[partner.to(labels.device)], table)


@dataclass(frozen=True)
class MixUp(Mix):
    """Blend each training image with another one, and their labels in the same proportion.

    The share of an image comes from Beta(alpha, alpha): for a small alpha it is mostly near 0 or 1. Each
    image has its own share; the paper's own code has one for a batch.

    Args:
        alpha: above 0; 0.2 to 1 are usual.

    Raises:
        ArgumentError: alpha is not above 0.

    Example:
        >>> images, labels = torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 3])
        >>> mixed, shown = MixUp(0.2)(images, labels, torch.Generator().manual_seed(0))
        >>> mixed.shape, shown.one_hot(4).sum(1)
        (torch.Size([4, 3, 8, 8]), tensor([1., 1., 1., 1.]))

    Introduced in chapter 19.

    Source: Zhang et al., mixup (2018), section 2.
    """

    alpha: float = 1.0

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``partner``, the number of another image of the n, and ``weight``."""
        partner = torch.randperm(n, generator=generator)
        return {"partner": partner, "weight": beta(n, self.alpha, generator)}

    def apply(self, images: Tensor, partners: Tensor, table: Table) -> Tensor:
        """Blend images (n, c, h, w) with their partners."""
        return mixup(images, partners, table["weight"])


@dataclass(frozen=True)
class CutMix(Mix):
    """Paste a rectangle of another training image into each one, and mix the labels by area.

    The rectangle has the image's own proportions. Its area is 1 − Beta(alpha, alpha) of the image, less what
    sticks out; the labels are weighted by what is really covered.

    Args:
        alpha: above 0; 1 makes all areas equally likely.

    Raises:
        ArgumentError: alpha is not above 0.

    Example:
        >>> images, labels = torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 3])
        >>> mixed, shown = CutMix()(images, labels, torch.Generator().manual_seed(0))
        >>> mixed.shape, shown.one_hot(4).sum(1)
        (torch.Size([4, 3, 8, 8]), tensor([1., 1., 1., 1.]))

    Introduced in chapter 19.

    Source: Yun et al., CutMix (2019), section 3.1 and eq. 2.
    """

    alpha: float = 1.0

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``partner``, the rectangle and ``weight``, the part of the image that is left."""
        partner = torch.randperm(n, generator=generator)
        half = 0.5 * (1 - beta(n, self.alpha, generator)).sqrt()
        table = {"partner": partner}
        area = torch.ones(n)
        for begin, length, side in (("top", "height", size[0]), ("left", "width", size[1])):
            middle = torch.randint(side, (n,), generator=generator)
            reach = (half * side).long()
            table[begin] = (middle - reach).clamp(min=0)
            table[length] = (middle + reach).clamp(max=side) - table[begin]
            area = area * table[length] / side
        return table | {"weight": 1 - area}

    def apply(self, images: Tensor, partners: Tensor, table: Table) -> Tensor:
        """Paste the partners' rectangles into images (n, c, h, w)."""
        return cutmix(images, partners, table["top"], table["left"], table["height"], table["width"])


def beta(n: int, alpha: float, generator: torch.Generator) -> Tensor:
    """Draw n numbers from Beta(alpha, alpha), between 0 and 1 and symmetric about a half.

    torch's own draws from it take no generator, so numpy's are used, seeded by this one.

    Example:
        >>> beta(2, 1.0, torch.Generator().manual_seed(0)).shape
        torch.Size([2])
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, n)).float()


def _check_partners(images: Tensor, partners: Tensor) -> None:
    check_images(images)
    if partners.shape != images.shape or partners.dtype != images.dtype:
        raise ShapeError(
            f"partners expects the shape and type of the images, {tuple(images.shape)} {images.dtype}, got "
            f"{tuple(partners.shape)} {partners.dtype}"
        )


register("mixup[:ALPHA]", "blend two images and their labels; last", lambda n, mode, images: MixUp(*n))
register(
    "cutmix[:ALPHA]",
    "paste a part of another image; last",
    lambda n, mode, images: CutMix(*n),
)
