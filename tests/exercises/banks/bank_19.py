"""Answers to exercise 19: what learners get wrong about augmentation, and other right ways."""

from tests.exercises.bank import right, wrong

# Task 1: mirror


@wrong("upside-down", fails={"mirror-value"}, hint="mirror-axis")
def mirror(images, coins, p=0.5):
    """Takes the height for the width."""
    return torch.where((coins < p).reshape(-1, 1, 1, 1), images.flip(2), images)


@wrong("half-turn-for-mirror", fails={"mirror-value"}, hint="mirror-both")
def mirror(images, coins, p=0.5):
    """Flips both axes."""
    return torch.where((coins < p).reshape(-1, 1, 1, 1), images.flip(-1, -2), images)


@wrong("coin-above-p", fails={"mirror-value"}, hint="mirror-below")
def mirror(images, coins, p=0.5):
    """Mirrors when the coin is above p."""
    return torch.where((coins >= p).reshape(-1, 1, 1, 1), images.flip(-1), images)


@wrong("one-coin-for-the-batch", fails={"mirror-value"}, hint="mirror-one-coin")
def mirror(images, coins, p=0.5):
    """Throws once for all pictures."""
    return images.flip(-1) if coins[0] < p else images.clone()


@wrong("drops-the-others", fails={"mirror-value"}, hint="mirror-drop")
def mirror(images, coins, p=0.5):
    """Returns the mirrored pictures alone."""
    return images[coins < p].flip(-1)


@wrong("mirrors-the-training-set", fails={"mirror-input"}, hint="mirror-copy")
def mirror(images, coins, p=0.5):
    """Writes into what it was given."""
    chosen = coins < p
    images[chosen] = images[chosen].flip(-1)
    return images


@right("mirror-in-a-loop")
def mirror(images, coins, p=0.5):
    return torch.stack([image.flip(-1) if coin < p else image for image, coin in zip(images, coins)])


@right("mirror-by-index")
def mirror(images, coins, p=0.5):
    width = images.shape[3]
    columns = torch.arange(width).expand(len(images), width)
    columns = torch.where((coins < p)[:, None], width - 1 - columns, columns)
    return images.gather(3, columns[:, None, None].expand(images.shape))


# Task 2: crop


@wrong("as-long-integers", fails={"crop-value"}, hint="window-type")
def crop(images, top, left, size, padding):
    """Gives eight bytes for each one that came in."""
    framed = F.pad(images, [padding] * 4).long()
    places = zip(framed, top.tolist(), left.tolist())
    return torch.stack([picture[:, t : t + size, w : w + size] for picture, t, w in places])


@wrong("top-and-left-exchanged", fails={"crop-value"}, hint="window-swapped")
def crop(images, top, left, size, padding):
    """Takes x for the first number."""
    framed = F.pad(images, [padding] * 4)
    return torch.stack(
        [framed[i, :, left[i] : left[i] + size, top[i] : top[i] + size] for i in range(len(images))]
    )


@wrong("one-window-for-all", fails={"crop-value"}, hint="window-same")
def crop(images, top, left, size, padding):
    """Cuts the batch at the place of the first window."""
    framed = F.pad(images, [padding] * 4)
    return framed[:, :, top[0] : top[0] + size, left[0] : left[0] + size]


@wrong("channels-last", fails={"crop-value", "crop-frame"}, hint="window-axes")
def crop(images, top, left, size, padding):
    """Does not know where indexing puts the axes."""
    framed = F.pad(images, [padding] * 4)
    n, step = torch.arange(len(images)), torch.arange(size)
    rows, columns = top[:, None] + step, left[:, None] + step
    return framed[n[:, None, None], :, rows[:, :, None], columns[:, None, :]]


@wrong("frame-mirrored", fails={"crop-value", "crop-frame"}, hint="window-frame")
def crop(images, top, left, size, padding):
    """Fills the frame with the border's pixels."""
    framed = F.pad(images.float(), [padding] * 4, mode="replicate").to(images.dtype)
    return torch.stack(
        [framed[i, :, top[i] : top[i] + size, left[i] : left[i] + size] for i in range(len(images))]
    )


@wrong("frame-at-the-end", fails={"crop-value", "crop-frame"}, hint="window-index")
def crop(images, top, left, size, padding):
    """Puts all of the frame below and to the right."""
    framed = F.pad(images, [0, 2 * padding, 0, 2 * padding])
    return torch.stack(
        [framed[i, :, top[i] : top[i] + size, left[i] : left[i] + size] for i in range(len(images))]
    )


