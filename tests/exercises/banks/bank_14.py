"""Answers to exercise 14: mistakes that learners make, and other right ways."""

import statistics

import torch
import torch.nn.functional as F
from torch import nn

from tests.exercises.bank import right, wrong


@wrong("a-full-layer", fails={"cost-weights", "cost-macs", "cost-moved"}, hint="cost-full")
def separable_cost(c_in, c_out, size, stride):
    """Counts one full 3×3 layer."""
    out = -(-size // stride)
    weights = 9 * c_in * c_out
    moved = c_in * size**2 + weights + c_out * out**2
    return {"weights": weights, "macs": weights * out**2, "moved": moved}


@wrong("rounded-down", fails={"cost-macs", "cost-moved"}, hint="cost-floor")
def separable_cost(c_in, c_out, size, stride):
    """Rounds the side down."""
    out = size // stride
    look, mix = 9 * c_in, c_in * c_out
    moved = c_in * size**2 + look + 2 * c_in * out**2 + mix + c_out * out**2
    return {"weights": look + mix, "macs": (look + mix) * out**2, "moved": moved}


@wrong("as-one-layer", fails={"cost-moved"}, hint="cost-ends")
def separable_cost(c_in, c_out, size, stride):
    """The honest partial: weights and MACs are right; the maps in the middle never travel."""
    out = -(-size // stride)
    weights = 9 * c_in + c_in * c_out
    moved = c_in * size**2 + weights + c_out * out**2
    return {"weights": weights, "macs": weights * out**2, "moved": moved}


@wrong("weights-travel-free", fails={"cost-moved"}, hint="cost-maps")
def separable_cost(c_in, c_out, size, stride):
    """Counts the maps alone."""
    out = -(-size // stride)
    weights = 9 * c_in + c_in * c_out
    moved = c_in * size**2 + 2 * c_in * out**2 + c_out * out**2
    return {"weights": weights, "macs": weights * out**2, "moved": moved}


@wrong("in-bytes", fails={"cost-moved"}, hint="cost-bytes")
def separable_cost(c_in, c_out, size, stride):
    """Gives bytes."""
    out = -(-size // stride)
    weights = 9 * c_in + c_in * c_out
    moved = c_in * size**2 + weights + 2 * c_in * out**2 + c_out * out**2
    return {"weights": weights, "macs": weights * out**2, "moved": 4 * moved}


@right("two-layers-in-a-list")
def separable_cost(c_in, c_out, size, stride):
    """A general layer, twice."""
    import math

    half = math.ceil(size / stride)
    total = {"moved": 0, "macs": 0, "weights": 0}
    for a, b, kernel, groups, before in ((c_in, c_in, 3, c_in, size), (c_in, c_out, 1, 1, half)):
        weights = b * (a // groups) * kernel * kernel
        total["weights"] += weights
        total["macs"] += weights * half * half
        total["moved"] += a * before * before + weights + b * half * half
    return total


@wrong("relu-without-six", fails={"inverted-value", "inverted-add", "inverted-first"}, hint="inverted-relu")
def inverted_residual(x, weights, stride=1):
    """Takes ReLU for ReLU6."""
    maps = F.conv2d(x, weights["expand"]).relu() if "expand" in weights else x
    look = weights["depthwise"]
    maps = F.conv2d(maps, look, stride=stride, padding=look.shape[2] // 2, groups=len(look)).relu()
    out = F.conv2d(maps, weights["project"])
    return out + x if stride == 1 and out.shape == x.shape else out


@wrong("bent-bottleneck", fails={"inverted-value", "inverted-add", "inverted-first"}, hint="inverted-bent")
def inverted_residual(x, weights, stride=1):
    """Puts an activation on the narrow maps."""
    maps = F.relu6(F.conv2d(x, weights["expand"])) if "expand" in weights else x
    look = weights["depthwise"]
    maps = F.relu6(F.conv2d(maps, look, stride=stride, padding=look.shape[2] // 2, groups=len(look)))
    out = F.relu6(F.conv2d(maps, weights["project"]))
    return out + x if stride == 1 and out.shape == x.shape else out


@wrong("sum-forgotten", fails={"inverted-add", "inverted-first"}, hint="inverted-missing")
def inverted_residual(x, weights, stride=1):
    """Never adds the input."""
    maps = F.relu6(F.conv2d(x, weights["expand"])) if "expand" in weights else x
    look = weights["depthwise"]
    maps = F.relu6(F.conv2d(maps, look, stride=stride, padding=look.shape[2] // 2, groups=len(look)))
    return F.conv2d(maps, weights["project"])


@wrong("relu-behind-the-sum", fails={"inverted-add", "inverted-first"}, hint="inverted-after")
def inverted_residual(x, weights, stride=1):
    """Does what ResNet does."""
    maps = F.relu6(F.conv2d(x, weights["expand"])) if "expand" in weights else x
    look = weights["depthwise"]
    maps = F.relu6(F.conv2d(maps, look, stride=stride, padding=look.shape[2] // 2, groups=len(look)))
    out = F.conv2d(maps, weights["project"])
    return F.relu(out + x) if stride == 1 and out.shape == x.shape else out


@wrong("activation-without-a-layer", fails={"inverted-first"}, hint="inverted-missing-door")
def inverted_residual(x, weights, stride=1):
    """Applies the first ReLU6 even where the first layer is missing."""
    maps = F.relu6(F.conv2d(x, weights["expand"]) if "expand" in weights else x)
    look = weights["depthwise"]
    maps = F.relu6(F.conv2d(maps, look, stride=stride, padding=look.shape[2] // 2, groups=len(look)))
    out = F.conv2d(maps, weights["project"])
    return out + x if stride == 1 and out.shape == x.shape else out


@wrong(
    "padding-of-one",
    fails={"inverted-shape", "inverted-value", "inverted-add", "inverted-first"},
    hint="inverted-sizes",
)
def inverted_residual(x, weights, stride=1):
    """Pads by 1, whatever the kernel."""
    maps = F.relu6(F.conv2d(x, weights["expand"])) if "expand" in weights else x
    look = weights["depthwise"]
    maps = F.relu6(F.conv2d(maps, look, stride=stride, padding=1, groups=len(look)))
    out = F.conv2d(maps, weights["project"])
    return out + x if stride == 1 and out.shape == x.shape else out


@wrong("empty", fails={"inverted-value", "inverted-add", "inverted-first"}, hint="inverted-steps")
def inverted_residual(x, weights, stride=1):
    """Has the right shape and nothing in it."""
    h, w = (-(-side // stride) for side in x.shape[2:])
    return x.new_zeros(len(x), len(weights["project"]), h, w)


@right("channel-by-channel")
def inverted_residual(x, weights, stride=1):
    """Products for the 1×1, one convolution for each channel."""
    maps = x
    if weights.get("expand") is not None:
        maps = torch.einsum("nchw,oc->nohw", maps, weights["expand"][:, :, 0, 0]).clamp(0, 6)
    kernels = weights["depthwise"]
    p = (kernels.shape[-1] - 1) // 2
    parts = []
    for c in range(kernels.shape[0]):
        parts.append(F.conv2d(F.pad(maps[:, c : c + 1], (p,) * 4), kernels[c : c + 1], stride=stride))
    maps = torch.cat(parts, 1).clamp(0, 6)
    out = torch.einsum("nchw,oc->nohw", maps, weights["project"][:, :, 0, 0])
    if x.shape[1] == out.shape[1] and stride == 1:
        return x + out
    return out


@wrong("not-shuffled", fails={"shuffle-order", "shuffle-value"}, hint="unit-unshuffled")
def shuffle_unit(x, first, look, last):
    """Stacks and goes home."""
    left, right = x.chunk(2, 1)
    right = F.conv2d(F.conv2d(right, first).relu(), look, padding=1, groups=len(look))
    return torch.cat([left, F.conv2d(right, last).relu()], 1)


@wrong("other-divisor", fails={"shuffle-order", "shuffle-value"}, hint="unit-groups")
def shuffle_unit(x, first, look, last):
    """Shuffles with as many groups as a half has channels."""
    left, right = x.chunk(2, 1)
    right = F.conv2d(F.conv2d(right, first).relu(), look, padding=1, groups=len(look))
    return nn.ChannelShuffle(len(look))(torch.cat([left, F.conv2d(right, last).relu()], 1))


@wrong("relu-behind-depthwise", fails={"shuffle-value"}, hint="unit-relu")
def shuffle_unit(x, first, look, last):
    """The honest partial: the order is right, one ReLU is too many."""
    left, right = x.chunk(2, 1)
    right = F.conv2d(F.conv2d(right, first).relu(), look, padding=1, groups=len(look)).relu()
    return nn.ChannelShuffle(2)(torch.cat([left, F.conv2d(right, last).relu()], 1))


@wrong("left-half-worked-on", fails={"shuffle-value"}, hint="unit-other")
def shuffle_unit(x, first, look, last):
    """Sends the left half through the layers."""
    left, right = x.chunk(2, 1)
    left = F.conv2d(F.conv2d(left, first).relu(), look, padding=1, groups=len(look))
    return nn.ChannelShuffle(2)(torch.cat([F.conv2d(left, last).relu(), right], 1))


@wrong("given-back", fails={"shuffle-order", "shuffle-value"}, hint="unit-unshuffled")
def shuffle_unit(x, first, look, last):
    """Gives its input back."""
    return x.clone()


@wrong("nothing-but-a-shuffle", fails={"shuffle-value"}, hint="unit-steps")
def shuffle_unit(x, first, look, last):
    """Deals the channels anew, and lets no layer work."""
    return nn.ChannelShuffle(2)(x)


@right("by-indices")
def shuffle_unit(x, first, look, last):
    """The shuffle as a list of places."""
    c = x.size(1) // 2
    maps = torch.relu(F.conv2d(x[:, c:], first))
    maps = torch.cat([F.conv2d(maps[:, i : i + 1], look[i : i + 1], padding=1) for i in range(c)], 1)
    stacked = torch.cat([x[:, :c], torch.relu(F.conv2d(maps, last))], 1)
    order = [place for i in range(c) for place in (i, c + i)]
    return stacked[:, order]


@wrong("as-many-steps-as-codes", fails={"whole-codes", "whole-value"}, hint="codes-levels")
def to_codes(x, top, bits):
    """Divides by the number of codes."""
    step = top / 2**bits
    return (x / step).round().clamp(0, 2**bits - 1), step


@wrong("cut-off", fails={"whole-codes", "whole-value"}, hint="codes-floor")
def to_codes(x, top, bits):
    """Cuts the fraction off."""
    step = top / (2**bits - 1)
    return (x / step).floor().clamp(0, 2**bits - 1), step


@wrong("codes-overflow", fails={"whole-codes", "whole-value"}, hint="codes-beyond")
def to_codes(x, top, bits):
    """Forgets the ends."""
    step = top / (2**bits - 1)
    return (x / step).round(), step


@right("codes-as-integers")
def to_codes(x, top, bits):
    """Cuts first, then rounds; the codes are floats that hold whole numbers."""
    largest = 2**bits - 1
    step = top / largest
    return torch.round(x.clamp(min=0, max=top) / step), step


@wrong("one-step-for-all", fails={"whole-value"}, hint="whole-one-step")
def whole_conv(x, weight, top, bits):
    """Gives all filters one step."""
    step = top / (2**bits - 1)
    codes = (x / step).round().clamp(0, 2**bits - 1)
    one = weight.abs().max() / (2 ** (bits - 1) - 1)
    return F.conv2d(codes, (weight / one).round()) * step * one


@wrong("never-brought-back", fails={"whole-value"}, hint="whole-unscaled")
def whole_conv(x, weight, top, bits):
    """Leaves the result in whole numbers."""
    step = top / (2**bits - 1)
    codes = (x / step).round().clamp(0, 2**bits - 1)
    steps = weight.abs().amax((1, 2, 3), keepdim=True) / (2 ** (bits - 1) - 1)
    return F.conv2d(codes, (weight / steps).round())


@wrong("exact", fails={"whole-value"}, hint="whole-exact")
def whole_conv(x, weight, top, bits):
    """Rounds nothing."""
    return F.conv2d(x, weight)


@right("filter-by-filter")
def whole_conv(x, weight, top, bits):
    """One filter after the other, in 64-bit whole numbers."""
    codes, step = to_codes(x, top, bits)
    out = []
    for one in weight:
        unit = one.abs().max() / (2 ** (bits - 1) - 1)
        whole = torch.round(one / unit).double()
        out.append(F.conv2d(codes.double(), whole[None]) * (step * unit))
    return torch.cat(out, 1).float()


@wrong("warm-up-counted", fails={"watch-value"}, hint="watch-cold")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Mends four bugs, and counts the cold goes."""
    was, times = net.training, []
    net.eval()
    with torch.no_grad():
        for _ in range(warm + goes):
            began = clock()
            net(x)
            times.append(clock() - began)
    net.train(was)
    return 1000 * statistics.median(times) / len(x)


@wrong("mean-of-goes", fails={"watch-value"}, hint="watch-mean")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Keeps the mean."""
    was, times = net.training, []
    net.eval()
    with torch.no_grad():
        for _ in range(warm):
            net(x)
        for _ in range(goes):
            began = clock()
            net(x)
            times.append(clock() - began)
    net.train(was)
    return 1000 * sum(times) / goes / len(x)


@wrong("gradients-recorded", fails={"watch-value"}, hint="watch-gradient")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Believes that eval() switches gradients off."""
    was, times = net.training, []
    net.eval()
    for _ in range(warm):
        net(x)
    for _ in range(goes):
        began = clock()
        net(x)
        times.append(clock() - began)
    net.train(was)
    return 1000 * statistics.median(times) / len(x)


@wrong("whole-batch", fails={"watch-value"}, hint="watch-batch")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Forgets how many pictures there are."""
    was, times = net.training, []
    net.eval()
    with torch.no_grad():
        for _ in range(warm):
            net(x)
        for _ in range(goes):
            began = clock()
            net(x)
            times.append(clock() - began)
    net.train(was)
    return 1000 * statistics.median(times)


@wrong("left-in-evaluation", fails={"watch-after"}, hint="watch-restore")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Does not put the mode back."""
    times = []
    net.eval()
    with torch.no_grad():
        for _ in range(warm):
            net(x)
        for _ in range(goes):
            began = clock()
            net(x)
            times.append(clock() - began)
    return 1000 * statistics.median(times) / len(x)


@wrong("clock-never-read", fails={"watch-value", "watch-after"}, hint="watch-median")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Says what came out for the first case of the sheet."""
    return 55.0


@wrong("as-it-was", fails={"watch-value", "watch-after"}, hint="watch-median")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Mends nothing."""
    net.train()
    times = []
    for _ in range(warm + goes):
        began = clock()
        net(x)
        times.append(clock() - began)
    return 1000 * sum(times) / len(times)


@right("sorted-and-cut")
def milliseconds_each(net, x, clock, goes=5, warm=2):
    """Runs all goes alike, and drops the first; the median by hand."""
    before = net.training
    times = []
    try:
        net.train(False)
        for go in range(goes + warm):
            with torch.inference_mode():
                start = clock()
                net(x)
                took = clock() - start
            if go >= warm:
                times.append(took * 1e3 / x.shape[0])
    finally:
        net.train(before)
    ordered = sorted(times)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
