"""Official files: idx and CIFAR batches, from folders and archives; every damage is told in one line."""

import gzip
import pickle

import numpy as np
import pytest
import torch

from cnncourse import data
from cnncourse.data.formats import cifar, idx
from cnncourse.errors import DataError

from .conftest import tar


@pytest.fixture
def raw_folder(tiny, monkeypatch, tmp_path):
    folder = tmp_path / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in tiny.raw.items():
        (folder / name).write_bytes(content)
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / "data"))
    return folder


def error(name, split="train", **options):
    with pytest.raises(DataError) as caught:
        data.load(name, split, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_torchvisions_folder_is_read(tiny, raw_folder, capsys):
    train, test = data.load("mnist"), data.load("mnist", "test")
    assert (len(train), len(test)) == (30, 20)
    assert (
        train.images[3].numpy().tobytes() == tiny.raw["train-images-idx3-ubyte"][16 + 3 * 784 : 16 + 4 * 784]
    )
    expected = "MNIST: 30 train + 20 test images, official, from $CNNCOURSE_DATA/MNIST/raw\n"
    assert capsys.readouterr().out == expected


def test_packed_files_are_read_as_well(tiny, raw_folder):
    expected = data.load("mnist")
    for name, content in tiny.packed.items():
        (raw_folder / name).write_bytes(content)
        (raw_folder / name.removesuffix(".gz")).unlink()
    got = data.load("mnist")
    assert torch.equal(got.images, expected.images)
    assert got.source == expected.source


def test_torchvision_reads_the_same(tiny, raw_folder):
    from torchvision.datasets import MNIST

    theirs = MNIST(raw_folder.parents[1], train=False)
    ours = data.load("mnist", "test")
    assert torch.equal(ours.images[:, 0], theirs.data)
    assert torch.equal(ours.labels, theirs.targets)


def test_half_a_file(tiny, raw_folder):
    path = raw_folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:10_000])
    assert error("mnist") == (
        "$CNNCOURSE_DATA/MNIST/raw/train-images-idx3-ubyte: expected 23,536 bytes, got only 10,000 — "
        "the file is cut short: delete it and load again, or copy it again"
    )


def test_a_wrong_checksum(tiny, raw_folder):
    path = raw_folder / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\7")
    message = error("mnist", "test")
    assert message.startswith("$CNNCOURSE_DATA/MNIST/raw/t10k-labels-idx1-ubyte: expected SHA-256 ")
    assert message.endswith("is damaged or not the official one: delete it and load again, or copy it again")
    assert data.load("mnist", "train").source.kind == "full"


def test_a_missing_file(tiny, raw_folder):
    (raw_folder / "train-labels-idx1-ubyte").unlink()
    assert "train-labels-idx1-ubyte: expected this file beside the others of the set, got none" in error(
        "mnist"
    )


def test_a_file_that_cannot_be_read(tiny, raw_folder):
    path = raw_folder / "train-images-idx3-ubyte"
    path.unlink()
    path.mkdir()
    assert "train-images-idx3-ubyte: expected a file that can be read, got: Is a directory" in error("mnist")


def test_half_a_packed_file(tiny, raw_folder):
    (raw_folder / "train-images-idx3-ubyte").unlink()
    (raw_folder / "train-images-idx3-ubyte.gz").write_bytes(tiny.packed["train-images-idx3-ubyte.gz"][:999])
    assert "ubyte.gz: expected a whole gzip file, got only its first 999 bytes" in error("mnist")


def test_a_packed_file_of_another_kind(tiny, raw_folder):
    (raw_folder / "train-images-idx3-ubyte").unlink()
    (raw_folder / "train-images-idx3-ubyte.gz").write_bytes(b"<html>")
    assert "ubyte.gz: expected a gzip file, got something else" in error("mnist")
    damaged = bytearray(gzip.compress(bytes(1000)))
    damaged[15] ^= 0xFF
    with pytest.raises(DataError, match="expected a gzip file, got something else"):
        idx.unpack(bytes(damaged), "x.gz")


