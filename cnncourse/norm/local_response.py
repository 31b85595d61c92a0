"""Local response normalisation, as AlexNet had it: a loud channel turns its neighbours down."""

import torch.nn.functional as F
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError


def local_response_norm(
    x: Tensor, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide each number by a power of the squares around it, across the channels.

    Nothing is learned and nothing is subtracted. PyTorch takes the *mean* of the ``size`` squares, the paper
    their sum: AlexNet's α = 10⁻⁴ with k = 2 and size 5 is ``alpha=5e-4, k=2`` here.

    Args:
        x: maps, shape (n, c, h, w).
        size: how many neighbouring channels are looked at, an odd number ≥ 1; beyond the first and the
            last channel there are zeros.
        alpha: the weight of the mean of squares.
        beta: the exponent.
        k: what is divided by where all is quiet, to the power of beta.

    Returns:
        x / (k + alpha · mean of squares)^beta, of the shape of x.

    Raises:
        ShapeError: x is not a batch of maps.
        ArgumentError: size is not an odd number above zero.

    Example:
        >>> import torch
        >>> x = torch.tensor([1.0, 10, 1]).reshape(1, 3, 1, 1)
        >>> local_response_norm(x, size=3, alpha=3.0, beta=0.5, k=0.0).flatten()
        tensor([0.0995, 0.9901, 0.0995])

    Introduced in chapter 08.

    Source: Krizhevsky, Sutskever & Hinton, ImageNet classification (2012), section 3.3.
    """
    if x.dim() != 4:
        raise ShapeError(f"x expects 4 dimensions (n, c, h, w), got shape {tuple(x.shape)}")
    if size < 1 or size % 2 == 0:
        raise ArgumentError(f"size expects an odd number ≥ 1, got {size!r}")
    squares = F.pad(x.square(), (0, 0, 0, 0, size // 2, size // 2))
    around = sum(squares[:, i : i + x.shape[1]] for i in range(size)) / size
    return x / (k + alpha * around) ** beta
