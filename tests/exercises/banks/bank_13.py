"""Answers to exercise 13: mistakes that learners make, and other right ways."""

import math

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("sum-never-taken", fails={"block-value", "block-kernels"}, hint="block-missing")
def block(x, weight1, weight2):
    """Keeps x under a name, and never adds it."""
    residual = x
    out = F.conv2d(x, weight1, padding="same").relu()
    out = F.conv2d(out, weight2, padding="same")
    del residual
    return out.relu()


@wrong("relu-before-the-sum", fails={"block-value", "block-kernels"}, hint="block-late")
def block(x, weight1, weight2):
    """Adds behind the last ReLU."""
    out = F.conv2d(x, weight1, padding="same").relu()
    return F.conv2d(out, weight2, padding="same").relu() + x


@wrong("relu-on-both-sides", fails={"block-value", "block-kernels"}, hint="block-twice")
def block(x, weight1, weight2):
    """Puts a ReLU behind each convolution, and one over the sum."""
    out = F.conv2d(x, weight1, padding="same").relu()
    return (F.conv2d(out, weight2, padding="same").relu() + x).relu()


@wrong("no-relu-between", fails={"block-value", "block-kernels"}, hint="block-linear")
def block(x, weight1, weight2):
    """Two convolutions in a row, which are one."""
    out = F.conv2d(F.conv2d(x, weight1, padding="same"), weight2, padding="same")
    return (out + x).relu()


@wrong("always-three-by-three", fails={"block-kernels"}, hint="block-padding")
def block(x, weight1, weight2):
    """The honest partial: pads by 1, whatever the kernels are."""
    out = F.conv2d(x, weight1, padding=1).relu()
    return (F.conv2d(out, weight2, padding=1)[:, :, : x.shape[2], : x.shape[3]] + x).relu()


@wrong("x-added-into", fails={"block-value"}, hint="block-keep")
def block(x, weight1, weight2):
    """Adds in place, and the caller's x is gone."""
    out = F.conv2d(x, weight1, padding=weight1.shape[2] // 2).relu()
    x += F.conv2d(out, weight2, padding=weight2.shape[2] // 2)
    return x.relu()


@right("as-a-module")
def block(x, weight1, weight2):
    """A class inside, in double precision."""

    class Block(torch.nn.Module):
        def forward(self, x):
            out = torch.relu(F.conv2d(x, weight1.double(), padding="same"))
            return torch.clamp(F.conv2d(out, weight2.double(), padding="same") + x, min=0)

    return Block()(x.double())


@right("padded-by-hand")
def block(x, weight1, weight2):
    """F.pad in front of each convolution."""

    def conv(maps, weight):
        side = (len(weight[0, 0]) - 1) // 2
        return F.conv2d(F.pad(maps, [side] * 4), weight)

    return torch.max(x + conv(F.relu(conv(x, weight1)), weight2), torch.zeros_like(x))


@wrong("zeros-in-front", fails={"zeros-even", "zeros-odd"}, hint="zeros-front")
def zero_shortcut(x, channels, stride):
    """Fills up on the wrong side."""
    thinned = x[:, :, ::stride, ::stride]
    return torch.cat([x.new_zeros(len(x), channels - x.shape[1], *thinned.shape[2:]), thinned], 1)


@wrong("thinned-by-pooling", fails={"zeros-even", "zeros-odd"}, hint="zeros-mean")
def zero_shortcut(x, channels, stride):
    """Takes the mean of a window, which looks like the same thing."""
    pooled = F.avg_pool2d(x, stride, ceil_mode=True)
    return F.pad(pooled, (0, 0, 0, 0, 0, channels - x.shape[1]))


@wrong("size-rounded-down", fails={"zeros-odd"}, hint="zeros-size")
def zero_shortcut(x, channels, stride):
    """Right where the size can be divided, a row short where it cannot."""
    h, w = x.shape[2] // stride * stride, x.shape[3] // stride * stride
    return F.pad(x[:, :, :h:stride, :w:stride], (0, 0, 0, 0, 0, channels - x.shape[1]))


@wrong("so-many-more-channels", fails={"zeros-even", "zeros-odd"}, hint="zeros-size")
def zero_shortcut(x, channels, stride):
    """Adds channels in place of filling up to them."""
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, channels))


@right("one-by-one-convolution")
def zero_shortcut(x, channels, stride):
    """A projection that copies is option A."""
    weight = torch.eye(channels, x.shape[1])[:, :, None, None]
    return F.conv2d(x.double(), weight.double(), stride=stride).float()


@right("pooled-by-one")
def zero_shortcut(x, channels, stride):
    """A pooling of one pixel thins as well."""
    thinned = F.max_pool2d(x, 1, stride)
    missing = [torch.zeros_like(thinned[:, :1])] * (channels - x.shape[1])
    return torch.cat([thinned, *missing], dim=1)


