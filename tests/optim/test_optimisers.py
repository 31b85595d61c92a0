"""Each optimiser equals torch's, step by step, in float64."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from cnncourse import optim
from cnncourse.errors import ArgumentError

PAIRS = [
    (optim.SGD, torch.optim.SGD, {"lr": 0.1}, {}),
    (optim.SGD, torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.05}, {}),
    (optim.Momentum, torch.optim.SGD, {"lr": 0.1, "momentum": 0.8}, {}),
    (optim.Momentum, torch.optim.SGD, {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.05}, {}),
    (optim.Nesterov, torch.optim.SGD, {"lr": 0.1, "momentum": 0.8}, {"nesterov": True}),
    (optim.Nesterov, torch.optim.SGD, {"lr": 0.1, "momentum": 0.8, "weight_decay": 0.05}, {"nesterov": True}),
    (optim.Adagrad, torch.optim.Adagrad, {}, {}),
    (optim.Adagrad, torch.optim.Adagrad, {"lr": 0.3, "eps": 1e-3, "weight_decay": 0.05}, {}),
    (optim.Adadelta, torch.optim.Adadelta, {}, {}),
    (optim.Adadelta, torch.optim.Adadelta, {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.05}, {}),
    (optim.RMSprop, torch.optim.RMSprop, {}, {}),
    (optim.RMSprop, torch.optim.RMSprop, {"lr": 0.03, "alpha": 0.7, "eps": 1e-3, "weight_decay": 0.05}, {}),
    (optim.Adam, torch.optim.Adam, {}, {}),
    (optim.Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.05}, {}),
    (optim.AdamW, torch.optim.AdamW, {}, {}),
    (optim.AdamW, torch.optim.AdamW, {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.5}, {}),
]


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def train(model, optimiser, steps, scheduler=None):
    generator = torch.Generator().manual_seed(1)
    path = []
    for _ in range(steps):
        x = torch.randn(8, 4, generator=generator, dtype=torch.float64)
        optimiser.zero_grad()
        (model(x) - x[:, :3].sin()).square().mean().backward()
        optimiser.step()
        if scheduler:
            scheduler.step()
        path.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    return torch.stack(path)


@pytest.mark.parametrize(("ours", "theirs", "settings", "more"), PAIRS)
def test_thirty_steps_equal_those_of_torch(ours, theirs, settings, more):
    mine, other = net(), net()
    path = train(mine, ours(mine.parameters(), **settings), 30)
    expected = train(other, theirs(other.parameters(), **settings, **more), 30)
    assert not torch.equal(path[0], path[-1])
    torch.testing.assert_close(path, expected, rtol=0, atol=1e-12)


def test_groups_and_torchs_schedulers_work():
    mine, other = net(), net()

    def groups(model):
        return [
            {"params": model[0].parameters()},
            {"params": model[2].parameters(), "lr": 0.3, "weight_decay": 0.1},
        ]

    a, b = optim.Momentum(groups(mine), lr=0.1), torch.optim.SGD(groups(other), lr=0.1, momentum=0.9)
    halve = torch.optim.lr_scheduler.ExponentialLR
    torch.testing.assert_close(
        train(mine, a, 10, halve(a, 0.5)), train(other, b, 10, halve(b, 0.5)), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("rule", [optim.Adam, optim.Momentum, optim.Adadelta])
def test_memory_is_saved_and_loaded(rule):
    whole = net()
    expected = train(whole, rule(whole.parameters(), lr=0.1), 1)
    model = net()
    first = rule(model.parameters(), lr=0.1)
    assert torch.equal(train(model, first, 1), expected)
    copy = net()
    copy.load_state_dict(model.state_dict())
    second = rule(copy.parameters(), lr=0.7)
    second.load_state_dict(deepcopy(first.state_dict()))
    assert torch.equal(train(copy, second, 5), train(model, first, 5))


def test_weights_without_a_gradient_stay():
    model = net()
    before = model[0].weight.detach().clone()
    model[2](torch.ones(1, 6, dtype=torch.float64)).sum().backward()
    optim.AdamW(model.parameters()).step()
    assert torch.equal(model[0].weight, before)
    assert model[2].weight.grad is not None


def test_a_closure_is_called_with_gradients_on():
    weight = torch.tensor([3.0], requires_grad=True)
    sgd = optim.SGD([weight], lr=0.25)

    def closure():
        sgd.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert sgd.step(closure).item() == 9
    assert weight.item() == 1.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w: optim.SGD(w, lr=0), "lr expects a number above 0, got 0"),
        (lambda w: optim.SGD(w, lr=float("nan")), "lr expects a number above 0, got nan"),
        (lambda w: optim.SGD(w, lr=1, weight_decay=-1), "weight_decay expects a number from 0, got -1"),
        (lambda w: optim.Momentum(w, lr=1, momentum=1), "momentum expects a number from 0 to below 1, got 1"),
        (lambda w: optim.RMSprop(w, alpha=1.2), "alpha expects a number from 0 to below 1, got 1.2"),
        (lambda w: optim.Adadelta(w, rho=-0.1), "rho expects a number from 0 to below 1, got -0.1"),
        (lambda w: optim.Adam(w, betas=(0.9, 1)), "betas[1] expects a number from 0 to below 1, got 1"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ArgumentError) as caught:
        make(net().parameters())
    assert str(caught.value) == message
