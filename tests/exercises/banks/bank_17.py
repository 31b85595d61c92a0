"""Answers to exercise 17: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("softmax-over-the-batch", fails={"look-soft", "look-large"}, hint="look-axis")
def look(values, scores, hard=False):
    """Lets the pictures compete, not the places."""
    weights = F.one_hot(scores.argmax(1), scores.shape[1]).float() if hard else scores.softmax(0)
    return torch.einsum("nk,nkd->nd", weights, values), weights


@wrong("sigmoid-for-softmax", fails={"look-soft", "look-large"}, hint="look-gate")
def look(values, scores, hard=False):
    """Judges each place alone."""
    weights = F.one_hot(scores.argmax(1), scores.shape[1]).float() if hard else scores.sigmoid()
    return torch.einsum("nk,nkd->nd", weights, values), weights


@wrong("exponentials-overflow", fails={"look-large"}, hint="look-overflow")
def look(values, scores, hard=False):
    """The honest partial: softmax by its formula, right for small scores."""
    weights = F.one_hot(scores.argmax(1), scores.shape[1]).float()
    if not hard:
        weights = scores.exp() / scores.exp().sum(1, keepdim=True)
    return (weights[:, :, None] * values).sum(1), weights


@wrong("ties-all-win", fails={"look-hard"}, hint="look-ties")
def look(values, scores, hard=False):
    """Gives weight 1 to all places that share the largest score."""
    weights = scores.softmax(1)
    if hard:
        weights = (scores == scores.amax(1, keepdim=True)).float()
    return (weights[:, :, None] * values).sum(1), weights


@wrong("mean-of-the-weighted", fails={"look-soft", "look-large", "look-hard"}, hint="look-mean")
def look(values, scores, hard=False):
    """Divides by the number of places although the weights sum to 1."""
    weights = F.one_hot(scores.argmax(1), scores.shape[1]).float() if hard else scores.softmax(1)
    return (weights[:, :, None] * values).mean(1), weights


@right("shifted-exponentials")
def look(values, scores, hard=False):
    """By hand in double precision, a loop for the hard case."""
    if hard:
        weights = torch.zeros(scores.shape, dtype=torch.float64)
        for row, best in enumerate(scores.max(1).indices.tolist()):
            weights[row, best] = 1
    else:
        weights = (scores.double() - scores.double().max(1, keepdim=True).values).exp()
        weights = weights / weights.sum(1, keepdim=True)
    return torch.bmm(weights[:, None], values.double())[:, 0], weights


@wrong("squeezed-by-the-maximum", fails={"se-gates-test", "se-maps"}, hint="se-max")
def squeeze_excite(x, w1, b1, w2, b2):
    """Takes the maximum of each map."""
    gates = torch.sigmoid((x.amax((2, 3)) @ w1.T + b1).relu() @ w2.T + b2)
    return gates, x * gates[:, :, None, None]


@wrong("one-gate-for-the-batch", fails={"se-gates-test", "se-maps"}, hint="se-batch")
def squeeze_excite(x, w1, b1, w2, b2):
    """Averages over the pictures too, as batch norm does."""
    means = x.mean((0, 2, 3)).expand(len(x), -1)
    gates = torch.sigmoid((means @ w1.T + b1).relu() @ w2.T + b2)
    return gates, x * gates[:, :, None, None]


@wrong("channels-compete", fails={"se-gates-test", "se-maps"}, hint="se-softmax")
def squeeze_excite(x, w1, b1, w2, b2):
    """Takes a softmax over the channels."""
    gates = ((x.mean((2, 3)) @ w1.T + b1).relu() @ w2.T + b2).softmax(1)
    return gates, x * gates[:, :, None, None]


@wrong("no-relu-in-the-middle", fails={"se-gates-test", "se-maps"}, hint="se-relu")
def squeeze_excite(x, w1, b1, w2, b2):
    """Two layers without anything between them, which are one layer."""
    gates = torch.sigmoid(F.linear(F.linear(x.mean((2, 3)), w1, b1), w2, b2))
    return gates, x * gates[:, :, None, None]


@wrong("one-plus-the-gate", fails={"se-maps"}, hint="se-residual")
def squeeze_excite(x, w1, b1, w2, b2):
    """Takes 1 + M from the other net."""
    gates = torch.sigmoid((x.mean((2, 3)) @ w1.T + b1).relu() @ w2.T + b2)
    return gates, x * (1 + gates[:, :, None, None])


@wrong("scaled-in-place", fails={"se-gates-test", "se-maps"}, hint="se-keep")
def squeeze_excite(x, w1, b1, w2, b2):
    """Writes the scaled maps into the caller's x."""
    gates = torch.sigmoid((x.mean((2, 3)) @ w1.T + b1).relu() @ w2.T + b2)
    x *= gates[:, :, None, None]
    return gates, x.clone()


@right("as-convolutions")
def squeeze_excite(x, w1, b1, w2, b2):
    """Pools and convolves by 1×1, as the package does."""
    pooled = F.adaptive_avg_pool2d(x, 1)
    hidden = F.relu(F.conv2d(pooled, w1[:, :, None, None], b1))
    gates = F.conv2d(hidden, w2[:, :, None, None], b2).sigmoid()
    return gates.flatten(1), gates * x


@wrong("mean-before-maximum", fails={"spatial-value", "spatial-kernels"}, hint="spatial-order")
def spatial_gate(x, weight, bias):
    """Stacks the views in the other order."""
    views = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
    return x * torch.sigmoid(F.conv2d(views, weight, bias, padding="same"))


