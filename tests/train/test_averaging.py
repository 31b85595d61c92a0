"""EMA and look-ahead in training: what is averaged is what is judged and kept."""

import pytest
import torch
from torch.optim import swa_utils

from cnncourse.train import Recipe, evaluate, fit
from cnncourse.train.averaging import Averaging, copy_of
from tests.train.conftest import small_net

RECIPE = Recipe(epochs=3, batch_size=15, lr=0.02, keep="last")


class Watched(torch.nn.Module):
    """A net that notes down its weights before each training step."""

    def __init__(self, net):
        super().__init__()
        self.net, self.seen = net, []

    def forward(self, x):
        if self.training:
            self.seen.append([weight.detach().clone() for weight in self.net.parameters()])
        return self.net(x)


def test_the_mean_is_that_of_torchs_averaged_model(train_set):
    ours, plain = Watched(small_net()), Watched(small_net())
    fit(ours, train_set, recipe=RECIPE.but(ema=0.8), device="cpu", progress=False)
    fit(plain, train_set, recipe=RECIPE, device="cpu", progress=False)
    for a, b in zip(ours.seen, plain.seen, strict=True):  # the net itself is trained as if there was no mean
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    theirs = small_net()
    mean = swa_utils.AveragedModel(theirs, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.8))
    mean.update_parameters(theirs)  # the first call copies
    for weights in [*plain.seen[1:], [weight.detach() for weight in plain.net.parameters()]]:
        with torch.no_grad():
            for weight, value in zip(theirs.parameters(), weights, strict=True):
                weight.copy_(value)
        mean.update_parameters(theirs)
    for a, b in zip(ours.net.parameters(), mean.module.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_running_statistics_are_averaged_and_counts_copied():
    net = small_net()
    averaging = Averaging(Recipe(ema=0.75), net, 10)
    net[1].running_mean.fill_(4.0)
    net[1].num_batches_tracked.fill_(7)
    averaging.update(net)
    with averaging.shown(net):
        assert net[1].running_mean[0].item() == 1.0
        assert net[1].num_batches_tracked.item() == 7
    assert net[1].running_mean[0].item() == 4.0


@pytest.mark.parametrize("change", [{"ema": 0.9}, {"lookahead": 3}])
def test_validation_and_the_kept_weights_are_those_of_the_mean(train_set, val_set, change):
    for keep in ("best", "last"):
        net = small_net()
        history = fit(
            net, train_set, val_set, recipe=RECIPE.but(keep=keep, **change), device="cpu", progress=False
        )
        record = history.best if keep == "best" else history.epochs[-1]
        assert evaluate(net, val_set).loss == record.val_loss


def test_look_ahead_meets_at_every_third_step(train_set):
    net = Watched(small_net())
    recipe = RECIPE.but(lookahead=3, lookahead_keep=0.5, lookahead_power=2.0)
    fit(net, train_set, recipe=recipe, device="cpu", progress=False)
    plain = Watched(small_net())
    fit(plain, train_set, recipe=RECIPE, device="cpu", progress=False)
    assert all(torch.equal(a, b) for a, b in zip(net.seen[2], plain.seen[2], strict=True))
    first = net.seen[0]
    keep = 0.5 * (3 / 12) ** 2
    # The third step is the same in both; the fourth begins at the slow weights.
    for start, fast, met in zip(first, plain.seen[3], net.seen[3], strict=True):
        torch.testing.assert_close(met, keep * start + (1 - keep) * fast)


def test_a_checkpoints_means_are_taken_over():
    net = small_net()
    recipe = Recipe(ema=0.9, lookahead=2)
    first, second = Averaging(recipe, net, 10), Averaging(recipe, small_net(), 10)
    for _ in range(3):
        with torch.no_grad():
            net[0].weight.add_(1.0)
        first.update(net)
    second.load_state_dict(first.state_dict())
    assert second.ahead.steps == 3
    before = copy_of(net)
    for averaging in (first, second):
        net.load_state_dict(before)
        averaging.update(net)
    assert all(torch.equal(v, second.ema.state[k]) for k, v in first.ema.state.items())
    assert all(torch.equal(v, second.ahead.slow.state[k]) for k, v in first.ahead.slow.state.items())


def test_with_neither_nothing_is_copied():
    net = small_net()
    averaging = Averaging(Recipe(), net, 10)
    before = copy_of(net)
    averaging.update(net)
    with averaging.shown(net):
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert averaging.mean is None
