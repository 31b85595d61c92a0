"""Several processes that train one net together: who they are, and what they say to one another."""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from cnncourse import runtime

Value = TypeVar("Value")


@dataclass(frozen=True)
class Processes:
    """The processes of a training run; as a rule, one.

    ``torchrun`` starts several and tells each its number. Every process holds the whole net and all images,
    and takes its part of each batch. Since the gradients are averaged, all nets stay the same.

    Attributes:
        rank: this process's number, from 0. Number 0 speaks and writes for all.
        size: how many there are.

    Example:
        >>> Processes().shard(torch.arange(5)), Processes(rank=1, size=2).shard(torch.arange(5))
        (tensor([0, 1, 2, 3, 4]), tensor([3, 4]))

    Introduced in chapter 21.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.rank == 0

    def shard(self, index: Tensor) -> Tensor:
        """Return this process's part of the images of a batch."""
        return index if self.size == 1 else index.tensor_split(self.size)[self.rank]

    def sum(self, values: Tensor) -> Tensor:
        """Add numbers up over all processes; everyone gets the sum."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def sums(self, values: list[float], home: torch.device) -> list[float]:
        """Add a few plain numbers up over all processes, on the device that their messages go by."""
        if self.size == 1:
            return values
        return [float(value) for value in self.sum(torch.tensor(values, dtype=torch.float64, device=home))]

    def average_gradients(self, gradients: list[Tensor]) -> None:
        """Replace gradients by their mean over all processes, in one message."""
        if self.size == 1:
            return
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        parts = torch.split(flat / self.size, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def broadcast(self, value: Value) -> Value:
        """Return what the leading process has, in every process."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def all_gather(self, value: Value) -> list[Value]:
        """Return what every process has, in order; for plain data and small tensors."""
        if self.size == 1:
            return [value]
        all_of_them: list[Any] = [None] * self.size
        dist.all_gather_object(all_of_them, value)
        return all_of_them

    def broadcast_model(self, model: nn.Module) -> None:
        """Give every process the leading one's weights and statistics."""
        if self.size > 1:
            for value in model.state_dict().values():
                dist.broadcast(value, src=0)

    def seed_apart(self, seed: int) -> None:
        """Give every process but the leading one dice of its own, so that no two drop the same units."""
        if not self.is_main:
            runtime.seed((seed + self.rank * 1_000_003) % 2**32)

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Let the leading process do something first, such as a download, and the others after it."""
        if self.size > 1 and not self.is_main:
            dist.barrier()
        yield
        if self.size > 1 and self.is_main:
            dist.barrier()


def join() -> Processes:
    """Join the processes that ``torchrun`` started, or be on one's own.

    Returns:
        The processes; the same one at every call.

    Example:
        >>> join()
        Processes(rank=0, size=1)
    """
    if not dist.is_available():
        return Processes()
    if not dist.is_initialized():
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return Processes()
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        atexit.register(dist.destroy_process_group)
    return Processes(dist.get_rank(), dist.get_world_size())


def local_device(home: torch.device) -> torch.device:
    """Return the GPU of this process, if several share a machine and no GPU was asked for by number.

    Example:
        >>> local_device(torch.device("cpu"))
        device(type='cpu')
    """
    if str(home) != "cuda" or "LOCAL_RANK" not in os.environ:
        return home
    return torch.device("cuda", int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
