"""Darknet-53 and ResNets at equal MACs: ``python -m tests.benchmarks.detection_backbones``.

Times: one picture of 256×256, evaluation mode, batch norm folded, processor time of one core, median of
several goes. ResNet-50 is widened until it multiplies as often as Darknet-53. Then a small race on MNIST at
32 pixels: Darknet-53 an eighth as wide, and ResNet-50 at the width with equal MACs. Same steps, same
pictures; each one's rate is chosen by the training loss of a seed of its own. Chapter 15 shows the record.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import backbones, data, diagrams, norm, runtime
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-detection-backbones.json")
LARGE: dict[str, dict[str, Any]] = {
    "darknet53": {},
    "resnet50": {},
    "resnet50 wide": {"width": 1.32},
    "resnet101": {},
}
SMALL: dict[str, dict[str, Any]] = {"darknet53": {"width": 0.125}, "resnet50": {"width": 0.17}}
GOES, BATCH, STEPS, TRIAL, TESTED = 7, 32, 80, 30, 1000
RATES, CHOOSING, SEEDS = (0.003, 0.01), 100, (0, 1, 2)


def timed(net: nn.Module, x: torch.Tensor) -> float:
    """Processor time of one go in milliseconds: the median of several, after two to warm up."""
    times = []
    with torch.no_grad():
        for _ in range(GOES + 2):
            began = time.process_time()
            net(x)
            times.append(1000 * (time.process_time() - began))
    return round(statistics.median(times[2:]), 1)


def build(name: str, seed: int) -> nn.Module:
    """Make a small net."""
    runtime.seed(seed)
    return backbones.create(name, num_classes=10, in_channels=1, image_size=32, **SMALL[name])


def train(
    name: str, seed: int, lr: float, steps: int, digits: data.ImageSet
) -> tuple[nn.Module, list[float]]:
    """Train with AdamW and one cycle of the rate; return the net and the loss of each step."""
    net, draw, losses = build(name, seed), torch.Generator().manual_seed(seed), []
    x, labels = F.pad(digits.normalised(), (2, 2, 2, 2)), digits.labels
    rule = torch.optim.AdamW(net.parameters(), lr)
    cycle = torch.optim.lr_scheduler.OneCycleLR(rule, lr, steps)
    for _ in range(steps):
        chosen = torch.randint(len(labels), (BATCH,), generator=draw)
        loss = F.cross_entropy(net(x[chosen]), labels[chosen])
        rule.zero_grad()
        loss.backward()
        rule.step()
        cycle.step()
        losses.append(loss.item())
    return net, losses


def accuracy(net: nn.Module, test: data.ImageSet) -> float:
    """Share of the test pictures read correctly."""
    with torch.no_grad():
        x = F.pad(test.normalised(), (2, 2, 2, 2))
        parts = [net.eval()(part).argmax(1) for part in x.split(100)]
    return (torch.cat(parts) == test.labels).float().mean().item()


def main() -> None:
    """Time, race, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    large: dict[str, Any] = {}
    for name, form in LARGE.items():
        runtime.seed(0)
        net = backbones.create(name.split()[0], image_size=256, **form).eval()
        counted, x = diagrams.summary(net), torch.randn(1, 3, 256, 256)
        folded = norm.fold_net(net, x)
        large[name] = {**form, "params": counted.params, "macs": counted.macs, "ms": timed(folded, x)}
        print(f"{time.process_time() - began:5.0f} s  {name}  {large[name]}", flush=True)
    digits, test = data.load("mnist").take(10_000), data.load("mnist", "test").take(TESTED)
    small: dict[str, Any] = {}
    for name, form in SMALL.items():
        sweep = {}
        for lr in RATES:
            losses = train(name, CHOOSING, lr, TRIAL, digits)[1]
            sweep[lr] = round(sum(losses[-10:]) / 10, 4)
        lr = min(sweep, key=sweep.__getitem__)
        nets = [train(name, seed, lr, STEPS, digits)[0] for seed in SEEDS]
        counted = diagrams.summary(nets[0])
        small[name] = {
            **form,
            "params": counted.params,
            "macs": counted.macs,
            "sweep": sweep,
            "lr": lr,
            "test_accuracy": record.spread([accuracy(net, test) for net in nets]),
        }
        print(f"{time.process_time() - began:5.0f} s  {name}  {small[name]}", flush=True)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.detection_backbones"),
            "threads": torch.get_num_threads(),
            "data": {"name": "mnist"} | record.source(digits),
            "images": {"train": len(digits), "test": len(test)},
            "batch": BATCH,
            "steps": STEPS,
            "seeds": list(SEEDS),
            "cpu_seconds": round(time.process_time() - began, 1),
            "large": large,
            "small": small,
        },
    )


if __name__ == "__main__":
    main()
