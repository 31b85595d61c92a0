"""Answers to exercise 15: mistakes that learners make, and other right ways."""

import math

import torch
import torch.nn.functional as F
from torchvision.ops import FeaturePyramidNetwork

from tests.exercises.bank import right, wrong


@wrong("area-for-side", fails={"level-value"}, hint="level-area")
def level_of(w, h, k0=4, canonical=224, lowest=2, highest=5):
    """Takes the area, so that each step counts twice."""
    k = math.floor(k0 + math.log2(w * h / canonical**2))
    return min(max(k, lowest), highest)


@wrong("longer-side", fails={"level-value"}, hint="level-longer")
def level_of(w, h, k0=4, canonical=224, lowest=2, highest=5):
    """Takes the longer side."""
    k = math.floor(k0 + math.log2(max(w, h) / canonical))
    return min(max(k, lowest), highest)


@wrong("natural-logarithm", fails={"level-value"}, hint="level-natural")
def level_of(w, h, k0=4, canonical=224, lowest=2, highest=5):
    """Takes math.log for log2."""
    k = math.floor(k0 + math.log(math.sqrt(w * h) / canonical))
    return min(max(k, lowest), highest)


@wrong("nearest-level", fails={"level-value"}, hint="level-round")
def level_of(w, h, k0=4, canonical=224, lowest=2, highest=5):
    """Rounds to the nearest."""
    k = round(k0 + math.log2(math.sqrt(w * h) / canonical))
    return min(max(k, lowest), highest)


@wrong("beyond-the-pyramid", fails={"level-ends"}, hint="level-free")
def level_of(w, h, k0=4, canonical=224, lowest=2, highest=5):
    """The honest partial: the formula is right; its ends are not held."""
    return math.floor(k0 + math.log2(math.sqrt(w * h) / canonical))


@wrong("near-enough", fails={"level-value"}, hint="level-floor")
def level_of(w, h, k0=4, canonical=225, lowest=2, highest=5):
    """A constant that is one too large."""
    k = math.floor(k0 + math.log2(math.sqrt(w * h) / canonical))
    return min(max(k, lowest), highest)


@right("two-logarithms")
def level_of(w, h, k0=4, canonical=224, lowest=2, highest=5):
    """Sums of logarithms, and torch to hold the ends."""
    k = k0 + (math.log2(w) + math.log2(h)) / 2 - math.log2(canonical)
    return int(torch.tensor(k).floor().clamp(lowest, highest))


@right("doubled-and-cut")
def pyramid(maps, lateral, smooth):
    """Doubles, and cuts off what is too much: the same cells, where a size is halved and rounded up."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in reversed(range(len(sums) - 1)):
        up = F.interpolate(sums[i + 1], scale_factor=2, mode="nearest")
        sums[i] = sums[i] + up[:, :, : sums[i].shape[2], : sums[i].shape[3]]
    return [F.conv2d(s, w, padding=1) for s, w in zip(sums, smooth)]


@wrong("wide-frame", fails={"pyramid-shape", "pyramid-top", "pyramid-value"}, hint="pyramid-sizes")
def pyramid(maps, lateral, smooth):
    """Pads by 2."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in reversed(range(len(sums) - 1)):
        sums[i] = sums[i] + F.interpolate(sums[i + 1], size=sums[i].shape[2:])
    return [F.conv2d(s, w, padding=2) for s, w in zip(sums, smooth)]


@wrong("by-name", fails={"pyramid-shape", "pyramid-top", "pyramid-value"}, hint="pyramid-list")
def pyramid(maps, lateral, smooth):
    """Gives a dictionary, as the course's class does."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in reversed(range(len(sums) - 1)):
        sums[i] = sums[i] + F.interpolate(sums[i + 1], size=sums[i].shape[2:])
    return {f"P{k}": F.conv2d(s, w, padding=1) for k, (s, w) in enumerate(zip(sums, smooth), 2)}


@wrong("each-on-its-own", fails={"pyramid-value"}, hint="pyramid-apart")
def pyramid(maps, lateral, smooth):
    """The honest partial: the coarsest level is right, and nothing comes down."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    return [F.conv2d(s, w, padding=1) for s, w in zip(sums, smooth)]


@wrong("neighbours-only", fails={"pyramid-value"}, hint="pyramid-one")
def pyramid(maps, lateral, smooth):
    """Adds the next lateral, not the sum."""
    own = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    sums = [a + F.interpolate(b, size=a.shape[2:]) for a, b in zip(own, own[1:])] + own[-1:]
    return [F.conv2d(s, w, padding=1) for s, w in zip(sums, smooth)]


@wrong("smoothed-goes-down", fails={"pyramid-value"}, hint="pyramid-early")
def pyramid(maps, lateral, smooth):
    """Smooths before it hands down."""
    levels = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in reversed(range(len(levels))):
        if i + 1 < len(levels):
            levels[i] = levels[i] + F.interpolate(levels[i + 1], size=levels[i].shape[2:])
        levels[i] = F.conv2d(levels[i], smooth[i], padding=1)
    return levels


