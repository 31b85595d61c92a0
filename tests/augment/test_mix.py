"""MixUp and CutMix against torchvision, with its pairing and its numbers."""

import pytest
import torch
from torch.nn import functional as F
from torchvision.transforms import v2

from cnncourse.augment import Augmented, Compose, CutMix, MixUp, RandomCrop, cutmix, mixup
from cnncourse.augment.mix import beta
from cnncourse.errors import ArgumentError, ShapeError

N, CLASSES = 6, 4


def pictures(dtype=torch.float32):
    images = torch.randint(
        0, 256, (N, 3, 10, 7), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    return images if dtype == torch.uint8 else images / 255


LABELS = torch.tensor([0, 1, 2, 3, 0, 1])


@pytest.mark.parametrize("seed", range(10))
def test_mixup_equals_torchvisions(seed):
    images = pictures()
    theirs = v2.MixUp(num_classes=CLASSES)
    params = {"lam": torch.rand((), generator=torch.Generator().manual_seed(seed)).item()}
    theirs.make_params = lambda flat: params
    expected, shares = theirs(images, LABELS)
    weight = torch.full((N,), params["lam"])
    torch.testing.assert_close(mixup(images, images.roll(1, 0), weight), expected, rtol=0, atol=1e-6)
    table = {"weight": weight}
    mixed = MixUp().labels(LABELS, LABELS.roll(1), table)
    torch.testing.assert_close(mixed.one_hot(CLASSES), shares)


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
@pytest.mark.parametrize("seed", range(10))
def test_cutmix_equals_torchvisions(seed, dtype):
    images = pictures(dtype)
    theirs = v2.CutMix(num_classes=CLASSES)
    torch.manual_seed(seed)
    params = theirs.make_params([images])
    theirs.make_params = lambda flat: params
    expected, shares = theirs(images, LABELS)
    x1, y1, x2, y2 = (torch.full((N,), value) for value in params["box"])
    assert torch.equal(cutmix(images, images.roll(1, 0), y1, x1, y2 - y1, x2 - x1), expected)
    mixed = CutMix().labels(LABELS, LABELS.roll(1), {"weight": torch.full((N,), params["lam_adjusted"])})
    torch.testing.assert_close(mixed.one_hot(CLASSES), shares)


def test_mixup_of_bytes_rounds():
    images = pictures(torch.uint8)
    weight = torch.linspace(0, 1, N)
    expected = mixup(images.double(), images.flip(0).double(), weight.double())
    assert mixup(images, images.flip(0), weight).dtype == torch.uint8
    assert (mixup(images, images.flip(0), weight).double() - expected).abs().max() <= 0.5 + 1e-4


def test_the_weight_of_cutmix_is_the_area_that_is_left():
    table = CutMix().draw(500, (10, 7), torch.Generator().manual_seed(0))
    ones = torch.ones(500, 1, 10, 7)
    left = CutMix().apply(ones, 0 * ones, table).mean((1, 2, 3))
    torch.testing.assert_close(left, table["weight"])
    assert 0.4 < float(left.mean()) < 0.8
    assert sorted(table["partner"].tolist()) == list(range(500))


def test_the_share_of_mixup_follows_beta():
    for alpha, variance in ((0.2, 0.25 / 1.4), (1.0, 1 / 12), (5.0, 0.25 / 11)):
        shares = beta(20_000, alpha, torch.Generator().manual_seed(0))
        assert float(shares.mean()) == pytest.approx(0.5, abs=0.02)
        assert float(shares.var()) == pytest.approx(variance, rel=0.05)


def test_the_loss_is_that_of_the_shares():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(N, CLASSES, generator=generator)
    _, mixed = MixUp()(pictures(), LABELS, generator)
    torch.testing.assert_close(mixed.cross_entropy(logits), F.cross_entropy(logits, mixed.one_hot(CLASSES)))
    torch.testing.assert_close(
        mixed.cross_entropy(logits, 0.2),
        F.cross_entropy(logits, mixed.one_hot(CLASSES), label_smoothing=0.2),
    )


@pytest.mark.parametrize("mix", [MixUp(0.5), CutMix()])
def test_a_call_mixes_image_and_label_with_the_same_partner(mix):
    images = F.one_hot(LABELS, CLASSES).float().reshape(N, CLASSES, 1, 1).expand(N, CLASSES, 10, 7)
    mixed, labels = mix(images, LABELS, torch.Generator().manual_seed(3))
    torch.testing.assert_close(mixed.mean((2, 3)), labels.one_hot(CLASSES))
    again, _ = mix(images, LABELS, torch.Generator().manual_seed(3))
    assert torch.equal(mixed, again)


@pytest.mark.parametrize("mix", [MixUp(0.5), CutMix()])
def test_ranks_mix_the_same_pictures_when_partners_come_from_the_whole_set(mix):
    images = pictures()
    set_ = Augmented(images, Compose(RandomCrop((10, 7), padding=1)), seed=4)
    table = mix.draw(N, (10, 7), torch.Generator().manual_seed(4))

    def batch(index):
        own = {name: values[index] for name, values in table.items()}
        return mix.apply(set_.batch(index, 0), set_.batch(own["partner"], 0), own)

    whole = batch(torch.arange(N))
    for rank in range(2):
        assert torch.equal(batch(torch.arange(N)[rank::2]), whole[rank::2])


def test_errors():
    images = pictures()
    with pytest.raises(ArgumentError, match="alpha expects a number above 0, got 0"):
        MixUp(0)
    with pytest.raises(ShapeError, match="partners expects the shape and type of the images"):
        mixup(images, images[:2], torch.ones(N))
    with pytest.raises(ShapeError, match="weight expects one number for each of the 6 images"):
        mixup(images, images, torch.ones(2))
    with pytest.raises(ShapeError, match="labels expects one class for each of the 6 images"):
        CutMix()(images, LABELS[:2], torch.Generator())
