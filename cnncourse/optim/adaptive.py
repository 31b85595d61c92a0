"""A step length for each weight: Adagrad, RMSprop and Adadelta divide by how steep it has been so far."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from cnncourse.optim.rule import Memory, Rule, Settings, fraction, recall


class Adagrad(Rule):
    r"""Divide by all slopes so far: $s \leftarrow s + g^2$, $w \leftarrow w - \eta g/(\sqrt s + \epsilon)$.

    A weight that rarely gets a gradient takes large steps when it does. The sum only grows, so every step
    gets smaller in the end.

    Args:
        params: the weights.
        lr: the learning rate $\eta$.
        eps: keeps the division from zero.
        weight_decay: L2.

    Example:
        >>> import torch
        >>> weight = torch.tensor([0.0, 0.0], requires_grad=True)
        >>> weight.grad = torch.tensor([100.0, 0.01])
        >>> Adagrad([weight], lr=0.5).step()  # steep or flat: the first step is as long
        >>> weight.detach()
        tensor([-0.5000, -0.5000])

    Introduced in chapter 09.

    Source: Duchi, Hazan & Singer, Adaptive Subgradient Methods (2011), section 1.1, diagonal form.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 0.01, *, eps: float = 1e-10, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, lr, weight_decay, eps=eps)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Add the square to the sum, then take the shortened step."""
        total = recall(memory, "sum_of_squares", weight)
        total += grad**2
        weight -= group["lr"] * grad / (total.sqrt() + group["eps"])


class RMSprop(Rule):
    r"""Divide by recent slopes: Adagrad that forgets.

    $s \leftarrow \alpha s + (1 - \alpha) g^2$, $w \leftarrow w - \eta g/(\sqrt s + \epsilon)$. The sum of all
    squares becomes a running mean, so the steps do not die out.

    Args:
        params: the weights.
        lr: the learning rate $\eta$.
        alpha: the part of the running mean that is kept, 0 to below 1.
        eps: keeps the division from zero.
        weight_decay: L2.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> import torch
        >>> weight = torch.tensor([0.0], requires_grad=True)
        >>> weight.grad = torch.tensor([100.0])
        >>> RMSprop([weight], lr=0.5, alpha=0.75).step()  # 100 / sqrt(0.25 · 100²) = 2
        >>> weight.item()
        -1.0

    Introduced in chapter 09.

    Source: Tieleman & Hinton, Neural Networks for Machine Learning (2012), lecture 6.5.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.01,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        fraction("alpha", alpha)
        super().__init__(params, lr, weight_decay, alpha=alpha, eps=eps)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Refresh the running mean of squares, then take the step."""
        mean = recall(memory, "mean_of_squares", weight)
        mean.mul_(group["alpha"]).add_((1 - group["alpha"]) * grad**2)
        weight -= group["lr"] * grad / (mean.sqrt() + group["eps"])


class Adadelta(Rule):
    r"""Take steps in the weight's own units.

    $\Delta = g\sqrt{(d + \epsilon)/(s + \epsilon)}$, $w \leftarrow w - \eta\Delta$.
    Here $s$ is a running mean of $g^2$ and $d$ one of $\Delta^2$: the length of recent steps takes the
    place of the learning rate, and $\eta$ is 1 in the paper. It starts slowly, since $d$ starts at 0.

    Args:
        params: the weights.
        lr: a factor $\eta$ on the step.
        rho: the part of both running means that is kept, 0 to below 1.
        eps: starts the steps and keeps the division from zero.
        weight_decay: L2.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> import torch
        >>> weight = torch.tensor([0.0], requires_grad=True)
        >>> weight.grad = torch.tensor([100.0])
        >>> Adadelta([weight], rho=0.75).step()  # 100 · sqrt(1e-6) / sqrt(0.25 · 100²) = 0.002
        >>> round(weight.item(), 6)
        -0.002

    Introduced in chapter 09.

    Source: Zeiler, ADADELTA (2012), algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        *,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        fraction("rho", rho)
        super().__init__(params, lr, weight_decay, rho=rho, eps=eps)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Refresh the mean of slopes, take the step, refresh the mean of steps."""
        rho, eps = group["rho"], group["eps"]
        slopes = recall(memory, "mean_of_squares", weight)
        steps = recall(memory, "mean_of_steps", weight)
        slopes.mul_(rho).add_((1 - rho) * grad**2)
        delta = grad * (steps + eps).sqrt() / (slopes + eps).sqrt()
        steps.mul_(rho).add_((1 - rho) * delta**2)
        weight -= group["lr"] * delta
