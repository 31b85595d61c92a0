import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cnncourse.errors import ArgumentError, DataError
from cnncourse.train import Recipe, fit
from cnncourse.train import checkpoint as files
from tests.train.conftest import small_net, stripes

RECIPE = Recipe(epochs=4, batch_size=16, lr=0.01, schedule="cosine", warmup=0.5)
ROOT = Path(__file__).parents[2]
FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")

# Trains as the tests do, in forks of one process, and kills itself for good at a given place. What a run
# says are the digest of its weights, its random numbers and its losses.
CHILD = """
import hashlib, json, os, signal, sys
import numpy, random, torch, torch._dynamo  # the last: once, not in every fork
from torch.utils.data import DataLoader, TensorDataset
from cnncourse.train import Recipe, fit
from tests.train.conftest import small_net, stripes

folder, jobs = sys.argv[1], json.loads(sys.argv[2])
torch.set_num_threads(1)
everything = dict(
    augment=("crop:1", "alternating-flip", "cutout:2", "mixup:0.4"), label_smoothing=0.1, accumulate=2,
    ema=0.9, lookahead=3, lookahead_power=2.0, schedule="plateau", plateau=0, gamma=0.5, clip_norm=1.0,
    optimiser="muon", rest="adamw", decay_groups=True, precision="fp16",
)
recipes = dict(
    set=Recipe(epochs=4, batch_size=16, lr=0.01, schedule="cosine", warmup=0.5, optimiser="sgd"),
    everything=Recipe(epochs=4, batch_size=16, lr=0.01, **everything),
)
recipes["loader"] = recipes["set"]

def run(path, place, data):
    net, steps, saves = small_net(), 0, 0

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def on_forward(module, args):
        nonlocal steps
        steps += module.training
        random.random(), numpy.random.rand(), torch.rand(1)  # users' code draws too
        if place == f"step {steps}":
            die()

    def replace(source, target, real=os.replace):
        nonlocal saves
        if place == f"before save {saves}":
            die()
        real(source, target)
        if place == f"after save {saves}":
            die()
        saves += 1

    net.register_forward_pre_hook(on_forward)
    os.replace = replace
    train_set = stripes(60)
    if data == "loader":
        pairs = TensorDataset(train_set.normalised(), train_set.labels)
        train_set = DataLoader(pairs, batch_size=16, shuffle=True)
    options = dict(recipe=recipes[data], device="cpu", progress=False, checkpoint=path, resume=True)
    history = fit(net, train_set, stripes(30, seed=1), **options)
    digest = hashlib.sha256()
    for value in net.state_dict().values():
        digest.update(value.numpy().tobytes())
    losses = [(record.train_loss, record.val_loss, record.lr) for record in history.epochs]
    return repr((digest.hexdigest(), random.random(), numpy.random.rand(), torch.rand(1).item(), losses))

for number, (name, place, data) in enumerate(jobs):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, run(f"{folder}/{name}.pt", place, data).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said]), flush=True)
"""

