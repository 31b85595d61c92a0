"""Follow an image through a net and write down every operation: what summaries and drawings are made from.

No arithmetic takes place: the tensors are on the "meta" device and have a shape but no values.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from cnncourse import geometry
from cnncourse.errors import ArgumentError

Size = tuple[int, int]
_POOLS = (nn.MaxPool2d, nn.AvgPool2d)
_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Sigmoid, nn.Hardswish, nn.Hardsigmoid, nn.Tanh, nn.SiLU)
_LEAVES = (
    *(nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.BatchNorm1d, nn.Dropout, nn.AdaptiveAvgPool2d),
    *(nn.AdaptiveMaxPool2d, nn.Upsample),
    *_POOLS,
    *_ACTIVATIONS,
)


@dataclass(frozen=True)
class Op:
    """One operation on the way through a net.

    Attributes:
        kind: "conv", "linear", "pool", "norm", "activation", "dropout", "add", "cat", "mul" or another
            function's name.
        name: the module that does it, as in ``named_modules()``; for a bare function the module that calls
            it.
        detail: the window in words, such as "3×3 / 2".
        inputs: indices of the operations that feed it; -1 is the image.
        shape: of the output without the batch.
        params: parameters of the module.
        macs: multiply-and-add operations for one image.
        field: receptive field, (height, width) in pixels; None: the whole image.
    """

    kind: str
    name: str
    detail: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    params: int
    macs: int
    field: Size | None


@dataclass(frozen=True)
class _Tag:
    """What is known of a tensor: where it came from, its receptive field, pixels from value to value."""

    op: int
    field: Size | None
    jump: Size


def input_shape(model: nn.Module, input_size: tuple[int, int, int] | None = None) -> tuple[int, int, int]:
    """Return (channels, height, width) of an image for this model.

    Args:
        model: a net of the course, or any other one.
        input_size: (channels, height, width); None: the net's own ``in_channels`` and ``image_size``.

    Raises:
        ArgumentError: None given, and the model is not one of the course's.

    Example:
        >>> from cnncourse import backbones
        >>> input_shape(backbones.create("lenet5"))
        (1, 32, 32)

    Introduced in chapter 10.
    """
    if input_size is not None:
        return input_size
    channels, size = getattr(model, "in_channels", None), getattr(model, "image_size", None)
    if not isinstance(channels, int) or not isinstance(size, int):
        raise ArgumentError(f"{type(model).__name__} does not tell its image size: pass input_size=(c, h, w)")
    return channels, size, size


def trace(model: nn.Module, input_size: tuple[int, int, int] | None = None) -> list[Op]:
    """List the operations of a forward pass in eval mode, in order.

    Args:
        model: the net; it is left as it was.
        input_size: (channels, height, width); None: the net's own.

    Returns:
        One ``Op`` for every module or function that was called.

    Example:
        >>> from cnncourse import backbones
        >>> [(op.kind, op.shape, op.field) for op in trace(backbones.create("lenet5"))][:3]
        [('conv', (6, 28, 28), (5, 5)), ('activation', (6, 28, 28), (5, 5)), ('pool', (6, 14, 14), (6, 6))]

    Introduced in chapter 10.
    """
    image = torch.empty(1, *input_shape(model, input_size), device="meta")
    state = {
        key: value.detach().to("meta") for key, value in (*model.named_parameters(), *model.named_buffers())
    }
    recorder = _Recorder(image)
    training = model.training
    model.eval()
    try:
        with recorder.watching(model), torch.no_grad(), recorder:
            functional_call(model, state, (image,))
    finally:
        model.train(training)
    return recorder.ops


class _Recorder(TorchFunctionMode):
    """Sees every torch function that the model calls, and by hooks every module it enters."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.ops: list[Op] = []
        self.tags = {id(image): _Tag(-1, (1, 1), (1, 1))}
        self.alive = [image]  # ids are only unique while the tensors live
        self.path: list[str] = [""]
        self.inside_leaf = False

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Hook every module for the time of one forward pass."""
        handles = []
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(self._enter(name)))
            handles.append(module.register_forward_hook(self._leave(name)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, name: str) -> Callable[[nn.Module, Any], None]:
        def hook(module: nn.Module, args: Any) -> None:
            self.path.append(name)
            self.inside_leaf = isinstance(module, _LEAVES)

        return hook

    def _leave(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            self.path.pop()
            if isinstance(module, _LEAVES):
                self.inside_leaf = False
                self._module(name, module, args[0], output)

        return hook

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, then record it if it made a tensor of tensors that came from the image."""
        output = func(*args, **(kwargs or {}))
        if not self.inside_leaf:
            known = [tensor for tensor in _tensors(args) if id(tensor) in self.tags]
            new = [tensor for tensor in _tensors(output) if id(tensor) not in self.tags]
            if known and new:
                self._function(getattr(func, "__name__", "function"), args, known, new)
        return output

    def _keep(self, op: Op, jump: Size, outputs: list[Tensor]) -> None:
        for tensor in outputs:
            self.tags[id(tensor)] = _Tag(len(self.ops), op.field, jump)
            self.alive.append(tensor)
        self.ops.append(op)

    def _function(self, func: str, args: tuple[Any, ...], known: list[Tensor], new: list[Tensor]) -> None:
        kind = {"__add__": "add", "iadd": "add", "__mul__": "mul", "avg_pool2d": "pool"}.get(func, func)
        main = [t for t in known if t.dim() < 4 or t.shape[-1] > 1] or known  # leave 1×1 gates (SE) aside
        tags = [self.tags[id(tensor)] for tensor in (main if kind == "mul" else known)]
        field, jump, detail = _widest(tags), tags[0].jump, ""
        if kind == "pool":
            window = (int(args[1]), int(args[1]))
            field, jump, detail = (
                _grow(field, jump, window, window),
                _times(jump, window),
                _words(window, window),
            )
        inputs = tuple(self.tags[id(tensor)].op for tensor in known)
        self._keep(Op(kind, self.path[-1], detail, inputs, tuple(new[0].shape[1:]), 0, 0, field), jump, new)

    def _module(self, name: str, module: nn.Module, x: Tensor, out: Tensor) -> None:
        tag = self.tags[id(x)]
        field, jump, detail, kind, macs = tag.field, tag.jump, "", _kind(module), 0
        if isinstance(module, nn.Conv2d):
            kernel, stride, dilation = _pair(module.kernel_size), _pair(module.stride), _pair(module.dilation)
            field = _grow(field, jump, kernel, dilation=dilation)
            jump, detail = _times(jump, stride), _words(kernel, stride, module.groups)
            macs = geometry.conv_macs(
                module.in_channels, module.out_channels, kernel, out.shape[2], out.shape[3], module.groups
            )
        elif isinstance(module, _POOLS):
            kernel, stride = _pair(module.kernel_size), _pair(module.stride)
            field, jump, detail = _grow(field, jump, kernel), _times(jump, stride), _words(kernel, stride)
        elif isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d) and out.shape != x.shape:
            field, detail = None, "global" if out.shape[-1] == 1 else "adaptive"
        elif isinstance(module, nn.Linear):
            field, macs = None, module.in_features * module.out_features
        params = sum(parameter.numel() for parameter in module.parameters())
        if id(out) not in self.tags:
            self._keep(
                Op(kind, name, detail, (tag.op,), tuple(out.shape[1:]), params, macs, field), jump, [out]
            )


