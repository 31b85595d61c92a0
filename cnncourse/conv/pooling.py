"""Pooling: put a window down, keep one number of it, move on. Nothing here is learned."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.geometry import out_size


def max_pool2d(
    x: Tensor, kernel_size: int, *, stride: int | None = None, padding: int = 0, ceil_mode: bool = False
) -> tuple[Tensor, Tensor]:
    """Keep the largest number of each window, and remember where it stood.

    The frame of padding is −∞, not 0: it can never win.

    Args:
        x: maps of floats, shape (n, c, h, w).
        kernel_size: height and width of the window, ≥ 1.
        stride: pixels between neighbouring windows, ≥ 1; None: the kernel's size, so that windows touch.
        padding: pixels of frame on each side, at most half of the kernel.
        ceil_mode: let the last window hang over the edge instead of leaving pixels out.

    Returns:
        The maxima, shape (n, c, out_h, out_w), and their places, of the same shape: row · w + column in x.
        Of equal numbers the first wins, in reading order.

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: x holds no floats, an argument is out of range, or the window is larger than the map.

    Example:
        >>> values, places = max_pool2d(torch.tensor([[[[1.0, 5, 2, 0], [3, 4, 0, 9]]]]), 2)
        >>> values.flatten().tolist(), places.flatten().tolist()
        ([5.0, 9.0], [1, 7])

    Introduced in chapter 05.

    Source: Zhou & Chellappa, Computation of optical flow using a neural network (1988).
    """
    step = check_window(x, kernel_size, stride, padding)
    windows = _windows(x, kernel_size, step, padding, ceil_mode, fill=-math.inf)
    values, tap = windows.flatten(-2).max(-1)  # (n, c, out_h, out_w)
    top = step * torch.arange(windows.shape[2], device=x.device)[:, None] - padding
    left = step * torch.arange(windows.shape[3], device=x.device) - padding
    row, column = top + tap // kernel_size, left + tap % kernel_size
    return values, row * x.shape[3] + column


def avg_pool2d(
    x: Tensor,
    kernel_size: int,
    *,
    stride: int | None = None,
    padding: int = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Take the mean of each window.

    Args:
        x: maps of floats, shape (n, c, h, w).
        kernel_size: height and width of the window, ≥ 1.
        stride: pixels between neighbouring windows, ≥ 1; None: the kernel's size.
        padding: zeros on each side, at most half of the kernel.
        ceil_mode: let the last window hang over the edge; what hangs over is not counted.
        count_include_pad: count the zeros of the frame as numbers, which darkens the rim; False: divide by
            the number of true pixels alone.

    Returns:
        The means, shape (n, c, out_h, out_w).

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: x holds no floats, an argument is out of range, or the window is larger than the map.

    Example:
        >>> x = torch.ones(1, 1, 2, 2)
        >>> avg_pool2d(x, 2, padding=1)[0, 0, 0]
        tensor([0.2500, 0.2500])
        >>> avg_pool2d(x, 2, padding=1, count_include_pad=False)[0, 0, 0]
        tensor([1., 1.])

    Introduced in chapter 05.

    Source: LeCun et al., Backpropagation applied to handwritten zip code recognition (1989); the counting
        rules are those of PyTorch.
    """
    step = check_window(x, kernel_size, stride, padding)
    total = _windows(x, kernel_size, step, padding, ceil_mode).sum((-2, -1))
    return total / counted(x, kernel_size, step, padding, total.shape[2:], count_include_pad)


