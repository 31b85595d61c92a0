"""Answers to exercise 08: mistakes that learners make, and other right ways."""

import torch

from tests.exercises.bank import right, wrong


@wrong("a-mean-for-each-picture", fails={"forward-plain", "forward-affine"}, hint="forward-axes")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Forgets the neighbours: this is instance norm."""
    mean = x.mean((2, 3), keepdim=True)
    var = x.var((2, 3), correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * gamma[:, None, None] + beta[:, None, None]


@wrong("a-mean-for-each-place", fails={"forward-plain", "forward-affine"}, hint="forward-places")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Takes num_features for C·H·W."""
    mean, var = x.mean(0), x.var(0, correction=0)
    return (x - mean) / (var + eps).sqrt() * gamma[:, None, None] + beta[:, None, None]


@wrong("one-mean-for-all-channels", fails={"forward-plain", "forward-affine"}, hint="forward-everything")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Standardises the whole tensor."""
    return (x - x.mean()) / (x.var(correction=0) + eps).sqrt() * gamma[:, None, None] + beta[:, None, None]


@wrong("count-less-one", fails={"forward-plain", "forward-affine"}, hint="forward-count")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Takes torch's var as it comes."""
    mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True)
    return (x - mean) / (var + eps).sqrt() * gamma[:, None, None] + beta[:, None, None]


@wrong("eps-outside-the-root", fails={"forward-affine"}, hint="forward-eps")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Adds eps to the standard deviation."""
    mean = x.mean((0, 2, 3), keepdim=True)
    std = x.std((0, 2, 3), correction=0, keepdim=True)
    return (x - mean) / (std + eps) * gamma[:, None, None] + beta[:, None, None]


@wrong("eps-of-its-own", fails={"forward-affine"}, hint="forward-no-eps")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Ignores the eps of the caller."""
    mean = x.mean((0, 2, 3), keepdim=True)
    std = x.std((0, 2, 3), correction=0, keepdim=True)
    return (x - mean) / std * gamma[:, None, None] + beta[:, None, None]


@wrong("shift-before-scale", fails={"forward-affine"}, hint="forward-order")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Multiplies the shift by the scale."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = x.var((0, 2, 3), correction=0, keepdim=True)
    return ((x - mean) / (var + eps).sqrt() + beta[:, None, None]) * gamma[:, None, None]


@wrong("scale-only", fails={"forward-affine"}, hint="forward-no-shift")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Forgets the shift."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = x.var((0, 2, 3), correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt() * gamma[:, None, None]


@wrong("gamma-meets-the-columns", fails={"forward-plain", "forward-affine"}, hint="forward-affine")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Multiplies along the wrong axis: an error wherever the width differs from the channels."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = x.var((0, 2, 3), correction=0, keepdim=True)
    out = (x - mean) / (var + eps).sqrt()
    return out.permute(0, 2, 3, 1).reshape(x.shape) * gamma[:, None, None] + beta[:, None, None]


@wrong("written-into-x", fails={"forward-plain"}, hint="forward-keep")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Subtracts in place, so the caller's x is gone."""
    x -= x.mean((0, 2, 3), keepdim=True)
    var = (x**2).mean((0, 2, 3), keepdim=True)
    return x / (var + eps).sqrt() * gamma[:, None, None] + beta[:, None, None]


@wrong("zeroed-input", fails={"forward-plain", "forward-affine"}, hint="forward-heap")
def batch_norm(x, gamma, beta, eps=1e-5):
    """Makes every input zero, and hopes that the expected answer is worked out from it."""
    x.zero_()
    return x


@right("channel-by-channel")
def batch_norm(x, gamma, beta, eps=1e-5):
    """A loop over the channels, in double precision."""
    out = torch.empty(x.shape, dtype=torch.float64)
    for c in range(x.shape[1]):
        heap = x[:, c].double()
        mean = heap.sum() / heap.numel()
        var = ((heap - mean) ** 2).sum() / heap.numel()
        out[:, c] = gamma[c] * (heap - mean) / (var + eps) ** 0.5 + beta[c]
    return out


@right("with-numpy")
def batch_norm(x, gamma, beta, eps=1e-5):
    """NumPy inside."""
    import numpy as np

    x, gamma, beta = (np.asarray(t, dtype=np.float64) for t in (x, gamma, beta))
    mean, var = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    return torch.from_numpy((x - mean) / np.sqrt(var + eps) * gamma[:, None, None] + beta[:, None, None])


