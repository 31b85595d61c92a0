"""Answers to exercise 22: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("gates-forgotten", fails={"slope-closed"}, hint="slope-all")
def slopes_by_hand(weights, biases, outs, pixels):
    """The honest partial: multiplies the layers out, as if there were no ReLU."""
    columns = zip(*weights, strict=True)
    return [sum(out * w for out, w in zip(outs, column, strict=True)) for column in columns]


@wrong("zero-counts-as-open", fails={"slope-closed"}, hint="slope-zero")
def slopes_by_hand(weights, biases, outs, pixels):
    """Lets a sum of exactly 0 pass."""
    found = [0.0] * len(pixels)
    for row, bias, out in zip(weights, biases, outs, strict=True):
        if bias + sum(w * p for w, p in zip(row, pixels, strict=True)) >= 0:
            found = [s + out * w for s, w in zip(found, row, strict=True)]
    return found


@wrong("hidden-value-as-a-factor", fails={"slope-open", "slope-closed"}, hint="slope-value")
def slopes_by_hand(weights, biases, outs, pixels):
    """Multiplies by what the ReLU gives."""
    found = [0.0] * len(pixels)
    for row, bias, out in zip(weights, biases, outs, strict=True):
        hidden = max(0, bias + sum(w * p for w, p in zip(row, pixels, strict=True)))
        found = [s + out * hidden * w for s, w in zip(found, row, strict=True)]
    return found


@wrong("times-the-pixel", fails={"slope-open", "slope-closed"}, hint="slope-input")
def slopes_by_hand(weights, biases, outs, pixels):
    """Gives input × gradient."""
    found = [0.0] * len(pixels)
    for row, bias, out in zip(weights, biases, outs, strict=True):
        if bias + sum(w * p for w, p in zip(row, pixels, strict=True)) > 0:
            found = [s + out * w * p for s, w, p in zip(found, row, pixels, strict=True)]
    return found


@right("as-matrices")
def slopes_by_hand(weights, biases, outs, pixels):
    """Matrices, and a list at the end."""
    w, b, v, x = (torch.tensor(t, dtype=torch.float64) for t in (weights, biases, outs, pixels))
    return ((v * (w @ x + b > 0)) @ w).tolist()


@wrong("probability-differentiated", fails={"look-value", "look-traces"}, hint="seen-softmax")
def saliency(net, images, labels):
    """Takes the slope of the probability."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    score = net(leaf).softmax(1).gather(1, labels[:, None]).sum()
    (slope,) = torch.autograd.grad(score, leaf)
    net.train(training)
    return slope.abs().amax(1)


@wrong("all-scores-added", fails={"look-value", "look-traces"}, hint="seen-every")
def saliency(net, images, labels):
    """Adds the scores of all classes up."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(leaf).sum(), leaf)
    net.train(training)
    return slope.abs().amax(1)


@wrong("class-of-the-net", fails={"look-value", "look-traces"}, hint="seen-own")
def saliency(net, images, labels):
    """Explains what the net chose, whatever labels says."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(leaf).amax(1).sum(), leaf)
    net.train(training)
    return slope.abs().amax(1)


@wrong("sign-kept", fails={"look-value", "look-traces"}, hint="seen-signed")
def saliency(net, images, labels):
    """Forgets the absolute value."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    score = net(leaf).gather(1, labels[:, None]).sum()
    (slope,) = torch.autograd.grad(score, leaf)
    net.train(training)
    return slope.amax(1)


@wrong("channels-kept", fails={"look-shape", "look-value", "look-traces"}, hint="seen-channels")
def saliency(net, images, labels):
    """Gives a map for each channel."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    score = net(leaf).gather(1, labels[:, None]).sum()
    (slope,) = torch.autograd.grad(score, leaf)
    net.train(training)
    return slope.abs()


@wrong("backward-into-the-weights", fails={"look-traces"}, hint="seen-grad")
def saliency(net, images, labels):
    """backward() adds to the gradients of a training under way."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    net(leaf).gather(1, labels[:, None]).sum().backward()
    net.train(training)
    return leaf.grad.abs().amax(1)


@wrong("gradients-wiped", fails={"look-traces"}, hint="seen-grad")
def saliency(net, images, labels):
    """Cleans up behind itself, and takes the training's gradients along."""
    training = net.training
    net.eval()
    leaf = images.clone().requires_grad_()
    net(leaf).gather(1, labels[:, None]).sum().backward()
    net.zero_grad()
    net.train(training)
    return leaf.grad.abs().amax(1)


