"""Answers to exercise 11: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("no-bias", fails={"count-params", "count-connections"}, hint="count-bias")
def count(table, kernel, height, width):
    """Counts weights only."""
    params = sum(len(row) for row in table) * kernel**2
    return params, params * (height - kernel + 1) * (width - kernel + 1)


@wrong("bias-for-each-window", fails={"count-params", "count-connections"}, hint="count-bias-each")
def count(table, kernel, height, width):
    """Gives each window of a filter a bias."""
    params = sum(len(row) * (kernel**2 + 1) for row in table)
    return params, params * (height - kernel + 1) * (width - kernel + 1)


@wrong("one-bias-for-all", fails={"count-params", "count-connections"}, hint="count-one-bias")
def count(table, kernel, height, width):
    """Thinks that a layer has a bias."""
    params = sum(len(row) for row in table) * kernel**2 + 1
    return params, params * (height - kernel + 1) * (width - kernel + 1)


@wrong("a-full-table", fails={"count-params", "count-connections"}, hint="count-every-map")
def count(table, kernel, height, width):
    """Counts an ordinary convolution."""
    maps = max(max(row) for row in table) + 1
    params = len(table) * (maps * kernel**2 + 1)
    return params, params * (height - kernel + 1) * (width - kernel + 1)


@wrong("a-stop-at-every-pixel", fails={"count-connections"}, hint="count-places")
def count(table, kernel, height, width):
    """Forgets that the window does not fit at the rim."""
    params = sum(len(row) * kernel**2 + 1 for row in table)
    return params, params * height * width


@wrong("bias-used-once", fails={"count-connections"}, hint="count-bias-once")
def count(table, kernel, height, width):
    """Multiplies the weights alone by the places."""
    weights = sum(len(row) for row in table) * kernel**2
    places = (height - kernel + 1) * (width - kernel + 1)
    return weights + len(table), weights * places + len(table)


@wrong("square-maps", fails={"count-connections"}, hint="count-square")
def count(table, kernel, height, width):
    """Does not look at the width."""
    params = sum(len(row) * kernel**2 + 1 for row in table)
    return params, params * (height - kernel + 1) ** 2


@wrong("connections-alone", fails={"count-params", "count-connections"}, hint="count-params")
def count(table, kernel, height, width):
    """Returns one number."""
    params = sum(len(row) * kernel**2 + 1 for row in table)
    return params * (height - kernel + 1) * (width - kernel + 1)


@right("count-by-walking")
def count(table, kernel, height, width):
    """Adds one for each use, place by place."""
    params = connections = 0
    for row in table:
        of_filter = 1
        for _ in row:
            of_filter += kernel * kernel
        params += of_filter
        for _ in range(height - kernel + 1):
            connections += of_filter * len(range(width - kernel + 1))
    return params, connections


@wrong("first-maps", fails={"partial-values"}, hint="partial-first")
def partial_conv(x, weights, bias, table):
    """Cuts off as many maps as the row is long, from the front."""
    maps = [F.conv2d(x[:, : len(row)], w[None]) + b for row, w, b in zip(table, weights, bias, strict=True)]
    return torch.cat(maps, 1)


@wrong("bias-forgotten", fails={"partial-values"}, hint="partial-bias")
def partial_conv(x, weights, bias, table):
    """Leaves the bias out."""
    return torch.cat([F.conv2d(x[:, list(row)], w[None]) for row, w in zip(table, weights, strict=True)], 1)


@wrong("turned-filters", fails={"partial-values"}, hint="partial-flipped")
def partial_conv(x, weights, bias, table):
    """Turns the kernels, as mathematicians do."""
    maps = [
        F.conv2d(x[:, list(row)], w[None].flip(2, 3)) + b
        for row, w, b in zip(table, weights, bias, strict=True)
    ]
    return torch.cat(maps, 1)


@wrong("rows-sorted", fails={"partial-values"}, hint="partial-row")
def partial_conv(x, weights, bias, table):
    """Sorts the maps of a row, but not its windows."""
    maps = [F.conv2d(x[:, sorted(row)], w[None]) + b for row, w, b in zip(table, weights, bias, strict=True)]
    return torch.cat(maps, 1)


@wrong("empties-its-input", fails={"partial-values"}, hint="partial-row")
def partial_conv(x, weights, bias, table):
    """Zeros all round."""
    for tensor in (x, bias, *weights):
        tensor.zero_()
    size = weights[0].shape[1]
    return torch.zeros(len(x), len(table), x.shape[2] - size + 1, x.shape[3] - size + 1)


@right("one-masked-convolution")
def partial_conv(x, weights, bias, table):
    """Puts all windows into one large weight, zeros elsewhere."""
    size = weights[0].shape[-1]
    whole = x.new_zeros(len(table), x.shape[1], size, size)
    for k, row in enumerate(table):
        for place, source in enumerate(row):
            whole[k, source] = weights[k][place]
    return F.conv2d(x, whole, bias)


@right("loops-in-double")
def partial_conv(x, weights, bias, table):
    """Window by window, in double precision."""
    size = weights[0].shape[-1]
    n, _, h, w = x.shape
    out = torch.zeros(n, len(table), h - size + 1, w - size + 1, dtype=torch.float64)
    for k, row in enumerate(table):
        for i in range(h - size + 1):
            for j in range(w - size + 1):
                window = x[:, list(row), i : i + size, j : j + size].double()
                out[:, k, i, j] = (window * weights[k].double()).sum((1, 2, 3)) + bias[k].double()
    return out


@wrong("mask-turned-round", fails={"partial-mask"}, hint="mask-turned")
def mask_of(table, maps):
    """A row for each map."""
    mask = torch.zeros(maps, len(table))
    for k, row in enumerate(table):
        mask[list(row), k] = 1
    return mask


@wrong("ones-outside", fails={"partial-mask"}, hint="mask-outside")
def mask_of(table, maps):
    """Marks what is hidden."""
    mask = torch.ones(len(table), maps)
    for k, row in enumerate(table):
        mask[k, list(row)] = 0
    return mask


@wrong("as-wide-as-the-largest", fails={"partial-mask"}, hint="mask-shape")
def mask_of(table, maps):
    """Asks the table how many maps there are."""
    mask = torch.zeros(len(table), max(map(max, table)) + 1)
    for k, row in enumerate(table):
        mask[k, list(row)] = 1
    return mask


@right("mask-by-comparison")
def mask_of(table, maps):
    """Asks of each map whether it is in the row."""
    return torch.tensor([[float(source in row) for source in range(maps)] for row in table])


@wrong("distance-not-turned", fails={"rbf-distance"}, hint="rbf-sign")
def rbf_logits(x, codes):
    """The nearest class has the smallest number."""
    return ((x[:, None] - codes) ** 2).sum(2)


@wrong("root-taken", fails={"rbf-distance"}, hint="rbf-root")
def rbf_logits(x, codes):
    """The distance, not its square."""
    return -torch.cdist(x, codes)


@wrong("squares-averaged", fails={"rbf-distance"}, hint="rbf-mean")
def rbf_logits(x, codes):
    """A mean squared error for each class."""
    return -((x[:, None] - codes) ** 2).mean(2)


@wrong("product-for-distance", fails={"rbf-distance"}, hint="rbf-product")
def rbf_logits(x, codes):
    """Today's layer, without what else is in the square."""
    return x @ codes.T


