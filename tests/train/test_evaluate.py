import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.train import evaluate
from tests.train.conftest import small_net


def test_all_figures_agree_with_their_definitions(net, train_set):
    net.eval()
    with torch.no_grad():
        logits = net(train_set.normalised())
    got = evaluate(net, train_set, batch_size=7)
    torch.testing.assert_close(got.logits, logits)
    assert torch.equal(got.predictions, logits.argmax(1))
    assert got.loss == pytest.approx(F.cross_entropy(logits, train_set.labels).item(), rel=1e-5)
    right = sum(int(p == t) for p, t in zip(got.predictions, train_set.labels, strict=True))
    assert got.accuracy == right / 60
    by_hand = torch.zeros(3, 3, dtype=torch.int64)
    for truth, answer in zip(train_set.labels, got.predictions, strict=True):
        by_hand[truth, answer] += 1
    assert torch.equal(got.confusion, by_hand)


def test_weights_statistics_and_every_layers_mode_are_left_alone(net, train_set):
    net.train()
    net[1].eval()  # a frozen batch norm in a net that trains
    before = {name: value.clone() for name, value in net.state_dict().items()}
    evaluate(net, train_set)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert [module.training for module in net] == [True, False, True, True, True, True]
    assert all(parameter.grad is None for parameter in net.parameters())


def test_modes_come_back_after_an_error_too(train_set):
    net = nn.Sequential(nn.Flatten(), nn.Linear(5, 3)).train()
    with pytest.raises(
        ShapeError, match=r"cannot take images of shape \(2, 1, 8, 8\).*in_channels=1 and image_size=8"
    ):
        evaluate(net, train_set)
    assert net.training


def test_a_loader_gives_the_same(net, train_set):
    loader = DataLoader(TensorDataset(train_set.normalised(), train_set.labels), batch_size=16)
    assert torch.equal(evaluate(net, loader).predictions, evaluate(net, train_set).predictions)


def test_labels_without_an_output_are_refused(train_set):
    with pytest.raises(ArgumentError, match=r"2 outputs, so labels must lie in 0…1, got 0…2 .*num_classes=3"):
        evaluate(small_net(classes=2), train_set)


@pytest.mark.parametrize(
    ("net", "got"),
    [(nn.Conv2d(1, 3, 3), r"\(2, 3, 6, 6\)"), (nn.LSTM(8, 3), "cannot take"), (nn.Flatten(0), r"\(128,\)")],
)
def test_a_net_that_gives_no_logits_is_refused(net, got, train_set):
    with pytest.raises(ShapeError, match=got):
        evaluate(net, train_set)


def test_a_net_that_gives_a_tuple_is_refused(train_set):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    with pytest.raises(ShapeError, match="got a tuple"):
        evaluate(Pair(), train_set)


def test_a_net_of_the_course_says_itself_what_it_takes(train_set):
    from cnncourse import backbones

    with pytest.raises(ShapeError) as caught:
        evaluate(backbones.create("lenet5", in_channels=3), train_set)
    assert "the net cannot take" not in str(caught.value)
