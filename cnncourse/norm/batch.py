"""Batch norm: standardise each channel with the statistics of the batch, then scale and shift it."""

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError


def standardise(x: Tensor, axes: tuple[int, ...], eps: float = 1e-5) -> Tensor:
    """Subtract the mean and divide by the standard deviation, both taken over some axes.

    Which axes is all that tells the members of the family apart: batch norm takes (0, 2, 3), instance norm
    (2, 3), layer norm (1, 2, 3).

    Args:
        x: numbers of any shape.
        axes: the axes whose numbers are taken together.
        eps: added to the variance, so that a constant does not divide by zero; > 0.

    Returns:
        A tensor of the shape of x: along those axes its mean is 0 and its variance v / (v + eps), where v
        is the variance of x, divided by the count and not by the count less one.

    Raises:
        ArgumentError: eps is not above zero.

    Example:
        >>> standardise(torch.tensor([2.0, 2, 6, 6]), (0,), eps=1e-9)
        tensor([-1., -1.,  1.,  1.])

    Introduced in chapter 08.

    Source: Wu & He, Group normalization (2018), section 3.1.
    """
    if not eps > 0:
        raise ArgumentError(f"eps expects a number above 0, got {eps!r}; 1e-5 is usual")
    mean = x.mean(axes, keepdim=True)
    var = (x - mean).square().mean(axes, keepdim=True)
    return (x - mean) / (var + eps).sqrt()


def batch_norm(
    x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, *, eps: float = 1e-5
) -> Tensor:
    """Normalise as in training: each channel by the mean and variance of the batch it is in.

    Args:
        x: numbers, shape (n, c) or (n, c, h, w).
        weight: the scale γ of each channel, shape (c,); None means ones.
        bias: the shift β of each channel, shape (c,); None means zeros.
        eps: added to the variance; > 0.

    Returns:
        γ · (x − mean) / √(variance + eps) + β, of the shape of x.

    Raises:
        ShapeError: x has no channel axis, a channel has one number only, or weight or bias do not fit.

    Example:
        >>> x = torch.tensor([[2.0, 100], [2, 300], [6, 100], [6, 300]])
        >>> batch_norm(x).round().tolist()
        [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]

    Introduced in chapter 08.

    Source: Ioffe & Szegedy, Batch normalization (2015), algorithm 1.
    """
    _check(x, weight, bias)
    out = standardise(x, _all_but_channels(x), eps)
    return _scaled(out, weight, bias)


