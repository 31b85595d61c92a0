"""Answers to exercise 07: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("no-scaling", fails={"witness-mean"}, hint="witness-unscaled")
def mean_answer(w, x, p):
    """Forgets that those who stay speak louder."""
    return (1 - p) * (w * x).sum().item()


@wrong("mean-of-the-products", fails={"witness-mean"}, hint="witness-mean")
def mean_answer(w, x, p):
    """Takes the mean over the inputs instead of the masks."""
    return (w * x).mean().item()


@right("all-masks-one-by-one")
def mean_answer(w, x, p):
    """Goes through all cases with NumPy, each with its chance."""
    import itertools

    import numpy as np

    w, x, total = w.double().numpy(), x.double().numpy(), 0.0
    for mask in itertools.product([0, 1], repeat=len(w)):
        chance = np.prod([(1 - p) if m else p for m in mask])
        total += chance * float((w * x * np.array(mask) / (1 - p)).sum())
    return total


@right("all-masks-one-by-one")
def variance_answer(w, x, p):
    """The same for the squared distance from the mean."""
    import itertools

    import numpy as np

    w, x, total = w.double().numpy(), x.double().numpy(), 0.0
    mean = float((w * x).sum())
    for mask in itertools.product([0, 1], repeat=len(w)):
        chance = np.prod([(1 - p) if m else p for m in mask])
        total += chance * (float((w * x * np.array(mask) / (1 - p)).sum()) - mean) ** 2
    return total


@wrong("spread-for-variance", fails={"witness-variance"}, hint="witness-spread")
def variance_answer(w, x, p):
    """Gives the standard deviation."""
    return (p / (1 - p) * ((w * x) ** 2).sum()).sqrt().item()


@wrong("variance-without-scaling", fails={"witness-variance"}, hint="witness-unscaled")
def variance_answer(w, x, p):
    """The variance of w · x with plain zeros and ones."""
    return p * (1 - p) * ((w * x) ** 2).sum().item()


@wrong("sum-before-square", fails={"witness-variance"}, hint="witness-sum-first")
def variance_answer(w, x, p):
    """Drops all inputs with one coin."""
    return p / (1 - p) * (w * x).sum().item() ** 2


@wrong("all-cases-equally-likely", fails={"witness-variance"}, hint="witness-chances")
def variance_answer(w, x, p):
    """Has learned the formula from p = 0.5."""
    return ((w * x) ** 2).sum().item()


@wrong("p-is-to-keep", fails={"witness-variance"}, hint="witness-keep")
def variance_answer(w, x, p):
    """Takes p for the chance to stay."""
    return (1 - p) / max(p, 1e-9) * ((w * x) ** 2).sum().item()


@wrong("mask-only", fails={"drop-value"}, hint="drop-unscaled")
def dropped(x, keep, p, training=True):
    """Silences and does not scale."""
    return x * keep if training else x


@wrong("divided-by-p", fails={"drop-value"}, hint="drop-by-p")
def dropped(x, keep, p, training=True):
    """Confuses the two chances: right for p = 0.5."""
    return x * keep / max(p, 1e-9) if training else x


@wrong("mask-turned", fails={"drop-value"}, hint="drop-turned")
def dropped(x, keep, p, training=True):
    """Takes a 1 for 'dropped'."""
    return x * (1 - keep) / (1 - p) if training else x


@wrong("multiplied-by-the-chance", fails={"drop-value"}, hint="drop-old")
def dropped(x, keep, p, training=True):
    """Does to the numbers what the paper does to the weights."""
    return x * keep * (1 - p) if training else x


@wrong("one-chance-for-all", fails={"drop-value"}, hint="drop-scale")
def dropped(x, keep, p, training=True):
    """Writes the chance of the visible case into the code."""
    if not training:
        return x
    return x * keep / 0.8


@wrong("input-overwritten", fails={"drop-value", "drop-eval"}, hint="drop-scale")
def dropped(x, keep, p, training=True):
    """Zeroes its own inputs, so that everything it is compared with would be zero."""
    out = torch.zeros_like(x) if training else x.clone()
    x.zero_()
    keep.zero_()
    return out


@wrong("input-handed-back", fails={"drop-value", "drop-eval"}, hint="drop-off")
def dropped(x, keep, p, training=True):
    """Does nothing, which is right in use and only there."""
    return x


@wrong("always-on", fails={"drop-eval"}, hint="drop-eval-on")
def dropped(x, keep, p, training=True):
    """The function that eval() cannot reach."""
    return x * keep / (1 - p)


@wrong("scaled-twice", fails={"drop-eval"}, hint="drop-eval-old")
def dropped(x, keep, p, training=True):
    """Scales in training and again in use."""
    return x * keep / (1 - p) if training else x * (1 - p)


@right("with-where")
def dropped(x, keep, p, training=True):
    """In double precision, with where instead of a product."""
    scaled = torch.where(keep.bool(), x.double() / (1 - p), torch.zeros((), dtype=torch.float64))
    return scaled if training else x.clone()


@right("with-where")
def drop_channels(x, u, p):
    """Channel by channel, in loops."""
    out = torch.zeros_like(x)
    for n in range(len(x)):
        for c in range(x.shape[1]):
            if u[n, c] >= p:
                out[n, c] = x[n, c] / (1 - p)
    return out


@wrong("gradient-unscaled", fails={"drop-gradient"}, hint="drop-gradient-unscaled")
def dropped_gradient(grad, keep, p):
    """Masks the gradient and forgets the scale."""
    return grad * keep


@wrong("gradient-to-everybody", fails={"drop-gradient"}, hint="drop-gradient-all")
def dropped_gradient(grad, keep, p):
    """Scales the gradient and forgets the mask."""
    return grad / (1 - p)


@wrong("gradient-straight-through", fails={"drop-gradient"}, hint="drop-gradient-plain")
def dropped_gradient(grad, keep, p):
    """Hands the gradient on as it came."""
    return grad


@right("ask-autograd")
def dropped_gradient(grad, keep, p):
    """Lets autograd go back."""
    x = torch.zeros_like(grad, requires_grad=True)
    (back,) = torch.autograd.grad(x * keep / (1 - p), x, grad)
    return back


@wrong("channels-turned-round", fails={"channels-value"}, hint="channels-turned")
def drop_channels(x, u, p):
    """Drops the channels with a large u."""
    return x * (u < p).float()[:, :, None, None] / (1 - p)


@wrong("channels-not-scaled", fails={"channels-value"}, hint="channels-unscaled")
def drop_channels(x, u, p):
    """Forgets the scale."""
    return x * (u >= p).float()[:, :, None, None]


@wrong("mask-meets-the-columns", fails={"channels-value"}, hint="channels-columns")
def drop_channels(x, u, p):
    """Lets the axes be matched from the right."""
    return x * (u >= p).float() / (1 - p)


@wrong("coins-of-the-first-picture", fails={"channels-value"}, hint="channels-first")
def drop_channels(x, u, p):
    """Drops the same channels in all pictures."""
    return x * (u[0] >= p).float()[None, :, None, None] / (1 - p)


@wrong("mean-of-logits", fails={"committee-value"}, hint="committee-logits")
def committee(logits):
    """Averages first."""
    return logits.mean(0).softmax(1)


@wrong("members-compete", fails={"committee-value"}, hint="committee-axis")
def committee(logits):
    """Softmax along the members."""
    return logits.softmax(0).mean(0)


@wrong("pictures-compete", fails={"committee-value"}, hint="committee-pictures")
def committee(logits):
    """Softmax along the pictures."""
    return logits.softmax(1).mean(0)


@wrong("sum-of-members", fails={"committee-value"}, hint="committee-sum")
def committee(logits):
    """Adds and does not divide."""
    return logits.softmax(2).sum(0)


@wrong("votes-are-counted", fails={"committee-value"}, hint="committee-mean")
def committee(logits):
    """Counts votes instead of averaging probabilities."""
    return F.one_hot(logits.argmax(2), logits.shape[2]).float().mean(0)


@right("numpy-committee")
def committee(logits):
    """With NumPy and einsum, in double precision."""
    import numpy as np

    powers = np.exp(logits.double().numpy())
    shares = powers / powers.sum(axis=2, keepdims=True)
    return torch.from_numpy(np.einsum("mnk->nk", shares) / len(shares))


@wrong("rate-forgotten", fails={"shrink-l2", "shrink-l1"}, hint="shrink-rate")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Pulls by l2, not by lr · l2."""
    w = w * (1 - l2)
    return w.sign() * (w.abs() - lr * l1).clamp(min=0)


