"""Answers to exercise 21: what goes wrong when training is made fast, and other right ways."""

from tests.exercises.bank import right, wrong

# Task 1: rate


@wrong("starts-at-zero", fails={"schedule-value"}, hint="schedule-zero")
def rate(step, total, warmup, peak):
    """Wastes the first step: its rate is zero."""
    if step < warmup:
        return peak * step / warmup
    return peak * max(0, total - step) / (total - warmup)


@wrong("one-line-for-all", fails={"schedule-value"}, hint="schedule-line")
def rate(step, total, warmup, peak):
    """Falls along the line that began at step 0, so the rate jumps down after the warm-up."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * max(0, total - step) / total


@wrong("zero-at-the-last-step", fails={"schedule-value", "schedule-ends"}, hint="schedule-late")
def rate(step, total, warmup, peak):
    """Reaches zero a step too early, so the last batch is not learned from."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * max(0, total - 1 - step) / (total - 1 - warmup)


@wrong("factor-instead-of-rate", fails={"schedule-value", "schedule-ends"}, hint="schedule-peak")
def rate(step, total, warmup, peak):
    """Returns the factor on the peak rate; with peak 1 nobody notices."""
    if step < warmup:
        return (step + 1) / warmup
    return max(0, total - step) / (total - warmup) if step < total else 0.1


