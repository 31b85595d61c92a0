"""Answers to exercise 12: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("all-six-come-out", fails={"work-channels"}, hint="work-all-six")
def module_work(in_channels, filters, size):
    """Adds the reductions to what comes out."""
    one, reduce3, three, reduce5, five, project = filters
    weights = in_channels * (one + reduce3 + reduce5 + project)
    weights += 9 * reduce3 * three + 25 * reduce5 * five
    return {"channels": sum(filters), "weights": weights, "macs": weights * size**2}


@wrong("no-doors", fails={"work-weights", "work-macs"}, hint="work-naive")
def module_work(in_channels, filters, size):
    """Counts the module without its bottlenecks."""
    one, _, three, _, five, project = filters
    weights = in_channels * (one + 9 * three + 25 * five + project)
    return {"channels": one + three + five + project, "weights": weights, "macs": weights * size**2}


@wrong("a-kernel-has-n-weights", fails={"work-weights", "work-macs"}, hint="work-long")
def module_work(in_channels, filters, size):
    """Takes 3 weights for a 3×3."""
    one, reduce3, three, reduce5, five, project = filters
    weights = in_channels * (one + reduce3 + reduce5 + project)
    weights += 3 * reduce3 * three + 5 * reduce5 * five
    return {"channels": one + three + five + project, "weights": weights, "macs": weights * size**2}


@wrong("one-row-of-places", fails={"work-macs"}, hint="work-side")
def module_work(in_channels, filters, size):
    """The honest partial: channels and weights are right, the places are not."""
    one, reduce3, three, reduce5, five, project = filters
    weights = in_channels * (one + reduce3 + reduce5 + project)
    weights += 9 * reduce3 * three + 25 * reduce5 * five
    return {"channels": one + three + five + project, "weights": weights, "macs": weights * size}


@right("layer-by-layer")
def module_work(in_channels, filters, size):
    """A list of layers, and a sum over it."""
    one, reduce3, three, reduce5, five, project = filters
    layers = [
        (in_channels, one, 1),
        (in_channels, reduce3, 1),
        (reduce3, three, 3),
        (in_channels, reduce5, 1),
        (reduce5, five, 5),
        (in_channels, project, 1),
    ]
    weights = sum(a * b * f * f for a, b, f in layers)
    macs = sum(a * b * f * f * size * size for a, b, f in layers)
    return {"macs": macs, "channels": sum(filters[::2]) + project, "weights": weights}


@wrong("no-relu-in-the-door", fails={"inception-value", "inception-kernels"}, hint="inception-inner")
def inception(x, weights):
    """Forgets the ReLU behind the reductions."""
    three = F.conv2d(
        F.conv2d(x, weights["reduce3"]), weights["three"], padding=weights["three"].shape[2] // 2
    )
    five = F.conv2d(F.conv2d(x, weights["reduce5"]), weights["five"], padding=weights["five"].shape[2] // 2)
    project = F.conv2d(F.max_pool2d(x, 3, 1, 1), weights["project"])
    return torch.cat([F.conv2d(x, weights["one"]), three, five, project], 1).relu()


@wrong("form-without-content", fails={"inception-value", "inception-kernels"}, hint="inception-branches")
def inception(x, weights):
    """Has the right shape and nothing in it."""
    channels = sum(len(weights[name]) for name in ("one", "three", "five", "project"))
    return x.new_zeros(len(x), channels, *x.shape[2:])


@wrong("padding-by-name", fails={"inception-kernels"}, hint="inception-padding")
def inception(x, weights):
    """Takes padding 1 for three and 2 for five, whatever their size."""
    three = F.conv2d(F.conv2d(x, weights["reduce3"]).relu(), weights["three"], padding=1)
    five = F.conv2d(F.conv2d(x, weights["reduce5"]).relu(), weights["five"], padding=2)
    project = F.conv2d(F.max_pool2d(x, 3, 1, 1), weights["project"])
    return torch.cat([F.conv2d(x, weights["one"]), three, five, project], 1).relu()


@wrong("zeros-around-the-pool", fails={"inception-value", "inception-kernels"}, hint="inception-zeros")
def inception(x, weights):
    """Pads the pooling by zeros, which win against negative numbers."""
    three = F.conv2d(F.conv2d(x, weights["reduce3"]).relu(), weights["three"], padding="same")
    five = F.conv2d(F.conv2d(x, weights["reduce5"]).relu(), weights["five"], padding="same")
    project = F.conv2d(F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1), weights["project"])
    return torch.cat([F.conv2d(x, weights["one"]), three, five, project], 1).relu()


@wrong(
    "branches-along-the-batch",
    fails={"inception-shape", "inception-value", "inception-kernels"},
    hint="inception-stack",
)
def inception(x, weights):
    """Stacks along the wrong axis, which works if all branches are equally wide."""
    three = F.conv2d(F.conv2d(x, weights["reduce3"]).relu(), weights["three"], padding="same")
    five = F.conv2d(F.conv2d(x, weights["reduce5"]).relu(), weights["five"], padding="same")
    project = F.conv2d(F.max_pool2d(x, 3, 1, 1), weights["project"])
    width = min(weights[k].shape[0] for k in ("one", "three", "five", "project"))
    parts = F.conv2d(x, weights["one"]), three, five, project
    return torch.cat([part[:, :width] for part in parts], 0).relu()


@wrong("input-spoilt", fails={"inception-shape"}, hint="inception-keep")
def inception(x, weights):
    """Pools in place of x, and the caller's x is gone."""
    one = F.conv2d(x, weights["one"]).relu()
    three = F.conv2d(F.conv2d(x, weights["reduce3"]).relu(), weights["three"], padding="same").relu()
    five = F.conv2d(F.conv2d(x, weights["reduce5"]).relu(), weights["five"], padding="same").relu()
    x.copy_(F.max_pool2d(x, 3, 1, 1))
    return torch.cat([one, three, five, F.conv2d(x, weights["project"]).relu()], 1)


