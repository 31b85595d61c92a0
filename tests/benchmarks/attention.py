"""What attention gains, at small scale: ``python -m tests.benchmarks.attention``.

- ``gates``: ResNet-8 on 4,000 photographs halved to 16×16 pixels: plain, with SE, with CBAM, and plain with
  as many parameters as SE has. All take the same steps by the same recipe, from the same seeds. Then the
  gates of the trained nets are averaged by class, exchanged between pictures, and frozen at their means.
- ``glimpse``: a digit somewhere on a canvas, one of nine windows to look through: at random, softly, hard
  with REINFORCE (with and without a baseline), hard and straight through. Same steps for all.

Chapter 17 shows the record.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse import data, diagrams, runtime
from cnncourse.backbones.attention import CBAM, SE, SpatialGate
from cnncourse.backbones.base import kaiming
from cnncourse.backbones.resnet_cifar import CifarBlock, CifarResNet
from cnncourse.train import Recipe, evaluate, fit, record
from tests.benchmarks.lenet_to_vgg import halved

RECORD = Path("book/assets/runs/benchmark-attention.json")
SEEDS = (0, 1, 2, 3)
GATES = Recipe(epochs=5, batch_size=50, lr=4e-3, optimiser="adamw", schedule="cosine", warmup=0.5,
               keep="last", augment=("crop:2", "flip"))  # fmt: skip
Change = Callable[[Tensor], Tensor]


# ---------------------------------------------------------------- SE and CBAM


def resnet8(gate: Callable[[int], nn.Module] | None = None) -> CifarResNet:
    """Build ResNet-8 for 16×16 pixels, with a gate behind the second norm of each block."""
    net = CifarResNet(8, image_size=16)
    for block in net.modules():
        if gate is not None and isinstance(block, CifarBlock):
            gated = nn.Sequential(block.norm2, gate(block.norm2.num_features))
            setattr(block, "norm2", gated)  # noqa: B010 - another type than before
    return net


def wider(extra: int) -> nn.Module:
    """Build the plain ResNet-8 with some channels more in the middle of its last block."""
    net = resnet8()
    block = net.layer3[0]
    block.conv1 = nn.Conv2d(32, 64 + extra, 3, 2, padding=1, bias=False)
    block.norm1 = nn.BatchNorm2d(64 + extra)
    block.conv2 = nn.Conv2d(64 + extra, 64, 3, padding=1, bias=False)
    kaiming(block)
    return net


NETS: dict[str, Callable[[], nn.Module]] = {
    "plain": resnet8,
    "plain, wider": lambda: wider(4),
    "SE": lambda: resnet8(gate=lambda channels: SE(channels, channels // 4)),
    "CBAM": lambda: resnet8(gate=CBAM),
}


def gate_layers(net: nn.Module) -> list[nn.Module]:
    """List the layers that give weights between 0 and 1: of SE for channels, of CBAM for places."""
    found: list[nn.Module] = []
    for layer in net.modules():
        if isinstance(layer, SE):
            found.append(layer.gate)
        if isinstance(layer, SpatialGate):
            found.append(layer.conv)
    return found


def answers(net: nn.Module, x: Tensor, change: Change | None = None) -> Tensor:
    """Give the net's first guesses, with all gates changed on the way."""
    hooks = []
    if change is not None:
        hooks = [layer.register_forward_hook(lambda _m, _i, o: change(o)) for layer in gate_layers(net)]
    with torch.no_grad():
        guesses: Tensor = net.eval()(x).argmax(1)
    for hook in hooks:
        hook.remove()
    return guesses


def exchanged(net: nn.Module, test: data.ImageSet, over: tuple[int, ...]) -> dict[str, Any]:
    """Count right answers, and those that stay, with another picture's gates or their mean over some axes."""
    x, labels = test.normalised(), test.labels
    own = answers(net, x)
    changes: dict[str, Change] = {
        "another picture's": lambda gates: gates.roll(1, 0),
        "their mean": lambda gates: gates.mean(over, keepdim=True).expand_as(gates),
    }
    found: dict[str, Any] = {"own": {"accuracy": share(own == labels), "same answer": 1.0}}
    for name, change in changes.items():
        other = answers(net, x, change)
        found[name] = {"accuracy": share(other == labels), "same answer": share(other == own)}
    return found