def batch_norm_backward(
    grad: Tensor, x: Tensor, weight: Tensor | None = None, *, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Give the gradients of batch norm in training, all from the gradient of its output.

    Every number moves the mean and the variance of its channel, so the gradient of x loses two things: its
    own mean, and what it has in common with the standardised x.

    Args:
        grad: gradient of the loss with respect to the output, of the shape of x.
        x: what went in, shape (n, c) or (n, c, h, w).
        weight: the scale γ, shape (c,); None means ones.
        eps: as in the forward pass.

    Returns:
        The gradients with respect to x, weight and bias; the last two of shape (c,).

    Raises:
        ShapeError: grad has another shape than x, or x or weight do not fit.

    Example:
        >>> x = torch.tensor([[2.0], [2], [6], [6]])
        >>> grad_x, grad_weight, grad_bias = batch_norm_backward(torch.ones(4, 1), x)
        >>> grad_x.flatten().tolist(), grad_bias.item()  # one and the same push for all: nothing is left
        ([0.0, 0.0, 0.0, 0.0], 4.0)

    Introduced in chapter 08.

    Source: Ioffe & Szegedy, Batch normalization (2015), section 3.
    """
    _check(x, weight, None)
    if grad.shape != x.shape:
        raise ShapeError(f"grad expects the shape of x, {tuple(x.shape)}, got {tuple(grad.shape)}")
    axes = _all_but_channels(x)
    mean = x.mean(axes, keepdim=True)
    var = (x - mean).square().mean(axes, keepdim=True)
    std = (var + eps).sqrt()
    hat = (x - mean) / std
    g = _scaled(grad, weight, None)
    grad_x = (g - g.mean(axes, keepdim=True) - hat * (g * hat).mean(axes, keepdim=True)) / std
    return grad_x, (grad * hat).sum(axes), grad.sum(axes)


def update_running(
    running_mean: Tensor, running_var: Tensor, x: Tensor, *, momentum: float = 0.1
) -> tuple[Tensor, Tensor]:
    """Move the running statistics a step towards those of a batch.

    ``momentum`` is the share of the *new* statistic: the other way round than in SGD. The variance that is
    remembered is divided by the count less one, although the one that normalises is divided by the count.

    Args:
        running_mean: shape (c,).
        running_var: shape (c,).
        x: a batch, shape (n, c) or (n, c, h, w).
        momentum: 0 keeps the old, 1 takes the new.

    Returns:
        The new running mean and variance; the old ones stay as they are.

    Raises:
        ShapeError: x has no channel axis, a channel has one number only, or the statistics do not fit.
        ArgumentError: momentum is not between 0 and 1.

    Example:
        >>> x = torch.tensor([[2.0], [2], [6], [6]])
        >>> mean, var = update_running(torch.zeros(1), torch.ones(1), x, momentum=0.1)
        >>> round(mean.item(), 4), round(var.item(), 4)  # 0.1 · 4, and 0.9 · 1 + 0.1 · 16 / 3
        (0.4, 1.4333)

    Introduced in chapter 08.

    Source: PyTorch, torch.nn.BatchNorm2d; Ioffe & Szegedy (2015), algorithm 2, line 10.
    """
    _check(x, running_mean, running_var, ("running_mean", "running_var"))
    if not 0 <= momentum <= 1:
        raise ArgumentError(f"momentum expects a number from 0 to 1, got {momentum!r}")
    axes = _all_but_channels(x)
    mean, var = x.mean(axes), x.var(axes, unbiased=True)
    return (1 - momentum) * running_mean + momentum * mean, (1 - momentum) * running_var + momentum * var


class BatchNorm(nn.Module):
    """``nn.BatchNorm2d`` in the open: batch statistics in training, running ones in evaluation.

    Parameters and buffers have PyTorch's names, so the two exchange their ``state_dict``.

    Args:
        num_features: the number of channels, and nothing else.
        eps: added to the variance; > 0.
        momentum: share of the new statistic, 0 to 1.

    Raises:
        ArgumentError: num_features is not a whole number above zero.
        ShapeError: in use, when the input has another number of channels.

    Example:
        >>> layer = BatchNorm(3)
        >>> layer(torch.randn(8, 3, 5, 5)).shape
        torch.Size([8, 3, 5, 5])

    Introduced in chapter 08.

    Source: Ioffe & Szegedy, Batch normalization (2015), algorithm 2.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, num_features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        if not isinstance(num_features, int) or num_features < 1:
            raise ArgumentError(f"num_features expects the number of channels, got {num_features!r}")
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, c) or (n, c, h, w); in training, remember the statistics too."""
        if self.training:
            with torch.no_grad():
                new = update_running(self.running_mean, self.running_var, x, momentum=self.momentum)
                self.running_mean.copy_(new[0])
                self.running_var.copy_(new[1])
                self.num_batches_tracked += 1
            return batch_norm(x, self.weight, self.bias, eps=self.eps)
        _check(x, self.weight, self.bias, least=0)
        scale = self.weight / (self.running_var + self.eps).sqrt()
        return _scaled(x, scale, self.bias - self.running_mean * scale)


def _all_but_channels(x: Tensor) -> tuple[int, ...]:
    return (0, *range(2, x.dim()))


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """Multiply and add one number a channel."""
    shape = (1, -1) + (1,) * (x.dim() - 2)
    if weight is not None:
        x = x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def _check(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    names: tuple[str, str] = ("weight", "bias"),
    least: int = 2,
) -> None:
    if x.dim() not in (2, 4):
        raise ShapeError(f"x expects shape (n, c) or (n, c, h, w), got {tuple(x.shape)}")
    channels = x.shape[1]
    for name, value in zip(names, (weight, bias), strict=True):
        if value is not None and value.shape != (channels,):
            raise ShapeError(
                f"{name} expects one number for each of the {channels} channels of x, "
                f"got shape {tuple(value.shape)}"
            )
    if x.numel() // max(channels, 1) < least:
        raise ShapeError(
            f"training expects at least 2 numbers a channel, got x of shape {tuple(x.shape)} — "
            "use a larger batch, or eval()"
        )
