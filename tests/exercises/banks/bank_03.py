"""Answers to exercise 03: what learners get wrong about borders, and other right ways."""

from tests.exercises.bank import right, wrong

# Task 1: out_size


@wrong(
    "steps-instead-of-stops",
    fails={"out-size-value", "out-size-dilation", "out-size-error"},
    hint="out-size-fence",
)
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Forgets that the window stands still once before its first step."""
    span = dilation * (kernel_size - 1) + 1
    if size + 2 * padding < span:
        raise ValueError("too small")
    return (size + 2 * padding - span) // stride


@wrong(
    "pads-one-end", fails={"out-size-value", "out-size-dilation", "out-size-error"}, hint="out-size-one-side"
)
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Counts the padding once, as if a row of pixels had one end."""
    span = dilation * (kernel_size - 1) + 1
    if size + padding < span:
        raise ValueError("too small")
    return (size + padding - span) // stride + 1


@wrong("rounds-up", fails={"out-size-value"}, hint="out-size-round")
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Lets the last window hang over the end, as pooling does with ceil_mode."""
    span = dilation * (kernel_size - 1) + 1
    room = size + 2 * padding - span
    if room < 0:
        raise ValueError("too small")
    return -(-room // stride) + 1


@wrong("uneven-is-illegal", fails={"out-size-value"}, hint="out-size-uneven")
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Believes that W=10, F=3, S=2 is an illegal setting."""
    room = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0 or room % stride:
        raise ValueError("does not come out even")
    return room // stride + 1


@wrong(
    "true-division", fails={"out-size-value", "out-size-dilation", "out-size-error"}, hint="out-size-formula"
)
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Half a window: 4.5 stops."""
    room = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError("too small")
    return room / stride + 1


@wrong("dilation-ignored", fails={"out-size-dilation"}, hint="out-size-dilation")
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Takes the gaps into account only for the error."""
    if size + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("too small")
    return (size + 2 * padding - kernel_size) // stride + 1


