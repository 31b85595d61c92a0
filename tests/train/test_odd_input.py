"""Nets and batches as people bring them: what can be used is used, the rest is one line, at once."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnncourse import backbones
from cnncourse.errors import ArgumentError, CourseError, ShapeError
from cnncourse.train import Recipe, evaluate, fit
from tests.train.conftest import small_net, stripes

RECIPE = Recipe(epochs=2, batch_size=8, lr=0.01)
IMAGES, LABELS = stripes(24).normalised(), stripes(24).labels


def one_to_one(channels=1):
    """A net whose last maps have one pixel: batch norm needs two images."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)
    )


def loader(images=IMAGES, labels=LABELS, **options):
    return DataLoader(TensorDataset(images, labels), **{"batch_size": 8, **options})


def train(net, train_set, recipe=RECIPE, **options):
    return fit(net, train_set, recipe=recipe, device="cpu", progress=False, **options)


def refused(net, train_set, kind=CourseError, **options):
    """Return what fit says; nothing of the net has changed, and it was not trained a step."""
    before = {name: value.clone() for name, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    with pytest.raises(kind) as caught:
        train(net, train_set, **options)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not net.training or modes == [module.training for module in net.modules()]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_last_batch_of_one_is_found_before_the_first_step():
    message = refused(one_to_one(), loader(IMAGES[:17], LABELS[:17]))
    assert message.startswith(
        "the smallest batch has 1 of 17 images, and this net cannot learn from one image"
    )
    assert message.endswith("— use drop_last=True, or another batch size")
    train(one_to_one(), loader(IMAGES[:17], LABELS[:17], drop_last=True))


def test_a_net_that_can_learn_from_one_image_may():
    net = small_net()  # its maps have 6×6 pixels
    assert len(train(net, loader(IMAGES[:17], LABELS[:17]))) == 2


def test_a_batch_cut_into_single_images_is_found_too():
    message = refused(one_to_one(), stripes(24), recipe=RECIPE.but(accumulate=9))
    assert "the smallest batch has 8 of 24 images, in 9 parts, and this net" in message
    assert message.endswith("— take a smaller accumulate")
    message = refused(one_to_one(), loader(IMAGES[:19], LABELS[:19]), recipe=RECIPE.but(accumulate=2))
    assert "has 3 of 19 images, in 2 parts" in message
    train(one_to_one(), stripes(24), recipe=RECIPE.but(accumulate=4))


def test_the_nets_of_the_course_say_the_same():
    net = backbones.create("resnet20", num_classes=3, in_channels=1, image_size=32, width=0.25)
    assert "the smallest batch has 1 of 1 images" in refused(one_to_one(), stripes(1))
    images = nn.functional.interpolate(IMAGES, 32)
    assert len(train(net, loader(images[:9], LABELS[:9]), recipe=RECIPE.but(epochs=1))) == 1


def test_the_look_draws_no_random_number_and_changes_no_statistic():
    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.drawn, self.seen = small_net(), [], 0

        def forward(self, x):
            self.seen += self.training
            if self.training:
                self.drawn.append(torch.rand(1).item())
            return self.net(x)

    net, without = Drawing(), Drawing()
    train(net, loader(IMAGES[:17], LABELS[:17]), recipe=RECIPE.but(epochs=1))
    train(without, loader(IMAGES[:16], LABELS[:16]), recipe=RECIPE.but(epochs=1))
    assert (net.seen, without.seen) == (3, 2)
    assert net.drawn[:2] == without.drawn


@pytest.mark.parametrize("place", [2, 7])
def test_an_error_in_mid_run_leaves_the_net_in_eval_mode_with_its_best_weights(place):
    class Breaking(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.left = small_net(), place

        def forward(self, x):
            self.left -= self.training
            if self.left == 0:
                raise RuntimeError("the cable came loose")
            return self.net(x)

    net = Breaking()
    with pytest.raises(RuntimeError, match="the cable came loose"):
        train(net, loader(), recipe=RECIPE.but(epochs=4), val_set=stripes(9))
    assert not any(module.training for module in net.modules())


@pytest.mark.parametrize("kind", [tuple, list, dict])
def test_auxiliary_heads_are_named(kind):
    class Aux(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small_net()

        def forward(self, x):
            out = self.net(x)
            if not self.training:
                return out
            return {"out": out, "aux": out} if kind is dict else kind((out, out))

    net = Aux()
    with pytest.raises(ShapeError) as caught:
        train(net, loader())
    assert str(caught.value) == (
        f"the net must return logits of shape (8, classes) in train mode, got a {kind.__name__} of 2 — build "
        "the net without auxiliary heads (aux=False, in torchvision aux_logits=False), or wrap it in a "
        "module that returns the logits alone"
    )
    assert not net.training


def test_auxiliary_heads_of_the_course_and_of_torchvision():
    from torchvision.models import googlenet

    images = torch.zeros(4, 3, 32, 32)
    ours = backbones.create("googlenet", num_classes=3, image_size=32, width=0.25, aux=True)
    theirs = googlenet(num_classes=3, aux_logits=True, init_weights=False)
    for net, size in ((ours, 32), (theirs, 96)):
        small = nn.functional.interpolate(images, size)
        with pytest.raises(ShapeError, match=r"of 3 — build the net without auxiliary heads"):
            train(net, loader(small, torch.zeros(4).long(), batch_size=4), recipe=RECIPE.but(epochs=1))


@pytest.mark.parametrize("dtype", [torch.int32, torch.int16, torch.uint8, torch.int8, torch.int64])
@pytest.mark.parametrize("form", ["(b,)", "(b, 1)", "one-hot"])
def test_labels_of_all_forms_teach_the_same(dtype, form):
    labels = {
        "(b,)": LABELS,
        "(b, 1)": LABELS[:, None],
        "one-hot": nn.functional.one_hot(LABELS, 3),
    }[form].to(dtype)
    nets = small_net(), small_net()
    histories = [train(net, loader(labels=given)) for net, given in zip(nets, (LABELS, labels), strict=True)]
    assert [e.train_loss for e in histories[0].epochs] == [e.train_loss for e in histories[1].epochs]
    assert evaluate(nets[1], loader(labels=labels)).accuracy == evaluate(nets[0], loader()).accuracy


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8])
def test_an_image_set_may_have_such_labels_too(dtype):
    own = stripes(24)
    given = SimpleNamespace(
        images=own.images, labels=own.labels.to(dtype)[:, None], mean=own.mean, std=own.std
    )
    nets = small_net(), small_net()
    histories = [train(net, one) for net, one in zip(nets, (own, given), strict=True)]
    assert [e.train_loss for e in histories[0].epochs] == [e.train_loss for e in histories[1].epochs]


def test_shares_in_double_precision():
    shares = nn.functional.one_hot(LABELS, 3).double()
    assert len(train(small_net(), loader(labels=shares))) == 2


@pytest.mark.parametrize("labels", [torch.zeros(24, 3).long(), torch.zeros(24, 2, 2).long(), LABELS * 1j])
def test_labels_of_no_form(labels):
    assert "labels expect a class for each of the 8 images, shape (8,), or a row" in refused(
        small_net(), loader(labels=labels), kind=ArgumentError
    )


def test_labels_of_the_validation_set_are_looked_at_before_the_first_epoch():
    message = refused(small_net(), loader(), val_set=loader(labels=LABELS + 1))
    assert "the net has 3 outputs, so labels must lie in 0…2, got 1…3" in message


class Rows(torch.utils.data.Dataset):
    def __init__(self, row):
        self.row = row

    def __len__(self):
        return 16

    def __getitem__(self, i):
        return self.row(IMAGES[i], LABELS[i], i)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (lambda x, y, i: {"image": x, "label": y}, "got a dict of 'image', 'label' — let the dataset return"),
        (lambda x, y, i: (x, y, i), "must be a pair (images, labels), got a list of 3"),
        (lambda x, y, i: (x,), "must be a pair (images, labels), got a list of 1"),
        (lambda x, y, i: x, "must be a pair (images, labels), got a tensor of shape (8, 1, 8, 8)"),
        (lambda x, y, i: (x, "cat"), "must be tensors, got a tensor of shape (8, 1, 8, 8) and a tuple of 8"),
        (lambda x, y, i: ((x, x), y), "must be tensors, got a list of 2 and a tensor of shape (8,)"),
        (lambda x, y, i: (x[:, : 2 + i % 2], y), "the DataLoader cannot make its first batch: "),
        (lambda x, y, i: (object(), y), "the DataLoader cannot make its first batch: default_collate"),
    ],
)
def test_batches_that_are_no_pairs(row, said):
    assert said in refused(small_net(), DataLoader(Rows(row), batch_size=8))


