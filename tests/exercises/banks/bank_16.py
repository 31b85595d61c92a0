"""Answers to exercise 16: mistakes that learners make, and other right ways."""

import torch

from tests.exercises.bank import right, wrong


@wrong("root-forgotten", fails={"apart-value", "apart-far"}, hint="apart-squared")
def distances(points, others):
    """Leaves the distances squared."""
    return (points[:, None] - others[None]).square().sum(2)


@wrong("around-the-blocks", fails={"apart-value", "apart-far"}, hint="apart-blocks")
def distances(points, others):
    """Adds absolute differences."""
    return (points[:, None] - others[None]).abs().sum(2)


@wrong("over-the-matrix-product", fails={"apart-far"}, hint="apart-far")
def distances(points, others):
    """The honest partial: |a|² + |b|² − 2ab, right near the origin and lost far from it."""
    squares = points.square().sum(1)[:, None] + others.square().sum(1) - 2 * points @ others.T
    return squares.clamp(min=0).sqrt()


@right("cdist-in-double")
def distances(points, others):
    """torch.cdist, with twice the digits."""
    return torch.cdist(points.double(), others.double(), compute_mode="donot_use_mm_for_euclid_dist").float()


@right("row-by-row")
def distances(points, others):
    """A norm for each row."""
    return torch.stack([torch.linalg.vector_norm(others - point, dim=1) for point in points])


@wrong("equal-and-unequal-exchanged", fails={"pairs-value"}, hint="pairs-swapped")
def contrastive(one, other, same, margin):
    """Follows the paper's Y, where 0 stands for an equal pair."""
    gap = (one - other).norm(dim=1)
    y = same.float()
    return (0.5 * (1 - y) * gap**2 + 0.5 * y * (margin - gap).clamp(min=0) ** 2).mean()


@wrong("no-end-to-pushing", fails={"pairs-value"}, hint="pairs-endless")
def contrastive(one, other, same, margin):
    """Forgets the maximum with 0."""
    gap = (one - other).norm(dim=1)
    return 0.5 * torch.where(same.bool(), gap**2, (margin - gap) ** 2).mean()


@wrong("half-forgotten", fails={"pairs-value"}, hint="pairs-half")
def contrastive(one, other, same, margin):
    """Leaves out the ½."""
    gap = (one - other).norm(dim=1)
    return torch.where(same.bool(), gap**2, (margin - gap).clamp(min=0) ** 2).mean()


@wrong("distance-squared-inside", fails={"pairs-value"}, hint="pairs-inner")
def contrastive(one, other, same, margin):
    """Subtracts the squared distance from the margin."""
    squared = (one - other).square().sum(1)
    return 0.5 * torch.where(same.bool(), squared, (margin - squared).clamp(min=0)).mean()


@right("pair-by-pair")
def contrastive(one, other, same, margin):
    """A plain loop, a plain number."""
    total = 0.0
    for a, b, equal in zip(one.tolist(), other.tolist(), same.tolist(), strict=True):
        gap = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5
        total += gap**2 / 2 if equal else max(0.0, margin - gap) ** 2 / 2
    return total / len(one)


@wrong("its-own-positive", fails={"kinds-count"}, hint="kinds-self")
def kinds(points, labels, margin):
    """Lets a picture be its own positive."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    same = labels[:, None] == labels
    asked = same[:, :, None] & ~same[:, None]
    near, far = gaps[:, :, None].expand(asked.shape)[asked], gaps[:, None].expand(asked.shape)[asked]
    hard, easy = (far <= near).sum().item(), (far >= near + margin).sum().item()
    return {"hard": hard, "semi-hard": len(near) - hard - easy, "easy": easy}


@wrong("each-pair-once", fails={"kinds-count"}, hint="kinds-once")
def kinds(points, labels, margin):
    """Takes a with p, but not p with a."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    counts = {"hard": 0, "semi-hard": 0, "easy": 0}
    for a in range(len(labels)):
        for p in range(a + 1, len(labels)):
            for n in range(len(labels)):
                if labels[a] == labels[p] != labels[n]:
                    near, far = gaps[a, p], gaps[a, n]
                    kind = "hard" if far <= near else "easy" if far >= near + margin else "semi-hard"
                    counts[kind] += 1
    return counts


@right("three-axes-at-once")
def kinds(points, labels, margin):
    """All triplets as one block of three axes."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    same = labels[:, None] == labels
    equal = same & ~torch.eye(len(labels), dtype=torch.bool)
    a, p, n = (equal[:, :, None] & ~same[:, None]).nonzero(as_tuple=True)
    near, far = gaps[a, p], gaps[a, n]
    hard, easy = far <= near, far >= near + margin
    return {
        "easy": int(easy.sum()),
        "hard": int(hard.sum()),
        "semi-hard": int((~hard & ~easy).sum()),
    }


@wrong("nearest-of-all", fails={"semi-choice"}, hint="semi-hardest")
def semi_hard(points, labels, margin):
    """Takes the hardest negative, in the name of the semi-hard one."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    found = []
    for a in range(len(labels)):
        for p in range(len(labels)):
            if p != a and labels[p] == labels[a]:
                far = gaps[a].masked_fill(labels == labels[a], torch.inf)
                found.append((a, p, far.argmin().item()))
    return found