@wrong("as-many-gaps-as-taps", fails={"out-size-dilation"}, hint="out-size-gaps")
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Gives the last tap a gap too."""
    span = dilation * kernel_size
    if size + 2 * padding < span:
        raise ValueError("too small")
    return (size + 2 * padding - span) // stride + 1


@wrong("no-window-is-zero", fails={"out-size-error"}, hint="out-size-fit")
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Returns 0 where nothing fits, and an empty map goes unnoticed through the network."""
    return max(0, (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)


@right("count-the-stops")
def out_size(size, kernel_size, stride=1, padding=0, dilation=1):
    last_tap = dilation * (kernel_size - 1)
    stops = range(0, size + 2 * padding - last_tap, stride)
    if len(stops) == 0:
        raise ValueError("the window is larger than the padded input")
    return len(stops)


# Task 2: pad2d


@wrong(
    "frame-right-and-below",
    fails={"pad2d-zeros", "pad2d-replicate", "pad2d-reflect"},
    hint="pad2d-both-sides",
)
def pad2d(x, padding, mode="zeros"):
    """Adds the padding once along each axis."""
    out = torch.zeros(x.shape[0] + padding, x.shape[1] + padding)
    out[: x.shape[0], : x.shape[1]] = x
    return out


@wrong("always-zeros", fails={"pad2d-replicate", "pad2d-reflect"}, hint="pad2d-mode")
def pad2d(x, padding, mode="zeros"):
    """Does not look at the mode."""
    out = torch.zeros(x.shape[0] + 2 * padding, x.shape[1] + 2 * padding)
    out[padding : padding + x.shape[0], padding : padding + x.shape[1]] = x
    return out


@wrong("corners-forgotten", fails={"pad2d-replicate"}, hint="pad2d-corners")
def pad2d(x, padding, mode="zeros"):
    """Fills the four sides and leaves the four corners empty."""
    if mode == "reflect":
        return F.pad(x[None, None], (padding,) * 4, mode="reflect")[0, 0]
    out = F.pad(x, (padding,) * 4)
    if mode == "replicate":
        out[:padding, padding:-padding] = x[0]
        out[-padding:, padding:-padding] = x[-1]
        out[padding:-padding, :padding] = x[:, :1]
        out[padding:-padding, -padding:] = x[:, -1:]
    return out


@wrong("mirror-behind-the-edge", fails={"pad2d-reflect"}, hint="pad2d-mirror")
def pad2d(x, padding, mode="zeros"):
    """Repeats the outermost pixels, which other libraries call symmetric."""
    if mode == "reflect":
        x = torch.cat([x[:padding].flip(0), x, x[-padding:].flip(0)])
        return torch.cat([x[:, :padding].flip(1), x, x[:, -padding:].flip(1)], dim=1)
    if mode == "replicate":
        return F.pad(x[None, None], (padding,) * 4, mode="replicate")[0, 0]
    return F.pad(x, (padding,) * 4)


@wrong("one-axis-mirrored", fails={"pad2d-reflect"}, hint="pad2d-reflect")
def pad2d(x, padding, mode="zeros"):
    """Mirrors the columns, and takes the nearest row above and below."""
    rows = torch.arange(-padding, x.shape[0] + padding).clamp(0, x.shape[0] - 1)
    columns = torch.arange(-padding, x.shape[1] + padding)
    if mode == "reflect":
        last = x.shape[1] - 1
        return x[rows][:, last - (last - columns.abs()).abs()]
    if mode == "replicate":
        return x[rows][:, columns.clamp(0, x.shape[1] - 1)]
    return F.pad(x, (padding,) * 4)


@wrong("writes-into-the-picture", fails={"pad2d-zeros"}, hint="pad2d-zeros")
def pad2d(x, padding, mode="zeros"):
    """Blanks the rim of the picture instead of adding a frame around it."""
    if mode != "zeros":
        return F.pad(x[None, None], (padding,) * 4, mode=mode)[0, 0]
    out = x.clone()
    out[:padding] = out[:, :padding] = 0
    return out


@right("pixel-by-pixel")
def pad2d(x, padding, mode="zeros"):
    height, width = x.shape
    out = torch.zeros(height + 2 * padding, width + 2 * padding)

    def look(index, size):
        if mode == "replicate":
            return min(max(index, 0), size - 1)
        if mode == "reflect":
            return -index if index < 0 else 2 * (size - 1) - index if index >= size else index
        return index

    for row in range(-padding, height + padding):
        for column in range(-padding, width + padding):
            r, c = look(row, height), look(column, width)
            if 0 <= r < height and 0 <= c < width:
                out[row + padding, column + padding] = x[r, c]
    return out


@right("axis-after-axis")
def pad2d(x, padding, mode="zeros"):
    if padding == 0:
        return x.clone()
    for _ in range(2):  # pad the rows, turn the picture round, pad the rows again
        if mode == "zeros":
            top = bottom = torch.zeros(padding, x.shape[1])
        elif mode == "replicate":
            top, bottom = x[:1].repeat(padding, 1), x[-1:].repeat(padding, 1)
        else:
            top, bottom = x[1 : padding + 1].flip(0), x[-padding - 1 : -1].flip(0)
        x = torch.cat([top, x, bottom]).T
    return x


# Task 3: receptive_field


@wrong("jump-forgotten", fails={"field-stack", "field-dilation"}, hint="field-jump")
def receptive_field(layers):
    """Every layer adds its kernel, as if no stride came before."""
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        field += dilation * (kernel_size - 1)
        jump *= stride
    return field, jump


@wrong("own-stride-counts-at-once", fails={"field-stack", "field-dilation"}, hint="field-too-soon")
def receptive_field(layers):
    """Multiplies the jump before it is used."""
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        jump *= stride
        field += dilation * (kernel_size - 1) * jump
    return field, jump


@wrong("kernels-multiplied", fails={"field-stack", "field-dilation"}, hint="field-product")
def receptive_field(layers):
    """Takes three 3×3 layers to see 27 pixels."""
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        field *= dilation * (kernel_size - 1) + 1
        jump *= stride
    return field, jump


@wrong("strides-added", fails={"field-stack", "field-dilation"}, hint="field-rule")
def receptive_field(layers):
    """Adds the strides up: two strides of 2 make a jump of 3."""
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        field += dilation * (kernel_size - 1) * jump
        jump += stride - 1
    return field, jump


@wrong("holes-not-spanned", fails={"field-dilation"}, hint="field-dilation")
def receptive_field(layers):
    """Believes that a dilated kernel sees as far as a dense one, because it has as many taps."""
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field, jump


@right("from-the-last-layer-down")
def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, dilation in reversed(layers):
        field = (field - 1) * stride + dilation * (kernel_size - 1) + 1
        jump *= stride
    return [field, jump]


# Task 4: shortcut


@wrong("no-padding", fails={"shortcut-value", "shortcut-even"}, hint="shortcut-padding")
def shortcut(x, weight, dilation=1):
    """The crash from the beginning."""
    if weight.shape[-1] % 2 == 0 and dilation % 2:
        raise ValueError("even")
    return x + F.conv2d(x, weight, dilation=dilation)


@wrong("padding-without-dilation", fails={"shortcut-value", "shortcut-even"}, hint="shortcut-padding")
def shortcut(x, weight, dilation=1):
    """Pads (F − 1)/2 and forgets the gaps."""
    if weight.shape[-1] % 2 == 0 and dilation % 2:
        raise ValueError("even")
    return x + F.conv2d(x, weight, padding=(weight.shape[-1] - 1) // 2, dilation=dilation)


@wrong("crops-the-input", fails={"shortcut-value", "shortcut-even"}, hint="shortcut-padding")
def shortcut(x, weight, dilation=1):
    """Makes the sizes fit by cutting the picture down."""
    branch = F.conv2d(x, weight, dilation=dilation)
    cut = x.shape[-1] - branch.shape[-1]
    if cut % 2:
        raise ValueError("even")
    return x[..., cut // 2 : x.shape[-2] - cut // 2, cut // 2 : x.shape[-1] - cut // 2] + branch


@wrong("never-added", fails={"shortcut-value", "shortcut-even"}, hint="shortcut-sum")
def shortcut(x, weight, dilation=1):
    """Computes the branch and forgets the sum."""
    gaps = dilation * (weight.shape[-1] - 1)
    if gaps % 2:
        raise ValueError("even")
    return F.conv2d(x, weight, padding=gaps // 2, dilation=dilation)


@wrong("adds-in-place", fails={"shortcut-value"}, hint="shortcut-input")
def shortcut(x, weight, dilation=1):
    """Changes the picture of the caller."""
    gaps = dilation * (weight.shape[-1] - 1)
    if gaps % 2:
        raise ValueError("even")
    x += F.conv2d(x, weight, padding=gaps // 2, dilation=dilation)
    return x


@wrong("same-for-even-kernels", fails={"shortcut-even"}, hint="shortcut-even")
def shortcut(x, weight, dilation=1):
    """Lets "same" pad one side more, which moves the map by half a pixel."""
    return x + F.conv2d(x, weight, padding="same", dilation=dilation)


@wrong("even-kernels-refused", fails={"shortcut-even"}, hint="shortcut-span")
def shortcut(x, weight, dilation=1):
    """Looks at the kernel where the span matters."""
    if weight.shape[-1] % 2 == 0:
        raise ValueError("even")
    return x + F.conv2d(x, weight, padding=dilation * (weight.shape[-1] - 1) // 2, dilation=dilation)


@right("same-by-name")
def shortcut(x, weight, dilation=1):
    if dilation * (weight.shape[-1] - 1) % 2 == 1:
        raise ValueError("no equal padding keeps the size")
    return F.conv2d(x, weight, padding="same", dilation=dilation).add(x)


@right("pad-first")
def shortcut(x, weight, dilation=1):
    side, rest = divmod(dilation * (weight.shape[-1] - 1), 2)
    if rest:
        raise ValueError("no equal padding keeps the size")
    return F.conv2d(F.pad(x, (side, side, side, side)), weight, dilation=dilation) + x


# Task 5: design_stem


@wrong("half-is-enough", fails={"stem-size", "stem-field"}, hint="stem-strides")
def design_stem():
    """One layer of stride 2: the first half of a ResNet's stem."""
    return [(7, 2, 3)]


@wrong("valid-stem", fails={"stem-size"}, hint="stem-padding")
def design_stem():
    """No padding: 224 becomes 54."""
    return [(7, 2, 0), (3, 2, 0)]


@wrong("patches", fails={"stem-field"}, hint="stem-field")
def design_stem():
    """Patches side by side: the right size, but each number sees 4 pixels."""
    return [(4, 4, 0)]


@wrong("field-of-the-sum", fails={"stem-field"}, hint="stem-field")
def design_stem():
    """Adds the kernels up, 9 + 3 − 1 = 11, without the jump."""
    return [(9, 2, 4), (3, 2, 1)]


@right("three-small-kernels")
def design_stem():
    return [(3, 2, 1), (3, 1, 1), (3, 2, 1)]


@right("wide-then-pool")
def design_stem():
    return [[9, 2, 4], [2, 2, 0]]
