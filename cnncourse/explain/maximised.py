"""Images that a unit of a net likes best, found by climbing."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.explain.asking import at_rest, copied, layer_and_scores, slope
from cnncourse.limits import count, integer, number

_BLUR_EVERY = 4  # steps, as in the paper


def maximise(
    net: nn.Module,
    layer: str | None = None,
    unit: int = 0,
    *,
    shape: tuple[int, int, int],
    steps: int = 128,
    lr: float = 0.05,
    jitter: int = 0,
    blur: float = 0.0,
    decay: float = 0.0,
    seed: int = 0,
) -> Tensor:
    """Change an image, step by step, so that a unit answers more strongly.

    It begins with faint noise. A step goes up the gradient, ``lr`` long (root mean square a pixel). Without a
    regulariser the picture is full of fine patterns that no photograph has; each of the three regularisers
    forbids some of them. A unit that the noise leaves at zero behind its ReLU has no slope: take the layer
    before.

    Args:
        net: the net; it is asked in eval mode and left as it was. The image is made on its device.
        layer: a name as in ``named_modules()``; None: the net's own scores.
        unit: which class, unit or channel; of a channel the mean of its map is made large.
        shape: (c, h, w) of the image.
        steps: how many, ≥ 1.
        lr: length of a step, in the units of the pixels, above 0.
        jitter: before each step the image moves by up to so many pixels, round the edge, then back.
        blur: standard deviation, in pixels, of a Gaussian that blurs every fourth image; 0: none.
        decay: part of each pixel that is lost with every step, from 0 and below 1.
        seed: of the noise and of the jitter.

    Returns:
        The image, shape (1, c, h, w). Its values are not held within any range.

    Raises:
        ArgumentError: no such layer or unit, or a setting out of range.
        ShapeError: a shape that is no (c, h, w), or that the net does not take.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False))
        >>> net[1].weight.data = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
        >>> maximise(net, shape=(1, 2, 2), steps=20).sign().flatten()
        tensor([ 1., -1.,  1., -1.])

    Source: Erhan, Bengio, Courville & Vincent, Visualizing Higher-Layer Features of a Deep Network (2009);
    regularisers: Yosinski et al., Understanding Neural Networks Through Deep Visualization (2015), section 3;
    jitter: Mordvintsev, Olah & Tyka, Inceptionism (2015). Introduced in chapter 22.
    """
    if not isinstance(shape, tuple | list | torch.Size) or len(shape) != 3:
        raise ShapeError(f"shape expects (channels, height, width), got {shape!r}")
    sides = [count("each length of shape", side) for side in shape]
    steps, jitter, unit = count("steps", steps), count("jitter", jitter, at_least=0), integer("unit", unit)
    number("lr", lr, above=0)
    number("blur", blur, at_least=0)
    number("decay", decay, at_least=0, below=1)
    draw = torch.Generator().manual_seed(seed)
    with at_rest(net):
        like = next(net.parameters(), torch.zeros(()))
        image = copied(net, 0.1 * torch.randn(1, *sides, generator=draw).to(like.detach()))
        for step in range(steps):
            move = torch.randint(-jitter, jitter + 1, (2,), generator=draw).tolist()
            leaf = image.roll(move, dims=(2, 3)).requires_grad_()
            up = slope(_answer(net, leaf.clone(), layer, unit), leaf).roll([-move[0], -move[1]], dims=(2, 3))
            length = up.square().mean().sqrt()
            image = image + lr * up / length if length > 0 else image
            image = image * (1 - decay)
            if blur and (step + 1) % _BLUR_EVERY == 0:
                image = blurred(image, blur)
        return image


def _answer(net: nn.Module, image: Tensor, layer: str | None, unit: int) -> Tensor:
    """Return how strongly a unit answers; of a channel the mean."""
    out = net(image) if layer is None else layer_and_scores(net, image, layer)[0]
    if not isinstance(out, Tensor) or out.dim() < 2:
        raise ArgumentError(f"expected a net that returns scores (n, classes), got a {type(out).__name__}")
    if not 0 <= unit < out.shape[1]:
        where = "the net's scores" if layer is None else f"the layer {layer!r}"
        raise ArgumentError(f"unit expects 0 to {out.shape[1] - 1} in {where}, got {unit}")
    return out[:, unit].mean()


def blurred(images: Tensor, deviation: float) -> Tensor:
    """Blur images with a Gaussian, mirrored at the border as far as the image reaches.

    Args:
        images: shape (n, c, h, w).
        deviation: in pixels, above 0.

    Returns:
        The same shape.

    Example:
        >>> dot = torch.zeros(1, 1, 7, 7)
        >>> dot[..., 3, 3] = 1
        >>> round(blurred(dot, 0.5).sum().item(), 4)
        1.0
    """
    for dim in (2, 3):
        reach = min(max(1, round(3 * deviation)), images.shape[dim] - 1)
        bell = torch.exp(-torch.arange(-reach, reach + 1).to(images).square() / (2 * deviation**2))
        kernel = (bell / bell.sum()).view(1, 1, -1, 1) if dim == 2 else (bell / bell.sum()).view(1, 1, 1, -1)
        pad = (0, 0, reach, reach) if dim == 2 else (reach, reach, 0, 0)
        each = F.pad(images.flatten(0, 1)[:, None], pad, mode="reflect")
        images = F.conv2d(each, kernel).view_as(images)
    return images
