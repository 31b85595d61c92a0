"""Write down every operation that a net carries out: modules entered, functions called, and their cost."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from cnncourse.diagrams.windows import UNKNOWN, Size, of_call, of_module

_POOLS = (nn.MaxPool2d, nn.AvgPool2d)
_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.Sigmoid, nn.Hardswish, nn.Hardsigmoid, nn.Tanh, nn.SiLU)
_NORMS = ("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm")
_FREE = {
    *_NORMS,
    "add",
    "sub",
    "cat",
    "stack",
    "concat",
    "where",
    "prelu",
    "expand",
    "expand_as",
    "clone",
    "to",
}
"""Functions that take weights and do not multiply by them."""
_GATHER = ("mean", "sum", "amax", "max", "amin", "logsumexp", "adaptive_avg_pool2d", "adaptive_max_pool2d")
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
        field: receptive field, (height, width) in pixels; None: the whole image; UNKNOWN: shapes alone do not
            tell, as in attention.
        uncounted: the function that multiplies by weights in a way that torch cannot count, or "".
    """

    kind: str
    name: str
    detail: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    params: int
    macs: int
    field: Size | None
    uncounted: str = dataclasses.field(default="", repr=False)


@dataclass(frozen=True)
class _Tag:
    """What is known of a tensor: where it came from, its receptive field, pixels from value to value."""

    op: int
    field: Size | None
    jump: Size


class Recorder(TorchFunctionMode):
    """Sees every torch function that the model calls, and by hooks every module it enters."""

    def __init__(self, image: Tensor, weights: Iterable[Tensor], counter: FlopCounterMode) -> None:
        super().__init__()
        self.ops: list[Op] = []
        self.tags = {id(image): _Tag(-1, (1, 1), (1, 1))}
        self.alive = [image, *weights]  # ids are only unique while the tensors live
        self.weights = {id(tensor) for tensor in self.alive[1:]}  # and what is computed of them alone
        self.path: list[str] = [""]
        self.leaves = 0  # how many modules deep in one that counts as a single operation
        self.counter, self.before = counter, 0

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Hook every module for the time of one forward pass."""
        handles = []
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(self._enter(name)))
            handles.append(module.register_forward_hook(self._leave(name), with_kwargs=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, name: str) -> Callable[[nn.Module, Any], None]:
        def hook(module: nn.Module, args: Any) -> None:
            self.path.append(name)
            if self.leaves == 0:
                self.before = self.counter.get_total_flops()
            self.leaves += isinstance(module, _LEAVES)

        return hook

    def _leave(self, name: str) -> Callable[[nn.Module, Any, Any, Any], None]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            self.path.pop()
            if isinstance(module, _LEAVES):
                self.leaves -= 1
                if self.leaves == 0:
                    self._module(name, module, _tensors((*args, *kwargs.values()))[0], output)

        return hook

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, then record it if it made a tensor of tensors that came from the image."""
        before = self.counter.get_total_flops()
        output = func(*args, **(kwargs or {}))
        given = _tensors((*args, *(kwargs or {}).values()))
        new = [t for t in _tensors(output) if id(t) not in self.tags and id(t) not in self.weights]
        if self.leaves == 0 and new:
            known = [tensor for tensor in given if id(tensor) in self.tags]
            if known:
                self.before = before
                self._function(getattr(func, "__name__", "function"), args, kwargs or {}, known, new)
        if new and given and all(id(tensor) in self.weights for tensor in given):
            self._of_weights(new)
        return output

    def _of_weights(self, tensors: list[Tensor]) -> None:
        self.weights.update(id(tensor) for tensor in tensors)
        self.alive.extend(tensors)

    def _spent(self) -> int:
        """Return the multiplications since the present operation began."""
        return (self.counter.get_total_flops() - self.before) // 2

    def _keep(self, op: Op, jump: Size, outputs: list[Tensor]) -> None:
        for tensor in outputs:
            self.tags[id(tensor)] = _Tag(len(self.ops), op.field, jump)
            self.alive.append(tensor)
        self.ops.append(op)

    def _function(
        self, func: str, args: tuple[Any, ...], kwargs: dict[str, Any], known: list[Tensor], new: list[Tensor]
    ) -> None:
        kind = {"__add__": "add", "iadd": "add", "__mul__": "mul"}.get(
            func, "norm" if func in _NORMS else func
        )
        main = [t for t in known if t.dim() < 4 or t.shape[-1] > 1] or known  # leave 1×1 gates (SE) aside
        tags = [self.tags[id(tensor)] for tensor in (main if kind == "mul" else known)]
        field, jump, detail, macs = _widest(tags), tags[0].jump, "", self._spent()
        if window := of_call(func, args, kwargs):
            kind, detail = window.kind, ("max " if "max" in func else "") + window.words
            field, jump = window.sees(field, jump)
        elif func in _GATHER and _all_places(known[0], new[0]):
            field = None
        elif macs:
            field = None if field is None or (kind == "linear" and known[0].dim() == 2) else UNKNOWN
        op = Op(kind, self.path[-1], detail, tuple(self.tags[id(t)].op for t in known),
                tuple(new[0].shape[1:]), 0, macs, field,
                "" if macs else self._uncounted(func, _tensors((*args, *kwargs.values()))))  # fmt: skip
        self._keep(op, jump, new)

    def _uncounted(self, func: str, given: list[Tensor]) -> str:
        """Name a function that multiplies by weights, though nothing was counted; "" for all others."""
        name = func.strip("_")
        name = name[1:] if name in ("iadd", "radd", "isub", "rsub", "imul", "rmul") else name
        matrix = any(id(t) in self.weights and sum(length > 1 for length in t.shape) > 1 for t in given)
        costly = name.startswith("fft") or name == "cdist"
        return name if costly or (matrix and name not in _FREE) else ""

    def _module(self, name: str, module: nn.Module, x: Tensor, out: Tensor) -> None:
        if id(x) in self.weights:
            self._of_weights([out])
            return
        tag = self.tags.get(id(x), _Tag(len(self.ops) - 1, UNKNOWN, (1, 1)))  # made where nobody could look
        field, jump, detail, kind, macs = tag.field, tag.jump, "", _kind(module), self._spent()
        if window := of_module(module):
            detail = window.words
            field, jump = window.sees(field, jump)
        elif isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d) and out.shape != x.shape:
            field, detail = None, "global" if out.shape[-1] == 1 else "adaptive"
        elif isinstance(module, nn.Linear):
            field = None if field is None or x.dim() == 2 else UNKNOWN
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


def _widest(tags: list[_Tag]) -> Size | None:
    fields = [tag.field for tag in tags if tag.field is not None]
    if len(fields) < len(tags):
        return None
    if UNKNOWN in fields:
        return UNKNOWN
    return max(height for height, _ in fields), max(width for _, width in fields)


def _all_places(x: Tensor, out: Tensor) -> bool:
    """Tell whether maps became single numbers."""
    return x.dim() == 4 and x.shape[2:].numel() > 1 and (out.dim() < 3 or out.shape[2:].numel() == 1)