@wrong("bilinear", fails={"pyramid-value"}, hint="pyramid-bilinear")
def pyramid(maps, lateral, smooth):
    """Blends."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in reversed(range(len(sums) - 1)):
        sums[i] = sums[i] + F.interpolate(sums[i + 1], size=sums[i].shape[2:], mode="bilinear")
    return [F.conv2d(s, w, padding=1) for s, w in zip(sums, smooth)]


@wrong("never-smoothed", fails={"pyramid-top", "pyramid-value"}, hint="pyramid-rough")
def pyramid(maps, lateral, smooth):
    """Forgets the 3×3."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in reversed(range(len(sums) - 1)):
        sums[i] = sums[i] + F.interpolate(sums[i + 1], size=sums[i].shape[2:])
    return sums


@wrong("from-fine-to-coarse", fails={"pyramid-value"}, hint="pyramid-one")
def pyramid(maps, lateral, smooth):
    """Goes through the levels in the wrong order."""
    sums = [F.conv2d(m, w) for m, w in zip(maps, lateral)]
    for i in range(len(sums) - 1):
        sums[i] = sums[i] + F.interpolate(sums[i + 1], size=sums[i].shape[2:])
    return [F.conv2d(s, w, padding=1) for s, w in zip(sums, smooth)]


@right("by-indices")
def pyramid(maps, lateral, smooth):
    """The stretching as a choice of rows and columns; the 1×1 as a product."""
    out, down = [], None
    for m, one, three in reversed(list(zip(maps, lateral, smooth))):
        own = torch.einsum("nchw,oc->nohw", m, one[:, :, 0, 0])
        if down is not None:
            (h, w), (a, b) = own.shape[2:], down.shape[2:]
            rows, columns = torch.arange(h) * a // h, torch.arange(w) * b // w
            own = own + down[:, :, rows][:, :, :, columns]
        down = own
        out.insert(0, F.conv2d(F.pad(down, (1, 1, 1, 1)), three))
    return out


@right("with-torchvision")
def pyramid(maps, lateral, smooth):
    """torchvision's module with these weights and biases of 0."""
    net = FeaturePyramidNetwork([m.shape[1] for m in maps], lateral[0].shape[0])
    with torch.no_grad():
        for inner, layer, one, three in zip(net.inner_blocks, net.layer_blocks, lateral, smooth):
            inner[0].weight.copy_(one)
            layer[0].weight.copy_(three)
            inner[0].bias.zero_()
            layer[0].bias.zero_()
        return list(net({str(i): m for i, m in enumerate(maps)}).values())


@wrong("as-in-resnet", fails={"darknet-value", "darknet-stage"}, hint="darknet-after")
def darknet_block(x, squeeze, expand):
    """The activation behind the sum."""
    maps = F.leaky_relu(F.conv2d(x, squeeze), 0.1)
    return F.leaky_relu(x + F.conv2d(maps, expand, padding=1), 0.1)


@wrong("linear-end", fails={"darknet-value", "darknet-stage"}, hint="darknet-linear")
def darknet_block(x, squeeze, expand):
    """No activation behind the 3×3."""
    maps = F.leaky_relu(F.conv2d(x, squeeze), 0.1)
    return x + F.conv2d(maps, expand, padding=1)


@wrong("default-slope", fails={"darknet-value", "darknet-stage"}, hint="darknet-slope")
def darknet_block(x, squeeze, expand):
    """PyTorch's default slope."""
    maps = F.leaky_relu(F.conv2d(x, squeeze))
    return x + F.leaky_relu(F.conv2d(maps, expand, padding=1))


@wrong("plain-relu", fails={"darknet-value", "darknet-stage"}, hint="darknet-relu")
def darknet_block(x, squeeze, expand):
    """ReLU."""
    return x + F.conv2d(F.conv2d(x, squeeze).relu(), expand, padding=1).relu()


@wrong("no-shortcut", fails={"darknet-value", "darknet-stage"}, hint="darknet-alone")
def darknet_block(x, squeeze, expand):
    """Without the sum."""
    maps = F.leaky_relu(F.conv2d(x, squeeze), 0.1)
    return F.leaky_relu(F.conv2d(maps, expand, padding=1), 0.1)


@right("largest-of-two")
def darknet_block(x, squeeze, expand):
    """LeakyReLU as a maximum."""
    maps = F.conv2d(x, squeeze)
    maps = F.conv2d(torch.maximum(maps, 0.1 * maps), expand, padding="same")
    return torch.add(torch.maximum(maps, 0.1 * maps), x)


@wrong("one-block", fails={"darknet-stage"}, hint="darknet-first")
def darknet_stage(x, down, blocks):
    """Returns inside the loop."""
    x = F.leaky_relu(F.conv2d(x, down, stride=2, padding=1), 0.1)
    for squeeze, expand in blocks:
        return darknet_block(x, squeeze, expand)
    return x


