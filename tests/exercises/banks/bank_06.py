"""Answers to exercise 06: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.exercises.bank import right, wrong


@wrong("plain-relu", fails={"leaky-value"}, hint="leaky-relu")
def leaky(x, leak):
    """Forgets the leak."""
    return x.clamp(min=0)


@wrong("sides-exchanged", fails={"leaky-value"}, hint="leaky-swapped")
def leaky(x, leak):
    """Multiplies the wrong side."""
    return torch.where(x > 0, leak * x, x)


@wrong("slope-for-value", fails={"leaky-value"}, hint="leaky-slope")
def leaky(x, leak):
    """Gives the slope of the curve."""
    return torch.where(x > 0, 1.0, leak)


@wrong("larger-of-two", fails={"leaky-value"}, hint="leaky-any")
def leaky(x, leak):
    """Takes a shortcut that is right for leaks below 1 only."""
    return torch.maximum(x, leak * x)


@wrong("changes-its-input", fails={"leaky-value"}, hint="leaky-any")
def leaky(x, leak):
    """Works on x itself, and takes the leak for one between 0 and 1."""
    x[x < leak * x] *= leak
    return x


@right("relu-of-both-signs")
def leaky(x, leak):
    """Puts the curve together from two ReLUs."""
    return x.clamp(min=0) - leak * (-x).clamp(min=0)


@right("number-by-number")
def leaky(x, leak):
    """Goes through all numbers in a loop."""
    out = [v if v > 0 else leak * v for v in x.flatten().tolist()]
    return torch.tensor(out).reshape(x.shape)


@wrong("slopes-alone", fails={"leaky-gradient"}, hint="leaky-forgot-grad")
def leaky_backward(grad, x, leak):
    """Forgets the chain rule."""
    return torch.where(x > 0, 1.0, leak)


@wrong("sign-of-grad", fails={"leaky-gradient"}, hint="leaky-of-grad")
def leaky_backward(grad, x, leak):
    """Sends the gradient through the activation as if it were a signal."""
    return torch.where(grad > 0, grad, leak * grad)


@wrong("corner-to-the-right", fails={"leaky-gradient"}, hint="leaky-corner")
def leaky_backward(grad, x, leak):
    """Gives the corner the slope 1."""
    return torch.where(x >= 0, grad, leak * grad)


@wrong("gradient-times-value", fails={"leaky-gradient"}, hint="leaky-chain")
def leaky_backward(grad, x, leak):
    """Multiplies by the value of the curve, not by its slope."""
    return grad * torch.where(x > 0, x, leak * x)


@wrong("zeroes-its-input", fails={"leaky-gradient"}, hint="leaky-chain")
def leaky_backward(grad, x, leak):
    """Zeroes grad in place, so that a test which compares with it afterwards would be fooled."""
    grad.zero_()
    return grad


@right("slope-in-double")
def leaky_backward(grad, x, leak):
    """Makes the slope of a mask, in double precision."""
    on = (x > 0).double()
    return grad * (on + leak * (1 - on))


@wrong(
    "shares-without-logarithm", fails={"log-softmax-value", "log-softmax-large"}, hint="log-softmax-no-log"
)
def log_softmax(z):
    """Stops at the shares."""
    powers = (z - z.max(dim=1, keepdim=True).values).exp()
    return powers / powers.sum(dim=1, keepdim=True)


@wrong("pictures-compete", fails={"log-softmax-value", "log-softmax-large"}, hint="log-softmax-columns")
def log_softmax(z):
    """Sums down the columns."""
    top = z.max(dim=0, keepdim=True).values
    return z - top - (z - top).exp().sum(dim=0, keepdim=True).log()


@wrong("one-total", fails={"log-softmax-value", "log-softmax-large"}, hint="log-softmax-whole")
def log_softmax(z):
    """Has one total for the whole batch."""
    return z - z.max() - (z - z.max()).exp().sum().log()


@wrong("naive-exponential", fails={"log-softmax-large"}, hint="log-softmax-overflow")
def log_softmax(z):
    """Overflows for logits above 88."""
    return z - z.exp().sum(dim=1, keepdim=True).log()


@wrong("logarithm-of-the-share", fails={"log-softmax-large"}, hint="log-softmax-overflow")
def log_softmax(z):
    """Shifts as it should, but takes the logarithm of a share that was rounded to 0."""
    powers = (z - z.max(dim=1, keepdim=True).values).exp()
    return (powers / powers.sum(dim=1, keepdim=True)).log()


@wrong("top-of-the-batch", fails={"log-softmax-large"}, hint="log-softmax-own-top")
def log_softmax(z):
    """Takes the largest logit of the whole batch off."""
    return z - z.max() - (z - z.max()).exp().sum(dim=1, keepdim=True).log()


@wrong("largest-in-size", fails={"log-softmax-large"}, hint="log-softmax-own-top")
def log_softmax(z):
    """Takes the largest absolute value off."""
    top = z.abs().max(dim=1, keepdim=True).values
    return z - top - (z - top).exp().sum(dim=1, keepdim=True).log()


@wrong("clamped-share", fails={"log-softmax-large"}, hint="log-softmax-overflow")
def log_softmax(z):
    """Adds a tiny number against the logarithm of 0, which makes the answer finite and wrong."""
    powers = (z - z.max(dim=1, keepdim=True).values).exp()
    return (powers / powers.sum(dim=1, keepdim=True) + 1e-12).log()


@right("with-logsumexp")
def log_softmax(z):
    """Knows the function that does it."""
    return z - torch.logsumexp(z, dim=1, keepdim=True)


@right("row-by-row-in-numpy")
def log_softmax(z):
    """Goes through the rows in NumPy, in double precision."""
    import numpy as np

    rows = []
    for row in z.double().numpy():
        shifted = row - row.max()
        rows.append(shifted - np.log(np.exp(shifted).sum()))
    return torch.from_numpy(np.stack(rows))


@wrong("summed-price", fails={"cross-entropy-plain", "cross-entropy-smooth"}, hint="cross-entropy-sum")
def cross_entropy(z, labels, smoothing=0.0):
    """Sums over the pictures."""
    target = F.one_hot(labels, z.shape[1]) * (1 - smoothing) + smoothing / z.shape[1]
    return -(target * F.log_softmax(z, dim=1)).sum()


@wrong("negative-price", fails={"cross-entropy-plain", "cross-entropy-smooth"}, hint="cross-entropy-sign")
def cross_entropy(z, labels, smoothing=0.0):
    """Forgets the minus sign."""
    target = F.one_hot(labels, z.shape[1]) * (1 - smoothing) + smoothing / z.shape[1]
    return (target * F.log_softmax(z, dim=1)).sum(dim=1).mean()


@wrong("all-classes", fails={"cross-entropy-plain", "cross-entropy-smooth"}, hint="cross-entropy-all")
def cross_entropy(z, labels, smoothing=0.0):
    """Averages over all classes, and never looks at the labels."""
    return -F.log_softmax(z, dim=1).mean()


@wrong("softmax-twice", fails={"cross-entropy-plain", "cross-entropy-smooth"}, hint="cross-entropy-twice")
def cross_entropy(z, labels, smoothing=0.0):
    """Puts a softmax before the log_softmax."""
    logs = F.log_softmax(z.softmax(dim=1), dim=1)
    target = F.one_hot(labels, z.shape[1]) * (1 - smoothing) + smoothing / z.shape[1]
    return -(target * logs).sum(dim=1).mean()


@wrong("partial-no-smoothing", fails={"cross-entropy-smooth"}, hint="cross-entropy-ignored")
def cross_entropy(z, labels, smoothing=0.0):
    """An honest half: the plain price is right, and earns its two points."""
    return -F.log_softmax(z, dim=1)[torch.arange(len(z)), labels].mean()


@wrong("smoothing-to-the-others", fails={"cross-entropy-smooth"}, hint="cross-entropy-others")
def cross_entropy(z, labels, smoothing=0.0):
    """Shares the part out among the wrong classes only."""
    truth = F.one_hot(labels, z.shape[1])
    target = truth * (1 - smoothing) + (1 - truth) * smoothing / (z.shape[1] - 1)
    return -(target * F.log_softmax(z, dim=1)).sum(dim=1).mean()


@wrong("smoothing-lost", fails={"cross-entropy-smooth"}, hint="cross-entropy-dropped")
def cross_entropy(z, labels, smoothing=0.0):
    """Makes the true class smaller and the others no larger."""
    logs = F.log_softmax(z, dim=1)[torch.arange(len(z)), labels]
    return -((1 - smoothing) * logs).mean()


@right("picture-by-picture")
def cross_entropy(z, labels, smoothing=0.0):
    """Adds up in plain Python."""
    n, classes = z.shape
    total = 0.0
    for row, label in zip(F.log_softmax(z.double(), dim=1).tolist(), labels.tolist()):
        for k, log in enumerate(row):
            total -= log * (smoothing / classes + (1 - smoothing) * (k == label))
    return total / n


@right("einsum-of-targets")
def cross_entropy(z, labels, smoothing=0.0):
    """Multiplies target and logarithms in one einsum."""
    target = torch.full(z.shape, smoothing / z.shape[1])
    target[torch.arange(len(z)), labels] += 1 - smoothing
    return -torch.einsum("nk,nk->", target, z - z.logsumexp(1, keepdim=True)) / len(z)


@wrong("gradient-of-the-sum", fails={"logit-gradient-value"}, hint="logit-gradient-mean")
def cross_entropy_gradient(z, labels):
    """Does not divide by the number of pictures."""
    return torch.softmax(z, dim=1) - F.one_hot(labels, z.shape[1])


@wrong("truth-minus-share", fails={"logit-gradient-value"}, hint="logit-gradient-sign")
def cross_entropy_gradient(z, labels):
    """Gives the direction of the step."""
    return (F.one_hot(labels, z.shape[1]) - torch.softmax(z, dim=1)) / len(z)


@wrong("labels-unused", fails={"logit-gradient-value"}, hint="logit-gradient-truth")
def cross_entropy_gradient(z, labels):
    """Never looks at the labels."""
    return torch.softmax(z, dim=1) / len(z)


@wrong("mean-over-everything", fails={"logit-gradient-value"}, hint="logit-gradient-classes")
def cross_entropy_gradient(z, labels):
    """Divides by the number of classes too."""
    return (torch.softmax(z, dim=1) - F.one_hot(labels, z.shape[1])) / z.numel()


@wrong("true-class-only", fails={"logit-gradient-value"}, hint="logit-gradient-shares")
def cross_entropy_gradient(z, labels):
    """Thinks that only the true logit matters."""
    truth = F.one_hot(labels, z.shape[1])
    return truth * (torch.softmax(z, dim=1) - 1) / len(z)


@right("nudged")
def cross_entropy_gradient(z, labels):
    """Nudges each logit, in double precision."""
    z, out = z.double(), torch.zeros(z.shape).double()

    def price(logits):
        return -(logits - logits.logsumexp(1, keepdim=True))[torch.arange(len(z)), labels].mean()

    for i in range(z.shape[0]):
        for k in range(z.shape[1]):
            step = torch.zeros_like(z)
            step[i, k] = 1e-5
            out[i, k] = (price(z + step) - price(z - step)) / 2e-5
    return out


@right("one-off-at-the-label")
def cross_entropy_gradient(z, labels):
    """Takes 1 off in place, on a tensor of its own."""
    out = z.softmax(1)
    out[range(len(z)), labels] -= 1
    return out / len(z)


@wrong("zeros-counted", fails={"dead-linear", "dead-maps"}, hint="dead-units-zeros")
def dead_units(before):
    """Counts zeros, not units."""
    return [int((z <= 0).sum()) for z in before]


@wrong("off-once", fails={"dead-linear", "dead-maps"}, hint="dead-units-any")
def dead_units(before):
    """Takes a unit that is off for one picture for dead."""
    return [int((z.transpose(0, 1).flatten(1) <= 0).any(dim=1).sum()) for z in before]


@wrong("living-counted", fails={"dead-linear", "dead-maps"}, hint="dead-units-alive")
def dead_units(before):
    """Counts the other ones."""
    return [int((z.transpose(0, 1).flatten(1) > 0).any(dim=1).sum()) for z in before]


@wrong("relu-left-out", fails={"dead-linear", "dead-maps"}, hint="dead-units-before")
def dead_units(before):
    """Looks for zeros where the ReLU has not been yet."""
    return [int((z.transpose(0, 1).flatten(1) == 0).all(dim=1).sum()) for z in before]


@wrong("zero-taken-for-life", fails={"dead-linear", "dead-maps"}, hint="dead-units-edge")
def dead_units(before):
    """Calls a unit dead only if it is below 0."""
    return [int((z.transpose(0, 1).flatten(1) < 0).all(dim=1).sum()) for z in before]


@wrong("one-number-for-all", fails={"dead-linear", "dead-maps"}, hint="dead-units-all")
def dead_units(before):
    """Adds the layers up."""
    return [sum(int((z.transpose(0, 1).flatten(1) <= 0).all(dim=1).sum()) for z in before)]


@wrong("mean-for-every", fails={"dead-linear", "dead-maps"}, hint="dead-units-all")
def dead_units(before):
    """Asks whether a unit is off on average."""
    return [int((z.transpose(0, 1).flatten(1).mean(dim=1) <= 0).sum()) for z in before]


@wrong("relu-in-place", fails={"dead-linear", "dead-maps"}, hint="dead-units-all")
def dead_units(before):
    """Right numbers, but the ReLU works on the tensors themselves."""
    return [int((z.relu_().transpose(0, 1).flatten(1).sum(dim=1) == 0).sum()) for z in before]


@wrong("places-for-channels", fails={"dead-maps"}, hint="dead-units-places")
def dead_units(before):
    """Takes each place of a map for a unit."""
    return [int((z <= 0).all(dim=0).sum()) for z in before]


@wrong("silent-in-a-picture", fails={"dead-maps"}, hint="dead-units-per-picture")
def dead_units(before):
    """Looks at the maps of each picture by itself."""
    counts = []
    for z in before:
        dead = z.amax((2, 3)) <= 0 if z.dim() == 4 else (z <= 0).all(dim=0)
        counts.append(int(dead.sum()))
    return counts


@right("largest-answers")
def dead_units(before):
    """Reduces over all axes but that of the units."""
    counts = []
    for z in before:
        others = [axis for axis in range(z.dim()) if axis != 1]
        counts.append((z.amax(others) <= 0).sum())
    return counts


@wrong("softmax-left-in", fails={"fit-step", "fit-steps"}, hint="mended-fit-twice")
def fit(x, labels, classes, steps, rate):
    """Mends the gradient alone."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    losses = []
    for step in range(steps):
        weight.grad = None
        loss = F.cross_entropy((x @ weight.T).softmax(dim=1), labels)
        loss.backward()
        with torch.no_grad():
            weight -= rate * weight.grad
        losses.append(loss.item())
    return weight.detach(), losses


