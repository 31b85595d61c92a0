import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import backbones, diagrams
from cnncourse.diagrams.trace import input_shape, trace
from cnncourse.errors import ArgumentError
from tests.backbones.forms import parameters, slim


def test_lenet_row_by_row():
    rows = {row.name: row for row in diagrams.summary(backbones.create("lenet5"))}
    assert rows["conv2"].shape == (16, 10, 10)
    assert rows["conv2"].macs == 16 * 10 * 10 * 6 * 25
    assert rows["pool2"].field == (16, 16)
    assert rows["fc1"].field is None


def test_rows_add_up_whatever_their_number():
    net = slim("mobilenet_v2")
    for depth in (None, 1, 2):
        table = diagrams.summary(net, depth=depth)
        assert sum(row.params for row in table) == table.params == parameters(net)
        assert sum(row.macs for row in table) == table.macs


def test_parameters_of_a_module_of_ones_own_are_in_its_row():
    rows = {row.name: row for row in diagrams.summary(backbones.create("lenet5_1998"))}
    assert (rows["s2"].params, rows["s4"].params) == (12, 32)


def test_receptive_field_of_a_branch_is_the_widest():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.narrow, self.wide = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, (1, 7), padding=(0, 3))
            self.last = nn.Conv2d(2, 1, 3, stride=2, dilation=2)

        def forward(self, x):
            return self.last(torch.cat([self.narrow(x), self.wide(x)], 1))

    *_, last = trace(Two(), (1, 16, 16))
    assert last.field == (3 + 4, 7 + 4)


def test_receptive_field_is_where_the_gradient_comes_from():
    net = slim("resnet20").eval()
    for module in net.modules():  # positive weights: nothing cancels, nothing is cut off
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    op = next(op for op in trace(net, (3, 64, 64)) if op.name == "layer2.0.conv1")
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    maps = diagrams.features(net, ["layer2.0.conv1"])(x)["layer2.0.conv1"]
    maps[0, 0, 16, 16].backward()
    rows = x.grad[0].sum(0).sum(1).nonzero()
    assert op.field == (17, 17)
    assert int(rows.max() - rows.min()) + 1 == 17


def test_a_gate_does_not_make_the_field_global():
    ops = trace(slim("se_resnet50"))
    gated = [op for op in ops if op.kind == "mul"]
    assert gated
    assert all(op.field is not None for op in gated)


def test_the_model_is_left_as_it_was():
    net = slim("resnet20").train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    diagrams.summary(net)
    assert net.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key])


def test_inputs_lead_back_to_the_image():
    ops = trace(slim("densenet121"))
    assert ops[0].inputs == (-1,)
    assert all(source < number for number, op in enumerate(ops) for source in op.inputs)
    assert any(len(op.inputs) == 2 and op.kind == "cat" for op in ops)


def test_functional_layers_are_seen():
    class Bare(nn.Module):
        def forward(self, x):
            return F.avg_pool2d(x, 2) * 2 + 1

    kinds = [(op.kind, op.field) for op in trace(Bare(), (1, 8, 8))]
    assert kinds == [("pool", (2, 2)), ("mul", (2, 2)), ("add", (2, 2))]


def test_printed_and_html_tables_hold_the_same_cells():
    table = diagrams.summary(slim("resnet18"), depth=1)
    text, html = str(table), table._repr_html_()
    assert text.splitlines()[0] == "resnet18 on 3×32×32"
    assert html.count("<tr>") == len(table.rows) + 2
    for row in table:
        assert all(cell in text and f"<td>{cell}</td>" in html for cell in row.cells)


def test_foreign_models_need_a_size():
    net = nn.Sequential(nn.Conv2d(3, 4, 3))
    with pytest.raises(ArgumentError, match="Sequential does not tell its image size"):
        diagrams.summary(net)
    assert diagrams.summary(net, (3, 8, 8)).macs == 4 * 36 * 27
    assert input_shape(net, (3, 8, 8)) == (3, 8, 8)


def test_features_come_in_the_order_asked_for_and_carry_gradients():
    net = slim("resnet20")
    pyramid = diagrams.features(net, ["layer3", "layer1"])
    maps = pyramid(torch.zeros(2, 3, 32, 32))
    assert [(name, tuple(value.shape[1:])) for name, value in maps.items()] == [
        ("layer3", (32, 8, 8)),
        ("layer1", (8, 32, 32)),
    ]
    maps["layer1"].sum().backward()
    assert net.conv1.weight.grad is not None
    assert not net.layer1._forward_hooks


def test_unknown_layer_suggests_the_nearest():
    with pytest.raises(ArgumentError, match="no layer 'layer9' — did you mean 'layer"):
        diagrams.features(slim("resnet20"), ["layer9"])