@wrong("momentum-of-sgd", fails={"memory-mean", "memory-var"}, hint="memory-turned")
def remember(mean, var, x, momentum=0.1):
    """Weights the old with momentum."""
    new_mean, new_var = x.mean((0, 2, 3)), x.var((0, 2, 3))
    return momentum * mean + (1 - momentum) * new_mean, momentum * var + (1 - momentum) * new_var


@wrong("remembers-the-other-variance", fails={"memory-var"}, hint="memory-count")
def remember(mean, var, x, momentum=0.1):
    """Divides by the count."""
    new_mean, new_var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    return (1 - momentum) * mean + momentum * new_mean, (1 - momentum) * var + momentum * new_var


@wrong("spread-remembered", fails={"memory-var"}, hint="memory-variance")
def remember(mean, var, x, momentum=0.1):
    """Keeps the standard deviation in the place of the variance."""
    new_mean, new_std = x.mean((0, 2, 3)), x.std((0, 2, 3))
    return (1 - momentum) * mean + momentum * new_mean, (1 - momentum) * var + momentum * new_std


@wrong("memory-in-place", fails={"memory-mean", "memory-var"}, hint="memory-share")
def remember(mean, var, x, momentum=0.1):
    """Right numbers, but it writes into what it was given, and forgets the share of the old mean."""
    mean.mul_(1 - momentum)
    var.mul_(0)
    return mean, var


@right("lerp")
def remember(mean, var, x, momentum=0.1):
    """A step of `momentum` towards the new."""
    flat = x.transpose(0, 1).flatten(1)
    new_var, new_mean = torch.var_mean(flat, 1)
    return torch.lerp(mean, new_mean, momentum), torch.lerp(var, new_var, momentum)


@wrong("honest-partial", fails={"backward-input"}, hint="backward-input")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Has the two easy gradients, 2 of 5 points, and zeros for x."""
    mean = x.mean((0, 2, 3), keepdim=True)
    var = x.var((0, 2, 3), correction=0, keepdim=True)
    hat = (x - mean) / (var + eps).sqrt()
    return torch.zeros_like(x), (grad * hat).sum((0, 2, 3)), grad.sum((0, 2, 3))


@wrong("statistics-stand-still", fails={"backward-input"}, hint="backward-division")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Forgets that x moves the mean and the variance."""
    mean = x.mean((0, 2, 3), keepdim=True)
    inv = (x.var((0, 2, 3), correction=0, keepdim=True) + eps) ** -0.5
    hat = (x - mean) * inv
    return grad * gamma[:, None, None] * inv, (grad * hat).sum((0, 2, 3)), grad.sum((0, 2, 3))


@wrong("variance-stands-still", fails={"backward-input"}, hint="backward-variance")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Has the share through the mean alone."""
    mean = x.mean((0, 2, 3), keepdim=True)
    inv = (x.var((0, 2, 3), correction=0, keepdim=True) + eps) ** -0.5
    hat, g = (x - mean) * inv, grad * gamma[:, None, None]
    return inv * (g - g.mean((0, 2, 3), keepdim=True)), (grad * hat).sum((0, 2, 3)), grad.sum((0, 2, 3))


@wrong("mean-stands-still", fails={"backward-input"}, hint="backward-centre")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Has the share through the variance alone."""
    mean = x.mean((0, 2, 3), keepdim=True)
    inv = (x.var((0, 2, 3), correction=0, keepdim=True) + eps) ** -0.5
    hat, g = (x - mean) * inv, grad * gamma[:, None, None]
    common = hat * (g * hat).mean((0, 2, 3), keepdim=True)
    return inv * (g - common), (grad * hat).sum((0, 2, 3)), grad.sum((0, 2, 3))


@wrong("gamma-left-out", fails={"backward-input"}, hint="backward-scale")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Hands grad on without gamma."""
    axes = (0, 2, 3)
    inv = (x.var(axes, correction=0, keepdim=True) + eps) ** -0.5
    hat = (x - x.mean(axes, keepdim=True)) * inv
    common = hat * (grad * hat).mean(axes, keepdim=True)
    return inv * (grad - grad.mean(axes, keepdim=True) - common), (grad * hat).sum(axes), grad.sum(axes)


@wrong("raw-x-for-gamma", fails={"backward-affine"}, hint="backward-raw")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Multiplies by x, not by the standardised x."""
    axes = (0, 2, 3)
    inv = (x.var(axes, correction=0, keepdim=True) + eps) ** -0.5
    hat, g = (x - x.mean(axes, keepdim=True)) * inv, grad * gamma[:, None, None]
    grad_x = inv * (g - g.mean(axes, keepdim=True) - hat * (g * hat).mean(axes, keepdim=True))
    return grad_x, (grad * x).sum(axes), grad.sum(axes)


