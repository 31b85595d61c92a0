"""The usual recipe with the racing recipe's settings: ``python -m tests.benchmarks.same_settings``.

``notes-cifar10-1min`` ran without channels_last and in float32. How much faster are its steps with the
settings of ``cpu-1min``, and how far does it get with as many of them as fit into that recipe's time? Steps
of both kinds take turns, and the processor's time on one thread is counted. Chapter 21 shows the record.
"""

import argparse
import math
import statistics
import time
from pathlib import Path

import torch

from cnncourse import backbones, data, runtime
from cnncourse.train import Recipe, fit, read_record, recipes, record
from cnncourse.train.experiment import Experiment

RECORD = Path("book/assets/runs/benchmark-same-settings.json")
SEED, STEPS, TURNS = 0, 12, 5


def seconds(recipe: Recipe, photos: data.ImageSet) -> float:
    """Processor time of a step of a recipe."""
    runtime.seed(SEED)
    net = backbones.create(recipe.model, num_classes=10)
    began = time.process_time()
    fit(net, photos, recipe=recipe.but(epochs=1, max_steps=STEPS), seed=SEED, device="cpu", progress=False)
    return (time.process_time() - began) / STEPS


def main() -> None:
    """Time the steps, train, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    photos = data.load("cifar10")
    race, plain_run = read_record("cpu-1min"), read_record("notes-cifar10-1min")
    plain = recipes.get("notes-cifar10").but(val_fraction=0.0)
    same = plain.but(channels_last=True, precision=recipes.get("cpu-1min").precision)
    few = photos.take(STEPS * plain.batch_size)
    taken: dict[str, list[float]] = {"plain": [], "same settings": []}
    for turn in range(TURNS + 1):
        for name, recipe in (("plain", plain), ("same settings", same)):
            took = seconds(recipe, few)
            taken[name] += [took] if turn else []  # the first turn warms up
    milliseconds = {name: round(1000 * statistics.median(times), 1) for name, times in taken.items()}
    faster = milliseconds["plain"] / milliseconds["same settings"]
    fits = (
        plain_run["settings"]["max_steps"] * race["seconds"]["mean"] / plain_run["seconds"]["mean"] * faster
    )
    steps = 10 * round(fits / 10)
    print(milliseconds, f"{faster:.2f} times as fast, {steps} steps", flush=True)
    epochs = math.ceil(steps * same.batch_size / len(photos))
    recipe = same.but(epochs=epochs, max_steps=steps)
    began = time.process_time()
    result = Experiment(recipe).run(SEED, device="cpu", progress=False)
    found = {
        "milliseconds": milliseconds, "faster": round(faster, 3), "steps": steps, "seed": SEED,
        "test_accuracy": round(result.test.accuracy, 4), "cpu_seconds": round(time.process_time() - began, 1),
    }  # fmt: skip
    print(found)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.same_settings"),
            "threads": torch.get_num_threads(),
            "data": record.source(photos),
            "settings": recipe.to_dict(),
            **found,
        },
    )


if __name__ == "__main__":
    main()
