"""Dropout by hand: a mask of zeros and ones, and a scale that keeps the mean.

Chapter 07 builds it. With the mask given, every function equals what ``torch.nn`` does with the same mask.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError

MOST_UNITS = 16
"""``all_masks`` writes down at most 2¹⁶ masks."""


def keep_mask(shape: Sequence[int], p: float, *, generator: torch.Generator | None = None) -> Tensor:
    """Draw which units stay: 1 with chance 1 − p, else 0, each on its own.

    Args:
        shape: the shape of the mask.
        p: the chance that a unit is dropped, 0 to 1.
        generator: where the chance comes from; torch's own if None.

    Returns:
        Zeros and ones, float32, of that shape.

    Raises:
        ArgumentError: p is no chance.

    Example:
        >>> keep_mask((2, 3), 0.0)
        tensor([[1., 1., 1.],
                [1., 1., 1.]])

    Introduced in chapter 07.

    Source: Srivastava et al., Dropout, JMLR 15 (2014), section 4.
    """
    _chance(p)
    return (torch.rand(tuple(shape), generator=generator) >= p).float()


def keep_channels(shape: Sequence[int], p: float, *, generator: torch.Generator | None = None) -> Tensor:
    """Draw which whole channels stay, for spatial dropout: one zero or one a channel and picture.

    Args:
        shape: the shape of the feature maps, (n, c, …).
        p: the chance that a channel is dropped, 0 to 1.
        generator: where the chance comes from; torch's own if None.

    Returns:
        Zeros and ones, float32, shape (n, c, 1, …): it spreads over all places of a map.

    Raises:
        ArgumentError: p is no chance.
        ShapeError: there are no places to spread over.

    Example:
        >>> keep_channels((2, 3, 8, 8), 0.5).shape
        torch.Size([2, 3, 1, 1])

    Introduced in chapter 07.

    Source: Tompson et al., Efficient object localization using convolutional networks (2015), section 3.2.
    """
    if len(shape) < 3:
        raise ShapeError(
            f"spatial dropout expects maps (n, c, …) with places, got shape {tuple(shape)} — "
            "use dropout for plain rows of numbers"
        )
    return keep_mask((*shape[:2], *[1] * (len(shape) - 2)), p, generator=generator)


def apply_mask(x: Tensor, keep: Tensor, p: float) -> Tensor:
    """Silence the units that the mask drops, and scale the others up so that the mean stays.

    This is inverted dropout: the scaling happens in training, so nothing is left to do afterwards. The
    gradient takes the same way back: ``apply_mask(grad, keep, p)``.

    Args:
        x: what comes in, any shape.
        keep: zeros and ones, in the shape of x or one that spreads over it.
        p: the chance with which the mask was drawn.

    Returns:
        x · keep / (1 − p); with p = 1 nothing but zeros.

    Raises:
        ArgumentError: p is no chance.
        ShapeError: the mask does not spread over x.

    Example:
        >>> apply_mask(torch.tensor([1.0, 2, 3, 4]), torch.tensor([1.0, 0, 0, 1]), 0.5)
        tensor([2., 0., 0., 8.])

    Introduced in chapter 07.
    """
    _chance(p)
    if keep.ndim > x.ndim or any(
        m not in (1, n) for m, n in zip(keep.shape[::-1], x.shape[::-1], strict=False)
    ):
        raise ShapeError(f"a mask of shape {tuple(keep.shape)} does not spread over x {tuple(x.shape)}")
    if p == 1:
        return torch.zeros_like(x)
    return x * keep.to(x) / (1 - p)


def dropout(
    x: Tensor, p: float = 0.5, training: bool = True, *, generator: torch.Generator | None = None
) -> Tensor:
    """Drop each number of x with chance p while training, and leave x alone otherwise.

    Args:
        x: what comes in, any shape.
        p: the chance that a number is dropped, 0 to 1.
        training: False turns it off.
        generator: where the chance comes from; torch's own if None.

    Returns:
        A tensor like x; x itself when not training.

    Raises:
        ArgumentError: p is no chance.

    Example:
        >>> dropout(torch.ones(4), 0.5, training=False)
        tensor([1., 1., 1., 1.])

    Introduced in chapter 07.

    Source: Srivastava et al., Dropout, JMLR 15 (2014), sections 4 and 10.
    """
    _chance(p)
    if not training:
        return x
    return apply_mask(x, keep_mask(x.shape, p, generator=generator), p)


def dropout_channels(
    x: Tensor, p: float = 0.5, training: bool = True, *, generator: torch.Generator | None = None
) -> Tensor:
    """Drop whole channels of feature maps with chance p while training: spatial dropout.

    Args:
        x: feature maps, (n, c, h, w), or with any number of places after the channels.
        p: the chance that a channel of a picture is dropped, 0 to 1.
        training: False turns it off.
        generator: where the chance comes from; torch's own if None.

    Returns:
        A tensor like x; x itself when not training.

    Raises:
        ArgumentError: p is no chance.
        ShapeError: x has no places.

    Example:
        >>> maps = dropout_channels(torch.ones(1, 8, 2, 2), 0.5)
        >>> {tuple(m.flatten().tolist()) for m in maps[0]} <= {(0.0,) * 4, (2.0,) * 4}
        True

    Introduced in chapter 07.
    """
    keep = keep_channels(x.shape, p, generator=generator)
    return apply_mask(x, keep, p) if training else x


def all_masks(units: int) -> Tensor:
    """Write down every mask there is: each unit kept or dropped.

    Args:
        units: how many units, 1 to 16.

    Returns:
        Zeros and ones, float32, shape (2^units, units); the first drops all, the last keeps all.

    Raises:
        ArgumentError: there would be none, or too many.

    Example:
        >>> all_masks(2)
        tensor([[0., 0.],
                [0., 1.],
                [1., 0.],
                [1., 1.]])

    Introduced in chapter 07.
    """
    if not 1 <= units <= MOST_UNITS:
        raise ArgumentError(f"units expects 1 to {MOST_UNITS}, got {units}")
    numbers = torch.arange(2**units)[:, None]
    places = torch.arange(units - 1, -1, -1)
    return ((numbers >> places) & 1).float()


class Dropout(nn.Module):
    """Dropout as a layer, which obeys ``train()`` and ``eval()``.

    Args:
        p: the chance that a number is dropped, 0 to 1.

    Raises:
        ArgumentError: p is no chance.

    Example:
        >>> Dropout(0.3).eval()(torch.ones(2))
        tensor([1., 1.])

    Introduced in chapter 07.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        _chance(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Drop in training, pass on otherwise."""
        return dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """Say p."""
        return f"p={self.p}"


class SpatialDropout(Dropout):
    """Dropout of whole channels as a layer, like ``nn.Dropout2d``.

    Args:
        p: the chance that a channel of a picture is dropped, 0 to 1.

    Raises:
        ArgumentError: p is no chance.

    Example:
        >>> SpatialDropout(0.3).eval()(torch.ones(1, 1, 1, 2))
        tensor([[[[1., 1.]]]])

    Introduced in chapter 07.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Drop channels in training, pass on otherwise."""
        return dropout_channels(x, self.p, self.training)


def variance_ratio(mean: Tensor, variance: Tensor, p: float) -> Tensor:
    """Say by how much dropout lets the variance grow while training: 1 means that it does not.

    A batch norm that follows a dropout learns the variance of training and uses it in evaluation, where
    dropout is off: its numbers then come out too small, by the square root of this ratio.

    Args:
        mean: the mean of the numbers that are dropped, any shape.
        variance: their variance, in the same shape, above 0.
        p: the chance that a number is dropped, 0 to below 1.

    Returns:
        Variance with dropout over variance without, ((v + m²) / (1 − p) − m²) / v.

    Raises:
        ArgumentError: p is no chance, or drops everything; a variance is not above 0.

    Example:
        >>> variance_ratio(torch.tensor(0.0), torch.tensor(1.0), 0.5)
        tensor(2.)

    Introduced in chapter 07.

    Source: Li et al., Understanding the disharmony between dropout and batch normalization (2019), section 3.
    """
    _chance(p)
    if p == 1:
        raise ArgumentError("p expects a number below 1, got 1 — nothing would be left to vary")
    if not (variance > 0).all():
        raise ArgumentError(f"variance expects numbers above 0, got {variance.min().item():g}")
    return ((variance + mean**2) / (1 - p) - mean**2) / variance


def _chance(p: float) -> None:
    if not 0 <= p <= 1:
        raise ArgumentError(f"p is the chance to be dropped, from 0 to 1, got {p}")