@wrong("two-times-the-weight", fails={"shrink-l2", "shrink-l1"}, hint="shrink-twice")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Takes the slope of w² without the half."""
    w = w - lr * l2 * 2 * w
    return w.sign() * (w.abs() - lr * l1).clamp(min=0)


@wrong("jumps-over-zero", fails={"shrink-l1"}, hint="shrink-jump")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Subtracts the sign, as the formula of the slope says."""
    w = w * (1 - lr * l2)
    return w - lr * l1 * w.sign()


@wrong("pulls-down", fails={"shrink-l1"}, hint="shrink-down")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Forgets that negative weights are pulled up."""
    return w * (1 - lr * l2) - lr * l1


@wrong("negative-weights-lost", fails={"shrink-l1", "shrink-l2"}, hint="shrink-l2")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Clamps the weight instead of its size."""
    return (w * (1 - lr * l2) - lr * l1).clamp(min=0)


@wrong("negative-weights-lost-in-l1-only", fails={"shrink-l1"}, hint="shrink-negative")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Clamps the weight instead of its size, if there is an L1."""
    w = w * (1 - lr * l2)
    return (w - lr * l1).clamp(min=0) if l1 else w


@wrong("sign-lost", fails={"shrink-l1"}, hint="shrink-size")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Gives the sizes back, if there is an L1."""
    w = w * (1 - lr * l2)
    return (w.abs() - lr * l1).clamp(min=0) if l1 else w


