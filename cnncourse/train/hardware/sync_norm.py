"""Batch normalisation with the statistics of a batch that is dealt out to several processes."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SyncBatchNorm(nn.Module):
    """A batch norm whose mean and variance are those of all processes' images together.

    Each process adds its sums to the others' before it normalises, and the gradient flows through the sums.
    torch's own ``SyncBatchNorm`` does the same with faster code, on GPUs only.

    Args:
        norm: the batch norm that is replaced; its weights and statistics are kept and shared with it.

    Introduced in chapter 21.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.weight: Tensor | None
        self.bias: Tensor | None
        self.running_mean: Tensor | None
        self.running_var: Tensor | None
        self.num_batches_tracked: Tensor | None
        self.eps, self.momentum = norm.eps, norm.momentum
        for name, weight in norm._parameters.items():
            self.register_parameter(name, weight)
        for name, value in norm._buffers.items():
            self.register_buffer(name, value)
        self.train(norm.training)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x, shape (b, c) or (b, c, h, w)."""
        if self.training or self.running_mean is None or self.running_var is None:
            mean, variance = self._of_all(x.to(torch.promote_types(x.dtype, torch.float32)))
        else:
            mean, variance = self.running_mean, self.running_var
        shape = (1, -1) + (1,) * (x.ndim - 2)
        normed = (x - mean.reshape(shape)) / (variance.reshape(shape) + self.eps).sqrt()
        if self.weight is not None:
            normed = normed * self.weight.reshape(shape)
        if self.bias is not None:
            normed = normed + self.bias.reshape(shape)
        return normed.to(x.dtype)

    def _of_all(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each channel over all processes, and note them down."""
        axes = [axis for axis in range(x.ndim) if axis != 1]
        count = x.new_tensor([x.numel() / x.shape[1]])
        sums = _sum(torch.cat([x.sum(axes), count]))
        mean, n = sums[:-1] / sums[-1], sums[-1]
        shape = (1, -1) + (1,) * (x.ndim - 2)
        variance = _sum((x - mean.reshape(shape)).square().sum(axes)) / n
        self._note(mean.detach(), variance.detach() * n / (n - 1))
        return mean, variance

    @torch.no_grad()
    def _note(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        part = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, part)
        self.running_var.lerp_(variance, part)


def _sum(values: Tensor) -> Tensor:
    """Add up over all processes, in a way that gradients follow."""
    total: Tensor = _Sum.apply(values)
    return total


class _Sum(torch.autograd.Function):
    """Everyone's number counts in everyone's sum, so its gradient is the sum of everyone's gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        total = grad.clone()
        dist.all_reduce(total)
        return total


def synchronise(model: nn.Module) -> nn.Module:
    """Replace every batch norm of a net by one that is synchronised, in place; the weights stay theirs.

    Example:
        >>> net = synchronise(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
        >>> type(net[1]).__name__, list(net.state_dict()) == list(nn.Sequential(nn.Linear(2, 3),
        ...     nn.BatchNorm1d(3)).state_dict())
        ('SyncBatchNorm', True)
    """
    for name, child in model.named_children():
        if isinstance(child, _BatchNorm):
            setattr(model, name, SyncBatchNorm(child))
        else:
            synchronise(child)
    return model
