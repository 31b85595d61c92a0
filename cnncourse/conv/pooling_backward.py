"""The gradient of a pooling, by hand: which pixels of a window get the share of its output."""

import torch
from torch import Tensor

from cnncourse.conv.pooling import check_window, counted
from cnncourse.errors import ShapeError
from cnncourse.geometry import out_size


def max_pool2d_backward(grad: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """Hand each output's gradient to the one pixel that won its window; the others get nothing.

    A pixel that won several windows, as in overlapping pooling, gets the sum.

    Args:
        grad: gradient of the loss with respect to the output, shape (n, c, out_h, out_w).
        places: where the maxima stood, as ``max_pool2d`` gives them, of the same shape.
        size: height and width of the map that went in.

    Returns:
        The gradient with respect to the input, shape (n, c, *size).

    Raises:
        ShapeError: grad and places have different shapes, or a place lies outside the map.

    Example:
        >>> places = torch.tensor([[[[1, 7]]]])
        >>> max_pool2d_backward(torch.tensor([[[[10.0, 20]]]]), places, (2, 4))[0, 0]
        tensor([[ 0., 10.,  0.,  0.],
                [ 0.,  0.,  0., 20.]])

    Introduced in chapter 05.

    Source: LeCun et al., Gradient-based learning applied to document recognition (1998), for the chain rule;
        ties as in PyTorch.
    """
    if grad.shape != places.shape:
        raise ShapeError(f"grad expects the shape of places, {tuple(places.shape)}, got {tuple(grad.shape)}")
    height, width = size
    if places.numel() and not 0 <= int(places.min()) <= int(places.max()) < height * width:
        raise ShapeError(
            f"places expect numbers below {height} · {width} = {height * width}, got up to "
            f"{int(places.max())} — is size that of the map that went in?"
        )
    flat = grad.new_zeros(*grad.shape[:2], height * width)
    return flat.scatter_add(2, places.flatten(2), grad.flatten(2)).reshape(*grad.shape[:2], *size)


def avg_pool2d_backward(
    grad: Tensor,
    size: tuple[int, int],
    kernel_size: int,
    *,
    stride: int | None = None,
    padding: int = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Hand each output's gradient to all pixels of its window in equal shares.

    Args:
        grad: gradient of the loss with respect to the output, shape (n, c, out_h, out_w).
        size: height and width of the map that went in.
        kernel_size: height and width of the window, ≥ 1.
        stride: pixels between neighbouring windows, ≥ 1; None: the kernel's size.
        padding: zeros on each side, at most half of the kernel.
        ceil_mode: whether the last window hung over the edge.
        count_include_pad: whether the zeros of the frame were counted.

    Returns:
        The gradient with respect to the input, shape (n, c, *size).

    Raises:
        ShapeError: grad does not have the shape of the output.
        ArgumentError: an argument is out of range, or the window is larger than the map.

    Example:
        >>> avg_pool2d_backward(torch.tensor([[[[8.0]]]]), (2, 2), 2)[0, 0]
        tensor([[2., 2.],
                [2., 2.]])

    Introduced in chapter 05.

    Source: Goodfellow, Bengio & Courville, Deep Learning (2016), §9.3, for the operation.
    """
    x = grad.new_zeros(*grad.shape[:2], *size)
    step = check_window(x, kernel_size, stride, padding)
    places = tuple(out_size(s, kernel_size, step, padding, ceil_mode=ceil_mode) for s in size)
    if grad.shape[2:] != places:
        raise ShapeError(
            f"grad expects the shape of the output, {(*grad.shape[:2], *places)}, got {tuple(grad.shape)}"
        )
    shares = grad / counted(x, kernel_size, step, padding, places, count_include_pad)
    for i in range(places[0]):
        for j in range(places[1]):
            top, left = i * step - padding, j * step - padding
            rows = slice(max(top, 0), top + kernel_size)
            columns = slice(max(left, 0), left + kernel_size)
            x[:, :, rows, columns] += shares[:, :, i, j, None, None]
    return x


def lp_pool2d_backward(
    grad: Tensor, x: Tensor, out: Tensor, p: float, kernel_size: int, *, stride: int | None = None
) -> Tensor:
    """Hand each output's gradient to the pixels of its window, the larger ones more: sign(x)·(|x|/out)ᵖ⁻¹.

    Args:
        grad: gradient of the loss with respect to the output, shape (n, c, out_h, out_w).
        x: the maps that went in, shape (n, c, h, w).
        out: what ``lp_pool2d`` gave for them, of the shape of grad.
        p: the power, ≥ 1.
        kernel_size: height and width of the window, ≥ 1.
        stride: pixels between neighbouring windows, ≥ 1; None: the kernel's size.

    Returns:
        The gradient with respect to the input, of the shape of x; 0 where a window holds nothing but zeros.

    Raises:
        ShapeError: x is not a batch of maps, or grad and out have different shapes.
        ArgumentError: an argument is out of range.

    Example:
        >>> x = torch.tensor([[[[3.0, 4]]]]).repeat(1, 1, 2, 1)
        >>> lp_pool2d_backward(torch.ones(1, 1, 1, 1), x, torch.full((1, 1, 1, 1), 7.0), 1, 2)[0, 0]
        tensor([[1., 1.],
                [1., 1.]])

    Introduced in chapter 05.

    Source: the derivative of a norm, by hand.
    """
    step = check_window(x, kernel_size, stride, 0)
    if grad.shape != out.shape:
        raise ShapeError(f"grad expects the shape of out, {tuple(out.shape)}, got {tuple(grad.shape)}")
    back = torch.zeros_like(x)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            here = (..., slice(i * step, i * step + kernel_size), slice(j * step, j * step + kernel_size))
            norm = out[:, :, i, j, None, None]
            share = (x[here].abs() / torch.where(norm > 0, norm, 1)) ** (p - 1) * x[here].sign()
            back[here] += grad[:, :, i, j, None, None] * share
    return back
