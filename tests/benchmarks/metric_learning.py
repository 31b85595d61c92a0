"""Which way of teaching a distance is best for strangers? ``python -m tests.benchmarks.metric_learning``.

A small LeNet learns seven digits, and is judged on the three that it has never seen. Retrieval: is the
nearest picture of the same class? Verification: at the threshold where both kinds of errors are equally
frequent, how many pairs are judged wrongly? All take the same steps, on batches of the same size. The margin
is tried on digits of its own, 5 and 6, by nets taught 0 to 4. Chapter 16 shows the record.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse import backbones, data, heads, runtime
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-metric-learning.json")
STEPS, BATCH, DIM, LR, MARGIN, MARGIN2 = 200, 56, 16, 1e-3, 0.2, 0.1
KNOWN, STRANGERS, SEEDS = tuple(range(7)), (7, 8, 9), (0, 1, 2, 3, 4)
MARGINS, TAUGHT, CHOOSING = (0.05, 0.1, 0.2, 0.4, 0.8), (0, 1, 2, 3, 4), (5, 6)
SHIFT = 4  # pixels to each side, for the task "where"

Loss = Callable[[Tensor, Tensor], Tensor]


def only(digits: data.ImageSet, chosen: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Pictures and labels of some classes."""
    keep = torch.isin(digits.labels, torch.tensor(chosen))
    return digits.normalised()[keep], digits.labels[keep]


