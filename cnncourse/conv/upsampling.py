"""Up-sampling: larger maps from small ones, by copying, by blending, or by putting maxima back."""

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError

Size = tuple[int, int]


def interpolation(size: int, wanted: int, mode: str = "bilinear", align_corners: bool = False) -> Tensor:
    """Write the up-sampling of one axis as a matrix: row i says what the new pixel i is made of.

    Nearest copies one old pixel. Bilinear blends the two that the new pixel lies between. Where it lies is a
    matter of taste: with ``align_corners`` the centres of the first and last pixels stay where they are;
    without, the edges of the picture do.

    Args:
        size: pixels along the axis, ≥ 1.
        wanted: pixels along the axis afterwards, ≥ 1.
        mode: ``"nearest"`` or ``"bilinear"``.
        align_corners: for bilinear, which of the two rulers to use.

    Returns:
        Weights, shape (wanted, size); each row sums to 1.

    Raises:
        ArgumentError: a size is below 1, the mode is unknown, or nearest is asked to align its corners.

    Example:
        >>> interpolation(2, 4)
        tensor([[1.0000, 0.0000],
                [0.7500, 0.2500],
                [0.2500, 0.7500],
                [0.0000, 1.0000]])

    Introduced in chapter 05.

    Source: PyTorch, aten/src/ATen/native/UpSample.h, for the two rulers.
    """
    if size < 1 or wanted < 1:
        raise ArgumentError(f"up-sampling expects sizes ≥ 1, got {size} → {wanted}")
    if mode not in ("nearest", "bilinear"):
        raise ArgumentError(f"mode expects 'nearest' or 'bilinear', got {mode!r}")
    if mode == "nearest" and align_corners:
        raise ArgumentError("align_corners is a matter of blending: mode 'nearest' copies — leave it out")
    new = torch.arange(wanted)
    matrix = torch.zeros(wanted, size)
    if mode == "nearest":
        matrix[new, new * size // wanted] = 1
        return matrix
    if align_corners:
        place = new * ((size - 1) / max(wanted - 1, 1))
    else:
        place = ((new + 0.5) * (size / wanted) - 0.5).clamp(min=0)
    before = place.floor().long().clamp(max=size - 1)
    after = (before + 1).clamp(max=size - 1)
    share = place - before
    matrix[new, before] += 1 - share
    matrix[new, after] += share
    return matrix


def upsample(x: Tensor, size: Size, *, mode: str = "bilinear", align_corners: bool = False) -> Tensor:
    """Bring maps to a larger (or smaller) size: one matrix for the rows, one for the columns.

    Args:
        x: maps of floats, shape (n, c, h, w).
        size: height and width wanted.
        mode: ``"nearest"`` or ``"bilinear"``.
        align_corners: for bilinear, keep the centres of the corner pixels in the corners.

    Returns:
        Maps of shape (n, c, *size), as ``F.interpolate`` gives them.

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: a size is below 1, or mode and align_corners do not go together.

    Example:
        >>> upsample(torch.tensor([[[[0.0, 4]]]]), (1, 4)).flatten().tolist()
        [0.0, 1.0, 3.0, 4.0]
        >>> upsample(torch.tensor([[[[0.0, 3]]]]), (1, 4), align_corners=True).flatten().tolist()
        [0.0, 1.0, 2.0, 3.0]

    Introduced in chapter 05.

    Source: the separable form of bilinear interpolation; the rulers are those of PyTorch.
    """
    down, across = _matrices(x, x.shape[2:], size, mode, align_corners)
    return down @ x @ across.T


def upsample_backward(
    grad: Tensor, size: Size, *, mode: str = "bilinear", align_corners: bool = False
) -> Tensor:
    """Give the gradient of an up-sampling: the same two matrices, transposed.

    Args:
        grad: gradient of the loss with respect to the output, shape (n, c, out_h, out_w).
        size: height and width of the maps that went in.
        mode: ``"nearest"`` or ``"bilinear"``.
        align_corners: as in the forward pass.

    Returns:
        The gradient with respect to the input, shape (n, c, *size).

    Raises:
        ShapeError: grad is not a batch of maps.
        ArgumentError: as for ``upsample``.

    Example:
        >>> upsample_backward(torch.ones(1, 1, 1, 4), (1, 2), mode="nearest").flatten().tolist()
        [2.0, 2.0]

    Introduced in chapter 05.

    Source: the transpose of a linear map.
    """
    down, across = _matrices(grad, size, grad.shape[2:], mode, align_corners)
    return down.T @ grad @ across


def max_unpool2d(values: Tensor, places: Tensor, size: Size) -> Tensor:
    """Put the maxima back where they stood, and zeros everywhere else.

    Where overlapping windows shared a maximum, it is put there once.

    Args:
        values: the maxima, shape (n, c, h, w).
        places: where they stood, as ``max_pool2d`` gives them, of the same shape.
        size: height and width of the map they came from.

    Returns:
        Maps of shape (n, c, *size).

    Raises:
        ShapeError: values and places have different shapes, or a place lies outside the map.

    Example:
        >>> max_unpool2d(torch.tensor([[[[5.0, 9]]]]), torch.tensor([[[[1, 7]]]]), (2, 4))[0, 0]
        tensor([[0., 5., 0., 0.],
                [0., 0., 0., 9.]])

    Introduced in chapter 05.

    Source: Zeiler & Fergus, Visualizing and understanding convolutional networks (2014), §2.1.
    """
    if values.shape != places.shape:
        raise ShapeError(
            f"values expect the shape of places, {tuple(places.shape)}, got {tuple(values.shape)}"
        )
    height, width = size
    if places.numel() and not 0 <= int(places.min()) <= int(places.max()) < height * width:
        raise ShapeError(
            f"places expect numbers below {height} · {width} = {height * width}, got up to "
            f"{int(places.max())} — is size that of the map they came from?"
        )
    flat = values.new_zeros(*values.shape[:2], height * width)
    return flat.scatter(2, places.flatten(2), values.flatten(2)).reshape(*values.shape[:2], *size)


def _matrices(
    x: Tensor, size: tuple[int, ...], wanted: tuple[int, ...], mode: str, align_corners: bool
) -> tuple[Tensor, Tensor]:
    """The matrix of the rows and that of the columns, of the type and device of x."""
    if x.dim() != 4:
        raise ShapeError(
            f"x expects 4 dimensions (n, c, h, w), got {x.dim()} — shape {tuple(x.shape)}; "
            "reshape a single h×w map with x[None, None]"
        )
    if not x.is_floating_point():
        raise ArgumentError(f"x expects floats, got {x.dtype} — convert with x.float()")
    down, across = (
        interpolation(old, new, mode, align_corners).to(x) for old, new in zip(size, wanted, strict=True)
    )
    return down, across
