"""The weights that are judged and kept, where these are a mean of the weights that are trained."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from cnncourse.optim import EMA, LookAhead
from cnncourse.train.recipe import Recipe


class Averaging:
    """EMA and look-ahead as a recipe asks for them; with neither, nothing happens.

    Args:
        recipe: the settings.
        model: the net; its present weights are the first mean.
        steps: steps of the whole run.

    Example:
        >>> net = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(net.weight)
        >>> averaging = Averaging(Recipe(ema=0.75), net, steps=10)
        >>> _ = nn.init.ones_(net.weight)
        >>> averaging.update(net)
        >>> with averaging.shown(net):
        ...     print(net.weight.item())
        0.25
        >>> net.weight.item()
        1.0

    Introduced in chapter 21.
    """

    def __init__(self, recipe: Recipe, model: nn.Module, steps: int) -> None:
        self.ema = EMA(model, recipe.ema) if recipe.ema > 0 else None
        self.ahead: LookAhead | None = None
        if recipe.lookahead > 0:
            keep, power = recipe.lookahead_keep, recipe.lookahead_power
            self.ahead = LookAhead(
                model, every=recipe.lookahead, decay=lambda step: keep * (step / steps) ** power
            )

    @property
    def mean(self) -> EMA | None:
        """The mean that is judged and kept: that of EMA, else the slow weights, else none."""
        return self.ema or (self.ahead.slow if self.ahead else None)

    def update(self, model: nn.Module) -> None:
        """Take the weights after a step into the means."""
        if self.ahead is not None:
            self.ahead.update(model)
        if self.ema is not None:
            self.ema.update(model)

    @contextmanager
    def shown(self, model: nn.Module) -> Iterator[None]:
        """Give the net its mean weights for a while."""
        if self.mean is None:
            yield
            return
        before = copy_of(model)
        self.mean.copy_to(model)
        try:
            yield
        finally:
            model.load_state_dict(before)

    def state_dict(self) -> dict[str, Any]:
        """Return the means and the number of steps so far, for a checkpoint."""
        return {
            "ema": self.ema.state_dict() if self.ema else {},
            "slow": self.ahead.slow.state_dict() if self.ahead else {},
            "steps": self.ahead.steps if self.ahead else 0,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's means."""
        if self.ema is not None:
            self.ema.load_state_dict(state["ema"])
        if self.ahead is not None:
            self.ahead.slow.load_state_dict(state["slow"])
            self.ahead.steps = state["steps"]


def copy_of(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of all weights and statistics.

    Example:
        >>> sorted(copy_of(nn.Linear(1, 1)))
        ['bias', 'weight']
    """
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
