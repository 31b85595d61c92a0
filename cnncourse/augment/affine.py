"""Turn, stretch, slant and shift images: any change that keeps straight lines straight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from cnncourse.augment.parse import Setting, register
from cnncourse.augment.step import Augmentation, Mode, Size, Table, check_images, column, span, uniform
from cnncourse.errors import ArgumentError

Interpolation = Literal["nearest", "bilinear"]
Range = tuple[float, float]


def inverse_matrices(angle: Tensor, right: Tensor, down: Tensor, scale: Tensor, shear: Tensor) -> Tensor:
    """Say for each image where the pixels of the result come from.

    An image is slanted, scaled and turned about its middle, then shifted. The result asks the other way
    round: which place of the image belongs here? So the matrix is the inverse.

    Args:
        angle: degrees, clockwise, shape (n,).
        right: shift in pixels, shape (n,).
        down: shift in pixels, shape (n,).
        scale: 2 makes everything twice as large, shape (n,).
        shear: degrees by which upright lines lean, shape (n,).

    Returns:
        Matrices from (x, y, 1) in the result to (x, y) in the image, in pixels from the middle; (n, 2, 3).

    Example:
        >>> zero, one = torch.zeros(1), torch.ones(1)
        >>> inverse_matrices(zero, 3 * one, zero, 2 * one, zero)[0, 0]  # 3 back, then half as far
        tensor([ 0.5000,  0.0000, -1.5000])

    Introduced in chapter 19.
    """
    turn, lean = torch.deg2rad(angle), torch.deg2rad(shear)
    cos, sin, tan = turn.cos(), turn.sin(), lean.tan()
    x_from = torch.stack(((cos - sin * tan) / scale, (cos * tan + sin) / scale))
    y_from = torch.stack((-sin / scale, cos / scale))
    shift = torch.stack((right, down))
    rows = [torch.cat((row, -(row * shift).sum(0, keepdim=True))) for row in (x_from, y_from)]
    return torch.stack(rows).permute(2, 0, 1)


def affine(
    images: Tensor,
    angle: Tensor,
    right: Tensor,
    down: Tensor,
    scale: Tensor,
    shear: Tensor,
    interpolation: Interpolation = "bilinear",
) -> Tensor:
    """Turn, shift, scale and slant each image by its own numbers; what comes in at the edge is black.

    Args:
        images: uint8 or float, shape (n, c, h, w); bytes are rounded.
        angle: degrees, clockwise, shape (n,).
        right: shift in pixels, shape (n,).
        down: shift in pixels, shape (n,).
        scale: 2 makes everything twice as large, shape (n,).
        shear: degrees by which upright lines lean, shape (n,).
        interpolation: ``"bilinear"`` mixes four pixels, ``"nearest"`` takes one.

    Returns:
        Images of the same type and shape.

    Raises:
        ShapeError: images is no batch, or there is not one number for each image.
        ArgumentError: the interpolation is unknown.

    Example:
        >>> arrow, zero, one = torch.tensor([[[[1.0, 0.0, 0.0]] * 3]]), torch.zeros(1), torch.ones(1)
        >>> affine(arrow, 90 * one, zero, zero, one, zero, "nearest")[0, 0]
        tensor([[1., 1., 1.],
                [0., 0., 0.],
                [0., 0., 0.]])

    Introduced in chapter 19.
    """
    check_images(images)
    if interpolation not in get_args(Interpolation):
        raise ArgumentError(f"interpolation expects nearest or bilinear, got {interpolation!r}")
    numbers = {"angle": angle, "right": right, "down": down, "scale": scale, "shear": shear}
    matrices = inverse_matrices(*(column(name, value, images).flatten() for name, value in numbers.items()))
    pixels = images if images.is_floating_point() else images.float()
    grid = _places(matrices.to(pixels.dtype), images.shape[2], images.shape[3])
    moved = F.grid_sample(pixels, grid, mode=interpolation, padding_mode="zeros", align_corners=False)
    return moved if images.is_floating_point() else moved.round_().to(images.dtype)


def _places(matrices: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel of the result comes from, on grid_sample's scale of −1 to 1: (n, h, w, 2)."""
    x, y = (torch.arange(size).to(matrices) - (size - 1) / 2 for size in (width, height))
    grid = torch.stack(
        (x.expand(height, -1), y[:, None].expand(-1, width), torch.ones(height, width).to(x)), dim=-1
    )
    half = torch.tensor([width / 2, height / 2]).to(matrices)
    places: Tensor = grid.reshape(1, -1, 3) @ (matrices / half[:, None]).mT
    return places.reshape(-1, height, width, 2)


