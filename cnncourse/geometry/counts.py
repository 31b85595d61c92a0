"""Parameters and multiply-accumulates of a layer."""

from cnncourse.errors import ArgumentError
from cnncourse.geometry.numbers import whole

Kernel = int | tuple[int, int]


def conv_params(
    in_channels: int, out_channels: int, kernel_size: Kernel, groups: int = 1, bias: bool = True
) -> int:
    """Count the learned numbers of a convolution: they do not depend on the image's size. Chapter 02 uses it.

    Args:
        in_channels: channels of the input, ≥ 1, divisible by groups.
        out_channels: filters, ≥ 1, divisible by groups.
        kernel_size: taps, one number for a square kernel or (height, width).
        groups: how many parts the channels are split into; each filter sees one part.
        bias: one more number a filter.

    Raises:
        ArgumentError: an argument is out of range, or groups does not divide both channel counts.

    Example:
        >>> conv_params(3, 64, 3)
        1792
        >>> conv_params(64, 64, (1, 3), groups=64, bias=False)
        192

    Source: Dumoulin & Visin (2016), §1.1.
    """
    height, width = _pair(kernel_size)
    whole(1, in_channels=in_channels, out_channels=out_channels, groups=groups)
    if in_channels % groups or out_channels % groups:
        raise ArgumentError(
            f"groups expects a divisor of in_channels ({in_channels}) and out_channels ({out_channels}), "
            f"got {groups}"
        )
    return out_channels * (in_channels // groups * height * width + int(bias))


def conv_macs(
    in_channels: int, out_channels: int, kernel_size: Kernel, out_height: int, out_width: int, groups: int = 1
) -> int:
    """Count the multiply-and-adds of a convolution for one image: every weight works once an output pixel.

    Biases add, they do not multiply, so they are not counted. Chapter 02 uses it.

    Args:
        in_channels: channels of the input, ≥ 1, divisible by groups.
        out_channels: filters, ≥ 1, divisible by groups.
        kernel_size: taps, one number for a square kernel or (height, width).
        out_height: rows of the **output**, ≥ 1.
        out_width: columns of the output, ≥ 1.
        groups: how many parts the channels are split into.

    Raises:
        ArgumentError: an argument is out of range, or groups does not divide both channel counts.

    Example:
        >>> conv_macs(3, 64, 3, 32, 32)
        1769472

    Source: Howard et al., MobileNets (2017), §3.1.
    """
    whole(1, out_height=out_height, out_width=out_width)
    return conv_params(in_channels, out_channels, kernel_size, groups, bias=False) * out_height * out_width


def linear_params(in_features: int, out_features: int, bias: bool = True) -> int:
    """Count the learned numbers of a fully connected layer. Chapter 01 uses it.

    Raises:
        ArgumentError: a number of features is not a whole number ≥ 1.

    Example:
        >>> linear_params(28 * 28, 10)
        7850

    Source: counting: a weight for every pair, a bias for every output.
    """
    whole(1, in_features=in_features, out_features=out_features)
    return out_features * (in_features + int(bias))


def _pair(kernel_size: Kernel) -> tuple[int, int]:
    height, width = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    whole(1, kernel_size=height)
    whole(1, kernel_size=width)
    return height, width
