"""Changes of colour equal torchvision's to one level of 255."""

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from cnncourse.augment import ColorJitter, brightness, contrast, hue, saturation
from cnncourse.errors import ArgumentError, ShapeError

N = 40
PAIRS = {
    "brightness": (brightness, tv.adjust_brightness, (0.0, 2.5)),
    "contrast": (contrast, tv.adjust_contrast, (0.0, 2.5)),
    "saturation": (saturation, tv.adjust_saturation, (0.0, 2.5)),
    "hue": (hue, tv.adjust_hue, (-0.5, 0.5)),
}


def pictures(dtype, channels=3):
    images = torch.randint(
        0, 256, (N, channels, 9, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    images[:, :, 0] = torch.tensor([0, 0, 0, 255, 255, 255, 128, 128], dtype=torch.uint8)  # greys
    images[:, 0, 1, :4] = 255  # two channels may be equal, or at the limit
    images[:, -1, 1, 2:] = 255
    return images if dtype == torch.uint8 else images.to(dtype) / 255


def close(got, expected):
    assert got.dtype == expected.dtype
    difference = (got.double() - expected.double()).abs()
    if got.is_floating_point():
        assert difference.max() < 2e-6
    else:
        assert difference.max() <= 1
        assert (difference > 0).double().mean() < 0.002


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("name", PAIRS)
def test_each_change_equals_torchvisions(name, dtype, channels):
    ours, theirs, (low, high) = PAIRS[name]
    images, numbers = pictures(dtype, channels), torch.linspace(low, high, N)
    expected = torch.stack([theirs(i, float(x)) for i, x in zip(images, numbers, strict=True)])
    close(ours(images, numbers), expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_jitter_equals_torchvisions_changes_in_the_drawn_order(dtype):
    images, jitter = pictures(dtype), ColorJitter(0.4, 0.3, 0.5, 0.2)
    before = images.clone()
    table = jitter.draw(N, (9, 8), torch.Generator().manual_seed(1))
    got = jitter.apply(images, table)
    assert torch.equal(images, before)
    names = list(PAIRS)
    for i in range(N):
        expected = images[i]
        for number in table["order"][i].tolist():
            expected = PAIRS[names[number]][1](expected, float(table[names[number]][i]))
        difference = (got[i].double() - expected.double()).abs()
        # a level that tips over early may be amplified by the changes that follow
        assert difference.max() <= (4 if dtype == torch.uint8 else 2e-5)
        assert difference.mean() < (0.02 if dtype == torch.uint8 else 1e-6)


def test_jitter_draws_within_its_ranges_and_every_order():
    table = ColorJitter(0.4, 0.3, 2.0, 0.2).draw(4000, (1, 1), torch.Generator().manual_seed(0))
    for name, low, high in (
        ("brightness", 0.6, 1.4),
        ("contrast", 0.7, 1.3),
        ("saturation", 0, 3),
        ("hue", -0.2, 0.2),
    ):
        assert float(table[name].min()) == pytest.approx(low, abs=0.01)
        assert float(table[name].max()) == pytest.approx(high, abs=0.01)
    assert len({tuple(order) for order in table["order"].tolist()}) == 24


def test_what_is_not_asked_for_is_left_alone():
    images = pictures(torch.uint8)
    table = ColorJitter(brightness=0.5).draw(N, (9, 8), torch.Generator().manual_seed(0))
    assert torch.equal(
        ColorJitter(brightness=0.5).apply(images, table), brightness(images, table["brightness"])
    )


def test_errors():
    for make, message in (
        (lambda: ColorJitter(), "at least one of its four numbers"),
        (lambda: ColorJitter(-1), "brightness expects"),
        (lambda: ColorJitter(hue=0.6), "hue expects"),
    ):
        with pytest.raises(ArgumentError, match=message):
            make()
    with pytest.raises(ShapeError, match=r"images expects 1 channel \(grey\) or 3 \(RGB\), got 2"):
        hue(torch.zeros(1, 2, 4, 4), torch.zeros(1))
    with pytest.raises(ShapeError, match="factor expects one number for each of the 2 images"):
        saturation(torch.zeros(2, 1, 4, 4), torch.zeros(1))
