"""Convolution as one matrix product: lay every window out as a column, then multiply."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.conv.shapes import check_filters, output_size
from cnncourse.errors import ShapeError


def im2col(
    x: Tensor, kernel_size: int | tuple[int, int], *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """Copy every window of every image into a column.

    Args:
        x: images, shape (n, c, h, w).
        kernel_size: height and width of the window, or one number for both.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the window, ≥ 1.

    Returns:
        Columns, shape (n, c·kh·kw, L): one for each of the L windows, row by row; within a column the channel
        changes slowest and the position along a row fastest.

    Raises:
        ShapeError: x is not a batch of images, or the window is larger than the padded image.
        ArgumentError: stride, padding or dilation is out of range.

    Example:
        >>> im2col(torch.arange(9.0).reshape(1, 1, 3, 3), 2)[0]
        tensor([[0., 1., 3., 4.],
                [1., 2., 4., 5.],
                [3., 4., 6., 7.],
                [4., 5., 7., 8.]])

    Introduced in chapter 02.

    Source: Chellapilla, Puri & Simard, High performance convolutional neural networks for document
    processing (2006).
    """
    kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    height, width = output_size(x, (kh, kw), stride=stride, padding=padding, dilation=dilation)
    padded = F.pad(x, (padding, padding, padding, padding))
    rows = _reads(kh, height, stride, dilation, x.device)  # (kh, height)
    cols = _reads(kw, width, stride, dilation, x.device)  # (kw, width)
    windows = padded[:, :, rows[:, None, :, None], cols[None, :, None, :]]  # (n, c, kh, kw, height, width)
    return windows.reshape(len(x), x.shape[1] * kh * kw, height * width)


def _reads(taps: int, places: int, stride: int, dilation: int, device: torch.device) -> Tensor:
    """Say which row (or column) of the padded image each tap reads at each place: shape (taps, places)."""
    tap = torch.arange(taps, device=device)
    place = torch.arange(places, device=device)
    return tap[:, None] * dilation + place[None, :] * stride


def col2im(
    columns: Tensor,
    size: tuple[int, int],
    kernel_size: int | tuple[int, int],
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Add every column back into the window it came from: the transpose of im2col, not its inverse.

    A pixel that lies in several windows receives the sum of what they bring. That is what gradients need.

    Args:
        columns: shape (n, c·kh·kw, L), as im2col gives them.
        size: height and width of the images.
        kernel_size: height and width of the window, or one number for both.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros that were added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the window, ≥ 1.

    Returns:
        Images, shape (n, c, height, width).

    Raises:
        ShapeError: the columns do not belong to images of that size.
        ArgumentError: stride, padding or dilation is out of range.

    Example:
        >>> col2im(torch.ones(1, 4, 4), (3, 3), 2)[0, 0]  # how many 2×2 windows hold each pixel
        tensor([[1., 2., 1.],
                [2., 4., 2.],
                [1., 2., 1.]])

    Introduced in chapter 02.
    """
    kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    if columns.dim() != 3:
        raise ShapeError(f"columns expect 3 dimensions (n, c·kh·kw, L), got shape {tuple(columns.shape)}")
    n, depth, places = columns.shape
    padded = columns.new_zeros(n, depth // (kh * kw), size[0] + 2 * padding, size[1] + 2 * padding)
    height, width = output_size(padded, (kh, kw), stride=stride, dilation=dilation)
    if depth % (kh * kw) or places != height * width:
        raise ShapeError(
            f"columns expect shape (n, c·{kh * kw}, {height * width}) for images of {size[0]}×{size[1]}, "
            f"got {tuple(columns.shape)}"
        )
    windows = columns.reshape(n, -1, kh, kw, height, width)
    for u in range(kh):
        for v in range(kw):
            rows = slice(u * dilation, u * dilation + (height - 1) * stride + 1, stride)
            cols = slice(v * dilation, v * dilation + (width - 1) * stride + 1, stride)
            padded[:, :, rows, cols] += windows[:, :, u, v]
    return padded[:, :, padding : padding + size[0], padding : padding + size[1]]


def conv2d_im2col(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate a batch of images with a bank of filters, as one matrix product.

    Fast, because matrix products are what processors do best; hungry, because a pixel is copied into every
    window that holds it.

    Args:
        x: images, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in/groups, kh, kw).
        bias: one value a filter, shape (c_out,), or None.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the kernel, ≥ 1.
        groups: blocks of channels that do not see each other; divides c_in and c_out.

    Returns:
        Feature maps, shape (n, c_out, out_h, out_w), equal to torch.nn.functional.conv2d.

    Raises:
        ShapeError: the channels of x and weight differ, or the kernel is larger than the padded image.
        ArgumentError: stride, padding, dilation or groups is out of range, or the dtypes differ.

    Example:
        >>> conv2d_im2col(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))[0, 0]
        tensor([[4., 4.],
                [4., 4.]])

    Introduced in chapter 02; dilation in chapter 03, groups in chapter 04.

    Source: Chellapilla, Puri & Simard, High performance convolutional neural networks for document
    processing (2006).
    """
    check_filters(x, weight, bias, groups=groups)
    filters, _, kh, kw = weight.shape
    height, width = output_size(x, (kh, kw), stride=stride, padding=padding, dilation=dilation)
    columns = im2col(x, (kh, kw), stride=stride, padding=padding, dilation=dilation)
    columns = columns.reshape(len(x), groups, -1, height * width)  # (n, groups, c_in/groups·kh·kw, L)
    rows = weight.reshape(groups, filters // groups, -1)  # (groups, c_out/groups, c_in/groups·kh·kw)
    out = (rows @ columns).reshape(len(x), filters, height, width)
    return out if bias is None else out + bias[:, None, None]