@right("crop-in-a-loop")
def crop(images, top, left, size, padding):
    framed = F.pad(images, [padding] * 4)
    return torch.stack(
        [framed[i, :, top[i] : top[i] + size, left[i] : left[i] + size] for i in range(len(images))]
    )


@right("crop-from-unfolded-windows")
def crop(images, top, left, size, padding):
    windows = F.pad(images, [padding] * 4).unfold(2, size, 1).unfold(3, size, 1)
    return windows[torch.arange(len(images)), :, top, left]


# Task 3: cutout


@wrong("negative-slices", fails={"cutout-edge"}, hint="cutout-edge")
def cutout(images, row, column, size, fill=0.0):
    """Does not know that a negative index counts from the end."""
    images = images.clone()
    for i in range(len(images)):
        top, left = row[i] - size // 2, column[i] - size // 2
        images[i, :, top : top + size, left : left + size] = fill
    return images


@wrong("square-moved-inside", fails={"cutout-edge"}, hint="cutout-edge")
def cutout(images, row, column, size, fill=0.0):
    """Keeps the whole square in the picture."""
    images = images.clone()
    for i in range(len(images)):
        top = int((row[i] - size // 2).clamp(0, images.shape[2] - size))
        left = int((column[i] - size // 2).clamp(0, images.shape[3] - size))
        images[i, :, top : top + size, left : left + size] = fill
    return images


@wrong("corner-for-centre", fails={"cutout-value", "cutout-edge"}, hint="cutout-corner")
def cutout(images, row, column, size, fill=0.0):
    """Begins the square where its centre should be."""
    images = images.clone()
    for i in range(len(images)):
        images[i, :, row[i] : row[i] + size, column[i] : column[i] + size] = fill
    return images


@wrong("always-black", fails={"cutout-value"}, hint="cutout-fill")
def cutout(images, row, column, size, fill=0.0):
    """Forgets fill."""
    y, x = torch.arange(images.shape[2])[:, None], torch.arange(images.shape[3])
    top, left = (place.reshape(-1, 1, 1, 1) - size // 2 for place in (row, column))
    return images * ~((y >= top) & (y < top + size) & (x >= left) & (x < left + size))


@wrong("rows-for-columns", fails={"cutout-value", "cutout-edge"}, hint="cutout-swapped")
def cutout(images, row, column, size, fill=0.0):
    """Takes x for the first number."""
    images = images.clone()
    for i in range(len(images)):
        top, left = int(column[i]) - size // 2, int(row[i]) - size // 2
        images[i, :, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = fill
    return images


@wrong("covers-the-training-set", fails={"cutout-value"}, hint="cutout-copy")
def cutout(images, row, column, size, fill=0.0):
    """Writes into what it was given."""
    for i in range(len(images)):
        top, left = int(row[i]) - size // 2, int(column[i]) - size // 2
        images[i, :, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = fill
    return images


@right("cutout-with-masked-fill")
def cutout(images, row, column, size, fill=0.0):
    def near(length, centre):
        distance = torch.arange(length) - (centre[:, None] - size // 2)
        return (distance >= 0) & (distance < size)

    down, across = near(images.shape[2], row), near(images.shape[3], column)
    return images.masked_fill((down[:, :, None] & across[:, None, :])[:, None], fill)


# Task 4: dice


@wrong("same-in-every-epoch", fails={"dice-epochs"}, hint="dice-epoch")
def dice(n, most, seed, epoch):
    """Seeds with the seed alone."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(most + 1, (n,), generator=generator) for _ in range(2))


@wrong("seed-ignored", fails={"dice-epochs"}, hint="dice-seed")
def dice(n, most, seed, epoch):
    """Seeds with the epoch alone."""
    generator = torch.Generator().manual_seed(epoch)
    return tuple(torch.randint(most + 1, (n,), generator=generator) for _ in range(2))


@wrong("seed-plus-epoch", fails={"dice-epochs"}, hint="dice-sum")
def dice(n, most, seed, epoch):
    """Adds the two, so that runs share epochs."""
    generator = torch.Generator().manual_seed(seed + epoch)
    return tuple(torch.randint(most + 1, (n,), generator=generator) for _ in range(2))


@wrong("hundred-times-the-seed", fails={"dice-epochs"}, hint="dice-shared")
def dice(n, most, seed, epoch):
    """Leaves each run a hundred numbers, where it may have a thousand epochs."""
    generator = torch.Generator().manual_seed(100 * seed + epoch)
    return tuple(torch.randint(most + 1, (n,), generator=generator) for _ in range(2))


@wrong("side-by-side", fails={"dice-epochs"}, hint="dice-shared")
def dice(n, most, seed, epoch):
    """Writes the two numbers one behind the other: 1 and 23, or 12 and 3?"""
    generator = torch.Generator().manual_seed(int(f"{seed}{epoch}"))
    return tuple(torch.randint(most + 1, (n,), generator=generator) for _ in range(2))


@wrong("epoch-times-few", fails={"dice-epochs"}, hint="dice-shared")
def dice(n, most, seed, epoch):
    """Leaves each epoch room for 365 runs."""
    generator = torch.Generator().manual_seed(seed + 365 * epoch)
    return tuple(torch.randint(most + 1, (n,), generator=generator) for _ in range(2))


@wrong("left-is-top", fails={"dice-epochs"}, hint="dice-twins")
def dice(n, most, seed, epoch):
    """Seeds anew for the second draw."""
    top = torch.randint(most + 1, (n,), generator=torch.Generator().manual_seed(1000 * seed + epoch))
    left = torch.randint(most + 1, (n,), generator=torch.Generator().manual_seed(1000 * seed + epoch))
    return top, left


@wrong("global-dice", fails={"dice-epochs"}, hint="dice-again")
def dice(n, most, seed, epoch):
    """Does not seed at all."""
    return torch.randint(most + 1, (n,)), torch.randint(most + 1, (n,))


@wrong("last-place-never", fails={"dice-range"}, hint="dice-range")
def dice(n, most, seed, epoch):
    """Believes that randint includes its end."""
    generator = torch.Generator().manual_seed(1000 * seed + epoch)
    return tuple(torch.randint(most, (n,), generator=generator) for _ in range(2))


@wrong("rounded-dice", fails={"dice-range"}, hint="dice-range")
def dice(n, most, seed, epoch):
    """Rounds, so that the two ends come half as often."""
    generator = torch.Generator().manual_seed(1000 * seed + epoch)
    return tuple((torch.rand(n, generator=generator) * most).round().long() for _ in range(2))


@right("dice-of-the-course")
def dice(n, most, seed, epoch):
    from cnncourse.augment import RandomCrop, keyed

    table = RandomCrop(32).draw(n, (32 + most, 32 + most), keyed(seed, epoch))
    return table["top"], table["left"]


@right("dice-of-numpy")
def dice(n, most, seed, epoch):
    import numpy as np

    top, left = np.random.default_rng([seed, epoch]).integers(0, most, (2, n), endpoint=True)
    return torch.from_numpy(top), torch.from_numpy(left)


# Task 5: mix and soft_loss


@wrong("pictures-exchanged", fails={"mix-images"}, hint="mix-exchanged")
def mix(images, labels, partner, weight, classes):
    """Gives the weight to the partner."""
    blended = torch.lerp(images, images[partner], weight.reshape(-1, 1, 1, 1))
    rows = F.one_hot(labels, classes).float()
    return blended, torch.lerp(rows[partner], rows, weight[:, None])


@wrong("first-weight-for-all", fails={"mix-images"}, hint="mix-one-weight")
def mix(images, labels, partner, weight, classes):
    """Blends the pictures with one weight, the labels with each its own."""
    blended = weight[0] * images + (1 - weight[0]) * images[partner]
    rows = F.one_hot(labels, classes).float()
    return blended, torch.lerp(rows[partner], rows, weight[:, None])


@wrong("labels-not-mixed", fails={"mix-targets"}, hint="mix-first-only")
def mix(images, labels, partner, weight, classes):
    """Mixes the pictures and forgets the labels."""
    share = weight.reshape(-1, 1, 1, 1)
    return share * images + (1 - share) * images[partner], F.one_hot(labels, classes).float()


@wrong("winner-takes-all", fails={"mix-targets"}, hint="mix-larger")
def mix(images, labels, partner, weight, classes):
    """Gives everything to the larger share."""
    share = weight.reshape(-1, 1, 1, 1)
    winner = torch.where(weight < 0.5, labels[partner], labels)
    return share * images + (1 - share) * images[partner], F.one_hot(winner, classes).float()


@wrong("mean-of-class-numbers", fails={"mix-targets"}, hint="mix-names")
def mix(images, labels, partner, weight, classes):
    """Averages names."""
    share = weight.reshape(-1, 1, 1, 1)
    between = (weight * labels + (1 - weight) * labels[partner]).round().long()
    return share * images + (1 - share) * images[partner], F.one_hot(between, classes).float()


@wrong("half-and-half", fails={"mix-targets"}, hint="mix-half")
def mix(images, labels, partner, weight, classes):
    """Counts both labels the same."""
    share = weight.reshape(-1, 1, 1, 1)
    rows = F.one_hot(labels, classes).float()
    return share * images + (1 - share) * images[partner], (rows + rows[partner]) / 2


@wrong("targets-overwritten", fails={"mix-targets"}, hint="mix-rows")
def mix(images, labels, partner, weight, classes):
    """Sets instead of adding: two pictures of one class do not sum to 1."""
    share, n = weight.reshape(-1, 1, 1, 1), torch.arange(len(labels))
    targets = torch.zeros(len(labels), classes)
    targets[n, labels] = weight
    targets[n, labels[partner]] = 1 - weight
    return share * images + (1 - share) * images[partner], targets


@right("mix-by-adding-up")
def mix(images, labels, partner, weight, classes):
    targets, n = torch.zeros(len(labels), classes), torch.arange(len(labels))
    targets.index_put_((n, labels), weight, accumulate=True)
    targets.index_put_((n, labels[partner]), 1 - weight, accumulate=True)
    return torch.lerp(images[partner], images, weight.reshape(-1, 1, 1, 1)), targets


@wrong("larger-class-only", fails={"loss-value"}, hint="softloss-hard")
def soft_loss(logits, targets):
    """Makes hard labels of the shares first."""
    return F.nll_loss(logits.log_softmax(1), targets.argmax(1))


@wrong("mean-over-classes", fails={"loss-value"}, hint="softloss-mean")
def soft_loss(logits, targets):
    """Divides by the classes as well."""
    return -(targets * logits.log_softmax(1)).mean()


@wrong("sum-over-rows", fails={"loss-value"}, hint="softloss-sum")
def soft_loss(logits, targets):
    """Does not take the mean."""
    return -(targets * logits.log_softmax(1)).sum()


@wrong("logarithm-of-softmax", fails={"loss-value"}, hint="softloss-stable")
def soft_loss(logits, targets):
    """Forms the shares first: exp(−200) is rounded to zero."""
    return -(targets * logits.softmax(1).log()).sum(1).mean()


@wrong("logarithm-of-the-target", fails={"loss-value"}, hint="softloss-exchanged")
def soft_loss(logits, targets):
    """Exchanges what is said and what is true."""
    return -(logits.softmax(1) * targets.clamp_min(1e-12).log()).sum(1).mean()


@wrong("logits-without-softmax", fails={"loss-value"}, hint="softloss-raw")
def soft_loss(logits, targets):
    """Forgets the softmax."""
    return -(targets * logits).sum(1).mean()


@right("loss-with-logsumexp")
def soft_loss(logits, targets):
    return (logits.logsumexp(1) * targets.sum(1) - (targets * logits).sum(1)).mean()


# Task 6: keeps_the_label


@wrong("mirrors-digits-and-arrows", fails={"choice-position"}, hint="choice-mirror")
def keeps_the_label():
    """Has read that flips help, and takes them everywhere."""
    return {
        "digits": ["shift", "mirror", "hue"],
        "arrows": ["shift", "mirror", "hue"],
        "tomatoes": ["shift", "mirror", "half turn"],
        "animals": ["shift", "mirror", "half turn", "hue"],
        "cells": ["shift", "mirror", "half turn"],
    }


@wrong("turns-sixes", fails={"choice-position"}, hint="choice-turn")
def keeps_the_label():
    """Forgets that a 6 on its head is a 9."""
    return {
        "digits": ["shift", "half turn", "hue"],
        "arrows": ["shift", "hue"],
        "tomatoes": ["shift", "mirror", "half turn"],
        "animals": ["shift", "mirror", "half turn", "hue"],
        "cells": ["shift", "mirror", "half turn"],
    }


@wrong("paints-tomatoes", fails={"choice-colour"}, hint="choice-hue")
def keeps_the_label():
    """Forgets that ripeness is a colour."""
    return {
        "digits": ["shift", "hue"],
        "arrows": ["shift", "hue"],
        "tomatoes": ["shift", "mirror", "half turn", "hue"],
        "animals": ["shift", "mirror", "half turn", "hue"],
        "cells": ["shift", "mirror", "half turn"],
    }


@wrong("misspelled-change", fails={"choice-position"}, hint="choice-form")
def keeps_the_label():
    """Writes flip for mirror."""
    return {
        "digits": ["shift", "hue"],
        "arrows": ["shift", "hue"],
        "tomatoes": ["shift", "flip", "half turn"],
        "animals": ["shift", "flip", "half turn", "hue"],
        "cells": ["shift", "flip", "half turn"],
    }


@right("other-order")
def keeps_the_label():
    position = ["half turn", "mirror", "shift"]
    return {
        "cells": position,
        "tomatoes": position,
        "animals": ["hue", *position],
        "arrows": ["hue", "shift"],
        "digits": ["hue", "shift"],
    }
