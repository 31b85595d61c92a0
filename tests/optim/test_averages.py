"""EMA against torch's AveragedModel; look-ahead against the two lines of its paper."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cnncourse.errors import ArgumentError
from cnncourse.optim import EMA, LookAhead


def net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()


def walk(model, step):
    generator = torch.Generator().manual_seed(step)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.add_(torch.randn(value.shape, generator=generator, dtype=value.dtype))
        else:
            value += 1


def test_ema_equals_torchs():
    model = net()
    ours = EMA(model, decay=0.9)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for step in range(20):
        walk(model, step)
        ours.update(model)
        if step == 0:  # torch copies the weights of its first update; ours began with those of the start
            theirs.module.load_state_dict(ours.state)
            theirs.n_averaged += 1
        else:
            theirs.update_parameters(model)
    for name, value in theirs.module.named_parameters():
        torch.testing.assert_close(ours.state[name], value, rtol=0, atol=1e-12)


def test_ema_averages_running_statistics_and_copies_counts():
    model = net()
    start = model[1].running_mean.clone()
    ema = EMA(model, decay=0.75)
    walk(model, 0)
    ema.update(model)
    torch.testing.assert_close(ema.state["1.running_mean"], 0.75 * start + 0.25 * model[1].running_mean)
    assert ema.state["1.num_batches_tracked"] == model[1].num_batches_tracked == 1
    other = net(seed=5)
    ema.copy_to(other)
    assert all(torch.equal(value, ema.state[name]) for name, value in other.state_dict().items())


def test_ema_is_apart_from_the_net_and_can_be_saved():
    model = net()
    ema = EMA(model, decay=0.5)
    before = {name: value.clone() for name, value in ema.state_dict().items()}
    walk(model, 0)
    assert all(torch.equal(value, before[name]) for name, value in ema.state_dict().items())
    ema.update(model)
    copy = EMA(net(seed=3))
    copy.load_state_dict(ema.state_dict())
    assert all(torch.equal(value, ema.state[name]) for name, value in copy.state.items())
    ema.update(model, decay=0)
    assert torch.equal(ema.state["0.weight"], model[0].weight)


@pytest.mark.parametrize("decay", [None, lambda step: (step / 20) ** 3])
def test_look_ahead_follows_its_definition(decay):
    model = net()
    look = LookAhead(model, every=4, alpha=0.3, decay=decay)
    slow = model[0].weight.detach().clone()
    for step in range(1, 21):
        walk(model, step)
        fast = model[0].weight.detach().clone()
        look.update(model)
        if step % 4 == 0:
            keep = 0.7 if decay is None else decay(step)
            slow = keep * slow + (1 - keep) * fast
            fast = slow
        torch.testing.assert_close(model[0].weight.detach(), fast, rtol=0, atol=1e-12)


def test_errors():
    with pytest.raises(ArgumentError, match="decay expects a number from 0 to below 1, got 1"):
        EMA(net(), decay=1)
    with pytest.raises(ArgumentError, match="every expects a whole number from 1, got 0"):
        LookAhead(net(), every=0)
    with pytest.raises(ArgumentError, match="alpha expects a number above 0 and at most 1, got 0"):
        LookAhead(net(), alpha=0)
