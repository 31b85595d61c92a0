"""What a layer looks through: kernel, stride, dilation, groups, read off a module or a call of a function."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from cnncourse import geometry

Size = tuple[int, int]
"""Height and width."""

UNKNOWN: Size = (0, 0)
"""A receptive field that cannot be told from shapes alone, as in attention; tables show a question mark."""

_ARGUMENTS = {
    "conv": ("stride", "padding", "dilation", "groups"),
    "conv_transpose": ("stride", "padding", "output_padding", "groups", "dilation"),
    "avg_pool": ("kernel_size", "stride"),
    "max_pool": ("kernel_size", "stride", "padding", "dilation"),
    "lp_pool": ("norm_type", "kernel_size", "stride"),
}
"""Names of the arguments behind the tensors, in their order."""


@dataclass(frozen=True)
class Window:
    """One window, as long as the picture has axes.

    Attributes:
        kind: "conv" or "pool".
        kernel, stride, dilation: along each axis.
        groups: of channels that are kept apart.
        transposed: the stride enlarges.
    """

    kind: str
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    transposed: bool = False

    @property
    def words(self) -> str:
        """Such as "3×3 / 2, 8 groups"."""
        words = "×".join(map(str, self.kernel)) + (f" / {self.stride[0]}" if max(self.stride) > 1 else "")
        words += f", {self.groups} groups" if self.groups > 1 else ""
        return words + (", transposed" if self.transposed else "")

    def sees(self, field: Size | None, jump: Size) -> tuple[Size | None, Size]:
        """Return receptive field and distance of neighbours, in pixels of the image, behind the window.

        Example:
            >>> Window("conv", (3, 3), (2, 2), (1, 1)).sees((5, 5), (2, 2))
            ((9, 9), (4, 4))
        """
        if len(self.kernel) != 2:
            return (field and UNKNOWN), jump
        spans = [geometry.effective_kernel(self.kernel[i], self.dilation[i]) for i in (0, 1)]
        if self.transposed:  # a value out touches every stride-th weight
            spans = [-(-spans[i] // self.stride[i]) for i in (0, 1)]
            after = max(jump[0] // self.stride[0], 1), max(jump[1] // self.stride[1], 1)
        else:
            after = jump[0] * self.stride[0], jump[1] * self.stride[1]
        if field is None or field == UNKNOWN:
            return field, after
        return (field[0] + (spans[0] - 1) * jump[0], field[1] + (spans[1] - 1) * jump[1]), after


def of_module(module: nn.Module) -> Window | None:
    """Return the window of a layer; None if it has none.

    Example:
        >>> of_module(nn.MaxPool2d(3, stride=2)).words
        '3×3 / 2'
    """
    if isinstance(module, nn.Conv2d):
        kernel, stride, dilation = (_axes(v, 2) for v in (module.kernel_size, module.stride, module.dilation))
        return Window("conv", kernel, stride, dilation, module.groups)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        steps = _axes(getattr(module, "dilation", 1), 2)
        return Window("pool", _axes(module.kernel_size, 2), _axes(module.stride, 2), steps)
    return None


def of_call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Window | None:
    """Return the window of a function of ``torch.nn.functional``; None if it has none.

    Args:
        name: of the function.
        args: what it was called with.
        kwargs: likewise, by name.

    Example:
        >>> of_call("avg_pool2d", (None,), {"kernel_size": 3}).words
        '3×3 / 3'
    """
    stem, axes = name.strip("_").removesuffix("_with_indices"), 0
    if stem[-2:] in ("1d", "2d", "3d"):
        stem, axes = stem[:-2], int(stem[-2])
    if stem not in _ARGUMENTS or not axes:
        return None
    convolution = stem.startswith("conv")
    behind = args[3:] if convolution else args[1:]
    given = dict(zip(_ARGUMENTS[stem], behind, strict=False)) | kwargs
    if convolution:
        weight = given.get("weight", args[1] if len(args) > 1 else None)
        kernel = tuple(weight.shape[2:])  # type: ignore[union-attr]
    else:
        kernel = _axes(given["kernel_size"], axes)
    stride = given.get("stride")
    stride = (1,) * axes if stride is None and convolution else kernel if not stride else _axes(stride, axes)
    return Window(
        "conv" if convolution else "pool", kernel, stride, _axes(given.get("dilation", 1), axes),
        int(given.get("groups", 1)), stem == "conv_transpose",
    )  # fmt: skip


def _axes(value: Any, axes: int) -> tuple[int, ...]:
    """Write a number out for each axis; torch takes a list, a tuple or one number."""
    values = tuple(int(one) for one in value) if isinstance(value, tuple | list) else (int(value),)
    return values * axes if len(values) == 1 else values
