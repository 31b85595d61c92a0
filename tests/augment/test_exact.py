"""Crop, flip, translate and erase equal torchvision's bit for bit, whatever the type."""

import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from cnncourse.augment import (
    AlternatingFlip,
    Cutout,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomTranslate,
    crop,
    erase,
    flip,
    pad,
    translate,
)

N = 40
TYPES = [torch.uint8, torch.float32]


def pictures(n=N, size=(12, 9), dtype=torch.uint8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 3, *size), generator=generator, dtype=torch.uint8)
    return images if dtype == torch.uint8 else images.to(dtype) / 255


def numbers(low, high, n=N, seed=1):
    return torch.randint(low, high, (n,), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("mode", "theirs"), [("zeros", "constant"), ("reflect", "reflect")])
@pytest.mark.parametrize("padding", [0, 1, 4, 8])
def test_pad(padding, mode, theirs, dtype):
    images = pictures(dtype=dtype)
    assert torch.equal(pad(images, padding, mode), tv.pad(images, [padding], padding_mode=theirs))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (12, 9)])
def test_crop(size, dtype):
    images = pictures(dtype=dtype)
    top, left = numbers(0, 13 - size[0]), numbers(0, 10 - size[1], seed=2)
    expected = [tv.crop(image, int(t), int(w), *size) for image, t, w in zip(images, top, left, strict=True)]
    assert torch.equal(crop(images, top, left, size), torch.stack(expected))


def test_crop_by_index_of_a_view_that_is_not_contiguous():
    images = pictures(n=10)[2:, :, ::2]
    index, top, left = torch.tensor([7, 0, 7]), torch.tensor([0, 2, 1]), torch.tensor([1, 0, 5])
    expected = [tv.crop(images[i], int(t), int(w), 4, 4) for i, t, w in zip(index, top, left, strict=True)]
    assert torch.equal(crop(images, top, left, (4, 4), index), torch.stack(expected))
    assert torch.equal(
        crop(pictures(n=3)[1:], *torch.zeros(2, 2, dtype=torch.int64), (12, 9)), pictures(3)[1:]
    )


def test_crop_of_no_images():
    none = torch.zeros(0, dtype=torch.int64)
    assert crop(pictures(), none, none, (4, 4), none).shape == (0, 3, 4, 4)


@pytest.mark.parametrize("dtype", TYPES)
def test_flip(dtype):
    images, chosen = pictures(dtype=dtype), numbers(0, 2).bool()
    expected = [
        tv.horizontal_flip(image) if yes else image for image, yes in zip(images, chosen, strict=True)
    ]
    before = images.clone()
    assert torch.equal(flip(images, chosen), torch.stack(expected))
    assert torch.equal(images, before)


def test_translate():
    images, down, right = pictures(), numbers(-3, 4), numbers(-3, 4, seed=2)
    expected = [
        tv.affine(image, 0.0, [int(r), int(d)], 1.0, [0.0, 0.0])
        for image, d, r in zip(images, down, right, strict=True)
    ]
    assert torch.equal(translate(images, down, right, 3), torch.stack(expected))
    padded = tv.pad(images, [3], padding_mode="reflect")
    expected = [
        tv.crop(image, 3 - int(d), 3 - int(r), 12, 9) for image, d, r in zip(padded, down, right, strict=True)
    ]
    assert torch.equal(translate(images, down, right, 3, "reflect"), torch.stack(expected))


