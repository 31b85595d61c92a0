"""The relatives of batch norm that never look at another picture: the same sum over other axes."""

from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.norm.batch import standardise


def group_norm(
    x: Tensor,
    groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    eps: float = 1e-5,
) -> Tensor:
    """Standardise each picture on its own, a group of channels at a time.

    One group is layer norm, as many groups as channels is instance norm: the others are two special cases.
    Nothing depends on the batch, so training and evaluation are the same.

    Args:
        x: maps, shape (n, c, h, w).
        groups: the number of groups, a divisor of c.
        weight: a scale for each channel, shape (c,); None means ones.
        bias: a shift for each channel, shape (c,); None means zeros.
        eps: added to the variance; > 0.

    Returns:
        Maps of the shape of x.

    Raises:
        ShapeError: x is not a batch of maps, or weight or bias do not have one number a channel.
        ArgumentError: the channels do not divide into that many groups.

    Example:
        >>> import torch
        >>> x = torch.tensor([2.0, 2, 6, 6]).reshape(1, 4, 1, 1)
        >>> group_norm(x, 1).flatten().round().tolist(), group_norm(x, 2).flatten().round().tolist()
        ([-1.0, -1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0])

    Introduced in chapter 08.

    Source: Wu & He, Group normalization (2018), equation 7.
    """
    if x.dim() != 4:
        raise ShapeError(f"x expects 4 dimensions (n, c, h, w), got shape {tuple(x.shape)}")
    n, c, h, w = x.shape
    if groups < 1 or c % groups:
        raise ArgumentError(f"groups expects a divisor of the {c} channels, got {groups}")
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.shape != (c,):
            raise ShapeError(f"{name} expects one number for each of {c} channels, got {tuple(value.shape)}")
    out = standardise(x.reshape(n, groups, c // groups, h, w), (2, 3, 4), eps).reshape(n, c, h, w)
    if weight is not None:
        out = out * weight[:, None, None]
    return out if bias is None else out + bias[:, None, None]


def instance_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float = 1e-5
) -> Tensor:
    """Standardise each channel of each picture on its own: as many groups as channels.

    It takes the contrast out of a picture, which is welcome when a style is to be changed and a loss when
    the contrast matters.

    Args:
        x: maps, shape (n, c, h, w).
        weight: a scale for each channel, shape (c,); None means ones.
        bias: a shift for each channel, shape (c,); None means zeros.
        eps: added to the variance; > 0.

    Returns:
        Maps of the shape of x.

    Raises:
        ShapeError: x is not a batch of maps, or weight or bias do not fit.

    Example:
        >>> import torch
        >>> instance_norm(torch.tensor([[[[2.0, 6]], [[30, 10]]]])).flatten().round().tolist()
        [-1.0, 1.0, 1.0, -1.0]

    Introduced in chapter 08.

    Source: Ulyanov, Vedaldi & Lempitsky, Instance normalization (2016), equation 3.
    """
    return group_norm(x, x.shape[1] if x.dim() == 4 else 1, weight, bias, eps=eps)


def layer_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float = 1e-5
) -> Tensor:
    """Standardise each picture as a whole: all its channels are one group.

    ``nn.LayerNorm`` has a scale and a shift for every place, (c, h, w), not for every channel as here.

    Args:
        x: maps, shape (n, c, h, w).
        weight: a scale for each channel, shape (c,); None means ones.
        bias: a shift for each channel, shape (c,); None means zeros.
        eps: added to the variance; > 0.

    Returns:
        Maps of the shape of x.

    Raises:
        ShapeError: x is not a batch of maps, or weight or bias do not fit.

    Example:
        >>> import torch
        >>> layer_norm(torch.tensor([[[[2.0]], [[6.0]]]])).flatten().round().tolist()
        [-1.0, 1.0]

    Introduced in chapter 08.

    Source: Ba, Kiros & Hinton, Layer normalization (2016), equation 3.
    """
    return group_norm(x, 1, weight, bias, eps=eps)
