"""Where dropout helps a small net: ``python -m tests.benchmarks.dropout_places``.

The net and the digits of ``tests.benchmarks.regularisers``, with dropout at one place at a time: on the
picture, on single numbers or whole channels of the first maps, before one of the two linear layers or both.
"""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import data, runtime
from cnncourse.train import record
from tests.benchmarks.regularisers import BATCH, FEW, HELD_OUT, LR, TESTED, measure

RECORD = Path("book/assets/runs/benchmark-dropout-places.json")
EPOCHS, CHANCES, SEEDS = 40, (0.2, 0.5), (0, 1, 2)
PLACES = (
    "picture",
    "first maps, single numbers",
    "first maps, whole channels",
    "maps to linear",
    "last layer",
)
BOTH = "both linear layers"


def build(place: str, p: float) -> nn.Sequential:
    """Two convolutions with stride 2, two linear layers, and dropout at one place (or before both linear)."""

    def drop(*names: str, layer: type[nn.Module] = nn.Dropout) -> nn.Module:
        return layer(p) if place in names else nn.Identity()

    first = nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU()
    second = nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU()
    picture, single, channels, maps, last = PLACES
    return nn.Sequential(
        *(drop(picture), *first, drop(single), drop(channels, layer=nn.Dropout2d), *second),
        *(nn.Flatten(), drop(maps, BOTH), nn.Linear(1568, 128), nn.ReLU()),
        *(drop(last, BOTH), nn.Linear(128, 10)),
    )


def accuracy(seed: int, digits: data.ImageSet, test: data.ImageSet, place: str, p: float) -> float:
    """Train once, and measure on the test digits."""
    few = digits.take(FEW + HELD_OUT, seed).split(FEW / (FEW + HELD_OUT), seed)[0]
    runtime.seed(seed)
    net, x = build(place, p), few.normalised()
    adam = torch.optim.Adam(net.parameters(), LR)
    for _ in range(EPOCHS):
        net.train()
        for index in torch.randperm(FEW).split(BATCH):
            adam.zero_grad()
            F.cross_entropy(net(x[index]), few.labels[index]).backward()
            adam.step()
    return measure(net, test.normalised(), test.labels)[1]


def main() -> None:
    """Train at each place, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.perf_counter()
    digits, test = data.load("mnist"), data.load("mnist", "test")
    test = test.take(min(TESTED, len(test)))
    results = {}
    for place in ("nowhere", *PLACES, BOTH):
        results[place] = {}
        for p in CHANCES if place != "nowhere" else (0.0,):
            found = record.spread([accuracy(seed, digits, test, place, p) for seed in SEEDS])
            results[place][p] = found
            print(f"{time.perf_counter() - began:5.0f} s  {place}, p = {p}: {found}", flush=True)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.dropout_places"),
            "threads": torch.get_num_threads(),
            "data": {"name": "mnist"} | record.source(digits),
            "images": {"train": FEW, "test": len(test)},
            "steps": EPOCHS * FEW // BATCH,
            "seeds": list(SEEDS),
            "seconds": round(time.perf_counter() - began, 1),
            "test_accuracy": results,
        },
    )


if __name__ == "__main__":
    main()