@pytest.mark.parametrize("fill", [0, 7, (1, 2, 3)])
@pytest.mark.parametrize("dtype", TYPES)
def test_erase(dtype, fill):
    images = pictures(dtype=dtype)
    height, width = numbers(0, 13), numbers(0, 10, seed=2)
    top, left = (numbers(0, 100, seed=3) % (13 - height)), (numbers(0, 100, seed=4) % (10 - width))
    value = torch.tensor(fill, dtype=dtype).reshape(-1, 1, 1)
    expected = [
        tv.erase(image, int(t), int(w), int(h), int(v), value)
        for image, t, w, h, v in zip(images, top, left, height, width, strict=True)
    ]
    assert torch.equal(erase(images, top, left, height, width, fill), torch.stack(expected))


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
def test_random_crop_reaches_every_place_and_equals_pad_and_crop(mode):
    images = pictures(n=600, size=(6, 6))
    step = RandomCrop((6, 5), padding=1, mode=mode)
    table = step.draw(600, (6, 6), torch.Generator().manual_seed(0))
    assert set(table["top"].tolist()) == {0, 1, 2}
    assert set(table["left"].tolist()) == {0, 1, 2, 3}
    padded = tv.pad(images, [1], padding_mode={"zeros": "constant", "reflect": "reflect"}[mode])
    got = step.apply(images, table)
    assert got.shape[2:] == step.size_after((6, 6)) == (6, 5)
    for i in range(0, 600, 50):
        assert torch.equal(got[i], tv.crop(padded[i], int(table["top"][i]), int(table["left"][i]), 6, 5))


def test_random_flip_takes_its_share():
    chosen = RandomHorizontalFlip(0.3).draw(10_000, (1, 1), torch.Generator().manual_seed(0))["chosen"]
    assert chosen.float().mean().item() == pytest.approx(0.3, abs=0.02)


def test_alternating_flip_shows_both_sides_in_two_epochs():
    images = pictures()
    first, second, third = (
        AlternatingFlip().apply(
            images, AlternatingFlip().draw(N, (12, 9), torch.Generator().manual_seed(0), epoch)
        )
        for epoch in range(3)
    )
    assert torch.equal(first.flip(-1), second)
    assert torch.equal(first, third)
    changed = (first != images).flatten(1).any(1)
    assert 0 < int(changed.sum()) < N


def test_random_translate_reaches_every_shift_and_moves_the_right_way():
    step = RandomTranslate(2)
    table = step.draw(600, (8, 8), torch.Generator().manual_seed(0))
    assert set(table["down"].tolist()) == set(table["right"].tolist()) == {-2, -1, 0, 1, 2}
    dot = torch.zeros(600, 1, 8, 8)
    dot[:, :, 4, 4] = 1
    where = step.apply(dot, table).flatten(1).argmax(1)
    assert torch.equal(where, (4 + table["down"]) * 8 + 4 + table["right"])


@pytest.mark.parametrize("size", [1, 4, 5])
def test_cutout_covers_a_square_around_each_pixel_and_no_more(size):
    step = Cutout(size, fill=9.0)
    table = step.draw(2000, (8, 6), torch.Generator().manual_seed(0))
    assert (int(table["top"].min()), int(table["top"].max())) == (-(size // 2), 7 - size // 2)
    assert int(table["left"].max()) == 5 - size // 2
    covered = step.apply(torch.zeros(2000, 1, 8, 6), table) == 9
    rows = (table["top"] + size).clamp(max=8) - table["top"].clamp(min=0)
    columns = (table["left"] + size).clamp(max=6) - table["left"].clamp(min=0)
    assert torch.equal(covered.flatten(1).sum(1), rows * columns)


def test_random_erasing_keeps_within_its_ranges():
    step = RandomErasing(p=0.5, scale=(0.1, 0.2), ratio=(0.5, 2))
    table = step.draw(4000, (40, 40), torch.Generator().manual_seed(0))
    hit = table["height"] > 0
    assert hit.float().mean().item() == pytest.approx(0.5, abs=0.03)
    area = (table["height"] * table["width"])[hit] / 1600
    ratio = (table["height"] / table["width"])[hit]
    assert float(area.min()) > 0.09
    assert float(area.max()) < 0.21
    assert float(ratio.min()) > 0.46
    assert float(ratio.max()) < 2.2
    assert float(ratio.log().mean()) == pytest.approx(0, abs=0.05)
    assert bool((table["top"] + table["height"] <= 40).all())
    assert bool((table["left"] + table["width"] <= 40).all())
    whole = RandomErasing(p=1, scale=(1, 1), ratio=(1, 1))
    assert not whole(torch.ones(3, 1, 5, 5), torch.Generator()).any()


def test_the_ranges_are_those_of_torchvision():
    theirs, ours = v2.RandomErasing(), RandomErasing()
    assert (theirs.p, theirs.scale, theirs.ratio) == (ours.p, ours.scale, ours.ratio)
