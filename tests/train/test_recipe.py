import json

import pytest

from cnncourse import backbones, data
from cnncourse.errors import ArgumentError
from cnncourse.train import Recipe, recipes


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("epochs", 0, "epochs expects a number from 1 upwards, got 0"),
        ("epochs", 2.5, "epochs expects a whole number, got 2.5"),
        ("epochs", True, "epochs expects a whole number, got True"),
        ("batch_size", -1, "batch_size expects"),
        ("train_images", 0, "train_images expects"),
        ("lr", 0, "lr expects a number above 0"),
        ("lr", float("nan"), "lr expects"),
        ("lr", "fast", "lr expects a number, got 'fast'"),
        ("momentum", 1.0, "momentum expects a number from 0 and below 1, got 1.0"),
        ("weight_decay", -0.1, "weight_decay expects"),
        ("warmup", 5, "warmup expects"),
        ("label_smoothing", 1, "label_smoothing expects"),
        ("val_fraction", 1, "val_fraction expects"),
        ("optimiser", "Adam", "optimiser expects one of sgd, adam, adamw, muon, got 'Adam'"),
        ("schedule", "zigzag", "schedule expects one of"),
        ("precision", "int8", "precision expects one of"),
        ("keep", "all", "keep expects one of best, last"),
        ("augment", "crop:4", "augment expects several values in brackets, got 'crop:4'"),
        ("augment", ("crop",), "augment expects crop:PADDING[:reflect], got 'crop'"),
        ("augment", ("crp:4",), "augment knows no 'crp' — did you mean 'crop'"),
        ("milestones", (0.5, 0.5), "milestones expects parts of the run between 0 and 1, each above the one"),
        ("milestones", (80, 120), "milestones expects parts of the run"),
        ("max_steps", 0, "max_steps expects a number from 1 upwards, got 0"),
        ("accumulate", 0, "accumulate expects a number from 1 upwards, got 0"),
        ("clip_norm", 0, "clip_norm expects a number above 0"),
        ("ema", 1.0, "ema expects a number from 0 and below 1, got 1.0"),
        ("lookahead", -1, "lookahead expects a number from 0 upwards, got -1"),
        ("compile", "yes", "compile expects True or False, got 'yes'"),
        ("start", 2, "start expects a number from 0 and at most 1, got 2"),
        ("peak", 1, "peak expects a number above 0 and below 1, got 1"),
        ("patience", 0, "patience expects a number from 1 upwards, got 0"),
        ("tta", "flip", "tta expects one of none, mirror, mirror-shift, got 'flip'"),
        ("rest", "adam", "rest expects one of sgd, adamw, got 'adam'"),
        ("bias_lr", 0, "bias_lr expects a number above 0"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(field, value, said):
    with pytest.raises(ArgumentError) as caught:
        Recipe(**{field: value})
    assert str(caught.value).startswith(said)


def test_a_recipe_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        Recipe().lr = 1.0  # type: ignore[misc]


def test_but_changes_one_field_and_checks_it():
    assert Recipe(lr=0.5, epochs=3).but(epochs=4) == Recipe(lr=0.5, epochs=4)
    with pytest.raises(ArgumentError, match="did you mean 'epochs'"):
        Recipe().but(epoch=4)
    with pytest.raises(ArgumentError, match=r"has no field 'zzz' — there are name, about, "):
        Recipe().but(zzz=4)
    with pytest.raises(ArgumentError, match="from 1"):
        Recipe().but(epochs=0)


@pytest.mark.parametrize("name", recipes.names())
def test_every_named_recipe_survives_json_and_names_a_net_and_images_that_exist(name):
    recipe = recipes.get(name)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert recipe.model in backbones.names()
    assert recipe.data in data.names()
    assert recipe.name == name
    assert recipe.about


def test_the_wrong_name_suggests_the_right_one():
    with pytest.raises(ArgumentError, match="did you mean 'lenet-mnist'"):
        recipes.get("lenet-mnst")
    with pytest.raises(ArgumentError, match="there are smoke, "):
        recipes.get("zzz")


def test_a_name_is_given_once():
    with pytest.raises(ArgumentError, match="another recipe called 'smoke'"):
        recipes.register(recipes.get("smoke").but(lr=1.0))
    with pytest.raises(ArgumentError, match="names no model"):
        recipes.register(Recipe(name="nothing"))


def test_a_one_cycle_schedule_cannot_end_at_nothing():
    with pytest.raises(ArgumentError, match="expects start and final above 0 — try final=1e-5"):
        Recipe(schedule="one-cycle", final=0.0)


def test_a_recipe_older_than_a_field_is_read_with_the_fields_default():
    fields = Recipe(lr=0.5).to_dict()
    for name in ("augment", "ema", "milestones", "precision"):
        del fields[name]
    assert Recipe.from_dict(fields) == Recipe(lr=0.5)


def test_rows_of_values_survive_json():
    recipe = Recipe(augment=["crop:4", "flip"], milestones=[0.25])
    assert recipe.augment == ("crop:4", "flip")
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
