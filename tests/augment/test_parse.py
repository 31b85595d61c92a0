"""Augmentations as text."""

import re
from dataclasses import dataclass

import pytest
import torch
from torchvision.transforms import v2

from cnncourse import augment as a
from cnncourse.augment import parse
from cnncourse.errors import ArgumentError
from cnncourse.train import Recipe

SMALL = a.Setting((28, 28), (120.0,))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("crop:4", a.RandomCrop((28, 28), padding=4)),
        ("crop:2:reflect", a.RandomCrop((28, 28), padding=2, mode="reflect")),
        ("crop:0", a.RandomCrop((28, 28))),
        ("translate:2", a.RandomTranslate(2)),
        ("translate:2:reflect", a.RandomTranslate(2, mode="reflect")),
        ("resize:40", a.Resize(40)),
        ("flip", a.RandomHorizontalFlip()),
        ("flip:0.3", a.RandomHorizontalFlip(0.3)),
        ("alternating-flip", a.AlternatingFlip()),
        ("cutout:8", a.Cutout(8, fill=(120.0,))),
        ("erase", a.RandomErasing(fill=(120.0,))),
        ("erase:0.2", a.RandomErasing(0.2, fill=(120.0,))),
        ("rotate:10", a.RandomRotation(10)),
        ("affine:10", a.RandomAffine((-10, 10))),
        ("affine:10:0.1", a.RandomAffine((-10, 10), (0.1, 0.1))),
        ("affine:10:0.1:0.9:1.1", a.RandomAffine((-10, 10), (0.1, 0.1), (0.9, 1.1))),
        ("jitter:0.2", a.ColorJitter(0.2, 0.2, 0.2)),
        ("jitter:0.2:0.1:0.3:0.05", a.ColorJitter(0.2, 0.1, 0.3, 0.05)),
        ("resized-crop", a.RandomResizedCrop((28, 28))),
        ("resized-crop:0.4", a.RandomResizedCrop((28, 28), scale=(0.4, 1.0))),
    ],
)
def test_each_text_makes_its_step(text, made):
    assert a.pipeline([text], SMALL) == (a.Compose(made), None)


def test_what_mixes_comes_last():
    assert a.pipeline(["flip", "cutmix"], SMALL) == (a.Compose(a.RandomHorizontalFlip()), a.CutMix())
    assert a.pipeline(["mixup:0.2"], SMALL) == (a.Compose(), a.MixUp(0.2))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["crop"], "augment expects crop:PADDING[:reflect], got 'crop'"),
        (["crop:4:mirror"], "augment expects crop:PADDING[:reflect], got 'crop:4:mirror'"),
        (
            ["crop:1.5"],
            "augment expects crop:PADDING[:reflect], got 'crop:1.5': padding expects a whole number",
        ),
        (["flip:reflect"], "augment expects flip[:P], got 'flip:reflect'"),
        (["crop:-1"], "augment expects crop:PADDING[:reflect], got 'crop:-1': padding"),
        (["flip:2"], "augment expects flip[:P], got 'flip:2': p expects a probability"),
        (["flip:left"], "augment expects flip[:P], got 'flip:left'"),
        (["alternating-flip:1"], "augment expects alternating-flip, got 'alternating-flip:1'"),
        (
            ["affine:1:0:0.9"],
            "augment expects affine:DEGREES[:SHIFT[:SMALLEST:LARGEST]], got 'affine:1:0:0.9'",
        ),
        (["resize:0"], "augment expects resize:SIZE, got 'resize:0': size expects a whole number"),
        (["cutot:8"], "augment knows no 'cutot' — did you mean 'cutout'?"),
        (["zzz"], "augment knows no 'zzz' — there are affine, alternating-flip, "),
        ([""], "augment knows no ''"),
        ([4], "augment expects text such as 'crop:4', got 4"),
        (["mixup", "flip"], "augment expects 'mixup' last and alone, got 'flip' after it"),
        (["mixup:0"], "augment expects mixup[:ALPHA], got 'mixup:0': alpha expects a number above 0"),
        (["jitter:nan"], "augment expects jitter:LIGHT[:CONTRAST[:SATURATION[:HUE]]], got 'jitter:nan'"),
    ],
)
def test_bad_text_is_one_line(texts, said):
    with pytest.raises(ArgumentError) as caught:
        a.pipeline(texts, SMALL)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [40, 20, (9, 50)])
def test_resizing_is_torchvisions(size):
    images = torch.rand(3, 2, 28, 28, generator=torch.Generator().manual_seed(0))
    expected = v2.Resize(size if isinstance(size, tuple) else (size, size), antialias=True)(images)
    torch.testing.assert_close(a.Resize(size)(images, torch.Generator()), expected, atol=1e-5, rtol=0)


def test_the_notes_recipe_enlarges_and_cuts_the_old_size_out():
    steps, _ = a.pipeline(["resize:40", "flip", "crop:0"], a.Setting((32, 32)))
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    augmented = a.Augmented(images, steps, seed=1).batch(torch.arange(5), epoch=0)
    assert (augmented.shape, augmented.dtype) == (images.shape, torch.uint8)
    table = steps.draw(5, (32, 32), seed=1)
    large = a.flip(a.Resize(40)(images, torch.Generator()), table[1]["chosen"])
    row, column = int(table[2]["top"][3]), int(table[2]["left"][3])
    assert torch.equal(augmented[3], large[3, :, row : row + 32, column : column + 32])


@pytest.mark.parametrize("usage", a.specs())
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_each_registered_text_can_be_drawn_and_applied(usage, dtype):
    """A new augmentation is tested here as soon as it is registered."""
    text = re.split(r"[:\[]", usage)[0] + ":4" * usage.partition("[")[0].count(":")
    steps, mix = a.pipeline([text], a.Setting((12, 12), (7.0,) * 3))
    images = torch.arange(4 * 3 * 144).reshape(4, 3, 12, 12).remainder(251).to(torch.uint8)
    images = images if dtype == torch.uint8 else images / 255
    if mix is None:
        got, expected = (steps(images, a.keyed(1)) for _ in range(2))
    else:
        (got, shown), (expected, _) = (mix(images, torch.arange(4), a.keyed(1)) for _ in range(2))
        assert shown.one_hot(4).sum(1).tolist() == pytest.approx([1] * 4)
    assert torch.equal(got, expected)
    assert got.dtype == dtype
    assert got.shape == (4, 3, *steps.size_after((12, 12)))


@dataclass(frozen=True)
class Invert(a.Augmentation):
    """What somebody might add in a file of their own."""

    def draw(self, n, size, generator, epoch=0):
        return {"chosen": torch.rand(n, generator=generator) < 2}

    def apply(self, images, table):
        return 255 - images


def test_a_new_augmentation_needs_its_file_and_no_list(monkeypatch):
    monkeypatch.setattr(parse, "_SPECS", dict(parse._SPECS))
    a.register("invert", "black for white", lambda numbers, mode, images: Invert())
    assert a.specs()["invert"] == "black for white"
    assert a.pipeline(["invert", "crop:1"], SMALL)[0].steps[0] == Invert()
    assert Recipe(augment=["invert"]).augment == ("invert",)