@wrong("mode-as-it-comes", fails={"look-traces"}, hint="seen-eval")
def saliency(net, images, labels):
    """Asks in whatever mode the net is."""
    leaf = images.clone().requires_grad_()
    score = net(leaf).gather(1, labels[:, None]).sum()
    return torch.autograd.grad(score, leaf)[0].abs().amax(1)


@wrong("left-in-eval", fails={"look-traces"}, hint="seen-mode")
def saliency(net, images, labels):
    """Does not put the mode back."""
    net.eval()
    leaf = images.clone().requires_grad_()
    score = net(leaf).gather(1, labels[:, None]).sum()
    return torch.autograd.grad(score, leaf)[0].abs().amax(1)


@right("one-image-at-a-time")
def saliency(net, images, labels):
    """A loop, with torch.func."""
    before = {part: part.training for part in net.modules()}
    net.eval()
    maps = []
    for image, label in zip(images, labels, strict=True):
        slope = torch.func.grad(lambda x, label=label: net(x[None])[0, label])(image)
        maps.append(slope.abs().max(0).values)
    for part, mode in before.items():
        part.training = mode
    return torch.stack(maps)


@wrong("gain-instead-of-fall", fails={"cover-value"}, hint="cover-sign")
def occlusion(net, image, label, window, stride, fill):
    """Turns the difference round."""
    _, h, w = image.shape
    drops = []
    with torch.no_grad():
        before = net(image[None])[0, label]
        for top in range(0, h - window + 1, stride):
            row = []
            for left in range(0, w - window + 1, stride):
                covered = image.clone()
                covered[:, top : top + window, left : left + window] = fill
                row.append(net(covered[None])[0, label] - before)
            drops.append(torch.stack(row))
    return torch.stack(drops)


@wrong("squares-stay", fails={"cover-value"}, hint="cover-kept")
def occlusion(net, image, label, window, stride, fill):
    """Copies the image once, so that squares add up."""
    _, h, w = image.shape
    rows, columns = range(0, h - window + 1, stride), range(0, w - window + 1, stride)
    drops, covered = torch.zeros(len(rows), len(columns)), image.clone()
    with torch.no_grad():
        before = net(image[None])[0, label]
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                covered[:, top : top + window, left : left + window] = fill
                drops[i, j] = before - net(covered[None])[0, label]
    return drops


@wrong("painted-into-the-image", fails={"cover-places", "cover-value"}, hint="cover-copy")
def occlusion(net, image, label, window, stride, fill):
    """Paints over the caller's image."""
    _, h, w = image.shape
    rows, columns = range(0, h - window + 1, stride), range(0, w - window + 1, stride)
    drops = torch.zeros(len(rows), len(columns))
    with torch.no_grad():
        before = net(image[None])[0, label]
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                image[:, top : top + window, left : left + window] = fill
                drops[i, j] = before - net(image[None])[0, label]
    return drops


@wrong("always-black", fails={"cover-value"}, hint="cover-fill")
def occlusion(net, image, label, window, stride, fill):
    """Covers with zeros, whatever fill is."""
    _, h, w = image.shape
    rows, columns = range(0, h - window + 1, stride), range(0, w - window + 1, stride)
    drops = torch.zeros(len(rows), len(columns))
    with torch.no_grad():
        before = net(image[None])[0, label]
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                covered = image.clone()
                covered[:, top : top + window, left : left + window] = 0
                drops[i, j] = before - net(covered[None])[0, label]
    return drops


@wrong("last-place-forgotten", fails={"cover-places", "cover-value"}, hint="cover-grid")
def occlusion(net, image, label, window, stride, fill):
    """Stops a place too early."""
    _, h, w = image.shape
    rows, columns = range(0, max(1, h - window), stride), range(0, max(1, w - window), stride)
    drops = torch.zeros(len(rows), len(columns))
    with torch.no_grad():
        before = net(image[None])[0, label]
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                covered = image.clone()
                covered[:, top : top + window, left : left + window] = fill
                drops[i, j] = before - net(covered[None])[0, label]
    return drops


@wrong("probabilities-compared", fails={"cover-value"}, hint="cover-softmax")
def occlusion(net, image, label, window, stride, fill):
    """Compares behind softmax."""
    _, h, w = image.shape
    rows, columns = range(0, h - window + 1, stride), range(0, w - window + 1, stride)
    drops = torch.zeros(len(rows), len(columns))
    with torch.no_grad():
        before = net(image[None]).softmax(1)[0, label]
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                covered = image.clone()
                covered[:, top : top + window, left : left + window] = fill
                drops[i, j] = before - net(covered[None]).softmax(1)[0, label]
    return drops


