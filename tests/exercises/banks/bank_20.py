"""Answers to exercise 20: what learners get wrong about residual nets and honest experiments."""

from tests.exercises.bank import right, wrong

# Task 1: residual_block


@wrong("residual-never-added", fails={"block-same", "block-shrink"}, hint="block-no-sum")
def residual_block(x, weight1, weight2, stride=1):
    """Works the residual out and forgets it."""
    residual = x[:, :, ::stride, ::stride]
    out = F.conv2d(x, weight1, stride=stride, padding=1).relu()
    out = F.conv2d(out, weight2, padding=1)
    return out.relu()


@wrong("relu-before-the-sum", fails={"block-same", "block-shrink"}, hint="block-relu-first")
def residual_block(x, weight1, weight2, stride=1):
    """Adds after the last ReLU, so that a block can never take anything away."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    extra = weight1.shape[0] - x.shape[1]
    return change.relu() + F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, extra))


@wrong("no-relu-inside", fails={"block-same", "block-shrink"}, hint="block-inner-relu")
def residual_block(x, weight1, weight2, stride=1):
    """Puts nothing between the two convolutions."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1), weight2, padding=1)
    extra = weight1.shape[0] - x.shape[1]
    return (change + F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, extra))).relu()


@wrong("no-relu-at-the-end", fails={"block-same", "block-shrink"}, hint="block-last-relu")
def residual_block(x, weight1, weight2, stride=1):
    """Returns the sum itself."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    extra = weight1.shape[0] - x.shape[1]
    return change + F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, extra))


@wrong("identity-only", fails={"block-shrink"}, hint="block-fit")
def residual_block(x, weight1, weight2, stride=1):
    """Believes that the input always fits."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    return (change + x).relu()


@wrong("pads-only-when-striding", fails={"block-shrink"}, hint="block-fit")
def residual_block(x, weight1, weight2, stride=1):
    """Takes the stride for the only reason why shapes differ."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    if stride > 1:
        extra = weight1.shape[0] - x.shape[1]
        x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, extra))
    return (change + x).relu()


@wrong("zeros-in-front", fails={"block-shrink"}, hint="block-front")
def residual_block(x, weight1, weight2, stride=1):
    """Has the order of F.pad's pairs the wrong way round."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    extra = weight1.shape[0] - x.shape[1]
    return (change + F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, extra, 0))).relu()


@wrong("zeros-on-both-sides", fails={"block-shrink"}, hint="block-both-sides")
def residual_block(x, weight1, weight2, stride=1):
    """Shares the missing channels out between the two sides."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    extra = weight1.shape[0] - x.shape[1]
    sides = (0, 0, 0, 0, extra // 2, extra - extra // 2)
    return (change + F.pad(x[:, :, ::stride, ::stride], sides)).relu()


@wrong("mean-pooling-shortcut", fails={"block-shrink"}, hint="block-pool")
def residual_block(x, weight1, weight2, stride=1):
    """Averages on the shortcut."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    extra = weight1.shape[0] - x.shape[1]
    return (change + F.pad(F.avg_pool2d(x, stride), (0, 0, 0, 0, 0, extra))).relu()


@wrong("shortcut-sees-a-corner", fails={"block-shrink"}, hint="block-corner")
def residual_block(x, weight1, weight2, stride=1):
    """Cuts the input down to the size of the change."""
    change = F.conv2d(F.conv2d(x, weight1, stride=stride, padding=1).relu(), weight2, padding=1)
    shortcut = torch.zeros_like(change)
    height, width = change.shape[2:]
    shortcut[:, : x.shape[1]] = x[:, :, :height, :width]
    return (change + shortcut).relu()


@right("block-writes-into-the-first-channels")
def residual_block(x, weight1, weight2, stride=1):
    out = F.relu(F.conv2d(x, weight1, stride=stride, padding=1))
    out = F.conv2d(out, weight2, padding=1)
    out[:, : x.shape[1]] += x[:, :, ::stride, ::stride]
    return torch.clamp(out, min=0)


@right("block-with-a-copying-convolution")
def residual_block(x, weight1, weight2, stride=1):
    copy = torch.eye(len(weight1), x.shape[1])[:, :, None, None]
    shortcut = F.conv2d(x, copy, stride=stride)
    return F.relu(F.conv2d(F.relu(F.conv2d(x, weight1, None, stride, 1)), weight2, None, 1, 1) + shortcut)


# Task 2: plan


@wrong("first-entry-twice", fails={"stages-uneven"}, hint="stages-shift")
def plan(layers, widths):
    """Uses layers[0] for two stages."""
    blocks, channels = [], widths[0]
    for number, (count, width) in enumerate(zip([layers[0], *layers[:-1]], widths)):
        for place in range(count):
            blocks.append((channels, width, 2 if number and not place else 1))
            channels = width
    return blocks


@wrong("first-entry-for-all", fails={"stages-uneven"}, hint="stages-reuse")
def plan(layers, widths):
    """Builds every stage like the first."""
    blocks, channels = [], widths[0]
    for number, width in enumerate(widths):
        for place in range(layers[0]):
            blocks.append((channels, width, 2 if number and not place else 1))
            channels = width
    return blocks


