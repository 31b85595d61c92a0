"""Choose, inside a batch, the triplets that still teach something.

Papers: Schroff et al., "FaceNet" (2015); Hermans, Beyer & Leibe, "In Defense of the Triplet Loss for Person
Re-Identification" (2017).
Most triplets of a trained net are easy and have zero loss; a batch of P classes with K images each holds all
the triplets one needs, if the right ones are picked.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.heads.metric_losses import distances


class Triplets(NamedTuple):
    """Indices into a batch, each of shape (t,): ``points[triplets.anchor]`` and so on."""

    anchor: Tensor
    positive: Tensor
    negative: Tensor


class Quadruplets(NamedTuple):
    """Indices into a batch, each of shape (q,)."""

    anchor: Tensor
    positive: Tensor
    negative: Tensor
    other: Tensor


def hard_triplets(points: Tensor, labels: Tensor) -> Triplets:
    """Pick for every anchor its farthest positive and its nearest negative ("batch hard").

    An image that is the only one of its class is no anchor; it still serves as a negative.

    Args:
        points: shape (n, dim).
        labels: classes, shape (n,).

    Returns:
        One triplet for each anchor that has a positive.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: no class has two images, or all images are of one class.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [3.0], [4.0]])
        >>> hard_triplets(points, torch.tensor([0, 0, 0, 1])).positive
        tensor([2, 2, 0])

    Source: Hermans et al. (2017), eq. 5. Introduced in chapter 16.
    """
    gaps, same, different = _pairs(points, labels)
    positive = gaps.masked_fill(~same, -torch.inf).argmax(1)
    negative = gaps.masked_fill(~different, torch.inf).argmin(1)
    anchor = same.any(1).nonzero().squeeze(1)
    return Triplets(anchor, positive[anchor], negative[anchor])


def semi_hard_triplets(
    points: Tensor, labels: Tensor, *, margin: float = 0.2, squared: bool = True
) -> Triplets:
    """Pick for every equal pair the nearest negative that is farther than the positive, within the margin.

    The hardest negatives are often wrong labels, and early in training they make all points collapse into
    one; semi-hard ones lie where the loss is above 0 and below the margin. A pair without one is left out,
    so the result may be empty: ``triplet_loss`` of nothing is 0.

    Args:
        points: shape (n, dim).
        labels: classes, shape (n,).
        margin: as for ``triplet_loss``, > 0.
        squared: whether the margin is one of squared distances; as for ``triplet_loss``.

    Returns:
        One triplet for each pair (anchor, positive), in both orders, that has such a negative.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: no class has two images, all images are of one class, or margin ≤ 0.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [0.5], [1.2]])
        >>> labels = torch.tensor([0, 0, 1, 1])
        >>> [index.tolist() for index in semi_hard_triplets(points, labels, margin=0.5)]
        [[0], [1], [3]]

    Source: Schroff et al. (2015), eq. 4. Introduced in chapter 16.
    """
    if margin <= 0:
        raise ArgumentError(
            f"semi-hard negatives lie inside the margin: it must be positive, but got {margin}"
        )
    gaps, same, different = _pairs(points, labels)
    gaps = gaps.square() if squared else gaps
    anchor, positive = same.nonzero(as_tuple=True)
    near = gaps[anchor, positive].unsqueeze(1)  # (pairs, 1)
    far = gaps[anchor]  # (pairs, n)
    suitable = different[anchor] & (far > near) & (far < near + margin)
    negative = far.masked_fill(~suitable, torch.inf).argmin(1)
    found = suitable.any(1)
    return Triplets(anchor[found], positive[found], negative[found])


def hard_quadruplets(points: Tensor, labels: Tensor) -> Quadruplets:
    """Extend each hard triplet by the point of a third class that is nearest to the negative.

    Args:
        points: shape (n, dim).
        labels: classes, shape (n,).

    Returns:
        One quadruplet for each anchor that has a positive.

    Raises:
        ShapeError: shapes that do not fit.
        ArgumentError: no class has two images, or fewer than three classes.

    Example:
        >>> points = torch.tensor([[0.0], [1.0], [3.0], [4.0]])
        >>> [index.tolist() for index in hard_quadruplets(points, torch.tensor([0, 0, 1, 2]))]
        [[0, 1], [1, 0], [2, 2], [3, 3]]

    Source: the batch-hard rule of Hermans et al. (2017), for the quadruplets of Chen et al. (2017).
    Introduced in chapter 16.
    """
    if len(set(labels.tolist())) < 3:
        raise ArgumentError("a quadruplet needs three classes in a batch: draw more classes")
    anchor, positive, negative = hard_triplets(points, labels)
    third = (labels != labels[anchor].unsqueeze(1)) & (labels != labels[negative].unsqueeze(1))  # (q, n)
    gaps = distances(points.detach())[negative].masked_fill(~third, torch.inf)
    return Quadruplets(anchor, positive, negative, gaps.argmin(1))


def _pairs(points: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return all distances, which pairs are equal (not an image with itself), and which are unequal."""
    if points.dim() != 2 or labels.shape != points.shape[:1]:
        shapes = f"{tuple(points.shape)} and {tuple(labels.shape)}"
        raise ShapeError(f"expected points (n, dim) and labels (n,), but got {shapes}")
    equal = labels.unsqueeze(0) == labels.unsqueeze(1)
    same = equal & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    if not same.any():
        raise ArgumentError("no class has two images in this batch: draw at least two images a class")
    if equal.all():
        raise ArgumentError("all images of this batch are of one class: draw at least two classes")
    return distances(points.detach()), same, ~equal
