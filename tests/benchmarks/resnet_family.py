"""The residual family in a laboratory: ``python -m tests.benchmarks.resnet_family``.

Small nets learn CIFAR-10 at half its size, all for the same steps on the same pictures. Each net's rate is
chosen by the training loss of a seed of its own; then three other seeds are measured.

- Width, depth and cardinality at equal parameters.
- The sum before and behind the last activation, at 110 layers.
- 20 and 56 layers with shortcuts and without: the accuracy that is left when one block is taken out, and the
  error surface around the first seed's net.

Chapter 13 shows the record.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse import data, diagrams, landscape, runtime
from cnncourse.backbones import preact_resnet, resnet, resnet_cifar
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-resnet-family.json")
BATCH, STEPS, TRIAL, TESTED, SIDE = 32, 150, 30, 2000, 16
RATES, CHOOSING, SEEDS = (0.02, 0.06, 0.2), 100, (0, 1, 2)
SPAN, POINTS, LOOKED_AT = 1.0, 13, 128


def staged(block: Any, channels: Sequence[int], blocks: int, **options: Any) -> nn.Module:
    """A 3×3, stages of a block, a mean, one full layer; each stage but the first halves the maps."""
    c = channels[0]
    layers = [nn.Conv2d(3, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU()]
    for stage, filters in enumerate(channels):
        for number in range(blocks):
            layers.append(block(c, filters, 2 if stage and not number else 1, **options))
            c = filters * getattr(block, "expansion", 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10))


def cardinal(groups: int, factor: float) -> Callable[[], nn.Module]:
    """A net of bottlenecks whose 3×3 has so many groups and so many times the channels."""
    bottleneck, form = resnet.Bottleneck, (16, 32, 64)
    return lambda: staged(bottleneck, form, 1, groups=groups, group_width=factor)


def slim(depth: int, shortcut: resnet_cifar.Shortcut) -> Callable[[], nn.Module]:
    """A CIFAR net with 8, 16 and 32 channels."""
    return lambda: resnet_cifar.CifarResNet(depth, shortcut=shortcut, width=0.5, image_size=SIDE)


NETS: dict[str, dict[str, Callable[[], nn.Module]]] = {
    "shortcuts": {
        "plain 20": slim(20, None),
        "residual 20": slim(20, "A"),
        "plain 56": slim(56, None),
        "residual 56": slim(56, "A"),
    },
    "110 layers": {
        "post": slim(110, "A"),
        "pre": lambda: preact_resnet.PreActResNet(18, width=0.5, image_size=SIDE),
    },
    "width and depth": {
        "8 layers": lambda: staged(resnet_cifar.CifarBlock, (30, 60, 120), 1),
        "20 layers": lambda: staged(resnet_cifar.CifarBlock, (16, 32, 64), 3),
        "68 layers": lambda: staged(resnet_cifar.CifarBlock, (8, 16, 32), 11),
    },
    "cardinality": {"1": cardinal(1, 1), "4": cardinal(4, 1.5), "32": cardinal(32, 2)},
}


def train(net: nn.Module, seed: int, lr: float, steps: int, x: Tensor, labels: Tensor) -> list[float]:
    """Train by SGD; the rate rises for a tenth of the way and then falls to 0. Return each step's loss."""
    draw, losses = torch.Generator().manual_seed(seed), []
    rule = torch.optim.SGD(net.train().parameters(), lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    for step in range(steps):
        rule.param_groups[0]["lr"] = lr * min(10 * (step + 1) / steps, 10 / 9 * (1 - step / steps))
        chosen = torch.randint(len(labels), (BATCH,), generator=draw)
        loss = F.cross_entropy(net(x[chosen]), labels[chosen])
        rule.zero_grad()
        loss.backward()
        rule.step()
        losses.append(loss.item())
    return losses


def accuracy(net: nn.Module, x: Tensor, labels: Tensor) -> float:
    """Share of the pictures read correctly."""
    with torch.no_grad():
        answers = torch.cat([net.eval()(part).argmax(1) for part in x.split(250)])
    return (answers == labels).float().mean().item()


def without_each(net: Any, x: Tensor, labels: Tensor) -> list[float]:
    """Accuracy with one block taken out, block after block; those that change the shape stay."""
    left = []
    for stage in (net.layer1, net.layer2, net.layer3):
        for number, block in enumerate(stage):
            if block.conv1.stride == (1, 1):
                stage[number] = nn.Identity()
                left.append(round(accuracy(net, x, labels), 4))
                stage[number] = block
    return left


def around(net: nn.Module, x: Tensor, labels: Tensor) -> list[list[float]]:
    """The training loss on a grid around a net, in evaluation mode."""
    draw = torch.Generator().manual_seed(0)
    ways = landscape.filter_direction(net, draw), landscape.filter_direction(net, draw)
    net.eval()
    values = landscape.surface(
        net, lambda net: F.cross_entropy(net(x), labels), *ways, span=SPAN, points=POINTS
    )
    return [[float(f"{value:.4g}") for value in row] for row in values.tolist()]


def half(images: data.ImageSet) -> tuple[Tensor, Tensor]:
    """Pictures of half the size, and their labels."""
    return F.avg_pool2d(images.normalised(), 2), images.labels


def main() -> None:
    """Choose the rates, train, measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    parser.add_argument("--steps", type=int, default=STEPS, help="fewer, to try it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    photos = data.load("cifar10")
    test = data.load("cifar10", "test").take(TESTED)
    x, labels = half(photos)
    seen, answers = half(test)
    results: dict[str, Any] = {}
    about = {
        **record.origin("python -m tests.benchmarks.resnet_family"),
        "threads": torch.get_num_threads(),
        "data": {"name": "cifar10"} | record.source(photos),
        "images": {"train": len(photos), "test": len(test), "side": SIDE},
        "batch": BATCH,
        "steps": options.steps,
        "seeds": list(SEEDS),
        "surface": {"span": SPAN, "points": POINTS, "images": LOOKED_AT},
    }
    for group, nets in NETS.items():
        results[group] = {}
        for name, make in nets.items():
            sweep = {}
            for lr in RATES:
                runtime.seed(CHOOSING)
                losses = train(make(), CHOOSING, lr, min(TRIAL, options.steps), x, labels)
                sweep[lr] = round(statistics.mean(losses[-15:]), 4)
            lr = min(sweep, key=sweep.__getitem__)
            trained, curves, seconds = [], [], []
            for seed in SEEDS:
                runtime.seed(seed)
                net, start = make(), time.process_time()
                curves.append([round(loss, 4) for loss in train(net, seed, lr, options.steps, x, labels)])
                seconds.append(time.process_time() - start)
                trained.append(net)
            summary = diagrams.summary(trained[0], (3, SIDE, SIDE))
            run = results[group][name] = {
                "parameters": summary.params,
                "macs": summary.macs,
                "sweep": sweep,
                "lr": lr,
                "losses": curves,
                "step_seconds": record.spread([s / options.steps for s in seconds]),
                "test_accuracy": record.spread([accuracy(net, seen, answers) for net in trained]),
            }
            if group == "shortcuts":
                run["without_each"] = [without_each(net, seen[:1000], answers[:1000]) for net in trained]
                run["surface"] = around(trained[0], x[:LOOKED_AT], labels[:LOOKED_AT])
            ends = [round(statistics.mean(curve[-30:]), 2) for curve in curves]
            print(
                f"{time.process_time() - began:5.0f} s  {name}  {summary.params:,}  {sweep}  loss {ends}  "
                f"{run['test_accuracy']['each']}",
                flush=True,
            )
        seconds_taken = {"cpu_seconds": round(time.process_time() - began, 1)}
        record.write(options.record, {**about, **seconds_taken, "results": results})


if __name__ == "__main__":
    main()
