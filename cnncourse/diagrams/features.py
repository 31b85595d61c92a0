"""Take maps out of the middle of a net, by the names of its layers."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from cnncourse.errors import ArgumentError, did_you_mean


class Features(nn.Module):
    """A net that returns the outputs of chosen layers in place of its logits.

    Args:
        model: the net; its weights are shared, not copied.
        layers: names as in ``named_modules()``.

    Shapes: what ``model`` takes → {name: output of that layer}.

    Raises:
        ArgumentError: a name that the model does not have.

    Introduced in chapter 10.
    """

    def __init__(self, model: nn.Module, layers: Sequence[str]) -> None:
        super().__init__()
        known = dict(model.named_modules())
        for name in layers:
            if name not in known or not name:
                hint = did_you_mean(name, known, "named_modules() lists them")
                raise ArgumentError(f"the net has no layer {name!r} — {hint}")
        self.model = model
        self.layers = tuple(layers)

    def forward(self, *inputs: Any) -> dict[str, Tensor]:
        """Run the net once and return the chosen layers' outputs, in the order asked for."""
        found: dict[str, Tensor] = {}

        def keep(name: str) -> Any:
            def hook(module: nn.Module, args: Any, output: Tensor) -> None:
                found[name] = output

            return hook

        modules = dict(self.model.named_modules())
        handles = [modules[name].register_forward_hook(keep(name)) for name in self.layers]
        try:
            self.model(*inputs)
        finally:
            for handle in handles:
                handle.remove()
        return {name: found[name] for name in self.layers}


def features(model: nn.Module, layers: Sequence[str]) -> Features:
    """Build a net that returns the outputs of the named layers.

    Args:
        model: any module; its weights are shared.
        layers: names as in ``model.named_modules()``.

    Returns:
        A module: images in, a dict from name to feature maps out. Gradients flow as usual.

    Raises:
        ArgumentError: a name that the model does not have; the message suggests the nearest.

    Example:
        >>> import torch
        >>> from cnncourse import backbones
        >>> maps = features(backbones.create("lenet5"), ["pool1", "fc2"])(torch.zeros(1, 1, 32, 32))
        >>> {name: tuple(output.shape) for name, output in maps.items()}
        {'pool1': (1, 6, 14, 14), 'fc2': (1, 84)}

    Introduced in chapter 10.
    """
    return Features(model, layers)