@wrong("l1-before-l2", fails={"shrink-l1"}, hint="shrink-l1")
def shrink(w, lr, l1=0.0, l2=0.0):
    """An honest partial: each pull is right alone, and the order is not that of the task."""
    w = w.sign() * (w.abs() - lr * l1).clamp(min=0)
    return w * (1 - lr * l2)


@right("number-by-number")
def shrink(w, lr, l1=0.0, l2=0.0):
    """Walks over the weights."""
    out = []
    for value in w.flatten().tolist():
        value *= 1 - lr * l2
        pull = lr * l1
        out.append(0.0 if abs(value) <= pull else value - pull if value > 0 else value + pull)
    return torch.tensor(out).reshape(w.shape)


@wrong("no-smoothing", fails={"smooth-one", "smooth-batch"}, hint="smooth-hard")
def smooth_loss(logits, labels, amount=0.1):
    """Ignores the amount."""
    return F.cross_entropy(logits, labels)


@wrong("spread-over-the-others", fails={"smooth-one", "smooth-batch"}, hint="smooth-others")
def smooth_loss(logits, labels, amount=0.1):
    """Gives nothing of the amount to the right class."""
    n, classes = logits.shape
    target = torch.full((n, classes), amount / (classes - 1))
    target[torch.arange(n), labels] = 1 - amount
    return -(target * logits.log_softmax(1)).sum(1).mean()


@wrong("minus-forgotten", fails={"smooth-one", "smooth-batch"}, hint="smooth-sign")
def smooth_loss(logits, labels, amount=0.1):
    """Loses the minus."""
    return -F.cross_entropy(logits, labels, label_smoothing=amount)


