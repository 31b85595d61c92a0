"""LeNet-5: convolution, sub-sampling, twice, then a classifier — the pattern of all that follow.

Paper: LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998).
Idea: detect the same strokes everywhere (shared weights), keep their rough place (sub-sampling), then decide.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.backbones.base import Backbone, flat, scaled
from cnncourse.backbones.registry import register
from cnncourse.errors import ArgumentError

# Table I of the paper: which of the six S2 maps feed each of the sixteen C3 maps.
C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),  # three neighbours
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),  # four neighbours
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),  # four, with a gap
    (0, 1, 2, 3, 4, 5),  # all six
)

# One 7×12 picture a digit, line by line. The paper draws them from a printed font; these are ours.
DIGITS = {
    0: ".......|..###..|.#...#.|#.....#|#.....#|#.....#|#.....#|#.....#|.#...#.|..###..|.......|.......",
    1: ".......|...#...|..##...|.#.#...|...#...|...#...|...#...|...#...|...#...|.#####.|.......|.......",
    2: ".......|.#####.|#.....#|......#|.....#.|....#..|...#...|..#....|.#.....|#######|.......|.......",
    3: ".......|.#####.|#.....#|......#|......#|..####.|......#|......#|#.....#|.#####.|.......|.......",
    4: ".......|....##.|...#.#.|..#..#.|.#...#.|#....#.|#######|.....#.|.....#.|.....#.|.......|.......",
    5: ".......|#######|#......|#......|######.|......#|......#|......#|#.....#|.#####.|.......|.......",
    6: ".......|..####.|.#.....|#......|######.|#.....#|#.....#|#.....#|#.....#|.#####.|.......|.......",
    7: ".......|#######|......#|.....#.|....#..|....#..|...#...|...#...|..#....|..#....|.......|.......",
    8: ".......|.#####.|#.....#|#.....#|#.....#|.#####.|#.....#|#.....#|#.....#|.#####.|.......|.......",
    9: ".......|.#####.|#.....#|#.....#|#.....#|.######|......#|......#|.....#.|.####..|.......|.......",
}


def _padding_and_map(image_size: int) -> tuple[int, int]:
    """Return the first layer's padding (2 for 28-pixel digits) and the side of the last feature map."""
    padding = 2 if image_size == 28 else 0
    return padding, ((image_size + 2 * padding - 4) // 2 - 4) // 2


@register("lenet5")
class LeNet5(Backbone):
    """LeNet-5 as it is built today: full connections, ReLU, max pooling, a linear classifier.

    61,706 parameters and 416,520 MACs for 1×32×32 images, 10 classes. A 28×28 image is padded to 32×32, so
    the count stays the same.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: pixels; 28 is padded to 32.
        width: factor for all channels and hidden units.

    Shapes: (n, in_channels, image_size, image_size) → logits (n, num_classes).

    Example:
        >>> net = LeNet5()
        >>> sum(parameter.numel() for parameter in net.parameters())
        61706
        >>> net(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 10])

    Source: LeCun et al. (1998), section II.B; the count is that of the widely used variant, 156 + 2,416 +
    48,120 + 10,164 + 850. Introduced in chapter 11.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 1, image_size: int = 32, *, width: float = 1
    ) -> None:
        super().__init__(
            num_classes=num_classes, in_channels=in_channels, image_size=image_size, min_size=16, exact=True
        )
        padding, side = _padding_and_map(image_size)
        c1, c3, c5, f6 = (scaled(channels, width) for channels in (6, 16, 120, 84))
        self.conv1 = nn.Conv2d(in_channels, c1, 5, padding=padding)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(c1, c3, 5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(c3 * side * side, c5)
        self.fc2 = nn.Linear(c5, f6)
        self.fc3 = nn.Linear(f6, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (n, num_classes)."""
        self.check(x)
        x = self.pool1(self.relu1(self.conv1(x)))  # (n, 6, 14, 14)
        x = self.pool2(self.relu2(self.conv2(x)))  # (n, 16, 5, 5)
        x = F.relu(self.fc1(flat(x)))  # (n, 120)
        x = F.relu(self.fc2(x))  # (n, 84)
        logits: Tensor = self.fc3(x)
        return logits


class ScaledTanh(nn.Module):
    """The paper's squashing function 1.7159 · tanh(2/3 · x): f(±1) = ±1, steepest curvature there.

    Example:
        >>> ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0])).round(decimals=3)
        tensor([-1.,  0.,  1.])

    Source: LeCun et al. (1998), eq. 6 and appendix A. Introduced in chapter 11.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the squashed values, same shape."""
        return 1.7159 * torch.tanh(x * (2 / 3))


class Subsample(nn.Module):
    """Add each 2×2 block, times one trained coefficient, plus one trained bias a channel.

    Args:
        channels: channels in and out; 2 · channels parameters.

    Shapes: (n, channels, h, w) → (n, channels, h//2, w//2).

    Example:
        >>> layer = Subsample(1)
        >>> layer(torch.ones(1, 1, 2, 2)).item()  # 4 · 0.25 + 0
        1.0

    Source: LeCun et al. (1998), section II.B, layer S2. Introduced in chapter 11.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sub-sampled maps."""
        return 4 * F.avg_pool2d(x, 2) * self.coefficient + self.bias


class PartialConv2d(nn.Module):
    """A convolution whose output maps each see only some input maps: layer C3.

    Held as a list of small convolutions, one an output map, so that the parameters are the paper's 1,516.

    Args:
        table: for every output map the numbers of the input maps it sees.
        kernel_size: pixels.

    Shapes: (n, c, h, w) → (n, len(table), h − kernel_size + 1, w − kernel_size + 1).

    Example:
        >>> sum(parameter.numel() for parameter in PartialConv2d(C3_TABLE, 5).parameters())
        1516

    Source: LeCun et al. (1998), table I. Introduced in chapter 11.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], kernel_size: int) -> None:
        super().__init__()
        self.table = table
        self.maps = nn.ModuleList(nn.Conv2d(len(row), 1, kernel_size) for row in table)

    def forward(self, x: Tensor) -> Tensor:
        """Return one map a row of the table."""
        return torch.cat([conv(x[:, list(row)]) for conv, row in zip(self.maps, self.table, strict=True)], 1)


class RBF(nn.Module):
    """Compare F6 with one fixed ±1 picture a class; the squared distance says how badly they fit.

    Args:
        num_classes: up to 10: the digits' pictures. More: fixed random ±1 codes.

    Shapes: (n, 84) → (n, num_classes). The *negative* distance comes out, so the largest value wins and
    cross-entropy works as for logits.

    Example:
        >>> rbf = RBF(10)
        >>> rbf(rbf.codes[3:4]).argmax().item()
        3

    Source: LeCun et al. (1998), eq. 7 and figure 3. Introduced in chapter 11.
    """

    codes: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        rows = [[1.0 if dot == "#" else -1.0 for dot in DIGITS[k] if dot != "|"] for k in range(10)]
        more = torch.randint(0, 2, (num_classes, 84), generator=torch.Generator().manual_seed(0)) * 2.0 - 1.0
        self.register_buffer("codes", torch.tensor(rows)[:num_classes] if num_classes <= 10 else more)

    def forward(self, x: Tensor) -> Tensor:
        """Return −Σⱼ (xⱼ − codeᵢⱼ)² for every class i."""
        return -(x.unsqueeze(1) - self.codes).square().sum(2)


@register("lenet5_1998")
class LeNet51998(Backbone):
    """LeNet-5 as printed: partial C3, trained sub-sampling, scaled tanh, C5 as a convolution, RBF outputs.

    60,000 trained parameters exactly, as the paper says (156 + 12 + 1,516 + 32 + 48,120 + 10,164); the 840
    numbers of the RBF pictures are fixed.

    Args:
        num_classes: classes.
        in_channels: channels of the images.
        image_size: 32, or 28 (padded to 32). The net has one size, as in the paper.
        width: only 1; the C3 table is the net.

    Shapes: (n, in_channels, image_size, image_size) → negative distances (n, num_classes), used like logits.

    Raises:
        ArgumentError: another image_size or width.

    Example:
        >>> sum(parameter.numel() for parameter in LeNet51998().parameters())
        60000

    Source: LeCun et al. (1998), section II.B; test error 0.95 % on MNIST. Introduced in chapter 11.
    """

    def __init__(
        self, num_classes: int = 10, in_channels: int = 1, image_size: int = 32, *, width: float = 1
    ) -> None:
        super().__init__(
            num_classes=num_classes, in_channels=in_channels, image_size=image_size, min_size=28, exact=True
        )
        if image_size not in (28, 32) or width != 1:
            raise ArgumentError(
                f"lenet5_1998 is built for image_size 28 or 32 and width 1, but got {image_size} and "
                f"{width}; lenet5 is the flexible variant"
            )
        self.c1 = nn.Conv2d(in_channels, 6, 5, padding=2 if image_size == 28 else 0)
        self.s2 = Subsample(6)
        self.c3 = PartialConv2d(C3_TABLE, 5)
        self.s4 = Subsample(16)
        self.c5 = nn.Conv2d(16, 120, 5)  # a convolution: on a 32×32 image its map happens to be 1×1
        self.f6 = nn.Linear(120, 84)
        self.rbf = RBF(num_classes)
        self.squash = ScaledTanh()
        self._initialise()

    def _initialise(self) -> None:
        """Draw weights from ±2.4 / fan-in, as appendix A does."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                limit = 2.4 / module.weight[0].numel()
                nn.init.uniform_(module.weight, -limit, limit)

    def forward(self, x: Tensor) -> Tensor:
        """Return negative distances, shape (n, num_classes)."""
        self.check(x)
        x = self.squash(self.c1(x))  # (n, 6, 28, 28)
        x = self.squash(self.s2(x))  # (n, 6, 14, 14)
        x = self.squash(self.c3(x))  # (n, 16, 10, 10)
        x = self.squash(self.s4(x))  # (n, 16, 5, 5)
        x = self.squash(self.c5(x))  # (n, 120, 1, 1)
        x = self.squash(self.f6(flat(x)))  # (n, 84)
        distances: Tensor = self.rbf(x)
        return distances
