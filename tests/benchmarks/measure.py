"""What the benchmarks measure with: processor time, the memory a step keeps, and the speed of a product.

The time is that of the processor on one thread, not of the clock, so a busy machine disturbs it less. Things
that are compared take turns, so that they share whatever disturbs them.
"""

import statistics
import time
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse import diagrams

MACS_TO_FLOP = 2  # a multiplication and an addition
STEP_TO_FORWARD = 3  # backwards, one product for the weights' gradient and one for the input's


def small_net(width: int = 32, depth: int = 1) -> nn.Sequential:
    """A CIFAR net of three groups with widths w, 2w, 4w and ``depth`` convolutions in each."""
    layers: list[nn.Module] = []
    channels = 3
    for group in range(3):
        for _ in range(depth):
            wide = width * 2**group
            layers += [nn.Conv2d(channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
            channels = wide
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * 16, 10))


def macs(net: nn.Module) -> int:
    """Multiply-and-add operations for one 3×32×32 image."""
    return diagrams.summary(net, (3, 32, 32)).macs


class Step:
    """A training step of a net: forget, forwards, loss, backwards, move."""

    def __init__(self, net: nn.Module, precision: torch.dtype | None = None) -> None:
        self.net, self.precision = net.train(), precision
        self.sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, nesterov=True)

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        self.sgd.zero_grad()
        with torch.autocast("cpu", self.precision, enabled=self.precision is not None):
            loss = F.cross_entropy(self.net(images), labels, label_smoothing=0.1)
        loss.backward()
        self.sgd.step()


def batch_of(size: int) -> tuple[Tensor, Tensor]:
    """A batch of noise with labels."""
    draw = torch.Generator().manual_seed(0)
    return torch.randn(size, 3, 32, 32, generator=draw), torch.randint(10, (size,), generator=draw)


def in_turns(jobs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Processor seconds of each go of each job; they take turns, and their first go is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(repeats):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            taken[name].append(time.process_time() - start)
    return taken


def medians(jobs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """What a job usually takes, in processor seconds."""
    return {name: statistics.median(times) for name, times in in_turns(jobs, repeats).items()}


def bests(jobs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """What a job takes when it is disturbed least: the measure of a limit."""
    return {name: min(times) for name, times in in_turns(jobs, repeats).items()}


def product(side: int = 1024) -> tuple[Callable[[], object], float]:
    """A product of two square matrices of float32, and how many GFLOP it takes.

    Where oneDNN is there it multiplies, as it does in convolutions: torch's own product comes from MKL, which
    leaves the widest units of AMD's processors idle.
    """
    a, b = torch.randn(side, side), torch.randn(side, side)
    if torch.backends.mkldnn.is_available():
        a, b = a.to_mkldnn(), b.to_mkldnn()
    return lambda: F.linear(a, b), MACS_TO_FLOP * side**3 / 1e9


def kept_bytes(net: nn.Module, images: Tensor, labels: Tensor) -> int:
    """Bytes that the forward pass keeps for the way back, parameters not counted.

    Asked of autograd itself, so the answer is the same on every run.
    """
    own = {parameter.untyped_storage().data_ptr() for parameter in net.parameters()}
    kept: dict[int, int] = {}
    alive: list[Tensor] = []  # a freed tensor's address could be given to another

    def look(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(value)
        return value

    with torch.autograd.graph.saved_tensors_hooks(look, lambda value: value):
        F.cross_entropy(net.train()(images), labels)
    return sum(kept.values())
