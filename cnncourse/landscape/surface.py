"""The loss of a net along one or two directions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cnncourse.errors import ArgumentError
from cnncourse.landscape.directions import Direction
from cnncourse.limits import whole


@contextmanager
def moved(model: nn.Module, *steps: tuple[float, Direction]) -> Iterator[nn.Module]:
    """Move a net's weights for the length of a ``with``, and put them back to the last bit.

    Args:
        model: the net.
        *steps: (how far, direction), added up.

    Yields:
        The net, moved.

    Raises:
        ArgumentError: a direction has other names or shapes than the net's parameters.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> before = layer.weight.item()
        >>> with moved(layer, (2.0, {"weight": torch.ones(1, 1)})):
        ...     round(layer.weight.item() - before, 4)
        2.0
        >>> layer.weight.item() == before
        True

    Source: Li et al., Visualizing the Loss Landscape of Neural Nets (2018), section 2.
    Introduced in chapter 13.
    """
    weights = {name: weight.data for name, weight in model.named_parameters()}
    for _, direction in steps:
        _fits(weights, direction)
    kept = {name: weight.clone() for name, weight in weights.items()}
    try:
        for far, direction in steps:
            for name, weight in weights.items():
                weight.add_(direction[name].to(weight), alpha=far)
        yield model
    finally:
        for name, weight in weights.items():
            weight.copy_(kept[name])


def surface(
    model: nn.Module,
    loss: Callable[[nn.Module], float | Tensor],
    *directions: Direction,
    span: float = 1.0,
    points: int = 21,
) -> Tensor:
    """Measure the loss on a line or on a grid around a net's weights.

    Args:
        model: the net; afterwards its weights are what they were, to the last bit.
        loss: gives a number for a net. It runs without gradients. It says itself in which mode the net is:
            ``model.eval()`` keeps the batch normalisations' statistics, as Li and others do.
        *directions: one for a line, two for a grid.
        span: how far to go, to both sides; 1: until the step is as long as the weights.
        points: places on each axis, ≥ 2; an odd number has the net itself in the middle.

    Returns:
        Losses, shape (points,) for one direction, (points, points) for two: the row is the step along the
        first direction, the column that along the second, both from −span to span.

    Raises:
        ArgumentError: none or more than two directions, fewer than two points, a span that is not above 0,
            or a direction that does not fit the net.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.zeros_(layer.weight)
        >>> surface(layer, lambda net: net.weight.item() ** 2, {"weight": torch.ones(1, 1)}, points=5)
        tensor([1.0000, 0.2500, 0.0000, 0.2500, 1.0000])

    Source: Li et al., Visualizing the Loss Landscape of Neural Nets (2018), section 4.
    Introduced in chapter 13.
    """
    if len(directions) not in (1, 2):
        raise ArgumentError(f"surface expects one direction or two, got {len(directions)}")
    whole("points", points, at_least=2)
    if not span > 0:
        raise ArgumentError(f"span expects a number above 0, got {span}")
    places = torch.linspace(-span, span, points, dtype=torch.float64)
    values = torch.empty((points,) * len(directions))
    for place in torch.cartesian_prod(*[torch.arange(points)] * len(directions)).reshape(-1, len(directions)):
        index = tuple(place.tolist())
        steps = [(float(places[i]), way) for i, way in zip(index, directions, strict=True)]
        with torch.no_grad(), moved(model, *steps):
            values[index] = float(loss(model))
    return values


def _fits(weights: dict[str, Tensor], direction: Direction) -> None:
    """Raise where a direction does not belong to these weights."""
    if set(weights) != set(direction):
        odd = sorted(set(weights) ^ set(direction))[0]
        raise ArgumentError(f"a direction has a tensor for each parameter, but they differ in {odd!r}")
    for name, weight in weights.items():
        if weight.shape != direction[name].shape:
            raise ArgumentError(
                f"the direction of {name!r} expects shape {tuple(weight.shape)}, "
                f"got {tuple(direction[name].shape)}"
            )