@wrong("every-block-halves", fails={"stages-even", "stages-uneven"}, hint="stages-every")
def plan(layers, widths):
    """Gives the stage's stride to all its blocks."""
    blocks, channels = [], widths[0]
    for number, (count, width) in enumerate(zip(layers, widths)):
        for _ in range(count):
            blocks.append((channels, width, 2 if number else 1))
            channels = width
    return blocks


@wrong("first-stage-halves-too", fails={"stages-even", "stages-uneven"}, hint="stages-first")
def plan(layers, widths):
    """Lets each stage begin with stride 2."""
    blocks, channels = [], widths[0]
    for count, width in zip(layers, widths):
        for place in range(count):
            blocks.append((channels, width, 1 if place else 2))
            channels = width
    return blocks


@wrong("channels-not-updated", fails={"stages-even", "stages-uneven"}, hint="stages-channels")
def plan(layers, widths):
    """Moves on to the new width after the stage, not after its first block."""
    blocks, channels = [], widths[0]
    for number, (count, width) in enumerate(zip(layers, widths)):
        for place in range(count):
            blocks.append((channels, width, 2 if number and not place else 1))
        channels = width
    return blocks


@right("plan-from-two-lists")
def plan(layers, widths):
    outs = [width for count, width in zip(layers, widths) for _ in range(count)]
    ins = [widths[0], *outs[:-1]]
    firsts = {sum(layers[:number]) for number in range(1, len(layers))}
    return [(a, b, 2 if place in firsts else 1) for place, (a, b) in enumerate(zip(ins, outs))]


# Task 3: deal


@wrong("the-first-ones", fails={"deal-shares", "deal-seed"}, hint="deal-shares")
def deal(labels, fraction, seed):
    """Cuts the beginning off, which is all cats."""
    n = round(fraction * len(labels))
    return torch.arange(n), torch.arange(n, len(labels))


@wrong("validates-on-training-pictures", fails={"deal-parts"}, hint="deal-both")
def deal(labels, fraction, seed):
    """Never takes the validation pictures out of the training part."""
    draw = torch.Generator().manual_seed(seed)
    val = []
    for k in labels.unique():
        places = (labels == k).nonzero().flatten()
        places = places[torch.randperm(len(places), generator=draw)]
        val.append(places[: round(fraction * len(places))])
    return torch.cat(val), torch.arange(len(labels))


