"""CIFAR-100: one file of facts is all it takes, for a hundred classes in files of another form."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from cnncourse import backbones, data
from cnncourse.data import registry
from cnncourse.data.formats.checksums import checksum
from cnncourse.data.registry import Content
from cnncourse.errors import DataError

from .conftest import tar

FOLDER = "cifar-100-python"


@pytest.fixture
def files(monkeypatch):
    """A small archive in the official form: each split a file, with coarse labels beside the fine ones."""
    made = {}
    for split, seed, n in (("train", 0, 200), ("test", 1, 100)):
        rows = np.random.default_rng(seed).integers(0, 256, (n, 3072), dtype=np.uint8)
        fine = list(range(100)) * (n // 100)
        names = [b"a.png"] * n
        batch = {
            b"filenames": names,
            b"batch_label": b"training batch 1 of 1",
            b"fine_labels": fine,
            b"data": rows,
        }
        made[split] = pickle.dumps(batch | {b"coarse_labels": [label // 5 for label in fine]}, protocol=2)
    made["meta"] = pickle.dumps({b"fine_label_names": []})
    contents = {name: Content(checksum(made[name], "md5")) for name in ("train", "test")}
    entry = replace(data.entry("cifar100"), counts={"train": 200, "test": 100}, contents=contents)
    monkeypatch.setitem(registry._ENTRIES, "cifar100", entry)
    return made


@pytest.mark.parametrize("form", ["archive", "folder"])
def test_it_loads_with_its_fine_labels(files, form, tmp_path, capsys):
    if form == "archive":
        tar(tmp_path / "cifar-100-python.tar.gz", {f"{FOLDER}/{name}": part for name, part in files.items()})
    else:
        (tmp_path / FOLDER).mkdir()
        for name, part in files.items():
            (tmp_path / FOLDER / name).write_bytes(part)
    train, test = (data.load("cifar100", split, root=tmp_path) for split in ("train", "test"))
    assert train.images.shape == (200, 3, 32, 32)
    assert train.labels.tolist() == list(range(100)) * 2
    rows = pickle.loads(files["test"])[b"data"]
    assert torch.equal(test.images.flatten(1), torch.from_numpy(rows))
    assert (len(train.classes), train.classes[0], train.classes[99]) == (100, "apple", "worm")
    assert capsys.readouterr().out.startswith("CIFAR-100: 200 train + 100 test images, official, from ")


def test_a_damaged_file_is_told_by_its_md5(files, tmp_path):
    (tmp_path / FOLDER).mkdir()
    for name, part in files.items():
        (tmp_path / FOLDER / name).write_bytes(part + b" ")
    with pytest.raises(DataError, match=r"cifar-100-python/train: expected MD5 \w{12}…, got \w{12}…"):
        data.load("cifar100", root=tmp_path)


def test_it_trains_a_net_of_a_hundred_classes(files, tmp_path):
    from cnncourse.train import Recipe, evaluate, fit

    tar(tmp_path / "cifar-100-python.tar.gz", {f"{FOLDER}/{name}": part for name, part in files.items()})
    pictures = data.load("cifar100", root=tmp_path, announce=False)
    net = backbones.create("lenet5", num_classes=len(pictures.classes), in_channels=3, image_size=32)
    history = fit(net, pictures, recipe=Recipe(epochs=1), device="cpu", progress=False)
    assert len(history) == 1
    assert evaluate(net, pictures).confusion.shape == (100, 100)
