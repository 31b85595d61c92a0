"""What does a net look for first in colour photographs? ``python -m tests.benchmarks.first_filters``.

A small net with 24 filters of 3×7×7 in its first layer learns CIFAR-10. The record keeps the filters, each as
whole numbers from -127 to 127 and a scale. Chapter 02 shows them.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse import data, runtime
from cnncourse.train import Recipe, evaluate, fit, record

RECORD = Path("book/assets/runs/benchmark-first-filters.json")
FILTERS, SIZE, SEED = 24, 7, 0
RECIPE = Recipe(
    epochs=6, optimiser="adamw", lr=3e-3, weight_decay=0.3, batch_size=100, schedule="cosine", warmup=0.5,
    augment=("flip",), keep="last", channels_last=True,
)  # fmt: skip


def net() -> nn.Sequential:
    """Build the net; its first filters begin as faint noise, so that what is learned stands out."""
    first = nn.Conv2d(3, FILTERS, SIZE, stride=2, padding=3)
    first.weight.data *= 0.3
    second = nn.Conv2d(FILTERS, 48, 3, padding=1, bias=False)
    return nn.Sequential(
        *(first, nn.ReLU(), nn.MaxPool2d(2), second, nn.BatchNorm2d(48), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(48 * 4 * 4, 10)),
    )


def packed(filters: Tensor) -> dict[str, list[object]]:
    """Write filters as whole numbers, each filter on a scale of its own."""
    scales = filters.abs().amax((1, 2, 3)) / 127
    numbers = (filters / scales[:, None, None, None]).round().int()
    return {"scales": [round(scale, 6) for scale in scales.tolist()], "numbers": numbers.flatten(1).tolist()}


def main() -> None:
    """Train, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    parser.add_argument("--images", type=int, default=50_000, help="fewer, for a trial")
    options = parser.parse_args()
    torch.set_num_threads(1)
    photos, test = data.load("cifar10").take(options.images), data.load("cifar10", "test")
    began = time.process_time()
    runtime.seed(SEED)
    trained = net()
    fit(trained, photos, recipe=RECIPE, seed=SEED, device="cpu", progress=False)
    found = {"test_accuracy": round(evaluate(trained, test).accuracy, 4), "seed": SEED,
             "cpu_seconds": round(time.process_time() - began, 1)}  # fmt: skip
    print(found)
    first = trained[0]
    assert isinstance(first, nn.Conv2d)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.first_filters"),
            "threads": torch.get_num_threads(),
            "data": record.source(photos),
            "images": {"train": len(photos), "test": len(test)},
            "settings": RECIPE.to_dict(),
            **found,
            "shape": list(first.weight.shape),
            **packed(first.weight.detach()),
        },
    )


if __name__ == "__main__":
    main()
