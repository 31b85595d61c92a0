"""Convolutions that do not let every channel meet every other, and the shuffle that brings them together."""

import torch
from torch import Tensor

from cnncourse.conv.columns import conv2d_im2col, im2col
from cnncourse.conv.shapes import check_filters, output_size
from cnncourse.errors import ArgumentError, ShapeError


def conv2d_grouped(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    groups: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Cut the channels into groups, convolve each group on its own, and stack what comes out.

    The definition itself: a loop over small convolutions that know nothing of each other.

    Args:
        x: images, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in/groups, kh, kw); the first c_out/groups belong to the first group.
        bias: one value a filter, shape (c_out,), or None.
        groups: how many parts the channels are cut into; divides c_in and c_out.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the kernel, ≥ 1.

    Returns:
        Feature maps, shape (n, c_out, out_h, out_w), equal to those of torch.nn.functional.conv2d.

    Raises:
        ShapeError: the channels of x and weight do not fit, or the kernel is larger than the padded image.
        ArgumentError: groups does not divide the channels, another argument is out of range, or the dtypes
            differ.

    Example:
        >>> x = torch.tensor([1.0, 10, 100, 1000]).reshape(1, 4, 1, 1)  # two groups: 1 and 10, 100 and 1000
        >>> conv2d_grouped(x, torch.ones(2, 2, 1, 1), groups=2).flatten()
        tensor([  11., 1100.])

    Introduced in chapter 04.

    Source: Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks
    (2012), section 3.2.
    """
    check_filters(x, weight, bias, groups=groups)
    parts = [
        conv2d_im2col(part, filters, stride=stride, padding=padding, dilation=dilation)
        for part, filters in zip(x.chunk(groups, dim=1), weight.chunk(groups), strict=True)
    ]
    out = torch.cat(parts, dim=1)
    return out if bias is None else out + bias[:, None, None]


def conv2d_depthwise(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Give each channel a kernel of its own and keep the results apart: as many groups as channels.

    Args:
        x: images, shape (n, c, h, w).
        weight: one kernel a channel, shape (c, 1, kh, kw).
        bias: one value a channel, shape (c,), or None.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the kernel, ≥ 1.

    Returns:
        Feature maps, shape (n, c, out_h, out_w), equal to those of torch.nn.functional.conv2d with groups=c.

    Raises:
        ShapeError: there is not one kernel for each channel, or the kernel is larger than the padded image.
        ArgumentError: stride, padding or dilation is out of range, or the dtypes differ.

    Example:
        >>> x = torch.tensor([1.0, 10]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
        >>> conv2d_depthwise(x, torch.ones(2, 1, 2, 2)).flatten()
        tensor([ 4., 40.])

    Introduced in chapter 04.

    Source: Howard et al., MobileNets (2017), section 3.1, equation 3.
    """
    if x.dim() == 4 and weight.dim() == 4 and tuple(weight.shape[:2]) != (x.shape[1], 1):
        raise ShapeError(
            f"weight expects one kernel for each of the {x.shape[1]} channels, "
            f"shape ({x.shape[1]}, 1, kh, kw), got shape {tuple(weight.shape)}"
        )
    channels = x.shape[1] if x.dim() == 4 else 1
    check_filters(x, weight, bias, groups=channels)
    kh, kw = weight.shape[2:]
    size = output_size(x, (kh, kw), stride=stride, padding=padding, dilation=dilation)
    columns = im2col(x, (kh, kw), stride=stride, padding=padding, dilation=dilation)
    windows = columns.reshape(len(x), channels, kh * kw, -1)  # (n, c, taps, places)
    out = torch.einsum("nctp,ct->ncp", windows, weight.flatten(1)).reshape(len(x), channels, *size)
    return out if bias is None else out + bias[:, None, None]


def conv2d_separable(
    x: Tensor,
    depthwise: Tensor,
    pointwise: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Tensor:
    """Look first, mix afterwards: a depthwise convolution, then a 1×1 convolution.

    It is the ordinary convolution whose filters are ``pointwise[k, c] · depthwise[c]``: for each input
    channel, the kernels of all filters are multiples of one.

    Args:
        x: images, shape (n, c_in, h, w).
        depthwise: one kernel a channel, shape (c_in, 1, kh, kw).
        pointwise: how much of each channel goes into each map, shape (c_out, c_in, 1, 1).
        bias: one value a map, shape (c_out,), or None.
        stride: pixels between neighbouring windows of the depthwise part, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.
        dilation: pixels between neighbouring taps of the kernel, ≥ 1.

    Returns:
        Feature maps, shape (n, c_out, out_h, out_w).

    Raises:
        ShapeError: the channels do not fit, pointwise is not 1×1, or the kernel is larger than the image.
        ArgumentError: stride, padding or dilation is out of range, or the dtypes differ.

    Example:
        >>> x = torch.tensor([1.0, 10]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
        >>> conv2d_separable(x, torch.ones(2, 1, 2, 2), torch.tensor([[2.0, 1]])[:, :, None, None]).item()
        48.0

    Introduced in chapter 04.

    Source: Sifre, Rigid-motion scattering for image classification (2014); Howard et al., MobileNets (2017).
    """
    if pointwise.dim() != 4 or tuple(pointwise.shape[2:]) != (1, 1):
        raise ShapeError(
            f"pointwise expects shape (c_out, c_in, 1, 1), got {tuple(pointwise.shape)} — "
            "add the two axes with pointwise[:, :, None, None]"
        )
    maps = conv2d_depthwise(x, depthwise, stride=stride, padding=padding, dilation=dilation)
    return conv2d_im2col(maps, pointwise, bias)


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal the channels out anew: first those that are first in their group, then the seconds.

    Three steps that copy no arithmetic: reshape to (groups, channels of a group), transpose, reshape back.

    Args:
        x: maps, shape (n, c, h, w).
        groups: groups that the channels are in; divides c.

    Returns:
        The same maps in another order, shape (n, c, h, w).

    Raises:
        ShapeError: x has not four axes, or c is not a multiple of groups.
        ArgumentError: groups is not a whole number ≥ 1.

    Example:
        >>> channel_shuffle(torch.arange(6).reshape(1, 6, 1, 1), 2).flatten().tolist()
        [0, 3, 1, 4, 2, 5]

    Introduced in chapter 04.

    Source: Zhang et al., ShuffleNet (2018), section 3.1, figure 1(c).
    """
    if x.dim() != 4:
        raise ShapeError(f"x expects 4 dimensions (n, c, h, w), got {x.dim()} — shape {tuple(x.shape)}")
    if not isinstance(groups, int) or isinstance(groups, bool) or groups < 1:
        raise ArgumentError(f"groups expects a whole number ≥ 1, got {groups!r}")
    n, c, h, w = x.shape
    if c % groups:
        raise ShapeError(f"x has {c} channels, which is not a multiple of groups={groups}")
    return x.reshape(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)