@wrong("another-default", fails={"smooth-batch"}, hint="smooth-default")
def smooth_loss(logits, labels, amount=0.0):
    """Has changed the first line."""
    return F.cross_entropy(logits, labels, label_smoothing=amount)


@wrong("sum-over-the-batch", fails={"smooth-batch"}, hint="smooth-sum")
def smooth_loss(logits, labels, amount=0.1):
    """Adds up the pictures: right for one."""
    return F.cross_entropy(logits, labels, label_smoothing=amount, reduction="sum")


@wrong("label-of-the-first", fails={"smooth-batch"}, hint="smooth-batch")
def smooth_loss(logits, labels, amount=0.1):
    """Uses one label for all pictures."""
    logs = logits.log_softmax(1)
    return -((1 - amount) * logs[:, labels[0]] + amount * logs.mean(1)).mean()


@wrong("mean-over-everything", fails={"smooth-one", "smooth-batch"}, hint="smooth-target")
def smooth_loss(logits, labels, amount=0.1):
    """Averages over the classes as well."""
    target = (1 - amount) * F.one_hot(labels, logits.shape[1]) + amount / logits.shape[1]
    return -(target * logits.log_softmax(1)).mean()


@wrong("mean-over-everything-in-a-batch", fails={"smooth-batch"}, hint="smooth-every")
def smooth_loss(logits, labels, amount=0.1):
    """Averages over the classes as well, as soon as there are several pictures."""
    loss = F.cross_entropy(logits, labels, label_smoothing=amount)
    return loss if len(labels) == 1 else loss / logits.shape[1]


@right("target-written-down")
def smooth_loss(logits, labels, amount=0.1):
    """Writes the target down, picture by picture, in double precision."""
    total = 0.0
    for row, label in zip(logits.double(), labels.tolist(), strict=True):
        target = torch.full((len(row),), amount / len(row), dtype=torch.float64)
        target[label] += 1 - amount
        total = total - (target * (row - row.logsumexp(0))).sum()
    return total / len(labels)


@wrong("best-is-last", fails={"early-best", "early-patience"}, hint="early-last")
def stop_early(losses, patience):
    """Returns the epoch of the stop twice."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return epoch, epoch


@wrong("stop-is-best", fails={"early-best", "early-patience"}, hint="early-same")
def stop_early(losses, patience):
    """Returns the best epoch twice."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best, best


@wrong("count-never-reset", fails={"early-patience"}, hint="early-reset")
def stop_early(losses, patience):
    """Counts all bad epochs."""
    best = bad = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch:
            bad += 1
        if bad >= patience:
            break
    return best, epoch


@wrong("one-epoch-too-long", fails={"early-patience"}, hint="early-late")
def stop_early(losses, patience):
    """Waits until the patience is exceeded."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best > patience:
            break
    return best, epoch


@wrong("looks-ahead", fails={"early-patience"}, hint="early-patience")
def stop_early(losses, patience):
    """Knows the best epoch from the beginning."""
    best = losses.index(min(losses))
    return best, min(best + patience, len(losses) - 1)


@wrong("best-of-all-losses", fails={"early-patience"}, hint="early-ahead")
def stop_early(losses, patience):
    """Stops at the right time and then takes the best of all epochs, also of those that never were."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return losses.index(min(losses)), epoch


