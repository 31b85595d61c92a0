"""The receptive field: which pixels of the image one cell of a deep layer can see."""

from collections.abc import Iterable
from dataclasses import dataclass

from cnncourse.errors import ArgumentError
from cnncourse.geometry.numbers import whole
from cnncourse.geometry.sizes import effective_kernel, out_size


@dataclass(frozen=True)
class Layer:
    """A sliding window, convolution or pooling, along one axis. Chapter 03 introduces it.

    Attributes:
        kernel_size: taps, ≥ 1.
        stride: pixels of its input from one stop to the next, ≥ 1.
        padding: pixels added at each end, ≥ 0.
        dilation: pixels from one tap to the next, ≥ 1.
        name: what a table calls it; empty for "3×3", "3×3 /2" and the like.

    Raises:
        ArgumentError: a number is out of range.

    Example:
        >>> Layer(3, stride=2, padding=1).label
        '3×3 /2'
    """

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    name: str = ""

    def __post_init__(self) -> None:
        whole(1, kernel_size=self.kernel_size, stride=self.stride, dilation=self.dilation)
        whole(0, padding=self.padding)

    @property
    def label(self) -> str:
        """The name, or one made of the kernel, the stride and the dilation."""
        stride = f" /{self.stride}" if self.stride > 1 else ""
        dilation = f" d{self.dilation}" if self.dilation > 1 else ""
        return self.name or f"{self.kernel_size}×{self.kernel_size}{stride}{dilation}"


@dataclass(frozen=True)
class Field:
    """What one cell of a feature map sees of the image, along one axis.

    Attributes:
        name: the layer's label.
        size: pixels of the image from the first to the last that one cell depends on.
        jump: pixels of the image between the fields of two neighbouring cells: the product of the strides.
        start: first pixel of the field of cell 0; negative where it begins in the padding.
        out: cells of the map, None where no image size was given.

    Example:
        >>> Field("3×3", size=5, jump=2, start=-1, out=4).pixels(1)
        range(1, 6)
    """

    name: str
    size: int
    jump: int
    start: int
    out: int | None = None

    def pixels(self, cell: int) -> range:
        """List the pixels of the image that a cell sees; indices below 0 or past the end are padding."""
        first = self.start + cell * self.jump
        return range(first, first + self.size)


def receptive_field(layers: Iterable[Layer], image_size: int | None = None) -> list[Field]:
    """Follow the receptive field through a stack of layers, from the image to the last map.

    A window of `span` cells, `jump` pixels apart, adds (span − 1)·jump pixels to what one cell saw before;
    a stride multiplies the jump for everything that follows. Chapter 03 introduces it.

    Args:
        layers: the stack, first layer first.
        image_size: pixels of the image along the axis, to fill in the size of each map.

    Returns:
        One `Field` a layer, in the same order.

    Raises:
        ArgumentError: there is no layer, or a map would be smaller than the next layer's window.

    Example:
        >>> [field.size for field in receptive_field([Layer(3), Layer(3), Layer(3)])]
        [3, 5, 7]
        >>> stem = [Layer(7, stride=2, padding=3), Layer(3, stride=2, padding=1)]
        >>> receptive_field(stem, image_size=224)[-1]
        Field(name='3×3 /2', size=11, jump=4, start=-5, out=56)

    Source: Araujo, Norris & Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill (2019),
    equations 2 and 3, followed from the image up.
    """
    fields: list[Field] = []
    size, jump, start, out = 1, 1, 0, image_size
    for layer in layers:
        size += (effective_kernel(layer.kernel_size, layer.dilation) - 1) * jump
        start -= layer.padding * jump
        jump *= layer.stride
        if out is not None:
            out = out_size(out, layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        fields.append(Field(layer.label, size, jump, start, out))
    if not fields:
        raise ArgumentError("receptive_field expects at least one Layer, got none")
    return fields
