"""The transposed convolution: every input pixel stamps the kernel, and the stamps are added."""

from collections.abc import Callable

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.geometry import transposed_out_size


def conv_transpose2d_scatter(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
) -> Tensor:
    """Stamp the kernel into the output once for each input pixel, scaled by it, and add the stamps.

    A convolution gathers: one output reads a window. Its transpose scatters: one input writes a window. It is
    the gradient of the convolution with the same weights, stride and padding, and it has the shape of that
    convolution's input. It does not undo it.

    Args:
        x: maps, shape (n, c_in, h, w).
        weight: kernels, shape (c_in, c_out, kh, kw): the filters of the convolution that is transposed.
        bias: one value an output channel, shape (c_out,), or None.
        stride: pixels of the output between neighbouring stamps, ≥ 1.
        padding: rows and columns cut from each of the four sides of the output, ≥ 0.
        output_padding: rows and columns that are kept, or added, at the bottom and the right, < stride.

    Returns:
        Maps, shape (n, c_out, (h − 1)·stride − 2·padding + kh + output_padding, and the same for w).

    Raises:
        ShapeError: x or weight has not four axes, their channels differ, or the bias does not fit.
        ArgumentError: stride, padding or output_padding is out of range, or the dtypes differ.

    Example:
        >>> stamps = conv_transpose2d_scatter(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 3, 3), stride=2)
        >>> stamps[0, 0].int().tolist()  # where stamps overlap, they add up
        [[1, 1, 2, 1, 1], [1, 1, 2, 1, 1], [2, 2, 4, 2, 2], [1, 1, 2, 1, 1], [1, 1, 2, 1, 1]]

    Introduced in chapter 04.

    Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016), section 4.
    """
    _check(x, weight, bias)
    (h, w), (kh, kw) = x.shape[2:], weight.shape[2:]
    if output_padding >= stride:
        raise ArgumentError(f"output_padding expects less than the stride ({stride}), got {output_padding}")
    height = transposed_out_size(h, kh, stride, padding, output_padding)
    width = transposed_out_size(w, kw, stride, padding, output_padding)
    sheet = x.new_zeros(len(x), weight.shape[1], height + 2 * padding, width + 2 * padding)
    for i in range(h):
        for j in range(w):
            stamp = torch.einsum("nc,ckuv->nkuv", x[:, :, i, j], weight)
            top, left = i * stride, j * stride
            sheet[:, :, top : top + kh, left : left + kw] += stamp
    out = sheet[:, :, padding : padding + height, padding : padding + width]
    return out if bias is None else out + bias[:, None, None]


def adjoint_sides(
    forward: Callable[[Tensor], Tensor], back: Callable[[Tensor], Tensor], x: Tensor, y: Tensor
) -> tuple[float, float]:
    """Compute both sides of ⟨A x, y⟩ = ⟨x, Aᵀ y⟩: equal for every x and y if ``back`` transposes ``forward``.

    It is the definition of a transpose that needs no matrix. One pair of random tensors finds nearly every
    mistake; only the transpose passes for all pairs.

    Args:
        forward: a linear map A, without a bias.
        back: what may be its transpose.
        x: something that A takes.
        y: something of the shape that A gives.

    Returns:
        ⟨A x, y⟩ and ⟨x, Aᵀ y⟩, each summed in float64.

    Raises:
        ShapeError: A x has not the shape of y, or Aᵀ y not that of x.

    Example:
        >>> matrix = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
        >>> x, y = torch.tensor([1.0, 0, 2]), torch.tensor([1.0, -1])
        >>> adjoint_sides(lambda v: matrix @ v, lambda v: matrix.T @ v, x, y)
        (-9.0, -9.0)

    Introduced in chapter 04.

    Source: Claerbout, Earth Soundings Analysis: Processing Versus Inversion (1992), chapter 5, "the dot
    product test".
    """
    there, again = forward(x), back(y)
    for what, got, wanted in (("forward(x)", there, y), ("back(y)", again, x)):
        if got.shape != wanted.shape:
            raise ShapeError(
                f"{what} expects shape {tuple(wanted.shape)}, got {tuple(got.shape)} — is it the transpose "
                "of a map of these shapes?"
            )
    return (there.double() * y.double()).sum().item(), (x.double() * again.double()).sum().item()


def _check(x: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if x.dim() != 4:
        raise ShapeError(f"x expects 4 dimensions (n, c_in, h, w), got {x.dim()} — shape {tuple(x.shape)}")
    if weight.dim() != 4:
        raise ShapeError(
            f"weight expects 4 dimensions (c_in, c_out, kh, kw), got {weight.dim()} — "
            f"shape {tuple(weight.shape)}"
        )
    if weight.shape[0] != x.shape[1]:
        raise ShapeError(
            f"weight expects {weight.shape[0]} input channels, but x has {x.shape[1]} — shape "
            f"{tuple(x.shape)}; a transposed convolution keeps its weight as (c_in, c_out, kh, kw)"
        )
    if bias is not None and bias.shape != (weight.shape[1],):
        raise ShapeError(
            f"bias expects one value for each of the {weight.shape[1]} output channels, "
            f"shape ({weight.shape[1]},), got shape {tuple(bias.shape)}"
        )
    if any(other is not None and other.dtype != x.dtype for other in (weight, bias)):
        raise ArgumentError(
            f"x, weight and bias expect one dtype, got {x.dtype} and {weight.dtype}"
            f"{'' if bias is None else f' and {bias.dtype}'} — convert with .to({x.dtype})"
        )
