"""What light-weight ideas do to accuracy: ``python -m tests.benchmarks.lightweight_training``.

Photographs of CIFAR-10 halved to 16×16 pixels; every net takes the same steps on the same pictures, at one
learning rate, with three seeds:

- ``width``: MobileNet v1 at three widths, and full 3×3 layers in place of its separable ones.
- ``shuffle``: ShuffleNet v1 with and without its shuffle.

Chapter 14 shows the record.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import backbones, data, diagrams, runtime
from cnncourse.backbones.blocks import ConvNorm
from cnncourse.backbones.shufflenet import ShuffleUnit
from cnncourse.train import Recipe, evaluate, fit, record

RECORD = Path("book/assets/runs/benchmark-lightweight-training.json")
SEEDS, PICTURES, TESTED = (0, 1, 2), 2000, 2000
RECIPE = Recipe(
    epochs=3, batch_size=50, augment=("crop:2", "flip"), optimiser="adamw", lr=3e-3, schedule="cosine",
    warmup=0.5, keep="last",
)  # fmt: skip
SMALL: dict[str, Any] = {"num_classes": 10, "image_size": 16}


def full(width: float) -> nn.Module:
    """MobileNet v1 with one full 3×3 layer in the place of each separable one."""
    net = backbones.create("mobilenet_v1", width=width, **SMALL)
    for index, layer in enumerate(net.features):
        if isinstance(layer, nn.Sequential):
            old, new = layer[0].conv, layer[1].conv
            net.features[index] = ConvNorm(old.in_channels, new.out_channels, 3, old.stride[0])
            nn.init.kaiming_normal_(net.features[index].conv.weight, mode="fan_out", nonlinearity="relu")
    return net


def shuffle(on: bool) -> nn.Module:
    """ShuffleNet v1 with eight groups."""
    net = backbones.create("shufflenet_v1", groups=8, width=0.25, **SMALL)
    for unit in net.units:
        if isinstance(unit, ShuffleUnit) and not on:
            unit.groups = 1  # a shuffle of one group changes nothing
    return net


SERIES: dict[str, dict[str, Callable[[], nn.Module]]] = {
    "width": {
        **{
            f"separable × {width}": (lambda w=width: backbones.create("mobilenet_v1", width=w, **SMALL))
            for width in (0.125, 0.25, 0.5)
        },
        "full × 0.125": lambda: full(0.125),
    },
    "shuffle": {"with": lambda: shuffle(True), "without": lambda: shuffle(False)},
}


def halved(pictures: data.ImageSet) -> data.ImageSet:
    """Take the mean of each 2×2 pixels."""
    return replace(pictures, images=F.avg_pool2d(pictures.images.float(), 2).round().byte())


def main() -> None:
    """Train, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    source = data.load("cifar10")
    photos, tests = halved(source.take(PICTURES)), halved(data.load("cifar10", "test").take(TESTED))
    results: dict[str, Any] = {}
    for title, makers in SERIES.items():
        results[title] = {}
        for name, make in makers.items():
            runs, seconds = [], []
            for seed in SEEDS:
                runtime.seed(seed)
                net, start = make(), time.process_time()
                fit(net, photos, recipe=RECIPE, seed=seed, progress=False, device="cpu")
                seconds.append(round(time.process_time() - start, 1))
                runs.append(net)
            table = diagrams.summary(runs[0], (3, 16, 16))
            results[title][name] = {
                "parameters": table.params,
                "macs": table.macs,
                "train_accuracy": record.spread([evaluate(net, photos).accuracy for net in runs]),
                "test_accuracy": record.spread([evaluate(net, tests).accuracy for net in runs]),
                "cpu_seconds": seconds,
            }
            print(f"{time.process_time() - began:5.0f} s", title, name, results[title][name], flush=True)
            record.write(
                options.record,
                {
                    **record.origin("python -m tests.benchmarks.lightweight_training"),
                    "threads": torch.get_num_threads(),
                    "data": {"name": "cifar10, halved to 16×16 pixels"} | record.source(source),
                    "images": {"train": PICTURES, "test": TESTED},
                    "settings": RECIPE.to_dict(),
                    "seeds": list(SEEDS),
                    "cpu_seconds": round(time.process_time() - began, 1),
                    "results": results,
                },
            )


if __name__ == "__main__":
    main()
