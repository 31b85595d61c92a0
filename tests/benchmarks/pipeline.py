"""How many images a second one core crops, flips and standardises: ``python -m tests.benchmarks.pipeline``.

Side by side in one run: the course's batched gather from padded bytes, torchvision.transforms.v2 on tensors
one image at a time, and the usual PIL transforms in a DataLoader. CIFAR-10's sizes, random pixels. The time
is that of the processor, not of the clock, so a busy machine disturbs it less. No figure is asserted.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as v1
from torchvision.transforms import v2

from cnncourse.augment import AlternatingFlip, Augmented, Compose, RandomCrop, RandomHorizontalFlip

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
AIM = 79_900


class Pictures(Dataset):
    """Pictures and a transform, as in most tutorials."""

    def __init__(self, pictures, transform):
        self.pictures, self.transform = pictures, transform

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, i):
        return self.transform(self.pictures[i])


def ours(images: Tensor, batch: int, *steps) -> Callable[[], int]:
    augmented = Augmented(images, Compose(*steps))
    centre, spread = (255 * torch.tensor(value).reshape(1, 3, 1, 1) for value in (MEAN, STD))
    epoch = 0

    def run() -> int:
        nonlocal epoch
        for index in torch.randperm(len(images)).split(batch):
            augmented.batch(index, epoch).float().sub_(centre).div_(spread)
        epoch += 1  # drawing the numbers of an epoch is part of the work
        return len(images)

    return run


def loader(pictures, transform, batch: int) -> Callable[[], int]:
    load = DataLoader(Pictures(pictures, transform), batch, shuffle=True)

    def run() -> int:
        return sum(len(images) for images in load)

    return run


def whole_batches(images: Tensor, batch: int) -> Callable[[], int]:
    """v2 on a whole batch: fast, but all images of a batch get one and the same crop and flip."""
    transform = v2.Compose(
        [
            v2.RandomCrop(32, padding=4),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )

    def run() -> int:
        for index in torch.randperm(len(images)).split(batch):
            transform(images[index])
        return len(images)

    return run


def contestants(n: int, slow: int, batch: int) -> dict[str, Callable[[], int]]:
    images = torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8)
    few = images[:slow]
    photos = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in few]
    crop_flip = (v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip())
    tensors = v2.Compose([*crop_flip, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    pil = v1.Compose(
        [v1.RandomCrop(32, padding=4), v1.RandomHorizontalFlip(), v1.ToTensor(), v1.Normalize(MEAN, STD)]
    )
    return {
        "PIL transforms in a DataLoader": loader(photos, pil, batch),
        "torchvision v2 on tensors in a DataLoader": loader(few, tensors, batch),
        "torchvision v2, one draw for a whole batch": whole_batches(images, batch),
        "cnncourse, zeros and random flip": ours(images, batch, RandomCrop(32, 4), RandomHorizontalFlip()),
        "cnncourse, reflection and alternating flip": ours(
            images, batch, RandomCrop(32, 4, "reflect"), AlternatingFlip()
        ),
    }


def rate(run: Callable[[], int], repeats: int) -> float:
    """Images for a second of one core: the median of some runs, after one that is not counted."""
    run()
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        images = run()
        rates.append(images / (time.process_time() - start))
    return sorted(rates)[repeats // 2]


def cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [
            line.split(":")[1].strip()
            for line in info.read_text(encoding="utf-8").splitlines()
            if "model name" in line
        ]
        if (info.exists())
        else []
    )
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument(
        "--slow-images", type=int, default=1_000, help="images for the one-at-a-time pipelines"
    )
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"{cpu()} · {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} · torch {torch.__version__}")
    print(f"crop + flip + standardise, 3×32×32, batches of {options.batch}, one core\n")
    print(f"{'pipeline':45}{'images/s/core':>15}{'µs/image':>10}{'× PIL':>9}{'× v2':>8}")
    runs = contestants(options.images, options.slow_images, options.batch)
    rates = {name: rate(run, options.repeats) for name, run in runs.items()}
    pil, v2_rate, *_ = rates.values()
    for name, value in rates.items():
        print(f"{name:45}{value:>15,.0f}{1e6 / value:>10.1f}{value / pil:>9.1f}{value / v2_rate:>8.1f}")
    print(f"\naim: {AIM:,} images/s/core; reached {max(rates.values()) / AIM:.1f} times")


if __name__ == "__main__":
    main()
