"""Augmentations as text, such as ``"crop:4"``: short enough for a recipe, a command line and a record.

The file of an augmentation registers how it is written: nothing else has to know.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncourse.augment.compose import Compose
from cnncourse.augment.step import Augmentation, Mode, Size
from cnncourse.errors import ArgumentError, did_you_mean

if TYPE_CHECKING:
    from cnncourse.augment.mix import Mix


@dataclass(frozen=True)
class Setting:
    """What an augmentation may need to know about the images.

    Attributes:
        size: height and width of the images before all steps.
        mean: the mean colour, one number for each channel, on the scale of the images.
    """

    size: Size = (32, 32)
    mean: tuple[float, ...] = (0.0,)


Maker = Callable[[Sequence[Any], Mode, Setting], "Augmentation | Mix"]


@dataclass(frozen=True)
class _Spec:
    """How an augmentation is written, what it does, and what is made of it."""

    usage: str
    about: str
    make: Maker

    def takes(self, numbers: int, mode: Mode) -> bool:
        """Say whether so many numbers may follow the name, and a mode."""
        least = self.usage.partition("[")[0].count(":")
        most = self.usage.replace("[:reflect]", "").count(":")
        return least <= numbers <= most and (mode == "zeros" or "[:reflect]" in self.usage)


_SPECS: dict[str, _Spec] = {}


def register(usage: str, about: str, make: Maker) -> None:
    """Say how an augmentation is written as text.

    Args:
        usage: its name and the numbers that follow, those in brackets if wanted, as in ``"flip[:P]"``. With
            ``[:reflect]`` the border may be mirrored.
        about: what it does, in a few words.
        make: builds it from the numbers, the mode and what is known about the images.

    Example:
        >>> from cnncourse.augment import RandomRotation
        >>> register("turn:DEGREES", "turn", lambda numbers, mode, images: RandomRotation(numbers[0]))
        >>> pipeline(["turn:20"], Setting())[0]
        Compose(RandomRotation(degrees=20, interpolation='bilinear'))
        >>> del _SPECS["turn"]
    """
    _SPECS[re.split(r"[:\[]", usage)[0]] = _Spec(usage, about, make)


def specs() -> dict[str, str]:
    """Say how each augmentation is written as text, and what it does.

    Example:
        >>> specs()["flip[:P]"]
        'mirror by chance, half of the images if P does not say otherwise'

    Introduced in chapter 19.
    """
    return {spec.usage: spec.about for _, spec in sorted(_SPECS.items())}


def pipeline(texts: Sequence[str], images: Setting) -> tuple[Compose, "Mix | None"]:
    """Build the augmentations that are written as text; ``specs()`` lists what there is.

    Args:
        texts: one for each step, first to last. What mixes two images comes last.
        images: size and mean colour of the images.

    Returns:
        The pipeline, and what mixes two images afterwards, or None.

    Raises:
        ArgumentError: a name is unknown, or what follows it makes no sense.

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
    for before, text in zip(["", *texts], texts, strict=False):
        if mix is not None:
            raise ArgumentError(f"augment expects {before!r} last and alone, got {text!r} after it")
        made = _make(text, images)
        if isinstance(made, Augmentation):
            steps.append(made)
        else:
            mix = made
    return Compose(*steps), mix


def check_texts(texts: Sequence[str]) -> None:
    """Make sure that augmentations as text make sense, before there are images.

    Raises:
        ArgumentError: one does not.

    Example:
        >>> check_texts(("crop:4", "flop"))
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: augment knows no 'flop' — did you mean 'flip'?
    """
    pipeline(texts, Setting())


def _make(text: str, images: Setting) -> "Augmentation | Mix":
    if not isinstance(text, str):
        raise ArgumentError(f"augment expects text such as 'crop:4', got {text!r}")
    name, *parts = text.split(":")
    if name not in _SPECS:
        hint = did_you_mean(name, _SPECS, f"there are {', '.join(sorted(_SPECS))}")
        raise ArgumentError(f"augment knows no {name!r} — {hint}")
    spec = _SPECS[name]
    mode: Mode = "reflect" if parts[-1:] == ["reflect"] else "zeros"
    parts = parts[:-1] if mode == "reflect" else parts
    try:
        numbers = [int(part) if part.isdecimal() else float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != len(parts) or not spec.takes(len(numbers), mode):
        raise ArgumentError(f"augment expects {spec.usage}, got {text!r}")
    try:
        return spec.make(numbers, mode, images)
    except (ArgumentError, ValueError, OverflowError) as error:
        raise ArgumentError(f"augment expects {spec.usage}, got {text!r}: {error}") from None
