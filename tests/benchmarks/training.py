"""What a training step costs and where the time goes: ``python -m tests.benchmarks.training``.

One command measures all of it in one run, prints the tables and writes the record that chapter 21 reads:
the input pipeline beside PIL and torchvision; the training step with fresh augmented batches beside the same
step on one fixed batch; how time and memory grow; and the distance to the speed of a plain product of
matrices. Random pixels in CIFAR-10's sizes, one thread. No figure is asserted.
"""

import argparse
import itertools
import os
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from cnncourse.train import Recipe, record
from cnncourse.train.hardware.malloc import keep_memory
from cnncourse.train.run import Run
from tests.benchmarks import pipeline
from tests.benchmarks.measure import (
    MACS_TO_FLOP,
    STEP_TO_FORWARD,
    Step,
    batch_of,
    bests,
    in_turns,
    kept_bytes,
    macs,
    medians,
    product,
    small_net,
)

RECORD = Path(__file__).parents[2] / "book" / "assets" / "runs" / "benchmark-training.json"
AIMS = {"images_per_second_and_core": 79_900, "share_of_fixed_batch": 0.97}


def input_pipeline(quick: bool) -> dict[str, Any]:
    """Images a second and core of each pipeline that crops, flips and standardises."""
    runs = pipeline.contestants(4_000 if quick else 20_000, 200 if quick else 1_000, 500)
    rates = {name: round(pipeline.rate(run, 1 if quick else 5)) for name, run in runs.items()}
    return {"images_per_second_and_core": rates, "aim": AIMS["images_per_second_and_core"]}


def waiting(quick: bool) -> dict[str, Any]:
    """The step of ``fit`` with its augmented batches, beside the same step on one batch that is there."""
    net = small_net(24)  # about the arithmetic of the recipe cpu-1min
    recipe = Recipe(optimiser="sgd", lr=0.01, batch_size=128, augment=("crop:4:reflect", "flip"))
    run = Run(net, noise(2_000 if quick else 10_000), None, recipe, torch.device("cpu"))
    net.train()
    fresh = (batch for epoch in itertools.count() for batch in run.train.epoch(run.order, epoch))
    fixed = next(fresh)
    jobs: dict[str, Callable[[], object]] = {
        "one fixed batch": lambda: run.step(*fixed),
        "augmented batches": lambda: run.step(*next(fresh)),
        "the batch alone": lambda: next(fresh),
    }
    taken = in_turns(jobs, 5 if quick else 50)
    usual = {name: statistics.median(times) for name, times in taken.items()}
    parts = usual["one fixed batch"], usual["the batch alone"]
    pairs = zip(taken["one fixed batch"], taken["augmented batches"], strict=True)
    return {
        "batch": recipe.batch_size,
        "macs": macs(net),
        "milliseconds": {name: round(1000 * value, 3) for name, value in usual.items()},
        "share": round(statistics.median(alone / waited for alone, waited in pairs), 4),  # neighbours in time
        "share_from_parts": round(parts[0] / sum(parts), 4),
        "aim": AIMS["share_of_fixed_batch"],
    }


def noise(images: int) -> Any:
    """A training set of random pixels in CIFAR-10's sizes."""
    return SimpleNamespace(
        images=torch.randint(0, 256, (images, 3, 32, 32), dtype=torch.uint8),
        labels=torch.randint(10, (images,)),
        mean=pipeline.MEAN,
        std=pipeline.STD,
    )


def growth(quick: bool) -> list[dict[str, Any]]:
    """Time and memory of a step as batch, width, depth or the number of images grow, one at a time."""
    base = {"batch": 64, "width": 32, "depth": 1}
    changes: dict[str, list[int]] = {
        "batch": [16, 32, 64, 128, 256],
        "width": [16, 32, 64],
        "depth": [1, 2, 4],
    }
    rows, jobs = [], {}
    for knob, values in changes.items():
        for value in values:
            setting = base | {knob: value}
            net = small_net(setting["width"], setting["depth"])
            images, labels = batch_of(setting["batch"])
            parameters = sum(p.numel() for p in net.parameters())
            rows.append(
                {"knob": knob, "value": value, **setting, "parameters": parameters, "macs": macs(net)}
                | {"kept_bytes": kept_bytes(net, images, labels), "weight_bytes": 3 * 4 * parameters}
            )
            jobs[f"{knob} {value}"] = partial_step(net, images, labels)
    seconds = medians(jobs, 2 if quick else 5)
    for row in rows:
        row["milliseconds"] = round(1000 * seconds[f"{row['knob']} {row['value']}"], 2)
    return rows + images_grow(quick)


