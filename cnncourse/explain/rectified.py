"""Maps from gradients that are rectified on the way back: guided backpropagation and the deconvnet."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnncourse.errors import ArgumentError
from cnncourse.explain.asking import Labels, at_rest, chosen, copied, gradient, layer_and_scores, slope
from cnncourse.limits import integer

_RELUS = (
    F.relu,
    F.relu_,
    F.relu6,
    F.hardtanh,
    F.hardtanh_,
    torch.relu,
    torch.relu_,
    Tensor.relu,
    Tensor.relu_,
)
_OTHERS = (F.hardswish, F.silu, F.gelu, F.leaky_relu, F.elu, F.selu, F.celu, F.mish, F.prelu, F.softplus)
"""What stands where a ReLU might stand: for these nobody has said what the rules would be."""


class _Rectified(torch.autograd.Function):
    """A ReLU, or a ReLU6, that lets no negative gradient pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, top: float, guided: bool) -> Tensor:
        ctx.guided = guided
        ctx.save_for_backward((x > 0) & (x < top))
        return x.clamp(0, top)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        back = grads[0].clamp(min=0)
        return (back * ctx.saved_tensors[0] if ctx.guided else back), None, None


class _Rectifying(TorchFunctionMode):
    """Puts such a ReLU in the place of each one that a net computes: as a layer, as a function, in place.

    It stands in the way of torch's functions, not in the net: the net's modules have no part in it.
    """

    def __init__(self, name: str, *, guided: bool) -> None:
        super().__init__()
        self.name, self.guided, self.met = name, guided, 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _OTHERS:
            raise ArgumentError(
                f"{self.name} is a rule for nets with ReLU or ReLU6, but this one computes {func.__name__} — "
                "saliency, integrated_gradients, occlusion and grad_cam take every net"
            )
        top = _top(func, *args, **kwargs) if func in _RELUS else None
        if top is None:
            return func(*args, **kwargs)
        self.met += 1
        x = args[0] if args else kwargs["input"]
        result: Tensor = _Rectified.apply(x, top, self.guided)
        return x.copy_(result) if _in_place(func, *args, **kwargs) else result

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        super().__exit__(exc_type, exc_value, traceback)  # type: ignore[no-untyped-call]
        if exc_type is None and not self.met:
            raise ArgumentError(f"{self.name} is a rule for nets with ReLU, but this one computes none")


def _top(func: Callable[..., Any], *args: Any, **kwargs: Any) -> float | None:
    """Tell where a rectifier stops; None: it is no rectifier, as a hardtanh from −1 to 1."""
    if func is F.relu6:
        return 6.0
    if func not in (F.hardtanh, F.hardtanh_):
        return float("inf")
    low, high = dict(enumerate(args)), kwargs
    bottom = high.get("min_val", low.get(1, -1.0))
    return float(high.get("max_val", low.get(2, 1.0))) if bottom == 0 else None


def _in_place(func: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Tell whether a rectifier writes into what it is given."""
    place = {F.relu: 1, F.relu6: 1, F.hardtanh: 3}.get(func)
    if place is None:
        return func in (F.relu_, F.hardtanh_, torch.relu_, Tensor.relu_)
    return bool(kwargs.get("inplace", args[place] if len(args) > place else False))


def guided_backprop(net: nn.Module, images: Tensor, labels: Labels = None) -> Tensor:
    """Differentiate the score, and at each ReLU let only positive gradients pass.

    A gradient passes where the ReLU was active *and* the gradient is positive. The maps are crisp; chapter 22
    shows that they hardly depend on the class, or on the upper layers' weights.

    Args:
        net: a classifier; it is asked in eval mode and left as it was. Each ReLU and ReLU6 that it computes
            follows the rule, whether layer, function or in place. Gates (sigmoid, tanh, softmax) keep their
            own gradient.
        images: shape (n, c, h, w).
        labels: as for ``saliency``.

    Returns:
        Shape (n, c, h, w).

    Raises:
        ArgumentError: as for ``saliency``; or the net computes no ReLU, or another activation for which there
            is no such rule: hard swish, SiLU, GELU, leaky ReLU, ELU, …
        ShapeError: as for ``saliency``.

    Example:
        >>> net = nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(2, 1, bias=False))
        >>> net[2].weight.data = torch.tensor([[1.0, -2.0]])
        >>> guided_backprop(net, torch.ones(1, 1, 1, 2))  # saliency: 1 and −2
        tensor([[[[1., 0.]]]])

    Source: Springenberg, Dosovitskiy, Brox & Riedmiller, Striving for Simplicity (2015), section 3.4.
    Introduced in chapter 22.
    """
    with at_rest(net):
        images = copied(net, images)
        labels = chosen(net, images, labels)
        with _Rectifying("guided_backprop", guided=True):
            return gradient(net, images, labels)


def deconvnet(net: nn.Module, images: Tensor, layer: str, channel: int | None = None) -> Tensor:
    """Project the strongest activation of a layer down to the pixels.

    All other activations are set to zero. Going down, a convolution is transposed, a max pooling puts a value
    back where it came from, and a ReLU lets positive values pass, wherever it was active or not.

    Args:
        net: the net; it is asked in eval mode and left as it was. As for ``guided_backprop``, each ReLU and
            ReLU6 follows the rule; whatever else it computes goes down by its own gradient.
        images: shape (n, c, h, w).
        layer: a name as in ``named_modules()``.
        channel: which of the layer's maps; None: for each image the one with the strongest activation.

    Returns:
        Shape (n, c, h, w).

    Raises:
        ArgumentError: no such layer or channel; images, or a net, that are refused as by ``guided_backprop``.
        ShapeError: images that are no batch.

    Example:
        >>> double = nn.Conv2d(1, 1, 1, bias=False)
        >>> _ = nn.init.constant_(double.weight, 2)
        >>> deconvnet(nn.Sequential(double, nn.ReLU()), torch.tensor([[[[1.0, 3.0]]]]), "0")  # 6 · 2
        tensor([[[[ 0., 12.]]]])

    Source: Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (2014), section 2.1.
    Introduced in chapter 22.
    """
    with at_rest(net):
        leaf = copied(net, images).requires_grad_()
        with _Rectifying("deconvnet", guided=False):
            maps, _ = layer_and_scores(net, leaf.clone(), layer)
            found = maps.flatten(2) if maps.dim() > 2 else maps[..., None]  # (n, channels, places)
            if channel is not None:
                one = integer("channel", channel)
                if not 0 <= one < found.shape[1]:
                    raise ArgumentError(
                        f"channel expects 0 to {found.shape[1] - 1} in the layer {layer!r}, got {one}"
                    )
                found = found[:, one : one + 1]
            strongest = found.flatten(1).amax(dim=1)
        return slope(strongest, leaf, strongest.detach())
