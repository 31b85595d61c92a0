"""The arithmetic of sliding windows: output sizes, padding, receptive fields, parameters, multiplications.

Plain whole numbers, no tensors and no torch: every function here can be done with a pencil, and chapter 03
does. Along one axis a layer is five numbers (size, kernel_size, stride, padding, dilation); height and width
are counted separately, each with its own five.
"""

from cnncourse.geometry.counts import conv_macs, conv_params, linear_params
from cnncourse.geometry.fields import Field, Layer, receptive_field
from cnncourse.geometry.sizes import (
    coverage,
    effective_kernel,
    out_size,
    same_padding,
    transposed_out_size,
    unused,
)

__all__ = [
    "Field",
    "Layer",
    "conv_macs",
    "conv_params",
    "coverage",
    "effective_kernel",
    "linear_params",
    "out_size",
    "receptive_field",
    "same_padding",
    "transposed_out_size",
    "unused",
]
