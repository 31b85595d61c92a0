"""Answers to exercise 02: mistakes that learners make, and other right ways."""

import torch
import torch.nn.functional as F

from tests.exercises.bank import right, wrong


@wrong("flipped-kernel", fails={"conv2d-plain", "conv2d-channels", "conv2d-steps"}, hint="conv2d-flip")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Does what a mathematician calls convolution."""
    filters, _, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = x[n, :, i * stride + u, j * stride + v]
                            out[n, k, i, j] += (pixel * weight[k, :, -1 - u, -1 - v]).sum()
                    if bias is not None:
                        out[n, k, i, j] += bias[k]
    return out


@wrong("bias-forgotten", fails={"conv2d-channels"}, hint="conv2d-bias")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Takes the bias and never uses it."""
    filters, _, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    top, left = i * stride, j * stride
                    out[n, k, i, j] = (x[n, :, top : top + kh, left : left + kw] * weight[k]).sum()
    return out


@wrong("bias-for-each-channel", fails={"conv2d-channels"}, hint="conv2d-bias-once")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Adds the bias inside the loop over channels."""
    filters, channels, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for c in range(channels):
                for i in range(height):
                    for j in range(width):
                        top, left = i * stride, j * stride
                        out[n, k, i, j] += (x[n, c, top : top + kh, left : left + kw] * weight[k, c]).sum()
                        if bias is not None:
                            out[n, k, i, j] += bias[k]
    return out


@wrong("channels-overwritten", fails={"conv2d-channels"}, hint="conv2d-last-channel")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Writes = where += is needed, so only the last channel is left."""
    filters, channels, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for c in range(channels):
                for i in range(height):
                    for j in range(width):
                        top, left = i * stride, j * stride
                        out[n, k, i, j] = (x[n, c, top : top + kh, left : left + kw] * weight[k, c]).sum()
    return out if bias is None else out + bias[:, None, None]


@wrong("channels-averaged", fails={"conv2d-channels"}, hint="conv2d-channels")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Takes the mean over channels, so that the numbers stay small."""
    filters, _, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    top, left = i * stride, j * stride
                    window = x[n, :, top : top + kh, left : left + kw]
                    out[n, k, i, j] = (window * weight[k]).sum((1, 2)).mean()
    return out if bias is None else out + bias[:, None, None]


@wrong("first-picture-only", fails={"conv2d-channels"}, hint="conv2d-channels")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Forgets that a batch may hold more than one picture."""
    filters, _, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(1, filters, height, width)
    for k in range(filters):
        for i in range(height):
            for j in range(width):
                top, left = i * stride, j * stride
                out[0, k, i, j] = (x[0, :, top : top + kh, left : left + kw] * weight[k]).sum()
    return out if bias is None else out + bias[:, None, None]


@wrong("stride-counts-only", fails={"conv2d-steps"}, hint="conv2d-stride")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Uses the stride for the size of the output and not for the place of the window."""
    filters, _, kh, kw = weight.shape
    x = F.pad(x, (padding,) * 4)
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    out[n, k, i, j] = (x[n, :, i : i + kh, j : j + kw] * weight[k]).sum()
    return out if bias is None else out + bias[:, None, None]


@wrong("padding-on-one-side", fails={"conv2d-steps"}, hint="conv2d-one-side")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Pads on the left and top alone."""
    filters, _, kh, kw = weight.shape
    x = F.pad(x, (padding, 0, padding, 0))
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    top, left = i * stride, j * stride
                    out[n, k, i, j] = (x[n, :, top : top + kh, left : left + kw] * weight[k]).sum()
    return out if bias is None else out + bias[:, None, None]


@wrong("padding-not-counted", fails={"conv2d-steps"}, hint="conv2d-padding")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Counts the places before it pads."""
    filters, _, kh, kw = weight.shape
    height, width = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    x = F.pad(x, (padding,) * 4)
    out = torch.zeros(len(x), filters, height, width)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(height):
                for j in range(width):
                    top, left = i * stride, j * stride
                    out[n, k, i, j] = (x[n, :, top : top + kh, left : left + kw] * weight[k]).sum()
    return out if bias is None else out + bias[:, None, None]


@wrong("square-kernels-only", fails={"conv2d-plain", "conv2d-steps"}, hint="conv2d-window")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Takes the height of the picture for its width."""
    filters, _, kh, _ = weight.shape
    x = F.pad(x, (padding,) * 4)
    size = (x.shape[2] - kh) // stride + 1
    out = torch.zeros(len(x), filters, size, size)
    for n in range(len(x)):
        for k in range(filters):
            for i in range(size):
                for j in range(size):
                    top, left = i * stride, j * stride
                    out[n, k, i, j] = (x[n, :, top : top + kh, left : left + kh] * weight[k]).sum()
    return out if bias is None else out + bias[:, None, None]