@dataclass(frozen=True)
class RandomAffine(Augmentation):
    """Turn, shift, scale and slant each training image a little.

    Args:
        degrees: smallest and largest angle, clockwise.
        translate: largest shift, as a part of width and height.
        scale: smallest and largest factor.
        shear: smallest and largest lean, in degrees.
        interpolation: ``"bilinear"`` or ``"nearest"``.

    Raises:
        ArgumentError: a range makes no sense.

    Example:
        >>> RandomAffine((-10, 10))(torch.zeros(2, 1, 28, 28, dtype=torch.uint8), torch.Generator()).shape
        torch.Size([2, 1, 28, 28])

    Introduced in chapter 19.

    Source: Simard, Steinkraus & Platt, Best Practices for Convolutional Neural Networks (2003), section 2.
    """

    degrees: Range
    translate: Range = (0.0, 0.0)
    scale: Range = (1.0, 1.0)
    shear: Range = (0.0, 0.0)
    interpolation: Interpolation = "bilinear"

    def __post_init__(self) -> None:
        span("degrees", self.degrees, -360, 360)
        for part in self.translate:
            span("translate", (0, part), 0, 1)
        span("scale", self.scale, 1e-3)
        span("shear", self.shear, -89, 89)
        if self.interpolation not in get_args(Interpolation):
            raise ArgumentError(f"interpolation expects nearest or bilinear, got {self.interpolation!r}")

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``angle``, ``right``, ``down``, ``scale`` and ``shear``; shifts are whole pixels."""
        furthest = self.translate[0] * size[1], self.translate[1] * size[0]
        return {
            "angle": uniform(n, *self.degrees, generator),
            "right": uniform(n, -furthest[0], furthest[0], generator).round(),
            "down": uniform(n, -furthest[1], furthest[1], generator).round(),
            "scale": uniform(n, *self.scale, generator),
            "shear": uniform(n, *self.shear, generator),
        }

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Move the pixels of images (n, c, h, w)."""
        return affine(images, **table, interpolation=self.interpolation)


@dataclass(frozen=True)
class RandomRotation(Augmentation):
    """Turn each training image a little; the corners that come in are black.

    A few degrees suit digits. Beware of more: a 6 turned far enough is a 9.

    Args:
        degrees: the largest angle to either side, 0 to 180.
        interpolation: ``"bilinear"`` or ``"nearest"``.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> RandomRotation(10)(torch.zeros(2, 1, 28, 28), torch.Generator()).shape
        torch.Size([2, 1, 28, 28])

    Introduced in chapter 19.
    """

    degrees: float
    interpolation: Interpolation = "bilinear"

    def __post_init__(self) -> None:
        span("degrees", (0, self.degrees), 0, 180)
        _ = self._turn

    @property
    def _turn(self) -> RandomAffine:
        return RandomAffine((-self.degrees, self.degrees), interpolation=self.interpolation)

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw ``angle``, clockwise, and the numbers of a change that does nothing else."""
        return self._turn.draw(n, size, generator, epoch)

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Turn images (n, c, h, w)."""
        return self._turn.apply(images, table)


def _affine(numbers: Sequence[Any], mode: Mode, images: Setting) -> RandomAffine:
    if len(numbers) == 3:
        raise ArgumentError("the largest factor is missing")
    degrees, part = numbers[0], numbers[1] if len(numbers) > 1 else 0.0
    scale = (numbers[2], numbers[3]) if len(numbers) > 2 else (1.0, 1.0)
    return RandomAffine((-degrees, degrees), translate=(part, part), scale=scale)


register(
    "affine:DEGREES[:SHIFT[:SMALLEST:LARGEST]]",
    "turn, shift by up to a part of the side, scale between two factors",
    _affine,
)
register("rotate:DEGREES", "turn by up to so much", lambda n, mode, images: RandomRotation(n[0]))
