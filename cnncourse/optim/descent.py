"""Walk downhill: plain steps, steps with momentum, and momentum that looks ahead."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from cnncourse.optim.rule import Memory, Rule, Settings, fraction, recall


class SGD(Rule):
    r"""Step against the gradient: $w \leftarrow w - \eta g$.

    Gradient descent and stochastic gradient descent are the same rule. With the gradient of all images it
    is the first, with that of a mini-batch the second.

    Args:
        params: the weights.
        lr: the learning rate $\eta$.
        weight_decay: L2.

    Example:
        >>> import torch
        >>> weight = torch.tensor([3.0], requires_grad=True)
        >>> (weight**2).sum().backward()  # the slope at 3 is 6
        >>> SGD([weight], lr=0.25).step()
        >>> weight.item()
        1.5

    Introduced in chapter 09.

    Source: Goodfellow, Bengio & Courville, Deep Learning (2016), algorithm 8.1.
    """

    def __init__(self, params: Iterable[Any], lr: float, *, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr, weight_decay)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Take the step."""
        weight -= group["lr"] * grad


class Momentum(Rule):
    r"""Roll like a heavy ball: $v \leftarrow \mu v + g$, $w \leftarrow w - \eta v$.

    Slopes that keep their direction add up, to $1/(1 - \mu)$ times the step; slopes that change sign cancel
    out.

    Args:
        params: the weights.
        lr: the learning rate $\eta$.
        momentum: the part $\mu$ of the velocity that is kept, 0 to below 1.
        weight_decay: L2.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> import torch
        >>> weight = torch.tensor([0.0], requires_grad=True)
        >>> ball = Momentum([weight], lr=1.0, momentum=0.5)
        >>> weight.grad = torch.tensor([-1.0])
        >>> for _ in range(3):
        ...     ball.step()
        ...     print(weight.item())  # steps of 1, 1.5 and 1.75
        1.0
        2.5
        4.25

    Introduced in chapter 09.

    Source: Polyak (1964); in this form Sutskever et al. (2013), eq. 1 and 2, with the learning rate outside.
    """

    def __init__(
        self, params: Iterable[Any], lr: float, *, momentum: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        fraction("momentum", momentum)
        super().__init__(params, lr, weight_decay, momentum=momentum)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Change the velocity, then the place."""
        velocity = recall(memory, "velocity", weight)
        velocity.mul_(group["momentum"]).add_(grad)
        weight -= group["lr"] * velocity


class Nesterov(Momentum):
    r"""Momentum that looks ahead: $v \leftarrow \mu v + g$, $w \leftarrow w - \eta (g + \mu v)$.

    The step is the one that the ball would take next if the slope stayed as it is. It brakes earlier
    than plain momentum does.

    Args:
        params: the weights.
        lr: the learning rate $\eta$.
        momentum: the part $\mu$ of the velocity that is kept, 0 to below 1.
        weight_decay: L2.

    Example:
        >>> import torch
        >>> weight = torch.tensor([0.0], requires_grad=True)
        >>> weight.grad = torch.tensor([-1.0])
        >>> Nesterov([weight], lr=1.0, momentum=0.5).step()
        >>> weight.item()
        1.5

    Introduced in chapter 09.

    Source: Nesterov (1983); in this form Bengio et al., Advances in Optimizing Recurrent Networks (2013).
    """

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Change the velocity, then go where it will lead."""
        velocity = recall(memory, "velocity", weight)
        velocity.mul_(group["momentum"]).add_(grad)
        weight -= group["lr"] * (grad + group["momentum"] * velocity)
