"""shapes10: the same bytes from the same seed, ten outlines that differ, CIFAR-10's interface."""

import numpy as np
import pytest

from cnncourse import data
from cnncourse.data import registry
from cnncourse.data.cache import fingerprint
from cnncourse.data.shapes10 import drawing
from cnncourse.data.shapes10.outlines import OUTLINES
from cnncourse.errors import ArgumentError


def test_the_bytes_are_the_same_everywhere():
    assert fingerprint(*drawing.draw(200, seed=7))[:16] == "310b85bb19f6b287"


def test_the_seed_decides():
    assert np.array_equal(drawing.draw(30, seed=1)[0], drawing.draw(30, seed=1)[0])
    assert not np.array_equal(drawing.draw(30, seed=1)[0], drawing.draw(30, seed=2)[0])


def test_long_sets_are_drawn_in_pieces(monkeypatch):
    monkeypatch.setattr(drawing, "_CHUNK", 20)
    images, labels = drawing.draw(50)
    assert images.shape == (50, 3, 32, 32)
    assert labels.tolist() == list(range(10)) * 5
    assert len(np.unique(images.reshape(50, -1), axis=0)) == 50


def test_nothing_cannot_be_drawn():
    with pytest.raises(ArgumentError, match="draw expects at least 1 image, got 0"):
        drawing.draw(0)


def test_it_has_the_interface_of_cifar():
    train, test = data.load("shapes10"), data.load("shapes10", "test")
    assert (len(train), len(test)) == (10_000, 2_000)
    assert train.images.shape[1:] == registry.entry("cifar10").shape
    assert (train.source.kind, train.source.where) == ("generated", "drawn by the course")
    mean, std = data.channel_statistics(train.images)
    assert mean == pytest.approx(train.mean, abs=1e-3)
    assert std == pytest.approx(train.std, abs=1e-3)
    train_rows = {image.numpy().tobytes() for image in train.images}
    assert not any(image.numpy().tobytes() in train_rows for image in test.images)


def test_the_outlines_are_the_classes():
    assert tuple(OUTLINES) == registry.entry("shapes10").classes


@pytest.fixture(scope="module")
def masks():
    line = np.linspace(-1.2, 1.2, 121)
    x, y = np.meshgrid(line, line)
    return {name: outline(x, y) for name, outline in OUTLINES.items()}


@pytest.mark.parametrize("name", OUTLINES)
def test_an_outline_fits_its_circle_and_is_not_tiny(masks, name):
    inside = masks[name] < 0
    line = np.linspace(-1.2, 1.2, 121)
    x, y = np.meshgrid(line, line)
    assert np.hypot(x, y)[inside].max() <= 1.13
    assert inside.sum() * 0.02**2 > 0.9


@pytest.mark.parametrize("name", OUTLINES)
def test_distances_are_at_most_true_distances(masks, name):
    """A step of one pixel changes the value by at most one pixel: edges come out smooth, never jagged."""
    for axis in (0, 1):
        assert np.abs(np.diff(masks[name], axis=axis)).max() <= 0.02 + 1e-9


@pytest.mark.parametrize(
    ("name", "x", "y", "inside"),
    [
        ("circle", 0.84, 0, True),
        ("circle", 0.86, 0, False),
        ("square", 0.74, 0.74, True),
        ("square", 0.76, 0, False),
        ("triangle", -0.6, 0, False),
        ("triangle", 0.9, 0, True),
        ("star", 0.99, 0, True),
        ("star", -0.5, 0, False),
        ("cross", 0.9, 0.2, True),
        ("cross", 0.4, 0.4, False),
        ("ring", 0, 0, False),
        ("ring", 0.7, 0, True),
        ("crescent", -0.8, 0, True),
        ("crescent", 0.3, 0, False),
        ("heart", 0, 0.75, True),
        ("heart", 0, -0.75, False),
        ("arrow", 0.95, 0, True),
        ("arrow", -0.5, 0.4, False),
        ("pentagon", 0.9, 0, True),
        ("pentagon", -0.8, 0, False),
    ],
)
def test_points_are_inside_or_outside(name, x, y, inside):
    assert bool(OUTLINES[name](np.array([x]), np.array([y]))[0] < 0) == inside
