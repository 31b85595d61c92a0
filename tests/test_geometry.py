"""Every count of cnncourse.geometry against what PyTorch does."""

import random
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse import geometry as g
from cnncourse.errors import ArgumentError


def settings(count: int, seed: int = 0) -> Iterator[dict[str, int]]:
    """Draw sizes, kernels, strides, paddings and dilations, small enough to hit every corner case."""
    draw = random.Random(seed)
    for _ in range(count):
        yield {
            "size": draw.randint(1, 24),
            "kernel_size": draw.randint(1, 6),
            "stride": draw.randint(1, 5),
            "padding": draw.randint(0, 4),
            "dilation": draw.randint(1, 3),
        }


def split(s: dict[str, int]) -> tuple[int, dict[str, int]]:
    return s["size"], {k: v for k, v in s.items() if k != "size"}


def test_out_size_equals_conv1d_for_random_settings() -> None:
    kinds = {"fits": 0, "too large": 0}
    for s in settings(500):
        size, rest = split(s)
        layer = nn.Conv1d(1, 1, **rest)
        try:
            expected = layer(torch.zeros(1, 1, size)).shape[-1]
        except RuntimeError:
            with pytest.raises(ArgumentError, match="the window spans"):
                g.out_size(**s)
            kinds["too large"] += 1
        else:
            assert g.out_size(**s) == expected, s
            kinds["fits"] += 1
    assert min(kinds.values()) > 40, kinds


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_out_size_equals_max_pooling_for_random_settings(ceil_mode: bool) -> None:
    compared = 0
    for s in settings(600, seed=1):
        size, rest = split(s)
        if 2 * s["padding"] > s["kernel_size"]:
            continue
        try:
            expected = F.max_pool1d(torch.zeros(1, 1, size), **rest, ceil_mode=ceil_mode).shape[-1]
        except RuntimeError:
            with pytest.raises(ArgumentError):
                g.out_size(**s, ceil_mode=ceil_mode)
        else:
            assert g.out_size(**s, ceil_mode=ceil_mode) == expected, s
            compared += 1
    assert compared > 200


def test_ceil_mode_drops_a_window_that_would_start_in_the_right_padding() -> None:
    # ⌈(3 + 2 − 2)/2⌉ + 1 = 3 windows, starting at −1, 1 and 3; pixel 3 is padding, so PyTorch drops the last.
    assert g.out_size(3, 2, stride=2, padding=1, ceil_mode=True) == 2
    assert F.max_pool1d(torch.zeros(1, 1, 3), 2, 2, 1, ceil_mode=True).shape[-1] == 2


def test_transposed_out_size_equals_conv_transpose1d() -> None:
    compared = 0
    for s in settings(500, seed=2):
        size, rest = split(s)
        output_padding = s["size"] % max(s["stride"], s["dilation"])
        layer = nn.ConvTranspose1d(1, 1, **rest, output_padding=output_padding)
        try:
            expected = layer(torch.zeros(1, 1, size)).shape[-1]
        except RuntimeError:
            with pytest.raises(ArgumentError, match="cuts away"):
                g.transposed_out_size(**s, output_padding=output_padding)
        else:
            if expected == 0:  # some versions return an empty map where others refuse
                continue
            assert g.transposed_out_size(**s, output_padding=output_padding) == expected, s
            compared += 1
    assert compared > 200


def test_transposed_undoes_the_size_of_a_convolution() -> None:
    for size in range(5, 30):
        down = g.out_size(size, 3, stride=2, padding=1)
        back = {g.transposed_out_size(down, 3, 2, 1, output_padding=extra) for extra in (0, 1)}
        assert size in back


def test_same_padding_keeps_the_size() -> None:
    for kernel_size in (1, 3, 5, 7, 11):
        for dilation in (1, 2, 3):
            padding = g.same_padding(kernel_size, dilation)
            assert g.out_size(40, kernel_size, padding=padding, dilation=dilation) == 40
    assert g.same_padding(4, dilation=2) == 3  # an even kernel whose span is odd
    with pytest.raises(ArgumentError, match="odd span, got 4"):
        g.same_padding(4)


def gradient_counts(s: dict[str, int]) -> list[int]:
    size, rest = split(s)
    x = torch.zeros(1, 1, size, requires_grad=True)
    rest.pop("kernel_size")
    F.conv1d(x, torch.ones(1, 1, s["kernel_size"]), **rest).sum().backward()
    assert x.grad is not None
    return [int(v) for v in x.grad[0, 0]]


