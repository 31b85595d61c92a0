"""From a recipe and a net to what moves its weights: which optimiser, and which weights it treats alike."""

from typing import Any

import torch
from torch import Tensor, nn, optim

from cnncourse.errors import ArgumentError
from cnncourse.optim import Muon
from cnncourse.train.recipe import Recipe

Group = dict[str, Any]


class Optimisers:
    """The one or two optimisers of a run, moved as one.

    Args:
        recipe: the settings.
        model: the net, already on its device; only parameters that want a gradient are moved.

    Attributes:
        all: the optimisers of torch, or of ``cnncourse.optim``.

    Raises:
        ArgumentError: the net has nothing to train.

    Example:
        >>> both = Optimisers(Recipe(optimiser="muon", rest="sgd"), nn.Sequential(
        ...     nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3), nn.Flatten(), nn.Linear(2, 2)))
        >>> [(type(one).__name__, len(one.param_groups[0]["params"])) for one in both.all]
        [('Muon', 1), ('SGD', 5)]

    Introduced in chapter 09; Muon in chapter 21.
    """

    def __init__(self, recipe: Recipe, model: nn.Module) -> None:
        named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        if not named:
            raise ArgumentError(
                "the net has no parameter that wants a gradient, so there is nothing to train"
            )
        self.all: list[optim.Optimizer] = []
        hidden = hidden_weights(model) if recipe.optimiser == "muon" else set()
        if hidden:
            self.all.append(_muon(recipe, [weight for name, weight in named if name in hidden]))
        rest = [weight for name, weight in named if name not in hidden]
        if rest:
            self.all.append(_plain(recipe, rest))
        self._rates_kept = False
        for one in self.all:
            for group in one.param_groups:
                group["initial_lr"] = group["lr"]

    def set_rate(self, factor: float) -> None:
        """Set every group's learning rate to this part of its peak."""
        for one in self.all:
            for group in one.param_groups:
                rate = group["initial_lr"] * factor
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate

    def keep_rates(self) -> None:
        """Keep each learning rate in a tensor beside the weights, where a recorded step can read it."""
        self._rates_kept = True
        for one in self.all:
            for group in one.param_groups:
                group["lr"] = torch.tensor(float(group["lr"]), device=group["params"][0].device)

    @property
    def lr(self) -> float:
        """The present learning rate of the recipe's own optimiser."""
        return float(self.all[0].param_groups[0]["lr"])

    @property
    def weights(self) -> list[Tensor]:
        """All weights that are moved."""
        return [weight for one in self.all for group in one.param_groups for weight in group["params"]]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for one in self.all:
            one.zero_grad()

    def step(self, scaler: torch.amp.GradScaler, clip_norm: float | None = None) -> None:
        """Move the weights by their gradients, shortened to a length of ``clip_norm`` before."""
        if clip_norm is not None:
            for one in self.all:
                scaler.unscale_(one)
            nn.utils.clip_grad_norm_(self.weights, clip_norm)
        for one in self.all:
            _fill_momentum(one)
            scaler.step(one)
        scaler.update()

    def state_dict(self) -> list[dict[str, Any]]:
        """Return the state of all, for a checkpoint."""
        return [one.state_dict() for one in self.all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Go on from a checkpoint's state."""
        for one, state in zip(self.all, states, strict=True):
            one.load_state_dict(_here(state, one))
        if self._rates_kept:
            self.keep_rates()


_WAYS = ("fused", "foreach", "capturable", "half")
"""Settings of an optimiser that depend on the machine, not on the run."""


def _here(state: dict[str, Any], one: optim.Optimizer) -> dict[str, Any]:
    """Return a saved state with the ways in which this machine computes: it may come from another one."""
    groups = [
        saved | {way: group[way] for way in _WAYS if way in group}
        for saved, group in zip(state["param_groups"], one.param_groups, strict=True)
    ]
    return state | {"param_groups": groups}


def _fill_momentum(one: optim.Optimizer) -> None:
    """Give a weight that joins the others later a velocity of zero: torch's fused SGD wants all or none."""
    if not isinstance(one, optim.SGD):
        return
    for group in one.param_groups:
        if not (group["fused"] and group["momentum"]):
            continue
        moved = [weight for weight in group["params"] if weight.grad is not None]
        new = [weight for weight in moved if one.state[weight].get("momentum_buffer") is None]
        if len(new) < len(moved):
            for weight in new:
                one.state[weight]["momentum_buffer"] = torch.zeros_like(weight)


def hidden_weights(model: nn.Module) -> set[str]:
    """Name the weights that Muon moves: at least two dimensions, of neither the first nor the last layer.

    The first layer counts even where nothing of it is trained, such as a stem that is computed.

    Example:
        >>> sorted(hidden_weights(nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 2), nn.Linear(2, 1))))
        ['1.weight']

    Source: Jordan et al., Muon (2024): the first and the last layer are better moved by another optimiser.
    """
    wanted = {name for name, weight in model.named_parameters() if weight.requires_grad and weight.ndim >= 2}
    layers = [
        name
        for name, value in model.state_dict(keep_vars=True).items()
        if value.ndim >= 2 and (name in wanted or name.endswith("weight"))
    ]
    return wanted - {layers[0], layers[-1]} if layers else set()


def _muon(recipe: Recipe, weights: list[nn.Parameter]) -> optim.Optimizer:
    return Muon(
        weights, recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov, steps=recipe.muon_steps,
        weight_decay=recipe.weight_decay, tall=not recipe.muon_norm, keep_norm=recipe.muon_norm,
        half=weights[0].is_cuda,
    )  # fmt: skip


def _plain(recipe: Recipe, weights: list[nn.Parameter]) -> optim.Optimizer:
    """Build an optimiser of torch: the recipe's own, or the one for what Muon leaves."""
    kind, lr, momentum = recipe.optimiser, recipe.lr, recipe.momentum
    if kind == "muon":
        kind, lr, momentum = recipe.rest, recipe.rest_lr, recipe.rest_momentum
    groups, on_gpu = _groups(recipe, weights, lr), weights[0].is_cuda
    if kind == "sgd":
        ahead = recipe.nesterov and momentum > 0
        return optim.SGD(groups, lr, momentum=momentum, nesterov=ahead, fused=on_gpu or None)
    rule = optim.Adam if kind == "adam" else optim.AdamW
    return rule(groups, lr, fused=on_gpu or None, capturable=on_gpu and recipe.replay)


def _groups(recipe: Recipe, weights: list[nn.Parameter], lr: float) -> list[Group]:
    """Deal the weights out: matrices, and the vectors that biases and norms are."""
    decay = recipe.weight_decay
    if not recipe.decay_groups and recipe.bias_lr == 1:
        return [{"params": weights, "weight_decay": decay}]
    vectors = {
        "params": [weight for weight in weights if weight.ndim < 2],
        "lr": lr * recipe.bias_lr,
        "weight_decay": 0.0 if recipe.decay_groups else decay / recipe.bias_lr,
    }
    matrices = {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": decay}
    return [group for group in (matrices, vectors) if group["params"]]
