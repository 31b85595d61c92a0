import json

import pytest
import torch
import typer
from typer.testing import CliRunner

from cnncourse.errors import ArgumentError, CourseError
from cnncourse.train import Recipe, command, recipes
from cnncourse.train.experiment import Experiment
from cnncourse.train.hardware.distributed import Processes
from cnncourse.train.planned import PLANNED

TINY = Recipe(
    name="tiny", about="a test", model="lenet5", data="shapes10", train_images=100, epochs=2, batch_size=50
)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call the command as the shell would, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(recipes._RECIPES, "tiny", TINY)
    app = typer.Typer()
    app.command()(command.train)

    def call(*words):
        result = CliRunner().invoke(app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_the_list_explains_every_recipe_in_a_line(run):
    lines, _ = (part.splitlines() for part in run("--list").output.split("\n\n"))
    assert [line.split()[0] for line in lines] == recipes.names()
    assert all(len(line.split(maxsplit=1)[1]) > 5 for line in lines)


def test_the_list_names_the_runs_that_are_recorded(run):
    _, (_, *lines) = (part.splitlines() for part in run("--list").output.split("\n\n"))
    assert [line.split()[0] for line in lines] == list(PLANNED)
    assert "resnet20-cifar10                     recorded · 4 min on an H100" in lines


def test_two_runs_are_recorded_and_leave_no_checkpoint(run, tmp_path):
    output = run("tiny", "--runs", "2", "--seed", "5", "--epochs", "1", "--device", "cpu").output
    record = json.loads((tmp_path / "runs" / "tiny.json").read_text(encoding="utf-8"))
    assert record["command"] == "cnncourse train tiny --runs 2 --seed 5 --epochs 1 --device cpu"
    assert record["seeds"] == [5, 6]
    assert record["settings"]["epochs"] == 1
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["tiny.json"]
    assert f"mean of 2: {100 * record['test_accuracy']['mean']:.2f} %" in output


def test_in_the_repository_records_go_beside_the_books_others(run, tmp_path):
    (tmp_path / "book" / "assets").mkdir(parents=True)
    run("tiny", "--epochs", "1")
    assert (tmp_path / "book" / "assets" / "runs" / "tiny.json").exists()


def test_a_run_that_was_stopped_is_not_recorded_and_goes_on_with_resume(run, tmp_path, monkeypatch):
    real = Experiment.run

    def stopped(self, *args, **options):
        result = real(self, *args, **options)
        result.history.stopped = "interrupted"
        return result

    monkeypatch.setattr(Experiment, "run", stopped)
    with pytest.raises(CourseError, match="the same command with --resume goes on"):
        run("tiny", "--out", "here.json")
    assert [path.name for path in tmp_path.glob("*")] == ["here-seed0.pt"]
    monkeypatch.setattr(Experiment, "run", real)
    trained = []
    monkeypatch.setattr(torch.optim.Adam, "step", lambda *args, **options: trained.append(1))
    run("tiny", "--out", "here.json", "--resume")
    assert trained == []  # both epochs were in the checkpoint
    assert [path.name for path in tmp_path.glob("*")] == ["here.json"]


def test_another_data_set_by_name_or_by_folder(run, tmp_path):
    run("tiny", "--data", "mnist", "--epochs", "1", "--out", "m.json")
    record = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert (record["data"]["name"], record["parameters"]) == ("mnist", 61706)
    assert command.name_or_folder(str(tmp_path)) == (None, tmp_path)
    with pytest.raises(ArgumentError, match=r"--data expects one of mnist, .* or a folder; got 'mnst'"):
        run("tiny", "--data", "mnst")


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "expects the name of a recipe"), (["tinny"], "there is no recipe 'tinny' — did you mean 'tiny'")],
)
def test_a_wrong_call_says_what_to_do(run, words, said):
    with pytest.raises(ArgumentError, match=said):
        run(*words)


@pytest.mark.parametrize(
    "words", [["tiny", "--runs", "0"], ["tiny", "--epochs", "0"], ["tiny", "--seed", "-1"]]
)
def test_numbers_out_of_range_are_a_usage_error(run, words):
    assert run(*words).exit_code == 2


def test_any_field_of_the_recipe_can_be_set(run, tmp_path):
    words = ["lr=0.02", "augment=crop:2,flip", "milestones=0.5", "schedule=step", "patience=null", "ema=0.5"]
    run("tiny", "--epochs", "1", "--out", "a.json", *(part for word in words for part in ("--set", word)))
    record = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    settings = Recipe.from_dict(record["settings"])
    assert settings == TINY.but(
        epochs=1, lr=0.02, augment=("crop:2", "flip"), milestones=(0.5,), schedule="step", ema=0.5
    )
    assert "--set lr=0.02 --set augment=crop:2,flip --set milestones=0.5" in record["command"]
    assert record["race_seconds"]["mean"] >= record["seconds"]["mean"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("lr", "--set expects a field and its value, as in lr=0.1; got 'lr'"),
        ("epoch=1", "a Recipe has no field 'epoch' — did you mean 'epochs'?"),
        ("lr=fast", "lr expects a number, got 'fast'"),
        ("augment=crp:4", "augment knows no 'crp' — did you mean 'crop'"),
    ],
)
def test_a_field_that_cannot_be_set_is_one_line(run, change, said):
    with pytest.raises(ArgumentError) as caught:
        run("tiny", "--set", change)
    assert str(caught.value).startswith(said)


def test_only_the_leading_process_speaks_and_writes(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Processes, "is_main", property(lambda self: False))
    assert run("tiny", "--epochs", "1").output == ""
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_ends_by_its_patience_is_recorded(run, tmp_path):
    run("tiny", "--set", "patience=1", "--set", "lr=1e-12", "--set", "epochs=9", "--out", "a.json")
    history = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["history"][0]
    assert (history["stopped"], len(history["epochs"]) < 9) == ("early", True)
