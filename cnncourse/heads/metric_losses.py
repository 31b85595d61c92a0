"""Losses that pull points of one class together and push others away: contrastive, triplet, quadruplet.

Papers: Hadsell, Chopra & LeCun, "Dimensionality Reduction by Learning an Invariant Mapping" (2006);
Schroff et al., "FaceNet" (2015); Chen et al., "Beyond Triplet Loss" (2017).
"""

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError


def distances(points: Tensor, others: Tensor | None = None) -> Tensor:
    """Return the Euclidean distance of every point to every other one.

    Computed from differences, not from the matrix product, whose rounding spoils small distances. Where two
    points agree the gradient is taken as zero.

    Args:
        points: shape (n, dim).
        others: shape (m, dim); None: the points themselves.

    Returns:
        Distances, shape (n, m).

    Example:
        >>> distances(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
        tensor([[0., 5.],
                [5., 0.]])

    Introduced in chapter 16.
    """
    others = points if others is None else others
    return torch.cdist(points, others, compute_mode="donot_use_mm_for_euclid_dist")


def _gap(one: Tensor, other: Tensor, *, squared: bool) -> Tensor:
    """Return the distance of each point to its partner, shape (n,)."""
    total = (one - other).square().sum(1)
    if squared:
        return total
    apart = total > 0
    return torch.where(apart, torch.where(apart, total, 1.0).sqrt(), 0.0)  # √ has no gradient at 0


def _mean(losses: Tensor, *points: Tensor) -> Tensor:
    """Return the mean; 0, still connected to the points, when there is nothing to average."""
    if losses.numel():
        return losses.mean()
    return torch.stack([batch.sum() for batch in points]).sum() * 0.0


def _check(margin: float, *points: Tensor) -> None:
    if margin < 0:
        raise ArgumentError(f"margin must not be negative, but got {margin}")
    shapes = [tuple(batch.shape) for batch in points]
    if any(len(shape) != 2 or shape != shapes[0] for shape in shapes):
        raise ShapeError(f"expected points of equal shapes (n, dim), but got {', '.join(map(str, shapes))}")


def contrastive_loss(one: Tensor, other: Tensor, same: Tensor, *, margin: float = 1.0) -> Tensor:
    """Draw equal pairs together; push unequal pairs apart until they are a margin away.

    ½·d² for an equal pair, ½·max(0, margin − d)² for an unequal one. The paper's Y is the opposite of
    ``same``: Y = 0 stands for an equal pair.

    Args:
        one: points, shape (n, dim).
        other: their partners, shape (n, dim).
        same: shape (n,); True or 1 where the pair is of one class.
        margin: distance from which an unequal pair is left alone, ≥ 0.

    Returns:
        The mean over the pairs; 0 for no pair.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: a negative margin.

    Example:
        >>> one, other = torch.zeros(2, 2), torch.tensor([[0.6, 0.8], [0.0, 0.5]])
        >>> contrastive_loss(one, other, torch.tensor([True, False]))  # (½·1² + ½·(1 − 0.5)²) / 2
        tensor(0.3125)

    Source: Hadsell et al. (2006), eq. 4. Introduced in chapter 16.
    """
    _check(margin, one, other)
    if same.shape != one.shape[:1]:
        raise ShapeError(f"same expects shape ({len(one)},), but got {tuple(same.shape)}")
    pull = _gap(one, other, squared=True)
    push = (margin - _gap(one, other, squared=False)).clamp(min=0).square()
    return _mean(0.5 * torch.where(same.bool(), pull, push), one, other)


def triplet_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = 0.2, squared: bool = True
) -> Tensor:
    """Ask that the anchor be nearer to its own class than to another one, by a margin.

    max(0, d(a, p)² − d(a, n)² + margin).

    Args:
        anchor: points, shape (n, dim).
        positive: points of the anchors' classes, shape (n, dim).
        negative: points of other classes, shape (n, dim).
        margin: ≥ 0; 0.2 in the paper, for points of length 1.
        squared: False: plain distances, as in ``nn.TripletMarginLoss`` and Hermans et al. (2017).

    Returns:
        The mean over the triplets; 0 for no triplet.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: a negative margin.

    Example:
        >>> a, p, n = torch.tensor([[0.0]]), torch.tensor([[1.0]]), torch.tensor([[2.0]])
        >>> triplet_loss(a, p, n, margin=4.0)  # 1² − 2² + 4
        tensor(1.)

    Source: Schroff et al. (2015), eq. 3. Introduced in chapter 16.
    """
    _check(margin, anchor, positive, negative)
    near, far = _gap(anchor, positive, squared=squared), _gap(anchor, negative, squared=squared)
    return _mean((near - far + margin).clamp(min=0), anchor, positive, negative)


def quadruplet_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    other: Tensor,
    *,
    margin: float = 1.0,
    margin2: float = 0.5,
) -> Tensor:
    """Add to the triplet loss a second demand: any equal pair is nearer than any unequal one.

    max(0, d(a, p)² − d(a, n)² + margin) + max(0, d(a, p)² − d(n, o)² + margin2). The second term has no
    anchor in common; it makes the classes compact everywhere.

    Args:
        anchor: points, shape (n, dim).
        positive: points of the anchors' classes.
        negative: points of a second class.
        other: points of a third class.
        margin: of the first term, α₁ ≥ 0.
        margin2: of the second, weaker one, α₂ ≥ 0.

    Returns:
        The mean over the quadruplets; 0 for none.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: a negative margin.

    Example:
        >>> a, p, n, o = (torch.tensor([[x]]) for x in (0.0, 1.0, 2.0, 3.0))
        >>> quadruplet_loss(a, p, n, o, margin=4.0, margin2=0.5)  # (1 − 4 + 4) + (1 − 1 + 0.5)
        tensor(1.5000)

    Source: Chen et al. (2017), section 3. Introduced in chapter 16.
    """
    _check(margin, anchor, positive, negative, other)
    _check(margin2)
    near = _gap(anchor, positive, squared=True)
    first = (near - _gap(anchor, negative, squared=True) + margin).clamp(min=0)
    second = (near - _gap(negative, other, squared=True) + margin2).clamp(min=0)
    return _mean(first + second, anchor, positive, negative, other)