@right("square-multiplied-out")
def rbf_logits(x, codes):
    """All three terms of the square, in double precision."""
    x, codes = x.double(), codes.double()
    return 2 * x @ codes.T - (x * x).sum(1, keepdim=True) - (codes * codes).sum(1)


@right("plain-numbers")
def rbf_logits(x, codes):
    """Lists and loops."""
    rows = []
    for one in x.tolist():
        rows.append([-sum((a - b) ** 2 for a, b in zip(one, code, strict=True)) for code in codes.tolist()])
    return torch.tensor(rows)


@wrong("lengths-taken-for-equal", fails={"rbf-linear"}, hint="linear-bias")
def as_linear(codes):
    """Right for the codes of the chapter."""
    return 2 * codes, torch.zeros(len(codes))


@wrong("factor-two-lost", fails={"rbf-linear"}, hint="linear-two")
def as_linear(codes):
    """Multiplies out without the 2."""
    return codes.clone(), -(codes**2).sum(1)


@wrong("bias-turned", fails={"rbf-linear"}, hint="linear-sign")
def as_linear(codes):
    """Adds the length."""
    return 2 * codes, (codes**2).sum(1)


@wrong("length-not-squared", fails={"rbf-linear"}, hint="linear-root")
def as_linear(codes):
    """Takes the norm of each code."""
    return 2 * codes, -codes.norm(dim=1)


