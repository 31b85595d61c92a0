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
        ArgumentError: a name that the model does not have; in the forward pass: a layer that is not called.

    Introduced in chapter 10.
    """

    def __init__(self, model: nn.Module, layers: Sequence[str]) -> None:
        super().__init__()
        if isinstance(layers, str) or not isinstance(layers, Sequence):
            raise ArgumentError(f"layers expects a list of names, got {layers!r}")
        known = dict(model.named_modules())
        for name in layers:
            if name not in known or not name:
                hint = did_you_mean(str(name), known, "named_modules() lists them")
                raise ArgumentError(f"the net has no layer {name!r} — {hint}")
        self.model = model
        self.layers = tuple(layers)

    def forward(self, *inputs: Any) -> dict[str, Any]:
        """Run the net once and return the chosen layers' outputs, in the order asked for."""
        found: dict[str, list[Any]] = {name: [] for name in self.layers}

        def keep(name: str) -> Any:
            def hook(module: nn.Module, args: Any, output: Any) -> Any:
                mine, further = _apart(output, args)
                found[name].append(mine)
                return further

            return hook

        modules = dict(self.model.named_modules())
        handles = [modules[name].register_forward_hook(keep(name)) for name in found]
        try:
            self.model(*inputs)
        finally:
            for handle in handles:
                handle.remove()
        for name, outputs in found.items():
            if not outputs:
                raise ArgumentError(f"no image passes through the layer {name!r}: choose another one")
        return {name: outputs[0] if len(outputs) == 1 else tuple(outputs) for name, outputs in found.items()}


def _apart(output: Any, args: Any) -> tuple[Any, Any]:
    """Return an output to keep and one to hand on: no later layer can change in place what was kept."""
    if isinstance(output, Tensor):
        given = [one for one in args if isinstance(one, Tensor)]
        passed_on = any(output is one or output._base is one or output._base is one._base is not None
                        for one in given)  # fmt: skip
        mine = output.clone() if passed_on else output
        return mine, mine.clone()
    if isinstance(output, dict):
        pairs = {key: _apart(value, args) for key, value in output.items()}
        return {key: mine for key, (mine, _) in pairs.items()}, {
            key: other for key, (_, other) in pairs.items()
        }
    if type(output) in (tuple, list):
        both = [_apart(value, args) for value in output]
        return type(output)(mine for mine, _ in both), type(output)(other for _, other in both)
    return output, output


def features(model: nn.Module, layers: Sequence[str]) -> Features:
    """Build a net that returns the outputs of the named layers.

    Args:
        model: any module; its weights are shared.
        layers: names as in ``model.named_modules()``.

    Returns:
        A module: images in, a dict from name to feature maps out. A layer that is called several times, such
        as a shared ReLU, gives a tuple of all its outputs. The maps are as the layer gave them, even where
        a later layer works in place. Gradients flow as usual.

    Raises:
        ArgumentError: a name that the model does not have (the message suggests the nearest); in the forward
            pass: a layer that no image passes through.

    Example:
        >>> import torch
        >>> from cnncourse import backbones
        >>> maps = features(backbones.create("lenet5"), ["pool1", "fc2"])(torch.zeros(1, 1, 32, 32))
        >>> {name: tuple(output.shape) for name, output in maps.items()}
        {'pool1': (1, 6, 14, 14), 'fc2': (1, 84)}

    Introduced in chapter 10.
    """
    return Features(model, layers)