@right("with-unfold")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """One matrix product over the columns that F.unfold makes."""
    filters, _, kh, kw = weight.shape
    columns = F.unfold(x, (kh, kw), stride=stride, padding=padding)
    out = weight.flatten(1) @ columns
    if bias is not None:
        out = out + bias[:, None]
    height = (x.shape[2] + 2 * padding - kh) // stride + 1
    return out.reshape(len(x), filters, height, -1)


@right("loop-over-the-kernel")
def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Loops over the nine taps instead of the places, in double precision."""
    filters, _, kh, kw = weight.shape
    padded = torch.zeros(len(x), x.shape[1], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding).double()
    padded[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    height, width = (padded.shape[2] - kh) // stride + 1, (padded.shape[3] - kw) // stride + 1
    out = torch.zeros(len(x), filters, height, width).double()
    for u in range(kh):
        for v in range(kw):
            rows = slice(u, u + (height - 1) * stride + 1, stride)
            cols = slice(v, v + (width - 1) * stride + 1, stride)
            out += torch.einsum("nchw,kc->nkhw", padded[:, :, rows, cols], weight[:, :, u, v].double())
    if bias is not None:
        out += bias.reshape(1, -1, 1, 1)
    return out


@wrong("one-kernel-a-filter", fails={"parameters-count"}, hint="parameters-channels")
def parameters(in_channels, out_channels, kernel_size, bias=True):
    """Forgets that a filter has a kernel for each input channel."""
    return kernel_size**2 * out_channels + (out_channels if bias else 0)


@wrong("weights-only", fails={"parameters-count"}, hint="parameters-bias")
def parameters(in_channels, out_channels, kernel_size, bias=True):
    """Does not count the biases."""
    return kernel_size**2 * in_channels * out_channels


@wrong("one-bias-for-the-layer", fails={"parameters-count"}, hint="parameters-one-bias")
def parameters(in_channels, out_channels, kernel_size, bias=True):
    """Counts one bias, as in a single neuron."""
    return kernel_size**2 * in_channels * out_channels + int(bias)


@wrong("a-bias-for-each-kernel", fails={"parameters-count"}, hint="parameters-bias-each")
def parameters(in_channels, out_channels, kernel_size, bias=True):
    """Gives each kernel a bias, not each filter."""
    return (kernel_size**2 + int(bias)) * in_channels * out_channels


@wrong("bias-always", fails={"parameters-count"}, hint="parameters-bias")
def parameters(in_channels, out_channels, kernel_size, bias=True):
    """Ignores bias=False."""
    return kernel_size**2 * in_channels * out_channels + out_channels


@right("ask-pytorch")
def parameters(in_channels, out_channels, kernel_size, bias=True):
    """Builds the layer and counts."""
    layer = torch.nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias)
    return sum(p.numel() for p in layer.parameters())


@wrong("windows-as-rows", fails={"columns-value"}, hint="columns-rows")
def to_columns(x, kh, kw):
    """Stacks the windows below each other."""
    _, h, w = x.shape
    places = [(i, j) for i in range(h - kh + 1) for j in range(w - kw + 1)]
    return torch.stack([x[:, i : i + kh, j : j + kw].flatten() for i, j in places])


@wrong("channels-interleaved", fails={"columns-value"}, hint="columns-channels")
def to_columns(x, kh, kw):
    """Flattens with the channels last."""
    _, h, w = x.shape
    places = [(i, j) for i in range(h - kh + 1) for j in range(w - kw + 1)]
    windows = [x[:, i : i + kh, j : j + kw].permute(1, 2, 0).flatten() for i, j in places]
    return torch.stack(windows, dim=1)


@wrong("windows-down-first", fails={"columns-value"}, hint="columns-order")
def to_columns(x, kh, kw):
    """Walks down the picture before it walks to the right."""
    _, h, w = x.shape
    places = [(i, j) for j in range(w - kw + 1) for i in range(h - kh + 1)]
    return torch.stack([x[:, i : i + kh, j : j + kw].flatten() for i, j in places], dim=1)


@right("columns-by-unfolding-twice")
def to_columns(x, kh, kw):
    """Uses the unfold method of tensors."""
    windows = x.unfold(1, kh, 1).unfold(2, kw, 1)  # (c, places down, places across, kh, kw)
    return windows.permute(0, 3, 4, 1, 2).reshape(x.shape[0] * kh * kw, -1)


@wrong("pattern-as-kernel", fails={"detector-mark", "detector-scene"}, hint="detector-dark")
def detector(pattern):
    """Does not punish white where the pattern is black."""
    return pattern, 0.5 - float(pattern.sum())


@wrong("threshold-too-low", fails={"detector-mark", "detector-scene"}, hint="detector-bias")
def detector(pattern):
    """Lets windows through that lack a pixel."""
    return 2 * pattern - 1, 1.5 - float(pattern.sum())


@wrong("threshold-too-high", fails={"detector-mark", "detector-scene"}, hint="detector-bias")
def detector(pattern):
    """Pulls the pattern itself down to 0."""
    return 2 * pattern - 1, -float(pattern.sum())


@wrong("pattern-turned", fails={"detector-scene"}, hint="detector-turn")
def detector(pattern):
    """Turns the pattern, as if for a true convolution: the landing mark looks the same turned."""
    return (2 * pattern - 1).flip(0, 1), 0.5 - float(pattern.sum())


@right("whole-numbers")
def detector(pattern):
    """White earns 2 and black costs 5, in whole numbers, with the bias as a tensor."""
    kernel = torch.where(pattern > 0, 2, -5)
    return kernel, torch.tensor([1 - 2 * int(pattern.sum())])


@wrong("reshape-for-permute", fails={"pointwise-value"}, hint="pointwise-reshape")
def pointwise(x, weight, bias):
    """Cuts the numbers into rows of c_in instead of moving the axis."""
    n, c_in, h, w = x.shape
    return (x.reshape(n, h * w, c_in) @ weight.T + bias).reshape(n, len(weight), h, w)


@wrong("reshape-on-the-way-back", fails={"pointwise-value"}, hint="pointwise-back")
def pointwise(x, weight, bias):
    """Moves the channels to the end and does not move them back."""
    n, _, h, w = x.shape
    return (x.permute(0, 2, 3, 1) @ weight.T + bias).reshape(n, len(weight), h, w)


@wrong("pointwise-without-bias", fails={"pointwise-value"}, hint="pointwise-bias")
def pointwise(x, weight, bias):
    """Takes the bias and never uses it."""
    return torch.einsum("kc,nchw->nkhw", weight, x)


@wrong("channels-left-last", fails={"pointwise-value"}, hint="pointwise-axes")
def pointwise(x, weight, bias):
    """Returns (n, h, w, c_out)."""
    return x.permute(0, 2, 3, 1) @ weight.T + bias


@right("permute-there-and-back")
def pointwise(x, weight, bias):
    """A linear layer on channels-last pixels."""
    return F.linear(x.permute(0, 2, 3, 1), weight, bias).permute(0, 3, 1, 2)


@wrong("last-share-only", fails={"gradient-value"}, hint="gradient-last")
def weight_gradient(grad, x, kh, kw):
    """Writes = where += is needed."""
    out = torch.zeros(len(grad), len(x), kh, kw)
    for k in range(len(grad)):
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                out[k] = grad[k, i, j] * x[:, i : i + kh, j : j + kw]
    return out


@wrong("mean-of-shares", fails={"gradient-value"}, hint="gradient-mean")
def weight_gradient(grad, x, kh, kw):
    """Divides by the number of places."""
    columns = F.unfold(x[None], (kh, kw))[0]
    return (grad.flatten(1) @ columns.T / columns.shape[1]).reshape(len(grad), len(x), kh, kw)


@wrong("output-gradient-ignored", fails={"gradient-value"}, hint="gradient-ignored")
def weight_gradient(grad, x, kh, kw):
    """Adds the windows up, each with weight 1."""
    columns = F.unfold(x[None], (kh, kw))[0]
    return columns.sum(1).reshape(len(x), kh, kw).repeat(len(grad), 1, 1, 1)


@wrong("gradient-of-one-filter", fails={"gradient-value"}, hint="gradient-sum")
def weight_gradient(grad, x, kh, kw):
    """Adds the filters together, so they all get the same gradient."""
    columns = F.unfold(x[None], (kh, kw))[0]
    return (grad.sum(0).flatten() @ columns.T).reshape(len(x), kh, kw).repeat(len(grad), 1, 1, 1)


@right("gradient-as-convolution")
def weight_gradient(grad, x, kh, kw):
    """The picture cross-correlated with the gradient."""
    return F.conv2d(x[:, None], grad[:, None]).transpose(0, 1)
