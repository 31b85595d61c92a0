"""Do maps depend on the weights, and do they find what the score rests on?"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from cnncourse.errors import ArgumentError, ShapeError, did_you_mean
from cnncourse.explain.asking import Labels, at_rest, chosen, copied, scores_of
from cnncourse.explain.gradients import spread_out
from cnncourse.limits import count

_WEIGHTED = (_ConvNd, nn.Linear)


def cascade(net: nn.Module, seed: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """Draw a net's layers anew, one after the other from the top, and show the net each time.

    A layer is a convolution or a linear layer together with the normalisations and others that follow it.
    "Top" is the end of ``net.named_modules()``: the order in which the net was built.

    Args:
        net: any net; it is left as it was.
        seed: of the drawing.

    Yields:
        The name of the layer drawn last, and a copy of the net with this layer and all above it drawn anew.

    Raises:
        ArgumentError: the net has no convolution and no linear layer.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
        >>> [name for name, _ in cascade(net)]
        ['3', '0']

    Source: Adebayo et al., Sanity Checks for Saliency Maps (2018), section 3.1. Introduced in chapter 22.
    """
    layers = _layers(net)
    net, draw = _copy(net), torch.Generator().manual_seed(seed)
    for group in reversed(layers):
        for name in group:
            _draw_anew(net.get_submodule(name), draw)
        yield group[0], _copy(net)


def randomised(net: nn.Module, *, down_to: str | None = None, seed: int = 0) -> nn.Module:
    """Copy a net with its layers drawn anew, from the top down to one of them.

    Convolutions and linear layers get weights as He and others draw them and biases of zero, normalisations
    their first state (scale 1, shift 0, mean 0, variance 1), others normal numbers of their own spread.

    Args:
        net: any net; it is left as it was.
        down_to: a layer or a block, as in ``named_modules()``; it is drawn anew too, from its first layer on.
            None: all layers.
        seed: of the drawing; the same as in ``cascade``, step by step.

    Returns:
        The copy, in the mode of the net.

    Raises:
        ArgumentError: the net has no such layer, none below it has weights, or there is none at all.

    Example:
        >>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
        >>> other = randomised(net, down_to="2")
        >>> torch.equal(net[0].weight, other[0].weight), torch.equal(net[2].weight, other[2].weight)
        (True, False)

    Source: Adebayo et al., Sanity Checks for Saliency Maps (2018), section 3.1. Introduced in chapter 22.
    """
    layers = _layers(net)
    if down_to is not None:
        known = dict(net.named_modules())
        if down_to not in known or not down_to:
            hint = did_you_mean(str(down_to), known, "named_modules() lists them")
            raise ArgumentError(f"the net has no layer {down_to!r} — {hint}")
        inside = [
            i for i, group in enumerate(layers) if any(f"{name}.".startswith(f"{down_to}.") for name in group)
        ]
        if not inside:
            raise ArgumentError(f"the layer {down_to!r} has no weights: choose another one")
        layers = layers[inside[0] :]
    net, draw = _copy(net), torch.Generator().manual_seed(seed)
    for group in reversed(layers):
        for name in group:
            _draw_anew(net.get_submodule(name), draw)
    return net


def _copy(net: nn.Module) -> nn.Module:
    net = copy.deepcopy(net)
    net.zero_grad(set_to_none=True)
    return net


def _layers(net: nn.Module) -> list[list[str]]:
    """List the modules with weights of their own: each convolution or linear layer begins a group."""
    if not isinstance(net, nn.Module):
        raise ArgumentError(f"expected a net, got a {type(net).__name__}")
    groups: list[list[str]] = []
    seen = 0
    for name, module in net.named_modules():
        if next(module.parameters(recurse=False), None) is None:
            continue
        if isinstance(module, _WEIGHTED) or not groups:
            groups.append([])
        groups[-1].append(name)
        seen += isinstance(module, _WEIGHTED)
    if not seen:
        raise ArgumentError(f"{type(net).__name__} has no convolution and no linear layer to draw anew")
    return groups


@torch.no_grad()
def _draw_anew(module: nn.Module, draw: torch.Generator) -> None:
    """Give a module new weights; its parts keep theirs."""
    if isinstance(module, nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm):
        module.reset_parameters()
        return
    for name, weight in module.named_parameters(recurse=False):
        drawn = torch.randn(weight.shape, generator=draw).to(weight)
        if not isinstance(module, _WEIGHTED):
            drawn = weight.mean() + drawn * weight.std(correction=0)
        elif name == "bias":
            drawn = torch.zeros_like(weight)
        else:
            drawn = drawn * (2 / weight[0].numel()) ** 0.5
        weight.copy_(drawn)


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Compare two batches of maps by the order in which they rank the pixels, whatever the sign.

    Spearman's rank correlation of the absolute values: 1 for the same order, about 0 for unrelated maps, −1
    for the opposite order. Equal values share their mean rank.

    Args:
        a: maps, shape (n, …).
        b: others, of the same shape.

    Returns:
        Shape (n,); nan where a map is the same everywhere, as it ranks nothing.

    Raises:
        ArgumentError: they are no tensors.
        ShapeError: they differ in shape, or have less than two dimensions.

    Example:
        >>> a = torch.tensor([[1.0, -2.0, 3.0], [1.0, -2.0, 3.0]])
        >>> similarity(a, torch.tensor([[10.0, 20.0, 30.0], [3.0, 2.0, 1.0]]))
        tensor([ 1., -1.])

    Source: Adebayo et al., Sanity Checks for Saliency Maps (2018), section 3. Introduced in chapter 22.
    """
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        raise ArgumentError(f"expected two tensors of maps, got {type(a).__name__} and {type(b).__name__}")
    if a.shape != b.shape or a.dim() < 2:
        raise ShapeError(f"expected maps of one shape (n, …), got {tuple(a.shape)} and {tuple(b.shape)}")
    x, y = (_ranks(maps.detach().abs().flatten(1)) for maps in (a, b))
    x, y = (ranks - ranks.mean(dim=1, keepdim=True) for ranks in (x, y))
    found: Tensor = (x * y).sum(dim=1) / (x.norm(dim=1) * y.norm(dim=1))
    return found.to(torch.get_default_dtype())


