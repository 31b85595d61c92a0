"""Facts about the real sets, checked where they are; and the samples against their origin."""

import numpy as np
import pytest
import torch

from cnncourse import data
from cnncourse.data import samples

from .conftest import REAL


@pytest.fixture(scope="module", params=[name for name in data.names() if data.entry(name).remote])
def whole(request, tmp_path_factory):
    """Training and test images of a full set, decoded once for all tests of this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCOURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        if REAL:
            patch.setenv("CNNCOURSE_DATA", REAL)
        train = data.load(request.param, announce=False, download=False)
        test = data.load(request.param, "test", announce=False, download=False)
    if train.source.kind != "full":
        pytest.skip(f"the full {request.param} is not here: set CNNCOURSE_DATA to a folder that holds it")
    return train, test


def test_sizes_and_balance(whole):
    for images in whole:
        entry = data.entry(images.name)
        assert len(images) == entry.counts[images.part]
        assert tuple(images.images.shape[1:]) == entry.shape
        counts = torch.bincount(images.labels, minlength=len(entry.classes))
        if images.name == "mnist":
            assert counts.min() > 0.08 * len(images)
        else:
            assert counts.unique().tolist() == [len(images) // len(entry.classes)]


def test_the_constants_are_the_statistics(whole):
    """For the JPEG copy of CIFAR-10 too: its pixels are a little smoother than the official ones."""
    train, _ = whole
    mean, std = data.channel_statistics(train.images)
    slack = 5e-5 if train.source.variant == "official" else 2e-3
    assert train.mean == pytest.approx(mean, abs=slack + 1e-9)
    assert train.std == pytest.approx(std, abs=slack + 1e-9)


def test_standardised_images_are_standard(whole):
    part = whole[0].take(5_000).normalised()
    assert abs(part.mean()) < 0.02
    assert abs(part.std() - 1) < 0.02


def test_the_sample_is_the_one_that_take_deals(whole):
    for images in whole:
        entry = data.entry(images.name)
        if not entry.sample:
            continue
        got, labels = samples.sample_source(entry).read(images.part)
        expected = images.take(entry.sample[images.part], seed=0)
        assert np.array_equal(got, expected.images.numpy())
        assert np.array_equal(labels, expected.labels.numpy())


def test_no_test_image_is_a_training_image(whole):
    train, test = whole
    seen = {image.numpy().tobytes() for image in train.images}
    twice = sum(image.numpy().tobytes() in seen for image in test.images)
    assert twice <= 10  # Fashion-MNIST and CIFAR-10 hold a few duplicates of their own