def test_coverage_is_the_gradient_of_the_sum_and_unused_its_tail() -> None:
    tails = 0
    for s in settings(400, seed=3):
        try:
            counts = g.coverage(**s)
        except ArgumentError:
            continue
        assert counts == gradient_counts(s), s
        tail = len(counts) - max((i + 1 for i, c in enumerate(counts) if c), default=0)
        if any(counts):  # a window may read nothing but padding
            assert g.unused(**s) == tail, s
        tails += tail > 0
    assert tails > 20


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("kernel_size", [1, 3, (1, 5), (5, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_conv_params_and_macs(groups: int, kernel_size: int | tuple[int, int], bias: bool) -> None:
    layer = nn.Conv2d(8, 12, kernel_size, groups=groups, bias=bias)
    assert g.conv_params(8, 12, kernel_size, groups, bias) == sum(p.numel() for p in layer.parameters())
    out = layer(torch.zeros(1, 8, 9, 7))
    macs = layer.weight[0].numel() * out.numel()
    assert g.conv_macs(8, 12, kernel_size, out.shape[2], out.shape[3], groups) == macs


def test_linear_params() -> None:
    assert g.linear_params(784, 10) == sum(p.numel() for p in nn.Linear(784, 10).parameters())
    assert g.linear_params(784, 10, bias=False) == 7840


def measured_field(layers: list[g.Layer], size: int, cell: int) -> list[int]:
    """Pixels whose gradient from one cell of the last map is not zero: all weights are positive."""
    x = torch.ones(1, 1, size, requires_grad=True)
    y: torch.Tensor = x
    for layer in layers:
        y = F.conv1d(
            y, torch.ones(1, 1, layer.kernel_size), None, layer.stride, layer.padding, layer.dilation
        )
    y[0, 0, cell].backward()
    assert x.grad is not None
    return x.grad[0, 0].nonzero().flatten().tolist()


def test_receptive_field_equals_the_measured_one() -> None:
    draw = random.Random(4)
    for _ in range(150):
        layers = [
            g.Layer(draw.randint(1, 5), draw.randint(1, 3), draw.randint(0, 2), draw.randint(1, 2))
            for _ in range(draw.randint(1, 4))
        ]
        size = 400
        last = g.receptive_field(layers, size)[-1]
        assert last.out is not None
        for cell in (0, last.out // 2, last.out - 1):
            seen = measured_field(layers, size, cell)
            inside = [p for p in last.pixels(cell) if 0 <= p < size]
            assert set(seen) <= set(inside), layers
            if len(inside) == last.size:  # not cut off by an edge: both ends are reached
                assert (seen[0], seen[-1]) == (inside[0], inside[-1]), layers


def test_receptive_field_of_resnet_and_vgg() -> None:
    vgg16 = [
        layer
        for convs in (2, 2, 3, 3, 3)
        for layer in [g.Layer(3, padding=1)] * convs + [g.Layer(2, 2, name="pool")]
    ]
    fields = g.receptive_field(vgg16, image_size=224)
    assert (fields[-1].size, fields[-1].jump, fields[-1].out) == (212, 32, 7)  # Araujo et al. (2019), table 1
    assert [f.name for f in fields[:3]] == ["3×3", "3×3", "pool"]
    assert g.receptive_field([g.Layer(3), g.Layer(3)])[0].out is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: g.out_size(0, 3), "size expects a whole number ≥ 1, got 0"),
        (lambda: g.out_size(7, 2.5), "kernel_size expects a whole number ≥ 1, got 2.5"),  # type: ignore[arg-type]
        (lambda: g.out_size(7, 3, stride=0), "stride expects a whole number ≥ 1, got 0"),
        (lambda: g.out_size(7, 3, padding=-1), "padding expects a whole number ≥ 0, got -1"),
        (lambda: g.out_size(7, 3, dilation=0), "dilation expects a whole number ≥ 1, got 0"),
        (lambda: g.out_size(7, 3, padding=True), "padding expects a whole number ≥ 0, got True"),
        (lambda: g.out_size(7, 3, dilation=4), "spans 9 pixels, but the padded input has 7"),
        (lambda: g.transposed_out_size(4, 3, 2, output_padding=2), "less than the stride"),
        (lambda: g.transposed_out_size(1, 1, padding=1), "cuts away the whole output"),
        (lambda: g.conv_params(8, 12, 3, groups=3), "divisor of in_channels"),
        (lambda: g.conv_params(8, 12, (3, 0)), "kernel_size expects"),
        (lambda: g.conv_macs(8, 12, 3, 0, 4), "out_height expects"),
        (lambda: g.linear_params(0, 1), "in_features expects"),
        (lambda: g.Layer(3, stride=0), "stride expects"),
        (lambda: g.Layer(3, padding=-1), "padding expects"),
        (lambda: g.receptive_field([]), "at least one Layer"),
        (lambda: g.receptive_field([g.Layer(5), g.Layer(5)], image_size=8), "the padded input has 4"),
    ],
)
def test_bad_arguments_say_what_was_expected(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArgumentError, match=message):
        call()


def test_numpy_integers_are_whole_numbers_too() -> None:
    assert g.out_size(np.int64(7), 3) == 5


def test_geometry_does_not_load_torch() -> None:
    code = "import sys, cnncourse.geometry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