def _ranks(rows: Tensor) -> Tensor:
    """Rank the values of each row, from 0; equal ones share the mean of their ranks."""
    rows = rows.contiguous()
    ordered = rows.sort(dim=1).values
    below, upto = (torch.searchsorted(ordered, rows, right=right) for right in (False, True))
    return (below + upto - 1).double() / 2


def deletion(
    net: nn.Module,
    images: Tensor,
    maps: Tensor,
    labels: Labels = None,
    *,
    steps: int = 16,
    fill: float | Tensor = 0.0,
) -> Tensor:
    """Take the pixels away, the most important first, and watch the score.

    The faster it falls, the better does the map tell what the score rests on.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        maps: importance of the pixels, shape (n, h, w); of maps (n, c, h, w) the absolute values are added up
            over the channels.
        labels: as for ``saliency``; None: the class that the net chooses for the whole image.
        steps: how often pixels are taken away, ≥ 1, equally many each time.
        fill: what stands in their place: a number, a colour (c,) or a picture (c, h, w).

    Returns:
        Scores before softmax, shape (n, steps + 1): the whole image first, none of it last.

    Raises:
        ArgumentError: as for ``saliency``, or no step.
        ShapeError: as for ``saliency``, maps or a fill that do not fit the images.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
        >>> net[1].weight.data = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
        >>> deletion(net, torch.ones(1, 1, 1, 4), net[1].weight.view(1, 1, 4), steps=4)
        tensor([[10.,  6.,  3.,  1.,  0.]])

    Source: Petsiuk, Das & Saenko, RISE (2018), section 4.2; Samek et al. (2017). Introduced in chapter 22.
    """
    steps = count("steps", steps)
    if not isinstance(maps, Tensor):
        raise ArgumentError(f"maps expects a tensor, got a {type(maps).__name__}")
    with at_rest(net), torch.no_grad():
        images = copied(net, images)
        n, c, h, w = images.shape
        if tuple(maps.shape) not in ((n, h, w), (n, c, h, w)):
            raise ShapeError(f"maps expects shape {(n, h, w)} or {(n, c, h, w)}, got {tuple(maps.shape)}")
        labels = chosen(net, images, labels)
        maps = maps.detach().to(images)
        flat = (maps.abs().sum(dim=1) if maps.dim() == 4 else maps).flatten(1)
        places = flat.argsort(dim=1, descending=True, stable=True)
        rank = torch.empty_like(places).scatter_(
            1, places, torch.arange(h * w, device=maps.device).expand(n, -1)
        )
        cover, rank = spread_out("fill", fill, images), rank.view(n, 1, h, w)
        scores = [
            scores_of(net, torch.where(rank < round(step * h * w / steps), cover, images), labels)
            for step in range(steps + 1)
        ]
        return torch.stack(scores, dim=1)