@wrong("bias-first", fails={"rbf-linear"}, hint="linear-pair")
def as_linear(codes):
    """Exchanges the two."""
    return -(codes**2).sum(1), 2 * codes


@right("any-shift-will-do")
def as_linear(codes):
    """Adds the same to every bias, which softmax does not hear."""
    return 2.0 * codes, 7 - torch.einsum("kd,kd->k", codes, codes)


@wrong("biases-not-counted", fails={"walk-params"}, hint="walk-bias")
def walk(config, channels, side):
    """Counts weights only."""
    seen = []
    for item in config:
        params = 0 if item == "M" else channels * 9 * item
        channels, side = (channels, side // 2) if item == "M" else (item, side)
        seen.append((channels, side, params))
    return seen


@wrong("always-the-picture", fails={"walk-params"}, hint="walk-channels")
def walk(config, channels, side):
    """Every convolution looks at the picture itself."""
    seen, now = [], channels
    for item in config:
        params = 0 if item == "M" else (channels * 9 + 1) * item
        now, side = (now, side // 2) if item == "M" else (item, side)
        seen.append((now, side, params))
    return seen


@wrong("no-frame", fails={"walk-shapes"}, hint="walk-shapes")
def walk(config, channels, side):
    """Each convolution takes two pixels away."""
    seen = []
    for item in config:
        params = 0 if item == "M" else (channels * 9 + 1) * item
        channels, side = (channels, side // 2) if item == "M" else (item, side - 2)
        seen.append((channels, side, params))
    return seen


@wrong("odd-row-kept", fails={"walk-shapes"}, hint="walk-shapes")
def walk(config, channels, side):
    """Rounds up."""
    seen = []
    for item in config:
        params = 0 if item == "M" else (channels * 9 + 1) * item
        channels, side = (channels, (side + 1) // 2) if item == "M" else (item, side)
        seen.append((channels, side, params))
    return seen


@wrong("poolings-not-noted", fails={"walk-shapes", "walk-params"}, hint="walk-list")
def walk(config, channels, side):
    """Notes convolutions only."""
    seen = []
    for item in config:
        if item == "M":
            side //= 2
            continue
        seen.append((item, side, (channels * 9 + 1) * item))
        channels = item
    return seen


@right("walk-by-recursion")
def walk(config, channels, side):
    """The first item, then the rest."""

    def rest(items, channels, side):
        if not items:
            return []
        item, *others = items
        step = (channels, side // 2, 0) if item == "M" else (item, side, item * (9 * channels + 1))
        return [step, *rest(others, step[0], step[1])]

    return rest(list(config), channels, side)


@wrong("two-of-three-depths", fails={"mend-stages"}, hint="mend-depths")
def mended_config(depths, width=64):
    """Mends the widths and the pooling; partly right."""
    config = []
    for depth, factor in zip((*depths[:3], depths[0], depths[0]), (1, 2, 4, 8, 8), strict=True):
        config += [width * factor] * depth + ["M"]
    return config


@wrong("last-stage-open", fails={"mend-stages"}, hint="mend-pool")
def mended_config(depths, width=64):
    """Forgets the last pooling."""
    config = []
    for depth, factor in zip(depths, (1, 2, 4, 8, 8), strict=True):
        config += [width * factor] * depth + ["M"]
    return config[:-1]


@wrong("doubles-to-the-end", fails={"mend-widths"}, hint="mend-growth")
def mended_config(depths, width=64):
    """1,024 filters in the fifth stage."""
    config = []
    for stage, depth in enumerate(depths):
        config += [width * 2**stage] * depth + ["M"]
    return config


@wrong("always-sixty-four", fails={"mend-widths"}, hint="mend-width")
def mended_config(depths, width=64):
    """Ignores the width."""
    config = []
    for depth, factor in zip(depths, (1, 2, 4, 8, 8), strict=True):
        config += [64 * factor] * depth + ["M"]
    return config


@wrong("as-the-colleague-had-it", fails={"mend-stages", "mend-widths"}, hint="mend-growth")
def mended_config(depths, width=64):
    """Renames the function."""
    first, second, third = depths[0], depths[1], depths[2]
    config = []
    for stage, depth in enumerate((first, second, third, first, first)):
        config += [64 * 2**stage] * depth
        if stage < 4:
            config.append("M")
    return config


@right("config-by-comprehension")
def mended_config(depths, width=64):
    """One line, with min."""
    return [item for k, d in enumerate(depths) for item in [width * 2 ** min(k, 3)] * d + ["M"]]


@wrong("maps-without-bias", fails={"maps-mean"}, hint="maps-bias")
def class_maps(features, weight, bias):
    """Leaves the bias out."""
    return torch.einsum("kc,nchw->nkhw", weight, features)


@wrong("bias-shared-out", fails={"maps-mean"}, hint="maps-spread")
def class_maps(features, weight, bias):
    """Shares the bias out among the places."""
    places = features.shape[2] * features.shape[3]
    return torch.einsum("kc,nchw->nkhw", weight, features) + bias[:, None, None] / places


@wrong("sum-for-mean", fails={"maps-mean"}, hint="maps-sum")
def class_maps(features, weight, bias):
    """Divides so that the sum is the logit."""
    places = features.shape[2] * features.shape[3]
    return (torch.einsum("kc,nchw->nkhw", weight, features) + bias[:, None, None]) / places


@right("pixel-by-pixel")
def class_maps(features, weight, bias):
    """A linear layer at each pixel, channels last."""
    return F.linear(features.movedim(1, -1), weight, bias).movedim(-1, 1)


@wrong("column-first", fails={"maps-place"}, hint="place-turned")
def brightest(maps, labels):
    """x before y."""
    place = maps[torch.arange(len(labels)), labels].flatten(1).argmax(1)
    return torch.stack([place % maps.shape[3], place // maps.shape[3]], 1)


@wrong("loudest-of-all-classes", fails={"maps-place"}, hint="place-any-class")
def brightest(maps, labels):
    """Does not ask for the label."""
    place = maps.amax(1).flatten(1).argmax(1)
    return torch.stack([place // maps.shape[3], place % maps.shape[3]], 1)


@wrong("divided-by-the-height", fails={"maps-place"}, hint="place-height")
def brightest(maps, labels):
    """Takes the height of a map for the length of a row."""
    place = maps[torch.arange(len(labels)), labels].flatten(1).argmax(1)
    return torch.stack([place // maps.shape[2], place % maps.shape[2]], 1)


@right("place-by-numpy")
def brightest(maps, labels):
    """NumPy knows how to unravel an index."""
    import numpy as np

    own = [np.asarray(picture[label]) for picture, label in zip(maps, labels.tolist(), strict=True)]
    places = [np.unravel_index(one.argmax(), one.shape) for one in own]
    return torch.tensor([[int(i), int(j)] for i, j in places])
