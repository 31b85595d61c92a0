"""``make records`` with jobs of its own: order, budget, going on, and what another machine takes over."""

import argparse
import json
import signal
import sys

import pytest

from cnncourse.train import record
from cnncourse.train.planned import PLANNED
from tools import records
from tools.records import Job

QUICK = [sys.executable, "-S", "-c", "print('made')"]
BROKEN = [sys.executable, "-S", "-c", "print('why'); raise SystemExit(1)"]
SLOW = [
    sys.executable,
    "-S",
    "-c",
    "import time; time.sleep(600)",
]


def results(folder):
    return {line["name"]: line["result"] for line in records.read_report(folder)}


def test_the_table_knows_every_record_and_how_it_was_made():
    made = {name for name in record.names() if not name.startswith("benchmark")}
    assert made <= PLANNED.keys()
    assert {PLANNED[name].state() for name in made} == {"recorded"}
    values = [run.value for run in PLANNED.values()]
    assert values == sorted(values, reverse=True)
    assert all(run.minutes.keys() <= {"cuda", "cpu"} and run.minutes for run in PLANNED.values())


def test_a_record_of_other_settings_is_of_an_older_recipe(monkeypatch):
    run = PLANNED["cpu-1min"]
    settings = record.read("cpu-1min")["settings"]
    for change in ({"lr": 7.0}, {"was_dropped": 1}):
        monkeypatch.setattr(record, "read", lambda name, change=change: {"settings": settings | change})
        assert run.state() == "of an older recipe"
    monkeypatch.setattr(record, "names", lambda: [])
    assert run.state() == "missing"


def test_only_runs_of_this_device_that_are_not_recorded_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "names", lambda: ["resnet20-cifar10"])
    found = [job.name for job in records.runs("cuda", tmp_path, smoke=False)]
    assert found[:3] == ["resnet56-cifar10", "plain20-cifar10", "plain56-cifar10"]
    assert "resnet20-cifar10" not in found
    assert "cpu-1min" not in found
    assert "cpu-1min" in [job.name for job in records.runs("cpu", tmp_path, smoke=False)]
    assert len(list(records.runs("cpu", tmp_path, smoke=True))) == len(PLANNED)


def test_a_gpu_begins_with_its_tests_and_every_chapter(monkeypatch):
    monkeypatch.setenv("AIRBENCH", "airbench94_muon.py")
    first, *chapters, race = records.checks("cuda", smoke=False)
    assert any("test_cuda_graph" in word for word in first.command)
    assert [job.name for job in chapters] == [
        f"chapter-{path.stem}" for path in sorted(records.BOOK.glob("[0-9][0-9]_*.ipynb"))
    ]
    assert race.command[-2:] == ["--beside", "airbench94_muon.py"]
    assert list(records.checks("cpu", smoke=False)) == []


def test_jobs_are_done_in_order_and_reported(tmp_path, capsys):
    jobs = [
        Job("quick", QUICK, 0, "missing"),
        Job("broken", BROKEN, 0, "missing"),
        Job("long", QUICK, 9, "missing"),
        Job("bare", QUICK, 0, "missing", needs="no_such_module"),
    ]
    assert records.work(jobs, 1, tmp_path, "cpu") == 2
    missing = "failed: no_such_module is not installed here"
    assert results(tmp_path) == {"quick": "done", "broken": "failed", "long": "not begun", "bare": missing}
    assert (tmp_path / "quick.log").read_text() == "made\n"
    assert "why" in capsys.readouterr().out
    assert records.measured(tmp_path, "cpu").keys() == {"quick"}
    assert records.measured(tmp_path, "cuda") == {}


@pytest.fixture
def background():
    """Deaf to interrupts, as what a shell starts in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("background")
def test_a_job_without_time_is_interrupted_and_goes_on(tmp_path, monkeypatch):
    killed = []
    kill = records.subprocess.Popen.kill
    monkeypatch.setattr(records.subprocess.Popen, "kill", lambda one: killed.append(one) or kill(one))
    cut = Job("run", SLOW, 9, "missing", goes_on=True)
    records.work([cut, Job("next", QUICK, 0, "missing")], 0.12, tmp_path, "cpu")
    assert not killed, "an interruption is enough"
    assert results(tmp_path) == {"run": "cut off", "next": "not begun"}
    assert records.work([Job("run", QUICK, 9, "missing", goes_on=True)], 1, tmp_path, "cpu") == 0
    assert results(tmp_path) == {"run": "done", "next": "not begun"}


def test_a_check_that_hangs_does_not_take_the_time_of_what_follows(tmp_path):
    jobs = [Job("hangs", SLOW, 0.005, "a check"), Job("next", QUICK, 0, "missing")]
    records.work(jobs, 5, tmp_path, "cpu")
    assert results(tmp_path) == {"hangs": "cut off", "next": "done"}


def test_another_machine_takes_records_and_nothing_else(tmp_path, monkeypatch, capsys):
    pack, book = tmp_path / "pack", tmp_path / "book"
    (book / "assets" / "runs").mkdir(parents=True)
    pack.mkdir()
    monkeypatch.setattr(records, "BOOK", book)
    made = json.dumps({"test_accuracy": {"mean": 0.9312}, "device": "a GPU", "commit": "abc"})
    for name in (
        "plain20-cifar10.json",
        "smoke-plain20-cifar10.json",
        "report.json",
        "plain56-cifar10-seed0.pt",
    ):
        (pack / name).write_text(made)
    assert records.main(["--take", str(pack)]) == 0
    assert [path.name for path in (book / "assets" / "runs").iterdir()] == ["plain20-cifar10.json"]
    assert "93.12 % · a GPU · commit abc" in capsys.readouterr().out
    assert records.main(["--take", str(tmp_path)]) == 1


def test_a_chapter_runs_without_ipython_and_names_the_cell_that_failed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def cell(name, source, *tags):
        return {"cell_type": "code", "id": name, "metadata": {"tags": tags}, "source": [source]}

    cells = [
        cell("setup", "try:\n    %pip install x\nfinally: x = 1"),
        cell("meant", "1 / 0", "raises-exception"),
        cell("ends", "assert x == 2"),
    ]
    path = tmp_path / "01_one.ipynb"
    path.write_text(json.dumps({"cells": cells[:2]}))
    assert records.main(["--chapter", str(path)]) == 0
    path.write_text(json.dumps({"cells": cells}))
    with pytest.raises(SystemExit, match="01_one: the cell ends failed"):
        records.main(["--chapter", str(path)])


def test_without_a_budget_it_says_what_there_is_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(records, "kind_of_device", lambda: "cpu")
    monkeypatch.setattr(record, "names", lambda: ["lenet-mnist"])
    assert records.main(["--out", str(tmp_path / "none")]) == 0
    said = capsys.readouterr().out
    assert "cpu-1min                                 missing · 2 min here" in said
    assert "resnet56-cifar10                         missing · waits for cuda" in said
    assert "lenet-mnist " not in said
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("text", ["", "m", "9 m", "-1m", "9d"])
def test_a_budget_is_a_time(text):
    with pytest.raises(argparse.ArgumentTypeError, match="such as 9m"):
        records.minutes_of(text)
