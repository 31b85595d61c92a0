"""Convolution as a fully connected layer: most weights are zero, and the others repeat."""

import torch
from torch import Tensor

from cnncourse.conv.columns import im2col


def toeplitz(weight: Tensor, height: int, width: int, *, stride: int = 1, padding: int = 0) -> Tensor:
    """Write a convolution of images of one fixed size as the matrix of a linear layer.

    Args:
        weight: filters, shape (c_out, c_in, kh, kw).
        height: height of the images, in pixels.
        width: width of the images, in pixels.
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.

    Returns:
        Matrix of shape (c_out·out_h·out_w, c_in·height·width);
        ``matrix @ x.flatten()`` is the output, flattened.

    Raises:
        ShapeError: the kernel is larger than the padded image.
        ArgumentError: stride or padding is out of range.

    Example:
        >>> toeplitz(torch.tensor([[[[1.0, 2]]]]), 1, 4)  # one 1×2 kernel, sliding over four pixels
        tensor([[1., 2., 0., 0.],
                [0., 1., 2., 0.],
                [0., 0., 1., 2.]])

    Introduced in chapter 01.

    Source: Goodfellow, Bengio & Courville, Deep Learning (2016), section 9.1.
    """
    filters, channels, kh, kw = weight.shape
    pixels = channels * height * width
    number = torch.arange(1, pixels + 1, device=weight.device)  # name the pixels; the padding's zeros stay 0
    names = im2col(number.reshape(1, channels, height, width), (kh, kw), stride=stride, padding=padding)[0]
    taps, places = names.shape
    matrix = weight.new_zeros(filters, places, 1 + pixels)
    where = names.T.expand(filters, places, taps)
    matrix = matrix.scatter(2, where, weight.reshape(filters, 1, taps).expand(filters, places, taps))
    return matrix[:, :, 1:].reshape(filters * places, pixels)  # without the column of the padding
