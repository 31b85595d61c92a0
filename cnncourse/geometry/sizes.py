"""Sizes along one axis: how many windows fit, what padding keeps a size, which pixels are seen how often."""

from cnncourse.errors import ArgumentError
from cnncourse.geometry.numbers import whole


def effective_kernel(kernel_size: int, dilation: int = 1) -> int:
    """Count the pixels from the first to the last tap of a dilated kernel, the gaps included.

    Chapter 03 introduces it.

    Args:
        kernel_size: taps along one axis, ≥ 1.
        dilation: pixels from one tap to the next, ≥ 1 (1: no gaps).

    Returns:
        The span in pixels: dilation·(kernel_size − 1) + 1.

    Raises:
        ArgumentError: an argument is not a whole number ≥ 1.

    Example:
        >>> effective_kernel(3, dilation=2)
        5

    Source: Yu & Koltun, Multi-Scale Context Aggregation by Dilated Convolutions (2016), §2.
    """
    whole(1, kernel_size=kernel_size, dilation=dilation)
    return dilation * (kernel_size - 1) + 1


def out_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> int:
    """Count the places where a window can stop: the output size of a convolution or a pooling.

    Chapter 03 derives it by counting.

    Args:
        size: pixels along the axis, ≥ 1.
        kernel_size: taps of the window along the axis, ≥ 1.
        stride: pixels from one stop to the next, ≥ 1.
        padding: pixels added at each of the two ends, ≥ 0.
        dilation: pixels from one tap to the next, ≥ 1.
        ceil_mode: as in PyTorch's pooling: let the last window hang over the end, but not start beyond it.

    Returns:
        ⌊(size + 2·padding − span)/stride⌋ + 1, where span = dilation·(kernel_size − 1) + 1.
        With ceil_mode ⌈…⌉ + 1, less one where the last window would start in the padding on the right.

    Raises:
        ArgumentError: an argument is out of range, or the window is larger than the padded input.

    Example:
        >>> out_size(7, 3), out_size(7, 3, stride=2), out_size(10, 3, stride=2)
        (5, 3, 4)
        >>> out_size(10, 3, stride=2, ceil_mode=True)
        5

    Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016), relations 6 and 15.
    """
    whole(1, size=size, stride=stride)
    whole(0, padding=padding)
    span = effective_kernel(kernel_size, dilation)
    room = size + 2 * padding - span
    if not ceil_mode:
        count = room // stride + 1
    else:
        count = -(-room // stride) + 1
        if (count - 1) * stride >= size + padding:
            count -= 1
    if count < 1:
        raise ArgumentError(
            f"the window spans {span} pixels, but the padded input has {size + 2 * padding} "
            f"({size} + 2 · {padding}) — use a smaller kernel or dilation, or more padding"
        )
    return count


def transposed_out_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Compute the output size of a transposed convolution: the size whose convolution has `size` outputs.

    Several input sizes give one output size when the stride is above 1; output_padding chooses among them.
    Chapters 04 and 05 use it.

    Args:
        size: pixels along the axis, ≥ 1.
        kernel_size: taps along the axis, ≥ 1.
        stride: the stride of the convolution that is transposed, ≥ 1.
        padding: the padding of that convolution, ≥ 0: it is cut from each end of the output.
        output_padding: pixels added at the right end, smaller than stride or dilation.
        dilation: pixels from one tap to the next, ≥ 1.

    Returns:
        (size − 1)·stride − 2·padding + dilation·(kernel_size − 1) + 1 + output_padding.

    Raises:
        ArgumentError: an argument is out of range, or nothing is left of the output.

    Example:
        >>> transposed_out_size(4, 3, stride=2), transposed_out_size(4, 3, stride=2, output_padding=1)
        (9, 10)

    Source: Dumoulin & Visin (2016), relation 14.
    """
    whole(1, size=size, stride=stride)
    whole(0, padding=padding, output_padding=output_padding)
    if output_padding >= max(stride, dilation):
        raise ArgumentError(
            f"output_padding expects less than the stride ({stride}) or the dilation ({dilation}), "
            f"got {output_padding}"
        )
    result = (size - 1) * stride - 2 * padding + effective_kernel(kernel_size, dilation) + output_padding
    if result < 1:
        raise ArgumentError(
            f"padding={padding} cuts away the whole output, {result} pixels are left — use less padding"
        )
    return result


def same_padding(kernel_size: int, dilation: int = 1) -> int:
    """Find the padding, the same at both ends, that keeps the size at stride 1. Chapter 03 introduces it.

    Args:
        kernel_size: taps along the axis, ≥ 1.
        dilation: pixels from one tap to the next, ≥ 1.

    Returns:
        (span − 1)/2 pixels for each end, where span = dilation·(kernel_size − 1) + 1.

    Raises:
        ArgumentError: the span is even, so that one end would need a pixel more than the other.

    Example:
        >>> same_padding(3), same_padding(7), same_padding(3, dilation=2)
        (1, 3, 2)

    Source: Dumoulin & Visin (2016), relation 3.
    """
    span = effective_kernel(kernel_size, dilation)
    if span % 2 == 0:
        raise ArgumentError(
            f"equal padding on both sides needs an odd span, got {span} (kernel_size={kernel_size}, "
            f"dilation={dilation}) — use an odd kernel, or pad one side more with F.pad"
        )
    return span // 2


def unused(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Count the pixels at the right edge that no window reaches, because the steps do not come out even.

    Padding is left out first; only pixels of the input count. Chapter 03 finds them with a gradient.

    Args:
        size: pixels along the axis, ≥ 1.
        kernel_size: taps along the axis, ≥ 1.
        stride: pixels from one stop to the next, ≥ 1.
        padding: pixels added at each end, ≥ 0.
        dilation: pixels from one tap to the next, ≥ 1.

    Returns:
        Pixels of the input after the last one that takes part.

    Raises:
        ArgumentError: as for `out_size`.

    Example:
        >>> unused(10, 3, stride=2), unused(7, 3, stride=2)
        (1, 0)

    Source: counting, from Dumoulin & Visin (2016), figure 2.7.
    """
    from_the_right = reversed(coverage(size, kernel_size, stride, padding, dilation))
    return next((index for index, count in enumerate(from_the_right) if count), size)


def coverage(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> list[int]:
    """Count for each pixel along an axis how many windows read it.

    In two dimensions a pixel's count is the product of its row's and its column's. Chapter 03 draws it.

    Args:
        size: pixels along the axis, ≥ 1.
        kernel_size: taps along the axis, ≥ 1.
        stride: pixels from one stop to the next, ≥ 1.
        padding: pixels added at each end, ≥ 0.
        dilation: pixels from one tap to the next, ≥ 1.

    Returns:
        `size` counts, from the first pixel to the last.

    Raises:
        ArgumentError: as for `out_size`.

    Example:
        >>> coverage(9, 3)
        [1, 2, 3, 3, 3, 3, 3, 2, 1]
        >>> coverage(9, 3, padding=1)
        [2, 3, 3, 3, 3, 3, 3, 3, 2]

    Source: counting.
    """
    counts = [0] * size
    for stop in range(out_size(size, kernel_size, stride, padding, dilation)):
        for tap in range(kernel_size):
            pixel = stop * stride - padding + tap * dilation
            if 0 <= pixel < size:
                counts[pixel] += 1
    return counts
