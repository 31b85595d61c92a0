"""One trunk, several heads: what the tasks have in common is computed, and learned, once.

Papers: Caruana, "Multitask Learning" (1997); Kendall, Gal & Cipolla, "Multi-Task Learning Using Uncertainty
to Weigh Losses for Scene Geometry and Semantics" (2018).
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.errors import ArgumentError

Loss = Callable[[Tensor, Tensor], Tensor]


class MultiTask(nn.Module):
    """A shared trunk and one linear head for each task.

    Args:
        trunk: images in, feature vectors (n, features) out; ``heads.trunk`` makes one of a classifier.
        features: length of the vectors.
        tasks: name → outputs of its head (classes, or numbers to predict).

    Shapes: images (n, c, h, w) → {name: (n, outputs)}.

    Raises:
        ArgumentError: no task.

    Example:
        >>> net = MultiTask(nn.Flatten(), 16, {"digit": 10, "slant": 1})
        >>> {name: tuple(out.shape) for name, out in net(torch.zeros(2, 1, 4, 4)).items()}
        {'digit': (2, 10), 'slant': (2, 1)}

    Source: Caruana (1997), hard parameter sharing. Introduced in chapter 16.
    """

    def __init__(self, trunk: nn.Module, features: int, tasks: Mapping[str, int]) -> None:
        super().__init__()
        if not tasks:
            raise ArgumentError('a multi-task net needs at least one task, such as {"digit": 10}')
        self.trunk = trunk
        self.heads = nn.ModuleDict({name: nn.Linear(features, outputs) for name, outputs in tasks.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the output of each head."""
        shared = self.trunk(x)
        return {name: head(shared) for name, head in self.heads.items()}


def multi_task_loss(
    outputs: Mapping[str, Tensor],
    targets: Mapping[str, Tensor],
    *,
    weights: Mapping[str, float] | None = None,
    losses: Mapping[str, Loss] | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Add the tasks' losses, each with its weight.

    Args:
        outputs: name → what the head gave, (n, outputs).
        targets: name → what it should have given.
        weights: name → factor, ≥ 0; 1 where not given.
        losses: name → loss function; cross-entropy where not given.

    Returns:
        The weighted sum, and the plain loss of each task, to be watched one by one.

    Raises:
        ArgumentError: names that do not fit, or a negative weight.

    Example:
        >>> outputs = {"digit": torch.zeros(2, 10), "slant": torch.ones(2, 1)}
        >>> targets = {"digit": torch.tensor([3, 7]), "slant": torch.zeros(2, 1)}
        >>> total, each = multi_task_loss(
        ...     outputs, targets, weights={"slant": 0.5}, losses={"slant": F.mse_loss}
        ... )
        >>> round(each["digit"].item(), 4), each["slant"].item(), round(total.item(), 4)  # ln 10, 1, sum
        (2.3026, 1.0, 2.8026)

    Introduced in chapter 16.
    """
    weights, losses = weights or {}, losses or {}
    if set(outputs) != set(targets):
        raise ArgumentError(f"outputs are for {sorted(outputs)}, but targets for {sorted(targets)}")
    for name in [*weights, *losses]:
        if name not in outputs:
            raise ArgumentError(f"there is no task {name!r}: the tasks are {sorted(outputs)}")
    if any(weight < 0 for weight in weights.values()):
        raise ArgumentError(f"weights must not be negative, but got {dict(weights)}")
    each = {
        name: losses.get(name, F.cross_entropy)(output, targets[name]) for name, output in outputs.items()
    }
    total = torch.stack([weights.get(name, 1.0) * loss for name, loss in each.items()]).sum()
    return total, each


class UncertaintyWeights(nn.Module):
    """Weights that are learned: a task whose answers are noisy gets a smaller one.

    Σ e^(−s)·loss + ½·s for classification and Σ ½·e^(−s)·loss + ½·s for regression, s = ln σ² trained with
    the net. The second term keeps σ from growing without end. Give these parameters to the optimiser, without
    weight decay.

    Args:
        tasks: name → "classification" or "regression".

    Raises:
        ArgumentError: another kind, or losses of other tasks.

    Example:
        >>> weigh = UncertaintyWeights({"digit": "classification", "slant": "regression"})
        >>> losses = {"digit": torch.tensor(2.0), "slant": torch.tensor(4.0)}
        >>> weigh(losses).item()  # at the start σ = 1: 2 + 4/2
        4.0

    Source: Kendall et al. (2018), eq. 7 and 10. Introduced in chapter 16.
    """

    def __init__(self, tasks: Mapping[str, str]) -> None:
        super().__init__()
        for name, kind in tasks.items():
            if kind not in ("classification", "regression"):
                raise ArgumentError(f"{name} must be 'classification' or 'regression', but got {kind!r}")
        self.tasks = dict(tasks)
        self.log_variance = nn.ParameterDict({name: nn.Parameter(torch.zeros(())) for name in tasks})

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum of the losses."""
        if set(losses) != set(self.tasks):
            raise ArgumentError(f"expected the losses of {sorted(self.tasks)}, but got {sorted(losses)}")
        terms = []
        for name, loss in losses.items():
            s = self.log_variance[name]
            factor = 1.0 if self.tasks[name] == "classification" else 0.5
            terms.append(factor * torch.exp(-s) * loss + 0.5 * s)
        return torch.stack(terms).sum()
