"""What every augmentation is: numbers drawn by chance, one row an image, and a rule that uses them."""

import hashlib
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError

Table = dict[str, Tensor]
"""The numbers drawn for n images: each column a tensor whose first dimension is n."""

Size = tuple[int, int]
"""Height and width, in pixels."""

Mode = Literal["zeros", "reflect"]
"""What comes in at an edge: black, or the image mirrored."""


class Augmentation(ABC):
    """A random change of training images that keeps their meaning.

    It has two halves. ``draw`` throws the dice: a row of numbers for each image, always on the CPU, so that
    every device sees the same numbers. ``apply`` throws none: equal images and numbers give equal pictures.

    Only training images are augmented. Validation and test images are measured as they are.

    Attributes:
        once: the numbers are drawn once, and serve for all epochs.

    Introduced in chapter 19.
    """

    once: ClassVar[bool] = False

    @abstractmethod
    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw the numbers of n images of this height and width."""

    @abstractmethod
    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Change images (n, c, h, w) by numbers that were drawn before."""

    def size_after(self, size: Size) -> Size:
        """Say which height and width an image has afterwards."""
        return size

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Draw and apply: for a look at a few images, (n, c, h, w)."""
        check_images(images)
        return self.apply(images, self.draw(len(images), image_size(images), checked(generator)))


def keyed(seed: int, epoch: int = 0, place: int = 0) -> torch.Generator:
    """Make the generator of one step of a pipeline in one epoch.

    The three numbers are hashed into one seed. So neighbours have nothing in common, and a further step in
    a pipeline leaves what the others draw as it was.

    Args:
        seed: the seed of the run.
        epoch: the epoch, from 0.
        place: the place of the step in its pipeline, from 0.

    Returns:
        A generator on the CPU.

    Example:
        >>> torch.rand(2, generator=keyed(0, epoch=1)).equal(torch.rand(2, generator=keyed(0, epoch=1)))
        True
        >>> torch.rand(2, generator=keyed(0, epoch=1)).equal(torch.rand(2, generator=keyed(0, epoch=2)))
        False

    Introduced in chapter 19.
    """
    digest = hashlib.blake2b(f"{seed}/{epoch}/{place}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def rows(table: Table, index: Tensor) -> Table:
    """Pick the rows of some images out of a table for many.

    Args:
        table: numbers for all images.
        index: which images, int64, shape (b,).

    Returns:
        The same columns, b rows.

    Example:
        >>> rows({"top": torch.tensor([5, 6, 7])}, torch.tensor([2, 0]))
        {'top': tensor([7, 5])}
    """
    return {name: column[index.to(column.device)] for name, column in table.items()}


def check_images(images: Tensor) -> None:
    """Make sure that images are a batch.

    Raises:
        ShapeError: they are not (n, c, h, w).

    Example:
        >>> check_images(torch.zeros(28, 28))
        Traceback (most recent call last):
        cnncourse.errors.ShapeError: images expects (n, c, h, w), got shape (28, 28) — add what
            is missing, as in images[None, None]
    """
    if images.ndim != 4:
        raise ShapeError(
            f"images expects (n, c, h, w), got shape {tuple(images.shape)} — add what is missing, "
            "as in images[None, None]"
        )


def image_size(images: Tensor) -> Size:
    """Return height and width of a batch.

    Example:
        >>> image_size(torch.zeros(8, 3, 32, 24))
        (32, 24)
    """
    return images.shape[2], images.shape[3]


def checked(generator: torch.Generator) -> torch.Generator:
    """Make sure that a generator lives on the CPU, where all devices see the same numbers.

    Raises:
        ArgumentError: it lives elsewhere, or is none.

    Example:
        >>> checked(torch.Generator()).device.type
        'cpu'
    """
    if not isinstance(generator, torch.Generator) or generator.device.type != "cpu":
        got = f"one on {generator.device}" if isinstance(generator, torch.Generator) else repr(generator)
        raise ArgumentError(
            "generator expects a torch.Generator on the CPU, so that every device draws the same numbers, "
            f"got {got}"
        )
    return generator


def column(name: str, values: Tensor, images: Tensor) -> Tensor:
    """Bring one number for each image to the images' device, shaped to multiply them.

    Args:
        name: what the numbers are called, for the error.
        values: one number an image, shape (n,).
        images: shape (n, c, h, w).

    Returns:
        The numbers, shape (n, 1, 1, 1).

    Raises:
        ShapeError: there is not one number for each image.

    Example:
        >>> column("angle", torch.zeros(5), torch.zeros(5, 1, 8, 8)).shape
        torch.Size([5, 1, 1, 1])
    """
    if values.shape != images.shape[:1]:
        raise ShapeError(
            f"{name} expects one number for each of the {len(images)} images, got shape {tuple(values.shape)}"
        )
    return values.to(images.device).reshape(-1, 1, 1, 1)


def probability(name: str, value: float) -> None:
    """Make sure that a number is a probability.

    Raises:
        ArgumentError: it is not between 0 and 1.

    Example:
        >>> probability("p", 1.5)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: p expects a probability from 0 to 1, got 1.5
    """
    if not 0 <= value <= 1:
        raise ArgumentError(f"{name} expects a probability from 0 to 1, got {value}")


def span(name: str, value: tuple[float, float], least: float, most: float = float("inf")) -> None:
    """Make sure that two numbers are the ends of a range that makes sense.

    Raises:
        ArgumentError: they are not two, not in order, or not within the limits.

    Example:
        >>> span("scale", (0.9, 0.2), 0)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: scale expects (low, high) with 0 ≤ low ≤ high ≤ inf, got (0.9, 0.2)
    """
    if len(value) != 2 or not least <= value[0] <= value[1] <= most:
        raise ArgumentError(f"{name} expects (low, high) with {least:g} ≤ low ≤ high ≤ {most:g}, got {value}")


def uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Draw n numbers evenly between two.

    Example:
        >>> bool((uniform(100, 2, 3, torch.Generator()) >= 2).all())
        True
    """
    return torch.rand(n, generator=generator) * (high - low) + low
