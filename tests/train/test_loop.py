import _thread
import signal

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.train import DivergedError, Recipe, evaluate, fit
from tests.train.conftest import small_net, stripes

RECIPE = Recipe(epochs=3, batch_size=16, lr=0.01)


def weights(net):
    return [value.clone() for value in net.state_dict().values()]


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


class After(nn.Module):
    """Do something to a net when it has seen so many training batches."""

    def __init__(self, net, steps, act):
        super().__init__()
        self.net, self.left, self.act = net, steps, act

    def forward(self, x):
        if self.training:
            self.left -= 1
            if self.left == 0:
                self.act()
        return self.net(x)


def test_a_net_learns_and_the_history_tells_the_truth(net, train_set, val_set):
    history = fit(net, train_set, val_set, recipe=RECIPE.but(epochs=15), device="cpu", progress=False)
    assert len(history) == 15
    assert [record.epoch for record in history.epochs] == list(range(1, 16))
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss / 3
    assert history.best.val_accuracy >= 0.95
    assert history.stopped == "finished"
    got = evaluate(net, val_set)
    assert (got.accuracy, got.loss) == (history.best.val_accuracy, history.best.val_loss)
    assert not net.training


def test_the_first_training_loss_is_the_mean_over_the_images(train_set):
    linear = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    nn.init.zeros_(linear[1].weight)
    nn.init.zeros_(linear[1].bias)
    history = fit(
        linear, train_set, recipe=Recipe(epochs=1, batch_size=60, lr=0.1), device="cpu", progress=False
    )
    assert history.epochs[0].train_loss == pytest.approx(1.0986123, abs=1e-6)  # ln 3: it knows nothing yet
    assert history.epochs[0].train_accuracy == pytest.approx(1 / 3)
    assert history.epochs[0].val_loss is None