@wrong("removed-block-forgotten", fails={"paths-removed"}, hint="paths-uncut")
def paths(blocks, removed):
    """The honest partial: counts the whole net."""
    return [math.comb(blocks, k) for k in range(blocks + 1)]


@wrong("short-paths-cut", fails={"paths-removed"}, hint="paths-cut-off")
def paths(blocks, removed):
    """Leaves out the longest, and keeps the counts of the others."""
    return [math.comb(blocks, k) for k in range(blocks - removed + 1)]


@wrong("round-all-is-no-path", fails={"paths-all", "paths-removed"}, hint="paths-without-zero")
def paths(blocks, removed):
    """Forgets the path that goes round every block."""
    left = blocks - removed
    return [math.comb(left, k) for k in range(1, left + 1)]


@right("pascal")
def paths(blocks, removed):
    """Pascal's triangle, row by row."""
    row = [1]
    for _ in range(blocks - removed):
        row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
    return row


@right("by-factorials")
def paths(blocks, removed):
    """n! / (k! (n − k)!)."""
    n, f = blocks - removed, math.factorial
    return [f(n) // (f(k) * f(n - k)) for k in range(n + 1)]


@wrong("last-layer-only", fails={"dense-value", "dense-uneven"}, hint="dense-reads")
def dense_block(x, weights):
    """Each layer reads the first maps of the stack again and again."""
    maps = [x]
    for weight in weights:
        read = torch.cat([x] * 99, 1)[:, : weight.shape[1]]
        maps.append(F.conv2d(read.relu(), weight, padding="same"))
    return torch.cat(maps, 1)


@wrong("newest-first", fails={"dense-value", "dense-uneven"}, hint="dense-order")
def dense_block(x, weights):
    """Stacks in front."""
    for weight in weights:
        x = torch.cat([F.conv2d(x.relu(), weight, padding="same"), x], 1)
    return x


@wrong("relu-for-good", fails={"dense-value", "dense-uneven"}, hint="dense-rectified")
def dense_block(x, weights):
    """Keeps what the ReLU gave: the maps are handed on changed."""
    for weight in weights:
        x = x.relu()
        x = torch.cat([x, F.conv2d(x, weight, padding="same")], 1)
    return x


@wrong("relu-behind", fails={"dense-value", "dense-uneven"}, hint="dense-after")
def dense_block(x, weights):
    """Convolution, then ReLU."""
    for weight in weights:
        x = torch.cat([x, F.conv2d(x, weight, padding="same").relu()], 1)
    return x


@wrong("three-by-three-only", fails={"dense-uneven"}, hint="dense-reads")
def dense_block(x, weights):
    """Pads by 1."""
    for weight in weights:
        new = F.conv2d(x.relu(), weight, padding=1)[:, :, : x.shape[2], : x.shape[3]]
        new = F.pad(new, (0, x.shape[3] - new.shape[3], 0, x.shape[2] - new.shape[2]))
        x = torch.cat([x, new], 1)
    return x


@right("list-of-maps")
def dense_block(x, weights):
    """Keeps a list and stacks anew each time."""
    maps = [x]
    for weight in weights:
        stack = torch.relu(torch.cat(maps, dim=1))
        maps.append(F.conv2d(stack, weight, padding=(weight.shape[-1] - 1) // 2))
    return torch.cat(maps, dim=1)


@right("sum-over-sources")
def dense_block(x, weights):
    """One small convolution for each source, added up: stacking and adding are the same to a convolution."""
    maps = [x]
    for weight in weights:
        parts = weight.split([part.shape[1] for part in maps], 1)
        pairs = zip(maps, parts, strict=True)
        maps.append(sum(F.conv2d(m.relu(), w, padding=w.shape[2] // 2) for m, w in pairs))
    return torch.hstack(maps)


@wrong("whole-layer", fails={"fair-value"}, hint="fair-whole")
def fair_direction(weight, noise):
    """One length for the whole layer."""
    return noise * weight.norm() / noise.norm()


@wrong("unit-filters", fails={"fair-value"}, hint="fair-unit")
def fair_direction(weight, noise):
    """Makes each filter as long as 1."""
    return noise / noise.flatten(1).norm(dim=1).reshape(-1, *[1] * (noise.ndim - 1))


@wrong("not-divided", fails={"fair-value"}, hint="fair-times")
def fair_direction(weight, noise):
    """Multiplies by the wanted length, and forgets its own."""
    return noise * weight.flatten(1).norm(dim=1).reshape(-1, *[1] * (noise.ndim - 1))


@right("filter-by-filter")
def fair_direction(weight, noise):
    """A loop, lengths by hand."""
    out = torch.zeros_like(noise, dtype=torch.float64)
    for i in range(len(weight)):
        own = math.sqrt(sum(v * v for v in weight[i].flatten().tolist()))
        drawn = math.sqrt(sum(v * v for v in noise[i].flatten().tolist()))
        out[i] = noise[i].double() * own / drawn
    return out


@right("normalised-first")
def fair_direction(weight, noise):
    """F.normalize, then the length."""
    rows = F.normalize(noise.flatten(1), dim=1, eps=0)
    return (rows * torch.linalg.vector_norm(weight.flatten(1), dim=1)[:, None]).view_as(noise)


@wrong("sum-still-late", fails={"mend-one", "mend-many"}, hint="mend-late")
def mended_stage(x, blocks, stride=2):
    """Mends three bugs and leaves the ReLU before the sum."""
    for number, (weight1, weight2) in enumerate(blocks):
        step = stride if number == 0 else 1
        change = F.conv2d(F.conv2d(x, weight1, stride=step, padding=1).relu(), weight2, padding=1)
        short = x[:, :, ::step, ::step]
        extra = change.shape[1] - short.shape[1]
        x = change.relu() + F.pad(short, (0, 0, 0, 0, 0, extra))
    return x


@wrong("zeros-still-in-front", fails={"mend-one", "mend-many"}, hint="mend-front")
def mended_stage(x, blocks, stride=2):
    """Mends three bugs and leaves the zeros in front."""
    for number, (weight1, weight2) in enumerate(blocks):
        step = stride if number == 0 else 1
        change = F.conv2d(F.conv2d(x, weight1, stride=step, padding=1).relu(), weight2, padding=1)
        short = x[:, :, ::step, ::step]
        x = (change + F.pad(short, (0, 0, 0, 0, change.shape[1] - short.shape[1], 0))).relu()
    return x


@wrong("stride-at-every-block", fails={"mend-many"}, hint="mend-stride")
def mended_stage(x, blocks, stride=2):
    """The honest partial: mends three bugs, and thins at every block."""
    for weight1, weight2 in blocks:
        change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
        short = x[:, :, ::stride, ::stride]
        x = (change + F.pad(short, (0, 0, 0, 0, 0, change.shape[1] - short.shape[1]))).relu()
    return x


@wrong("first-input-for-all", fails={"mend-many"}, hint="mend-first")
def mended_stage(x, blocks, stride=2):
    """Mends three bugs, and each shortcut comes from the stage's input."""
    first = x
    for number, (weight1, weight2) in enumerate(blocks):
        step = stride if number == 0 else 1
        change = F.conv2d(F.conv2d(x, weight1, stride=step, padding=1).relu(), weight2, padding=1)
        short = first[:, :, ::stride, ::stride]
        x = (change + F.pad(short, (0, 0, 0, 0, 0, change.shape[1] - short.shape[1]))).relu()
    return x


@right("recursive-stage")
def mended_stage(x, blocks, stride=2):
    """One block, then the rest of the stage with stride 1."""
    if len(blocks) == 0:
        return x
    (weight1, weight2), rest = blocks[0], blocks[1:]
    maps = F.conv2d(torch.relu(F.conv2d(x, weight1, None, stride, 1)), weight2, None, 1, 1)
    short = torch.zeros_like(maps)
    short[:, : x.shape[1]] = F.max_pool2d(x, 1, stride)
    return mended_stage(torch.clamp(maps + short, min=0), rest, 1)


@wrong("relu-over-the-sum-forgotten", fails={"block-value", "block-kernels"}, hint="block-open")
def block(x, weight1, weight2):
    """Ends with the sum."""
    out = F.conv2d(x, weight1, padding="same").relu()
    return F.conv2d(out, weight2, padding="same") + x


@wrong("input-handed-back", fails={"block-value", "block-kernels"}, hint="block-sum")
def block(x, weight1, weight2):
    """The shape alone: what a block with a change of zero gives."""
    return x.relu()


@wrong("largest-of-the-window", fails={"zeros-even", "zeros-odd"}, hint="zeros-max")
def zero_shortcut(x, channels, stride):
    """Keeps the largest pixel of each window."""
    pooled = F.max_pool2d(x, stride, ceil_mode=True)
    return F.pad(pooled, (0, 0, 0, 0, 0, channels - x.shape[1]))


@wrong("choice-without-a-block", fails={"paths-removed"}, hint="paths-removed")
def paths(blocks, removed):
    """Counts a removed block as two ways that do the same."""
    left = blocks - removed
    return [math.comb(left, k) * 2**removed for k in range(left + 1)]


@wrong("no-relu-at-all", fails={"dense-value", "dense-uneven"}, hint="dense-linear")
def dense_block(x, weights):
    """Stacks convolutions of the maps as they are."""
    for weight in weights:
        x = torch.cat([x, F.conv2d(x, weight, padding="same")], 1)
    return x


@wrong("root-forgotten", fails={"fair-value"}, hint="fair-squared")
def fair_direction(weight, noise):
    """Sums of squares for lengths."""
    own, drawn = ((t**2).flatten(1).sum(1) for t in (weight, noise))
    return noise * (own / drawn).reshape(-1, *[1] * (noise.ndim - 1))


@wrong("the-weights-themselves", fails={"fair-value"}, hint="fair-filter")
def fair_direction(weight, noise):
    """The right lengths, and no chance in it."""
    return weight.clone()