@wrong("padding-of-seven", fails={"spatial-kernels", "spatial-value"}, hint="spatial-padding")
def spatial_gate(x, weight, bias):
    """Pads by 3, as the paper's 7×7 needs it, and cuts what is too much."""
    views = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
    gates = torch.sigmoid(F.conv2d(views, weight, bias, padding=3))
    return x * gates[:, :, : x.shape[2], : x.shape[3]]


@wrong("three-by-three-only", fails={"spatial-kernels"}, hint="spatial-padding")
def spatial_gate(x, weight, bias):
    """Pads by 1, whatever the kernel is."""
    views = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
    gates = torch.sigmoid(F.conv2d(views, weight, bias, padding=1))
    return x * F.interpolate(gates, size=x.shape[2:])


@wrong("gates-handed-on", fails={"spatial-value", "spatial-kernels"}, hint="spatial-gates")
def spatial_gate(x, weight, bias):
    """Forgets to multiply."""
    views = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
    return torch.sigmoid(F.conv2d(views, weight, bias, padding="same")).expand_as(x)


@right("window-by-window")
def spatial_gate(x, weight, bias):
    """Unfolds the windows and multiplies matrices."""
    n, _, h, w = x.shape
    size = weight.shape[-1]
    views = torch.stack([x.max(1).values, x.sum(1) / x.shape[1]], 1)
    columns = F.unfold(views, size, padding=(size - 1) // 2)
    gates = (weight.flatten(1) @ columns + bias[:, None]).reshape(n, 1, h, w)
    return x / (1 + (-gates).exp())


@wrong("equal-weights", fails={"exact-value"}, hint="exact-unweighted")
def exact_gradient(scores, rewards):
    """Takes the plain mean of the rewards."""
    return scores.softmax(1) * (rewards - rewards.mean(1, keepdim=True))


@wrong("nothing-taken-off", fails={"exact-value"}, hint="exact-plain")
def exact_gradient(scores, rewards):
    """Multiplies chances and rewards."""
    return scores.softmax(1) * rewards


@right("by-autograd")
def exact_gradient(scores, rewards):
    """Lets autograd differentiate the mean reward."""
    leaf = scores.detach().clone().requires_grad_()
    mean = (leaf.softmax(1) * rewards).sum()
    return torch.autograd.grad(mean, leaf)[0]


@wrong("only-the-chosen-score", fails={"thrown-value", "thrown-baseline"}, hint="thrown-only")
def thrown_gradient(scores, places, rewards, baseline=0.0):
    """Leaves the other scores as they are."""
    hot = F.one_hot(places, scores.shape[1])
    return (rewards - baseline)[:, None] * hot * (1 - scores.softmax(1))


@wrong("downhill", fails={"thrown-value", "thrown-baseline"}, hint="thrown-down")
def thrown_gradient(scores, places, rewards, baseline=0.0):
    """Gives the gradient of a loss."""
    hot = F.one_hot(places, scores.shape[1])
    return (rewards - baseline)[:, None] * (scores.softmax(1) - hot)


@wrong("baseline-ignored", fails={"thrown-baseline"}, hint="thrown-unused")
def thrown_gradient(scores, places, rewards, baseline=0.0):
    """Takes the reward as it is."""
    return rewards[:, None] * (F.one_hot(places, scores.shape[1]) - scores.softmax(1))


@right("log-softmax-differentiated")
def thrown_gradient(scores, places, rewards, baseline=0.0):
    """Differentiates log p, weighted by the surprise."""
    leaf = scores.detach().clone().requires_grad_()
    chosen = leaf.log_softmax(1).gather(1, places[:, None])[:, 0]
    return torch.autograd.grad((chosen * (rewards - baseline)).sum(), leaf)[0]


@wrong("mask-without-one", fails={"mend-even", "mend-odd"}, hint="mend-one")
def mended_module(x, trunk, mask):
    """Mends three bugs and leaves M alone."""
    seen = F.conv2d(F.max_pool2d(x, 2), mask, padding=1)
    large = F.interpolate(seen, size=x.shape[2:], mode="bilinear")
    return torch.sigmoid(large) * F.conv2d(x, trunk, padding=1)


@wrong("twice-as-large", fails={"mend-odd"}, hint="mend-size")
def mended_module(x, trunk, mask):
    """Enlarges by two and fills up with zeros."""
    seen = F.conv2d(F.max_pool2d(x, 2), mask, padding=1)
    large = F.interpolate(seen, scale_factor=2, mode="bilinear")
    large = F.pad(large, (0, x.shape[3] - large.shape[3], 0, x.shape[2] - large.shape[2]))
    return (1 + torch.sigmoid(large)) * F.conv2d(x, trunk, padding=1)


@wrong("channels-still-compete", fails={"mend-even", "mend-odd"}, hint="mend-softmax")
def mended_module(x, trunk, mask):
    """Keeps the softmax."""
    seen = F.conv2d(F.max_pool2d(x, 2), mask, padding=1)
    large = F.interpolate(seen, size=x.shape[2:], mode="bilinear")
    return (1 + large.softmax(1)) * F.conv2d(x, trunk, padding=1)


@right("trunk-plus-masked-trunk")
def mended_module(x, trunk, mask):
    """T + M·T, with the pooling by windows."""
    h, w = x.shape[2] // 2, x.shape[3] // 2
    windows = x[:, :, : 2 * h, : 2 * w].reshape(*x.shape[:2], h, 2, w, 2)
    seen = F.conv2d(windows.amax((3, 5)), mask, padding="same")
    gates = torch.nn.Upsample(tuple(x.shape[2:]), mode="bilinear", align_corners=False)(seen).sigmoid()
    maps = F.conv2d(x, trunk, padding="same")
    return maps + gates * maps