def _kind(module: nn.Module) -> str:
    kinds: tuple[tuple[str, Any], ...] = (
        ("conv", nn.Conv2d),
        ("linear", nn.Linear),
        ("pool", (*_POOLS, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)),
        ("norm", (nn.BatchNorm2d, nn.BatchNorm1d)),
        ("dropout", nn.Dropout),
        ("activation", _ACTIVATIONS),
    )
    return next((kind for kind, types in kinds if isinstance(module, types)), type(module).__name__.lower())


def _tensors(value: Any) -> list[Tensor]:
    """Find the tensors in nested tuples and lists."""
    if isinstance(value, Tensor):
        return [value]
    return [t for item in value for t in _tensors(item)] if isinstance(value, tuple | list) else []


def _pair(value: Any) -> Size:
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))


def _widest(tags: list[_Tag]) -> Size | None:
    fields = [tag.field for tag in tags if tag.field is not None]
    if len(fields) < len(tags):
        return None
    return max(height for height, _ in fields), max(width for _, width in fields)


def _grow(
    field: Size | None, jump: Size, kernel: Size, stride: Size = (1, 1), dilation: Size = (1, 1)
) -> Size | None:
    """Widen a receptive field by a window: field + (span − 1) · jump."""
    if field is None:
        return None
    spans = [geometry.effective_kernel(kernel[i], dilation[i]) for i in (0, 1)]
    return field[0] + (spans[0] - 1) * jump[0], field[1] + (spans[1] - 1) * jump[1]


def _times(jump: Size, stride: Size) -> Size:
    return jump[0] * stride[0], jump[1] * stride[1]


def _words(kernel: Size, stride: Size, groups: int = 1) -> str:
    words = f"{kernel[0]}×{kernel[1]}" + (f" / {stride[0]}" if max(stride) > 1 else "")
    return words + (f", {groups} groups" if groups > 1 else "")
