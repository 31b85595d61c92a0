"""When a run ends before its last epoch, and what the learning rate does when nothing gets better."""

import sys

import pytest
import torch
from torch import nn

from cnncourse.errors import MissingDependencyError
from cnncourse.train import Recipe, evaluate, fit
from tests.train.conftest import small_net

RECIPE = Recipe(epochs=9, batch_size=20, lr=0.01)


class Frozen(nn.Module):
    """A net whose loss is the same in every epoch; after so many epochs its weights are spoilt."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.zeros(len(x), 3) + 0 * self.weight


def test_patience_counts_the_epochs_since_the_best(train_set, val_set, capsys):
    history = fit(Frozen(), train_set, val_set, recipe=RECIPE.but(patience=3), device="cpu")
    assert (history.best.epoch, len(history), history.stopped) == (1, 4, "early")
    assert "stopped early: nothing better since epoch 1" in capsys.readouterr().out


def test_a_run_that_gets_better_is_not_stopped(net, train_set, val_set):
    history = fit(
        net, train_set, val_set, recipe=RECIPE.but(epochs=4, patience=4), device="cpu", progress=False
    )
    assert (len(history), history.stopped) == (4, "finished")


def test_a_run_stopped_early_stays_stopped_when_it_is_resumed(tmp_path, train_set, val_set):
    options = {"recipe": RECIPE.but(patience=2), "device": "cpu", "progress": False}
    histories = [
        fit(Frozen(), train_set, val_set, checkpoint=tmp_path / "a.pt", resume=resume, **options)
        for resume in (False, True)
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 3


def test_a_plateau_cuts_the_rate(train_set, val_set):
    recipe = RECIPE.but(schedule="plateau", plateau=1, gamma=0.5, epochs=6)
    history = fit(Frozen(), train_set, val_set, recipe=recipe, device="cpu", progress=False)
    assert [record.lr for record in history.epochs] == [0.01, 0.01, 0.01, 0.005, 0.005, 0.0025]


def test_a_run_ends_after_its_steps(train_set):
    steps = []
    net = small_net()
    net.register_forward_hook(lambda module, args, output: steps.append(1) if module.training else None)
    recipe = RECIPE.but(max_steps=7, schedule="linear")  # three steps an epoch
    history = fit(net, train_set, recipe=recipe, device="cpu", progress=False)
    assert len(steps) == 7
    assert len(history) == 3
    assert history.epochs[-1].lr == pytest.approx(0.01 / 7)


def test_mirrors_and_shifts_are_averaged(train_set):
    class Corner(nn.Module):
        """Answers with three pixels of the upper left corner."""

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, x):
            return x[:, 0, 0, :3] * self.weight

    net = Corner()
    images = train_set.normalised()[:, 0]
    plain = images[:, 0, :3]
    mirrored = images[:, 0].flip(-1)[:, :3]
    assert torch.equal(evaluate(net, train_set).logits, plain)
    torch.testing.assert_close(evaluate(net, train_set, tta="mirror").logits, (plain + mirrored) / 2)
    wide = nn.functional.pad(images[:, None], [1] * 4, mode="reflect")[:, 0]
    moved = [
        (window[:, 0, :3] + window[:, 0].flip(-1)[:, :3]) / 2 for window in (wide[:, :8, :8], wide[:, 2:, 2:])
    ]
    expected = (plain + mirrored) / 4 + (moved[0] + moved[1]) / 4
    torch.testing.assert_close(evaluate(net, train_set, tta="mirror-shift").logits, expected)


def test_without_tensorboard_one_line_says_what_to_install(net, train_set, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(
        MissingDependencyError, match=r"log_dir expects TensorBoard, .* — pip install tensorboard"
    ):
        fit(net, train_set, device="cpu", log_dir=tmp_path)


def test_every_epoch_goes_to_tensorboard(net, train_set, monkeypatch, tmp_path):
    written = []

    class Writer:
        def __init__(self, folder):
            written.append(folder)

        def add_scalar(self, name, value, epoch):
            written.append((name, value, epoch))

        def flush(self):
            pass

    stand_in = type(sys)("torch.utils.tensorboard")
    stand_in.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", stand_in)
    history = fit(net, train_set, recipe=RECIPE.but(epochs=2), device="cpu", progress=False, log_dir=tmp_path)
    assert written[0] == str(tmp_path)
    assert ("train_loss", history.epochs[1].train_loss, 2) in written
    assert not any(name == "val_loss" for name, *_ in written[1:])
