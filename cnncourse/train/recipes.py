"""The named recipes, which ``cnncourse train --list`` explains in this order."""

from cnncourse.errors import ArgumentError, did_you_mean
from cnncourse.train.recipe import Recipe

_RECIPES: dict[str, Recipe] = {}


def register(recipe: Recipe) -> Recipe:
    """Give a recipe its place in the list that ``cnncourse train --list`` shows.

    Raises:
        ArgumentError: the recipe has no model, or its name is taken by a different one.

    Example:
        >>> register(get("smoke")) == get("smoke")
        True
    """
    if not recipe.model:
        raise ArgumentError(f"recipe {recipe.name!r} names no model, so it cannot be trained by name")
    if _RECIPES.get(recipe.name, recipe) != recipe:
        raise ArgumentError(f"there is another recipe called {recipe.name!r} already")
    _RECIPES[recipe.name] = recipe
    return recipe


def names() -> list[str]:
    """Return the names of all recipes, in the order in which they were registered.

    Example:
        >>> "lenet-mnist" in names()
        True
    """
    return list(_RECIPES)


def get(name: str) -> Recipe:
    """Look a named recipe up.

    Raises:
        ArgumentError: there is none of that name; the message names the nearest.

    Example:
        >>> get("lenet-mnist").model
        'lenet5'
    """
    if name not in _RECIPES:
        hint = did_you_mean(name, names(), f"there are {', '.join(names())}")
        raise ArgumentError(f"there is no recipe {name!r} — {hint}")
    return _RECIPES[name]


register(
    Recipe(
        name="smoke",
        about="LeNet-5 on 2,000 digits, to see that everything works: about 85–95 %, seconds on a CPU",
        model="lenet5",
        train_images=2000,
        epochs=2,
        batch_size=32,
        lr=3e-3,
        schedule="cosine",
    )
)
register(
    Recipe(
        name="lenet-mnist",
        about="LeNet-5 on all of MNIST: at least 99 %, a minute or two on two CPU cores",
        model="lenet5",
        epochs=12,
        batch_size=64,
        lr=3e-3,
        weight_decay=1e-2,
        optimiser="adamw",
        schedule="cosine",
        warmup=1.0,
    )
)
register(
    Recipe(
        name="cnn-mnist",
        about="four convolutions with batch norm on all of MNIST: about 99.5 %, minutes on two CPU cores",
        model="mnist_cnn",
        epochs=4,
        batch_size=128,
        lr=2e-3,
        weight_decay=1e-2,
        optimiser="adamw",
        schedule="cosine",
        warmup=0.5,
    )
)

register(
    Recipe(
        name="notes-cifar10",
        about="a small ResNet by a well-known tutorial's recipe: 80 epochs of Adam, hours on a CPU",
        model="notes_resnet",
        data="cifar10",
        val_fraction=0.1,
        epochs=80,
        batch_size=100,
        augment=("resize:40", "flip", "crop:0"),
        optimiser="adam",
        lr=1e-3,
        schedule="step",
        milestones=(0.25, 0.5, 0.75),
        gamma=1 / 3,
        keep="last",
    )
)

_PAPER = Recipe(
    data="cifar10",
    val_fraction=0.1,  # 45,000 images are left: 64,000 steps of 128 are 182 epochs
    epochs=182,
    max_steps=64_000,
    batch_size=128,
    augment=("crop:4", "flip"),
    optimiser="sgd",
    lr=0.1,
    nesterov=False,
    weight_decay=1e-4,
    schedule="step",
    milestones=(0.5, 0.75),
    channels_last=True,
    replay=True,
    keep="last",
)
"""The schedule of He et al., Deep Residual Learning (2016), section 4.2."""

# Minutes: 64,000 times a replayed step on an H100 (benchmark-replay.json); 32 and 44 layers lie on the line.
for _depth, _accuracy, _minutes in (20, 91.25, 2), (32, 92.49, 3), (44, 92.83, 5), (56, 93.03, 6):
    _about = f"ResNet-{_depth} by the paper's schedule, {_accuracy} % there: {_minutes} minutes on an H100"
    register(_PAPER.but(name=f"resnet{_depth}-cifar10", model=f"resnet{_depth}", about=_about))
register(
    _PAPER.but(
        name="resnet110-cifar10",
        model="resnet110",
        about="ResNet-110, with an epoch of warm-up; in the paper 93.39 ± 0.16 %: 11 minutes on an H100",
        warmup=1.0,
    )
)
for _depth, _worse, _minutes in (20, "a bit worse than with them", 2), (56, "worse than with 20 layers", 6):
    _about = f"ResNet-{_depth} without shortcuts, in the paper {_worse}: {_minutes} minutes on an H100"
    register(_PAPER.but(name=f"plain{_depth}-cifar10", model=f"plain{_depth}", about=_about))

_RACE = Recipe(
    data="cifar10",
    val_fraction=0.0,  # settings were chosen on 5,000 images put aside; the race itself uses all
    drop_last=True,
    augment=("crop:2:reflect", "alternating-flip"),
    optimiser="muon",
    momentum=0.6,
    muon_steps=3,
    muon_norm=True,
    rest="sgd",
    rest_momentum=0.85,
    schedule="linear",
    label_smoothing=0.2,
    channels_last=True,
    keep="last",
    tta="mirror-shift",
)
"""What the races have in common; chapter 21 takes it apart."""

register(
    _RACE.but(
        name="race94",
        about="the race to 94 % on CIFAR-10: 200 steps, 1.6 s on an H100; 90.8 % on the JPEG copy",
        model="race94",
        epochs=8,
        batch_size=2000,
        lr=0.24,
        rest_lr=1340.0,  # the race sums the loss over the batch: 0.67 · 2000
        bias_lr=0.053 / 0.67,
        weight_decay=0.004 / 1340,  # of the head and the biases: each step takes off 0.4 % of them
        compile=True,
        replay=True,
    )
)

_ON_A_PROCESSOR = _RACE.but(
    model="race_small",
    model_options={"scale": 1 / 9},
    batch_size=256,
    lr=0.1,
    rest_lr=1.0,
    precision="fast",
)
_WIDER = {"widths": [32, 128, 128], "depths": [2, 2, 2], "scale": 1 / 9}
register(
    _ON_A_PROCESSOR.but(
        name="cpu-1min",
        about="CIFAR-10 in about a minute on two CPU cores: 450 steps of a narrow net, about 83 %",
        epochs=3,
        max_steps=450,
    )
)
register(
    _ON_A_PROCESSOR.but(
        name="cpu-3min",
        about="CIFAR-10 in about three minutes on two CPU cores: 880 steps of a wider net, about 87 %",
        model_options=_WIDER,
        epochs=5,
        max_steps=880,
    )
)
register(
    _ON_A_PROCESSOR.but(
        name="cpu-10min",
        about="CIFAR-10 in about ten minutes on two CPU cores: 15 epochs of the same net, about 89 %",
        model_options=_WIDER,
        epochs=15,
    )
)
