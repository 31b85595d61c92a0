"""What the images of a batch show: a class each, or shares of several."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.augment import MixedLabels
from cnncourse.errors import ArgumentError

Labels = Tensor | MixedLabels
"""Classes, int64, shape (b,); shares of all classes, float, shape (b, k); or those of mixed images."""


def loss_of(logits: Tensor, labels: Labels, label_smoothing: float) -> Tensor:
    """Return the mean cross-entropy of plain or mixed images.

    Example:
        >>> loss_of(torch.zeros(1, 4), torch.tensor([2]), 0.1)
        tensor(1.3863)
    """
    if isinstance(labels, MixedLabels):
        return labels.cross_entropy(logits, label_smoothing)
    return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def main_class(labels: Labels) -> Tensor:
    """Return the class that an image shows most of.

    Example:
        >>> main_class(MixedLabels(torch.tensor([0]), torch.tensor([2]), torch.tensor([0.2])))
        tensor([2])
    """
    if isinstance(labels, MixedLabels):
        return torch.where(labels.weight >= 0.5, labels.first, labels.second)
    return labels.argmax(1) if labels.is_floating_point() else labels


def pick(labels: Labels, index: Tensor) -> Labels:
    """Return some of the labels.

    Example:
        >>> pick(torch.tensor([5, 6, 7]), torch.tensor([2, 0]))
        tensor([7, 5])
    """
    if isinstance(labels, MixedLabels):
        return MixedLabels(labels.first[index], labels.second[index], labels.weight[index])
    return labels[index]


def classes_of(labels: Tensor, images: int) -> Tensor:
    """Bring labels as the world hands them in to the one form that training uses.

    Args:
        labels: classes of any whole type, shape (n,) or (n, 1); ones and zeros of any whole type, shape
            (n, k), with a single one in each row; or shares, float, shape (n, k).
        images: n, the number of images that they belong to.

    Returns:
        Classes, int64, shape (n,), or shares, float32, shape (n, k).

    Raises:
        ArgumentError: the labels have another shape.

    Example:
        >>> classes_of(torch.tensor([[0, 0, 1], [1, 0, 0]]), 2)
        tensor([2, 0])
        >>> classes_of(torch.tensor([[5], [6]], dtype=torch.int32), 2)
        tensor([5, 6])
    """
    if labels.is_floating_point():
        return labels.float()
    if labels.shape == (images, 1):
        labels = labels[:, 0]
    if labels.ndim == 2 and len(labels) == images and _one_hot(labels):
        return labels.long().argmax(1)
    if labels.shape != (images,) or labels.is_complex():
        raise ArgumentError(
            f"labels expect a class for each of the {images} images, shape ({images},), or a row of zeros "
            f"with a single one; got {labels.dtype} of shape {tuple(labels.shape)}"
        )
    return labels.long()


def _one_hot(labels: Tensor) -> bool:
    whole = labels.long()
    return bool(((whole == 0) | (whole == 1)).all() and (whole.sum(1) == 1).all())


def check_labels(labels: Tensor, classes: int) -> None:
    """Check that labels are classes a net can answer with, or shares of them as transforms that mix give.

    Raises:
        ArgumentError: a label is negative, or not below ``classes``; or there are more or fewer shares.

    Example:
        >>> check_labels(torch.tensor([0, 10]), 10)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: the net has 10 outputs, so labels must lie in 0…9, got 0…10...
    """
    if labels.is_floating_point():
        if labels.ndim != 2 or labels.shape[1] != classes:
            raise ArgumentError(
                f"labels in shares expect shape (b, {classes}), one an output, got {tuple(labels.shape)}"
            )
        return
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise ArgumentError(
            f"the net has {classes} outputs, so labels must lie in 0…{classes - 1}, got {low}…{high} — "
            f"build it with num_classes={high + 1}, or number the classes from 0"
        )