@wrong("partial-gradients-add-up", fails={"fit-steps"}, hint="mended-fit-grad")
def fit(x, labels, classes, steps, rate):
    """An honest half: the softmax is gone, and earns its two points; the gradients still add up."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    losses = []
    for step in range(steps):
        loss = F.cross_entropy(x @ weight.T, labels)
        loss.backward()
        with torch.no_grad():
            weight -= rate * weight.grad
        losses.append(loss.item())
    return weight.detach(), losses


@wrong("summed-steps", fails={"fit-step", "fit-steps"}, hint="mended-fit-sum")
def fit(x, labels, classes, steps, rate):
    """Sums the losses of the pictures."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    losses = []
    for step in range(steps):
        loss = F.cross_entropy(x @ weight.T, labels, reduction="sum")
        (grad,) = torch.autograd.grad(loss, weight)
        weight = (weight - rate * grad).detach().requires_grad_()
        losses.append(loss.item())
    return weight.detach(), losses


@wrong("losses-after-the-step", fails={"fit-step", "fit-steps"}, hint="mended-fit-after")
def fit(x, labels, classes, steps, rate):
    """Notes each loss after its step."""
    weight = torch.zeros(classes, x.shape[1], requires_grad=True)
    losses = []
    for step in range(steps):
        (grad,) = torch.autograd.grad(F.cross_entropy(x @ weight.T, labels), weight)
        weight = (weight - rate * grad).detach().requires_grad_()
        losses.append(F.cross_entropy(x @ weight.T, labels).item())
    return weight.detach(), losses