@wrong("no-upper-end", fails={"semi-choice"}, hint="semi-any")
def semi_hard(points, labels, margin):
    """Forgets that an easy negative teaches nothing."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    found = []
    for a in range(len(labels)):
        for p in range(len(labels)):
            fits = (labels != labels[a]) & (gaps[a] > gaps[a, p])
            if p != a and labels[p] == labels[a] and fits.any():
                found.append((a, p, gaps[a].masked_fill(~fits, torch.inf).argmin().item()))
    return found


@right("sorted-in-python")
def semi_hard(points, labels, margin):
    """Lists and min, no tensors."""
    rows, kinds_ = points.tolist(), labels.tolist()

    def gap(i, j):
        return float((points[i] - points[j]).square().sum())

    found = []
    for a in range(len(rows)):
        for p in range(len(rows)):
            if a == p or kinds_[a] != kinds_[p]:
                continue
            near = gap(a, p)
            fits = [
                (gap(a, n), n)
                for n in range(len(rows))
                if kinds_[n] != kinds_[a] and near < gap(a, n) < near + margin
            ]
            if fits:
                found.append((a, p, min(fits)[1]))
    return found


@wrong("shares-of-all-pairs", fails={"marks-errors"}, hint="errors-of-all")
def errors(gaps, same, threshold):
    """Divides both counts by the number of all pairs."""
    accepted = gaps < threshold
    return (accepted & ~same).double().mean().item(), (~accepted & same).double().mean().item()


@wrong("equal-counts-as-smaller", fails={"marks-errors"}, hint="errors-shares")
def errors(gaps, same, threshold):
    """Accepts a pair at the threshold itself."""
    accepted = gaps <= threshold
    return accepted[~same].double().mean().item(), 1 - accepted[same].double().mean().item()


@wrong("friends-first", fails={"marks-errors"}, hint="errors-turned")
def errors(gaps, same, threshold):
    """Returns the two shares in the other order."""
    accepted = gaps < threshold
    return 1 - accepted[same].double().mean().item(), accepted[~same].double().mean().item()


@wrong("friends-that-come-in", fails={"marks-errors"}, hint="errors-right")
def errors(gaps, same, threshold):
    """Gives the share of friends let in, as the ROC curve does."""
    accepted = gaps < threshold
    return accepted[~same].double().mean().item(), accepted[same].double().mean().item()


@right("counted-in-a-loop")
def errors(gaps, same, threshold):
    """Four counters."""
    let_in = away = friends = strangers = 0
    for i in range(len(gaps)):
        inside = bool(gaps[i] < threshold)
        if same[i]:
            friends += 1
            away += not inside
        else:
            strangers += 1
            let_in += inside
    return let_in / strangers, away / friends


@wrong("nearest-to-oneself", fails={"marks-nearest"}, hint="nearest-self")
def p_at_1(points, labels):
    """Finds each point as its own neighbour, and is always right."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    return (labels[gaps.argmin(1)] == labels).double().mean().item()


@right("second-smallest")
def p_at_1(points, labels):
    """The second of a sorted row."""
    gaps = (points[:, None] - points[None]).square().sum(2)
    nearest = gaps.topk(2, largest=False).indices[:, 1]
    return sum(bool(labels[i] == labels[j]) for i, j in enumerate(nearest)) / len(labels)


@wrong("zero-wins-the-minimum", fails={"mend-pairs", "mend-loner"}, hint="hardest-mask")
def mended_loss(points, labels, margin):
    """Mends three bugs and leaves the mask of the minimum."""
    gaps = (points[:, None] - points[None]).square().sum(2).sqrt()
    same = labels[:, None] == labels
    losses = gaps.masked_fill(~same, 0).max(1).values - gaps.masked_fill(same, 0).min(1).values + margin
    return losses.clamp(min=0)[same.sum(1) > 1].mean()


@wrong("loners-averaged-in", fails={"mend-loner"}, hint="hardest-alone")
def mended_loss(points, labels, margin):
    """Finds three bugs of four."""
    gaps = (points[:, None] - points[None]).square().sum(2).sqrt()
    same = labels[:, None] == labels
    nearest = gaps.masked_fill(same, torch.inf).min(1).values
    return (gaps.masked_fill(~same, 0).max(1).values - nearest + margin).clamp(min=0).mean()


@wrong("margin-subtracted", fails={"mend-pairs", "mend-loner"}, hint="hardest-sign")
def mended_loss(points, labels, margin):
    """Keeps the sign of the margin."""
    gaps = (points[:, None] - points[None]).square().sum(2).sqrt()
    same = labels[:, None] == labels
    nearest = gaps.masked_fill(same, torch.inf).min(1).values
    losses = (gaps.masked_fill(~same, 0).max(1).values - nearest - margin).clamp(min=0)
    return losses[same.sum(1) > 1].mean()


@wrong("easy-anchors-below-zero", fails={"mend-pairs", "mend-loner"}, hint="hardest-clamp")
def mended_loss(points, labels, margin):
    """Keeps the losses below 0."""
    gaps = (points[:, None] - points[None]).square().sum(2).sqrt()
    same = labels[:, None] == labels
    nearest = gaps.masked_fill(same, torch.inf).min(1).values
    losses = gaps.masked_fill(~same, 0).max(1).values - nearest + margin
    return losses[same.sum(1) > 1].mean()


@right("anchor-by-anchor")
def mended_loss(points, labels, margin):
    """A loop over the anchors that have a positive."""
    losses = []
    for a, label in enumerate(labels.tolist()):
        friends = [i for i, other in enumerate(labels.tolist()) if other == label and i != a]
        if not friends:
            continue
        gaps = torch.linalg.vector_norm(points - points[a], dim=1)
        strangers = labels != label
        losses.append(max(0.0, float(gaps[friends].max() - gaps[strangers].min()) + margin))
    return sum(losses) / len(losses)
