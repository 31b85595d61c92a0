import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import backbones
from cnncourse.errors import ArgumentError
from cnncourse.heads import MultiTask, UncertaintyWeights, multi_task_loss, trunk


def test_heads_read_the_same_features():
    torch.manual_seed(0)
    body, features = trunk(backbones.create("lenet5"))
    net = MultiTask(body, features, {"digit": 10, "even": 2})
    x = torch.randn(3, 1, 32, 32)
    shared = body(x)
    for name, logits in net(x).items():
        torch.testing.assert_close(logits, net.heads[name](shared))


def test_each_task_moves_the_trunk_but_not_the_other_head():
    torch.manual_seed(0)
    net = MultiTask(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), 3, {"a": 2, "b": 2})
    net(torch.randn(5, 1, 2, 2))["a"].square().sum().backward()
    assert net.trunk[1].weight.grad.abs().sum() > 0
    assert net.heads["a"].weight.grad is not None
    assert net.heads["b"].weight.grad is None


def test_weighted_loss_by_hand():
    outputs = {"kind": torch.tensor([[2.0, 0.0]]), "size": torch.tensor([[3.0]])}
    targets = {"kind": torch.tensor([1]), "size": torch.tensor([[1.0]])}
    total, each = multi_task_loss(outputs, targets, weights={"size": 0.25}, losses={"size": F.mse_loss})
    kind = math.log(1 + math.exp(2))
    assert each["kind"].item() == pytest.approx(kind)
    assert each["size"].item() == 4.0
    assert total.item() == pytest.approx(kind + 1.0)


def test_uncertainty_by_hand():
    weigh = UncertaintyWeights({"a": "classification", "b": "regression"})
    with torch.no_grad():
        weigh.log_variance["a"].fill_(1.0)
        weigh.log_variance["b"].fill_(-1.0)
    got = weigh({"a": torch.tensor(2.0), "b": torch.tensor(3.0)}).item()
    assert got == pytest.approx(2 * math.exp(-1) + 0.5 + 0.5 * 3 * math.e - 0.5, rel=1e-6)


def test_a_noisy_regression_settles_at_its_variance():
    weigh = UncertaintyWeights({"b": "regression"})
    optimiser = torch.optim.SGD(weigh.parameters(), lr=0.5)
    for _ in range(200):
        optimiser.zero_grad()
        weigh({"b": torch.tensor(4.0)}).backward()  # a mean squared error of 4
        optimiser.step()
    assert weigh.log_variance["b"].exp().item() == pytest.approx(4.0, rel=1e-3)


def test_bad_input():
    one = {"a": torch.zeros(1, 2)}
    with pytest.raises(ArgumentError, match="at least one task"):
        MultiTask(nn.Flatten(), 4, {})
    with pytest.raises(ArgumentError, match=r"outputs are for \['a'\], but targets for \['b'\]"):
        multi_task_loss(one, {"b": torch.zeros(1)})
    with pytest.raises(ArgumentError, match="no task 'c'"):
        multi_task_loss(one, {"a": torch.tensor([0])}, weights={"c": 1.0})
    with pytest.raises(ArgumentError, match="must not be negative"):
        multi_task_loss(one, {"a": torch.tensor([0])}, weights={"a": -1.0})
    with pytest.raises(ArgumentError, match="'classification' or 'regression', but got 'ranking'"):
        UncertaintyWeights({"a": "ranking"})
    with pytest.raises(ArgumentError, match=r"expected the losses of \['a'\], but got \['b'\]"):
        UncertaintyWeights({"a": "regression"})({"b": torch.tensor(1.0)})