CASES = [
    ("step 2", "set"),  # in the first epoch
    ("step 10", "loader"),  # in the third
    ("step 20", "everything"),  # likewise: eight halves of batches an epoch
    ("before save 2", "set"),  # the new checkpoint is written, but does not have its name yet
    ("after save 3", "everything"),  # at an epoch's end
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[tuple[str, str], list]:
    """Exit status and words of each run: undisturbed, killed, and resumed."""
    jobs = [("undisturbed-" + data, "nowhere", data) for data in ("set", "loader", "everything")]
    for place, data in CASES:
        jobs += [(f"{place} {data}", place, data), (f"{place} {data}", "nowhere", data)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", CHILD, str(tmp_path_factory.mktemp("killed")), json.dumps(jobs)]
    ran = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    return {(name, place): answer for (name, place, _), answer in zip(jobs, said, strict=True)}


@pytest.mark.parametrize(("place", "data"), CASES)
@FORKS
def test_a_run_killed_and_resumed_ends_bit_for_bit_the_same(outcomes, place, data):
    name = f"{place} {data}"
    assert outcomes[name, place] == [-signal.SIGKILL, ""]
    status, said = outcomes[name, "nowhere"]
    assert status == 0
    assert said == outcomes["undisturbed-" + data, "nowhere"][1]
    assert "nan" not in said


def test_resuming_a_finished_run_returns_its_history_at_once(tmp_path, train_set, val_set):
    first, second = small_net(), small_net()
    path = tmp_path / "deep" / "run.pt"
    history = fit(first, train_set, val_set, recipe=RECIPE, device="cpu", progress=False, checkpoint=path)
    again = fit(
        second, train_set, val_set, recipe=RECIPE, device="cpu", progress=False, checkpoint=path, resume=True
    )
    assert again == history
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert [file.name for file in path.parent.iterdir()] == ["run.pt"]


def test_without_resume_a_checkpoint_is_replaced(tmp_path, train_set):
    path = tmp_path / "run.pt"
    for recipe in (RECIPE, RECIPE.but(epochs=1)):
        fit(small_net(), train_set, recipe=recipe, device="cpu", progress=False, checkpoint=path)
    assert len(files.load(path)["history"]["epochs"]) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"net": small_net(classes=4)},
            r"another net: 5\.weight expects \(4, 144\), the checkpoint has \(3, 144\)",
        ),
        (
            {"net": torch.nn.Sequential(*[torch.nn.Flatten()] * 9, torch.nn.Linear(64, 3))},
            r"another net: 9\.weight expects \(3, 64\), the checkpoint has nothing",
        ),
        ({"recipe": RECIPE.but(lr=0.5)}, r"another run: lr was 0\.01 and is now 0\.5"),
        ({"seed": 1}, "another run: seed was 0 and is now 1"),
        ({"train_set": stripes(30)}, "the number of training images was 60 and is now 30"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, train_set, change, said):
    path = tmp_path / "run.pt"
    fit(small_net(), train_set, recipe=RECIPE, device="cpu", progress=False, checkpoint=path)
    now = {"net": small_net(), "train_set": train_set, "recipe": RECIPE, "seed": 0} | change
    options = {"device": "cpu", "progress": False, "checkpoint": path, "resume": True}
    with pytest.raises(ArgumentError, match=said):
        fit(now["net"], now["train_set"], recipe=now["recipe"], seed=now["seed"], **options)


def test_the_recipes_sentence_about_itself_may_change(tmp_path, train_set):
    path = tmp_path / "run.pt"
    fit(small_net(), train_set, recipe=RECIPE, device="cpu", progress=False, checkpoint=path)
    renamed = RECIPE.but(about="better words")
    history = fit(
        small_net(), train_set, recipe=renamed, device="cpu", progress=False, checkpoint=path, resume=True
    )
    assert len(history) == 4


class Evil:
    def __reduce__(self):
        return os.mkdir, ("run-by-a-checkpoint",)


def test_a_checkpoint_cannot_run_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": files.FORMAT, "model": Evil()}, "evil.pt")
    with pytest.raises(DataError, match="damaged or is no checkpoint"):
        files.load(Path("evil.pt"))
    assert not Path("run-by-a-checkpoint").exists()


def test_half_a_file_another_file_and_no_file_are_told_apart(tmp_path, train_set):
    path = tmp_path / "run.pt"
    fit(small_net(), train_set, recipe=RECIPE, device="cpu", progress=False, checkpoint=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"run\.pt is damaged"):
        files.load(path)
    path.write_bytes(pickle.dumps({"a": 1}, protocol=2))
    with pytest.raises(DataError, match="is damaged or is no checkpoint"):
        files.load(path)
    torch.save({"a": 1}, path)
    with pytest.raises(DataError, match="holds weights or other things, not a checkpoint of fit"):
        files.load(path)
    torch.save({"format": 1, "model": {}}, path)
    with pytest.raises(DataError, match="no checkpoint of this version"):
        files.load(path)
    with pytest.raises(DataError, match="there is no checkpoint"):
        files.load(tmp_path / "none.pt")


