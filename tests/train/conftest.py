"""Small things to train on: striped pictures that a linear net learns in a second."""

import pytest
import torch
from torch import nn

from cnncourse.data import ImageSet, Source


def stripes(n: int, seed: int = 0, classes: int = 3) -> ImageSet:
    """Pictures of 8×8 pixels; the class says which third of the rows is bright."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    images = torch.randint(0, 120, (n, 1, 8, 8), generator=generator)
    for image, label in zip(images, labels, strict=True):
        image[0, 2 * label : 2 * label + 2] += 100
    source = Source("generated", "stripes", "tests", "0" * 64)
    names = tuple("abcdefghij"[:classes])
    return ImageSet("stripes", "train", images.to(torch.uint8), labels, names, source, (0.3,), (0.2,))


def small_net(classes: int = 3, channels: int = 1) -> nn.Sequential:
    """A net with all that has state: batch norm's running statistics and dropout's random numbers."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(144, classes),
    )


@pytest.fixture
def train_set() -> ImageSet:
    return stripes(60)


@pytest.fixture
def val_set() -> ImageSet:
    return stripes(30, seed=1)


@pytest.fixture
def net() -> nn.Sequential:
    return small_net()
