"""One clear line for each mistake."""

import pytest
import torch

from cnncourse import augment as a
from cnncourse.errors import ArgumentError, ShapeError

IMAGES = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
TWO = torch.zeros(2, dtype=torch.int64)
THREE = torch.zeros(3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: a.RandomCrop(0), "size expects at least 1 pixel, got 0"),
        (lambda: a.RandomCrop(8, padding=-1), "padding expects a whole number ≥ 0, got -1"),
        (lambda: a.RandomCrop(8, padding=1.5), "padding expects a whole number ≥ 0, got 1.5"),
        (lambda: a.RandomCrop(8, mode="mirror"), "mode expects one of zeros, reflect, got 'mirror'"),
        (lambda: a.RandomHorizontalFlip(1.5), "p expects a probability from 0 to 1, got 1.5"),
        (lambda: a.RandomTranslate(-2), "pixels expects a whole number ≥ 0, got -2"),
        (lambda: a.Cutout(0), "size expects a whole number of pixels ≥ 1, got 0"),
        (lambda: a.RandomErasing(scale=(0.5, 0.1)), "scale expects"),
        (lambda: a.RandomErasing(scale=(0.5, 2)), "scale expects"),
        (lambda: a.RandomErasing(ratio=(0, 1)), "ratio expects"),
        (lambda: a.Compose(torch.relu), "Compose expects augmentations"),
        (lambda: a.Augmented(IMAGES, a.Cutout(2)), "pipeline expects a Compose"),
        (lambda: a.Cutout(2)(IMAGES, None), "generator expects a torch.Generator on the CPU"),
        (lambda: a.erase(IMAGES, TWO, TWO, TWO, TWO, (1, 2)), "fill expects 1 number or 3"),
    ],
)
def test_arguments(make, message):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: a.Cutout(2)(IMAGES[0], torch.Generator()),
            "images expects (n, c, h, w), got shape (3, 8, 8)",
        ),
        (
            lambda: a.Compose()(IMAGES[0], torch.Generator()),
            "images expects (n, c, h, w), got shape (3, 8, 8)",
        ),
        (lambda: a.Augmented(IMAGES[0], a.Compose()), "images expects (n, c, h, w)"),
        (lambda: a.RandomCrop(12, padding=1)(IMAGES, torch.Generator()), "a window of 12×12 does not fit"),
        (lambda: a.pad(IMAGES, 8, "reflect"), "reflecting 8 pixels needs images larger than that, got 8×8"),
        (lambda: a.crop(IMAGES, TWO, TWO + 3, (6, 6)), "a window of 6×6 must begin at 0…2"),
        (lambda: a.crop(IMAGES, TWO - 1, TWO, (6, 6)), "a window of 6×6 must begin at 0…2"),
        (lambda: a.crop(IMAGES, THREE, THREE, (6, 6)), "top and left expect one number for each of the 2"),
        (lambda: a.flip(IMAGES, THREE.bool()), "chosen expects one number for each of the 2 images"),
        (lambda: a.erase(IMAGES, TWO, TWO, THREE, TWO), "height expects one number for each of the 2 images"),
        (lambda: a.translate(IMAGES, TWO + 2, TWO, 1), "a window of 8×8 must begin at 0…2"),
    ],
)
def test_shapes(make, message):
    with pytest.raises(ShapeError) as caught:
        make()
    assert str(caught.value).startswith(message)