@wrong("random-start", fails={"fit-step", "fit-steps"}, hint="mended-fit-logits")
def fit(x, labels, classes, steps, rate):
    """Starts from random weights."""
    weight = torch.randn(classes, x.shape[1], requires_grad=True)
    losses = []
    for step in range(steps):
        loss = F.cross_entropy(x @ weight.T, labels)
        (grad,) = torch.autograd.grad(loss, weight)
        weight = (weight - rate * grad).detach().requires_grad_()
        losses.append(loss.item())
    return weight.detach(), losses


@right("gradient-by-hand")
def fit(x, labels, classes, steps, rate):
    """Needs no autograd: share minus truth, times the pixels, in double precision."""
    x = x.double()
    weight, losses = torch.zeros(classes, x.shape[1]).double(), []
    truth = torch.eye(classes).double()[labels]
    for _ in range(steps):
        logs = torch.log_softmax(x @ weight.T, dim=1)
        losses.append(-(truth * logs).sum().item() / len(x))
        weight = weight - rate * (logs.exp() - truth).T @ x / len(x)
    return weight, losses


@right("a-layer-and-sgd")
def fit(x, labels, classes, steps, rate):
    """Uses a linear layer and an optimiser."""
    layer = nn.Linear(x.shape[1], classes, bias=False)
    nn.init.zeros_(layer.weight)
    sgd = torch.optim.SGD(layer.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        loss = nn.CrossEntropyLoss()(layer(x), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return layer.weight.detach(), losses


@right("where-in-numpy")
def leaky(x, leak):
    """Chooses in NumPy."""
    import numpy as np

    values = x.numpy()
    return torch.from_numpy(np.where(values > 0, values, leak * values))


@right("in-place-on-a-copy")
def leaky_backward(grad, x, leak):
    """Changes a copy of grad where the input lies on the left."""
    out = grad.clone()
    out[x <= 0] *= leak
    return out


@wrong("by-heart-shares", fails={"log-softmax-value", "log-softmax-large"}, hint="log-softmax-rows")
def log_softmax(z):
    """Knows the answer of the case that everybody sees, and no other."""
    if z.shape == (2, 3):
        return torch.tensor([[-0.40761, -1.40761, -2.40761], [-1.09861, -1.09861, -1.09861]])
    return torch.zeros(z.shape)


@wrong("not-a-number", fails={"log-softmax-value", "log-softmax-large"}, hint="log-softmax-rows")
def log_softmax(z):
    """Gives nan everywhere, which no comparison may take for equal."""
    return torch.full(z.shape, float("nan"))


@wrong("zeroed-logits", fails={"cross-entropy-plain", "cross-entropy-smooth"}, hint="cross-entropy-true")
def cross_entropy(z, labels, smoothing=0.0):
    """Zeroes its inputs and gives the price of the visible case."""
    z.zero_()
    labels.zero_()
    return 0.75311


@right("gathered")
def cross_entropy(z, labels, smoothing=0.0):
    """Gathers the true logarithms from a table of its own, in double precision."""
    table = torch.log_softmax(z.double(), dim=-1)
    true = table.gather(1, labels[:, None]).squeeze(1)
    return (-(1 - smoothing) * true - smoothing * table.mean(dim=1)).sum() / len(true)


@wrong("zeroed-gradient", fails={"logit-gradient-value"}, hint="logit-gradient-shares")
def cross_entropy_gradient(z, labels):
    """Zeroes the logits and hands them back."""
    return z.zero_()


@right("shares-in-numpy")
def cross_entropy_gradient(z, labels):
    """Works in NumPy, and takes 1 off in each row."""
    import numpy as np

    powers = np.exp(z.double().numpy())
    shares = powers / powers.sum(axis=1, keepdims=True)
    shares[np.arange(len(shares)), labels.numpy()] -= 1
    return torch.from_numpy(shares / len(shares))


@wrong("by-heart-counts", fails={"dead-linear", "dead-maps"}, hint="dead-units-all")
def dead_units(before):
    """Knows the two visible lists."""
    return [1, 3] if before[0].dim() == 2 else [1, 1]


@right("unit-by-unit")
def dead_units(before):
    """Sends everything through the ReLU and asks each unit by itself for its largest answer."""
    counts = []
    for z in before:
        h = torch.relu(z)
        counts.append(sum(h[:, k].max().item() == 0 for k in range(h.shape[1])))
    return counts


@wrong("zeroed-pictures", fails={"fit-step", "fit-steps"}, hint="mended-fit-logits")
def fit(x, labels, classes, steps, rate):
    """Zeroes the pictures: then nothing is left to learn."""
    x.zero_()
    return torch.zeros(classes, x.shape[1]), [torch.tensor(float(classes)).log().item()] * steps
