"""What every optimiser by hand shares: walk over the weights, and apply one rule to each."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError

Memory = dict[str, Any]
"""What an optimiser remembers about one weight from step to step."""

Settings = dict[str, Any]
"""The numbers of one group of weights: ``lr``, ``weight_decay`` and those of the rule."""


class Rule(torch.optim.Optimizer):
    """An optimiser that is one rule: from a weight and its gradient to the new weight.

    torch keeps the books: groups of weights, memory, saving and loading. So a rule works with torch's
    schedulers and checkpoints. What is learnt here is ``update``, a few lines in each class below.

    Args:
        params: weights, or groups of them, as torch's optimisers take them.
        lr: the learning rate, above 0.
        weight_decay: L2: this times the weight is added to the gradient.
        settings: further numbers of the rule.

    Raises:
        ArgumentError: a number makes no sense.

    Introduced in chapter 09.
    """

    def __init__(
        self, params: Iterable[Any], lr: float, weight_decay: float = 0.0, **settings: float | bool
    ) -> None:
        if not 0 < lr < math.inf:
            raise ArgumentError(f"lr expects a number above 0, got {lr}")
        if not 0 <= weight_decay < math.inf:
            raise ArgumentError(f"weight_decay expects a number from 0, got {weight_decay}")
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, **settings})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every weight that has a gradient, once.

        Args:
            closure: computes the loss and its gradients anew, if given.

        Returns:
            What the closure gave, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.change(weight, weight.grad, self.state[weight], group)
        return loss

    def change(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Add the L2 pull to the gradient, then apply the rule."""
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * weight
        self.update(weight, grad, memory, group)

    @abstractmethod
    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Change one weight, in place."""


def recall(memory: Memory, name: str, like: Tensor) -> Tensor:
    """Return a remembered tensor; the first time it is zeros in the shape of the weight.

    Example:
        >>> memory: Memory = {}
        >>> recall(memory, "velocity", torch.ones(2)).add_(5)
        tensor([5., 5.])
        >>> recall(memory, "velocity", torch.ones(2))
        tensor([5., 5.])
    """
    if name not in memory:
        memory[name] = torch.zeros_like(like)
    remembered: Tensor = memory[name]
    return remembered


def fraction(name: str, value: float) -> None:
    """Make sure that a number can weigh the past: from 0 to below 1.

    Raises:
        ArgumentError: it cannot.

    Example:
        >>> fraction("momentum", 1.5)
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: momentum expects a number from 0 to below 1, got 1.5
    """
    if not 0 <= value < 1:
        raise ArgumentError(f"{name} expects a number from 0 to below 1, got {value}")
