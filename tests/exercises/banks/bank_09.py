"""Answers to exercise 09: what learners get wrong about steps, memories, schedules and first numbers."""

import math

import torch

from tests.exercises.bank import right, wrong

# Task 1: descend


@wrong("forgets-the-curvature", fails={"descend-value"}, hint="descend-slope")
def descend(start, curvature, rate, steps):
    """Takes w for its slope."""
    way = [start]
    for _ in range(steps):
        way.append(way[-1] - rate * way[-1])
    return torch.stack(way)


@wrong("one-tensor-many-times", fails={"descend-value"}, hint="descend-alias")
def descend(start, curvature, rate, steps):
    """Puts the same tensor into the list again and again."""
    w = start.clone()
    way = [w]
    for _ in range(steps):
        w -= rate * curvature * w
        way.append(w)
    return torch.stack(way)


@wrong("without-the-start", fails={"descend-value"}, hint="descend-start")
def descend(start, curvature, rate, steps):
    """Notes only where a step ends."""
    way = [start * (1 - rate * curvature) ** k for k in range(1, steps + 1)]
    return torch.stack(way) if way else start[None][:0]


@wrong("walks-with-the-callers-tensor", fails={"descend-value"}, hint="descend-alias")
def descend(start, curvature, rate, steps):
    """Copies each place, and moves the start itself."""
    way = [start.clone()]
    for _ in range(steps):
        start -= rate * curvature * start
        way.append(start.clone())
    return torch.stack(way)


@right("descend-in-closed-form")
def descend(start, curvature, rate, steps):
    k = torch.arange(steps + 1)[:, None]
    return start * (1 - rate * curvature) ** k


@right("descend-with-autograd-in-float64")
def descend(start, curvature, rate, steps):
    def walk(w, left):
        if left == 0:
            return [w]
        v = w.clone().requires_grad_()
        ((curvature * v**2).sum() / 2).backward()
        return [w, *walk(w - rate * v.grad, left - 1)]

    return torch.stack(walk(start.double(), steps))


# Task 2: roll


@wrong("remembers-nothing", fails={"roll-plain", "roll-ahead"}, hint="roll-reset")
def roll(start, slopes, rate, mu, ahead):
    """Sets the velocity to zero at each step."""
    w, way = start, []
    for g in slopes:
        v = mu * torch.zeros_like(start) + g
        w = w - rate * (g + mu * v if ahead else v)
        way.append(w)
    return torch.stack(way)


@wrong("running-mean", fails={"roll-plain", "roll-ahead"}, hint="roll-mean")
def roll(start, slopes, rate, mu, ahead):
    """Takes Adam's mean for the velocity."""
    w, v, way = start, torch.zeros_like(start), []
    for g in slopes:
        v = mu * v + (1 - mu) * g
        w = w - rate * (g + mu * v if ahead else v)
        way.append(w)
    return torch.stack(way)


@wrong("never-looks-ahead", fails={"roll-ahead"}, hint="roll-swapped")
def roll(start, slopes, rate, mu, ahead):
    """The same for both kinds."""
    w, v, way = start, torch.zeros_like(start), []
    for g in slopes:
        v = mu * v + g
        w = w - rate * v
        way.append(w)
    return torch.stack(way)


@wrong("always-looks-ahead", fails={"roll-plain"}, hint="roll-swapped")
def roll(start, slopes, rate, mu, ahead):
    """Nesterov for both kinds."""
    w, v, way = start, torch.zeros_like(start), []
    for g in slopes:
        v = mu * v + g
        w = w - rate * (g + mu * v)
        way.append(w)
    return torch.stack(way)


@wrong("looks-ahead-with-the-old-velocity", fails={"roll-ahead"}, hint="roll-ahead")
def roll(start, slopes, rate, mu, ahead):
    """Uses v before it is refreshed, which is plain momentum once more but for a factor."""
    w, v, way = start, torch.zeros_like(start), []
    for g in slopes:
        step = g + mu * mu * v if ahead else g + mu * v
        v = mu * v + g
        w = w - rate * step
        way.append(w)
    return torch.stack(way)


@wrong("pushes-the-callers-start", fails={"roll-plain", "roll-ahead"}, hint="roll-caller")
def roll(start, slopes, rate, mu, ahead):
    """Right places, and the start is gone."""
    v, way = torch.zeros_like(start), []
    for g in slopes:
        v = mu * v + g
        start -= rate * (g + mu * v if ahead else v)
        way.append(start.clone())
    return torch.stack(way)