def test_a_step_is_the_step_of_the_textbook(train_set):
    ours, theirs = (nn.Sequential(nn.Flatten(), nn.Linear(64, 3)) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    recipe = Recipe(epochs=2, batch_size=60, optimiser="sgd", lr=0.1, momentum=0.9, weight_decay=0.01)
    fit(ours, train_set, recipe=recipe, device="cpu", progress=False)
    sgd = torch.optim.SGD(theirs.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    for _ in range(2):
        sgd.zero_grad()
        nn.functional.cross_entropy(theirs(train_set.normalised()), train_set.labels).backward()
        sgd.step()
    torch.testing.assert_close(ours[1].weight, theirs[1].weight)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(train_set):
    results = []
    for seed in (1, 1, 2):
        net = small_net()
        fit(net, train_set, recipe=RECIPE, seed=seed, device="cpu", progress=False)
        results.append(weights(net))
    assert equal(results[0], results[1])
    assert not equal(results[0], results[2])


def test_best_and_last_weights(train_set, val_set):
    def spoilt():  # a net whose last step forgets everything
        net = small_net()
        return After(net, 12, lambda: nn.init.zeros_(net[5].weight.data))

    best, last = spoilt(), spoilt()
    history = fit(best, train_set, val_set, recipe=RECIPE, device="cpu", progress=False)
    fit(last, train_set, val_set, recipe=RECIPE.but(keep="last"), device="cpu", progress=False)
    assert history.best.epoch < 3
    assert evaluate(best, val_set).loss == history.best.val_loss
    assert evaluate(last, val_set).loss == history.epochs[-1].val_loss


def test_the_learning_rate_follows_the_recipe(net, train_set):
    recipe = RECIPE.but(epochs=4, schedule="linear", lr=0.04)
    history = fit(net, train_set, recipe=recipe, device="cpu", progress=False)
    assert [record.lr for record in history.epochs] == pytest.approx(
        [0.04 * (1 - k / 16) for k in (3, 7, 11, 15)]
    )


def test_label_smoothing_reaches_the_loss(train_set):
    plain, smooth = (
        fit(
            small_net(),
            train_set,
            recipe=RECIPE.but(epochs=8, label_smoothing=s),
            device="cpu",
            progress=False,
        )
        for s in (0.0, 0.3)
    )
    assert plain.epochs[-1].train_loss < 0.3
    assert smooth.epochs[-1].train_loss > 0.5  # 0.3 spread over three classes leaves 0.63 at the least


def test_a_loader_trains_as_well(net, train_set, val_set):
    loader = DataLoader(TensorDataset(train_set.normalised(), train_set.labels), batch_size=16, shuffle=True)
    history = fit(net, loader, val_set, recipe=RECIPE.but(epochs=10), device="cpu", progress=False)
    assert history.best.val_accuracy >= 0.9


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains(train_set, precision):
    seen = []
    net = small_net()
    net[0].register_forward_hook(lambda module, args, output: seen.append((module.training, output.dtype)))
    recipe = RECIPE.but(epochs=6, precision=precision)
    history = fit(net, train_set, recipe=recipe, device="cpu", progress=False)
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert {dtype for training, dtype in seen if training} == {half}
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss
    assert net[0].weight.dtype == torch.float32


@pytest.fixture
def interruptible():
    """A process that was started in the background ignores Ctrl-C; these tests need it heard."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupting_keeps_the_best_weights_and_what_was_learnt(train_set, val_set, capsys):
    steps = 4  # an epoch
    stopped = After(small_net(), 2 * steps + 2, _thread.interrupt_main)  # Ctrl-C in the third epoch
    history = fit(stopped, train_set, val_set, recipe=RECIPE, device="cpu")
    assert history.stopped == "interrupted"
    assert len(history) == 2
    assert evaluate(stopped, val_set).loss == history.best.val_loss
    assert not stopped.training
    assert "interrupted after 2 of 3 epochs — the best weights are kept" in capsys.readouterr().out


@pytest.mark.usefixtures("interruptible")
def test_interrupting_in_the_first_epoch_returns_an_empty_history(train_set):
    stopped = After(small_net(), 2, _thread.interrupt_main)
    history = fit(stopped, train_set, recipe=RECIPE, device="cpu", progress=False)
    assert (len(history), history.stopped) == (0, "interrupted")


def test_a_loss_that_is_not_a_number_stops_with_a_hint_and_the_best_weights(train_set, val_set):
    net = small_net()

    def poison():
        with torch.no_grad():
            net[0].weight.fill_(float("nan"))

    with pytest.raises(DivergedError) as caught:
        fit(After(net, 6, poison), train_set, val_set, recipe=RECIPE, device="cpu", progress=False)
    message = str(caught.value)
    assert message.startswith("the loss became nan in epoch 2, step 2, at learning rate 0.01 — try lr=0.001")
    assert "its best weights of 1 finished epochs" in message
    assert caught.value.history.stopped == "diverged"
    assert evaluate(net, val_set).loss == caught.value.history.best.val_loss


def test_a_loss_that_explodes_at_once_puts_the_first_weights_back(train_set):
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    before = weights(net)
    wild = Recipe(optimiser="sgd", lr=1e38, batch_size=10)
    with pytest.raises(DivergedError, match="the weights it started with"):
        fit(net, train_set, recipe=wild, device="cpu", progress=False)
    assert equal(before, weights(net))


def test_bad_input_is_refused_before_anything_is_trained(net, train_set, val_set):
    before = weights(net)
    with pytest.raises(ShapeError, match="in_channels=1 and image_size=8"):
        fit(small_net(channels=3), train_set, progress=False, device="cpu")
    with pytest.raises(ArgumentError, match="labels must lie in 0…2, got 0…3"):
        fit(net, stripes(60, classes=4), progress=False, device="cpu")
    with pytest.raises(ArgumentError, match="labels must lie in 0…2, got 0…3"):
        fit(net, train_set, stripes(60, classes=4), progress=False, device="cpu")
    with pytest.raises(ArgumentError, match="resume=True expects the file"):
        fit(net, train_set, resume=True, device="cpu")
    with pytest.raises(ArgumentError, match="a seed is"):
        fit(net, train_set, seed=-1, device="cpu")
    assert equal(before, weights(net))


def test_the_device_is_the_one_the_environment_names(net, train_set, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_DEVICE", "meta")
    with pytest.raises(ArgumentError, match="CNNCOURSE_DEVICE is 'meta', but torch cannot compute there"):
        fit(net, train_set, progress=False)
    assert next(net.parameters()).device.type == "cpu"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_it_trains_in_half_precision(net, train_set, val_set):
    seen = []
    net[0].register_forward_hook(lambda module, args, output: seen.append((module.training, output.dtype)))
    history = fit(net, train_set, val_set, recipe=RECIPE.but(epochs=15), device="cuda", progress=False)
    assert history.best.val_accuracy >= 0.95
    assert {dtype for training, dtype in seen if training} <= {torch.bfloat16, torch.float16}
    assert next(net.parameters()).device.type == "cuda"
