"""Trees of images: read from folders and archives, in a fair order, with errors that name the file."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from cnncourse import data
from cnncourse.data import registry
from cnncourse.data.formats import trees
from cnncourse.errors import DataError

from ..conftest import picture, tar

CLASSES = registry.entry("cifar10").classes


def error(root, split="train"):
    with pytest.raises(DataError) as caught:
        data.load("cifar10", split, root=root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("where", [".", "cifar10", "CIFAR-10-images"])
def test_a_tree_is_found_and_says_that_it_is_a_copy(tree, tmp_path, capsys, where):
    root = tmp_path / "all"
    tree(root / where, each=2)
    images = data.load("cifar10", root=root)
    assert images.classes == CLASSES
    assert images.labels.tolist() == [*range(10), *range(10)]  # round and round the classes
    assert images.images[13, :, 0, 0].tolist() == [60, 1, 7]  # the second cat
    assert images.source.variant == "JPEG copy"
    assert "JPEG copy, from " in capsys.readouterr().out


def test_an_archive_gives_the_same_as_its_tree(tree, tmp_path):
    root = tree(each=3)
    (tmp_path / "packed").mkdir()
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.png")}
    tar(tmp_path / "packed" / "cifar10-images.tar.xz", {**files, "train/cat/readme.txt": b"no image"}, "w:xz")
    for split in ("train", "test"):
        loose = data.load("cifar10", split, root=root)
        packed = data.load("cifar10", split, root=tmp_path / "packed")
        assert torch.equal(loose.images, packed.images)
        assert torch.equal(loose.labels, packed.labels)
        assert loose.source.sha256 == packed.source.sha256


def test_mnist_may_be_a_tree_too(tmp_path):
    for label in range(10):
        folder = tmp_path / "mnist" / "train" / str(label)
        folder.mkdir(parents=True)
        Image.new("L", (28, 28), label).save(folder / "a.png")
    digits = data.load("mnist", root=tmp_path)
    assert digits.images[:, 0, 0, 0].tolist() == list(range(10))
    assert digits.source.variant == "folder of images"


def test_a_missing_class_folder(tree):
    root = tree()
    for path in (root / "train" / "frog").iterdir():
        path.unlink()
    (root / "train" / "frog").rmdir()
    assert error(root) == (
        f"{root}/train: expected images in a folder for each of {', '.join(CLASSES)}; got none for frog — "
        "add them, or copy the set again"
    )


def test_an_empty_class_folder(tree):
    root = tree()
    for path in (root / "test" / "ship").iterdir():
        path.unlink()
    assert "got none for ship" in error(root, "test")
    assert len(data.load("cifar10", root=root)) == 20


def test_a_missing_split(tree):
    root = tree()
    (root / "test").rename(root / "val")
    assert f"got none for {', '.join(CLASSES)}" in error(root, "test")


def test_a_class_too_many(tree):
    root = tree()
    (root / "train" / "zebra").mkdir()
    (root / "train" / "zebra" / "1.png").write_bytes(picture((0, 0, 0), (32, 32)))
    assert "; got zebra too — move away what does not belong there" in error(root)


def test_an_image_that_is_none_is_named(tree):
    root = tree()
    (root / "train" / "cat" / "0001.png").write_bytes(b"meow")
    expected = f"{root}/train/cat/0001.png: expected a PNG or JPEG image, got a file of another kind"
    assert error(root).startswith(expected)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_half_an_image_is_named_and_nothing_is_stored(tree, tmp_path, kind):
    root = tree(kind=kind)
    path = root / "train" / "dog" / f"0000.{kind.lower()}"
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    message = error(root)
    assert message.startswith(f"{path}: expected an image that can be decoded, got: ")
    assert message.endswith("— replace it or delete it")
    assert not (tmp_path / "cache").exists()


def test_an_image_of_another_size_is_named(tree):
    root = tree()
    (root / "train" / "cat" / "0001.png").write_bytes(picture((0, 0, 0), (31, 32)))
    assert "train/cat/0001.png: expected an image of 32×32 pixels, got 32×31 (height × width)" in error(root)


def test_a_change_in_the_tree_is_seen(tree):
    root = tree()
    before = data.load("cifar10", root=root)
    (root / "train" / "truck" / "0002.png").write_bytes(picture((9, 9, 9), (32, 32)))
    after = data.load("cifar10", root=root)
    assert (len(before), len(after)) == (20, 21)
    assert after.source.sha256 != before.source.sha256


def test_another_image_of_the_same_length_is_seen(tree):
    root = tree()
    path = root / "train" / "truck" / "0001.png"
    old = path.stat()
    before = data.load("cifar10", root=root)
    path.write_bytes((root / "train" / "ship" / "0001.png").read_bytes())
    assert path.stat().st_size == old.st_size
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns + 1_000_000))
    assert not torch.equal(data.load("cifar10", root=root).images, before.images)


def test_hidden_files_and_other_folders_are_left_alone(tree):
    root = tree()
    (root / "train" / ".DS_Store").write_bytes(b"")
    (root / "train" / ".cache").mkdir()
    (root / "train" / ".cache" / "x.png").write_bytes(b"")
    (root / "train" / "cat" / "._0001.png").write_bytes(b"")
    (root / "train" / "notes.txt").write_text("mine")
    assert len(data.load("cifar10", root=root)) == 20


def test_one_folder_of_that_name_is_no_copy_of_the_set(tmp_path):
    (tmp_path / "train" / "cat").mkdir(parents=True)
    assert not trees.looks_like(tmp_path, CLASSES)
    (tmp_path / "train" / "dog").mkdir()
    assert trees.looks_like(tmp_path, CLASSES)
