"""Averages of a net's weights along the way: EMA and look-ahead."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError
from cnncourse.optim.rule import fraction


class EMA:
    r"""A running mean of all weights: $\bar w \leftarrow \beta\bar w + (1 - \beta) w$ after each step.

    The net walks about near a good place; the mean stands nearer to its middle. Parameters and running
    statistics are averaged, whole numbers such as a count of batches are copied.

    Args:
        model: the net; its present weights are the first mean.
        decay: the part $\beta$ of the mean that is kept, 0 to below 1.

    Raises:
        ArgumentError: the decay makes no sense.

    Example:
        >>> net = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(net.weight)
        >>> mean = EMA(net, decay=0.75)
        >>> _ = nn.init.ones_(net.weight)
        >>> mean.update(net)
        >>> mean.copy_to(net)
        >>> net.weight.item()
        0.25

    Introduced in chapter 21.

    Source: Polyak & Juditsky (1992); with a fixed decay as in Tarvainen & Valpola, Mean teachers (2017),
    eq. 1.
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        fraction("decay", decay)
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, decay: float | None = None) -> None:
        """Take the net's weights into the mean.

        Args:
            model: the net after a step.
            decay: used instead of the fixed one, for a decay that moves.
        """
        keep = self.decay if decay is None else decay
        for name, value in model.state_dict().items():
            mean = self.state[name]
            if mean.is_floating_point():
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Give the net the mean weights."""
        for name, value in model.state_dict().items():
            value.copy_(self.state[name])

    def state_dict(self) -> dict[str, Tensor]:
        """Return the mean, to be saved in a checkpoint."""
        return self.state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over a mean that was saved."""
        for name, value in self.state.items():
            value.copy_(state[name])


class LookAhead:
    r"""Explore with fast weights, and let slow ones follow.

    Every k steps $\bar w \leftarrow \bar w + \alpha(w - \bar w)$, then $w \leftarrow \bar w$.
    Unlike an EMA, the net goes on from the average. With ``decay`` the part of the slow weights that is kept
    may grow during training, as in the 94 % race.

    Args:
        model: the net; its present weights are the first slow ones.
        every: steps k between two meetings, ≥ 1.
        alpha: how far the slow weights go towards the fast ones, above 0 to 1.
        decay: from the number of the step, from 1, to the part $1 - \alpha$ of the slow weights that is kept;
            takes the place of ``alpha``.

    Raises:
        ArgumentError: a number makes no sense.

    Example:
        >>> net = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(net.weight)
        >>> average = LookAhead(net, every=2, alpha=0.5)
        >>> for _ in range(4):
        ...     _ = net.weight.data.add_(1)
        ...     average.update(net)
        ...     print(net.weight.item())
        1.0
        1.0
        2.0
        2.0

    Introduced in chapter 21.

    Source: Zhang et al., Lookahead Optimizer: k steps forward, 1 step back (2019), algorithm 1.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        every: int = 5,
        alpha: float = 0.5,
        decay: Callable[[int], float] | None = None,
    ) -> None:
        if every < 1:
            raise ArgumentError(f"every expects a whole number from 1, got {every}")
        if not 0 < alpha <= 1:
            raise ArgumentError(f"alpha expects a number above 0 and at most 1, got {alpha}")
        self.every, self.steps = every, 0
        self._decay = decay or (lambda step: 1 - alpha)
        self.slow = EMA(model)

    def update(self, model: nn.Module) -> None:
        """Count a step of the net; at every k-th, average and go on from the average."""
        self.steps += 1
        if self.steps % self.every == 0:
            self.slow.update(model, self._decay(self.steps))
            self.slow.copy_to(model)
