"""Convolution and pooling from first principles: several ways to compute them, and their gradients.

Every version gives the same numbers as its namesake in ``torch.nn.functional``. They differ in what they make
easy to see. Chapter 02 builds the convolutions one after the other, chapter 04 the other kinds (grouped,
depthwise, separable, transposed, deformable), chapter 05 pooling and up-sampling.
"""

from cnncourse.conv.backward import conv2d_backward
from cnncourse.conv.columns import col2im, conv2d_im2col, im2col
from cnncourse.conv.deformable import deform_conv2d_bilinear, sample_bilinear
from cnncourse.conv.fourier import conv2d_fft
from cnncourse.conv.grouped import channel_shuffle, conv2d_depthwise, conv2d_grouped, conv2d_separable
from cnncourse.conv.kernels import KERNELS
from cnncourse.conv.loops import conv2d_loops, true_convolution
from cnncourse.conv.matrix import toeplitz
from cnncourse.conv.pooling import (
    adaptive_bins,
    adaptive_pool2d,
    avg_pool2d,
    blur_pool2d,
    lp_pool2d,
    max_pool2d,
)
from cnncourse.conv.pooling_backward import avg_pool2d_backward, lp_pool2d_backward, max_pool2d_backward
from cnncourse.conv.transposed import adjoint_sides, conv_transpose2d_scatter
from cnncourse.conv.upsampling import interpolation, max_unpool2d, upsample, upsample_backward

__all__ = [
    "KERNELS",
    "adaptive_bins",
    "adaptive_pool2d",
    "adjoint_sides",
    "avg_pool2d",
    "avg_pool2d_backward",
    "blur_pool2d",
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
    "interpolation",
    "lp_pool2d",
    "lp_pool2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_unpool2d",
    "sample_bilinear",
    "toeplitz",
    "true_convolution",
    "upsample",
    "upsample_backward",
]
