"""Maps from covering patches: how much of the score is lost without them?"""

import math

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.explain.asking import Labels, at_rest, chosen, copied, scores_of
from cnncourse.explain.gradients import spread_out
from cnncourse.limits import count, flag

_AT_ONCE = 256  # images in a batch


def occlusion(
    net: nn.Module,
    images: Tensor,
    labels: Labels = None,
    *,
    window: int = 5,
    stride: int = 2,
    fill: float | Tensor = 0.0,
    spread: bool = True,
) -> Tensor:
    """Cover a patch of each image, ask the net again, and note how far the score falls; then the next place.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        labels: as for ``saliency``.
        window: height and width of the patch, in pixels, ≥ 1, at most the image's.
        stride: pixels from one place to the next, 1 to ``window``, so that each pixel is covered.
        fill: what covers: a number, a colour (c,) or a picture (c, h, w).
        spread: give each pixel the mean of the places that cover it.

    Returns:
        Score less score when covered, before softmax; above 0 where the patch speaks for the class.
        Shape (n, h, w); without ``spread`` one value a place, shape
        (n, ⌈(h − window)/stride⌉ + 1, ⌈(w − window)/stride⌉ + 1). The last patch is cut off at the border.

    Raises:
        ArgumentError: as for ``saliency``, or window or stride out of range.
        ShapeError: as for ``saliency``, or a fill that does not fit.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
        >>> net[1].weight.data = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
        >>> occlusion(net, torch.ones(1, 1, 1, 4), window=1, stride=1)
        tensor([[[1., 2., 3., 4.]]])

    Source: Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (2014), section 4.2.
    Introduced in chapter 22.
    """
    window, stride = count("window", window), count("stride", stride)
    flag("spread", spread)
    if stride > window:
        raise ArgumentError(
            f"stride expects at most the window, {window}, or pixels stay uncovered; got {stride}"
        )
    with at_rest(net), torch.no_grad():
        images = copied(net, images)
        n, _, h, w = images.shape
        if window > min(h, w):
            raise ShapeError(f"window expects at most the images' {h}×{w} pixels, got {window}")
        labels = chosen(net, images, labels)
        cover = spread_out("fill", fill, images)
        rows, columns = (_windows(side, window, stride).to(images.device) for side in (h, w))
        before = scores_of(net, images.clone(), labels)
        drops = []
        pairs = torch.cartesian_prod(torch.arange(len(rows)), torch.arange(len(columns)))
        at_once = max(1, _AT_ONCE // n)
        for k in range(0, len(pairs), at_once):
            places = pairs[k : k + at_once]
            masks = rows[places[:, 0], :, None] & columns[places[:, 1], None, :]  # (places, h, w)
            covered = torch.where(masks[:, None, None], cover, images).flatten(0, 1)
            drops.append(before - scores_of(net, covered, labels.repeat(len(places))).view(-1, n))
        found = torch.cat(drops).T.reshape(n, len(rows), len(columns))
        if not spread:
            return found
        down, across = rows.to(found), columns.to(found)
        return down.T @ found @ across / (down.sum(dim=0)[:, None] * across.sum(dim=0))


def _windows(side: int, window: int, stride: int) -> Tensor:
    """Tell which pixels each place of a window covers along one side, shape (places, side)."""
    begin = torch.arange(math.ceil((side - window) / stride) + 1)[:, None] * stride
    pixel = torch.arange(side)
    return (begin <= pixel) & (pixel < begin + window)
