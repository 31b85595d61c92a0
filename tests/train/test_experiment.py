import json
import subprocess
import time
from pathlib import Path

import pytest
import torch

from cnncourse.data import load
from cnncourse.errors import ArgumentError, DataError
from cnncourse.train import Recipe, checkpoint, evaluate, record
from cnncourse.train.experiment import Experiment

RUNS = Path(__file__).parents[2] / "book" / "assets" / "runs"
SMALL = Recipe(name="small", model="lenet5", data="shapes10", train_images=200, val_fraction=0.1, epochs=1)


@pytest.fixture(scope="module")
def experiment():
    return Experiment(SMALL)


@pytest.fixture(scope="module")
def results(experiment):
    return [experiment.run(seed, progress=False, device="cpu") for seed in (3, 4)]


def test_the_images_are_dealt_into_three_parts_that_share_none(experiment):
    assert (len(experiment.train_set), len(experiment.val_set)) == (180, 20)
    assert len(experiment.test_set) == len(load("shapes10", "test", announce=False))
    rows = {part.images.flatten(1)[i].numpy().tobytes()
            for part in (experiment.train_set, experiment.val_set) for i in range(len(part))}  # fmt: skip
    assert len(rows) == 200


def test_no_validation_where_the_recipe_wants_none():
    experiment = Experiment(SMALL.but(val_fraction=0.0))
    assert (len(experiment.train_set), experiment.val_set) == (200, None)


def test_the_net_fits_the_images(experiment):
    assert experiment.build()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_a_run_is_tested_on_the_test_set_with_the_net_it_returns(experiment, results):
    first = results[0]
    assert evaluate(first.model, experiment.test_set).accuracy == first.test.accuracy
    assert len(first.history) == 1
    assert first.seed == 3


def test_a_run_can_be_repeated_by_its_seed(experiment, results):
    again = experiment.run(3, progress=False, device="cpu")
    assert torch.equal(again.test.logits, results[0].test.logits)
    assert not torch.equal(results[1].test.logits, results[0].test.logits)


def test_a_recipe_without_a_net_is_no_experiment():
    with pytest.raises(ArgumentError, match="names no model"):
        Experiment(Recipe())


def test_a_record_says_how_to_do_it_again(experiment, results, tmp_path):
    record.write(
        tmp_path / "runs" / "small.json", record.summarise(experiment, results, "cnncourse train small")
    )
    got = json.loads((tmp_path / "runs" / "small.json").read_text(encoding="utf-8"))
    assert got["command"] == "cnncourse train small"
    assert got["torch"] == torch.__version__
    assert "×" in got["device"]
    assert got["seeds"] == [3, 4]
    assert Recipe.from_dict(got["settings"]) == SMALL
    assert got["data"]["name"] == "shapes10"
    assert got["data"]["images"] == {"train": 180, "validation": 20, "test": len(experiment.test_set)}
    assert len(got["data"]["sha256"]["train"]) == 64
    accuracy = got["test_accuracy"]
    assert accuracy["each"] == [round(result.test.accuracy, 6) for result in results]
    assert accuracy["mean"] == pytest.approx(sum(accuracy["each"]) / 2, abs=1e-6)
    assert got["parameters"] == sum(p.numel() for p in results[0].model.parameters())
    assert len(got["history"]) == 2
    assert sum(map(sum, got["confusion"])) == len(experiment.test_set)
    right = len(experiment.test_set) - len(got["misread"])
    assert right / len(experiment.test_set) == results[0].test.accuracy
    place, truth, answer = got["misread"][0]
    assert (int(experiment.test_set.labels[place]), int(results[0].test.predictions[place])) == (
        truth,
        answer,
    )


def test_the_commit_is_the_sources_own(monkeypatch):
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=record.__file__[:-9]
    )
    if head.returncode:
        pytest.skip("not in a git repository")
    assert record.commit().startswith(head.stdout.strip())
    replies = {"ls-files": "__init__.py", "rev-parse": "abc", "status": ""}
    monkeypatch.setattr(record, "_git", lambda folder, verb, *rest: replies[verb])
    assert record.commit() == "abc"
    replies["status"] = " M cnncourse/conv.py"
    assert record.commit() == "abc+changes"


