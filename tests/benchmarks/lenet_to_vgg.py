"""What each idea between 1998 and 2014 gains, at small scale: ``python -m tests.benchmarks.lenet_to_vgg``.

Three series, each with the same pictures and steps for all of its nets:

- ``lenet``: from LeNet-5 as printed to the net as it is built today, one part at a time, on 3,000 digits.
- ``stack``: three 3×3 layers against one of 7×7 with as many parameters, on 2,000 photographs.
- ``alexnet``: a thin AlexNet with all its ideas, then without one of them at a time, on 3,000 photographs
  halved to 16×16 pixels.

The learning rate of each net is the one of two that does better on pictures put aside, with one seed. Then
three seeds are measured on the test set. Chapter 11 shows the record.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import data, runtime
from cnncourse.backbones import lenet
from cnncourse.backbones.alexnet import AlexNet
from cnncourse.train import Recipe, evaluate, fit, record

RECORD = Path("book/assets/runs/benchmark-lenet-to-vgg.json")
SEEDS, RATES, HELD_OUT = (0, 1, 2), (1e-3, 3e-3), 500
Build = Callable[[], nn.Module]
COMMON: dict[str, Any] = {"optimiser": "adamw", "schedule": "cosine", "warmup": 0.5, "keep": "last"}
LENET = Recipe(epochs=4, batch_size=50, **COMMON)
STACK = Recipe(epochs=6, batch_size=50, augment=("crop:4", "flip"), **COMMON)
ALEXNET = Recipe(epochs=8, batch_size=50, augment=("crop:2", "flip"), **COMMON)


def ladder(table: bool, pooling: bool, classifier: bool, relu: bool) -> nn.Module:
    """Build LeNet-5 for 28×28 digits; each flag puts today's part in the place of that of 1998."""
    squash = nn.ReLU if relu else lenet.ScaledTanh
    shrink = (lambda channels: nn.MaxPool2d(2)) if pooling else lenet.Subsample
    c3 = nn.Conv2d(6, 16, 5) if table else lenet.PartialConv2d(lenet.C3_TABLE, 5)
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), squash(), shrink(6), squash(), c3, squash(), shrink(16), squash()),
        *(nn.Conv2d(16, 120, 5), squash(), nn.Flatten(), nn.Linear(120, 84), squash()),
        nn.Linear(84, 10) if classifier else lenet.RBF(10),
    )


LENETS: dict[str, Build] = {
    "as printed": lambda: ladder(False, False, False, False),
    "+ full table": lambda: ladder(True, False, False, False),
    "+ max pooling": lambda: ladder(True, True, False, False),
    "+ linear classifier": lambda: ladder(True, True, True, False),
    "+ ReLU (as today)": lambda: ladder(True, True, True, True),
}


def thin_alexnet(
    *, tanh: bool = False, lrn: bool = True, overlap: bool = True, dropout: float = 0.5, halves: bool = False
) -> nn.Module:
    """Build AlexNet for 16×16 pixels with an eighth of its channels."""
    groups = (1, 2, 1, 2, 2) if halves else (1, 1, 1, 1, 1)
    options: dict[str, Any] = {"num_classes": 10, "image_size": 16, "width": 1 / 8}
    net = AlexNet((96, 256, 384, 384, 256), groups=groups, lrn=lrn, dropout=dropout, **options)
    for part in (net.features, net.classifier):
        for place, layer in enumerate(part):
            if tanh and isinstance(layer, nn.ReLU):
                part[place] = nn.Tanh()
            if not overlap and isinstance(layer, nn.MaxPool2d):
                part[place] = nn.MaxPool2d(2)
    return net


ALEXNETS: dict[str, Build] = {
    "all ideas": thin_alexnet,
    "tanh for ReLU": lambda: thin_alexnet(tanh=True),
    "no LRN": lambda: thin_alexnet(lrn=False),
    "pooling 2×2": lambda: thin_alexnet(overlap=False),
    "no dropout": lambda: thin_alexnet(dropout=0.0),
    "no augmentation": thin_alexnet,
    "two halves": lambda: thin_alexnet(halves=True),
}


