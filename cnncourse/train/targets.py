"""What the images of a batch show: a class each, or shares of several."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cnncourse.augment import MixedLabels

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