def share(hits: Tensor) -> float:
    """Share of what is true, to four digits."""
    return round(hits.float().mean().item(), 4)


def by_class(net: nn.Module, test: data.ImageSet) -> list[Any]:
    """Average the gates of each block over the test pictures of each class: blocks × classes × channels."""
    kept: list[Tensor] = []
    hooks = [layer.register_forward_hook(lambda _m, _i, o: kept.append(o[:, :, 0, 0]))
             for layer in gate_layers(net)]  # fmt: skip
    with torch.no_grad():
        net.eval()(test.normalised())
    for hook in hooks:
        hook.remove()
    classes = range(len(test.classes))
    means = [torch.stack([gates[test.labels == k].mean(0) for k in classes]) for gates in kept]
    return [[[round(v, 3) for v in row] for row in block.tolist()] for block in means]


def gates() -> dict[str, Any]:
    """Train each net with each seed, measure it, exchange its gates."""
    train_set = halved(data.load("cifar10").take(4000))
    test = halved(data.load("cifar10", "test").take(2000))

    def run(name: str, seed: int) -> nn.Module:
        runtime.seed(seed)
        net = NETS[name]()
        fit(net, train_set, recipe=GATES, seed=seed, progress=False, device="cpu")
        return net

    results: dict[str, Any] = {}
    for name, build in NETS.items():
        nets = [run(name, seed) for seed in SEEDS]
        counted = diagrams.summary(build())
        results[name] = {
            "parameters": counted.params,
            "macs": counted.macs,
            "train_accuracy": record.spread([evaluate(net, train_set).accuracy for net in nets]),
            "test_accuracy": record.spread([evaluate(net, test).accuracy for net in nets]),
        }
        if name in ("SE", "CBAM"):
            over = (0,) if name == "SE" else (2, 3)  # all pictures, all places
            results[name]["exchanged"] = [exchanged(net, test, over) for net in nets]
        if name == "SE":
            results[name]["by_class"] = by_class(nets[0], test)
        say(name, results[name]["test_accuracy"], results[name].get("exchanged"))
    steps = GATES.epochs * len(train_set) // GATES.batch_size
    return {"images": {"train": len(train_set), "test": len(test)}, "steps": steps,
            "classes": list(test.classes), "results": results}  # fmt: skip


# ---------------------------------------------------------------- a glimpse

WAYS = ("random", "soft", "straight through", "REINFORCE", "REINFORCE, baseline")
SIDE, WINDOW, STRIDE, PLACES, GLIMPSES, BATCH = 32, 18, 7, 9, 400, 50


def moved(digits: data.ImageSet, seed: int) -> Tensor:
    """Halve each digit and put it anywhere on a black canvas."""
    small = F.avg_pool2d(digits.images.float() / 255, 2)
    draw = torch.Generator().manual_seed(seed)
    canvas = torch.zeros(len(small), 1, SIDE, SIDE)
    places = torch.randint(SIDE - 13, (len(small), 2), generator=draw).tolist()
    for digit, picture, (row, column) in zip(small, canvas, places, strict=True):
        picture[:, row : row + 14, column : column + 14] = digit
    return canvas


def windows(x: Tensor) -> Tensor:
    """Cut the nine windows out: (n, 1, 32, 32) → (n, 9, 18, 18)."""
    return x.unfold(2, WINDOW, STRIDE).unfold(3, WINDOW, STRIDE).flatten(2, 3)[:, 0]


def looker() -> nn.ModuleDict:
    """Build the two halves: where to look, from a blurred picture, and what is there."""
    where = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.BatchNorm1d(64, affine=False),
                          nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, PLACES))  # fmt: skip
    what = nn.Sequential(nn.Conv2d(1, 12, 3, 2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 24, 3, 2),
                         nn.BatchNorm2d(24), nn.ReLU(), nn.Flatten(), nn.Linear(216, 10))  # fmt: skip
    return nn.ModuleDict({"where": where, "what": what})