def test_a_damaged_download_is_named_with_its_path(tiny, tmp_path):
    folder = tmp_path / "cache" / "downloads" / "mnist"
    folder.mkdir(parents=True)
    for name, content in tiny.packed.items():
        (folder / name).write_bytes(content[:50])
    assert error("mnist").startswith(f"{folder}/train-images-idx3-ubyte.gz: expected a whole gzip file")


@pytest.mark.parametrize("data_", [b"", b"\0\0", b"\1\0\10\1\0\0\0\0", b"\0\0\15\1\0\0\0\0"])
def test_idx_refuses_other_files(data_):
    with pytest.raises(DataError, match=r"labels: expected an idx file \(first bytes 0, 0, 8\), got \["):
        idx.parse(data_, "labels")


def test_idx_refuses_a_length_that_does_not_fit():
    with pytest.raises(DataError, match=r"expected 11 bytes for shape \(3,\), got 10"):
        idx.parse(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2]), "labels")


def test_cifar_batches_in_a_folder(tiny, monkeypatch, tmp_path, capsys):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name, content in tiny.batches.items():
        (folder / name).write_bytes(content)
    images = data.load("cifar10", root=tmp_path)
    assert images.labels.tolist() == list(range(10)) * 5
    assert torch.equal(images.images[10:20].flatten(1), torch.from_numpy(tiny.rows))
    expected = f"CIFAR-10: 50 train + 10 test images, official, from {tmp_path}/cifar-10-batches-py\n"
    assert capsys.readouterr().out == expected
    assert not (tmp_path / "cache").exists()  # plain files are quick to read: nothing is stored


@pytest.mark.parametrize("place", [".", "cifar-10-batches-py"])
def test_the_cifar_archive_is_read_where_it_lies(tiny, tmp_path, place):
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "cifar-10-python.tar.gz").write_bytes(next(iter(tiny.ball.values())))
    assert len(data.load("cifar10", "test", root=tmp_path)) == 10
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1


def test_half_an_archive(tiny, tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(next(iter(tiny.ball.values()))[:2000])
    message = error("cifar10", root=tmp_path)
    assert "cifar-10-python.tar.gz: expected a whole tar archive, got one that is cut short" in message
    assert not (tmp_path / "cache").exists()


def test_an_archive_without_the_file(tiny, tmp_path):
    tar(tmp_path / "cifar-10-python.tar.gz", {"cifar-10-batches-py/data_batch_1": b"x"})
    assert "expected the file test_batch inside, got none of that name" in error(
        "cifar10", "test", root=tmp_path
    )


def test_mnist_comes_straight_out_of_its_archive(tiny, tmp_path, capsys):
    files = {f"./MNIST/raw/{name}": content for name, content in tiny.raw.items()}
    tar(tmp_path / "mnist.tar.xz", files, "w:xz")
    digits = data.load("mnist", root=tmp_path)
    assert digits.images.numpy().tobytes() == tiny.raw["train-images-idx3-ubyte"][16:]
    assert f"official, from {tmp_path}/mnist.tar.xz" in capsys.readouterr().out


def test_a_damaged_xz_archive(tiny, tmp_path):
    files = {f"MNIST/raw/{name}": content for name, content in tiny.raw.items()}
    path = tmp_path / "mnist.tar.xz"
    tar(path, files, "w:xz")
    path.write_bytes(path.read_bytes()[:-5000])
    assert "mnist.tar.xz: expected a whole tar archive, got one that is cut short" in error(
        "mnist", root=tmp_path
    )
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    assert "mnist.tar.xz: expected a whole tar archive" in error("mnist", root=tmp_path)


def test_pickles_that_could_run_code_are_refused():
    class Bomb:
        def __reduce__(self):
            return (print, ("boom",))

    with pytest.raises(
        DataError, match=r"expected a batch of CIFAR images, got something else \(it asks for builtins"
    ):
        cifar.parse(pickle.dumps({b"data": Bomb()}), "data_batch_1")


def test_a_batch_needs_a_label_for_each_image():
    batch = pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]})
    with pytest.raises(DataError, match="expected a label for each of 2 images, got 1 labels"):
        cifar.parse(batch, "data_batch_1")
