"""Convolution as its definition says: put the window down, multiply, add, move on."""

import torch.nn.functional as F
from torch import Tensor

from cnncourse.conv.columns import conv2d_im2col
from cnncourse.conv.shapes import check_filters, output_size


def conv2d_loops(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0
) -> Tensor:
    """Cross-correlate a batch of images with a bank of filters, one output value at a time.

    The definition itself, as nested loops over images, filters, rows and columns: slow on purpose, easy to
    trust. Every faster version in this package is tested against it.

    Args:
        x: images, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in, kh, kw).
        bias: one value a filter, shape (c_out,), or None.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.

    Returns:
        Feature maps, shape (n, c_out, (h + 2·padding − kh)//stride + 1, (w + 2·padding − kw)//stride + 1).

    Raises:
        ShapeError: the channels of x and weight differ, or the kernel is larger than the padded image.
        ArgumentError: stride or padding is out of range, or the dtypes differ.

    Example:
        >>> import torch
        >>> conv2d_loops(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))[0, 0]
        tensor([[4., 4.],
                [4., 4.]])

    Introduced in chapter 02.

    Source: Goodfellow, Bengio & Courville, Deep Learning (2016), eq. 9.6.
    """
    check_filters(x, weight, bias)
    filters, _, kh, kw = weight.shape
    height, width = output_size(x, (kh, kw), stride=stride, padding=padding)
    padded = F.pad(x, (padding, padding, padding, padding))
    out = x.new_zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    top, left = i * stride, j * stride
                    window = padded[n, :, top : top + kh, left : left + kw]  # (c_in, kh, kw)
                    out[n, k, i, j] = (window * weight[k]).sum()
                    if bias is not None:
                        out[n, k, i, j] += bias[k]
    return out


def true_convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0
) -> Tensor:
    """Convolve as mathematics defines it: the kernel is turned by 180° before it slides.

    Deep learning leaves the turn out and still says "convolution": a network learns its kernels, and it can
    learn a turned kernel as easily as the other one.

    Args:
        x: images, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in, kh, kw).
        bias: one value a filter, shape (c_out,), or None.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.

    Returns:
        Feature maps, of the same shape as those of conv2d_loops.

    Raises:
        ShapeError: the channels of x and weight differ, or the kernel is larger than the padded image.
        ArgumentError: stride or padding is out of range, or the dtypes differ.

    Example:
        >>> import torch
        >>> x = torch.zeros(1, 1, 3, 3)
        >>> x[0, 0, 1, 1] = 1  # one bright pixel: a true convolution copies the kernel there, upright
        >>> true_convolution(x, torch.tensor([[[[1.0, 2], [3, 4]]]]))[0, 0]
        tensor([[1., 2.],
                [3., 4.]])

    Introduced in chapter 02.

    Source: Goodfellow, Bengio & Courville, Deep Learning (2016), eq. 9.4.
    """
    return conv2d_im2col(x, weight.flip(-2, -1), bias, stride=stride, padding=padding)