def test_a_folder_that_cannot_be_written_is_named(tmp_path, train_set):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write the checkpoint"):
        fit(small_net(), train_set, device="cpu", progress=False, checkpoint=tmp_path / "file" / "run.pt")


def test_a_checkpoint_from_before_a_field_of_the_recipe_goes_on(tmp_path, train_set):
    path = tmp_path / "run.pt"
    fit(small_net(), train_set, recipe=RECIPE, device="cpu", progress=False, checkpoint=path)
    state = files.load(path)
    del state["recipe"]["replay"]
    torch.save(state, path)
    options = {"device": "cpu", "progress": False, "checkpoint": path, "resume": True}
    assert len(fit(small_net(), train_set, recipe=RECIPE, **options)) == 4


@pytest.mark.parametrize("schedule", ["constant", "exponential", "plateau", "cyclic"])
def test_a_run_may_be_prolonged_where_its_length_decides_nothing(tmp_path, schedule):
    recipe = Recipe(epochs=4, batch_size=16, lr=0.01, schedule=schedule, cycle=2.0, warmup=0.5)
    runs = []
    for epochs in ((4,), (2, 4)):
        path = tmp_path / f"{epochs[0]}.pt"
        for number in epochs:
            net = small_net()
            history = fit(
                net, stripes(60), stripes(30, seed=1), recipe=recipe.but(epochs=number), device="cpu",
                progress=False, checkpoint=path, resume=True,
            )  # fmt: skip
        runs.append((net, history))
    (whole, first), (prolonged, second) = runs
    assert [e.train_loss for e in first.epochs] == [e.train_loss for e in second.epochs]
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), prolonged.parameters(), strict=True))


@pytest.mark.parametrize("change", [{"epochs": 8}, {"epochs": 2}])
def test_where_it_decides_the_schedule_the_way_out_is_named(tmp_path, change):
    options = {"device": "cpu", "progress": False, "checkpoint": tmp_path / "a.pt"}
    fit(small_net(), stripes(60), recipe=RECIPE, **options)
    with pytest.raises(ArgumentError, match="another run: epochs was 4 and is now") as caught:
        fit(small_net(), stripes(60), recipe=RECIPE.but(**change), resume=True, **options)
    told = "to train longer, fit the net again without resume" in str(caught.value)
    assert told == (change["epochs"] == 8)


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("held", ["weights", "wrapped", "tensor"])
def test_a_file_of_ones_own_weights_is_never_written_over_nor_to_be_deleted(tmp_path, resume, held):
    path, weights = tmp_path / "mine.pt", small_net().state_dict()
    torch.save(
        {"weights": weights, "wrapped": {"state_dict": weights}, "tensor": weights["0.weight"]}[held], path
    )
    before = path.read_bytes()
    with pytest.raises(
        DataError, match=r"not a checkpoint of fit — give another file.*load_state_dict"
    ) as caught:
        fit(
            small_net(),
            stripes(60),
            recipe=RECIPE,
            device="cpu",
            progress=False,
            checkpoint=path,
            resume=resume,
        )
    assert "delete" not in str(caught.value)
    assert path.read_bytes() == before


def test_the_home_folder_may_be_short(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    recipe = RECIPE.but(epochs=1, warmup=0.0)
    history = fit(
        small_net(), stripes(60), recipe=recipe, device="cpu", progress=False, checkpoint="~/runs/a.pt"
    )
    assert files.load(Path("~/runs/a.pt"))["seed"] == 0
    files.save(Path("~/runs/b.pt"), {})
    history.to_json("~/runs/a.json")
    assert history.from_json("~/runs/a.json") == history
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"a.pt", "b.pt", "a.json"}
