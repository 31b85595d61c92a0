"""Change brightness, contrast, saturation and hue, each image by its own factors."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cnncourse.augment.parse import register
from cnncourse.augment.step import Augmentation, Size, Table, check_images, column, span, uniform
from cnncourse.errors import ArgumentError, ShapeError

Range = tuple[float, float]


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiply all pixels: 0 is black, 1 changes nothing, 2 is twice as bright.

    Args:
        images: uint8, or float from 0 to 1; grey or RGB, shape (n, c, h, w).
        factor: one for each image, ≥ 0, shape (n,).

    Returns:
        Images of the same type and shape; what is too bright is cut off.

    Raises:
        ShapeError: images are neither grey nor RGB, or there is not one factor for each.

    Example:
        >>> brightness(torch.tensor([[[[0.25, 0.75]]]]), torch.tensor([2.0])).flatten()
        tensor([0.5000, 1.0000])

    Introduced in chapter 19.
    """
    check_colours(images)
    return _limited(images * column("factor", factor, images), images)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Move all pixels away from the image's mean grey, or towards it: 0 is plain grey, 1 changes nothing.

    Args:
        images: uint8, or float from 0 to 1; grey or RGB, shape (n, c, h, w).
        factor: one for each image, ≥ 0, shape (n,).

    Returns:
        Images of the same type and shape.

    Raises:
        ShapeError: images are neither grey nor RGB, or there is not one factor for each.

    Example:
        >>> contrast(torch.tensor([[[[0.25, 0.75]]]]), torch.tensor([0.5])).flatten()
        tensor([0.3750, 0.6250])

    Introduced in chapter 19.
    """
    check_colours(images)
    return _blend(images, grey(images).mean((1, 2, 3), keepdim=True), factor)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Move each pixel away from its own grey, or towards it: 0 is a grey picture, 1 changes nothing.

    Args:
        images: uint8, or float from 0 to 1; grey or RGB, shape (n, c, h, w).
        factor: one for each image, ≥ 0, shape (n,).

    Returns:
        Images of the same type and shape; grey ones come back as they are.

    Raises:
        ShapeError: images are neither grey nor RGB, or there is not one factor for each.

    Example:
        >>> red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
        >>> saturation(red, torch.tensor([0.0])).flatten()
        tensor([0.2989, 0.2989, 0.2989])

    Introduced in chapter 19.
    """
    check_colours(images)
    column("factor", factor, images)
    return images if images.shape[1] == 1 else _blend(images, grey(images), factor)


def hue(images: Tensor, shift: Tensor) -> Tensor:
    """Turn the colour wheel: a third of a turn makes red green, green blue and blue red.

    Args:
        images: uint8, or float from 0 to 1; grey or RGB, shape (n, c, h, w).
        shift: turns, −0.5 to 0.5, one for each image, shape (n,).

    Returns:
        Images of the same type and shape; grey ones come back as they are.

    Raises:
        ShapeError: images are neither grey nor RGB, or there is not one shift for each.

    Example:
        >>> red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
        >>> hue(red, torch.tensor([1 / 3])).flatten().round(decimals=4)
        tensor([0., 1., 0.])

    Introduced in chapter 19.

    Source: Smith, Color Gamut Transform Pairs (1978), the HSV hexcone.
    """
    check_colours(images)
    turn = column("shift", shift, images)
    if images.shape[1] == 1:
        return images
    pixels = images if images.is_floating_point() else images.float() / 255
    largest, which = pixels.max(1, keepdim=True)
    chroma = largest - pixels.amin(1, keepdim=True)
    # The largest channel says which third of the wheel it is, the difference of the other two where in it.
    following, previous = (pixels.gather(1, (which + step) % 3) for step in (1, 2))
    sixths = 2 * which + torch.where(chroma > 0, (following - previous) / chroma, 0) + 6 * turn
    channel = torch.tensor([5, 3, 1], device=images.device).reshape(1, 3, 1, 1)
    place = (channel + sixths).remainder(6)
    turned = largest - chroma * torch.minimum(place, 4 - place).clamp(0, 1)
    if images.is_floating_point():
        return turned.to(images.dtype)
    return (turned * 255.999).to(images.dtype)


def grey(images: Tensor) -> Tensor:
    """Weigh red, green and blue as the eye does; shape (n, 1, h, w).

    Example:
        >>> red = torch.tensor([255, 0, 0], dtype=torch.uint8).reshape(1, 3, 1, 1)
        >>> grey(red).item()  # 76.2, in whole levels for bytes
        76.0

    Source: ITU-R BT.601.
    """
    if images.shape[1] == 1:
        return images if images.is_floating_point() else images.float()
    red, green, blue = (images[:, channel, None] for channel in range(3))
    mixed = red * 0.2989 + green * 0.587 + blue * 0.114
    return mixed if images.is_floating_point() else mixed.floor()


def check_colours(images: Tensor) -> None:
    """Make sure that images are grey or RGB.

    Raises:
        ShapeError: they have another number of channels, or are no batch.

    Example:
        >>> check_colours(torch.zeros(1, 2, 8, 8))
        Traceback (most recent call last):
        cnncourse.errors.ShapeError: images expects 1 channel (grey) or 3 (RGB), got 2
    """
    check_images(images)
    if images.shape[1] not in (1, 3):
        raise ShapeError(f"images expects 1 channel (grey) or 3 (RGB), got {images.shape[1]}")


def _blend(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    share = column("factor", factor, images)
    return _limited(images * share + other * (1 - share), images)


def _limited(pixels: Tensor, like: Tensor) -> Tensor:
    return pixels.clamp(0, 1 if like.is_floating_point() else 255).to(like.dtype)


CHANGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "hue": hue,
}


@dataclass(frozen=True)
class ColorJitter(Augmentation):
    """Change the light and the colours of each training image a little, in an order drawn for each.

    Args:
        brightness: factors from 1 − this to 1 + this, not below 0.
        contrast: likewise.
        saturation: likewise.
        hue: turns of the colour wheel from −this to this, at most 0.5.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> jitter = ColorJitter(brightness=0.4, hue=0.1)
        >>> jitter(torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.Generator()).shape
        torch.Size([2, 3, 8, 8])

    Introduced in chapter 19.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            span(name, (0, getattr(self, name)), 0)
        span("hue", (0, self.hue), 0, 0.5)
        if not any((self.brightness, self.contrast, self.saturation, self.hue)):
            raise ArgumentError("ColorJitter expects at least one of its four numbers above 0, got none")

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw the four numbers of each image, and ``order``, the place of each change, shape (n, 4)."""
        table: Table = {"order": torch.rand(n, len(CHANGES), generator=generator).argsort(1)}
        for name in ("brightness", "contrast", "saturation"):
            most = getattr(self, name)
            table[name] = uniform(n, max(0.0, 1 - most), 1 + most, generator)
        return table | {"hue": uniform(n, -self.hue, self.hue, generator)}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Change images (n, c, h, w): place by place, those whose turn a change is."""
        images = images.clone()
        for place in range(len(CHANGES)):
            for number, (name, change) in enumerate(CHANGES.items()):
                if getattr(self, name):
                    chosen = (table["order"][:, place] == number).nonzero().squeeze(1)
                    there = chosen.to(images.device)
                    images[there] = change(images[there], table[name][chosen])
        return images


register(
    "jitter:LIGHT[:CONTRAST[:SATURATION[:HUE]]]",
    "change light, contrast and saturation by up to one number, or each by its own; then the hue",
    lambda n, mode, images: ColorJitter(*(n if len(n) > 1 else [n[0]] * 3)),
)
