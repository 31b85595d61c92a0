"""Where light-weight nets spend their time: ``python -m tests.benchmarks.lightweight_times``.

On one core, in float32, with batch norm folded, unless the name says otherwise:

- ``nets``: each at 224×224 pixels, one picture at a time, and in its small form at 32×32, 1 and 128 pictures.
- ``kinds``: the share of each kind of layer, in time and in multiplications.
- ``blocks``: one block of each family on the same maps, with what it computes and what it moves.
- ``guidelines``: the four of ShuffleNet v2, each at equal multiplications.

The process keeps the memory that it has freed. Only ``fresh`` times three nets with 128 pictures as PyTorch
does it by itself: large maps go back to the system and are fetched again.
Chapter 14 shows the record.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cnncourse import backbones, diagrams
from cnncourse.backbones import mobilenet, mobilenet_v3, shufflenet, squeezenet
from cnncourse.backbones.blocks import ConvNorm
from cnncourse.norm import fold_net
from cnncourse.train import keep_memory, record
from tests.benchmarks.measure import MACS_TO_FLOP, bests, in_turns, medians, product

RECORD = Path("book/assets/runs/benchmark-lightweight-times.json")
NETS = (
    "vgg16",
    "resnet18",
    "squeezenet1_0",
    "squeezenet1_1",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "shufflenet_v1",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
)
TAKEN_APART = ("resnet18", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "shufflenet_v2_x1_0")


class Moved(TorchDispatchMode):
    """Bytes that all operations read and write, and how many operations there are; views are free."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.calls = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operation and count its tensors."""
        out = func(*args, **(kwargs or {}))
        before, after = ([t for t in tree_leaves(x) if isinstance(t, Tensor)] for x in (args, out))
        homes = {t.untyped_storage().data_ptr() for t in before}
        if any(t.untyped_storage().data_ptr() not in homes for t in after):
            self.calls += 1
            self.bytes += sum(t.numel() * t.element_size() for t in before + after)
        return out


def ready(net: nn.Module, example: Tensor, fold: bool = True) -> nn.Module:
    """Switch a net to evaluation, let its batch norms see something, and fold them."""
    with torch.no_grad():
        for _ in range(2):
            net.train()(example)
    net = net.eval()
    return (
        fold_net(net, example) if fold and any(isinstance(m, nn.BatchNorm2d) for m in net.modules()) else net
    )