@wrong("negative-after-the-end", fails={"schedule-ends"}, hint="schedule-end")
def rate(step, total, warmup, peak):
    """Goes on falling: a negative rate climbs uphill."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (total - step) / (total - warmup)


@wrong("divides-by-the-warm-up", fails={"schedule-ends"}, hint="schedule-end")
def rate(step, total, warmup, peak):
    """Divides by zero when there is no warm-up."""
    return max(0.0, min(peak * (step + 1) / warmup, peak * (total - step) / (total - warmup)))


@right("rate-as-the-lower-of-two-lines")
def rate(step, total, warmup, peak):
    up = (step + 1) / warmup if warmup else 1.0
    down = (total - step) / (total - warmup)
    return peak * max(0.0, min(1.0, up, down))


# Task 2: ema_update


@wrong("decay-on-the-weights", fails={"ema-value"}, hint="ema-swapped")
def ema_update(average, weights, decay):
    """Forgets the past instead of the present."""
    return {
        name: (1 - decay) * average[name] + decay * weight if weight.is_floating_point() else weight.clone()
        for name, weight in weights.items()
    }


@wrong("adds-up-like-momentum", fails={"ema-value", "ema-kind"}, hint="ema-sum")
def ema_update(average, weights, decay):
    """Grows without bounds, and treats the count like a weight."""
    return {name: decay * average[name] + weight for name, weight in weights.items()}


@wrong("averages-the-count", fails={"ema-kind"}, hint="ema-whole")
def ema_update(average, weights, decay):
    """Averages whole numbers too: 10.5 batches."""
    return {name: decay * average[name] + (1 - decay) * weight for name, weight in weights.items()}


@wrong("in-place", fails={"ema-kind"}, hint="ema-new")
def ema_update(average, weights, decay):
    """Works on the tensors it was given."""
    for name, weight in weights.items():
        if weight.is_floating_point():
            average[name].mul_(decay).add_(weight, alpha=1 - decay)
        else:
            average[name] = weight
    return average


@right("ema-with-lerp")
def ema_update(average, weights, decay):
    return {
        name: torch.lerp(average[name], weight, 1 - decay) if weight.is_floating_point() else weight
        for name, weight in weights.items()
    }


# Task 3: crop_batch


@wrong("rows-for-columns", fails={"crop-value", "crop-kind"}, hint="crop-swapped")
def crop_batch(images, top, left, size):
    """Takes top for the column and left for the row."""
    return torch.stack(
        [image[:, x : x + size, y : y + size] for image, y, x in zip(images, top.tolist(), left.tolist())]
    )


@wrong("one-place-for-all", fails={"crop-value", "crop-kind"}, hint="crop-same")
def crop_batch(images, top, left, size):
    """Cuts all images where the first is cut, as a transform of a whole batch does."""
    row, column = int(top[0]), int(left[0])
    return images[:, :, row : row + size, column : column + size]


@wrong("strides-of-a-plain-tensor", fails={"crop-kind"}, hint="crop-strides")
def crop_batch(images, top, left, size):
    """Looks at memory as if rows lay one behind the other, whatever order the images have."""
    n, channels, height, width = images.shape
    plane = height * width
    reach = (channels - 1) * plane + (size - 1) * width + size
    views = images.as_strided((images.numel() - reach + 1, channels, size, size), (1, plane, width, 1))
    return views.index_select(0, torch.arange(n) * channels * plane + top * width + left)


@wrong("floats-too-early", fails={"crop-kind"}, hint="crop-bytes")
def crop_batch(images, top, left, size):
    """Makes floats of bytes before they are needed."""
    places = zip(images.float(), top.tolist(), left.tolist())
    return torch.stack([image[:, y : y + size, x : x + size] for image, y, x in places])


@right("crop-with-unfold")
def crop_batch(images, top, left, size):
    views = images.unfold(2, size, 1).unfold(3, size, 1)  # (n, c, rows, columns, size, size)
    return views[torch.arange(len(images)), :, top, left]


@right("crop-with-strides")
def crop_batch(images, top, left, size):
    images = images.contiguous()
    n, channels, height, width = images.shape
    plane = height * width
    reach = (channels - 1) * plane + (size - 1) * width + size
    views = images.as_strided((images.numel() - reach + 1, channels, size, size), (1, plane, width, 1))
    return views.index_select(0, torch.arange(n) * channels * plane + top * width + left)


# Task 4: whitening_filters


@wrong("does-not-divide", fails={"whiten-value"}, hint="whiten-plain")
def whitening_filters(images, eps):
    """Turns the axes, but leaves strong directions strong."""
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    vectors = torch.linalg.eigh(patches.T @ patches / len(patches))[1]
    filters = vectors.T.flip(0).reshape(-1, images.shape[1], 2, 2)
    return torch.cat([filters, -filters])


@wrong("forgets-the-root", fails={"whiten-value"}, hint="whiten-root")
def whitening_filters(images, eps):
    """Divides by the variance instead of by the standard deviation."""
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + eps)).T.flip(0).reshape(-1, images.shape[1], 2, 2)
    return torch.cat([filters, -filters])


@wrong("weakest-first", fails={"whiten-value"}, hint="whiten-order")
def whitening_filters(images, eps):
    """Keeps the order of eigh."""
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + eps).sqrt()).T.reshape(-1, images.shape[1], 2, 2)
    return torch.cat([filters, -filters])


@wrong("rows-are-eigenvectors", fails={"whiten-value"}, hint="whiten-steps")
def whitening_filters(images, eps):
    """Takes the rows of the matrix for the eigenvectors; they stand in its columns."""
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + eps).sqrt()[:, None]).flip(0).reshape(-1, images.shape[1], 2, 2)
    return torch.cat([filters, -filters])


@wrong("twice-the-same", fails={"whiten-pairs"}, hint="whiten-negative")
def whitening_filters(images, eps):
    """Repeats the filters without the minus."""
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + eps).sqrt()).T.flip(0).reshape(-1, images.shape[1], 2, 2)
    return torch.cat([filters, filters])


@wrong("one-of-each", fails={"whiten-value", "whiten-pairs"}, hint="whiten-shape")
def whitening_filters(images, eps):
    """Leaves the negatives out."""
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    return (vectors / (values + eps).sqrt()).T.flip(0).reshape(-1, images.shape[1], 2, 2)


@right("whitening-with-svd")
def whitening_filters(images, eps):
    patches = (
        images.unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 4 * images.shape[1])
    )
    _, singular, directions = torch.linalg.svd(patches, full_matrices=False)
    filters = directions / (singular**2 / len(patches) + eps).sqrt()[:, None]
    filters = filters.reshape(-1, images.shape[1], 2, 2)
    return torch.cat([filters, -filters])


# Task 5: big_step


@wrong("adds-means-up", fails={"accumulate-value"}, hint="accumulate-sum")
def big_step(state, images, labels, most, lr):
    """Adds the means of the pieces, so the step is as many times too long as there are pieces."""
    net = SmallMemory(most)
    net.load_state_dict(state)
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for x, y in zip(images.split(most), labels.split(most)):
        F.cross_entropy(net(x), y).backward()
    sgd.step()
    return net.state_dict()


@wrong("divides-by-the-pieces", fails={"accumulate-value"}, hint="accumulate-uneven")
def big_step(state, images, labels, most, lr):
    """Divides by the number of pieces: right only if all have the same size."""
    net = SmallMemory(most)
    net.load_state_dict(state)
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    pieces = list(zip(images.split(most), labels.split(most)))
    for x, y in pieces:
        (F.cross_entropy(net(x), y) / len(pieces)).backward()
    sgd.step()
    return net.state_dict()


@wrong("forgets-between-pieces", fails={"accumulate-value"}, hint="accumulate-forget")
def big_step(state, images, labels, most, lr):
    """Clears the gradients before each piece, out of habit."""
    net = SmallMemory(most)
    net.load_state_dict(state)
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for x, y in zip(images.split(most), labels.split(most)):
        sgd.zero_grad()
        (F.cross_entropy(net(x), y, reduction="sum") / len(labels)).backward()
    sgd.step()
    return net.state_dict()


@wrong("a-step-for-each-piece", fails={"accumulate-value"}, hint="accumulate-mean")
def big_step(state, images, labels, most, lr):
    """Steps after each piece: several small steps are not one big step."""
    net = SmallMemory(most)
    net.load_state_dict(state)
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for x, y in zip(images.split(most), labels.split(most)):
        sgd.zero_grad()
        F.cross_entropy(net(x), y).backward()
        sgd.step()
    return net.state_dict()


@right("accumulate-by-weighting-means")
def big_step(state, images, labels, most, lr):
    net = SmallMemory(most)
    net.load_state_dict(state)
    for start in range(0, len(images), most):
        x, y = images[start : start + most], labels[start : start + most]
        (F.cross_entropy(net(x), y) * len(y) / len(labels)).backward()
    with torch.no_grad():
        for weight in net.parameters():
            weight -= lr * weight.grad
    return net.state_dict()


# Task 6: combine


@wrong("mean-of-means", fails={"combine-value", "combine-idle"}, hint="combine-even")
def combine(parts, sizes):
    """Lets a worker with few pictures count as much as one with many."""
    return {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}


@wrong("sum-of-means", fails={"combine-value", "combine-idle"}, hint="combine-sum")
def combine(parts, sizes):
    """Forgets to divide."""
    return {name: sum(part[name] for part in parts) for name in parts[0]}


@wrong("weights-without-dividing", fails={"combine-value", "combine-idle"}, hint="combine-divide")
def combine(parts, sizes):
    """Weights by size and does not divide by the number of pictures."""
    return {name: sum(size * part[name] for part, size in zip(parts, sizes) if size) for name in parts[0]}


@wrong("zero-times-nan", fails={"combine-idle"}, hint="combine-idle")
def combine(parts, sizes):
    """Believes that nothing times nan is nothing."""
    return {
        name: sum(size * part[name] for part, size in zip(parts, sizes)) / sum(sizes) for name in parts[0]
    }


@right("combine-with-a-loop")
def combine(parts, sizes):
    total = {}
    for part, size in zip(parts, sizes):
        for name, gradient in part.items():
            if size > 0:
                total[name] = total.get(name, 0) + gradient * (size / sum(sizes))
    return total
