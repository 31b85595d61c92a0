"""Convolution from first principles: several ways to compute it, its gradient, and a few famous kernels.

Every version gives the same numbers as ``torch.nn.functional.conv2d``. They differ in what they make easy
to see. Chapter 02 builds them one after the other.
"""

from cnncourse.conv.backward import conv2d_backward
from cnncourse.conv.columns import col2im, conv2d_im2col, im2col
from cnncourse.conv.fourier import conv2d_fft
from cnncourse.conv.kernels import KERNELS
from cnncourse.conv.loops import conv2d_loops, true_convolution
from cnncourse.conv.matrix import toeplitz

__all__ = [
    "KERNELS",
    "col2im",
    "conv2d_backward",
    "conv2d_fft",
    "conv2d_im2col",
    "conv2d_loops",
    "im2col",
    "toeplitz",
    "true_convolution",
]
