"""Does a shortcut speed up the training of Inception? ``python -m tests.benchmarks.inception_shortcuts``.

Inception v4, Inception-ResNet v2, and the latter with its shortcuts taken out, an eighth as wide, learn
Fashion-MNIST. All take the same steps on the same pictures. Each one's rate is chosen by the training loss of
a seed of its own; then three other seeds are measured. Chapter 12 shows the record.
"""

import argparse
import copy
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import backbones, data, diagrams, runtime
from cnncourse.backbones.inception_resnet import InceptionResidual
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-inception-shortcuts.json")
WIDTH, BATCH, STEPS, TRIAL, TESTED = 0.125, 32, 100, 50, 1000
RATES, CHOOSING, SEEDS = (0.01, 0.03, 0.1), 100, (0, 1, 2)


def without_shortcuts(net: nn.Module) -> nn.Module:
    """Take the sum out of each residual module: the same layers, F(x) in place of x + scale · F(x)."""
    net = copy.deepcopy(net)
    for index, block in enumerate(net.features):
        if isinstance(block, InceptionResidual):
            net.features[index] = nn.Sequential(block.branches, block.conv, block.relu)
    return net


def build(name: str, seed: int) -> nn.Module:
    """Make one of the three nets."""
    runtime.seed(seed)
    kind = "inception_v4" if name == "v4" else "inception_resnet_v2"
    options: dict[str, Any] = {"num_classes": 10, "in_channels": 1, "image_size": 28, "width": WIDTH}
    net = backbones.create(kind, dropout=0, **options)
    return without_shortcuts(net) if name == "no shortcuts" else net


def train(
    name: str, seed: int, lr: float, steps: int, clothes: data.ImageSet
) -> tuple[nn.Module, list[float]]:
    """Train by SGD with momentum 0.9; return the net and the loss of each step."""
    net, draw, losses = build(name, seed), torch.Generator().manual_seed(seed), []
    x, labels = clothes.normalised(), clothes.labels
    rule = torch.optim.SGD(net.parameters(), lr, momentum=0.9)
    for _ in range(steps):
        chosen = torch.randint(len(labels), (BATCH,), generator=draw)
        loss = F.cross_entropy(net(x[chosen]), labels[chosen])
        rule.zero_grad()
        loss.backward()
        rule.step()
        losses.append(loss.item())
    return net, losses


def accuracy(net: nn.Module, test: data.ImageSet) -> float:
    """Share of the test pictures read correctly."""
    with torch.no_grad():
        parts = [net.eval()(x).argmax(1) for x in test.normalised().split(100)]
    return (torch.cat(parts) == test.labels).float().mean().item()


def main() -> None:
    """Choose the rates, train, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    clothes = data.load("fashion_mnist").take(10_000)
    test = data.load("fashion_mnist", "test").take(TESTED)
    results: dict[str, Any] = {}
    for name in ("v4", "Inception-ResNet v2", "no shortcuts"):
        sweep = {}
        for lr in RATES:
            losses = train(name, CHOOSING, lr, TRIAL, clothes)[1]
            sweep[lr] = round(sum(losses[-10:]) / 10, 4)
        lr = min(sweep, key=sweep.__getitem__)
        runs = [train(name, seed, lr, STEPS, clothes) for seed in SEEDS]
        net = runs[0][0]
        results[name] = {
            "parameters": sum(p.numel() for p in net.parameters()),
            "macs": diagrams.summary(net).macs,
            "sweep": sweep,
            "lr": lr,
            "losses": [[round(loss, 4) for loss in losses] for _, losses in runs],
            "test_accuracy": record.spread([accuracy(net, test) for net, _ in runs]),
        }
        print(
            f"{time.process_time() - began:5.0f} s  {name}  {sweep}  {results[name]['test_accuracy']}",
            flush=True,
        )
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.inception_shortcuts"),
            "threads": torch.get_num_threads(),
            "data": {"name": "fashion_mnist"} | record.source(clothes),
            "images": {"train": len(clothes), "test": len(test)},
            "batch": BATCH,
            "steps": STEPS,
            "width": WIDTH,
            "seeds": list(SEEDS),
            "cpu_seconds": round(time.process_time() - began, 1),
            "results": results,
        },
    )


if __name__ == "__main__":
    main()
