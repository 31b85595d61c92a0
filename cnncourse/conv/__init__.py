"""Convolution from first principles: several ways to compute it, its gradient, and a few famous kernels.

Every version gives the same numbers as ``torch.nn.functional.conv2d``. They differ in what they make easy
to see. Chapter 02 builds them one after the other. The other kinds of convolution (grouped, depthwise,
separable, transposed, deformable) are those of chapter 04.
"""

from cnncourse.conv.backward import conv2d_backward
from cnncourse.conv.columns import col2im, conv2d_im2col, im2col
from cnncourse.conv.deformable import deform_conv2d_bilinear, sample_bilinear
from cnncourse.conv.fourier import conv2d_fft
from cnncourse.conv.grouped import channel_shuffle, conv2d_depthwise, conv2d_grouped, conv2d_separable
from cnncourse.conv.kernels import KERNELS
from cnncourse.conv.loops import conv2d_loops, true_convolution
from cnncourse.conv.matrix import toeplitz
from cnncourse.conv.transposed import adjoint_sides, conv_transpose2d_scatter

__all__ = [
    "KERNELS",
    "adjoint_sides",
    "channel_shuffle",
    "col2im",
    "conv2d_backward",
    "conv2d_depthwise",
    "conv2d_fft",
    "conv2d_grouped",
    "conv2d_im2col",
    "conv2d_loops",
    "conv2d_separable",
    "conv_transpose2d_scatter",
    "deform_conv2d_bilinear",
    "im2col",
    "sample_bilinear",
    "toeplitz",
    "true_convolution",
]
