"""Nets as the world has them: everything that multiplies is counted as torch counts it, or named."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import backbones, diagrams
from cnncourse.diagrams.trace import trace
from cnncourse.errors import ArgumentError, ShapeError


def by_torch(net, size):
    """Multiplications of one image, as torch's own counter has them."""
    counter, fast = FlopCounterMode(display=False), torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), counter:
            net.eval().to("meta")(torch.zeros(1, *size, device="meta"))
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return counter.get_total_flops() // 2


def rows(net, size):
    return {row.name: row for row in diagrams.summary(net, size)}


class Calls(nn.Module):
    """A net that is one function of the image and a weight."""

    def __init__(self, call, *shape):
        super().__init__()
        self.call, self.weight = call, nn.Parameter(torch.zeros(shape))

    def forward(self, x):
        return self.call(x, self.weight)


def test_a_linear_layer_over_positions_is_counted_at_each():
    net = nn.Sequential(nn.Flatten(2), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 4))
    table = diagrams.summary(net, (3, 8, 8))
    assert [row.macs for row in table] == [3 * 64 * 20, 3 * 20 * 4]
    assert table.macs == by_torch(net, (3, 8, 8))


@pytest.mark.parametrize("name", backbones.names())
def test_the_nets_of_the_course_are_counted_as_torch_counts(name):
    with torch.device("meta"):  # no weights to draw
        net = backbones.create(name)
    size = (net.in_channels, net.image_size, net.image_size)
    table = diagrams.summary(net)
    assert table.macs == by_torch(net, size)
    assert table.missing == ""


@pytest.mark.parametrize(
    ("name", "published"), [("convnext_tiny", 4.456), ("swin_t", 4.491), ("vit_b_16", 17.564)]
)
def test_nets_of_torchvision_have_their_published_macs(name, published):
    torchvision = pytest.importorskip("torchvision")
    with torch.device("meta"):
        net = torchvision.models.get_model(name)
    table = diagrams.summary(net, (3, 224, 224))
    assert table.macs == by_torch(net, (3, 224, 224))
    assert table.macs / 1e9 == pytest.approx(published, abs=0.001)
    assert sum(row.params for row in table) == table.params


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (nn.ConvTranspose2d(3, 8, 2, 2), "conv 2×2 / 2, transposed"),
        (nn.ConvTranspose2d(3, 6, 3, groups=3), "conv 3×3, 3 groups, transposed"),
        (nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 5, 3, stride=2)), "conv 3 / 2"),
        (nn.Sequential(nn.Flatten(2), nn.ConvTranspose1d(3, 5, 4, dilation=2)), "conv 4, transposed"),
        (nn.Sequential(nn.Unflatten(2, (2, 4)), nn.Conv3d(3, 5, (2, 3, 3))), "conv 2×3×3"),
        (parametrizations.weight_norm(nn.Conv2d(3, 8, 3)), "conv 3×3"),
        (parametrizations.spectral_norm(nn.Conv2d(3, 8, 3)), "conv 3×3"),
        (nn.utils.weight_norm(nn.Conv2d(3, 8, 3)), "conv 3×3"),
        (nn.utils.spectral_norm(nn.Conv2d(3, 8, 3)), "conv 3×3"),
        (parametrizations.orthogonal(nn.Linear(8, 8)), "linear"),
        (nn.Sequential(nn.Flatten(2), nn.LSTM(64, 7)), "lstm"),
        (nn.Bilinear(8, 8, 4), "bilinear"),
    ],
)
def test_layers_of_all_kinds_have_a_row_with_their_macs_and_parameters(layer, what):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x, x) if isinstance(layer, nn.Bilinear) else self.layer(x)

    net = Net()
    (row,) = diagrams.summary(net, (3, 8, 8))
    assert row.what == what
    assert row.params == sum(p.numel() for p in layer.parameters())
    if what == "bilinear":
        assert "MACs do not include: bilinear" in str(diagrams.summary(net, (3, 8, 8)))
    else:
        assert row.macs == diagrams.summary(net, (3, 8, 8)).macs
        assert row.macs > 0
    if "norm" not in type(layer).__name__.lower() and not hasattr(layer, "parametrizations"):
        assert row.macs == by_torch(net, (3, 8, 8))