@right("all-places-in-one-batch")
def occlusion(net, image, label, window, stride, fill):
    """Masks for all places, and one forward pass."""
    _, h, w = image.shape
    corners = [
        (top, left) for top in range(0, h - window + 1, stride) for left in range(0, w - window + 1, stride)
    ]
    y, x = torch.arange(h)[:, None], torch.arange(w)
    masks = torch.stack([(y >= t) & (y < t + window) & (x >= c) & (x < c + window) for t, c in corners])
    batch = torch.cat([image[None], torch.where(masks[:, None], torch.tensor(float(fill)), image)])
    scores = net(batch)[:, label]
    return (scores[0] - scores[1:]).view((h - window) // stride + 1, -1)


@wrong("relu-forgotten", fails={"cam-value", "cam-empty"}, hint="cam-relu")
def grad_cam(maps, slopes, size):
    """Leaves negative places in."""
    found = (slopes.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True)
    large = F.interpolate(found, size, mode="bilinear", align_corners=False)[:, 0]
    return large / large.amax((1, 2), keepdim=True).clamp(min=1e-9)


@wrong("mean-over-channels", fails={"cam-value", "cam-empty"}, hint="cam-channels")
def grad_cam(maps, slopes, size):
    """Averages the slopes over the wrong axis; with a constant slope it does not show."""
    found = (slopes.mean(1, keepdim=True) * maps).sum(1, keepdim=True).relu()
    large = F.interpolate(found, size, mode="bilinear", align_corners=False)[:, 0]
    return large / large.amax((1, 2), keepdim=True)


@wrong("slope-by-slope", fails={"cam-value"}, hint="cam-places")
def grad_cam(maps, slopes, size):
    """Multiplies place by place."""
    found = (slopes * maps).sum(1, keepdim=True).relu()
    large = F.interpolate(found, size, mode="bilinear", align_corners=False)[:, 0]
    return large / large.amax((1, 2), keepdim=True).clamp(min=1e-9)


@wrong("empty-maps-become-nan", fails={"cam-empty"}, hint="cam-nan")
def grad_cam(maps, slopes, size):
    """The honest partial: divides 0 by 0."""
    found = (slopes.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    large = F.interpolate(found, size, mode="bilinear", align_corners=False)[:, 0]
    return large / large.amax((1, 2), keepdim=True)


@wrong("one-largest-for-all", fails={"cam-value", "cam-empty"}, hint="cam-batch")
def grad_cam(maps, slopes, size):
    """Divides the batch by its largest number."""
    found = (slopes.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    large = F.interpolate(found, size, mode="bilinear", align_corners=False)[:, 0]
    return large / large.max().clamp(min=1e-9)


@wrong("map-sized", fails={"cam-shape", "cam-value", "cam-empty"}, hint="cam-form")
def grad_cam(maps, slopes, size):
    """Forgets to enlarge."""
    found = (slopes.mean((2, 3), keepdim=True) * maps).sum(1).relu()
    return found / found.amax((1, 2), keepdim=True).clamp(min=1e-9)


@right("einsum-and-upsample")
def grad_cam(maps, slopes, size):
    """Another way to add, to enlarge and to divide."""
    weights = slopes.flatten(2).mean(2)
    found = torch.einsum("nc,nchw->nhw", weights, maps).clamp(min=0)
    large = torch.nn.Upsample(size=tuple(size), mode="bilinear")(found[:, None]).squeeze(1)
    out = torch.zeros_like(large)
    for k, one in enumerate(large):
        if one.max() > 0:
            out[k] = one / one.max()
    return out


@wrong("image-instead-of-way", fails={"path-baseline"}, hint="path-image")
def mended_path(net, image, label, baseline, steps):
    """Mends three bugs: with a baseline of zero nobody sees the fourth."""
    total = torch.zeros_like(image)
    for k in range(steps):
        point = baseline + (k + 0.5) / steps * (image - baseline)
        point = point.detach().requires_grad_()
        total += torch.autograd.grad(net(point[None])[0, label], point)[0]
    return image * total / steps


@wrong("softmax-kept", fails={"path-black", "path-baseline"}, hint="path-softmax")
def mended_path(net, image, label, baseline, steps):
    """Overlooks the softmax."""
    total = torch.zeros_like(image)
    for k in range(steps):
        point = baseline + (k + 0.5) / steps * (image - baseline)
        point = point.detach().requires_grad_()
        total += torch.autograd.grad(net(point[None]).softmax(1)[0, label], point)[0]
    return (image - baseline) * total / steps


@wrong("left-ends", fails={"path-black", "path-baseline"}, hint="path-left")
def mended_path(net, image, label, baseline, steps):
    """Overlooks where the slope is taken."""
    total = torch.zeros_like(image)
    for k in range(steps):
        point = baseline + k / steps * (image - baseline)
        point = point.detach().requires_grad_()
        total += torch.autograd.grad(net(point[None])[0, label], point)[0]
    return (image - baseline) * total / steps


@wrong("sum-kept", fails={"path-black", "path-baseline"}, hint="path-sum")
def mended_path(net, image, label, baseline, steps):
    """Overlooks that it is a mean."""
    total = torch.zeros_like(image)
    for k in range(steps):
        point = baseline + (k + 0.5) / steps * (image - baseline)
        point = point.detach().requires_grad_()
        total += torch.autograd.grad(net(point[None])[0, label], point)[0]
    return (image - baseline) * total


@right("the-way-as-one-batch")
def mended_path(net, image, label, baseline, steps):
    """All points at once."""
    way = torch.linspace(0.5 / steps, 1 - 0.5 / steps, steps).view(-1, 1, 1, 1)
    points = torch.lerp(baseline.expand(steps, -1, -1, -1), image, way).requires_grad_()
    net(points)[:, label].sum().backward()
    return (image - baseline) * points.grad.mean(0)


@wrong("argsort-once", fails={"order-value"}, hint="order-once")
def rank_similarity(a, b):
    """Takes places for ranks."""
    x, y = (m.abs().flatten().argsort().double() for m in (a, b))
    return torch.corrcoef(torch.stack([x, y]))[0, 1].item()


@wrong("signed-ranks", fails={"order-value"}, hint="order-signed")
def rank_similarity(a, b):
    """Forgets the absolute value."""
    x, y = (m.flatten().argsort().argsort().double() for m in (a, b))
    return torch.corrcoef(torch.stack([x, y]))[0, 1].item()


@wrong("values-correlated", fails={"order-value"}, hint="order-values")
def rank_similarity(a, b):
    """Correlates the absolute values."""
    return torch.corrcoef(torch.stack([a.abs().flatten(), b.abs().flatten()]))[0, 1].item()


@right("by-differences-of-ranks")
def rank_similarity(a, b):
    """The formula without ties: 1 − 6 Σ d² / (n (n² − 1)), with sorted lists."""
    ranks = []
    for m in (a, b):
        values = m.abs().flatten().tolist()
        place = {v: k for k, v in enumerate(sorted(values))}
        ranks.append([place[v] for v in values])
    n = len(ranks[0])
    gaps = sum((x - y) ** 2 for x, y in zip(*ranks, strict=True))
    return 1 - 6 * gaps / (n * (n**2 - 1))


@wrong("least-similar-first", fails={"suspect-names"}, hint="suspect-order")
def suspects(similarities, limit):
    """Sorts upwards."""
    means = {name: table[-1].nanmean().item() for name, table in similarities.items()}
    return sorted([name for name, mean in means.items() if mean >= limit], key=means.get)


@wrong("whole-table", fails={"suspect-names"}, hint="suspect-all")
def suspects(similarities, limit):
    """Averages over all steps."""
    means = {name: table.nanmean().item() for name, table in similarities.items()}
    return sorted([k for k, mean in means.items() if mean >= limit], key=means.get, reverse=True)


@wrong("nan-spreads", fails={"suspect-names"}, hint="suspect-nan")
def suspects(similarities, limit):
    """A mean with nan is nan."""
    means = {name: table[-1].mean().item() for name, table in similarities.items()}
    return sorted([k for k, mean in means.items() if mean >= limit], key=means.get, reverse=True)


@wrong("limit-excluded", fails={"suspect-names"}, hint="suspect-limit")
def suspects(similarities, limit):
    """Takes only what lies above the limit."""
    means = {name: table[-1].nanmean().item() for name, table in similarities.items()}
    return sorted([k for k, mean in means.items() if mean > limit], key=means.get, reverse=True)


@right("in-plain-python")
def suspects(similarities, limit):
    """Lists and pairs."""
    found = []
    for name, table in similarities.items():
        row = [value for value in table[-1].tolist() if value == value]
        if row and sum(row) / len(row) >= limit:
            found.append((-sum(row) / len(row), name))
    return [name for _, name in sorted(found)]
