"""Maps from the middle of a net: its feature maps, and those of them that speak for a class."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.explain.asking import Labels, at_rest, chosen, copied, layer_and_scores, scored


def activations(net: nn.Module, images: Tensor, layer: str) -> Tensor:
    """Return what a layer gives for each image.

    Args:
        net: any net; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        layer: a name as in ``named_modules()``.

    Returns:
        The layer's output without a history, mostly feature maps (n, channels, h', w').

    Raises:
        ArgumentError: no such layer, or one that gives no single tensor; images as for ``saliency``.
        ShapeError: images that are no batch.

    Example:
        >>> activations(nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)), torch.ones(1, 1, 4, 4), "1").shape
        torch.Size([1, 1, 2, 2])

    Introduced in chapter 22; for several layers, and with gradients, see ``diagrams.features``.
    """
    with at_rest(net), torch.no_grad():
        return layer_and_scores(net, copied(net, images), layer)[0]


def grad_cam(
    net: nn.Module, images: Tensor, layer: str, labels: Labels = None, *, size: str | None = None
) -> Tensor:
    r"""Add up a layer's feature maps, each weighted by how much the score hangs on it.

    $\mathrm{ReLU}(\sum_k \alpha_k A^k)$ with $\alpha_k$ the mean of $\partial S_c / \partial A^k$ over it.

    Args:
        net: a classifier; it is asked in eval mode and left as it was.
        images: shape (n, c, h, w).
        layer: a name as in ``named_modules()``, most often the last with maps.
        labels: as for ``saliency``.
        size: None: the map is enlarged to the images' size, bilinearly; "map": it stays as it is.

    Returns:
        Shape (n, h, w), ≥ 0. It is zero everywhere where no map speaks for the class.

    Raises:
        ArgumentError: as for ``saliency``, no such layer, or another size.
        ShapeError: as for ``saliency``, or a layer that gives no feature maps.

    Example:
        >>> net = nn.Sequential(nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        >>> image = torch.tensor([[[[0.0, 8.0]], [[4.0, 0.0]]]])  # the score of class 0: the first map's mean
        >>> grad_cam(net, image, "0", 0)  # half of the first map
        tensor([[[0., 4.]]])

    Source: Selvaraju et al., Grad-CAM (2017), eq. 1 and 2. Introduced in chapter 22.
    """
    if size not in (None, "map"):
        raise ArgumentError(f"size expects None, the images' size, or 'map', the layer's own; got {size!r}")
    with at_rest(net):
        images = copied(net, images)
        labels = chosen(net, images, labels)
        maps, output = layer_and_scores(net, images.clone().requires_grad_(), layer)
        if maps.dim() != 4:
            raise ShapeError(
                f"layer expects one that gives feature maps (n, c, h, w), but {layer!r} gives "
                f"{tuple(maps.shape)}"
            )
        score = scored(output).gather(1, labels[:, None]).sum()
        slopes = torch.autograd.grad(score, maps, allow_unused=True)[0]
        if slopes is None:
            raise ArgumentError(f"no score depends on the layer {layer!r}: choose another one")
        weights = slopes.mean(dim=(2, 3), keepdim=True)  # (n, channels, 1, 1)
        found = (weights * maps.detach()).sum(dim=1).relu()
    if size == "map":
        return found
    return F.interpolate(found[:, None], images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
