"""ImageSet: a dataset for torch, stratified draws, standardisation with the training statistics."""

from dataclasses import replace

import pytest
import torch
from torch.utils.data import DataLoader

from cnncourse.data import ImageSet, Source, channel_statistics
from cnncourse.errors import ArgumentError, DataError


@pytest.fixture
def uneven():
    """60 images in three classes of 30, 20 and 10; the first pixel of each is its number."""
    images = torch.randint(
        0, 256, (60, 3, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    images[:, 0, 0, 0] = torch.arange(60)
    labels = torch.tensor([0] * 30 + [1] * 20 + [2] * 10)
    source = Source("full", "made up", "here", "")
    return ImageSet(
        "uneven", "train", images, labels, ("a", "b", "c"), source, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    )


def counts(part):
    return torch.bincount(part.labels, minlength=3).tolist()


def test_normalised_is_the_formula(uneven):
    mean = torch.tensor(uneven.mean).view(1, 3, 1, 1)
    std = torch.tensor(uneven.std).view(1, 3, 1, 1)
    expected = (uneven.images.double() / 255 - mean) / std
    assert uneven.normalised().dtype == torch.float32
    torch.testing.assert_close(uneven.normalised(), expected.float(), atol=1e-6, rtol=1e-5)


def test_an_item_is_a_standardised_image_and_a_label(uneven):
    image, label = uneven[31]
    assert (type(label), label) == (int, 1)
    torch.testing.assert_close(image, uneven.normalised()[31])
    assert torch.equal(uneven[-1][0], uneven[59][0])
    with pytest.raises(IndexError):
        uneven[60]
    assert len(list(uneven)) == 60


def test_a_dataloader_takes_it(uneven):
    images, labels = next(iter(DataLoader(uneven, batch_size=60)))
    torch.testing.assert_close(images, uneven.normalised())
    assert torch.equal(labels, uneven.labels)


def test_take_keeps_the_shares_of_the_classes(uneven):
    assert counts(uneven.take(12)) == [6, 4, 2]
    assert counts(uneven.take(7)) == [4, 2, 1]  # 3.5, 2.33, 1.17: the largest remainder is rounded up
    assert counts(uneven.take(10)) == [5, 3, 2]  # 5, 3.33, 1.67
    assert counts(uneven.take(60)) == [30, 20, 10]
    assert len(uneven.take(1)) == 1


def test_take_is_decided_by_the_seed(uneven):
    def numbers(seed):
        return uneven.take(12, seed=seed).images[:, 0, 0, 0].tolist()

    assert numbers(0) == numbers(0)
    assert numbers(0) != numbers(1)
    assert len(set(numbers(0))) == 12
    assert uneven.take(12).labels.tolist() != sorted(uneven.take(12).labels.tolist())


def test_images_and_labels_stay_together(uneven):
    part = uneven.take(30, seed=5)
    assert torch.equal(part.labels, uneven.labels[part.images[:, 0, 0, 0].long()])


def test_split_deals_every_image_once(uneven):
    first, second = uneven.split(0.2, seed=3)
    assert (counts(first), counts(second)) == ([6, 4, 2], [24, 16, 8])
    numbers = torch.cat([first.images, second.images])[:, 0, 0, 0]
    assert sorted(numbers.tolist()) == list(range(60))
    assert (first.mean, second.source) == (uneven.mean, uneven.source)


@pytest.mark.parametrize("n", [0, -1, 61])
def test_take_refuses_what_it_cannot_give(uneven, n):
    with pytest.raises(ArgumentError, match=f"take expects 1 to 60 images, got {n}"):
        uneven.take(n)


@pytest.mark.parametrize("fraction", [0, 1, 1.5, 0.001])
def test_split_refuses_an_empty_side(uneven, fraction):
    with pytest.raises(ArgumentError, match=f"split expects a fraction .*, got {fraction} of 60 images"):
        uneven.split(fraction)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": torch.zeros(60, 3, 4, 5)}, r"images expects uint8 .*, got torch.float32 \(60, 3, 4, 5\)"),
        ({"images": torch.zeros(60, 20, dtype=torch.uint8)}, r"images expects uint8 \(n, c, h, w\)"),
        ({"labels": torch.zeros(59, dtype=torch.int64)}, r"labels expects int64, one for each of the 60"),
        ({"labels": torch.zeros(60)}, r"labels expects int64"),
        ({"mean": (0.5,)}, r"mean and std expect 3 values, got 1 and 3"),
    ],
)
def test_tensors_of_the_wrong_form_are_refused(uneven, change, message):
    with pytest.raises(DataError, match=message):
        replace(uneven, **change)


def test_it_prints_what_it_is(uneven):
    assert repr(uneven) == "ImageSet(uneven train: 60 images of 3×4×5, 3 classes, made up)"


def test_channel_statistics_are_exact(uneven):
    mean, std = channel_statistics(uneven.images)
    values = uneven.images.double().div(255).transpose(0, 1).flatten(1)
    assert mean == pytest.approx(values.mean(1).tolist(), abs=1e-12)
    assert std == pytest.approx(values.std(1, correction=0).tolist(), abs=1e-12)
