"""Which weights are moved by what."""

import pytest
import torch
from torch import nn, optim

from cnncourse import backbones, data
from cnncourse.optim import Muon
from cnncourse.train import Recipe, fit
from cnncourse.train.optimisers import Optimisers, hidden_weights


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, bias=False), nn.Flatten(), nn.Linear(64, 3)
    )


def by_name(model, built):
    """The settings that each weight is moved with."""
    names = {id(weight): name for name, weight in model.named_parameters()}
    return {
        names[id(weight)]: (type(one).__name__, group["lr"], group["weight_decay"])
        for one in built.all
        for group in one.param_groups
        for weight in group["params"]
    }


def test_without_groups_all_weights_decay_alike():
    model = net()
    built = Optimisers(Recipe(optimiser="sgd", lr=0.1, weight_decay=0.01), model)
    assert set(by_name(model, built).values()) == {("SGD", 0.1, 0.01)}
    assert len(built.all[0].param_groups) == 1


def test_biases_and_norms_are_spared_the_decay():
    model = net()
    got = by_name(model, Optimisers(Recipe(optimiser="adamw", weight_decay=0.01, decay_groups=True), model))
    assert {name for name, (_, _, decay) in got.items() if decay == 0} == {
        "0.bias", "1.weight", "1.bias", "4.bias",
    }  # fmt: skip
    assert {decay for name, (_, _, decay) in got.items() if name.endswith("weight") and name[0] != "1"} == {
        0.01
    }


def test_biases_have_a_rate_of_their_own_and_the_same_pull():
    model = net()
    got = by_name(model, Optimisers(Recipe(optimiser="sgd", lr=0.5, weight_decay=0.64, bias_lr=64), model))
    assert got["1.bias"] == ("SGD", 32.0, 0.01)
    assert got["4.weight"] == ("SGD", 0.5, 0.64)


def test_muon_moves_the_hidden_weights_and_the_rest_is_moved_by_another():
    model = net()
    recipe = Recipe(optimiser="muon", lr=0.2, rest="sgd", rest_lr=0.4, bias_lr=0.5, momentum=0.6)
    got = by_name(model, Optimisers(recipe, model))
    assert {name for name, (kind, *_) in got.items() if kind == "Muon"} == {"2.weight"}
    assert got["4.weight"][:2] == ("SGD", 0.4)
    assert got["1.bias"][:2] == ("SGD", 0.2)
    assert type(Optimisers(recipe.but(rest="adamw"), model).all[1]) is optim.AdamW


def test_a_computed_stem_is_a_first_layer():
    stem = backbones.create("race_small")
    assert hidden_weights(stem) == {
        f"groups.{g}.{p}.weight" for g, p in [(0, 0), (1, 0), (1, 4), (2, 0), (2, 4)]
    }


def test_a_step_of_muon_is_that_of_the_definition():
    ours, theirs = net(), net()
    images, labels = torch.rand(6, 1, 8, 8), torch.arange(6) % 3
    recipe = Recipe(
        optimiser="muon", lr=0.02, momentum=0.6, muon_norm=True, muon_steps=3, rest="sgd", rest_lr=0.1
    )
    built = Optimisers(recipe, ours)
    muon = Muon([theirs[2].weight], 0.02, momentum=0.6, steps=3, tall=False, keep_norm=True)
    others = [weight for name, weight in theirs.named_parameters() if name != "2.weight"]
    sgd = optim.SGD(others, 0.1, momentum=0.9, nesterov=True)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    for _ in range(3):
        for model in (ours, theirs):
            model.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
        built.step(scaler)
        muon.step()
        sgd.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_the_gradient_is_clipped_as_torch_does():
    ours, theirs = net(), net()
    images, labels = torch.rand(6, 1, 8, 8) * 9, torch.arange(6) % 3
    built = Optimisers(Recipe(optimiser="sgd", lr=1.0, momentum=0.0), ours)
    for model in (ours, theirs):
        nn.functional.cross_entropy(model(images), labels).backward()
    long = nn.utils.clip_grad_norm_(theirs.parameters(), 0.1)
    assert long > 0.2
    optim.SGD(theirs.parameters(), 1.0).step()
    built.step(torch.amp.GradScaler("cpu", enabled=False), clip_norm=0.1)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_every_group_keeps_its_ratio_to_the_schedule():
    built = Optimisers(Recipe(optimiser="sgd", lr=0.4, bias_lr=2.0), net())
    built.set_rate(0.5)
    assert [group["lr"] for group in built.all[0].param_groups] == [0.2, 0.4]
    assert built.lr == 0.2


def test_a_net_with_a_stem_that_looks_at_the_images_and_a_bias_that_freezes():
    model = backbones.create("race_small", widths=(8, 8), depths=(1, 1))
    images = data.load("shapes10", announce=False).take(40)
    recipe = Recipe(
        optimiser="muon",
        lr=0.02,
        rest_lr=0.01,
        epochs=5,
        batch_size=20,
        keep="last",
        augment=("crop:2", "flip"),
    )
    biases = []
    model.register_forward_pre_hook(
        lambda m, a: biases.append(m.stem.bias.detach().clone()) if m.training else None
    )
    before = model.stem.weight.clone()
    history = fit(model, images, recipe=recipe, device="cpu", progress=False)
    assert not torch.equal(model.stem.weight, before)
    assert not torch.equal(biases[4], biases[5])  # the third epoch
    assert torch.equal(biases[6], biases[9])  # the fourth and fifth
    assert history.epochs[-1].train_loss < history.epochs[0].train_loss


@pytest.mark.parametrize("rest", ["sgd", "adamw"])
def test_a_net_of_one_layer_is_moved_by_the_rest_alone(rest):
    built = Optimisers(Recipe(optimiser="muon", rest=rest), nn.Linear(3, 2))
    assert [type(one).__name__.lower() for one in built.all] == [rest]


def test_a_saved_state_does_not_decide_how_this_machine_computes():
    recipe = Recipe(optimiser="sgd", lr=0.1)
    saved = Optimisers(recipe, net()).state_dict()
    saved[0]["param_groups"][0] |= {"fused": True, "foreach": False, "momentum": 0.9}
    here = Optimisers(recipe, net())
    here.load_state_dict(saved)
    assert (here.all[0].param_groups[0]["fused"], here.all[0].param_groups[0]["foreach"]) == (None, None)


def test_a_weight_that_is_trained_later_joins_the_others():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    built = Optimisers(Recipe(optimiser="sgd", lr=0.1), model)
    built.all[0].param_groups[0]["fused"] = True  # as on a GPU
    for frozen in (True, False, False):
        model[0].requires_grad_(not frozen)
        before = model[0].weight.detach().clone()
        built.zero_grad()
        model(torch.ones(4, 2)).square().sum().backward()
        built.step(torch.amp.GradScaler("cpu", enabled=False))
        assert torch.equal(model[0].weight, before) == frozen
