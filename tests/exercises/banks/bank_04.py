"""Answers to exercise 04: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("pencil-all-channels", fails={"hand-value"}, hint="kinds-groups")
def by_pencil():
    """Lets both filters see all channels, over and over."""
    return [37, -2], [1, 2, 4, 6, 3]


@wrong("pencil-stamps-side-by-side", fails={"hand-value"}, hint="kinds-stamps")
def by_pencil():
    """Writes the second stamp over the first."""
    return [12, -1], [1, 2, 3, 6, 3]


@right("pencil-in-tuples")
def by_pencil():
    return (12.0, -1.0), (1.0, 2.0, 4.0, 6.0, 3.0)


@wrong("groups-without-bias", fails={"grouped-two", "grouped-depthwise"}, hint="grouped-bias")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Takes the bias and never uses it."""
    parts = zip(x.chunk(groups, 1), weight.chunk(groups))
    return torch.cat([F.conv2d(p, f, stride=stride, padding=padding) for p, f in parts], dim=1)


@wrong("channels-dealt-in-turn", fails={"grouped-two"}, hint="grouped-dealt")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Gives group g every groups-th channel."""
    maps = []
    for g in range(groups):
        filters, b = weight.chunk(groups)[g], bias.chunk(groups)[g]
        maps.append(F.conv2d(x[:, g::groups], filters, b, stride=stride, padding=padding))
    return torch.cat(maps, dim=1)


@wrong("first-group-only", fails={"grouped-two", "grouped-depthwise"}, hint="grouped-first")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Never moves on to the channels of the next group."""
    each = weight.shape[1]
    return F.conv2d(x[:, :each], weight, bias, stride=stride, padding=padding)


@wrong("groups-interleaved", fails={"grouped-two", "grouped-depthwise"}, hint="grouped-order")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Stacks the maps so that the groups take turns."""
    maps = []
    for part, filters, b in zip(x.chunk(groups, 1), weight.chunk(groups), bias.chunk(groups)):
        maps.append(F.conv2d(part, filters, b, stride=stride, padding=padding))
    return torch.stack(maps, dim=2).flatten(1, 2)


@wrong("stride-forgotten", fails={"grouped-depthwise"}, hint="grouped-steps")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Takes stride and padding and hands neither on: partly right, 2 of the 4 points."""
    parts = zip(x.chunk(groups, 1), weight.chunk(groups), bias.chunk(groups))
    return torch.cat([F.conv2d(p, f, b) for p, f, b in parts], dim=1)


@wrong("padding-forgotten", fails={"grouped-depthwise"}, hint="grouped-steps")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    parts = zip(x.chunk(groups, 1), weight.chunk(groups), bias.chunk(groups))
    return torch.cat([F.conv2d(p, f, b, stride=stride) for p, f, b in parts], dim=1)


@wrong("one-filter-for-each-group", fails={"grouped-two", "grouped-depthwise"}, hint="grouped-parts")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Pairs groups with single filters."""
    parts = zip(x.chunk(groups, 1), weight, bias)
    maps = [F.conv2d(p, f[None], b[None], stride=stride, padding=padding) for p, f, b in parts]
    return torch.cat(maps, dim=1)


@wrong("zeroes-its-input", fails={"grouped-two", "grouped-depthwise"}, hint="grouped-parts")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Hopes that the check compares with what it makes of the emptied picture."""
    x.zero_()
    weight.zero_()
    bias.zero_()
    c_in = x.shape[1] // groups
    parts = [x[:, g * c_in : (g + 1) * c_in] for g in range(groups)]
    maps = [F.conv2d(p, f, stride=stride, padding=padding) for p, f in zip(parts, weight.chunk(groups))]
    return torch.cat(maps, dim=1)


@right("one-big-filter-with-zeros")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """A grouped convolution is an ordinary one with zeros in its weight."""
    filters, each, kh, kw = weight.shape
    whole = torch.zeros(filters, each * groups, kh, kw, dtype=weight.dtype)
    for k in range(filters):
        g = k // (filters // groups)
        whole[k, g * each : (g + 1) * each] = weight[k]
    return F.conv2d(x, whole, bias, stride=stride, padding=padding)