def lp_pool2d(
    x: Tensor, p: float, kernel_size: int, *, stride: int | None = None, ceil_mode: bool = False
) -> Tensor:
    """Take the p-norm of each window: a dial between the sum (p = 1) and the maximum (p → ∞).

    Signs are dropped, as a norm does. PyTorch's ``F.lp_pool2d`` keeps them for odd p, so the two agree for
    even p and for numbers ≥ 0, such as those behind a ReLU.

    Args:
        x: maps of floats, shape (n, c, h, w).
        p: the power, ≥ 1.
        kernel_size: height and width of the window, ≥ 1.
        stride: pixels between neighbouring windows, ≥ 1; None: the kernel's size.
        ceil_mode: let the last window hang over the edge; what hangs over adds nothing.

    Returns:
        (Σ |x|ᵖ)^(1/p) over each window, shape (n, c, out_h, out_w).

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: p is below 1, x holds no floats, or the window is out of range.

    Example:
        >>> x = torch.tensor([[[[3.0, 4], [0, 0]]]])
        >>> [round(lp_pool2d(x, p, 2).item(), 2) for p in (1, 2, 20)]
        [7.0, 5.0, 4.0]

    Introduced in chapter 05.

    Source: Sermanet, Chintala & LeCun, Convolutional neural networks applied to house numbers (2012), §3.
    """
    if p < 1:
        raise ArgumentError(f"p expects a number ≥ 1, got {p} — 1 is the sum, 2 the length")
    step = check_window(x, kernel_size, stride, 0)
    windows = _windows(x, kernel_size, step, 0, ceil_mode)
    largest = windows.abs().amax((-2, -1), keepdim=True)  # taken out first: a large power would overflow
    shares = windows.abs() / torch.where(largest > 0, largest, 1)
    return largest[..., 0, 0] * (shares**p).sum((-2, -1)) ** (1 / p)


