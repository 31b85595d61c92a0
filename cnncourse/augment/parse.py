"""Augmentations in words, such as ``"crop:4"``: short enough for a recipe, a command line and a record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cnncourse.augment.affine import RandomAffine, RandomRotation
from cnncourse.augment.colour import ColorJitter
from cnncourse.augment.compose import Compose
from cnncourse.augment.crop import Mode, RandomCrop
from cnncourse.augment.erase import Cutout, RandomErasing
from cnncourse.augment.flip import AlternatingFlip, RandomHorizontalFlip
from cnncourse.augment.mix import CutMix, MixUp
from cnncourse.augment.resized import RandomResizedCrop, Resize
from cnncourse.augment.step import Augmentation, Size
from cnncourse.augment.translate import RandomTranslate
from cnncourse.errors import ArgumentError, did_you_mean

Mix = MixUp | CutMix
"""What mixes two images, and comes last."""


@dataclass(frozen=True)
class Setting:
    """What an augmentation in words may need to know about the images.

    Attributes:
        size: height and width of the images before all steps.
        mean: the mean colour, one number for each channel, on the scale of the images.
    """

    size: Size = (32, 32)
    mean: tuple[float, ...] = (0.0,)


Maker = Callable[[Sequence[Any], Mode, Setting], Augmentation | Mix]


@dataclass(frozen=True)
class _Word:
    """How a word is used, how many numbers may follow it, whether a mode may, and what is made of it."""

    usage: str
    least: int
    most: int
    make: Maker
    mode: bool = False


def _jitter(numbers: Sequence[Any], mode: Mode, images: Setting) -> Augmentation:
    return ColorJitter(*numbers) if len(numbers) > 1 else ColorJitter(*[numbers[0]] * 3)


def _shift(numbers: Sequence[Any], mode: Mode, images: Setting) -> Augmentation:
    if len(numbers) == 3:
        raise ArgumentError("the largest factor is missing")
    degrees, part = numbers[0], numbers[1] if len(numbers) > 1 else 0.0
    scale = (numbers[2], numbers[3]) if len(numbers) > 2 else (1.0, 1.0)
    return RandomAffine((-degrees, degrees), translate=(part, part), scale=scale)


def _erase(numbers: Sequence[Any], mode: Mode, images: Setting) -> Augmentation:
    return RandomErasing(numbers[0] if numbers else 0.5, fill=images.mean)


_WORDS = {
    "crop": _Word(
        "crop:PADDING[:reflect]", 1, 1,
        lambda n, mode, images: RandomCrop(images.size, padding=n[0], mode=mode), True,
    ),
    "translate": _Word(
        "translate:PIXELS[:reflect]", 1, 1,
        lambda n, mode, images: RandomTranslate(n[0], mode=mode), True,
    ),
    "resize": _Word("resize:SIZE", 1, 1, lambda n, mode, images: Resize(n[0])),
    "flip": _Word("flip[:P]", 0, 1, lambda n, mode, images: RandomHorizontalFlip(*n)),
    "alternating-flip": _Word("alternating-flip", 0, 0, lambda n, mode, images: AlternatingFlip()),
    "cutout": _Word("cutout:SIZE", 1, 1, lambda n, mode, images: Cutout(n[0], fill=images.mean)),
    "erase": _Word("erase[:P]", 0, 1, _erase),
    "rotate": _Word("rotate:DEGREES", 1, 1, lambda n, mode, images: RandomRotation(n[0])),
    "affine": _Word("affine:DEGREES[:SHIFT[:SMALLEST:LARGEST]]", 1, 4, _shift),
    "jitter": _Word("jitter:LIGHT[:CONTRAST[:SATURATION[:HUE]]]", 1, 4, _jitter),
    "resized-crop": _Word(
        "resized-crop[:LEAST]", 0, 1,
        lambda n, mode, images: RandomResizedCrop(images.size, scale=(n[0] if n else 0.08, 1.0)),
    ),
    "mixup": _Word("mixup[:ALPHA]", 0, 1, lambda n, mode, images: MixUp(*n)),
    "cutmix": _Word("cutmix[:ALPHA]", 0, 1, lambda n, mode, images: CutMix(*n)),
}  # fmt: skip


def pipeline(words: Sequence[str], images: Setting) -> tuple[Compose, Mix | None]:
    """Build the augmentations that are named in words.

    ============================== ==========================================================================
    ``crop:4``, ``crop:4:reflect`` pad by 4 pixels, then cut a window of the images' own size
    ``translate:2``                shift by up to 2 pixels; ``:reflect`` mirrors the border
    ``resize:40``                  stretch to 40×40 pixels; a crop cuts the old size out of it again
    ``flip``, ``alternating-flip`` mirror by chance (``flip:0.3``), or every other epoch
    ``cutout:8``, ``erase:0.5``    cover a square of 8 pixels, or a rectangle in half of the images, in the
                                   mean colour
    ``rotate:10``                  turn by up to 10 degrees
    ``affine:10:0.1:0.9:1.1``      turn, shift by up to a tenth of the side, scale between 0.9 and 1.1
    ``jitter:0.2``                 light, contrast and saturation ± 0.2; or one number for each, then the hue
    ``resized-crop:0.3``           a window of at least 0.3 of the area, stretched to the whole
    ``mixup:0.2``, ``cutmix:1``    mix two images and their labels; last, and one of them alone
    ============================== ==========================================================================

    Args:
        words: one for each step, first to last.
        images: size and mean colour of the images.

    Returns:
        The pipeline, and what mixes two images afterwards, or None.

    Raises:
        ArgumentError: a word is unknown, or what follows it makes no sense.

    Example:
        >>> pipeline(["crop:4", "flip", "mixup:0.2"], Setting((28, 28)))
        (Compose(RandomCrop(size=(28, 28), padding=4, mode='zeros'), RandomHorizontalFlip(p=0.5)),
         MixUp(alpha=0.2))
        >>> pipeline(["crop"], Setting())
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: augment expects crop:PADDING[:reflect], got 'crop'

    Introduced in chapter 19.
    """
    steps: list[Augmentation] = []
    mix: Mix | None = None
    for word in words:
        if mix is not None:
            raise ArgumentError(f"augment expects mixup or cutmix last and alone, got {word!r} after it")
        made = _make(word, images)
        if isinstance(made, Augmentation):
            steps.append(made)
        else:
            mix = made
    return Compose(*steps), mix


def check_words(words: Sequence[str]) -> None:
    """Make sure that augmentations in words make sense, before there are images.

    Raises:
        ArgumentError: one does not.

    Example:
        >>> check_words(("crop:4", "flip"))
    """
    pipeline(words, Setting())


def _make(word: str, images: Setting) -> Augmentation | Mix:
    if not isinstance(word, str):
        raise ArgumentError(f"augment expects words such as 'crop:4', got {word!r}")
    name, *parts = word.split(":")
    if name not in _WORDS:
        hint = did_you_mean(name, _WORDS, f"there are {', '.join(_WORDS)}")
        raise ArgumentError(f"augment knows no {name!r} — {hint}")
    entry = _WORDS[name]
    mode: Mode = "reflect" if entry.mode and parts[-1:] == ["reflect"] else "zeros"
    parts = parts[:-1] if mode == "reflect" else parts
    try:
        numbers = [int(part) if part.isdecimal() else float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != len(parts) or not entry.least <= len(numbers) <= entry.most:
        raise ArgumentError(f"augment expects {entry.usage}, got {word!r}")
    try:
        return entry.make(numbers, mode, images)
    except (ArgumentError, ValueError, OverflowError) as error:
        raise ArgumentError(f"augment expects {entry.usage}, got {word!r}: {error}") from None
