"""A recorded step does what the step itself does: the same weights, rates and answers."""

import gc
import weakref

import pytest
import torch
from torch import nn

from cnncourse.train import Recipe, fit
from cnncourse.train.optimisers import Optimisers
from cnncourse.train.step import Step
from tests.train.conftest import small_net, stripes

RECIPE = Recipe(
    epochs=6, batch_size=16, lr=0.05, optimiser="sgd", weight_decay=0.01, schedule="cosine", keep="last",
    precision="float32",
)  # fmt: skip
MUON = {"optimiser": "muon", "lr": 0.02, "rest": "sgd", "rest_lr": 0.05, "bias_lr": 2.0}


def plain_net():
    """A net without chance, with a hidden layer for Muon."""
    net = small_net()
    net[3] = nn.Conv2d(4, 4, 1)
    return net


def test_without_a_gpu_nothing_changes(train_set):
    nets = plain_net(), plain_net()
    for net, replay in zip(nets, (False, True), strict=True):
        fit(net, train_set, recipe=RECIPE.but(replay=replay), device="cpu", progress=False)
    assert all(torch.equal(a, b) for a, b in zip(*(n.parameters() for n in nets), strict=True))


@pytest.mark.parametrize("settings", [{}, MUON], ids=["sgd", "muon"])
def test_rates_kept_in_tensors_follow_the_schedule_and_outlive_a_checkpoint(settings):
    recipe, inputs = RECIPE.but(**settings), torch.rand(16, 1, 8, 8)
    nets = plain_net(), plain_net()
    both = [Optimisers(recipe, net) for net in nets]
    both[1].keep_rates()
    for factor in (1.0, 0.3):
        for net, optimisers in zip(nets, both, strict=True):
            optimisers.set_rate(factor)
            optimisers.zero_grad()
            net(inputs).square().sum().backward()
            optimisers.step(torch.amp.GradScaler("cpu", enabled=False))
        assert both[1].lr == pytest.approx(both[0].lr)
        for a, b in zip(*(net.parameters() for net in nets), strict=True):
            torch.testing.assert_close(a, b)
    both[1].load_state_dict(both[0].state_dict())
    assert all(isinstance(g["lr"], torch.Tensor) for one in both[1].all for g in one.param_groups)


def test_what_is_recorded_goes_with_its_step_and_waits_for_no_collector(monkeypatch):
    monkeypatch.setattr(torch.cuda, "Stream", lambda home: home)
    step = Step(RECIPE.but(replay=True), plain_net(), torch.device("cuda"))
    replay = weakref.ref(step._graphed)
    assert replay() is not None
    gc.disable()
    try:
        del step
        assert replay() is None
    finally:
        gc.enable()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(
    "settings",
    [{}, MUON, {"optimiser": "adam", "lr": 1e-3}, {"clip_norm": 0.5}, {"ema": 0.9}, {"accumulate": 2}],
    ids=["sgd", "muon", "adam", "clip", "ema", "accumulate"],
)
def test_a_recorded_step_moves_the_weights_as_the_step_does(settings):
    train_set = stripes(66)  # batches of 14 and of 13 images
    nets, losses = (plain_net(), plain_net()), []
    for net, replay in zip(nets, (False, True), strict=True):
        recipe = RECIPE.but(replay=replay, **settings)
        history = fit(net, train_set, recipe=recipe, device="cuda", progress=False)
        losses.append([epoch.train_loss for epoch in history.epochs])
    assert losses[1] == pytest.approx(losses[0], rel=2e-2 if "rest" in settings else 1e-3)
    for a, b in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(a, b, rtol=2e-2, atol=2e-3)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_weight_that_is_frozen_on_the_way_stays_where_it_is():
    class Freezes(nn.Sequential):
        def at_epoch(self, epoch):
            self[0].bias.requires_grad_(epoch < 3)
            self.seen = [*getattr(self, "seen", []), self[0].bias.detach().clone()]

    net = Freezes(*plain_net())
    fit(net, stripes(64), recipe=RECIPE.but(replay=True), device="cuda", progress=False)
    assert not torch.equal(net.seen[1], net.seen[2])
    assert torch.equal(net.seen[3], net.seen[5])
    assert torch.equal(net.seen[3], net[0].bias)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_resumed_run_replays_too(tmp_path):
    whole, broken = plain_net(), plain_net()
    recipe, train_set, file = RECIPE.but(replay=True), stripes(64), tmp_path / "state.pt"
    fit(whole, train_set, recipe=recipe, device="cuda", progress=False)

    class Interrupting(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x)

        def at_epoch(self, epoch):
            if epoch == 4:
                raise KeyboardInterrupt

    holder = Interrupting(broken)
    fit(holder, train_set, recipe=recipe, device="cuda", progress=False, checkpoint=file)
    holder.at_epoch = lambda epoch: None
    history = fit(
        holder, train_set, recipe=recipe, device="cuda", progress=False, checkpoint=file, resume=True
    )
    assert len(history) == recipe.epochs
    for a, b in zip(whole.parameters(), broken.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=2e-2, atol=2e-3)