def turned(x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Let each quarter turn of a digit be a class of its own; a 6 upside down is left out, for it is a 9."""
    xs, ys = [], []
    for turn in range(4):
        keep = ~((labels == 6) & (turn == 2))
        xs.append(x[keep].rot90(turn, (2, 3)))
        ys.append(labels[keep] + 10 * turn)
    return torch.cat(xs), torch.cat(ys)


class Batches:
    """Draw P classes with K pictures each."""

    def __init__(self, labels: Tensor, seed: int, most: int = 14) -> None:
        self.places = [(labels == digit).nonzero().squeeze(1) for digit in labels.unique()]
        self.classes = min(most, len(self.places))
        self.draw = torch.Generator().manual_seed(seed)

    def __call__(self) -> Tensor:
        each = BATCH // self.classes
        chosen = torch.randperm(len(self.places), generator=self.draw)[: self.classes]
        parts = [self.places[c] for c in chosen.tolist()]
        return torch.cat([p[torch.randint(len(p), (each,), generator=self.draw)] for p in parts])


def trunk(seed: int) -> tuple[nn.Module, int]:
    runtime.seed(seed)
    return heads.trunk(backbones.create("lenet5", image_size=28))


def learn(
    net: nn.Module, loss: Callable[[Any, Tensor], Tensor], x: Tensor, labels: Tensor, seed: int
) -> nn.Module:
    """Train by Adam for the fixed number of steps."""
    batches, rule = Batches(labels, seed), torch.optim.Adam(net.parameters(), LR)
    for _ in range(STEPS):
        chosen = batches()
        total = loss(net(x[chosen]), labels[chosen])
        rule.zero_grad()
        total.backward()
        rule.step()
    return net


def point_net(seed: int) -> nn.Module:
    body, features = trunk(seed)
    return nn.Sequential(body, heads.Embedding(features, DIM))


# ------------------------------------------------------------ the ways


def pairs(points: Tensor, labels: Tensor) -> Tensor:
    """Contrastive, over all pairs of the batch."""
    i, j = torch.triu_indices(len(labels), len(labels), 1)
    return heads.contrastive_loss(points[i], points[j], labels[i] == labels[j], margin=1.0)


def random_triplets(points: Tensor, labels: Tensor) -> Tensor:
    """As many triplets as the batch has pairs, drawn blindly."""
    same = labels[:, None] == labels
    anchor, positive = (same & ~torch.eye(len(labels), dtype=torch.bool)).nonzero(as_tuple=True)
    negative = torch.multinomial((~same).float()[anchor], 1).squeeze(1)
    return heads.triplet_loss(points[anchor], points[positive], points[negative], margin=MARGIN)


def semi_hard(margin: float = MARGIN) -> Loss:
    def loss(points: Tensor, labels: Tensor) -> Tensor:
        found = heads.semi_hard_triplets(points, labels, margin=margin)
        return heads.triplet_loss(*(points[index] for index in found), margin=margin)

    return loss


def batch_hard(squared: bool) -> Loss:
    def loss(points: Tensor, labels: Tensor) -> Tensor:
        found = heads.hard_triplets(points, labels)
        return heads.triplet_loss(*(points[index] for index in found), margin=MARGIN, squared=squared)

    return loss


def quadruplets(points: Tensor, labels: Tensor) -> Tensor:
    """The semi-hard triplets, and to each the point of a third class that is nearest to its negative."""
    anchor, positive, negative = heads.semi_hard_triplets(points, labels, margin=MARGIN)
    third = (labels != labels[anchor, None]) & (labels != labels[negative, None])
    gaps = heads.distances(points.detach())[negative].masked_fill(~third, torch.inf)
    four = anchor, positive, negative, gaps.argmin(1)
    return heads.quadruplet_loss(*(points[index] for index in four), margin=MARGIN, margin2=MARGIN2)


# ------------------------------------------------------------ the judge


def judge(points: Tensor, labels: Tensor) -> dict[str, float]:
    """Retrieval and verification among some pictures."""
    gaps = heads.distances(points)
    i, j = torch.triu_indices(len(labels), len(labels), 1)
    order = gaps[i, j].argsort()
    same = (labels[i] == labels[j])[order].float()
    accepted, fooled = same.cumsum(0) / same.sum(), (1 - same).cumsum(0) / (1 - same).sum()
    k = (fooled - (1 - accepted)).abs().argmin()
    nearest = gaps.fill_diagonal_(torch.inf).argmin(1)
    return {
        "p_at_1": round((labels[nearest] == labels).float().mean().item(), 4),
        "eer": round(((fooled[k] + 1 - accepted[k]) / 2).item(), 4),
        "auc": round(torch.trapezoid(accepted, fooled).item(), 4),
    }


@torch.no_grad()
def points_of(net: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([net.eval()(part) for part in x.split(500)])


def together(each: list[dict[str, float]]) -> dict[str, Any]:
    """Mean, spread and single values of each figure."""
    return {name: record.spread([one[name] for one in each]) for name in each[0]}


def judged(nets: Iterable[nn.Module], chosen: tuple[Tensor, Tensor]) -> dict[str, Any]:
    """What several nets make of some pictures with their labels."""
    return together([judge(points_of(net, chosen[0]), chosen[1]) for net in nets])


# ------------------------------------------------------------ one trunk, two tasks


class Two(nn.Module):
    """Points of length 1 and the logits of a multi-task net."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        body, features = trunk(seed)
        self.net = heads.MultiTask(body, features, {"point": DIM, "class": len(KNOWN)})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        out = self.net(x)
        return {"point": F.normalize(out["point"], dim=1), "class": out["class"]}


def both(weights: dict[str, float]) -> Callable[[Any, Tensor], Tensor]:
    def loss(outputs: dict[str, Tensor], labels: Tensor) -> Tensor:
        targets = {"point": labels, "class": labels}
        return heads.multi_task_loss(outputs, targets, weights=weights, losses={"point": semi_hard()})[0]

    return loss


def what_and_where(
    train: data.ImageSet, test: data.ImageSet, seed: int, tasks: tuple[str, ...]
) -> dict[str, float]:
    """Read a digit that has been moved, and say how far: alone, or on one trunk."""
    moved = torch.Generator().manual_seed(100 + seed)

    def move(x: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.randint(-SHIFT, SHIFT + 1, (len(x), 2), generator=moved)
        shifted = [torch.roll(one, tuple(by), (1, 2)) for one, by in zip(x, places.tolist(), strict=True)]
        return torch.stack(shifted), places / SHIFT

    body, features = trunk(seed)
    sizes = {"what": 10, "where": 2}
    net = heads.MultiTask(body, features, {task: sizes[task] for task in tasks})
    x, where = move(train.normalised())
    rule, draw = torch.optim.Adam(net.parameters(), LR), torch.Generator().manual_seed(seed)
    for _ in range(2 * STEPS):
        chosen = torch.randint(len(x), (BATCH,), generator=draw)
        targets = {"what": train.labels[chosen], "where": where[chosen]}
        losses = {"where": F.mse_loss} if "where" in tasks else {}
        total, _ = heads.multi_task_loss(
            net(x[chosen]), {task: targets[task] for task in tasks}, losses=losses
        )
        rule.zero_grad()
        total.backward()
        rule.step()
    x, where = move(test.normalised())
    with torch.no_grad():
        out = net(x)
    result = {}
    if "what" in tasks:
        result["accuracy"] = round((out["what"].argmax(1) == test.labels).float().mean().item(), 4)
    if "where" in tasks:
        result["pixels_off"] = round((out["where"] - where).abs().mean().item() * SHIFT, 4)
    return result


# ------------------------------------------------------------ all of it


def main() -> None:
    """Choose the margin, teach in every way, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    train, test = data.load("mnist").take(5000), data.load("mnist", "test").take(2000)
    known, strangers = only(train, KNOWN), only(test, STRANGERS)
    results: dict[str, Any] = {}

    def say(group: str, name: str, figures: dict[str, Any]) -> None:
        results.setdefault(group, {})[name] = figures
        means = {k: (v["mean"], v["std"]) for k, v in figures.items()}
        print(f"{time.process_time() - began:5.0f} s  {group}: {name}  {means}", flush=True)

    say("ways", "pixels", together([judge(strangers[0].flatten(1), strangers[1])]))
    say("ways", "untrained", judged(map(point_net, SEEDS), strangers))
    ways = {
        "contrastive": pairs,
        "random triplets": random_triplets,
        "semi-hard": semi_hard(),
        "batch hard, squared": batch_hard(squared=True),
        "batch hard, plain": batch_hard(squared=False),
        "quadruplets": quadruplets,
    }
    for name, loss in ways.items():
        nets = [learn(point_net(seed), loss, *known, seed) for seed in SEEDS]
        say("ways", name, judged(nets, strangers))
        if name == "semi-hard":
            say("gap", "other pictures of the digits taught", judged(nets, only(test, KNOWN)))
    swapped = only(train, (*STRANGERS, 0, 1, 2, 3))
    nets = [learn(point_net(seed), semi_hard(), *swapped, seed) for seed in SEEDS]
    say("gap", "7, 8, 9 taught", judged(nets, strangers))
    many = turned(*known)
    nets = [learn(point_net(seed), semi_hard(), *many, seed) for seed in SEEDS]
    say("classes", "27", judged(nets, strangers))
    for name, weights in {"point": {"class": 0.0}, "class": {"point": 0.0}, "both": {}}.items():
        figures = []
        for seed in SEEDS:
            net = learn(Two(seed), both(weights), *known, seed)
            with torch.no_grad():
                features = net.net.trunk(strangers[0])
            figures.append(judge(F.normalize(features, dim=1), strangers[1]))
        say("tasks", name, together(figures))
    for tasks in (("what",), ("where",), ("what", "where")):
        runs = [what_and_where(train, test, seed, tasks) for seed in SEEDS]
        say("what and where", " and ".join(tasks), together(runs))
    taught, unknown = only(train, TAUGHT), only(train, CHOOSING)
    for margin in MARGINS:
        nets = [learn(point_net(seed), semi_hard(margin), *taught, seed) for seed in SEEDS[:3]]
        say("margin", str(margin), judged(nets, unknown))
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.metric_learning"),
            "threads": torch.get_num_threads(),
            "data": {"name": "mnist"} | record.source(train),
            "images": {"train": len(train), "test": len(test)},
            "batch": BATCH,
            "steps": STEPS,
            "dim": DIM,
            "lr": LR,
            "seeds": list(SEEDS),
            "cpu_seconds": round(time.process_time() - began, 1),
            "results": results,
        },
    )


if __name__ == "__main__":
    main()