def stack(kernel_size: int, layers: int, channels: int, relu: bool = True, norm: bool = False) -> nn.Module:
    """Build two stages of so many layers with this window, at 16×16 and at 8×8 pixels."""
    parts: list[nn.Module] = [nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.ReLU()]
    for stage in range(2):
        parts += [nn.MaxPool2d(2)] if stage else []
        for layer in range(layers):
            parts.append(nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2))
            parts += [nn.BatchNorm2d(channels)] if norm else []
            parts += [nn.ReLU()] if relu or layer == layers - 1 else []
    for conv in parts:
        if isinstance(conv, nn.Conv2d):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu" if relu else "linear")
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(64 * channels, 10))


STACKS: dict[str, Build] = {
    "3×3, three times": lambda: stack(3, 3, 24),
    "7×7, once": lambda: stack(7, 1, 19),
    "3×3, three times, no ReLU between": lambda: stack(3, 3, 24, relu=False),
    "3×3, three times, batch norm": lambda: stack(3, 3, 24, norm=True),
    "7×7, once, batch norm": lambda: stack(7, 1, 19, norm=True),
}


def series(nets: dict[str, Build], recipe: Recipe, pictures: data.ImageSet, test: data.ImageSet) -> Any:
    """Choose a rate for each net, train it with each seed, measure it."""
    held_out, train_set = pictures.split(HELD_OUT / len(pictures), seed=0)

    def run(name: str, rate: float, seed: int) -> nn.Module:
        runtime.seed(seed)
        net = nets[name]()
        plan = recipe.but(lr=rate, augment=() if name == "no augmentation" else recipe.augment)
        fit(net, train_set, recipe=plan, seed=seed, progress=False, device="cpu")
        return net

    results: dict[str, Any] = {}
    for name, build in nets.items():
        tried = {rate: run(name, rate, SEEDS[0]) for rate in RATES}
        held = {rate: round(evaluate(net, held_out).accuracy, 4) for rate, net in tried.items()}
        rate = max(held, key=held.__getitem__)
        runs = [tried[rate], *(run(name, rate, seed) for seed in SEEDS[1:])]
        results[name] = {
            "parameters": sum(parameter.numel() for parameter in build().parameters()),
            "rate": rate,
            "held_out": held,
            "train_accuracy": record.spread([evaluate(net, train_set).accuracy for net in runs]),
            "test_accuracy": record.spread([evaluate(net, test).accuracy for net in runs]),
        }
        print(f"{time.process_time():5.0f} s  {name}  {results[name]}", flush=True)
    steps = recipe.epochs * len(train_set) // recipe.batch_size
    return {"images": {"train": len(train_set), "validation": HELD_OUT, "test": len(test)}, "steps": steps,
            "results": results}  # fmt: skip


def halved(pictures: data.ImageSet) -> data.ImageSet:
    """Take the mean of each 2×2 pixels."""
    return replace(pictures, images=F.avg_pool2d(pictures.images.float(), 2).round().byte())


def main() -> None:
    """Train the series, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    parser.add_argument("--only", choices=("lenet", "stack", "alexnet"), help="renew this series alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sources = {name: data.load(name) for name in ("mnist", "cifar10")}
    digits, photos = sources["mnist"].take(3500), sources["cifar10"].take(2500)
    digit_tests, photo_tests = (data.load(name, "test").take(5000) for name in sources)
    small, small_tests = halved(sources["cifar10"].take(3500)), halved(photo_tests)
    plans: dict[str, tuple[Any, ...]] = {
        "lenet": (LENETS, LENET, digits, digit_tests),
        "stack": (STACKS, STACK, photos, photo_tests),
        "alexnet": (ALEXNETS, ALEXNET, small, small_tests),
    }
    old = json.loads(options.record.read_text(encoding="utf-8")) if options.only else {}
    found: dict[str, Any] = old.get("series", {})
    for name in [options.only] if options.only else list(plans):
        began = time.process_time()
        found[name] = series(*plans[name])
        found[name]["cpu_seconds"] = round(time.process_time() - began, 1)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.lenet_to_vgg"),
            "threads": torch.get_num_threads(),
            "data": {name: record.source(images) for name, images in sources.items()},
            "seeds": list(SEEDS),
            "rates": list(RATES),
            "series": found,
        },
    )


if __name__ == "__main__":
    main()
