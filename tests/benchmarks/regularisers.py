"""What each regulariser gains on 300 digits: ``python -m tests.benchmarks.regularisers``.

A small net learns 300 digits of MNIST with none, with one and with all of six regularisers. The strength of
each is chosen on 500 other digits with two seeds of their own; then five new seeds, each with 300 digits of
its own, are measured on 5,000 test digits. All nets take the same number of steps. Chapter 07 shows the
record.
"""

import argparse
import copy
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse import augment, data, runtime
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-regularisers.json")
FEW, HELD_OUT, TESTED, BATCH, LR, EPOCHS = 300, 500, 5000, 50, 1e-3, 60
STRENGTHS: dict[str, tuple[float, ...]] = {
    "L2": (0.1, 0.3, 1.0, 3.0, 10.0),
    "L1": (0.01, 0.03, 0.1, 0.3, 1.0),
    "dropout": (0.25, 0.5, 0.75),
    "smoothing": (0.1, 0.2, 0.4, 0.6, 0.8),
    "shifts": (1, 2, 3, 4),
}
FACTORS = (1.0, 0.5, 0.25, 0.1)
CHOOSING, SEEDS = (100, 101), (0, 1, 2, 3, 4)


def build(p: float) -> nn.Sequential:
    """Two convolutions with stride 2, then two linear layers with dropout before each."""
    first = nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU()
    second = nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU()
    dense = nn.Dropout(p), nn.Linear(1568, 128), nn.ReLU(), nn.Dropout(p), nn.Linear(128, 10)
    return nn.Sequential(*first, *second, nn.Flatten(), *dense)


def measure(net: nn.Module, x: Tensor, labels: Tensor) -> tuple[float, float]:
    """Loss and accuracy, with dropout off."""
    net.eval()
    with torch.no_grad():
        logits = net(x)
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item()


def pull(weights: Iterable[Tensor], l1: float, l2: float) -> None:
    """Pull weights to zero, apart from Adam's step: L2 by a share of their size, L1 by the same for all."""
    with torch.no_grad():
        for weight in weights:
            weight.mul_(1 - LR * l2)
            weight.sub_(weight.clamp(-LR * l1, LR * l1))


def train(seed: int, digits: data.ImageSet, test: data.ImageSet, **strength: float) -> dict[str, Any]:
    """Train once, and measure the last weights and those with the lowest held-out loss on the test digits."""
    few, held_out = digits.take(FEW + HELD_OUT, seed).split(FEW / (FEW + HELD_OUT), seed)
    runtime.seed(seed)
    net = build(strength.get("dropout", 0.0))
    weights = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    adam = torch.optim.Adam(net.parameters(), LR)
    shifts = augment.Compose(augment.RandomTranslate(int(strength.get("shifts", 0))))
    pictures = augment.Augmented(few.images, shifts, seed=seed)
    seen, looked = few.normalised(), held_out.normalised()
    mean, std = few.mean[0], few.std[0]
    curves: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_accuracy": []}
    best = net
    for epoch in range(EPOCHS):
        net.train()
        for index in torch.randperm(FEW).split(BATCH):
            batch = (pictures.batch(index, epoch) / 255 - mean) / std
            smooth = strength.get("smoothing", 0.0)
            loss = F.cross_entropy(net(batch), few.labels[index], label_smoothing=smooth)
            adam.zero_grad()
            loss.backward()
            adam.step()
            pull(weights, strength.get("L1", 0.0), strength.get("L2", 0.0))
        val_loss, val_accuracy = measure(net, looked, held_out.labels)
        if val_loss < min(curves["val_loss"], default=float("inf")):
            best = copy.deepcopy(net)
        row = measure(net, seen, few.labels)[0], val_loss, val_accuracy
        for values, value in zip(curves.values(), row, strict=True):
            values.append(value)
    zeros = sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)
    x, labels = test.normalised(), test.labels
    stopped = {"epoch": min(range(EPOCHS), key=curves["val_loss"].__getitem__) + 1}
    stopped |= dict(zip(("loss", "accuracy"), measure(best, x, labels), strict=True))
    last = dict(zip(("loss", "accuracy"), measure(net, x, labels), strict=True))
    return {"curves": curves, "last": last, "stopped": stopped, "zeros": zeros}


def main() -> None:
    """Choose the strengths, train, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.perf_counter()
    digits, test = data.load("mnist"), data.load("mnist", "test")
    test = test.take(min(TESTED, len(test)))

    def validated(**strength: float) -> float:
        runs = [train(seed, digits, test, **strength) for seed in CHOOSING]
        score = sum(run["curves"]["val_accuracy"][-1] for run in runs) / len(runs)
        print(f"{time.perf_counter() - began:5.0f} s  {strength}  {score:.4f}", flush=True)
        return round(score, 6)

    sweep = {name: {v: validated(**{name: v}) for v in values} for name, values in STRENGTHS.items()}
    chosen = {name: max(scores, key=scores.__getitem__) for name, scores in sweep.items()}

    def together(factor: float) -> dict[str, float]:
        return {name: value if name == "shifts" else factor * value for name, value in chosen.items()}

    sweep["together"] = {factor: validated(**together(factor)) for factor in FACTORS}
    factor = max(sweep["together"], key=sweep["together"].__getitem__)
    ways: dict[str, dict[str, float]] = {"none": {}} | {name: {name: v} for name, v in chosen.items()}
    ways |= {"shifts + dropout": {name: chosen[name] for name in ("shifts", "dropout")}}
    ways |= {"together": together(factor)}
    results: dict[str, Any] = {}
    for name, strength in ways.items():
        runs = [train(seed, digits, test, **strength) for seed in SEEDS]
        results[name] = summary(strength, runs, "last")
        if name in ("none", "together"):
            early = "early stopping" if name == "none" else "together, stopped early"
            results[early] = summary(strength, runs, "stopped")
            results[early]["epochs"] = [run["stopped"]["epoch"] for run in runs]
        print(f"{time.perf_counter() - began:5.0f} s  {name}  {results[name]['test_accuracy']}", flush=True)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.regularisers"),
            "threads": torch.get_num_threads(),
            "data": {"name": "mnist"} | record.source(digits),
            "images": {"train": FEW, "validation": HELD_OUT, "test": len(test)},
            "steps": EPOCHS * FEW // BATCH,
            "seeds": list(SEEDS),
            "sweep": sweep,
            "seconds": round(time.perf_counter() - began, 1),
            "results": results,
        },
    )


def summary(strength: dict[str, float], runs: list[dict[str, Any]], part: str) -> dict[str, Any]:
    """Gather the runs of one way: the spread of what was tested, and the mean curves."""
    found: dict[str, Any] = {"strength": strength}
    for what in ("accuracy", "loss"):
        found[f"test_{what}"] = record.spread([run[part][what] for run in runs])
    if part == "last":
        found["zeros"] = record.spread([run["zeros"] for run in runs])
        found["curves"] = {
            name: [round(sum(values) / len(runs), 4) for values in zip(*rows, strict=True)]
            for name in runs[0]["curves"]
            for rows in [[run["curves"][name] for run in runs]]
        }
    return found


if __name__ == "__main__":
    main()
