"""Several processes train as one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from cnncourse.errors import ArgumentError
from cnncourse.train import Recipe, record
from cnncourse.train.batches import batches
from cnncourse.train.experiment import Experiment
from cnncourse.train.hardware.distributed import Processes, join, local_device
from cnncourse.train.hardware.sync_norm import synchronise

ROOT = Path(__file__).parents[3]
CHANGES = {
    "train_images": 61, "epochs": 2, "batch_size": 25, "augment": ["crop:2", "flip", "mixup:0.5"], "ema": 0.5,
    "schedule": "cosine", "warmup": 0.5, "optimiser": "sgd", "lr": 0.02, "sync_bn": True, "clip_norm": 1.0,
    "model": "race_small", "data": "shapes10", "val_fraction": 0.2,
}  # fmt: skip


def test_two_processes_end_where_one_does(tmp_path):
    """With the command, ``torchrun``, gloo and uneven parts; in float32, so 1e-4 apart at the most."""
    words = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "-m",
        "cnncourse",
    ]
    words += ["train", "smoke", "--device", "cpu", "--out", str(tmp_path / "two.json")]
    for name, value in CHANGES.items():
        text = ",".join(value) if isinstance(value, list) else str(value).lower()
        words += ["--set", f"{name}={text}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("seed 0") == 1  # one speaks for all
    assert [path.name for path in tmp_path.iterdir()] == ["two.json"]
    two = json.loads((tmp_path / "two.json").read_text(encoding="utf-8"))

    experiment = Experiment(Recipe.from_dict(two["settings"]))
    one = record.summarise(experiment, [experiment.run(0, device="cpu", progress=False)], two["command"])
    for ours, theirs in zip(one["history"][0]["epochs"], two["history"][0]["epochs"], strict=True):
        for name in ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr"):
            assert theirs[name] == pytest.approx(ours[name], rel=1e-4), name
    assert two["confusion"] == one["confusion"]
    assert {name: one["settings"][name] for name in CHANGES} == CHANGES


def test_alone_one_is_a_team_of_one():
    processes = join()
    assert (processes, processes.is_main) == (Processes(0, 1), True)
    assert processes.broadcast({"a": 1}) == {"a": 1}
    assert processes.all_gather(5) == [5]
    values = torch.ones(2)
    assert processes.sum(values) is values
    assert processes.sums([1.0, 2.0], torch.device("cpu")) == [1.0, 2.0]
    with processes.main_first():
        pass


def test_the_shares_of_a_batch_make_the_batch():
    index = torch.arange(11)
    parts = [Processes(rank, 4).shard(index) for rank in range(4)]
    assert [len(part) for part in parts] == [3, 3, 3, 2]
    assert torch.equal(torch.cat(parts), index)


def test_a_batch_needs_an_image_for_each_process(train_set):
    with pytest.raises(ArgumentError, match=r"each of the 3 processes, got batches of 2 — start fewer"):
        batches(train_set, 2, torch.device("cpu"), processes=Processes(0, 3))


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert local_device(torch.device("cuda")) == torch.device("cuda")
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert local_device(torch.device("cuda")) == torch.device("cuda", 3)
    assert local_device(torch.device("cuda:1")) == torch.device("cuda:1")
    assert local_device(torch.device("cpu")) == torch.device("cpu")


@pytest.fixture
def alone(monkeypatch):
    """A group of one process, so that sums go through torch.distributed."""
    for name, value in {"MASTER_ADDR": "localhost", "MASTER_PORT": "0"}.items():
        monkeypatch.setenv(name, value)
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(
    "options", [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}]
)
def test_the_synchronised_norm_is_torchs(options):
    theirs = nn.Sequential(nn.Conv2d(2, 3, 1), nn.Sequential(nn.BatchNorm2d(3, **options))).double()
    ours = nn.Sequential(nn.Conv2d(2, 3, 1), nn.Sequential(nn.BatchNorm2d(3, **options))).double()
    ours.load_state_dict(theirs.state_dict())
    synchronise(ours)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = torch.randn(5, 2, 4, 4, dtype=torch.float64)
    for training in (True, True, False):
        for net in (ours, theirs):
            net.train(training)
            net.zero_grad()
            net(x).square().sum().sqrt().backward()
        torch.testing.assert_close(ours(x), theirs(x))
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, atol=1e-9, rtol=1e-6)
    for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(a, b)