@right("roll-with-torch")
def roll(start, slopes, rate, mu, ahead):
    w = torch.nn.Parameter(start.clone())
    ball, way = torch.optim.SGD([w], lr=rate, momentum=mu, nesterov=ahead), []
    for g in slopes:
        w.grad = g.clone()
        ball.step()
        way.append(w.detach().clone())
    return torch.stack(way)


@right("roll-as-one-product")
def roll(start, slopes, rate, mu, ahead):
    n = len(slopes)
    k = torch.arange(n)
    age = k[:, None] - k[None]
    weights = torch.where(age >= 0, mu ** age.clamp(min=0).double(), 0.0)
    v = torch.einsum("st,tn->sn", weights, slopes.double())
    return start - rate * (slopes + mu * v if ahead else v).cumsum(0)


# Task 3: adam


@wrong("no-correction", fails={"adam-first", "adam-many", "adam-decay"}, hint="adam-correct")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Uses the means as they are."""
    w, m, v, way = start, 0, 0, []
    for g in slopes:
        w = (1 - rate * decay) * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * m / (v.sqrt() + eps)
        way.append(w)
    return torch.stack(way)


@wrong("corrects-as-at-step-one", fails={"adam-many", "adam-decay"}, hint="adam-count")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """The count never goes up."""
    w, m, v, way = start, 0, 0, []
    for g in slopes:
        w = (1 - rate * decay) * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1)) / ((v / (1 - beta2)).sqrt() + eps)
        way.append(w)
    return torch.stack(way)


@wrong("correction-stays-in-the-mean", fails={"adam-many", "adam-decay"}, hint="adam-count")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Writes the corrected means back."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        w = (1 - rate * decay) * w
        m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
        v = (beta2 * v + (1 - beta2) * g**2) / (1 - beta2**t)
        w = w - rate * m / (v.sqrt() + eps)
        way.append(w)
    return torch.stack(way)


@wrong("epsilon-in-the-root", fails={"adam-first"}, hint="adam-inside")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Keeps the root from zero, and not the division."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        w = (1 - rate * decay) * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / (v / (1 - beta2**t) + eps).sqrt()
        way.append(w)
    return torch.stack(way)


@wrong("forgets-the-root", fails={"adam-first", "adam-many", "adam-decay"}, hint="adam-square")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Divides by the mean of squares."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        w = (1 - rate * decay) * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / (v / (1 - beta2**t) + eps)
        way.append(w)
    return torch.stack(way)


@wrong("l2-for-decay", fails={"adam-decay"}, hint="adam-l2")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Adds the pull to the slope."""
    w, m, v, way = start, 0, 0, []
    for t, row in enumerate(slopes, start=1):
        g = row + decay * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
        way.append(w)
    return torch.stack(way)


@wrong("decays-after-the-step", fails={"adam-decay"}, hint="adam-decay")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Shrinks the place where the step has ended."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
        w = (1 - rate * decay) * w
        way.append(w)
    return torch.stack(way)


@wrong("decay-without-the-rate", fails={"adam-decay"}, hint="adam-decay")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Shrinks by the decay alone."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        w = (1 - decay) * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
        way.append(w)
    return torch.stack(way)


@wrong("a-fixed-epsilon", fails={"adam-first"}, hint="adam-means")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Does not look at eps."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        w = (1 - rate * decay) * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + 1e-8)
        way.append(w)
    return torch.stack(way)