@wrong("tie-counts-as-better", fails={"early-patience"}, hint="early-tie")
def stop_early(losses, patience):
    """Takes an equal loss for an improvement."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best, epoch


@right("recursive")
def stop_early(losses, patience):
    """Walks by calling itself."""

    def walk(epoch, best):
        best = epoch if losses[epoch] < losses[best] else best
        if epoch - best >= patience or epoch == len(losses) - 1:
            return best, epoch
        return walk(epoch + 1, best)

    return walk(0, 0)


@wrong("nothing-mended", fails={"mend-train", "mend-use"}, hint="mend-by-p")
def healthy(x, w1, w2, keep, p, training):
    """Hands the sick net in."""
    hidden = (x @ w1).relu()
    hidden = hidden * keep / p
    if not training:
        w2 = w2 * (1 - p)
    return hidden @ w2


@wrong("one-fault-left", fails={"mend-use"}, hint="mend-twice")
def healthy(x, w1, w2, keep, p, training):
    """An honest partial: training is right, and in use the answer is still scaled."""
    hidden = (x @ w1).relu()
    if training:
        hidden = hidden * keep / (1 - p)
    else:
        w2 = w2 * (1 - p)
    return hidden @ w2


@wrong("dropout-thrown-out", fails={"mend-train", "mend-use"}, hint="mend-off")
def healthy(x, w1, w2, keep, p, training):
    """Mends the net by taking its dropout away."""
    return (x @ w1).relu() @ w2


@wrong("weights-scaled-in-place", fails={"mend-use"}, hint="mend-twice")
def healthy(x, w1, w2, keep, p, training):
    """Scales the weights of its caller in use, as the paper does."""
    hidden = (x @ w1).relu()
    if training:
        return (hidden * keep / (1 - p)) @ w2
    w2.mul_(1 - p)
    return hidden @ w2


@wrong("mask-left-on", fails={"mend-use"}, hint="mend-mask")
def healthy(x, w1, w2, keep, p, training):
    """Drops in use as well."""
    return ((x @ w1).relu() * keep / (1 - p)) @ w2


@wrong("scale-left-on", fails={"mend-use"}, hint="mend-scaled")
def healthy(x, w1, w2, keep, p, training):
    """Switches the mask off and the scale not."""
    hidden = (x @ w1).relu()
    if training:
        hidden = hidden * keep
    return hidden / (1 - p) @ w2


@wrong("scale-removed", fails={"mend-train"}, hint="mend-unscaled")
def healthy(x, w1, w2, keep, p, training):
    """Takes the division out."""
    hidden = (x @ w1).relu()
    return (hidden * keep if training else hidden) @ w2


@wrong("scale-in-the-weights", fails={"mend-train"}, hint="mend-old")
def healthy(x, w1, w2, keep, p, training):
    """Moves the factor to the training."""
    hidden = (x @ w1).relu()
    return (hidden * keep * (1 - p) if training else hidden) @ w2


@wrong("mask-forgotten", fails={"mend-train", "mend-use"}, hint="mend-off")
def healthy(x, w1, w2, keep, p, training):
    """Scales, and silences nobody."""
    hidden = x @ w1
    if training:
        hidden = hidden / (1 - p)
    return hidden.relu() @ w2


@right("class-of-layers")
def healthy(x, w1, w2, keep, p, training):
    """A class that obeys its mode, with einsum."""

    class Masked:
        def __init__(self, on):
            self.on = on

        def __call__(self, h):
            return torch.einsum("nh,nh->nh", h, keep / (1 - p)) if self.on else h

    hidden = torch.einsum("ni,ih->nh", x, w1).clamp(min=0)
    return torch.einsum("nh,ho->no", Masked(training)(hidden), w2)


@wrong("boundary-dropped", fails={"channels-value"}, hint="channels-turned")
def drop_channels(x, u, p):
    """Drops a channel whose coin equals p."""
    return x * (u > p).float()[:, :, None, None] / (1 - p)


@wrong("curve-emptied-in-place", fails={"early-patience"}, hint="early-patience")
def stop_early(losses, patience):
    """Takes the losses out of the list that it was given, and forgets to stop."""
    best = epoch = 0
    lowest = losses.pop(0)
    while losses:
        epoch, loss = epoch + 1, losses.pop(0)
        if loss < lowest:
            best, lowest = epoch, loss
    return best, epoch
