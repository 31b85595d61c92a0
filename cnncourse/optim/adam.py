"""Adam: momentum and a step length for each weight together; AdamW: with decay that is decay."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from cnncourse.optim.rule import Memory, Rule, Settings, fraction, recall


class Adam(Rule):
    r"""Running means of slope and squared slope: $w \leftarrow w - \eta\,\hat m/(\sqrt{\hat v} + \epsilon)$.

    $m \leftarrow \beta_1 m + (1 - \beta_1) g$ and $v \leftarrow \beta_2 v + (1 - \beta_2) g^2$. Both start
    at 0 and are too small at first; after $t$ steps, $\hat m = m/(1 - \beta_1^t)$ and $\hat v = v/(1 -
    \beta_2^t)$ make up for it.

    Args:
        params: the weights.
        lr: the learning rate $\eta$; about the length of a step.
        betas: the parts of $m$ and $v$ that are kept, 0 to below 1.
        eps: keeps the division from zero.
        weight_decay: L2; the pull is divided by $\sqrt{\hat v}$ like the slope, so it is no weight decay.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> import torch
        >>> weight = torch.tensor([0.0, 0.0], requires_grad=True)
        >>> weight.grad = torch.tensor([100.0, -0.01])
        >>> Adam([weight], lr=0.5).step()
        >>> weight.detach()
        tensor([-0.5000,  0.5000])

    Introduced in chapter 09.

    Source: Kingma & Ba, Adam (2015), algorithm 1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        for name, beta in zip(("betas[0]", "betas[1]"), betas, strict=True):
            fraction(name, beta)
        super().__init__(params, lr, weight_decay, beta1=betas[0], beta2=betas[1], eps=eps)

    def update(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Refresh both means, correct them, take the step."""
        beta1, beta2 = group["beta1"], group["beta2"]
        t = memory["steps"] = memory.get("steps", 0) + 1
        m = recall(memory, "mean", weight)
        v = recall(memory, "mean_of_squares", weight)
        m.mul_(beta1).add_((1 - beta1) * grad)
        v.mul_(beta2).add_((1 - beta2) * grad**2)
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        weight -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class AdamW(Adam):
    r"""Adam whose weight decay stands apart: first $w \leftarrow (1 - \eta\lambda) w$, then Adam's step.

    L2 and weight decay are the same for SGD, not for Adam. There the pull would be divided by the slopes too,
    and weights with steep slopes would hardly decay.

    Args:
        params: the weights.
        lr: the learning rate $\eta$.
        betas: as in Adam.
        eps: as in Adam.
        weight_decay: the decay $\lambda$.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> import torch
        >>> weight = torch.tensor([8.0], requires_grad=True)
        >>> weight.grad = torch.tensor([0.0])  # no slope: only the decay is left
        >>> AdamW([weight], lr=0.5, weight_decay=0.5).step()
        >>> weight.item()
        6.0

    Introduced in chapter 09.

    Source: Loshchilov & Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def change(self, weight: Tensor, grad: Tensor, memory: Memory, group: Settings) -> None:
        """Shrink the weight, then apply Adam's rule to the gradient as it is."""
        weight *= 1 - group["lr"] * group["weight_decay"]
        self.update(weight, grad, memory, group)
