"""Maps from gradients: how much does the score change with each pixel?"""

import torch
from torch import Tensor, nn

from cnncourse.errors import ShapeError
from cnncourse.explain.asking import Labels, at_rest, chosen, copied, gradient
from cnncourse.limits import count, number


def saliency(net: nn.Module, images: Tensor, labels: Labels = None) -> Tensor:
    r"""Differentiate the score of a class with respect to the pixels.

    $\partial S_c / \partial x$: which pixels need to change least for the score to change most? Simonyan and
    others show its absolute value, the largest of the channels: ``saliency(…).abs().amax(dim=1)``.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        labels: a class for all images, one for each, shape (n,), or None: the class that the net chooses.

    Returns:
        Signed slopes of the score before softmax, shape (n, c, h, w).

    Raises:
        ArgumentError: no such class, images that are no fractions or on another device, a net without scores.
        ShapeError: images that are no batch, or not one label for each.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
        >>> net[1].weight.data = torch.tensor([[1.0, -2.0], [3.0, 0.5]])
        >>> saliency(net, torch.ones(1, 1, 1, 2), 0)
        tensor([[[[ 1., -2.]]]])

    Source: Simonyan, Vedaldi & Zisserman, Deep Inside Convolutional Networks (2014), section 3.
    Introduced in chapter 22.
    """
    with at_rest(net):
        images = copied(net, images)
        return gradient(net, images, chosen(net, images, labels))


def input_times_gradient(net: nn.Module, images: Tensor, labels: Labels = None) -> Tensor:
    """Multiply each pixel by the slope of the score there.

    For a linear net without biases this shares the score out among the pixels; else it is a first guess.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        labels: as for ``saliency``.

    Returns:
        Shape (n, c, h, w).

    Raises:
        ArgumentError: as for ``saliency``.
        ShapeError: as for ``saliency``.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1, bias=False))
        >>> net[1].weight.data = torch.tensor([[1.0, -2.0]])
        >>> input_times_gradient(net, torch.tensor([[[[3.0, 0.0]]]]))
        tensor([[[[3., -0.]]]])

    Source: Shrikumar, Greenside, Shcherbina & Kundaje, Not Just a Black Box (2016).
    Introduced in chapter 22.
    """
    return saliency(net, images, labels) * images.detach()


def smooth_grad(
    net: nn.Module,
    images: Tensor,
    labels: Labels = None,
    *,
    noise: float = 0.15,
    copies: int = 16,
    seed: int = 0,
) -> Tensor:
    """Average the gradient over noisy copies of each image.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        labels: as for ``saliency``; None: the class that the net chooses for the image without noise.
        noise: standard deviation, as a part of each image's range (its largest value less its smallest), ≥ 0.
        copies: how many, ≥ 1.
        seed: of the noise.

    Returns:
        Shape (n, c, h, w).

    Raises:
        ArgumentError: as for ``saliency``, or noise or copies out of range.
        ShapeError: as for ``saliency``.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(2, 1))
        >>> torch.allclose(smooth_grad(net, torch.rand(1, 1, 1, 2)).flatten(), net[1].weight)
        True

    Source: Smilkov, Thorat, Kim, Viégas & Wattenberg, SmoothGrad (2017). Introduced in chapter 22.
    """
    number("noise", noise, at_least=0)
    copies = count("copies", copies)
    draw = torch.Generator().manual_seed(seed)
    with at_rest(net):
        images = copied(net, images)
        labels = chosen(net, images, labels)
        spread = noise * (images.amax(dim=(1, 2, 3)) - images.amin(dim=(1, 2, 3))).view(-1, 1, 1, 1)
        total = torch.zeros_like(images)
        for _ in range(copies):
            total += gradient(
                net, images + spread * torch.randn(images.shape, generator=draw).to(images), labels
            )
        return total / copies


def integrated_gradients(
    net: nn.Module,
    images: Tensor,
    labels: Labels = None,
    *,
    baseline: float | Tensor | None = None,
    steps: int = 32,
) -> Tensor:
    r"""Add the gradient up along the straight way from a baseline to the image.

    $(x - x') \cdot \int_0^1 \partial S_c(x' + \alpha (x - x')) / \partial x \; d\alpha$, by the rule of
    midpoints. A map is complete: its sum is the score of the image less that of the baseline, but for the
    error of a finite number of steps.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        labels: as for ``saliency``.
        baseline: where the way begins: a number, a tensor that spreads to the images' shape, or None: zero,
            which is black only where black is zero.
        steps: gradients on the way, ≥ 1.

    Returns:
        Shape (n, c, h, w).

    Raises:
        ArgumentError: as for ``saliency``, or no step.
        ShapeError: as for ``saliency``, or a baseline that does not spread to the images' shape.

    Example:
        >>> net = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(2, 1))
        >>> image = torch.tensor([[[[3.0, -1.0]]]])
        >>> share = integrated_gradients(net, image)
        >>> torch.allclose(share.sum(), (net(image) - net(0 * image)).squeeze(), atol=1e-6)
        True

    Source: Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks (2017), eq. 1 and 3.
    Introduced in chapter 22.
    """
    steps = count("steps", steps)
    with at_rest(net):
        images = copied(net, images)
        labels = chosen(net, images, labels)
        start = spread_out("baseline", 0.0 if baseline is None else baseline, images)
        total = torch.zeros_like(images)
        for step in range(steps):
            total += gradient(net, start + (step + 0.5) / steps * (images - start), labels)
        return (images - start) * total / steps


def spread_out(name: str, value: float | Tensor, images: Tensor) -> Tensor:
    """Spread a number, a colour (c,) or a picture to the shape of images.

    Raises:
        ShapeError: it does not fit.

    Example:
        >>> spread_out("fill", torch.tensor([1.0, 2.0]), torch.zeros(1, 2, 1, 2))
        tensor([[[[1., 1.]],
        <BLANKLINE>
                 [[2., 2.]]]])
    """
    colours = torch.as_tensor(value).detach().to(images)
    if colours.dim() == 1:
        colours = colours.view(-1, 1, 1)
    try:
        return colours.expand(images.shape)
    except RuntimeError:
        raise ShapeError(
            f"{name} expects a number, a colour of {images.shape[1]} channels or a picture of shape "
            f"{tuple(images.shape[1:])}, got shape {tuple(torch.as_tensor(value).shape)}"
        ) from None