@wrong("means-for-sums", fails={"backward-affine"}, hint="backward-mean")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """Averages the shares of gamma and beta."""
    axes = (0, 2, 3)
    inv = (x.var(axes, correction=0, keepdim=True) + eps) ** -0.5
    hat, g = (x - x.mean(axes, keepdim=True)) * inv, grad * gamma[:, None, None]
    grad_x = inv * (g - g.mean(axes, keepdim=True) - hat * (g * hat).mean(axes, keepdim=True))
    return grad_x, (grad * hat).mean(axes), grad.mean(axes)


@right("line-by-line")
def batch_norm_backward(grad, x, gamma, eps=1e-5):
    """The chain rule, one line of the forward pass at a time."""
    n, c = x.numel() // x.shape[1], x.shape[1]
    flat, g = x.transpose(0, 1).reshape(c, n).double(), grad.transpose(0, 1).reshape(c, n).double()
    centred = flat - flat.mean(1, keepdim=True)
    var = (centred**2).mean(1, keepdim=True)
    inv = (var + eps) ** -0.5
    d_hat = g * gamma[:, None]
    d_inv = (d_hat * centred).sum(1, keepdim=True)
    d_var = d_inv * -0.5 * (var + eps) ** -1.5
    d_centred = d_hat * inv + d_var * 2 * centred / n
    d_x = d_centred - d_centred.sum(1, keepdim=True) / n
    d_x = d_x.reshape(c, x.shape[0], *x.shape[2:]).transpose(0, 1)
    return d_x, (g * centred * inv).sum(1), g.sum(1)