def test_a_normed_convolution_costs_as_much_as_a_plain_one():
    plain = diagrams.summary(nn.Sequential(nn.Conv2d(3, 8, 3)), (3, 8, 8)).macs
    for normed in (parametrizations.weight_norm, parametrizations.spectral_norm, nn.utils.weight_norm):
        net = nn.Sequential(nn.BatchNorm2d(3), normed(nn.Conv2d(3, 8, 3)), nn.ReLU())
        assert diagrams.summary(net, (3, 8, 8)).macs == plain


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda x, w: F.avg_pool2d(x, kernel_size=3), (3, 3)),
        (lambda x, w: F.avg_pool2d(x, kernel_size=(3, 1), stride=2), (3, 1)),
        (lambda x, w: F.avg_pool2d(x, 2), (2, 2)),
        (lambda x, w: F.max_pool2d(x, kernel_size=3, stride=1, dilation=2), (5, 5)),
        (lambda x, w: F.max_pool2d(x, [2, 4]), (2, 4)),
        (lambda x, w: F.lp_pool2d(x, 2, 3), (3, 3)),
        (lambda x, w: F.max_pool2d(F.avg_pool2d(x, 2), 2), (4, 4)),
        (lambda x, w: F.adaptive_avg_pool2d(x, 1), None),
        (lambda x, w: x.mean((2, 3)), None),
    ],
)
def test_pooling_functions_however_they_are_called(call, field):
    assert trace(Calls(call, 1), (3, 12, 12))[-1].field == field


@pytest.mark.parametrize(
    ("call", "shape", "field"),
    [
        (lambda x, w: F.conv2d(x, w), (5, 3, 3, 3), (3, 3)),
        (lambda x, w: F.conv2d(input=x, weight=w, stride=2, dilation=(2, 2)), (5, 3, 3, 3), (5, 5)),
        (lambda x, w: F.conv_transpose2d(x, w, stride=2), (3, 5, 4, 4), (2, 2)),
        (lambda x, w: x.flatten(1) @ w, (192, 7), (0, 0)),
        (lambda x, w: torch.einsum("bchw,cd->bdhw", x, w), (3, 7), (0, 0)),
        (lambda x, w: F.linear(x.flatten(1), w), (7, 192), None),
    ],
)
def test_functions_in_the_nets_own_forward_are_counted(call, shape, field):
    net = Calls(call, *shape)
    (row,) = diagrams.summary(net, (3, 8, 8))
    assert (row.name, row.params, row.field) == ("(net)", net.weight.numel(), field)
    assert row.macs == by_torch(net, (3, 8, 8)) > 0


@pytest.mark.parametrize(
    ("call", "shape", "name"),
    [
        (lambda x, w: (F.unfold(x, 3)[:, None] * w).sum(2), (4, 27, 36), "mul"),
        (lambda x, w: torch.cdist(x.flatten(2), w[None]), (5, 64), "cdist"),
        (lambda x, w: torch.fft.ifft2(torch.fft.fft2(x) * w).real, (3, 8, 8), "fft_fft2, fft_ifft2, mul"),
    ],
)
def test_what_cannot_be_counted_is_named_in_the_table(call, shape, name):
    table = diagrams.summary(Calls(call, *shape), (3, 8, 8))
    assert str(table).splitlines()[-1] == f"MACs do not include: {name}"
    assert f"MACs do not include: {name}</caption>" in table._repr_html_()
    assert " + ?" in str(table)


def test_scaling_channels_is_nothing_to_count():
    assert diagrams.summary(Calls(lambda x, w: x * w, 1, 3, 1, 1), (3, 8, 8)).missing == ""


def test_attention_has_an_unknown_field_and_all_its_macs():
    block = nn.TransformerEncoderLayer(64, 4, batch_first=True)
    net = nn.Sequential(nn.Flatten(2), block)
    table = diagrams.summary(net, (3, 8, 8))
    assert table.macs == by_torch(net, (3, 8, 8))
    assert sum(row.params for row in table) == table.params
    assert " ?" in str(table)
    assert torch.backends.mha.get_fastpath_enabled()


def test_modules_that_work_on_weights_do_not_stop_the_walk():
    class Position(nn.Module):
        def __init__(self):
            super().__init__()
            self.mlp, self.conv = nn.Sequential(nn.Linear(2, 8), nn.ReLU()), nn.Conv2d(3, 8, 3)
            self.register_buffer("grid", torch.zeros(36, 2))

        def forward(self, x):
            return self.conv(x) + self.mlp(self.grid).T.reshape(1, 8, 6, 6)

    assert rows(Position(), (3, 8, 8))["conv"].macs == 8 * 36 * 27


