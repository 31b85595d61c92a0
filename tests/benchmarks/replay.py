"""What replaying a recorded step saves on a GPU: ``python -m tests.benchmarks.replay``.

Milliseconds a training step of real CIFAR-10 batches, augmentation included: ordered kernel by kernel,
replayed, and compiled and replayed.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from cnncourse import runtime
from cnncourse.train import recipes, record
from cnncourse.train.experiment import Experiment, now
from cnncourse.train.run import Run

RECORD = Path("book/assets/runs/benchmark-replay.json")
WAYS: dict[str, dict[str, Any]] = {
    "ordered one by one": {"compile": False, "replay": False},
    "replayed": {"compile": False, "replay": True},
    "compiled and replayed": {"compile": True, "replay": True},
}
WARM, STEPS = 20, 250


def milliseconds(experiment: Experiment, steps: int, **changes: Any) -> float:
    """Measure a step of a recipe with some changes, after a few that are not counted."""
    home = runtime.device()
    runtime.seed(0)
    plan = experiment.recipe.but(**changes)
    run = Run(experiment.build().to(home), experiment.train_set, None, plan, home)
    run.model.train()
    done, began = 0, 0.0
    while done < WARM + steps:
        for images, labels in run.train.epoch(run.order):
            if done == WARM:
                began = now(home)
            run.step(images, labels)
            done += 1
            if done == WARM + steps:
                break
    return round(1000 * (now(home) - began) / steps, 3)


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=STEPS, help="steps that are counted")
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    found: dict[str, Any] = {
        **record.origin("python -m tests.benchmarks.replay", runtime.device()),
        "milliseconds": {},
    }
    for name in ("resnet20-cifar10", "resnet56-cifar10", "race94"):
        experiment = Experiment(recipes.get(name))
        found["milliseconds"][name] = times = {}
        for way, changes in WAYS.items():
            times[way] = milliseconds(experiment, options.steps, **changes)
            print(f"{name:20}{way:24}{times[way]:>10.3f} ms a step", flush=True)
    record.write(options.record, found)


if __name__ == "__main__":
    main()