def test_only_sources_that_train_count_as_changed():
    if record.commit() is None:
        pytest.skip("not in a git repository")
    listed = record._git(record._PACKAGE, "ls-files", "--", *record._TRAINING).splitlines()
    assert {"train/run.py", "backbones/lenet.py"} <= set(listed)
    assert not any(name.startswith(("check/", "grading/", "plots/")) for name in listed)


def test_without_git_there_is_no_commit(monkeypatch):
    def no_git(folder, *words):
        raise FileNotFoundError("git")

    monkeypatch.setattr(record, "_git", no_git)
    assert record.commit() is None


def test_a_record_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write the record"):
        record.write(tmp_path / "file" / "small.json", {})


def test_a_record_is_read_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "_FOLDERS", (tmp_path / "none", tmp_path))
    with pytest.raises(DataError, match="no record 'a'; there are none"):
        record.read("a")
    record.write(tmp_path / "a.json", {"seeds": [1]})
    record.write(tmp_path / "b.json", {})
    assert record.read("a") == {"seeds": [1]}
    assert record.names() == ["a", "b"]
    with pytest.raises(DataError, match="no record 'c'; there are a, b"):
        record.read("c")


FILES = [file for file in sorted(RUNS.glob("*.json")) if not file.stem.startswith("benchmark")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_record_of_the_book_has_all_it_takes_to_repeat_it(file):
    got = json.loads(file.read_text(encoding="utf-8"))
    recipe, command = got["recipe"], got["command"]
    assert command.split()[:3] == ["cnncourse", "train", recipe]
    changed = "--set" in command or "--epochs" in command
    # a variant has a name of its own
    assert file.stem.startswith(f"{recipe}-") if changed else file.stem == recipe
    assert len(got["commit"]) == 40  # of sources without changes
    assert got["data"]["kind"] == "full"
    assert len(got["seeds"]) == len(got["history"]) == len(got["test_accuracy"]["each"])
    assert all(run["stopped"] == "finished" for run in got["history"])
    assert {"device", "torch", "python", "threads", "settings", "seconds"} <= set(got)


def test_other_devices_have_names(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a fast one")
    assert record.device_name(torch.device("cuda")) == "a fast one"
    assert record.device_name(torch.device("mps")).endswith("(MPS)")


def test_a_compiled_net_is_warmed_up_on_random_labels_and_then_forgets_it(monkeypatch):
    from cnncourse.train import experiment as module

    plain = Experiment(SMALL).run(3, progress=False, device="cpu")
    calls = []
    real = module.fit

    def watched(model, train_set, *args, **options):
        calls.append(train_set.labels)
        return real(model, train_set, *args, **options)

    monkeypatch.setattr(module, "fit", watched)
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **options: None)
    compiled = Experiment(SMALL.but(compile=True)).run(3, progress=False, device="cpu")
    assert len(calls) == 2
    assert not torch.equal(calls[0], calls[1])
    assert torch.equal(compiled.test.logits, plain.test.logits)


def test_the_test_is_made_as_the_recipe_says(experiment, results):
    mirrored = Experiment(SMALL.but(tta="mirror")).run(3, progress=False, device="cpu")
    expected = evaluate(results[0].model, experiment.test_set, tta="mirror")
    assert torch.equal(mirrored.test.logits, expected.logits)
    assert mirrored.race_seconds > 0


def test_the_clock_of_a_race_stands_still_while_a_checkpoint_is_written(experiment, tmp_path, monkeypatch):
    slow = checkpoint.save

    def save(path, state):
        slow(path, state)
        ticks.append(3600.0)

    ticks, clock = [], time.perf_counter
    monkeypatch.setattr(checkpoint, "save", save)
    monkeypatch.setattr(time, "perf_counter", lambda: clock() + sum(ticks))  # each save takes an hour
    result = experiment.run(3, progress=False, device="cpu", checkpoint=tmp_path / "run.pt")
    assert len(ticks) == 2
    assert 7200 <= result.history.saving < 7300
    assert 0 < result.race_seconds < 100
    assert result.history.seconds < 100