def milliseconds(jobs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Medians in milliseconds."""
    return {name: round(1000 * taken, 3) for name, taken in medians(jobs, repeats).items()}


def call(net: nn.Module, x: Tensor) -> Callable[[], object]:
    """A job: the net on this input."""
    return lambda: net(x)


def nets() -> dict[str, Any]:
    """Time each net at two sizes, in its forms."""
    photo, thumbs = torch.randn(1, 3, 224, 224), torch.randn(128, 3, 32, 32)
    found: dict[str, Any] = {}
    for name in NETS:
        torch.manual_seed(0)
        net = ready(backbones.create(name), torch.randn(2, 3, 224, 224), fold=False)
        folded = ready(net, torch.randn(2, 3, 224, 224))
        small = ready(backbones.create(name, num_classes=10, image_size=32), thumbs[:8])
        full, tiny = diagrams.summary(net, (3, 224, 224)), diagrams.summary(small, (3, 32, 32))
        with Moved() as moved:
            folded(photo)
        norms = sum(isinstance(m, nn.BatchNorm2d) for m in net.modules())
        jobs = {"224, batch 1": call(folded, photo), "224, batch 1, unfolded": call(net, photo)}
        taken = milliseconds(jobs, 3 if name == "vgg16" else 9)
        last = torch.channels_last
        jobs = {
            "224, batch 1, channels_last": call(folded.to(memory_format=last), photo.to(memory_format=last))
        }
        taken |= milliseconds(jobs, 2 if name == "vgg16" else 5)
        taken |= milliseconds({"32, batch 1": call(small, thumbs[:1])}, 21)
        taken |= milliseconds({"32, batch 128": call(small, thumbs)}, 2)
        found[name] = {"params": full.params, "macs": full.macs, "small_macs": tiny.macs}
        found[name] |= {"bytes": moved.bytes, "calls": moved.calls, "norms": norms, "ms": taken}
        print(name, found[name], flush=True)
    return found


def kind(layer: nn.Module) -> str:
    """Say in a word what a layer is."""
    if isinstance(layer, nn.Conv2d):
        if layer.groups > 1:
            return "depthwise" if layer.groups == layer.in_channels else "grouped"
        return "1×1" if layer.kernel_size == (1, 1) else "full"
    return {"Linear": "linear", "BatchNorm2d": "norm"}.get(type(layer).__name__, "the rest")


def fresh() -> dict[str, float]:
    """Time three nets with 128 small pictures, before the process keeps its memory."""
    thumbs = torch.randn(128, 3, 32, 32)
    names = ("resnet18", "mobilenet_v2", "shufflenet_v2_x1_0")
    made = {n: ready(backbones.create(n, num_classes=10, image_size=32), thumbs[:8]) for n in names}
    return milliseconds({name: call(net, thumbs) for name, net in made.items()}, 2)


def timed(net: nn.Module) -> dict[str, float]:
    """Let a net's layers stop their own time; return the clock, in seconds by kind."""
    clock: dict[str, float] = defaultdict(float)
    began: dict[nn.Module, float] = {}

    def before(layer: nn.Module, _: Any) -> None:
        began[layer] = time.process_time()

    def after(layer: nn.Module, _: Any, __: Any) -> None:
        clock[kind(layer)] += time.process_time() - began[layer]

    for layer in net.modules():
        if kind(layer) != "the rest":
            layer.register_forward_pre_hook(before)
            layer.register_forward_hook(after)
    return clock


def kinds() -> dict[str, Any]:
    """Share of each kind of layer in the time of a net, folded and unfolded; sums and copies are the rest."""
    found: dict[str, Any] = {}
    photo = torch.randn(1, 3, 224, 224)
    for name in TAKEN_APART:
        for fold in (True, False):
            net = ready(backbones.create(name), torch.randn(2, 3, 224, 224), fold)
            clock = timed(net)
            for _ in range(3):
                net(photo)
            clock.clear()
            whole = sum(in_turns({"net": call(net, photo)}, 7)["net"])
            parts = {k: v * 7 / 8 for k, v in clock.items()}  # the first go is not in the whole
            parts["the rest"] = max(whole - sum(parts.values()), 0)
            row = {"time": {k: round(v / whole, 4) for k, v in parts.items()}}
            if fold:
                macs: dict[str, int] = defaultdict(int)
                table = {r.name: r.macs for r in diagrams.summary(net, (3, 224, 224))}
                for path, layer in net.named_modules():
                    if path in table:
                        macs[kind(layer)] += table[path]
                row["macs"] = {k: round(v / sum(macs.values()), 4) for k, v in macs.items() if v}
            found[name + ("" if fold else " unfolded")] = row
            print(name, fold, row, flush=True)
    return found


def block(name: str) -> nn.Module:
    """One block of each family, from 128 maps to 128."""
    made: dict[str, Callable[[], nn.Module]] = {
        "full 3×3": lambda: ConvNorm(128, 128, 3),
        "fire": lambda: squeezenet.Fire(128, 16, 64),
        "separable": lambda: mobilenet.separable(128, 128),
        "inverted residual": lambda: mobilenet.InvertedResidual(128, 128, expand=6),
        "v3, 5×5 and SE": lambda: mobilenet_v3.InvertedResidualV3(
            128, 384, 128, kernel=5, se=True, hswish=True
        ),
        "shuffle v1": lambda: shufflenet.ShuffleUnit(128, 128, 4),
        "shuffle v2": lambda: shufflenet.ShuffleUnitV2(128, 128),
        "depthwise alone": lambda: nn.Conv2d(128, 128, 3, padding=1, groups=128),
        "1×1 alone": lambda: nn.Conv2d(128, 128, 1),
        "ReLU alone": lambda: nn.ReLU(),
    }
    return made[name]()


BLOCKS = ("full 3×3", "fire", "separable", "inverted residual", "v3, 5×5 and SE", "shuffle v1", "shuffle v2")
BLOCKS += ("depthwise alone", "1×1 alone", "ReLU alone")


def blocks() -> dict[str, Any]:
    """Count and time the blocks on maps of 28×28."""
    found: dict[str, Any] = {}
    for batch, repeats in ((1, 41), (64, 3)):
        x = torch.randn(batch, 128, 28, 28)
        made = {name: ready(block(name), x) for name in BLOCKS}
        taken = milliseconds({name: call(net, x) for name, net in made.items()}, repeats)
        for name, net in made.items():
            with torch.no_grad(), Moved() as moved:
                net(x)
            macs = batch * diagrams.summary(net, (128, 28, 28)).macs
            found.setdefault(f"batch {batch}", {})[name] = {
                "macs": macs,
                "bytes": moved.bytes,
                "calls": moved.calls,
                "ms": taken[name],
                "gflop_per_second": round(MACS_TO_FLOP * macs / taken[name] / 1e6, 2),
            }
            print(batch, name, found[f"batch {batch}"][name], flush=True)
    go, gflop = product()
    small, large = torch.randn(1 << 16), torch.randn(1 << 25)  # 256 kB in a cache, 128 MB in none
    to_small, to_large = torch.empty_like(small), torch.empty_like(large)

    def copy_small() -> None:
        for _ in range(100):
            to_small.copy_(small)

    speed = bests({"product": go, "large": lambda: to_large.copy_(large), "small": copy_small}, 7)
    found["machine"] = {
        "gflop_per_second": round(gflop / speed["product"], 1),
        "copy_gigabytes_per_second": round(8 * len(large) / speed["large"] / 1e9, 1),
        "copy_in_cache_gigabytes_per_second": round(800 * len(small) / speed["small"] / 1e9, 1),
    }
    print(found["machine"])
    return found


class Residual(nn.Module):
    """A bottleneck of 1×1, 3×3, 1×1 with or without its shortcut and its ReLUs."""

    def __init__(self, shortcut: bool, relu: bool) -> None:
        super().__init__()
        self.shortcut, self.act = shortcut, nn.ReLU() if relu else nn.Identity()
        self.layers = nn.ModuleList(
            [nn.Conv2d(128, 32, 1), nn.Conv2d(32, 32, 3, padding=1), nn.Conv2d(32, 128, 1)]
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return what the three layers give, plus x if so wanted."""
        out = x
        for layer in self.layers:
            out = self.act(layer(out))
        return out + x if self.shortcut else out


class Sum(nn.Module):
    """Branches whose outputs are added."""

    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(channels, channels, 1) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum."""
        out: Tensor = self.branches[0](x)
        for branch in self.branches[1:]:
            out = out + branch(x)
        return out


def guidelines() -> dict[str, Any]:
    """The four of Ma et al. (2018), tables 1 to 4, on maps of 56×56."""
    widths = {"1:1": (128, 128), "1:2": (90, 180), "1:6": (52, 312), "1:12": (36, 432)}
    pairs = {k: (a, nn.Sequential(nn.Conv2d(a, b, 1), nn.Conv2d(b, a, 1))) for k, (a, b) in widths.items()}
    grouped = {
        f"{g}": (c, nn.Sequential(nn.Conv2d(c, c, 1, groups=g), nn.Conv2d(c, c, 1, groups=g)))
        for g, c in ((1, 128), (2, 180), (4, 256), (8, 360))
    }
    pieces: dict[str, tuple[int, nn.Module]] = {
        "one": (128, nn.Conv2d(128, 128, 1)),
        "two in a row": (90, nn.Sequential(*(nn.Conv2d(90, 90, 1) for _ in range(2)))),
        "four in a row": (64, nn.Sequential(*(nn.Conv2d(64, 64, 1) for _ in range(4)))),
        "two side by side": (90, Sum(2, 90)),
        "four side by side": (64, Sum(4, 64)),
    }
    steps: dict[str, tuple[int, nn.Module]] = {
        "ReLU and shortcut": (128, Residual(True, True)),
        "ReLU": (128, Residual(False, True)),
        "shortcut": (128, Residual(True, False)),
        "neither": (128, Residual(False, False)),
    }
    found: dict[str, Any] = {}
    series = {"G1 widths": pairs, "G2 groups": grouped, "G3 fragments": pieces, "G4 element-wise": steps}
    for title, nets_of in series.items():
        found[title] = {}
        for batch, repeats in ((1, 31), (16, 5)):
            inputs = {name: torch.randn(batch, c, 56, 56) for name, (c, _) in nets_of.items()}
            taken = milliseconds({name: call(n, inputs[name]) for name, (_, n) in nets_of.items()}, repeats)
            for name, (c, net) in nets_of.items():
                with torch.no_grad(), Moved() as moved:
                    net(inputs[name])
                row = found[title].setdefault(name, {"channels": c})
                row["macs"] = diagrams.summary(net, (c, 56, 56)).macs
                row[f"batch {batch}"] = {"bytes": moved.bytes, "calls": moved.calls, "ms": taken[name]}
        for name, row in found[title].items():
            print(title, name, row, flush=True)
    return found


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    began = time.process_time()
    with torch.no_grad():
        found: dict[str, Any] = {"fresh": fresh()}
        if not keep_memory():
            raise SystemExit("memory cannot be kept here, so the times would be of another kind")
        found |= {"nets": nets(), "kinds": kinds(), "blocks": blocks(), "guidelines": guidelines()}
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.lightweight_times"),
            "threads": torch.get_num_threads(),
            "cpu_seconds": round(time.process_time() - began, 1),
            **found,
        },
    )


if __name__ == "__main__":
    main()
