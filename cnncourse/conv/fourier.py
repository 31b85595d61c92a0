"""Convolution by Fourier transform: slide no window at all, multiply spectra instead."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.conv.shapes import check_filters, output_size
from cnncourse.errors import ArgumentError


def conv2d_fft(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0
) -> Tensor:
    """Cross-correlate a batch of images with a bank of filters by way of their spectra.

    The work hardly depends on the size of the kernel, so it pays for large kernels only. A stride saves
    nothing here: every place is computed, and the unwanted ones are thrown away.

    Args:
        x: images of floating-point numbers, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in, kh, kw).
        bias: one value a filter, shape (c_out,), or None.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.

    Returns:
        Feature maps, shape (n, c_out, out_h, out_w), equal to conv2d_loops up to rounding.

    Raises:
        ShapeError: the channels of x and weight differ, or the kernel is larger than the padded image.
        ArgumentError: stride or padding is out of range, or the dtypes differ or are not floating point.

    Example:
        >>> conv2d_fft(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))[0, 0].round()
        tensor([[4., 4.],
                [4., 4.]])

    Introduced in chapter 02.

    Source: Mathieu, Henaff & LeCun, Fast training of convolutional networks through FFTs (2014).
    """
    check_filters(x, weight, bias)
    if not x.is_floating_point():
        raise ArgumentError(f"conv2d_fft expects floating-point numbers, got {x.dtype} — use x.float()")
    height, width = output_size(x, (weight.shape[2], weight.shape[3]), stride=stride, padding=padding)
    padded = F.pad(x, (padding, padding, padding, padding))
    size = (padded.shape[2], padded.shape[3])
    spectrum = torch.fft.rfft2(padded)  # (n, c_in, H, W//2 + 1)
    response = torch.fft.rfft2(weight, s=size).conj()  # conj: a correlation, not a convolution
    product = torch.einsum("nchw,kchw->nkhw", spectrum, response)
    everywhere = torch.fft.irfft2(product, s=size)  # the last kh − 1 rows and kw − 1 columns wrap around
    out: Tensor = everywhere[:, :, ::stride, ::stride][:, :, :height, :width]
    return out if bias is None else out + bias[:, None, None]