@pytest.mark.parametrize(
    ("size", "hint"),
    [
        ((1, 3, 224, 224), " — leave the batch out"),
        (224, ""),
        ((224, 224), ""),
        ("3x8x8", ""),
        ((3, 8.5, 8), ""),
    ],
)
def test_sizes_of_the_wrong_kind(size, hint):
    with pytest.raises(ArgumentError) as caught:
        diagrams.summary(nn.Sequential(nn.Conv2d(3, 4, 3)), size)
    assert str(caught.value).endswith(hint or f"got {size!r}" if size != (3, 8.5, 8) else "got 8.5")
    assert "input_size expects" in str(caught.value)


def test_a_size_that_the_net_cannot_take_is_one_line():
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 3)).train()
    with pytest.raises(ShapeError, match=r"cannot be followed with an image of shape \(3, 8, 8\): "):
        diagrams.summary(net, (3, 8, 8))
    assert net.training
    with pytest.raises(ShapeError, match="cannot be followed"):
        diagrams.summary(Calls(lambda x, w: x if x.sum() > 0 else -x, 1), (3, 8, 8))


def test_lazy_layers_are_one_line_and_a_class_too():
    with pytest.raises(
        ArgumentError, match=r"has lazy layers.*send it an image first: net\(torch\.zeros\(1, 3"
    ):
        diagrams.summary(nn.Sequential(nn.LazyConv2d(3, 3)), (3, 8, 8))
    with pytest.raises(ArgumentError, match="expected a net, got a type"):
        diagrams.summary(nn.ReLU, (3, 8, 8))


def test_an_in_place_layer_does_not_change_what_was_taken():
    images = torch.randn(2, 3, 6, 6)
    for inplace in (nn.ReLU(inplace=True), nn.Dropout(0.5, inplace=True), nn.Hardswish(inplace=True)):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Identity(), inplace, nn.Flatten()).train()
        maps = diagrams.features(net, ["0", "1"])(images)
        assert torch.equal(maps["0"], net[0](images))
        assert torch.equal(maps["1"], net[0](images))


def test_a_sum_in_place_does_not_change_what_was_taken():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.same = nn.Conv2d(3, 3, 3, padding=1), nn.Identity()

        def forward(self, x):
            out = self.a(x)
            kept = self.same(out)
            out += 1  # not through the layer that was taken
            return out + kept

    net, images = Residual(), torch.randn(1, 3, 5, 5)
    assert torch.equal(diagrams.features(net, ["same"])(images)["same"], net.a(images))


def test_gradients_come_to_what_was_taken():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(32, 3))
    maps = diagrams.features(net, ["0", "3"])(torch.randn(1, 1, 6, 6))
    maps["0"].retain_grad()
    maps["3"].sum().backward()
    assert maps["0"].grad is not None


def test_a_layer_called_twice_gives_all_its_outputs():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Conv2d(1, 1, 1, bias=False)
            nn.init.constant_(self.scale.weight, 2.0)

        def forward(self, x):
            return self.scale(self.scale(x))

    found = diagrams.features(Twice(), ["scale"])(torch.ones(1, 1, 1, 1))["scale"]
    assert [value.item() for value in found] == [2.0, 4.0]


def test_a_layer_that_is_never_called_is_one_line():
    net = nn.Sequential(nn.Conv2d(1, 1, 1))
    net.unused = nn.ModuleDict({"head": nn.Linear(1, 1)})
    net.forward = lambda x: net[0](x)
    with pytest.raises(ArgumentError, match=r"no image passes through the layer 'unused\.head'"):
        diagrams.features(net, ["0", "unused.head"])(torch.zeros(1, 1, 1, 1))


def test_layers_that_return_several_things():
    net = nn.Sequential(nn.Flatten(2), nn.LSTM(64, 7))
    output, (hidden, cell) = diagrams.features(net, ["1"])(torch.zeros(1, 3, 8, 8))["1"]
    assert output.shape == (1, 3, 7)
    assert hidden.shape == cell.shape == (1, 3, 7)


@pytest.mark.parametrize("layers", ["layer1", None, 5])
def test_names_come_in_a_list(layers):
    with pytest.raises(ArgumentError, match="layers expects a list of names, got"):
        diagrams.features(nn.Sequential(), layers)
