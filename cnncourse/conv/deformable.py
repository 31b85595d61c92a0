"""Deformable convolution: each tap may read beside its place, between the pixels."""

import torch
from torch import Tensor

from cnncourse.conv.shapes import check_filters, output_size
from cnncourse.errors import ArgumentError, ShapeError


def sample_bilinear(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read images between their pixels: the mean of the four neighbours, the nearer the heavier.

    Outside the image everything is 0, and the fade to it takes one pixel.

    Args:
        x: images, shape (n, c, h, w).
        rows: where to read, in pixels from the centre of the first row, shape (n, …).
        columns: where to read, in pixels from the centre of the first column, of the same shape.

    Returns:
        What was read, shape (n, c, …).

    Raises:
        ShapeError: x has not four axes, or rows and columns have not one shape that begins with n.

    Example:
        >>> x = torch.tensor([[0.0, 10], [20, 30]])[None, None]
        >>> sample_bilinear(x, torch.tensor([[0.5]]), torch.tensor([[0.25]])).item()  # 0.75 · 10 + 0.25 · 20
        12.5

    Introduced in chapter 04.

    Source: Dai et al., Deformable convolutional networks (2017), equations 3 and 4.
    """
    if x.dim() != 4:
        raise ShapeError(f"x expects 4 dimensions (n, c, h, w), got {x.dim()} — shape {tuple(x.shape)}")
    if rows.shape != columns.shape or rows.dim() < 1 or len(rows) != len(x):
        raise ShapeError(
            f"rows and columns expect one shape ({len(x)}, …), got {tuple(rows.shape)} and "
            f"{tuple(columns.shape)}"
        )
    n, c, h, w = x.shape
    where = rows.shape[1:]
    rows, columns = rows.reshape(n, -1), columns.reshape(n, -1)
    pixels = x.flatten(2)  # (n, c, h·w)
    top, left = rows.floor(), columns.floor()
    total = x.new_zeros(n, c, rows.shape[1])
    for row in (top, top + 1):
        for column in (left, left + 1):
            share = (1 - (rows - row).abs()) * (1 - (columns - column).abs())
            inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
            index = row.clamp(0, h - 1).long() * w + column.clamp(0, w - 1).long()
            value = pixels.gather(2, index[:, None].expand(n, c, -1))
            total = total + (share * inside)[:, None] * value
    return total.reshape(n, c, *where)


def deform_conv2d_bilinear(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    mask: Tensor | None = None,
) -> Tensor:
    """Convolve with taps that have been moved: version 1, or version 2 where a mask is given.

    With offsets of 0, and a mask of 1, it is the ordinary convolution. All input channels share the offsets.

    Args:
        x: images, shape (n, c_in, h, w).
        offset: shape (n, 2·kh·kw, out_h, out_w): for each tap, row by row, how far it moves down and then
            how far to the right, in pixels, at each place of the output.
        weight: filters, shape (c_out, c_in, kh, kw).
        bias: one value a filter, shape (c_out,), or None.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps before they move, ≥ 1.
        mask: how much each tap counts, shape (n, kh·kw, out_h, out_w), or None for 1 everywhere.

    Returns:
        Feature maps, shape (n, c_out, out_h, out_w), equal to those of torchvision.ops.deform_conv2d.

    Raises:
        ShapeError: the channels of x and weight, or the shapes of offset or mask, do not fit.
        ArgumentError: stride, padding or dilation is out of range, or the dtypes differ.

    Example:
        >>> x = torch.tensor([[1.0, 2, 4]])[None, None]
        >>> half = torch.tensor([0.0, 0.5]).reshape(1, 2, 1, 1).expand(1, 2, 1, 3)  # to the right
        >>> deform_conv2d_bilinear(x, half, torch.ones(1, 1, 1, 1)).flatten()
        tensor([1.5000, 3.0000, 2.0000])

    Introduced in chapter 04.

    Source: Dai et al., Deformable convolutional networks (2017), equation 2; Zhu et al., Deformable ConvNets
    v2 (2019), equation 1.
    """
    check_filters(x, weight, bias)
    kh, kw = weight.shape[2:]
    height, width = output_size(x, (kh, kw), stride=stride, padding=padding, dilation=dilation)
    taps, n = kh * kw, len(x)
    for name, given, channels in (("offset", offset, 2 * taps), ("mask", mask, taps)):
        if given is None:
            continue
        if tuple(given.shape) != (n, channels, height, width):
            raise ShapeError(
                f"{name} expects shape {(n, channels, height, width)}, got {tuple(given.shape)} — "
                f"{channels} channels for {taps} taps, one value for each place of the output"
            )
        if given.dtype != x.dtype:
            raise ArgumentError(f"{name} expects the dtype of x, {x.dtype}, got {given.dtype}")
    moved = offset.reshape(n, taps, 2, height, width)
    down, across = _places(kh, kw, height, width, stride, padding, dilation, x)
    read = sample_bilinear(
        x, down + moved[:, :, 0], across + moved[:, :, 1]
    )  # (n, c_in, taps, height, width)
    if mask is not None:
        read = read * mask[:, None]
    out = torch.einsum("nctij,kct->nkij", read, weight.flatten(2))
    return out if bias is None else out + bias[:, None, None]


def _places(
    kh: int, kw: int, height: int, width: int, stride: int, padding: int, dilation: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Where each tap reads before it moves: rows (taps, height, 1) and columns (taps, 1, width)."""
    row = torch.arange(height).reshape(1, height, 1) * stride - padding
    column = torch.arange(width).reshape(1, 1, width) * stride - padding
    tap = torch.arange(kh * kw).reshape(-1, 1, 1)
    down, across = row + tap // kw * dilation, column + tap % kw * dilation
    return down.to(like), across.to(like)
