"""From classes to distances: a head that turns features into points, and nets of two, three or four branches.

Papers: Bromley et al., "Signature Verification using a 'Siamese' Time Delay Neural Network" (1993);
Schroff, Kalenichenko & Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering" (2015);
Chen et al., "Beyond Triplet Loss: a Deep Quadruplet Network for Person Re-identification" (2017).
Idea: the branches are one and the same net, used on every image; the loss moves the points, so that near
means alike. A new face then needs no new class.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.errors import ShapeError


class Embedding(nn.Module):
    """Average each map, multiply by a matrix, bring the result to length 1.

    Args:
        in_features: channels of the maps, or length of the vectors, that come in.
        dim: coordinates of a point (FaceNet: 128).
        normalise: False: leave the length as it is.

    Shapes: (n, in_features, h, w) or (n, in_features) → (n, dim).

    Raises:
        ShapeError: other channels come in.

    Example:
        >>> points = Embedding(8, 3)(torch.randn(5, 8, 4, 4))
        >>> points.shape, bool(torch.allclose(points.norm(dim=1), torch.ones(5)))
        (torch.Size([5, 3]), True)

    Source: Schroff et al. (2015), section 3: points on the unit sphere. Introduced in chapter 16.
    """

    def __init__(self, in_features: int, dim: int = 128, *, normalise: bool = True) -> None:
        super().__init__()
        self.fc = nn.Linear(in_features, dim)
        self.normalise = normalise

    def forward(self, x: Tensor) -> Tensor:
        """Return one point an image."""
        if x.dim() not in (2, 4) or x.shape[1] != self.fc.in_features:
            raise ShapeError(
                f"the embedding expects (n, {self.fc.in_features}) or (n, {self.fc.in_features}, h, w), "
                f"but got {tuple(x.shape)}"
            )
        points: Tensor = self.fc(x.mean((2, 3)) if x.dim() == 4 else x)
        return F.normalize(points, dim=1) if self.normalise else points


def embed_together(net: nn.Module, *batches: Tensor) -> tuple[Tensor, ...]:
    """Send several batches through one net in a single pass.

    One pass, not several: batch normalisation then sees all the images, not anchors and negatives apart.

    Args:
        net: images in, points out.
        *batches: images, all of shape (n, c, h, w).

    Returns:
        The points of each batch, (n, dim).

    Raises:
        ShapeError: the batches' shapes differ.

    Example:
        >>> one, other = embed_together(nn.Flatten(), torch.zeros(3, 1, 2, 2), torch.ones(3, 1, 2, 2))
        >>> one.sum().item(), other.sum().item()
        (0.0, 12.0)

    Introduced in chapter 16.
    """
    for other in batches[1:]:
        if other.shape != batches[0].shape:
            first = tuple(batches[0].shape)
            raise ShapeError(f"the branches expect equal shapes, but got {first} and {tuple(other.shape)}")
    points: Tensor = net(torch.cat(batches))
    return points.chunk(len(batches))


class Siamese(nn.Module):
    """Two branches with one set of weights, for pairs: are these the same?

    Args:
        net: images in, points out.

    Shapes: two batches (n, c, h, w) → two batches of points (n, dim).

    Example:
        >>> [tuple(points.shape) for points in Siamese(nn.Flatten())(torch.zeros(3, 4), torch.ones(3, 4))]
        [(3, 4), (3, 4)]

    Source: Bromley et al. (1993). Introduced in chapter 16.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, one: Tensor, other: Tensor) -> tuple[Tensor, ...]:
        """Return the points of both batches."""
        return embed_together(self.net, one, other)


class Triplet(nn.Module):
    """Three branches with one set of weights: the anchor, one of its class, one of another class.

    Args:
        net: images in, points out.

    Shapes: three batches (n, c, h, w) → three batches of points (n, dim).

    Example:
        >>> images = torch.zeros(2, 4)
        >>> len(Triplet(nn.Flatten())(images, images, images))
        3

    Source: Schroff et al. (2015), figure 3. Introduced in chapter 16.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, ...]:
        """Return the points of the three batches."""
        return embed_together(self.net, anchor, positive, negative)


class Quadruplet(nn.Module):
    """Four branches with one set of weights: anchor, positive, and two negatives of two further classes.

    Args:
        net: images in, points out.

    Shapes: four batches (n, c, h, w) → four batches of points (n, dim).

    Example:
        >>> images = torch.zeros(2, 4)
        >>> len(Quadruplet(nn.Flatten())(images, images, images, images))
        4

    Source: Chen et al. (2017), figure 3. Introduced in chapter 16.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, anchor: Tensor, positive: Tensor, negative: Tensor, other: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the points of the four batches."""
        return embed_together(self.net, anchor, positive, negative, other)