@wrong("shuffles-without-classes", fails={"deal-shares"}, hint="deal-shares")
def deal(labels, fraction, seed):
    """Trusts that chance gives each class its share."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    n = round(fraction * len(labels))
    return order[:n], order[n:]


@wrong("parts-exchanged", fails={"deal-shares"}, hint="deal-turned")
def deal(labels, fraction, seed):
    """Returns the training part first."""
    draw = torch.Generator().manual_seed(seed)
    val, train = [], []
    for k in labels.unique():
        places = (labels == k).nonzero().flatten()
        places = places[torch.randperm(len(places), generator=draw)]
        n = round(fraction * len(places))
        val.append(places[:n])
        train.append(places[n:])
    return torch.cat(train), torch.cat(val)


@wrong("seed-not-used", fails={"deal-seed"}, hint="deal-seed")
def deal(labels, fraction, seed):
    """Draws from the global generator."""
    val, train = [], []
    for k in labels.unique():
        places = (labels == k).nonzero().flatten()
        places = places[torch.randperm(len(places))]
        n = round(fraction * len(places))
        val.append(places[:n])
        train.append(places[n:])
    return torch.cat(val), torch.cat(train)


@wrong("nothing-left-to-chance", fails={"deal-seed"}, hint="deal-other")
def deal(labels, fraction, seed):
    """Takes the first ones of each class."""
    parts = [(labels == k).nonzero().flatten() for k in labels.unique()]
    cuts = [round(fraction * len(places)) for places in parts]
    val = torch.cat([places[:n] for places, n in zip(parts, cuts)])
    return val, torch.cat([places[n:] for places, n in zip(parts, cuts)])


@wrong("labels-for-places", fails={"deal-parts", "deal-shares", "deal-seed"}, hint="deal-both")
def deal(labels, fraction, seed):
    """Returns what the pictures show, not where they are."""
    order = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]
    n = round(fraction * len(labels))
    return order[:n], order[n:]


@wrong("short-places", fails={"deal-parts"}, hint="deal-places")
def deal(labels, fraction, seed):
    """Saves memory."""
    draw = torch.Generator().manual_seed(seed)
    val, train = [], []
    for k in labels.unique():
        places = (labels == k).nonzero().flatten().int()
        places = places[torch.randperm(len(places), generator=draw)]
        n = round(fraction * len(places))
        val.append(places[:n])
        train.append(places[n:])
    return torch.cat(val), torch.cat(train)


@wrong("rolled-by-the-seed", fails={"deal-seed"}, hint="deal-chance")
def deal(labels, fraction, seed):
    """Lets the seed say where the cut begins."""
    val, train = [], []
    for k in labels.unique():
        places = (labels == k).nonzero().flatten().roll(seed)
        n = round(fraction * len(places))
        val.append(places[:n])
        train.append(places[n:])
    return torch.cat(val), torch.cat(train)


@wrong("every-fourth", fails={"deal-seed"}, hint="deal-chance")
def deal(labels, fraction, seed):
    """Goes in steps of one length from where the seed says."""
    val, train = [], []
    for k in labels.unique():
        places = (labels == k).nonzero().flatten().roll(-seed)
        n = round(fraction * len(places))
        chosen = torch.zeros(len(places), dtype=torch.bool)
        chosen[(torch.arange(n) * len(places)) // n] = True
        val.append(places[chosen])
        train.append(places[~chosen])
    return torch.cat(val), torch.cat(train)


@right("deal-by-rank")
def deal(labels, fraction, seed):
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed)).tolist()
    total = torch.bincount(labels).tolist()
    left = [round(fraction * count) for count in total]
    val, train = [], []
    for place in order:
        k = int(labels[place])
        (val if left[k] > 0 else train).append(place)
        left[k] -= 1
    return torch.tensor(val), torch.tensor(train)


# Task 4: class_accuracy


@wrong("divides-by-columns", fails={"class-value", "class-empty"}, hint="class-column")
def class_accuracy(matrix):
    """Answers the other question: how many of the answers were right?"""
    return matrix.diag() / matrix.sum(0)


@wrong("divides-by-everything", fails={"class-value", "class-empty"}, hint="class-all")
def class_accuracy(matrix):
    """Divides by the number of all pictures."""
    return matrix.diag() / matrix.sum()


@wrong("error-of-each-class", fails={"class-value", "class-empty"}, hint="class-wrong")
def class_accuracy(matrix):
    """Counts what was wrong."""
    return 1 - matrix.diag() / matrix.sum(1)


@wrong("absent-class-is-zero", fails={"class-empty"}, hint="class-empty")
def class_accuracy(matrix):
    """Says that a class nobody saw was never recognised."""
    return matrix.diag() / matrix.sum(1).clamp(min=1)


@wrong("absent-class-left-out", fails={"class-empty"}, hint="class-empty")
def class_accuracy(matrix):
    """Drops rows without pictures."""
    counts = matrix.sum(1)
    return (matrix.diag() / counts)[counts > 0]


@right("class-accuracy-row-by-row")
def class_accuracy(matrix):
    rows = matrix.tolist()
    return torch.tensor([row[k] / sum(row) if sum(row) else float("nan") for k, row in enumerate(rows)])


# Task 5: two_looks


@wrong("mirror-upside-down", fails={"mirror-logits"}, hint="mirror-upside")
def two_looks(weights, images):
    """Flips the rows."""
    return (small_net(weights, images) + small_net(weights, images.flip(-2))) / 2


@wrong("mean-of-the-pictures", fails={"mirror-logits"}, hint="mirror-blend")
def two_looks(weights, images):
    """Saves time and asks once about a blend."""
    return small_net(weights, (images + images.flip(-1)) / 2)


@wrong("sum-for-mean", fails={"mirror-logits"}, hint="mirror-sum")
def two_looks(weights, images):
    """Forgets to divide."""
    return small_net(weights, images) + small_net(weights, images.flip(-1))


@wrong("mean-of-shares", fails={"mirror-logits"}, hint="mirror-shares")
def two_looks(weights, images):
    """Takes the softmax first."""
    both = (images, images.flip(-1))
    return sum(small_net(weights, pictures).softmax(1) for pictures in both) / 2


@wrong("mirror-alone", fails={"mirror-logits"}, hint="mirror-only")
def two_looks(weights, images):
    """Asks about the mirror images only."""
    return small_net(weights, images.flip(3))


@right("both-in-one-batch")
def two_looks(weights, images):
    logits = small_net(weights, torch.cat([images, images.flip(-1)]))
    return torch.stack(logits.chunk(2)).mean(0)


# Task 6: rate


@wrong("one-step-late", fails={"rate-value"}, hint="rate-late")
def rate(step, peak, milestones, gamma=0.1):
    """Cuts after the milestone."""
    return peak * gamma ** sum(step > milestone for milestone in milestones)


@wrong("first-milestone-only", fails={"rate-value"}, hint="rate-once")
def rate(step, peak, milestones, gamma=0.1):
    """Cuts once."""
    return peak * gamma if milestones and step >= milestones[0] else peak


@wrong("divides-by-gamma", fails={"rate-value"}, hint="rate-divide")
def rate(step, peak, milestones, gamma=0.1):
    """Has read "divided by ten" and divides by a tenth."""
    return peak / gamma ** sum(step >= milestone for milestone in milestones)


@wrong("counts-coming-milestones", fails={"rate-value"}, hint="rate-always")
def rate(step, peak, milestones, gamma=0.1):
    """Takes the number of milestones, reached or not."""
    return peak * gamma ** len(milestones)


@right("rate-in-a-loop")
def rate(step, peak, milestones, gamma=0.1):
    for milestone in milestones:
        if step < milestone:
            break
        peak *= gamma
    return peak