def adaptive_bins(size: int, bins: int) -> list[tuple[int, int]]:
    """Say where adaptive pooling cuts an axis: first pixel and first pixel after, for each bin.

    Args:
        size: pixels along the axis, ≥ 1.
        bins: numbers wanted, ≥ 1.

    Returns:
        One (first, end) for each bin, from ⌊i · size / bins⌋ to ⌈(i + 1) · size / bins⌉.

    Raises:
        ArgumentError: an argument is below 1.

    Example:
        >>> adaptive_bins(6, 3), adaptive_bins(5, 3)
        ([(0, 2), (2, 4), (4, 6)], [(0, 2), (1, 4), (3, 5)])

    Introduced in chapter 05.

    Source: PyTorch, aten/src/ATen/native/AdaptivePooling.h.
    """
    if size < 1 or bins < 1:
        raise ArgumentError(
            f"adaptive pooling expects a size and a number of bins ≥ 1, got {size} and {bins}"
        )
    return [(i * size // bins, -(-(i + 1) * size // bins)) for i in range(bins)]


def adaptive_pool2d(x: Tensor, output_size: tuple[int, int], kind: str = "average") -> Tensor:
    """Pool to a size that you name, whatever comes in: (1, 1) is global pooling.

    Args:
        x: maps, shape (n, c, h, w).
        output_size: height and width of the result, each ≥ 1.
        kind: ``"average"`` or ``"max"``.

    Returns:
        One number for each bin of each map, shape (n, c, *output_size).

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: the kind is unknown, x holds no floats, or a size is below 1.

    Example:
        >>> adaptive_pool2d(torch.arange(6.0).reshape(1, 1, 2, 3), (1, 1)).item()
        2.5

    Introduced in chapter 05.

    Source: Lin, Chen & Yan, Network in network (2014), §3.2, for the global average.
    """
    check_window(x, 1, 1, 0)
    if kind not in ("average", "max"):
        raise ArgumentError(f"kind expects 'average' or 'max', got {kind!r}")
    rows, columns = (adaptive_bins(s, b) for s, b in zip(x.shape[2:], output_size, strict=True))
    parts = [x[:, :, top:end, left:right] for top, end in rows for left, right in columns]
    pooled = [part.mean((2, 3)) if kind == "average" else part.amax((2, 3)) for part in parts]
    return torch.stack(pooled, dim=-1).reshape(*x.shape[:2], *output_size)


def blur_pool2d(x: Tensor, *, taps: int = 3, stride: int = 2) -> Tensor:
    """Blur each map, then keep every stride-th number: down-sampling that a shift does not upset.

    The blur is a row of Pascal's triangle (1 2 1 for three taps) times itself, divided by its sum; the rim is
    mirrored. Blurred max pooling is this after ``max_pool2d(x, 2, stride=1)``.

    Args:
        x: maps of floats, shape (n, c, h, w).
        taps: width of the blur, ≥ 1; 1 is plain subsampling. h and w must exceed half of it.
        stride: keep every stride-th row and column, ≥ 1.

    Returns:
        Smaller maps, shape (n, c, ⌈h/stride⌉, ⌈w/stride⌉).

    Raises:
        ShapeError: x is not a batch of maps, or smaller than the mirror needs.
        ArgumentError: x holds no floats, or an argument is below 1.

    Example:
        >>> blur_pool2d(torch.tensor([0.0, 0, 4, 0, 0]).repeat(3, 1)[None, None])[0, 0, 0]
        tensor([0., 2., 0.])

    Introduced in chapter 05.

    Source: Zhang, Making convolutional networks shift-invariant again (2019), §3.2.
    """
    if taps < 1:
        raise ArgumentError(f"taps expects a whole number ≥ 1, got {taps}")
    step = check_window(x, 1, stride, 0)
    if min(x.shape[2:]) <= taps // 2:
        raise ShapeError(
            f"a mirrored rim of {taps // 2} needs maps larger than that, got {x.shape[2]}×{x.shape[3]} — "
            "use fewer taps"
        )
    line = torch.tensor([math.comb(taps - 1, k) for k in range(taps)], dtype=x.dtype, device=x.device)
    kernel = torch.outer(line, line) / line.sum() ** 2
    before, after = (taps - 1) // 2, taps // 2
    framed = F.pad(x, (before, after, before, after), mode="reflect")
    return (_windows(framed, taps, step, 0, False) * kernel).sum((-2, -1))


def check_window(x: Tensor, kernel_size: int, stride: int | None, padding: int) -> int:
    """Make sure that a pooling can be done, and give its stride.

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: x holds no floats, or an argument is out of range.

    Example:
        >>> check_window(torch.zeros(1, 1, 4, 4), 2, None, 0)
        2
    """
    if x.dim() != 4:
        raise ShapeError(
            f"x expects 4 dimensions (n, c, h, w), got {x.dim()} — shape {tuple(x.shape)}; "
            "reshape a single h×w map with x[None, None]"
        )
    if not x.is_floating_point():
        raise ArgumentError(f"x expects floats, got {x.dtype} — convert with x.float()")
    if not 0 <= padding <= kernel_size // 2:
        raise ArgumentError(
            f"padding expects at most half of the kernel, {kernel_size // 2}, got {padding} — "
            "a window that lies in the frame alone has nothing to pool"
        )
    return kernel_size if stride is None else stride


def counted(
    x: Tensor, kernel_size: int, stride: int, padding: int, places: tuple[int, ...], include_pad: bool
) -> Tensor:
    """Count the numbers that each window of an average divides by.

    Args:
        x: the maps, for their size, shape (n, c, h, w).
        kernel_size: height and width of the window.
        stride: pixels between neighbouring windows.
        padding: pixels of frame on each side.
        places: windows down and across.
        include_pad: whether the frame counts.

    Returns:
        Counts, shape ``places``, of the type of x.

    Example:
        >>> counted(torch.ones(1, 1, 2, 2), 2, 2, 1, (2, 2), False)
        tensor([[1., 1.],
                [1., 1.]])
    """
    sides = []
    for size, count in zip(x.shape[2:], places, strict=True):
        first = stride * torch.arange(count, device=x.device) - padding
        end = (first + kernel_size).clamp(max=size + padding)  # what hangs over the frame never counts
        sides.append(end - first if include_pad else end.clamp(max=size) - first.clamp(min=0))
    return (sides[0][:, None] * sides[1]).to(x.dtype)


def _windows(x: Tensor, kernel: int, stride: int, padding: int, ceil_mode: bool, fill: float = 0.0) -> Tensor:
    """Lay out every window: (n, c, out_h, out_w, kernel, kernel). A frame is filled with ``fill``."""
    places = [out_size(s, kernel, stride, padding, ceil_mode=ceil_mode) for s in x.shape[2:]]
    over = [max((p - 1) * stride + kernel - s - padding, 0) for p, s in zip(places, x.shape[2:], strict=True)]
    framed = F.pad(x, (padding, over[1], padding, over[0]), value=fill)
    return framed.unfold(2, kernel, stride).unfold(3, kernel, stride)[:, :, : places[0], : places[1]]