@right("groups-as-pictures")
def conv2d_grouped(x, weight, bias, groups, stride=1, padding=0):
    """Window by window, with einsum and an axis for the groups, in float64."""
    x, weight = x.double(), weight.double()
    n, (filters, each, kh, kw) = len(x), weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    x = x.unflatten(1, (groups, each))
    weight = weight.unflatten(0, (groups, filters // groups))
    out = torch.zeros(n, filters, height, width, dtype=torch.float64)
    for i in range(height):
        for j in range(width):
            window = x[..., i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = torch.einsum("ngchw,gkchw->ngk", window, weight).flatten(1)
    return out + bias[:, None, None]


@wrong("looked-and-not-mixed", fails={"separable-value"}, hint="separable-unmixed")
def separable(x, look, mix):
    """Stops after the depthwise half."""
    n, c, h, w = x.shape
    _, kh, kw = look.shape
    windows = F.unfold(x, (kh, kw)).reshape(n, c, kh * kw, -1)
    return torch.einsum("ct,nctp->ncp", look.flatten(1), windows).reshape(n, c, h - kh + 1, w - kw + 1)


@wrong("kernels-turned", fails={"separable-value"}, hint="separable-turned")
def separable(x, look, mix):
    n, c, h, w = x.shape
    _, kh, kw = look.shape
    windows = F.unfold(x, (kh, kw)).reshape(n, c, kh * kw, -1)
    out = torch.einsum("kc,ct,nctp->nkp", mix, look.flip(1, 2).flatten(1), windows)
    return out.reshape(n, len(mix), h - kh + 1, w - kw + 1)


@wrong("taps-and-channels-mixed-up", fails={"separable-value"}, hint="separable-axes")
def separable(x, look, mix):
    """Thinks that unfold has the channels innermost."""
    n, c, h, w = x.shape
    _, kh, kw = look.shape
    windows = F.unfold(x, (kh, kw)).reshape(n, kh * kw, c, -1)
    out = torch.einsum("kc,ct,ntcp->nkp", mix, look.flatten(1), windows)
    return out.reshape(n, len(mix), h - kh + 1, w - kw + 1)


@wrong("one-kernel-for-all", fails={"separable-value"}, hint="separable-axes")
def separable(x, look, mix):
    """Uses the kernel of channel 0 everywhere."""
    n, c, h, w = x.shape
    _, kh, kw = look.shape
    windows = F.unfold(x, (kh, kw)).reshape(n, c, kh * kw, -1)
    out = torch.einsum("kc,t,nctp->nkp", mix, look[0].flatten(), windows)
    return out.reshape(n, len(mix), h - kh + 1, w - kw + 1)


@right("separable-in-numpy")
def separable(x, look, mix):
    """Views of the windows, without a copy."""
    import numpy as np

    view = np.lib.stride_tricks.sliding_window_view
    windows = view(x.numpy(), look.shape[1:], axis=(2, 3))  # (n, c, h', w', kh, kw)
    return torch.from_numpy(np.einsum("kc,cuv,nchwuv->nkhw", mix.numpy(), look.numpy(), windows))


@right("separable-as-one-filter-bank")
def separable(x, look, mix):
    n, _, h, w = x.shape
    _, kh, kw = look.shape
    filters = (mix[:, :, None, None] * look).flatten(1)
    return (filters @ F.unfold(x, (kh, kw))).reshape(n, -1, h - kh + 1, w - kw + 1)


@wrong("depthwise-kernel-for-each-map", fails={"cost-value"}, hint="separable-cost-filters")
def macs(c_in, c_out, kernel_size, height, width):
    places = height * width
    look = kernel_size**2 * c_out
    return kernel_size**2 * c_in * c_out * places, (look + c_in * c_out) * places


@wrong("mixing-for-free", fails={"cost-value"}, hint="separable-cost-depthwise-only")
def macs(c_in, c_out, kernel_size, height, width):
    places = height * width
    return kernel_size**2 * c_in * c_out * places, kernel_size**2 * c_in * places


@wrong("biases-multiply", fails={"cost-value"}, hint="separable-cost-separable")
def macs(c_in, c_out, kernel_size, height, width):
    """Adds a bias for each map to the work."""
    places = height * width
    look = kernel_size**2 * c_in
    return kernel_size**2 * c_in * c_out * places, (look + c_in * c_out + c_out) * places


@wrong("forgets-the-places", fails={"cost-value"}, hint="separable-cost-places")
def macs(c_in, c_out, kernel_size, height, width):
    return kernel_size**2 * c_in * c_out, kernel_size**2 * c_in + c_in * c_out


@right("macs-counted-one-by-one")
def macs(c_in, c_out, kernel_size, height, width):
    import math

    f = (kernel_size, kernel_size)
    standard = math.prod((*f, c_in, c_out, height, width))
    look, mix = math.prod((*f, c_in, height, width)), math.prod((c_in, c_out, height, width))
    return standard, look + mix


@wrong("reshape-twice", fails={"shuffle-value", "shuffle-undone"}, hint="shuffle-transpose")
def shuffle(x, groups):
    """Forgets the transpose."""
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w).reshape(n, c, h, w)


@wrong("table-on-its-side", fails={"shuffle-value", "shuffle-undone"}, hint="shuffle-other")
def shuffle(x, groups):
    n, c, h, w = x.shape
    return x.reshape(n, c // groups, groups, h, w).transpose(1, 2).reshape(n, c, h, w)


@wrong("shuffle-mixes-pixels", fails={"shuffle-value", "shuffle-undone"}, hint="shuffle-table")
def shuffle(x, groups):
    """Transposes everything after the channels as well."""
    n, c, h, w = x.shape
    return x.reshape(n, groups, -1).transpose(1, 2).reshape(n, c, h, w)


@wrong("shuffled-again", fails={"shuffle-undone"}, hint="shuffle-twice")
def unshuffle(x, groups):
    return shuffle(x, groups)


@wrong("order-turned-round", fails={"shuffle-undone"}, hint="shuffle-back")
def unshuffle(x, groups):
    return shuffle(x, groups).flip(1)


@right("shuffle-by-index")
def shuffle(x, groups):
    each = x.shape[1] // groups
    return x[:, [g * each + k for k in range(each) for g in range(groups)]]


@wrong("gap-with-sign", fails={"gap-value"}, hint="adjoint-sign")
def gap(x, forward_x, y, back_y):
    return ((forward_x * y).sum() - (x * back_y).sum()).item()


@wrong("gap-the-other-way-round", fails={"gap-value"}, hint="adjoint-sign")
def gap(x, forward_x, y, back_y):
    """A difference that is positive for one example and not for the next."""
    return ((x * back_y).sum() - (forward_x * y).sum()).item()


@wrong("gap-of-lengths", fails={"gap-value"}, hint="adjoint-pairs")
def gap(x, forward_x, y, back_y):
    """Compares the lengths of the outputs."""
    return abs(forward_x.norm() - back_y.norm()).item()


@wrong("gap-always-closed", fails={"gap-value"}, hint="adjoint-pairs")
def gap(x, forward_x, y, back_y):
    return 0.0


@right("gap-in-float64")
def gap(x, forward_x, y, back_y):
    left = torch.dot(forward_x.double().flatten(), y.double().flatten())
    return float((left - torch.dot(x.double().flatten(), back_y.double().flatten())).abs())


@wrong("stamps-written-over", fails={"mend-value"}, hint="stamp-written-over")
def transposed(x, weight, stride=1, padding=0):
    """Mends the padding only."""
    tall = (x.shape[2] - 1) * stride + weight.shape[2]
    wide = (x.shape[3] - 1) * stride + weight.shape[3]
    return broken(x, weight, stride)[:, :, padding : tall - padding, padding : wide - padding]


@wrong("two-sides-cut", fails={"mend-value"}, hint="stamp-two-sides")
def transposed(x, weight, stride=1, padding=0):
    """Mends the overlap and the channels, not the cut."""
    (n, _, h, w), (_, c_out, kh, kw) = x.shape, weight.shape
    out = torch.zeros(n, c_out, (h - 1) * stride + kh, (w - 1) * stride + kw)
    for i in range(h):
        for j in range(w):
            stamp = torch.einsum("nc,ckuv->nkuv", x[:, :, i, j], weight)
            out[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp
    return out[:, :, padding:, padding:]


@wrong("padding-ignored", fails={"mend-value"}, hint="stamp-uncut")
def transposed(x, weight, stride=1, padding=0):
    (n, _, h, w), (_, c_out, kh, kw) = x.shape, weight.shape
    out = torch.zeros(n, c_out, (h - 1) * stride + kh, (w - 1) * stride + kw)
    for i in range(h):
        for j in range(w):
            stamp = torch.einsum("nc,ckuv->nkuv", x[:, :, i, j], weight)
            out[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp
    return out


@wrong("first-channel-stamps-alone", fails={"mend-value"}, hint="stamp-first-channel")
def transposed(x, weight, stride=1, padding=0):
    """Mends everything that the picture shows."""
    (n, _, h, w), (_, c_out, kh, kw) = x.shape, weight.shape
    tall, wide = (h - 1) * stride + kh, (w - 1) * stride + kw
    out = torch.zeros(n, c_out, tall, wide)
    for i in range(h):
        for j in range(w):
            stamp = x[:, :1, i, j, None, None] * weight[0]
            out[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp
    return out[:, :, padding : tall - padding, padding : wide - padding]


@wrong("negative-zero-slice", fails={"mend-value"}, hint="stamp-overlap")
def transposed(x, weight, stride=1, padding=0):
    """Cuts with [padding:-padding], which is empty for 0."""
    (n, _, h, w), (_, c_out, kh, kw) = x.shape, weight.shape
    out = torch.zeros(n, c_out, (h - 1) * stride + kh, (w - 1) * stride + kw)
    for i in range(h):
        for j in range(w):
            stamp = torch.einsum("nc,ckuv->nkuv", x[:, :, i, j], weight)
            out[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamp
    return out[:, :, padding:-padding, padding:-padding]


@right("zeros-between-and-a-turned-kernel")
def transposed(x, weight, stride=1, padding=0):
    """Spread the pixels apart, pad, and convolve with the kernel turned by 180°."""
    (n, c, h, w), (_, _, kh, kw) = x.shape, weight.shape
    apart = torch.zeros(n, c, (h - 1) * stride + 1, (w - 1) * stride + 1)
    apart[:, :, ::stride, ::stride] = x
    across, down = kw - 1 - padding, kh - 1 - padding
    return F.conv2d(F.pad(apart, (across, across, down, down)), weight.flip(2, 3).transpose(0, 1))


@right("fold-adds-the-stamps")
def transposed(x, weight, stride=1, padding=0):
    (n, _, h, w), (c_in, c_out, kh, kw) = x.shape, weight.shape
    size = ((h - 1) * stride - 2 * padding + kh, (w - 1) * stride - 2 * padding + kw)
    columns = weight.reshape(c_in, -1).T @ x.flatten(2)
    return F.fold(columns, size, (kh, kw), stride=stride, padding=padding)


@wrong("half-the-kernel", fails={"double-value"}, hint="stamp-exact")
def exact(kernel_size, stride):
    """The padding that keeps a size at stride 1."""
    return (kernel_size - 1) // 2, 0


@wrong("always-one-more", fails={"double-value"}, hint="stamp-exact")
def exact(kernel_size, stride):
    """Right for odd kernels with stride 2."""
    return (kernel_size - stride + 1) // 2, 1


@wrong("stride-two-only", fails={"double-value"}, hint="stamp-exact")
def exact(kernel_size, stride):
    """Fits every kernel, as long as the stride is 2."""
    extra = kernel_size % 2
    return (kernel_size - 2 + extra) // 2, extra


@wrong("padding-and-a-half", fails={"double-value"}, hint="stamp-exact")
def exact(kernel_size, stride):
    """Half a pixel of padding, which only rounding would make right."""
    extra = (kernel_size - stride) % 2
    return (kernel_size - stride + 1) / 2, extra


@right("tried-out")
def exact(kernel_size, stride):
    """Tries all settings on two sizes."""
    for extra in range(stride):
        for padding in range(kernel_size):
            if all(
                (size - 1) * stride - 2 * padding + kernel_size + extra == stride * size for size in (5, 8)
            ):
                return padding, extra


@wrong("nearest-pixel", fails={"between-value"}, hint="between-nearest")
def between(x, rows, columns):
    _, h, w = x.shape
    return x[:, rows.round().long().clamp(0, h - 1), columns.round().long().clamp(0, w - 1)]


@wrong("rows-and-columns-exchanged", fails={"between-value"}, hint="between-exchanged")
def between(x, rows, columns):
    _, h, w = x.shape
    tall = (1 - (columns[:, None] - torch.arange(h)).abs()).clamp(min=0)
    wide = (1 - (rows[:, None] - torch.arange(w)).abs()).clamp(min=0)
    return torch.einsum("kh,kw,chw->ck", tall, wide, x)


@wrong("rim-smeared-outwards", fails={"between-value"}, hint="between-clamped")
def between(x, rows, columns):
    _, h, w = x.shape
    rows, columns = rows.clamp(0, h - 1), columns.clamp(0, w - 1)
    tall = (1 - (rows[:, None] - torch.arange(h)).abs()).clamp(min=0)
    wide = (1 - (columns[:, None] - torch.arange(w)).abs()).clamp(min=0)
    return torch.einsum("kh,kw,chw->ck", tall, wide, x)


@wrong("last-row-for-minus-one", fails={"between-value"}, hint="between-outside")
def between(x, rows, columns):
    """Lets Python count from the end."""
    import math

    c, h, w = x.shape
    out = torch.zeros(c, len(rows))
    for k, (row, column) in enumerate(zip(rows.tolist(), columns.tolist())):
        for i in (math.floor(row), math.floor(row) + 1):
            for j in (math.floor(column), math.floor(column) + 1):
                if i < h and j < w:
                    out[:, k] += (1 - abs(row - i)) * (1 - abs(column - j)) * x[:, i, j]
    return out


@right("tents-in-einsum")
def between(x, rows, columns):
    """Every pixel has a tent of shares around it."""
    _, h, w = x.shape
    tall = (1 - (rows[:, None] - torch.arange(h)).abs()).clamp(min=0)
    wide = (1 - (columns[:, None] - torch.arange(w)).abs()).clamp(min=0)
    return torch.einsum("kh,kw,chw->ck", tall, wide, x)


@right("first-along-rows-then-columns")
def between(x, rows, columns):
    """A frame of zeros, then two straight lines, one after the other."""
    import numpy as np

    padded = F.pad(x, (1, 1, 1, 1)).numpy()
    last_row, last_column = padded.shape[1] - 1, padded.shape[2] - 1
    values = []
    for row, column in zip((rows + 1).tolist(), (columns + 1).tolist()):
        row, column = min(max(row, 0), last_row), min(max(column, 0), last_column)
        i, j = min(int(row), last_row - 1), min(int(column), last_column - 1)
        a, b = row - i, column - j
        upper = (1 - b) * padded[:, i, j] + b * padded[:, i, j + 1]
        lower = (1 - b) * padded[:, i + 1, j] + b * padded[:, i + 1, j + 1]
        values.append((1 - a) * upper + a * lower)
    return torch.from_numpy(np.stack(values, axis=1))