@wrong("shrinks-the-callers-start", fails={"adam-decay"}, hint="roll-caller")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """The decay of the first step is written into the start."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        w *= 1 - rate * decay
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
        way.append(w.clone())
    return torch.stack(way)


@wrong("honest-partial-without-decay", fails={"adam-decay"}, hint="adam-none")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    """Adam as it should be, and no decay yet: 4 of 6 points."""
    w, m, v, way = start, 0, 0, []
    for t, g in enumerate(slopes, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)
        way.append(w)
    return torch.stack(way)


@right("adam-in-numpy")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    import numpy as np

    w, rows = start.numpy().astype("float64"), slopes.numpy().astype("float64")
    m = v = np.zeros_like(w)
    way = []
    for t, g in enumerate(rows, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        hats = m / (1 - beta1**t), v / (1 - beta2**t)
        w = w - rate * decay * w - rate * hats[0] / (np.sqrt(hats[1]) + eps)
        way.append(w)
    return torch.from_numpy(np.stack(way))


@right("adam-as-a-class")
def adam(start, slopes, rate, beta1, beta2, eps, decay):
    class Mean:
        def __init__(self, keep):
            self.keep, self.value, self.t = keep, torch.zeros_like(start), 0

        def add(self, new):
            self.t += 1
            self.value = self.keep * self.value + (1 - self.keep) * new
            return self.value / (1 - self.keep**self.t)

    m, v, w, way = Mean(beta1), Mean(beta2), start.clone(), []
    for g in slopes:
        w.mul_(1 - rate * decay)
        w.sub_(rate * m.add(g) / (v.add(g * g).sqrt() + eps))
        way.append(w.clone())
    return torch.stack(way)


# Task 4: rate_at


@wrong("climbs-from-zero", fails={"rate-warm", "rate-cosine"}, hint="rate-zero")
def rate_at(step, total, warm, peak, end):
    """Wastes the first batch."""
    if step < warm:
        return peak * step / warm
    u = min(1.0, (step - warm) / (total - 1 - warm))
    return end + (peak - end) * (1 + math.cos(math.pi * u)) / 2


@wrong("ends-one-step-late", fails={"rate-cosine"}, hint="rate-last")
def rate_at(step, total, warm, peak, end):
    """Counts steps from one."""
    if step < warm:
        return peak * (step + 1) / warm
    u = min(1.0, (step - warm) / (total - warm))
    return end + (peak - end) * (1 + math.cos(math.pi * u)) / 2


@wrong("cosine-from-the-first-step", fails={"rate-cosine"}, hint="rate-fall")
def rate_at(step, total, warm, peak, end):
    """Lets the wave begin with the warm-up."""
    if step < warm:
        return peak * (step + 1) / warm
    u = min(1.0, step / (total - 1))
    return end + (peak - end) * (1 + math.cos(math.pi * u)) / 2


@wrong("rises-again", fails={"rate-cosine"}, hint="rate-fall")
def rate_at(step, total, warm, peak, end):
    """Does not stay at the end."""
    if step < warm:
        return peak * (step + 1) / warm
    u = (step - warm) / (total - 1 - warm)
    return end + (peak - end) * (1 + math.cos(math.pi * u)) / 2


@wrong("falls-to-zero", fails={"rate-cosine"}, hint="rate-fall")
def rate_at(step, total, warm, peak, end):
    """Never looks at the end."""
    if step < warm:
        return peak * (step + 1) / warm
    u = min(1.0, (step - warm) / (total - 1 - warm))
    return peak * (1 + math.cos(math.pi * u)) / 2


@wrong("straight-line-for-a-cosine", fails={"rate-cosine"}, hint="rate-fall")
def rate_at(step, total, warm, peak, end):
    """Falls in a straight line."""
    if step < warm:
        return peak * (step + 1) / warm
    u = min(1.0, (step - warm) / (total - 1 - warm))
    return end + (peak - end) * (1 - u)


@right("rate-with-a-tensor")
def rate_at(step, total, warm, peak, end):
    climb = torch.arange(1, warm + 1, dtype=torch.float64) * peak / max(warm, 1)
    u = torch.linspace(0, 1, total - warm, dtype=torch.float64)
    fall = end + (peak - end) * torch.cos(math.pi * u / 2) ** 2
    return torch.cat([climb, fall])[min(step, total - 1)].item()


# Task 5: first_std and sizes


@wrong("fans-exchanged", fails={"std-value"}, hint="std-other")
def first_std(shape, rule):
    """Takes the first number for the inputs."""
    area = math.prod(shape[2:])
    fan_in, fan_out = shape[0] * area, shape[1] * area
    fans = {"kaiming": fan_in, "kaiming-out": fan_out, "xavier": fan_in + fan_out}
    if rule not in fans:
        raise ValueError(rule)
    return math.sqrt(2 / fans[rule])


@wrong("no-area", fails={"std-value"}, hint="std-channels")
def first_std(shape, rule):
    """Counts channels only."""
    fans = {"kaiming": shape[1], "kaiming-out": shape[0], "xavier": shape[0] + shape[1]}
    if rule not in fans:
        raise ValueError(rule)
    return math.sqrt(2 / fans[rule])


@wrong("variance-for-deviation", fails={"std-value"}, hint="std-root")
def first_std(shape, rule):
    """Leaves out the root."""
    area = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * area, shape[0] * area
    fans = {"kaiming": fan_in, "kaiming-out": fan_out, "xavier": fan_in + fan_out}
    if rule not in fans:
        raise ValueError(rule)
    return 2 / fans[rule]


@wrong("any-rule-is-xavier", fails={"std-value"}, hint="std-rule")
def first_std(shape, rule):
    """Guesses where it does not know."""
    area = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * area, shape[0] * area
    fans = {"kaiming": fan_in, "kaiming-out": fan_out}
    return math.sqrt(2 / fans.get(rule, fan_in + fan_out))


@wrong("refuses-one-unknown-rule-only", fails={"std-value"}, hint="std-rule")
def first_std(shape, rule):
    """Refuses the one that it has seen."""
    if rule == "he":
        raise ValueError(rule)
    area = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * area, shape[0] * area
    fans = {"kaiming": fan_in, "kaiming-out": fan_out}
    return math.sqrt(2 / fans.get(rule, fan_in + fan_out))


@right("std-by-filling")
def first_std(shape, rule):
    area = torch.empty(shape)[0, 0].numel()
    into, out = area * shape[1], area * shape[0]
    match rule:
        case "kaiming":
            fan = into
        case "kaiming-out":
            fan = out
        case "xavier":
            fan = into + out
        case _:
            raise ValueError(rule)
    return (2 / fan) ** 0.5


@wrong("no-relu", fails={"sizes-value"}, hint="sizes-relu")
def sizes(widths, stds):
    """Forgets what bends."""
    size, found = 1.0, []
    for fan_in, std in zip(widths, stds):
        size = size * std * math.sqrt(fan_in)
        found.append(size)
    return found


@wrong("half-the-size", fails={"sizes-value"}, hint="sizes-half")
def sizes(widths, stds):
    """Halves the size in place of its square."""
    size, found = 1.0, []
    for fan_in, std in zip(widths, stds):
        size = size * std * math.sqrt(fan_in) / 2
        found.append(size)
    return found


@wrong("each-layer-by-itself", fails={"sizes-value"}, hint="sizes-alone")
def sizes(widths, stds):
    """Starts anew at every layer."""
    return [std * math.sqrt(fan_in / 2) for fan_in, std in zip(widths, stds)]


@wrong("outputs-for-inputs", fails={"sizes-value"}, hint="sizes-layer")
def sizes(widths, stds):
    """Takes the width behind the layer."""
    size, found = 1.0, []
    for fan_out, std in zip(widths[1:], stds):
        size = size * std * math.sqrt(fan_out / 2)
        found.append(size)
    return found


@right("sizes-as-a-running-product")
def sizes(widths, stds):
    fan_in = torch.tensor(widths[:-1], dtype=torch.float64)
    squares = fan_in * torch.tensor(stds, dtype=torch.float64) ** 2 / 2
    return squares.cumprod(0).sqrt().tolist()


# Task 6: train


@wrong("slopes-add-up", fails={"train-batch", "train-schedule"}, hint="train-stale")
def train(w, batches, epochs, rate, every):
    """Mends the schedule and the handle, not the slope."""
    w, slope = w.clone(), torch.zeros_like(w)
    for epoch in range(epochs):
        for x, y in batches:
            slope += slope_at(w, x, y)
            w -= rate * slope
        if (epoch + 1) % every == 0:
            rate = rate / 10
    return w


@wrong("moves-the-callers-weights", fails={"train-batch", "train-schedule"}, hint="train-caller")
def train(w, batches, epochs, rate, every):
    """Right numbers, in the wrong tensor."""
    for epoch in range(epochs):
        for x, y in batches:
            w -= rate * slope_at(w, x, y)
        if (epoch + 1) % every == 0:
            rate = rate / 10
    return w


@wrong("cuts-per-batch", fails={"train-batch", "train-schedule"}, hint="train-per-batch")
def train(w, batches, epochs, rate, every):
    """Mends all but the schedule."""
    w = w.clone()
    for _ in range(epochs):
        for step, (x, y) in enumerate(batches):
            w -= rate * slope_at(w, x, y)
            if (step + 1) % every == 0:
                rate = rate / 10
    return w


@wrong("never-cuts", fails={"train-schedule"}, hint="train-steady")
def train(w, batches, epochs, rate, every):
    """Takes the schedule out."""
    w = w.clone()
    for _ in range(epochs):
        for x, y in batches:
            w -= rate * slope_at(w, x, y)
    return w


@wrong("cuts-one-epoch-early", fails={"train-schedule"}, hint="train-epochs")
def train(w, batches, epochs, rate, every):
    """Counts epochs from zero where they should count from one."""
    w = w.clone()
    for epoch in range(epochs):
        for x, y in batches:
            w = w - rate * slope_at(w, x, y)
        if epoch % every == 0:
            rate = rate / 10
    return w


@right("train-with-torch")
def train(w, batches, epochs, rate, every):
    p = torch.nn.Parameter(w.clone())
    walker = torch.optim.SGD([p], lr=rate)
    schedule = torch.optim.lr_scheduler.StepLR(walker, every, 0.1)
    for _ in range(epochs):
        for x, y in batches:
            walker.zero_grad()
            ((x @ p - y) ** 2).mean().backward()
            walker.step()
        schedule.step()
    return p.detach()
