"""Muon: momentum whose step is made orthogonal, for the weights that are matrices."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.optim.rule import Memory, Rule, Settings, fraction, recall

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def newton_schulz(matrix: Tensor, steps: int = 5, *, eps: float = 1e-7) -> Tensor:
    r"""Make a matrix nearly orthogonal, with products of matrices alone.

    Write the matrix as $U S V^T$. The answer wanted is $U V^T$: all directions count alike. Each round maps
    every singular value $s$ to $3.4445\,s - 4.7750\,s^3 + 2.0315\,s^5$, which lifts small values steeply
    and then keeps them between about 0.7 and 1.2. That is near enough to 1, and far cheaper than an SVD.

    Args:
        matrix: shape (rows, columns), floating point; the type is kept.
        steps: rounds, ≥ 1.
        eps: keeps the division by the norm from zero.

    Returns:
        Shape (rows, columns).

    Raises:
        ShapeError: it is no matrix.
        ArgumentError: fewer than one step.

    Example:
        >>> matrix = torch.tensor([[3.0, 0.0], [0.0, 0.2]])
        >>> newton_schulz(matrix).diagonal()  # 3 and 0.2, fifteen times apart, are now closer
        tensor([0.6988, 1.1265])

    Introduced in chapter 21.

    Source: Jordan et al., Muon (2024), section "Newton-Schulz iteration".
    """
    if matrix.ndim != 2:
        raise ShapeError(
            f"matrix expects 2 dimensions, got shape {tuple(matrix.shape)} — flatten(1) a kernel"
        )
    if steps < 1:
        raise ArgumentError(f"steps expects a number from 1, got {steps}")
    a, b, c = COEFFICIENTS
    wide = matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix  # the product below is the smaller one
    x = wide / (wide.norm() + eps)  # no singular value is above 1 now
    for _ in range(steps):
        square = x @ x.mT
        polynomial = torch.addmm(square, square, square, beta=b, alpha=c)  # b·square + c·square², in one go
        x = torch.addmm(x, polynomial, x, beta=a)
    orthogonal: Tensor = x.mT if matrix.shape[0] > matrix.shape[1] else x
    return orthogonal


class Muon(Rule):
    r"""Momentum whose step is made orthogonal.

    $v \leftarrow \mu v + g$, $w \leftarrow w - \eta\,\mathrm{NS}(g + \mu v)$.
    For convolution and hidden linear weights. A kernel (c_out, c_in, kh, kw) counts as a matrix of c_out
    rows. Biases, norms, the first and the last layer go to another optimiser.

    Args:
        params: weights with at least two dimensions.
        lr: the learning rate $\eta$.
        momentum: the part $\mu$ of the velocity that is kept, 0 to below 1.
        nesterov: look ahead, as above; without it the step is NS(v).
        steps: rounds of ``newton_schulz``.
        weight_decay: decoupled, as in AdamW.
        tall: lengthen the steps of matrices with more rows than columns by √(rows/columns).
        keep_norm: scale each weight to the norm √c_out before each step, as in the 94 % race.
        half: run Newton–Schulz in bfloat16, for a GPU.

    Raises:
        ShapeError: a weight is no matrix.
        ArgumentError: a number makes no sense.

    Example:
        >>> weight = torch.zeros(2, 2, requires_grad=True)
        >>> weight.grad = torch.tensor([[3.0, 0.0], [0.0, 0.2]])
        >>> Muon([weight], lr=1.0).step()
        >>> weight.detach().diagonal()
        tensor([-0.6988, -1.1265])

    Introduced in chapter 21.

    Source: Jordan et al., Muon: An optimizer for hidden layers in neural networks (2024).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.02,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        steps: int = 5,
        weight_decay: float = 0.0,
        tall: bool = True,
        keep_norm: bool = False,
        half: bool = False,
    ) -> None:
        fraction("momentum", momentum)
        if steps < 1:
            raise ArgumentError(f"steps expects a number from 1, got {steps}")
        super().__init__(
            params, lr, weight_decay, momentum=momentum, nesterov=nesterov, steps=steps, tall=tall,
            keep_norm=keep_norm, half=half,
        )  # fmt: skip
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.ndim < 2:
                    raise ShapeError(
                        f"Muon expects weights with at least 2 dimensions, got shape {tuple(weight.shape)} — "
                        "give biases and norms to SGD or AdamW"
                    )

    def change(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Shrink or scale the weight, then apply the rule to the gradient as it is."""
        weight *= 1 - group["lr"] * group["weight_decay"]
        if group["keep_norm"]:
            weight *= len(weight) ** 0.5 / weight.norm()
        self.update(weight, grad, memory, group)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Change the velocity, make the step orthogonal, take it."""
        velocity = recall(memory, "velocity", weight)
        velocity.mul_(group["momentum"]).add_(grad)
        ahead = torch.add(grad, velocity, alpha=group["momentum"]) if group["nesterov"] else velocity
        matrix = ahead.flatten(1).to(torch.bfloat16 if group["half"] else ahead.dtype)
        step = newton_schulz(matrix, group["steps"]).to(weight.dtype)
        rows, columns = matrix.shape
        length = max(1, rows / columns) ** 0.5 if group["tall"] else 1.0
        weight -= group["lr"] * length * step.view_as(weight)