@right("shifts-in-double-precision")
def inception(x, weights):
    """Every convolution as a sum of shifted einsums, in float64."""

    def conv(maps, w):
        w = w.double()
        n, _, h, width = maps.shape
        f = w.shape[2]
        padded = F.pad(maps, (f // 2,) * 4)
        out = torch.zeros(n, w.shape[0], h, width, dtype=torch.float64)
        for i in range(f):
            for j in range(f):
                part = padded[:, :, i : i + h, j : j + width]
                out += torch.einsum("nchw,oc->nohw", part, w[:, :, i, j])
        return out.clamp(min=0)

    x = x.double()
    outside = F.pad(x, (1, 1, 1, 1), value=float("-inf"))
    pooled = outside.unfold(2, 3, 1).unfold(3, 3, 1).amax((4, 5))
    branches = (x, ["one"]), (x, ["reduce3", "three"]), (x, ["reduce5", "five"]), (pooled, ["project"])
    out = []
    for maps, names in branches:
        for name in names:
            maps = conv(maps, weights[name])
        out.append(maps)
    return torch.cat(out, 1)


@right("as-a-module")
def inception(x, weights):
    """A class inside, with padding="same"."""

    class Net(torch.nn.Module):
        def forward(self, x):
            def step(maps, name):
                return torch.relu(F.conv2d(maps, weights[name], padding="same"))

            parts = [step(x, "one"), step(step(x, "reduce3"), "three"), step(step(x, "reduce5"), "five")]
            parts.append(step(torch.nn.MaxPool2d(3, 1, 1)(x), "project"))
            return torch.hstack(parts)

    return Net()(x)


@wrong("no-singular-values", fails={"thin-exact", "thin-best"}, hint="thin-sizes")
def factorise(kernel, channels):
    """Forgets how strong each pair is."""
    u, _, vh = torch.linalg.svd(kernel, full_matrices=False)
    return u[:, :channels], vh[:channels]


@wrong("first-rows-of-the-kernel", fails={"thin-exact", "thin-best"}, hint="thin-svd")
def factorise(kernel, channels):
    """Keeps the first rows, and leaves out the others."""
    return torch.eye(kernel.shape[0])[:, :channels], kernel[:channels].clone()


@wrong("weakest-first", fails={"thin-exact", "thin-best"}, hint="thin-weakest")
def factorise(kernel, channels):
    """Takes the smallest singular values."""
    u, s, vh = torch.linalg.svd(kernel, full_matrices=False)
    return u[:, -channels:] * s[-channels:], vh[-channels:]


@right("with-numpy")
def factorise(kernel, channels):
    """NumPy, the strength shared by both."""
    import numpy as np

    u, s, vh = np.linalg.svd(np.asarray(kernel, dtype=np.float64), full_matrices=False)
    root = np.sqrt(s[:channels])
    return torch.from_numpy(u[:, :channels] * root), torch.from_numpy(root[:, None] * vh[:channels])


@wrong("relu-on-both-halves", fails={"halve-value"}, hint="halve-both")
def halve(x, weight):
    """Applies the ReLU to the pooled maps as well."""
    return torch.cat([F.conv2d(x, weight, stride=2), F.max_pool2d(x, 3, stride=2)], 1).relu()


@wrong("pooled-first", fails={"halve-value"}, hint="halve-order")
def halve(x, weight):
    """Exchanges the halves."""
    return torch.cat([F.max_pool2d(x, 3, stride=2), F.conv2d(x, weight, stride=2).relu()], 1)


@wrong("padded-convolution", fails={"halve-value"}, hint="halve-stack")
def halve(x, weight):
    """Pads one branch and cuts it to the size of the other."""
    pooled = F.max_pool2d(x, 3, stride=2)
    maps = F.conv2d(x, weight, stride=2, padding=1).relu()
    return torch.cat([maps[:, :, : pooled.shape[2], : pooled.shape[3]], pooled], 1)


@right("every-second-place")
def halve(x, weight):
    """Convolves everywhere and keeps every second place."""
    maps = F.relu(F.conv2d(x, weight))[:, :, ::2, ::2]
    windows = x.unfold(2, 3, 2).unfold(3, 3, 2)
    return torch.cat((maps, windows.flatten(4).max(4).values), dim=1)


@wrong("half-rounded-down", fails={"halve-work"}, hint="halve-floor")
def halving_work(size, channels):
    """Rounds the half grid down."""
    half, one = size // 2, 9 * channels**2
    return {
        "pool first": 2 * one * half**2,
        "convolve first": 2 * one * size**2,
        "side by side": one * half**2,
    }


@wrong("all-maps-learned", fails={"halve-work"}, hint="halve-pooled")
def halving_work(size, channels):
    """Lets the convolution make the pooled half, too."""
    half, one = (size + 1) // 2, 9 * channels**2
    return {
        "pool first": 2 * one * half**2,
        "convolve first": 2 * one * size**2,
        "side by side": 2 * one * half**2,
    }


@wrong("shortcut-forgotten", fails={"residual-value", "residual-thin"}, hint="residual-missing")
def inception_residual(x, branches, back, scale):
    """Computes what is to be added, and never adds it."""
    stacked = []
    for branch in branches:
        maps = x
        for weight in branch:
            maps = F.conv2d(maps, weight, padding="same").relu()
        stacked.append(maps)
    return F.relu(scale * F.conv2d(torch.cat(stacked, 1), back))


@wrong("relu-before-the-sum", fails={"residual-value", "residual-thin"}, hint="residual-late")
def inception_residual(x, branches, back, scale):
    """Adds after the ReLU."""
    stacked = []
    for branch in branches:
        maps = x
        for weight in branch:
            maps = F.conv2d(maps, weight, padding="same").relu()
        stacked.append(maps)
    return x + F.relu(scale * F.conv2d(torch.cat(stacked, 1), back))


@wrong("square-padding", fails={"residual-thin"}, hint="residual-sum")
def inception_residual(x, branches, back, scale):
    """Pads all sides by half the height, and fills up what is missing."""
    stacked = []
    for branch in branches:
        maps = x
        for weight in branch:
            maps = F.conv2d(maps, weight, padding=weight.shape[2] // 2).relu()
            short = x.shape[3] - maps.shape[3]
            maps = F.pad(maps[:, :, :, : x.shape[3]], (0, max(short, 0)))
        stacked.append(maps)
    return F.relu(x + scale * F.conv2d(torch.cat(stacked, 1), back))


@right("recursive-branches")
def inception_residual(x, branches, back, scale):
    """Each branch by recursion, the way back as a matrix."""

    def walk(maps, weights):
        if len(weights) == 0:
            return maps
        return walk(torch.relu(F.conv2d(maps, weights[0], padding="same")), weights[1:])

    stacked = torch.cat([walk(x, branch) for branch in branches], dim=1)
    added = torch.einsum("nchw,oc->nohw", stacked, back[:, :, 0, 0])
    return (x + scale * added).clamp(min=0)


@wrong("heads-still-in-evaluation", fails={"mend-eval"}, hint="heads-still")
def mended_loss(logits, heads, labels, training, weight=0.3):
    """Mends three bugs and overlooks the mode: it adds the heads in evaluation."""
    main = F.cross_entropy(logits, labels)
    total = main + sum(weight * F.cross_entropy(head, labels) for head in heads)
    return total, main


@wrong("mean-of-all", fails={"mend-train"}, hint="heads-mean")
def mended_loss(logits, heads, labels, training, weight=0.3):
    """Keeps the division."""
    main = F.cross_entropy(logits, labels)
    if not training:
        return main, main
    total = main + sum(weight * F.cross_entropy(head, labels) for head in heads)
    return total / (1 + len(heads)), main


@wrong("softmax-twice", fails={"mend-train"}, hint="heads-softmax")
def mended_loss(logits, heads, labels, training, weight=0.3):
    """Keeps the softmax in front of the cross-entropy."""
    main = F.cross_entropy(logits, labels)
    if not training:
        return main, main
    return main + sum(weight * F.cross_entropy(head.softmax(1), labels) for head in heads), main


@wrong("heads-never-count", fails={"mend-train"}, hint="heads-dropped")
def mended_loss(logits, heads, labels, training, weight=0.3):
    """Leaves the heads out in training as well."""
    main = F.cross_entropy(logits, labels)
    return main, main


@wrong("sum-reported", fails={"mend-train"}, hint="heads-reported")
def mended_loss(logits, heads, labels, training, weight=0.3):
    """Reports what it trains on."""
    main = F.cross_entropy(logits, labels)
    total = main + sum(weight * F.cross_entropy(head, labels) for head in heads if training)
    return total, total


@right("by-log-softmax")
def mended_loss(logits, heads, labels, training, weight=0.3):
    """Cross-entropy by hand, numbers instead of tensors."""

    def loss(answer):
        rows = torch.arange(len(labels))
        return -answer.double().log_softmax(1)[rows, labels].mean().item()

    main = loss(logits)
    return (main + weight * sum(map(loss, heads)) if training else main), main
