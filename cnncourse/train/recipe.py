"""The settings of a training run, in one frozen object that can be read, compared, saved and named."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

from cnncourse.augment.parse import check_texts
from cnncourse.errors import ArgumentError, did_you_mean
from cnncourse.limits import flag, number, one_of, rising, whole

Optimiser = Literal["sgd", "adam", "adamw", "muon"]
Rest = Literal["sgd", "adamw"]
Schedule = Literal[
    "constant", "step", "exponential", "plateau", "cyclic", "one-cycle", "linear", "cosine", "triangular"
]
Precision = Literal["auto", "fast", "float32", "bf16", "fp16"]
Mirrors = Literal["none", "mirror", "mirror-shift"]

_FLAGS = (
    "drop_last", "nesterov", "decay_groups", "muon_norm", "channels_last", "compile", "replay", "sync_bn"
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides how a net is trained, apart from the net, the images and the seed.

    The command ``cnncourse train`` reads all of it: the first block says which net and which images. ``fit``
    reads the rest. Every field is plain data, and a field that is left out changes nothing.

    Attributes:
        name: what the recipe is called, as in ``cnncourse train NAME``.
        about: one line that says what to expect of it.
        model: a name of ``cnncourse.backbones``.
        model_options: further arguments of ``backbones.create``.
        data: a name of ``cnncourse.data``.
        train_images: train on this many images, the classes in proportion; None means all.
        val_fraction: the part of the training set that is put aside for validation, 0 to below 1.

        epochs: how often every training image is seen.
        max_steps: the run ends after this many steps, if the epochs do not end it before.
        batch_size: images in a step, of all processes together.
        accumulate: parts in which a batch goes through the net, one after the other, to save memory. Batch
            norm then knows the statistics of a part.
        drop_last: leave out, each epoch anew, the images that do not fill a batch. Without it the batches
            differ by one image at most.
        augment: what happens to training images, as text: ``("crop:4", "flip")``, see ``augment.specs``.

        optimiser: ``"sgd"``, ``"adam"``, ``"adamw"`` or ``"muon"``. Muon moves the weights with at least two
            dimensions, apart from those of the first and the last layer.
        lr: the peak learning rate.
        momentum: that of SGD and Muon; Adam has its own.
        nesterov: whether the momentum looks ahead.
        weight_decay: the pull of the weights towards zero.
        decay_groups: spare biases and norms the pull.
        bias_lr: factor on the learning rate of biases and norms; their pull a step stays what it was.
        muon_steps: rounds of Newton–Schulz.
        muon_norm: Muon scales each weight to the norm √c_out before each step, as in the 94 % race.
        rest: what moves the weights that Muon does not, ``"sgd"`` or ``"adamw"``.
        rest_lr: its peak learning rate.
        rest_momentum: its momentum, if it is SGD.

        schedule: how the learning rate moves, see ``schedule.factor``.
        warmup: epochs in which the learning rate climbs from zero to its peak; may be a fraction.
        milestones: ``"step"``: parts of the run after which the rate is cut.
        gamma: ``"step"`` and ``"plateau"``: what a cut multiplies by; ``"exponential"``: each epoch.
        start: the first factor of ``"one-cycle"`` (0.04 if None) and ``"triangular"`` (0), and the least of
            ``"cyclic"`` (0.1).
        final: the last factor of ``"linear"``, ``"cosine"``, ``"triangular"`` (0 if None) and ``"one-cycle"``
            (4e-6).
        peak: ``"one-cycle"`` and ``"triangular"``: the part of the run after which the rate is highest.
        cycle: ``"cyclic"``: epochs in a swing up and down.
        plateau: ``"plateau"``: epochs without progress of the validation loss that are put up with.

        label_smoothing: the part of the target spread evenly over all classes.
        clip_norm: the gradient of all weights together is shortened to this length; None means never.
        ema: the part of a running mean of the weights that is kept in each step; 0 keeps no mean. Where there
            is one, it is validated, kept and tested.
        lookahead: steps between two meetings of fast and slow weights; 0 means none. The slow ones are
            validated, kept and tested.
        lookahead_keep: the part of the slow weights that is kept at a meeting.
        lookahead_power: that part grows as (done/total) to this power; 0 keeps it.

        precision: ``"auto"`` is half precision on a GPU that has it and float32 elsewhere; ``"fast"`` is half
            precision on a processor with units for it too, see ``precision.precision``.
        channels_last: lay images out pixel by pixel, which is faster for most nets.
        compile: let ``torch.compile`` build the net's step.
        replay: on one GPU, record a step and replay it, see ``cuda_graph``. Elsewhere nothing changes.
        sync_bn: on several processes, norms use the statistics of the whole batch.

        keep: the weights the net holds after training, those of the ``"best"`` epoch or the ``"last"``.
        patience: stop after so many epochs without a better one; None means never.
        tta: how the command tests: ``"none"``, ``"mirror"`` or ``"mirror-shift"``, see ``evaluate``.

    Raises:
        ArgumentError: a field has a value that makes no sense.

    Example:
        >>> Recipe(epochs=3, lr=0.1, optimiser="sgd").lr
        0.1
        >>> Recipe(epochs=0)
        Traceback (most recent call last):
            ...
        cnncourse.errors.ArgumentError: epochs expects a number from 1 upwards, got 0

    Introduced in chapter 18.
    """

    name: str = "custom"
    about: str = ""
    model: str = ""
    model_options: Mapping[str, Any] = field(default_factory=dict)
    data: str = "mnist"
    train_images: int | None = None
    val_fraction: float = 1 / 12

    epochs: int = 5
    max_steps: int | None = None
    batch_size: int = 128
    accumulate: int = 1
    drop_last: bool = False
    augment: tuple[str, ...] = ()

    optimiser: Optimiser = "adam"
    lr: float = 1e-3
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    decay_groups: bool = False
    bias_lr: float = 1.0
    muon_steps: int = 5
    muon_norm: bool = False
    rest: Rest = "adamw"
    rest_lr: float = 1e-3
    rest_momentum: float = 0.9

    schedule: Schedule = "constant"
    warmup: float = 0.0
    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1
    start: float | None = None
    final: float | None = None
    peak: float = 0.3
    cycle: float = 4.0
    plateau: int = 10

    label_smoothing: float = 0.0
    clip_norm: float | None = None
    ema: float = 0.0
    lookahead: int = 0
    lookahead_keep: float = 0.5
    lookahead_power: float = 0.0

    precision: Precision = "auto"
    channels_last: bool = False
    compile: bool = False
    replay: bool = False
    sync_bn: bool = False

    keep: Literal["best", "last"] = "best"
    patience: int | None = None
    tta: Mirrors = "none"

    def __post_init__(self) -> None:
        for name in ("augment", "milestones"):  # JSON knows lists alone
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, list | tuple):
                raise ArgumentError(f"{name} expects several values in brackets, got {value!r}")
            object.__setattr__(self, name, tuple(value))
        _check_choices(self)
        for name in ("epochs", "batch_size", "accumulate", "muon_steps"):
            whole(name, getattr(self, name))
        for name in ("lookahead", "plateau"):
            whole(name, getattr(self, name), at_least=0)
        for name in ("train_images", "max_steps", "patience"):
            if getattr(self, name) is not None:
                whole(name, getattr(self, name))
        for name in _FLAGS:
            flag(name, getattr(self, name))
        _check_numbers(self)

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, checked again.

        Raises:
            ArgumentError: a field is unknown or has a value that makes no sense.

        Example:
            >>> Recipe(lr=0.1).but(lr=0.01).lr
            0.01
        """
        _known(changes)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data that JSON can hold.

        Example:
            >>> Recipe(epochs=2).to_dict()["epochs"]
            2
        """
        return dataclasses.asdict(self) | {
            "model_options": dict(self.model_options),
            "augment": list(self.augment),
            "milestones": list(self.milestones),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Rebuild a recipe from what ``to_dict`` gave, for example out of a record.

        Fields that are not there keep their defaults: a record may be older than a field.

        Raises:
            ArgumentError: a field is unknown or has a value that makes no sense.

        Example:
            >>> Recipe.from_dict(Recipe(lr=0.5).to_dict()) == Recipe(lr=0.5)
            True
        """
        _known(fields)
        return cls(**fields)


def _check_choices(recipe: Recipe) -> None:
    for name, allowed in (
        ("optimiser", Optimiser), ("rest", Rest), ("schedule", Schedule), ("precision", Precision),
        ("keep", Literal["best", "last"]), ("tta", Mirrors),
    ):  # fmt: skip
        one_of(name, getattr(recipe, name), get_args(allowed))
    check_texts(recipe.augment)
    rising("milestones", recipe.milestones)


def _check_numbers(recipe: Recipe) -> None:
    for name in ("lr", "rest_lr", "bias_lr", "gamma", "cycle"):
        number(name, getattr(recipe, name), above=0)
    for name in ("momentum", "rest_momentum", "label_smoothing", "val_fraction", "ema", "lookahead_keep"):
        number(name, getattr(recipe, name), at_least=0, below=1)
    for name in ("weight_decay", "lookahead_power"):
        number(name, getattr(recipe, name), at_least=0)
    for name in ("start", "final"):
        if getattr(recipe, name) is not None:
            number(name, getattr(recipe, name), at_least=0, at_most=1)
    if recipe.clip_norm is not None:
        number("clip_norm", recipe.clip_norm, above=0)
    number("warmup", recipe.warmup, at_least=0, below=recipe.epochs)
    number("peak", recipe.peak, above=0, below=1)
    if recipe.schedule == "one-cycle" and 0 in (recipe.start, recipe.final):
        raise ArgumentError("a one-cycle schedule expects start and final above 0 — try final=1e-5")


def _known(fields: Mapping[str, Any]) -> None:
    names = [f.name for f in dataclasses.fields(Recipe)]
    for name in fields:
        if name not in names:
            hint = did_you_mean(name, names, f"there are {', '.join(names)}")
            raise ArgumentError(f"a Recipe has no field {name!r} — {hint}")