def partial_step(net: torch.nn.Module, images: Tensor, labels: Tensor) -> Callable[[], None]:
    """A step on one batch, to be called again and again."""
    step = Step(net)
    return lambda: step(images, labels)


def images_grow(quick: bool) -> list[dict[str, Any]]:
    """An epoch's time and the set's memory as the number of images grows."""
    rows = []
    for images in (512, 1024, 2048):
        recipe = Recipe(optimiser="sgd", lr=0.01, batch_size=64, augment=("crop:4:reflect", "flip"))
        net, source = small_net(16).train(), noise(images)
        run = Run(net, source, None, recipe, torch.device("cpu"))
        run.step(*next(run.train.epoch(run.order, 0)))  # a first step, not counted
        start = time.process_time()
        for batch in itertools.islice(run.train.epoch(run.order, 1), images // (256 if quick else 64)):
            run.step(*batch)
        taken = (time.process_time() - start) * (4 if quick else 1)
        row = {"knob": "images", "value": images, "epoch_seconds": round(taken, 3)}
        rows.append(row | {"set_bytes": source.images.numel()})
    return rows


def limit(quick: bool) -> dict[str, Any]:
    """Arithmetic speed of a training step and of its forward half, beside a product of matrices."""
    multiply, gflop = product()
    found: dict[str, Any] = {}
    for name, net in {"width 32": small_net(), "width 64, depth 2": small_net(64, 2)}.items():
        images, labels = batch_of(64)
        step = Step(net)
        jobs = {"product": multiply, "step": lambda s=step, x=images, y=labels: s(x, y)}
        seconds = bests(jobs, 3 if quick else 10)
        work = MACS_TO_FLOP * STEP_TO_FORWARD * macs(net) * len(images) / 1e9
        speed = {"product": gflop / seconds["product"], "step": work / seconds["step"]}
        found[name] = {key: round(value, 1) for key, value in speed.items()}
        found[name]["share"] = round(speed["step"] / speed["product"], 3)
    copied, operations = moving()
    return {"gflop_per_second": found, "copy_gigabytes_per_second": copied, "operations": operations}


def moving(batch: int = 128) -> tuple[float, dict[str, Any]]:
    """Gigabytes a second of a copy, and where single operations lie under the roof; 32 maps of 32×32."""
    maps = torch.randn(batch, 32, 32, 32)
    target = torch.empty_like(maps)
    size = 4 * maps.numel()  # bytes, more than a cache holds
    depthwise, pointwise, full = (
        torch.nn.Conv2d(32, 32, kernel, padding=kernel // 2, groups=groups, bias=False)
        for kernel, groups in ((3, 32), (1, 1), (3, 1))
    )
    operations: dict[str, tuple[Callable[[], object], int]] = {  # with FLOP for each number that comes out
        "ReLU": (lambda: torch.clamp_min(maps, 0, out=target), 1),
        "depthwise 3×3": (lambda: depthwise(maps), MACS_TO_FLOP * 9),
        "1×1": (lambda: pointwise(maps), MACS_TO_FLOP * 32),
        "3×3": (lambda: full(maps), MACS_TO_FLOP * 9 * 32),
    }
    with torch.no_grad():
        jobs = {"copy": lambda: target.copy_(maps)} | {name: job for name, (job, _) in operations.items()}
        seconds = bests(jobs, 5)
    found = {
        name: {
            "flop_per_byte": flop / 8,
            "gflop_per_second": round(flop * maps.numel() / seconds[name] / 1e9, 2),
            "milliseconds": round(1000 * seconds[name], 3),
        }
        for name, (_, flop) in operations.items()
    }
    return round(2 * size / seconds["copy"] / 1e9, 1), found


def ways(quick: bool, with_compile: bool) -> dict[str, Any]:
    """The same step in several ways: memory order, half precision, compiled, memory that stays."""
    images, labels = batch_of(64)
    last = images.to(memory_format=torch.channels_last)
    order: dict[str, Any] = {"memory_format": torch.channels_last}
    steps = {
        "float32": (Step(small_net()), images),
        "channels_last": (Step(small_net().to(**order)), last),
        "bf16 autocast": (Step(small_net(), torch.bfloat16), images),
    }
    found: dict[str, Any] = {}
    if with_compile:
        steps["compiled"] = (Step(torch.compile(small_net())), images)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as fresh:
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = fresh  # nothing compiled on an earlier day
            start = time.perf_counter()
            steps["compiled"][0](images, labels)
            found["seconds_to_compile"] = round(time.perf_counter() - start, 1)
    jobs = {name: lambda s=step, x=x: s(x, labels) for name, (step, x) in steps.items()}
    seconds = medians(jobs, 2 if quick else 7)
    if keep_memory():  # for good, so these come last
        kept = {f"{name}, memory kept": jobs[name] for name in ("float32", "channels_last")}
        seconds |= medians(kept, 2 if quick else 7)
    found["milliseconds"] = {name: round(1000 * value, 2) for name, value in seconds.items()}
    return found


def show(found: dict[str, Any]) -> None:
    """Print all tables."""
    rates = found["input_pipeline"]["images_per_second_and_core"]
    slowest = min(rates.values())
    print(f"\n{'crop + flip + standardise':45}{'images/s/core':>15}{'times':>8}")
    for name, rate in rates.items():
        print(f"{name:45}{rate:>15,}{rate / slowest:>8.1f}")
    data = found["waiting"]
    print(f"\ntraining step, batch {data['batch']}, {data['macs'] / 1e6:.1f} M MACs")
    for name, value in data["milliseconds"].items():
        print(f"{name:45}{value:>12.2f} ms")
    print(
        f"{'speed with augmentation, of the fixed batch':45}{data['share']:>14.1%}  (aim {data['aim']:.0%})"
    )
    print(f"{'the same, from the two parts':45}{data['share_from_parts']:>14.1%}")
    print(f"\n{'grows':20}{'ms a step':>12}{'µs an image':>14}{'kept MB':>10}{'weights MB':>12}{'M MACs':>9}")
    for row in found["growth"]:
        label = f"{row['knob']} {row['value']}"
        if row["knob"] == "images":
            print(f"{label:20}{row['epoch_seconds']:>10.2f} s an epoch, set {row['set_bytes'] / 1e6:.1f} MB")
            continue
        each = 1000 * row["milliseconds"] / row["batch"]
        print(
            f"{label:20}{row['milliseconds']:>12.1f}{each:>14.0f}{row['kept_bytes'] / 1e6:>10.1f}"
            f"{row['weight_bytes'] / 1e6:>12.2f}{row['macs'] / 1e6:>9.1f}"
        )
    print(f"\n{'GFLOP/s of one core':30}{'product':>10}{'step':>10}{'share':>10}")
    for name, speed in found["limit"]["gflop_per_second"].items():
        print(f"{name:30}{speed['product']:>10.1f}{speed['step']:>10.1f}{speed['share']:>10.1%}")
    print(f"copying: {found['limit']['copy_gigabytes_per_second']} GB/s")
    for name, one in found["limit"]["operations"].items():
        print(f"{name:30}{one['flop_per_byte']:>8.2f} FLOP a byte{one['gflop_per_second']:>9.1f} GFLOP/s")
    times = found["ways"]["milliseconds"]
    print(f"\n{'one step':30}{'ms':>10}{'of float32':>12}")
    for name, value in times.items():
        print(f"{name:30}{value:>10.1f}{value / times['float32']:>12.2f}")
    if "seconds_to_compile" in found["ways"]:
        print(f"compiling took {found['ways']['seconds_to_compile']} s")


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few repeats only, to see that it works")
    parser.add_argument("--compile", action="store_true", help="with torch.compile (needs a C++ compiler)")
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found: dict[str, Any] = {
        **record.origin(shlex.join(["python", "-m", "tests.benchmarks.training", *sys.argv[1:]])),
        "threads": 1,
        "load": {"before": [round(value, 2) for value in os.getloadavg()]},
        "input_pipeline": input_pipeline(options.quick),
        "waiting": waiting(options.quick),
        "growth": growth(options.quick),
        "limit": limit(options.quick),
        "ways": ways(options.quick, options.compile),
    }
    found["load"]["after"] = [round(value, 2) for value in os.getloadavg()]
    print(f"{found['device']} · torch {found['torch']} · one thread · load {found['load']['before'][0]}")
    show(found)
    record.write(options.record, found)


if __name__ == "__main__":
    main()
