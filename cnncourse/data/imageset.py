"""ImageSet: images and labels as whole tensors, with their statistics and the source they came from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, DataError

Kind = Literal["full", "sample", "generated"]


@dataclass(frozen=True)
class Source:
    """Where the images of a set came from; every recorded result carries it.

    Args:
        kind: ``"full"``, ``"sample"`` (a part of the set) or ``"generated"`` (drawn by the course).
        variant: for people, for example ``"official"`` or ``"JPEG copy"``.
        where: the place, told without the names of folders on this machine where that is possible.
        sha256: SHA-256 of the decoded pixels followed by the labels (one byte each), of this split.
        stand_in: where the images are not those that were asked for: a line that says so, for figures.

    Example:
        >>> Source("full", "official", "$CNNCOURSE_DATA/MNIST/raw", "ab12").kind
        'full'
    """

    kind: Kind
    variant: str
    where: str
    sha256: str
    stand_in: str = ""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A labelled set of images, held in memory as bytes.

    It works as a ``torch.utils.data.Dataset`` too: it has a length, and ``set[i]`` is a pair of a
    standardised float image and a label. Chapter 18 introduces it.

    Args:
        name: name of the set, as in ``load``.
        part: ``"train"`` or ``"test"``: the split that was loaded.
        images: uint8, shape (n, c, h, w).
        labels: int64, shape (n,); the place of the class in ``classes``.
        classes: class names.
        source: where the images came from.
        mean: per-channel mean of the training images, on the scale 0 to 1.
        std: per-channel standard deviation of the training images, on the same scale.

    Raises:
        DataError: the tensors do not have these types and shapes.

    Example:
        >>> pixels = torch.tensor([[[[0]]], [[[255]]]], dtype=torch.uint8)
        >>> source = Source("sample", "demo", "memory", "")
        >>> labels, classes = torch.tensor([0, 1]), ("dark", "light")
        >>> two = ImageSet("two", "train", pixels, labels, classes, source, (0.5,), (0.5,))
        >>> two
        ImageSet(two train: 2 images of 1×1×1, 2 classes, demo)
        >>> image, label = two[1]
        >>> image.item(), two.classes[label]
        (1.0, 'light')
    """

    name: str
    part: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: Source
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.ndim != 4:
            raise DataError(f"images expects uint8 (n, c, h, w), got {images.dtype} {tuple(images.shape)}")
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise DataError(
                f"labels expects int64, one for each of the {len(images)} images, got {labels.dtype} "
                f"{tuple(labels.shape)}"
            )
        if not len(self.mean) == len(self.std) == images.shape[1]:
            raise DataError(
                f"mean and std expect {images.shape[1]} values, got {len(self.mean)} and {len(self.std)}"
            )

    def __repr__(self) -> str:
        channels, height, width = self.images.shape[1:]
        return (
            f"ImageSet({self.name} {self.part}: {len(self):,} images of {channels}×{height}×{width}, "
            f"{len(self.classes)} classes, {self.source.variant})"
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One image, standardised as by ``normalised``, shape (c, h, w), and its label."""
        image, label = self.images[index], self.labels[index]
        return self._standardised(image[None])[0], int(label)

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return (self[index] for index in range(len(self)))

    def normalised(self) -> Tensor:
        """Return all images as floats with mean near 0 and standard deviation near 1.

        The statistics are those of the training images, for the test images too: what a network is trained to
        expect must not depend on what it is shown later.

        Returns:
            float32, shape (n, c, h, w).
        """
        return self._standardised(self.images)

    def _standardised(self, images: Tensor) -> Tensor:
        return standardiser(self.mean, self.std, images.device)(images)

    def take(self, n: int, seed: int = 0) -> "ImageSet":
        """Draw a smaller set in which every class keeps its share.

        Args:
            n: number of images wanted, from 1 to ``len(self)``.
            seed: the same seed draws the same images in the same order.

        Raises:
            ArgumentError: the set does not have n images.
        """
        if not 1 <= n <= len(self):
            raise ArgumentError(f"take expects 1 to {len(self):,} images, got {n:,}")
        chosen, _ = self._deal(n, seed)
        return self._pick(chosen)

    def split(self, fraction: float, seed: int = 0) -> tuple["ImageSet", "ImageSet"]:
        """Deal the images into two sets in which every class keeps its share.

        Args:
            fraction: share of the images that goes to the first set, between 0 and 1.
            seed: the same seed deals the same way.

        Returns:
            The first set with about ``fraction`` of the images, and the second with the rest.

        Raises:
            ArgumentError: one of the two sets would be empty.
        """
        n = round(fraction * len(self))
        if not 0 < n < len(self):
            raise ArgumentError(
                f"split expects a fraction that leaves images on both sides, got {fraction} of "
                f"{len(self):,} images"
            )
        first, second = self._deal(n, seed)
        return self._pick(first), self._pick(second)

    def _pick(self, index: Tensor) -> "ImageSet":
        return replace(self, images=self.images[index], labels=self.labels[index])

    def _deal(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """Two lists of positions, n in the first; shares of the classes are rounded by largest remainder."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        counts = torch.bincount(self.labels, minlength=len(self.classes))
        shares = counts.double() * n / len(self)
        wanted = shares.floor().long()
        short = n - int(wanted.sum())
        wanted[torch.argsort(shares - wanted, descending=True, stable=True)[:short]] += 1
        labels = self.labels[order]
        nth = torch.empty_like(labels)  # this image is the nth of its class in the shuffled order
        for label in range(len(counts)):
            mine = labels == label
            nth[mine] = torch.arange(int(mine.sum()))
        first = nth < wanted[labels]
        return order[first], order[~first]


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Compute mean and standard deviation of each channel, exactly, without a float copy of the images.

    A byte has only 256 values, so counting them is enough.

    Args:
        images: uint8, shape (n, c, h, w).

    Returns:
        The means and the standard deviations on the scale 0 to 1, a value for each channel.

    Example:
        >>> channel_statistics(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1))
        ((0.5,), (0.5,))
    """
    values = torch.arange(256, dtype=torch.float64) / 255
    means, stds = [], []
    for channel in images.unbind(1):
        weights = torch.bincount(channel.reshape(-1), minlength=256).double() / channel.numel()
        mean = (weights * values).sum()
        means.append(mean.item())
        stds.append((weights * (values - mean) ** 2).sum().sqrt().item())
    return tuple(means), tuple(stds)


def standardiser(mean: Any, std: Any, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Make the function that standardises images: (x/255 − mean)/std for each channel.

    Args:
        mean: per-channel mean of the training images, on the scale 0 to 1.
        std: per-channel standard deviation, likewise.
        device: where the images are.

    Returns:
        A function from uint8 (n, c, h, w) to float32 of the same shape.

    Example:
        >>> half = standardiser((0.5,), (0.5,), torch.device("cpu"))
        >>> half(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)).flatten()
        tensor([-1.,  1.])
    """
    centre, spread = (
        torch.as_tensor(value, dtype=torch.float32).mul(255).reshape(1, -1, 1, 1).to(device)
        for value in (mean, std)
    )
    return lambda images: images.float().sub_(centre).div_(spread)