def look(way: str, net: nn.ModuleDict, x: Tensor, views: Tensor, labels: Tensor, mean: float) -> Any:
    """Give the loss of one batch and its mean reward."""
    logits, rows = net["where"](x), torch.arange(len(x))
    if way == "random":
        logits = torch.zeros_like(logits)
    p = logits.softmax(1)
    k = torch.multinomial(p.detach(), 1)[:, 0]
    weights = F.one_hot(k, PLACES).float() + (p - p.detach() if way == "straight through" else 0)
    weights = p if way == "soft" else weights
    out = net["what"](torch.einsum("nk,nkhw->nhw", weights, views)[:, None])
    loss, reward = F.cross_entropy(out, labels), (out.argmax(1) == labels).float()
    if way.startswith("REINFORCE"):
        surprise = reward - (mean if "baseline" in way else 0)
        loss = loss - (surprise * logits.log_softmax(1)[rows, k]).mean()
    return loss, reward.mean().item()


def look_around(way: str, seed: int, digits: data.ImageSet, test: data.ImageSet) -> float:
    """Train one glimpse net and give its test accuracy; hard ones look at their likeliest place."""
    runtime.seed(seed)
    net, mean, lr = looker(), 0.0, 5e-3
    x, xt = moved(digits, 0), moved(test, 1)
    views, views_t = windows(x), windows(xt)
    rule = torch.optim.Adam(net.parameters(), lr)
    for step in range(GLIMPSES):
        rule.param_groups[0]["lr"] = lr * min(1, 2 * (1 - step / GLIMPSES))
        chosen = torch.randint(len(x), (BATCH,))
        loss, reward = look(way, net, x[chosen], views[chosen], digits.labels[chosen], mean)
        rule.zero_grad()
        torch.autograd.backward(loss)
        rule.step()
        mean = 0.9 * mean + 0.1 * reward
    net.eval()
    with torch.no_grad():
        logits = net["where"](xt)
        weights = logits.softmax(1) if way == "soft" else F.one_hot(logits.argmax(1), PLACES).float()
        if way == "random":
            weights = F.one_hot(torch.randint(PLACES, (len(xt),)), PLACES).float()
        out = net["what"](torch.einsum("nk,nkhw->nhw", weights, views_t)[:, None])
    return share(out.argmax(1) == test.labels)


def glimpse() -> dict[str, Any]:
    """Train each way of looking with each seed."""
    digits, test = data.load("mnist").take(4000), data.load("mnist", "test").take(1000)
    results = {}
    for way in WAYS:
        results[way] = record.spread([look_around(way, seed, digits, test) for seed in SEEDS])
        say(way, results[way])
    return {"images": {"train": len(digits), "test": len(test)}, "steps": GLIMPSES, "results": results}


def say(*what: Any) -> None:
    """Print with the seconds so far."""
    print(f"{time.process_time():5.0f} s ", *what, flush=True)


SERIES: dict[str, Callable[[], dict[str, Any]]] = {"gates": gates, "glimpse": glimpse}


def main() -> None:
    """Run the series, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    parser.add_argument("--only", choices=tuple(SERIES), help="renew this series alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    old = json.loads(options.record.read_text(encoding="utf-8")) if options.only else {}
    found: dict[str, Any] = old.get("series", {})
    for name in [options.only] if options.only else list(SERIES):
        began = time.process_time()
        found[name] = SERIES[name]()
        found[name]["cpu_seconds"] = round(time.process_time() - began, 1)
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.attention"),
            "threads": torch.get_num_threads(),
            "data": {name: record.source(data.load(name, announce=False)) for name in ("cifar10", "mnist")},
            "seeds": list(SEEDS),
            "series": found,
        },
    )


if __name__ == "__main__":
    main()
