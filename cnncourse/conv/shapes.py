"""What a convolution may be asked to do: one line for each mistake, before any arithmetic starts."""

from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.geometry import effective_kernel, out_size


def output_size(
    x: Tensor, kernel_size: tuple[int, int], *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> tuple[int, int]:
    """Say how many places a window can stop at on the images of a batch, or why it cannot.

    Args:
        x: images, shape (n, c, h, w).
        kernel_size: height and width of the window, in pixels.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the kernel, ≥ 1.

    Returns:
        Height and width of the output.

    Raises:
        ShapeError: x is not a batch of images, or the kernel is larger than the padded image.
        ArgumentError: the stride, padding or dilation is out of range.

    Example:
        >>> import torch
        >>> output_size(torch.ones(1, 1, 28, 28), (5, 5), padding=2, stride=2)
        (14, 14)

    Introduced in chapter 03.

    Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016), relationship 6.
    """
    if x.dim() != 4:
        raise ShapeError(
            f"x expects 4 dimensions (n, c, h, w), got {x.dim()} — shape {tuple(x.shape)}; "
            "reshape a single h×w picture with x[None, None]"
        )
    for name, value, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ArgumentError(f"{name} expects a whole number ≥ {least}, got {value!r}")
    reach = tuple(effective_kernel(size, dilation) for size in kernel_size)
    room = tuple(size + 2 * padding for size in x.shape[2:])
    if min(kernel_size) < 1 or reach[0] > room[0] or reach[1] > room[1]:
        raise ShapeError(
            f"the kernel covers {reach[0]}×{reach[1]} pixels, but the padded image has {room[0]}×{room[1]} — "
            "use a kernel that fits, or more padding"
        )
    height, width = x.shape[2:]
    return (
        out_size(height, kernel_size[0], stride, padding, dilation),
        out_size(width, kernel_size[1], stride, padding, dilation),
    )


def check_filters(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, groups: int = 1) -> None:
    """Make sure that a bank of filters fits a batch of images.

    Args:
        x: images, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in/groups, kh, kw).
        bias: one value a filter, shape (c_out,), or None.
        groups: blocks of channels that do not see each other; divides c_in and c_out.

    Raises:
        ShapeError: dimensions or channels do not fit together.
        ArgumentError: groups does not divide the channels, or the numbers are of different types.

    Example:
        >>> import torch
        >>> check_filters(torch.ones(8, 1, 28, 28), torch.ones(4, 3, 5, 5))
        Traceback (most recent call last):
        cnncourse.errors.ShapeError: weight expects 3 input channels, but x has 1 — shape (8, 1, 28, 28)

    Introduced in chapter 02.
    """
    if x.dim() != 4:
        raise ShapeError(
            f"x expects 4 dimensions (n, c, h, w), got {x.dim()} — shape {tuple(x.shape)}; "
            "reshape a single h×w picture with x[None, None]"
        )
    if weight.dim() != 4:
        raise ShapeError(
            f"weight expects 4 dimensions (c_out, c_in, kh, kw), got {weight.dim()} — "
            f"shape {tuple(weight.shape)}; reshape a single kernel with weight[None, None]"
        )
    filters, channels = weight.shape[:2]
    if not isinstance(groups, int) or groups < 1 or x.shape[1] % groups or filters % groups:
        raise ArgumentError(
            f"groups expects a divisor of the {x.shape[1]} input channels and the {filters} filters, "
            f"got {groups}"
        )
    if x.shape[1] != channels * groups:
        raise ShapeError(
            f"weight expects {channels * groups} input channels, but x has {x.shape[1]} — "
            f"shape {tuple(x.shape)}"
        )
    if bias is not None and bias.shape != (filters,):
        raise ShapeError(
            f"bias expects one value for each of the {filters} filters, shape ({filters},), "
            f"got shape {tuple(bias.shape)}"
        )
    if any(other is not None and other.dtype != x.dtype for other in (weight, bias)):
        raise ArgumentError(
            f"x, weight and bias expect one dtype, got {x.dtype} and {weight.dtype}"
            f"{'' if bias is None else f' and {bias.dtype}'} — convert with .to({x.dtype})"
        )
