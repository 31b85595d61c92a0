"""Feature pyramid network: every scale gets maps that are both rich in meaning and precise in place.

Paper: Lin et al., "Feature Pyramid Networks for Object Detection" (2017).
Idea: a net's early maps are sharp but know only edges; its late maps know objects but are coarse. Send the
late maps back down, doubled in size at each step, and add the early ones: every level then has both.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.diagrams.features import features
from cnncourse.diagrams.trace import trace
from cnncourse.errors import ArgumentError, ShapeError

RESNET = ("layer1", "layer2", "layer3", "layer4")  # C2 … C5: strides 4, 8, 16, 32


class FPN(nn.Module):
    """Lateral 1×1 convolutions, a top-down path with nearest up-sampling, 3×3 smoothing.

    No activation and no normalisation anywhere, as in the paper. The 3×3 convolutions smooth the staircase
    that nearest up-sampling leaves.

    Args:
        in_channels: channels of C2, C3, …, finest first.
        channels: channels of every level of the pyramid.
        extra: one more level, every second pixel of the coarsest (P6 of the paper, for large objects).
        first: number of the finest level; 2 means stride 2² = 4.

    Shapes: maps (n, in_channels[i], hᵢ, wᵢ), finest first → {"P2": (n, channels, h₀, w₀), …}. Sizes need not
    be halves of one another: the top-down path goes to the size of the finer map.

    Raises:
        ArgumentError: no level.
        ShapeError: another number of maps, other channels, or a map larger than the one before it.

    Example:
        >>> import torch
        >>> maps = [torch.zeros(1, 64, 25, 25), torch.zeros(1, 128, 13, 13)]
        >>> {name: tuple(level.shape) for name, level in FPN((64, 128), 32)(maps).items()}
        {'P2': (1, 32, 25, 25), 'P3': (1, 32, 13, 13), 'P4': (1, 32, 7, 7)}

    Source: Lin et al. (2017), section 3, figure 3. Introduced in chapter 15.
    """

    def __init__(
        self, in_channels: Sequence[int], channels: int = 256, *, extra: bool = True, first: int = 2
    ) -> None:
        super().__init__()
        if not in_channels:
            raise ArgumentError("a pyramid needs at least one level: pass the channels of the maps")
        self.lateral = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in in_channels)
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in in_channels)
        self.in_channels = tuple(in_channels)
        self.extra, self.first = extra, first
        for layer in (*self.lateral, *self.smooth):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the levels by name, finest first."""
        self._check(maps)
        levels = [lateral(x) for lateral, x in zip(self.lateral, maps, strict=True)]
        for fine in range(len(levels) - 2, -1, -1):  # from the top down
            size = levels[fine].shape[-2:]
            levels[fine] = levels[fine] + F.interpolate(levels[fine + 1], size=size, mode="nearest")
        levels = [smooth(x) for smooth, x in zip(self.smooth, levels, strict=True)]
        if self.extra:
            levels.append(F.max_pool2d(levels[-1], kernel_size=1, stride=2))
        return {f"P{self.first + number}": level for number, level in enumerate(levels)}

    def _check(self, maps: Sequence[Tensor]) -> None:
        channels = tuple(x.shape[1] for x in maps)
        if channels != self.in_channels:
            raise ShapeError(f"FPN expects maps of {self.in_channels} channels, but got {channels}")
        heights = [x.shape[-2] for x in maps]
        if heights != sorted(heights, reverse=True):
            raise ShapeError(f"FPN expects the finest maps first, but got heights {heights}")


class Pyramid(nn.Module):
    """A net with a feature pyramid on top: images in, maps of one depth at every scale out.

    Args:
        net: a ResNet, or any net whose layers you name. It is shared, not copied; its classifier stays in
            it and gets no gradient.
        layers: names of the layers that give C2, C3, …, finest first.
        channels: channels of every level.
        extra: one more level at the top, as for ``FPN``.
        input_size: (channels, height, width) of an image; None: the net's own.

    Shapes: images (n, c, h, w) → {"P2": (n, channels, h/4, w/4), …, "P6": (n, channels, h/64, w/64)}.

    Raises:
        ArgumentError: a name that the net does not have.

    Example:
        >>> import torch
        >>> from cnncourse import backbones
        >>> pyramid = Pyramid(backbones.create("resnet18", width=0.125, image_size=128), channels=16).eval()
        >>> [tuple(level.shape[1:]) for level in pyramid(torch.zeros(1, 3, 128, 128)).values()]
        [(16, 32, 32), (16, 16, 16), (16, 8, 8), (16, 4, 4), (16, 2, 2)]

    Source: Lin et al. (2017), section 3. Introduced in chapter 15.
    """

    def __init__(
        self,
        net: nn.Module,
        layers: Sequence[str] = RESNET,
        channels: int = 256,
        *,
        extra: bool = True,
        input_size: tuple[int, int, int] | None = None,
    ) -> None:
        super().__init__()
        self.maps = features(net, layers)
        self.fpn = FPN(channels_of(net, layers, input_size), channels, extra=extra)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the levels by name, finest first."""
        levels: dict[str, Tensor] = self.fpn(list(self.maps(x).values()))
        return levels


def channels_of(
    net: nn.Module, layers: Sequence[str], input_size: tuple[int, int, int] | None = None
) -> tuple[int, ...]:
    """Return the channels of the maps that the named layers give.

    Args:
        net: the net.
        layers: names as in ``net.named_modules()``.
        input_size: (channels, height, width) of an image; None: the net's own.

    Raises:
        ArgumentError: a layer that does not take part in the forward pass.

    Example:
        >>> from cnncourse import backbones
        >>> channels_of(backbones.create("resnet18"), ["layer1", "layer4"])
        (64, 512)

    Introduced in chapter 15.
    """
    last = {}
    for op in trace(net, input_size):
        last.update(dict.fromkeys((name for name in layers if f"{op.name}.".startswith(f"{name}.")), op))
    missing = [name for name in layers if name not in last]
    if missing:
        raise ArgumentError(f"no image passes through the layer {missing[0]!r}: choose another one")
    return tuple(last[name].shape[0] for name in layers)
