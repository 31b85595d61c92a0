"""Pad and crop: each image seen through a window that is shifted a little."""

from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from cnncourse.augment.parse import register
from cnncourse.augment.step import Augmentation, Mode, Size, Table, check_images
from cnncourse.errors import ArgumentError, ShapeError


def pad(images: Tensor, padding: int, mode: Mode = "zeros") -> Tensor:
    """Add a border around each image.

    Args:
        images: any type, shape (n, c, h, w).
        padding: pixels on each side, ≥ 0.
        mode: ``"zeros"`` is black, ``"reflect"`` mirrors the image at its border pixels.

    Returns:
        Images of the same type, shape (n, c, h + 2·padding, w + 2·padding).

    Raises:
        ShapeError: images is no batch, or too small to be mirrored that far.
        ArgumentError: the padding or the mode makes no sense.

    Example:
        >>> pad(torch.tensor([[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]), 1, "reflect")[0, 0, 0]
        tensor([5, 4, 5, 6, 5])

    Introduced in chapter 03; used for augmentation in chapter 19.
    """
    check_images(images)
    _check_border(padding, mode)
    if mode == "zeros":
        return F.pad(images, [padding] * 4)
    if padding >= min(images.shape[2:]):
        raise ShapeError(
            f"reflecting {padding} pixels needs images larger than that, got "
            f"{images.shape[2]}×{images.shape[3]}"
        )
    columns, lines = (mirrored(size, padding, images.device) for size in (images.shape[3], images.shape[2]))
    return images.index_select(2, lines).index_select(3, columns)


def _check_border(padding: int, mode: str) -> None:
    if not isinstance(padding, int) or padding < 0:
        raise ArgumentError(f"padding expects a whole number ≥ 0, got {padding!r}")
    if mode not in get_args(Mode):
        raise ArgumentError(f"mode expects one of {', '.join(get_args(Mode))}, got {mode!r}")


def mirrored(size: int, padding: int, device: torch.device) -> Tensor:
    """List the pixels of a line that is mirrored at both ends, as their numbers.

    Example:
        >>> mirrored(4, 2, torch.device("cpu"))
        tensor([2, 1, 0, 1, 2, 3, 2, 1])
    """
    place = torch.arange(-padding, size + padding, device=device).abs()
    return size - 1 - (size - 1 - place).abs()


def crop(images: Tensor, top: Tensor, left: Tensor, size: Size, index: Tensor | None = None) -> Tensor:
    """Cut one window out of each image.

    All windows are views of the same memory: a window is told by the one number at which it begins. So the
    whole batch is a single gather, in whole rows of pixels, with no mask.

    Args:
        images: any type, shape (n, c, h, w); padded already, if padding is wanted.
        top: row at which each window begins, int64, shape (b,).
        left: column, likewise.
        size: height and width of the windows.
        index: which image each window looks at, int64, shape (b,); None means each image in turn, b = n.

    Returns:
        The windows, shape (b, c, height, width).

    Raises:
        ShapeError: a window leaves its image, or the numbers are not one for each window.

    Example:
        >>> picture = torch.arange(12).reshape(1, 1, 3, 4)
        >>> crop(picture, torch.tensor([1]), torch.tensor([2]), (2, 2))[0, 0]
        tensor([[ 6,  7],
                [10, 11]])

    Introduced in chapter 19; chapter 21 measures it.
    """
    check_images(images)
    _, channels, height, width = images.shape
    index = torch.arange(len(images)) if index is None else index
    if not top.shape == left.shape == index.shape:
        raise ShapeError(
            f"top and left expect one number for each of the {len(index)} windows, got shapes "
            f"{tuple(top.shape)} and {tuple(left.shape)}"
        )
    _check_inside(top, left, size, (height, width))
    images = images.contiguous()
    plane = height * width
    reach = (channels - 1) * plane + (size[0] - 1) * width + size[1]
    starts = images.numel() - reach + 1
    if not len(index):
        return images.new_empty(0, channels, *size)
    windows = images.as_strided(
        (starts, channels, *size), (1, plane, width, 1), storage_offset=images.storage_offset()
    )
    begin = index.to(top.device) * (channels * plane) + top * width + left
    return windows.index_select(0, begin.to(images.device))


def _check_inside(top: Tensor, left: Tensor, size: Size, room: Size) -> None:
    if top.device.type != "cpu":  # looking at the numbers would make a GPU wait
        return
    for name, begin, length, limit in zip(("top", "left"), (top, left), size, room, strict=True):
        if len(begin) and not (int(begin.min()) >= 0 and int(begin.max()) + length <= limit):
            raise ShapeError(
                f"a window of {size[0]}×{size[1]} must begin at 0…{limit - length} in an image of "
                f"{room[0]}×{room[1]}, got {name} from {int(begin.min())} to {int(begin.max())}"
            )


@dataclass(frozen=True)
class RandomCrop(Augmentation):
    """Pad each training image, then cut a window of a given size at a random place.

    A cat that moved four pixels is still a cat: the net learns not to care. The recipe for CIFAR-10 is
    ``RandomCrop(32, padding=4)``.

    Args:
        size: height and width of the window in pixels; one number for a square.
        padding: pixels added on each side first.
        mode: what is added, ``"zeros"`` or ``"reflect"``.

    Raises:
        ArgumentError: a size or padding makes no sense.

    Example:
        >>> RandomCrop(32, padding=4)(torch.zeros(8, 3, 32, 32, dtype=torch.uint8), torch.Generator()).shape
        torch.Size([8, 3, 32, 32])

    Introduced in chapter 19.

    Source: He et al., Deep Residual Learning (2016), section 4.2.
    """

    size: int | Size
    padding: int = 0
    mode: Mode = "zeros"

    def __post_init__(self) -> None:
        if min(self.window) < 1:
            raise ArgumentError(f"size expects at least 1 pixel, got {self.size}")
        _check_border(self.padding, self.mode)

    @property
    def window(self) -> Size:
        """Height and width of the window."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def size_after(self, size: Size) -> Size:
        """Return the window's height and width."""
        return self.window

    def draw(self, n: int, size: Size, generator: torch.Generator, epoch: int = 0) -> Table:
        """Draw the place of each window: the columns ``top`` and ``left``.

        Raises:
            ShapeError: the window is larger than the padded image.
        """
        room = [length + 2 * self.padding - window for length, window in zip(size, self.window, strict=True)]
        if min(room) < 0:
            raise ShapeError(
                f"a window of {self.window[0]}×{self.window[1]} does not fit images of {size[0]}×{size[1]} "
                f"with padding {self.padding} — pad more, or crop less"
            )
        top, left = (torch.randint(most + 1, (n,), generator=generator) for most in room)
        return {"top": top, "left": left}

    def apply(self, images: Tensor, table: Table) -> Tensor:
        """Pad and crop images (n, c, h, w)."""
        return crop(pad(images, self.padding, self.mode), table["top"], table["left"], self.window)


register(
    "crop:PADDING[:reflect]",
    "pad, then cut a window of the images' own size",
    lambda n, mode, images: RandomCrop(images.size, padding=n[0], mode=mode),
)
