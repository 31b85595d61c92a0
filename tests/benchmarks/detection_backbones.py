"""Darknet-53 and ResNets at equal MACs: ``python -m tests.benchmarks.detection_backbones``.

Times: one picture of 256×256, evaluation mode, batch norm folded, processor time of one core, median of
several goes. ResNet-50 is widened until it multiplies as often as Darknet-53. Chapter 15 shows
the record.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnncourse import backbones, diagrams, norm, runtime
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-detection-backbones.json")
LARGE: dict[str, dict[str, Any]] = {
    "darknet53": {},
    "resnet50": {},
    "resnet50 wide": {"width": 1.32},
    "resnet101": {},
}
GOES = 5


def timed(net: nn.Module, x: torch.Tensor) -> float:
    """Processor time of one go in milliseconds: the median of several, after two to warm up."""
    times = []
    with torch.no_grad():
        for _ in range(GOES + 2):
            began = time.process_time()
            net(x)
            times.append(1000 * (time.process_time() - began))
    return round(statistics.median(times[2:]), 1)


def main() -> None:
    """Time, print, record."""
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
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.detection_backbones"),
            "threads": torch.get_num_threads(),
            "cpu_seconds": round(time.process_time() - began, 1),
            "large": large,
        },
    )


if __name__ == "__main__":
    main()