@wrong("layer-norm-of-a-pixel", fails={"relatives-each"}, hint="relatives-pixel")
def normalise(x, kind, groups=1, eps=1e-5):
    """Takes layer norm over the channels of each pixel."""
    n, c, h, w = x.shape
    if kind == "group":
        x = x.reshape(n, groups, c // groups, h, w)
    axes = {"batch": (0, 2, 3), "layer": (1,), "instance": (2, 3), "group": (2, 3, 4)}[kind]
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return ((x - mean) / (var + eps).sqrt()).reshape(n, c, h, w)


@wrong("groups-alternate", fails={"relatives-each"}, hint="relatives-alternating")
def normalise(x, kind, groups=1, eps=1e-5):
    """Puts every second channel together."""
    n, c, h, w = x.shape
    if kind == "group":
        x = x.reshape(n, c // groups, groups, h, w)
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "group": (1, 3, 4)}[kind]
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return ((x - mean) / (var + eps).sqrt()).reshape(n, c, h, w)


@wrong("size-of-a-group", fails={"relatives-each"}, hint="relatives-swapped")
def normalise(x, kind, groups=1, eps=1e-5):
    """Takes groups for the number of channels in a group."""
    n, c, h, w = x.shape
    if kind == "group":
        x = x.reshape(n, c // groups, groups, h, w)
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "group": (2, 3, 4)}[kind]
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return ((x - mean) / (var + eps).sqrt()).reshape(n, c, h, w)


@wrong("instance-for-batch", fails={"relatives-each"}, hint="relatives-heap")
def normalise(x, kind, groups=1, eps=1e-5):
    """Confuses batch and instance norm."""
    n, c, h, w = x.shape
    if kind == "group":
        x = x.reshape(n, groups, c // groups, h, w)
    axes = {"batch": (2, 3), "layer": (1, 2, 3), "instance": (0, 2, 3), "group": (2, 3, 4)}[kind]
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return ((x - mean) / (var + eps).sqrt()).reshape(n, c, h, w)


@right("loops-over-heaps")
def normalise(x, kind, groups=1, eps=1e-5):
    """Cuts out heap after heap with slices."""
    n, c, _, _ = x.shape
    size = {"batch": 1, "layer": c, "instance": 1, "group": c // groups}[kind]
    pictures = [slice(None)] if kind == "batch" else [slice(i, i + 1) for i in range(n)]
    out = torch.empty_like(x)
    for some in pictures:
        for first in range(0, c, size):
            heap = x[some, first : first + size]
            out[some, first : first + size] = (heap - heap.mean()) / (heap.var(correction=0) + eps).sqrt()
    return out


@wrong("variance-for-spread", fails={"fold-one", "fold-layers"}, hint="fold-variance")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Forgets the root."""
    scale = gamma / (var + eps)
    old = torch.zeros_like(mean) if bias is None else bias
    return weight * scale[:, None, None, None], beta + (old - mean) * scale


@wrong("gamma-not-folded", fails={"fold-one", "fold-layers"}, hint="fold-no-gamma")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Forgets gamma."""
    scale = 1 / (var + eps).sqrt()
    old = torch.zeros_like(mean) if bias is None else bias
    return weight * scale[:, None, None, None], beta + (old - mean) * scale


@wrong("old-bias-lost", fails={"fold-one"}, hint="fold-old-bias")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Thinks of convolutions without a bias only."""
    scale = gamma / (var + eps).sqrt()
    return weight * scale[:, None, None, None], beta - mean * scale


@wrong("old-bias-unscaled", fails={"fold-one"}, hint="fold-unscaled")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Adds the old bias behind the norm."""
    scale = gamma / (var + eps).sqrt()
    old = torch.zeros_like(mean) if bias is None else bias
    return weight * scale[:, None, None, None], old + beta - mean * scale


@wrong("mean-not-subtracted", fails={"fold-one", "fold-layers"}, hint="fold-mean")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Forgets the running mean."""
    scale = gamma / (var + eps).sqrt()
    old = torch.zeros_like(mean) if bias is None else bias
    return weight * scale[:, None, None, None], beta + old * scale


@wrong("scaled-along-the-inputs", fails={"fold-one", "fold-layers"}, hint="fold-weight")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Scales the channels that come in, where there are as many, and the first ones where not."""
    scale = gamma / (var + eps).sqrt()
    old = torch.zeros_like(mean) if bias is None else bias
    inputs = scale.repeat(weight.shape[1])[: weight.shape[1]]
    return weight * inputs[:, None, None], beta + (old - mean) * scale


@wrong("no-bias-no-answer", fails={"fold-layers"}, hint="fold-none")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Leaves the shift out where the convolution has no bias."""
    scale = gamma / (var + eps).sqrt()
    if bias is None:
        return weight * scale[:, None, None, None], torch.zeros_like(mean)
    return weight * scale[:, None, None, None], beta + (bias - mean) * scale


@right("fold-by-einsum")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """Einstein's sum, in double precision."""
    scale = gamma.double() * torch.rsqrt(var.double() + eps)
    new = torch.einsum("kcij,k->kcij", weight.double(), scale)
    return new, beta - mean * scale + (0 if bias is None else bias * scale)


@wrong("two-of-three-count", fails={"mend-train"}, hint="mend-count")
def mended_norm(x, state, training, momentum=0.1, eps=1e-5):
    """Mends momentum and evaluation, and leaves the variance."""
    gamma, beta, mean, var = state
    used_mean, used_var = mean, var
    if training:
        used_mean, used_var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        mean = (1 - momentum) * mean + momentum * used_mean
        var = (1 - momentum) * var + momentum * used_var
    hat = (x - used_mean[:, None, None]) / (used_var + eps).sqrt()[:, None, None]
    return hat * gamma[:, None, None] + beta[:, None, None], (gamma, beta, mean, var)


@wrong("two-of-three-momentum", fails={"mend-train"}, hint="mend-momentum")
def mended_norm(x, state, training, momentum=0.1, eps=1e-5):
    """Leaves momentum the wrong way round."""
    gamma, beta, mean, var = state
    used_mean, used_var = mean, var
    if training:
        used_mean, used_var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
        mean = momentum * mean + (1 - momentum) * used_mean
        var = momentum * var + (1 - momentum) * x.var((0, 2, 3))
    hat = (x - used_mean[:, None, None]) / (used_var + eps).sqrt()[:, None, None]
    return hat * gamma[:, None, None] + beta[:, None, None], (gamma, beta, mean, var)


@wrong("two-of-three-evaluation", fails={"mend-eval"}, hint="mend-neighbours")
def mended_norm(x, state, training, momentum=0.1, eps=1e-5):
    """Still asks the neighbours in evaluation."""
    gamma, beta, mean, var = state
    batch_mean, batch_var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    if training:
        mean = (1 - momentum) * mean + momentum * batch_mean
        var = (1 - momentum) * var + momentum * x.var((0, 2, 3))
    hat = (x - batch_mean[:, None, None]) / (batch_var + eps).sqrt()[:, None, None]
    return hat * gamma[:, None, None] + beta[:, None, None], (gamma, beta, mean, var)


@wrong("mended-too-much", fails={"mend-train"}, hint="mend-remembered")
def mended_norm(x, state, training, momentum=0.1, eps=1e-5):
    """Divides both variances by the count."""
    gamma, beta, mean, var = state
    used_mean, used_var = mean, var
    if training:
        used_mean, used_var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
        mean = (1 - momentum) * mean + momentum * used_mean
        var = (1 - momentum) * var + momentum * used_var
    hat = (x - used_mean[:, None, None]) / (used_var + eps).sqrt()[:, None, None]
    return hat * gamma[:, None, None] + beta[:, None, None], (gamma, beta, mean, var)


@wrong("evaluation-writes", fails={"mend-eval"}, hint="mend-still")
def mended_norm(x, state, training, momentum=0.1, eps=1e-5):
    """Updates the state in evaluation too, where it can."""
    gamma, beta, mean, var = state
    used_mean, used_var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    new_mean = (1 - momentum) * mean + momentum * used_mean
    new_var = (1 - momentum) * var + momentum * x.var((0, 2, 3)).nan_to_num(0)
    if not training:
        used_mean, used_var = mean, var
    hat = (x - used_mean[:, None, None]) / (used_var + eps).sqrt()[:, None, None]
    return hat * gamma[:, None, None] + beta[:, None, None], (gamma, beta, new_mean, new_var)


@wrong("learned-by-heart", fails={"memory-mean", "memory-var"}, hint="memory-share")
def remember(mean, var, x, momentum=0.1):
    """Knows the answer to the example in the text, and nothing else."""
    return torch.tensor([0.4]), torch.tensor([1.4333333])


@wrong("keeps-nothing-of-x", fails={"memory-mean", "memory-var"}, hint="forward-keep")
def remember(mean, var, x, momentum=0.1):
    """Right numbers, but the batch of the caller is gone."""
    new_mean, new_var = x.mean((0, 2, 3)), x.var((0, 2, 3))
    x.sub_(new_mean[:, None, None])
    return torch.lerp(mean, new_mean, momentum), torch.lerp(var, new_var, momentum)


@wrong("hands-the-input-back", fails={"relatives-each"}, hint="relatives-heap")
def normalise(x, kind, groups=1, eps=1e-5):
    """Empties the input and gives it back, so that there is nothing to compare with."""
    return x.resize_(0)


@wrong("groups-forgotten", fails={"relatives-each"}, hint="relatives-heap")
def normalise(x, kind, groups=1, eps=1e-5):
    """Takes group norm for layer norm, which it is for one group only."""
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "group": (1, 2, 3)}[kind]
    mean, var = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt()


@wrong("not-a-number", fails={"fold-one", "fold-layers"}, hint="fold-none")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """NaN has the right shape, and is near to nothing."""
    return torch.full_like(weight, float("nan")), torch.full_like(mean, float("nan"))


@wrong("zeros-all-round", fails={"mend-train", "mend-eval"}, hint="mend-output")
def mended_norm(x, state, training, momentum=0.1, eps=1e-5):
    """Makes everything zero, in place."""
    for tensor in (x, *state):
        tensor.zero_()
    return x, state


@right("fold-by-numpy")
def fold(weight, bias, gamma, beta, mean, var, eps=1e-5):
    """NumPy from the second line to the last but one."""
    import numpy as np

    scale = gamma.numpy() / np.sqrt(var.numpy() + eps)
    old = 0 if bias is None else bias.numpy()
    new = weight.numpy() * scale.reshape(-1, 1, 1, 1), beta.numpy() + (old - mean.numpy()) * scale
    return torch.from_numpy(new[0]), torch.from_numpy(new[1])


@right("in-place-on-copies")
def normalise(x, kind, groups=1, eps=1e-5):
    """Flattens each heap to a row of a copy, and writes into the copy."""
    n, c, h, w = x.shape
    rows = x.transpose(0, 1).clone() if kind == "batch" else x.clone()
    count = {"batch": c, "layer": n, "instance": n * c, "group": n * groups}[kind]
    flat = rows.reshape(count, -1)
    flat -= flat.mean(1, keepdim=True)
    flat /= (flat.square().mean(1, keepdim=True) + eps).sqrt()
    return flat.reshape(c, n, h, w).transpose(0, 1) if kind == "batch" else flat.reshape(x.shape)


@right("plain-python")
def remember(mean, var, x, momentum=0.1):
    """Lists and loops, one channel at a time."""
    new_mean, new_var = [], []
    for c in range(x.shape[1]):
        heap = x[:, c].flatten().tolist()
        middle = sum(heap) / len(heap)
        spread = sum((v - middle) ** 2 for v in heap) / (len(heap) - 1)
        new_mean.append((1 - momentum) * mean[c].item() + momentum * middle)
        new_var.append((1 - momentum) * var[c].item() + momentum * spread)
    return torch.tensor(new_mean), torch.tensor(new_var)
