"""Affine changes and resized crops equal torchvision's up to rounding."""

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from cnncourse.augment import RandomAffine, RandomResizedCrop, RandomRotation, affine, resized_crop
from cnncourse.errors import ArgumentError, ShapeError

N = 30


def pictures(dtype, size=(14, 11)):
    images = torch.randint(
        0, 256, (N, 3, *size), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    return images if dtype == torch.uint8 else images.to(dtype) / 255


def drawn(step, size=(14, 11), seed=1):
    return step.draw(N, size, torch.Generator().manual_seed(seed))


def their_affine(images, table, mode):
    return torch.stack(
        [
            tv.affine(
                image,
                float(table["angle"][i]),
                [float(table["right"][i]), float(table["down"][i])],
                float(table["scale"][i]),
                [float(table["shear"][i]), 0.0],
                interpolation=InterpolationMode(mode),
            )
            for i, image in enumerate(images)
        ]
    )


EVERYTHING = RandomAffine((-180, 180), (0.3, 0.2), (0.5, 2), (-30, 30))


@pytest.mark.parametrize("seed", range(5))
def test_bilinear_affine_equals_torchvisions(seed):
    images, table = pictures(torch.float64), drawn(EVERYTHING, seed=seed)
    got = affine(images, **{name: value.double() for name, value in table.items()})
    # torchvision works its places out in float32
    torch.testing.assert_close(got, their_affine(images, table, "bilinear"), rtol=0, atol=2e-5)
    images = pictures(torch.uint8)
    difference = affine(images, **table).int() - their_affine(images, table, "bilinear").int()
    assert difference.abs().max() <= 1
    assert (difference != 0).float().mean() < 0.002


@pytest.mark.parametrize("seed", range(5))
def test_nearest_affine_takes_the_same_pixels(seed):
    images, table = pictures(torch.uint8), drawn(EVERYTHING, seed=seed)
    same = affine(images, **table, interpolation="nearest") == their_affine(images, table, "nearest")
    assert same.float().mean() > 0.998  # a place half-way between two pixels may fall to either side


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_rotation_turns_as_torchvision_does(dtype):
    images, step = pictures(dtype), RandomRotation(40)
    table = drawn(step)
    expected = torch.stack(
        [
            tv.rotate(image, -float(angle), InterpolationMode.BILINEAR)
            for image, angle in zip(images, table["angle"], strict=True)
        ]
    )
    difference = (step.apply(images, table).double() - expected.double()).abs().max()
    assert difference <= (1 if dtype == torch.uint8 else 2e-5)
    assert float(table["angle"].min()) < -25
    assert 25 < float(table["angle"].max()) <= 40


def test_affine_draws_within_its_ranges():
    table = EVERYTHING.draw(4000, (20, 50), torch.Generator().manual_seed(0))
    assert (float(table["right"].abs().max()), float(table["down"].abs().max())) == (15, 4)
    assert 0.5 <= float(table["scale"].min()) < 0.52 < 1.98 < float(table["scale"].max()) <= 2
    assert -30 <= float(table["shear"].min()) < -29
    assert 179 < float(table["angle"].max()) <= 180


@pytest.mark.parametrize("size", [(14, 11), (5, 8), (20, 30), (1, 1)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64])
def test_resized_crop_equals_torchvisions(size, dtype):
    images = pictures(dtype)
    step = RandomResizedCrop(size)
    table = drawn(step)
    got = step.apply(images, table)
    expected = torch.stack(
        [
            tv.resized_crop(
                image, *(int(table[name][i]) for name in ("top", "left", "height", "width")), size
            )
            for i, image in enumerate(images)
        ]
    )
    assert got.shape[2:] == step.size_after((14, 11)) == size
    difference = (got.double() - expected.double()).abs().max()
    assert difference <= (1 if dtype == torch.uint8 else 2e-6)


def test_the_windows_have_the_asked_for_areas_and_shapes():
    step = RandomResizedCrop(8, scale=(0.2, 0.5), ratio=(0.5, 2))
    table = step.draw(4000, (60, 80), torch.Generator().manual_seed(0))
    area = table["height"] * table["width"] / 4800
    ratio = table["width"] / table["height"]
    assert 0.18 < float(area.min()) < 0.22
    assert 0.48 < float(area.max()) < 0.52
    assert float(ratio.min()) == pytest.approx(0.5, abs=0.03)
    assert float(ratio.max()) == pytest.approx(2, abs=0.1)
    for begin, length, side in (("top", "height", 60), ("left", "width", 80)):
        assert int(table[begin].min()) == 0
        assert int((table[begin] + table[length]).max()) == side


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomAffine((10, -10)), "degrees expects"),
        (lambda: RandomAffine((0, 1), translate=(2, 0)), "translate expects"),
        (lambda: RandomAffine((0, 1), scale=(0, 1)), "scale expects"),
        (lambda: RandomAffine((0, 1), shear=(0, 90)), "shear expects"),
        (lambda: RandomAffine((0, 1), interpolation="cubic"), "interpolation expects nearest or bilinear"),
        (lambda: RandomRotation(-1), "degrees expects"),
        (lambda: RandomRotation(1, "cubic"), "interpolation expects nearest or bilinear"),
        (lambda: RandomResizedCrop(0), "size expects at least 1 pixel, got 0"),
        (lambda: RandomResizedCrop(8, scale=(0, 2)), "scale expects"),
        (
            lambda: affine(pictures(torch.uint8), **drawn(EVERYTHING), interpolation="cubic"),
            "interpolation expects nearest or bilinear, got 'cubic'",
        ),
    ],
)
def test_argument_errors(make, message):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_shape_errors():
    table = drawn(EVERYTHING)
    with pytest.raises(ShapeError, match="angle expects one number for each of the 2 images"):
        affine(pictures(torch.uint8)[:2], **table)
    with pytest.raises(ShapeError, match="top expects one number for each of the 2 images"):
        resized_crop(pictures(torch.uint8)[:2], **drawn(RandomResizedCrop(3)), size=(3, 3))