def test_two_images_are_not_taken_for_images_and_labels():
    assert "got a tensor of shape (2, 1, 8, 8)" in refused(
        small_net(), DataLoader(Rows(lambda x, y, i: x), batch_size=2)
    )


@pytest.mark.parametrize(
    "changes", [{}, {"channels_last": True}, {"optimiser": "muon", "ema": 0.9, "decay_groups": True}]
)
def test_lazy_layers_get_their_shape_and_learn(changes, tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    recipe = RECIPE.but(epochs=6, lr=0.03, **changes)
    history = train(net, stripes(24), recipe=recipe, checkpoint=tmp_path / "a.pt")
    assert history.best.train_accuracy > 0.8
    assert net[4].in_features == 144


def test_images_in_double_precision():
    message = refused(small_net(), loader(IMAGES.double()), kind=ShapeError)
    assert (
        "the net computes in torch.float32, the images are torch.float64: add v2.ToDtype(torch.float32)"
        in (message)
    )
    assert "in_channels" not in message
    assert len(train(small_net().double(), loader(IMAGES.double()))) == 2


def test_channels_that_stand_last():
    last = torch.zeros(16, 32, 32, 3)
    for net in (small_net(channels=3), backbones.create("resnet20", num_classes=3, width=0.25)):
        message = refused(net, loader(last, LABELS[:16]), kind=ShapeError)
        assert "permute(0, 3, 1, 2)" in message
        assert "in_channels=32" not in message


def test_images_without_an_axis_for_the_channels():
    assert "images[:, None] adds it" in refused(small_net(), loader(IMAGES[:, 0]), kind=ShapeError)
    assert "shape (2, 64): " in refused(small_net(), loader(IMAGES.flatten(1)), kind=ShapeError)
    net = nn.Sequential(nn.Linear(64, 3))
    assert len(train(net, loader(IMAGES.flatten(1)))) == 2  # a net that wants rows gets them
