"""First numbers: how large a fresh net's random weights must be, so that its signal neither dies nor bursts.

Every deviation equals that of its namesake in ``torch.nn.init``. ``fill`` draws a whole net, ``spread`` looks
at what became of the signal.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError

Mode = Literal["fan_in", "fan_out"]
Scheme = Literal["zero", "normal", "xavier", "kaiming"]


class Spread(NamedTuple):
    """What one layer gave: its name, and the mean, the deviation and the share of zeros of its output."""

    name: str
    mean: float
    std: float
    zeros: float


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Count the inputs of one output, and the outputs that one input takes part in.

    Args:
        shape: of a weight, (c_out, c_in, …) with the sides of the kernel behind.

    Returns:
        fan-in and fan-out, as ``torch.nn.init`` counts them: (c_in · area, c_out · area).

    Raises:
        ShapeError: it has fewer than two axes.

    Example:
        >>> fans((32, 16, 3, 3))
        (144, 288)

    Introduced in chapter 09.

    Source: Glorot & Bengio, Understanding the difficulty of training deep networks (2010), section 4.2.
    """
    if len(shape) < 2:
        raise ShapeError(
            f"shape expects (c_out, c_in, …), got {tuple(shape)} — a bias has no fans, fill it with a number"
        )
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def xavier_std(shape: Sequence[int], gain: float = 1.0) -> float:
    r"""Return Xavier's deviation $\text{gain}\cdot\sqrt{2/(\text{fan-in} + \text{fan-out})}$.

    A compromise: $1/\text{fan-in}$ would keep the signal on its way up, $1/\text{fan-out}$ the gradient on
    its way back, both through layers that do not bend.

    Args:
        shape: of the weight, (c_out, c_in, …).
        gain: a factor for what follows, as ``torch.nn.init.calculate_gain`` gives it.

    Example:
        >>> xavier_std((6, 2))
        0.5

    Introduced in chapter 09.

    Source: Glorot & Bengio (2010), eq. 12.
    """
    return gain * math.sqrt(2 / sum(fans(shape)))


def kaiming_std(shape: Sequence[int], mode: Mode = "fan_in") -> float:
    r"""Return Kaiming's deviation $\sqrt{2/\text{fan}}$, for layers followed by a ReLU.

    A ReLU drops half of the mean square; the 2 makes up for it.

    Args:
        shape: of the weight, (c_out, c_in, …).
        mode: ``"fan_in"`` keeps the size of the signal, ``"fan_out"`` that of the gradient.

    Raises:
        ArgumentError: the mode is neither.

    Example:
        >>> kaiming_std((4, 8)), kaiming_std((2, 8), mode="fan_out")
        (0.5, 1.0)

    Introduced in chapter 09.

    Source: He et al., Delving Deep into Rectifiers (2015), eq. 10 and 14.
    """
    if mode not in get_args(Mode):
        raise ArgumentError(f"mode expects fan_in or fan_out, got {mode!r}")
    return math.sqrt(2 / fans(shape)[mode == "fan_out"])


@torch.no_grad()
def fill(
    net: nn.Module,
    scheme: Scheme,
    *,
    std: float = 0.01,
    mode: Mode = "fan_in",
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Draw the weights of all convolutions and linear layers anew; their biases become 0.

    Other layers, such as batch norm, keep their numbers.

    Args:
        net: changed in place.
        scheme: ``"zero"``; ``"normal"`` with the deviation ``std``; ``"xavier"``; ``"kaiming"``.
        std: the deviation of ``"normal"``, not negative.
        mode: see :func:`kaiming_std`.
        generator: where the random numbers come from; None means torch's own.

    Returns:
        The net.

    Raises:
        ArgumentError: the scheme is unknown or the deviation negative.

    Example:
        >>> net = fill(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), "zero")
        >>> net[0].weight.abs().sum().item()
        0.0

    Introduced in chapter 09.
    """
    if scheme not in get_args(Scheme):
        raise ArgumentError(f"scheme expects one of {', '.join(get_args(Scheme))}, got {scheme!r}")
    if not 0 <= std < math.inf:
        raise ArgumentError(f"std expects a number from 0, got {std}")
    for _, layer in _weighted(net):
        shape = layer.weight.shape
        size = {
            "zero": 0.0,
            "normal": std,
            "xavier": xavier_std(shape),
            "kaiming": kaiming_std(shape, mode),
        }[scheme]
        layer.weight.normal_(0, size, generator=generator) if size else layer.weight.zero_()
        if layer.bias is not None:
            layer.bias.zero_()
    return net


@torch.no_grad()
def spread(net: nn.Module, x: Tensor) -> list[Spread]:
    """Send a batch through, and measure what each convolution and linear layer gives, before what bends it.

    Args:
        net: left as it is, and in the mode it is in.
        x: a batch in the shape that the net takes.

    Returns:
        One entry for each layer, in the order in which they ran.

    Example:
        >>> net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
        >>> for layer in spread(fill(net, "zero"), torch.ones(4, 1)):
        ...     print(*layer)
        0 0.0 0.0 1.0
        2 0.0 0.0 1.0

    Introduced in chapter 09.

    Source: the figures of Glorot & Bengio (2010), section 4.
    """
    found: list[Spread] = []

    def listen(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def note(module: nn.Module, args: object, out: Tensor) -> None:
            zeros = (out == 0).float().mean().item()
            found.append(Spread(name, out.mean().item(), out.std(correction=0).item(), zeros))

        return layer.register_forward_hook(note)

    handles = [listen(name, layer) for name, layer in _weighted(net)]
    try:
        net(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _weighted(net: nn.Module) -> list[tuple[str, nn.Conv2d | nn.Linear]]:
    return [(n, m) for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