@wrong("never-halved", fails={"darknet-stage"}, hint="darknet-down")
def darknet_stage(x, down, blocks):
    """Forgets the stride."""
    x = F.leaky_relu(F.conv2d(x, down, padding=1), 0.1)
    for squeeze, expand in blocks:
        x = darknet_block(x, squeeze, expand)
    return x


@wrong("straight-down", fails={"darknet-stage"}, hint="darknet-stages")
def darknet_stage(x, down, blocks):
    """No activation behind the strided layer."""
    x = F.conv2d(x, down, stride=2, padding=1)
    for squeeze, expand in blocks:
        x = darknet_block(x, squeeze, expand)
    return x


@right("stage-folded")
def darknet_stage(x, down, blocks):
    """One function applied over a list."""
    from functools import reduce

    begun = F.leaky_relu(F.conv2d(x, down, None, 2, 1), negative_slope=0.1)
    return reduce(lambda maps, pair: darknet_block(maps, *pair), blocks, begun)


@wrong("no-biases", fails={"count-value"}, hint="count-biases")
def count_pyramid(in_channels, channels):
    """Kernels only."""
    return sum(c * channels + 9 * channels**2 for c in in_channels)


@wrong("laterals-only", fails={"count-value"}, hint="count-lateral")
def count_pyramid(in_channels, channels):
    """The 1×1 alone."""
    return sum(c * channels + channels for c in in_channels)


@wrong("smoothing-only", fails={"count-value"}, hint="count-smooth")
def count_pyramid(in_channels, channels):
    """The 3×3 alone."""
    return len(in_channels) * (9 * channels**2 + channels)


@wrong("one-smoothing", fails={"count-value"}, hint="count-parts")
def count_pyramid(in_channels, channels):
    """One 3×3 for all."""
    return sum(c * channels + channels for c in in_channels) + 9 * channels**2 + channels


@right("pencil")
def count_pyramid(in_channels, channels):
    """The formula."""
    levels = len(in_channels)
    return channels * (sum(in_channels) + levels * (9 * channels + 2))


@wrong("nothing-is-a-class", fails={"mend-what"}, hint="reader-classes")
def read_level(answer, k):
    """The honest partial: the places are right."""
    kind = answer[:-2].argmax(0)
    things = []
    for row, column in kind.nonzero().tolist():
        down, right = answer[-2:, row, column].tolist()
        things.append([int(kind[row, column]), (row + 0.5 + down) * 2**k, (column + 0.5 + right) * 2**k])
    return things


@wrong("shift-for-a-class", fails={"mend-what", "mend-where"}, hint="reader-list")
def read_level(answer, k):
    """Takes the first shift for one more logit."""
    kind = answer[:-1].argmax(0)
    things = []
    for row, column in kind.nonzero().tolist():
        down, right = answer[-2:, row, column].tolist()
        things.append([int(kind[row, column]) - 1, (row + 0.5 + down) * 2**k, (column + 0.5 + right) * 2**k])
    return things


@wrong("from-the-corner", fails={"mend-where"}, hint="reader-middle")
def read_level(answer, k):
    """Without the half."""
    kind = answer[:-2].argmax(0)
    things = []
    for row, column in kind.nonzero().tolist():
        down, right = answer[-2:, row, column].tolist()
        things.append([int(kind[row, column]) - 1, (row + down) * 2**k, (column + right) * 2**k])
    return things


@wrong("shifts-swapped", fails={"mend-where"}, hint="reader-swapped")
def read_level(answer, k):
    """Rows for columns."""
    kind = answer[:-2].argmax(0)
    things = []
    for row, column in kind.nonzero().tolist():
        right, down = answer[-2:, row, column].tolist()
        things.append([int(kind[row, column]) - 1, (row + 0.5 + down) * 2**k, (column + 0.5 + right) * 2**k])
    return things


@wrong("twice-k", fails={"mend-where"}, hint="reader-width")
def read_level(answer, k):
    """Multiplies where it should raise to a power."""
    kind = answer[:-2].argmax(0)
    things = []
    for row, column in kind.nonzero().tolist():
        down, right = answer[-2:, row, column].tolist()
        things.append(
            [int(kind[row, column]) - 1, (row + 0.5 + down) * 2 * k, (column + 0.5 + right) * 2 * k]
        )
    return things


@wrong("shift-in-pixels", fails={"mend-where"}, hint="reader-pixels")
def read_level(answer, k):
    """Adds the shift as pixels."""
    kind = answer[:-2].argmax(0)
    things = []
    for row, column in kind.nonzero().tolist():
        down, right = answer[-2:, row, column].tolist()
        things.append([int(kind[row, column]) - 1, (row + 0.5) * 2**k + down, (column + 0.5) * 2**k + right])
    return things


@right("all-at-once")
def read_level(answer, k):
    """Tensors, and a list at the very end."""
    best = answer[:-2].max(0).indices
    row, column = torch.where(best > 0)
    centre = torch.stack([row, column], 1).float() + 0.5
    centre = (centre + answer[-2:, row, column].T) * float(1 << k)
    kinds = (best[row, column] - 1).tolist()
    return [[kind, *place] for kind, place in zip(kinds, centre.tolist())]
