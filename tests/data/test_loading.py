"""load: where it looks, in which order, what it says, and what takes the place of what is not there."""

import pytest
import torch

from cnncourse import data
from cnncourse.errors import ArgumentError, DataError


def test_without_anything_the_sample_is_used_and_said_so(tiny, capsys):
    digits = data.load("mnist")
    assert (len(digits), digits.source.kind) == (5_000, "sample")
    assert digits.source.variant == "sample of 5,000 + 1,000"
    assert capsys.readouterr().out == (
        "MNIST: not found, and CNNCOURSE_OFFLINE is set — using the sample that ships with the course: "
        "5,000 train + 1,000 test images\n"
    )


def test_the_line_is_printed_once(tiny, capsys):
    data.load("mnist")
    data.load("mnist")
    data.load("mnist", "test")
    assert capsys.readouterr().out.count("\n") == 1


def test_the_line_can_be_left_out(tiny, capsys):
    data.load("mnist", announce=False)
    assert capsys.readouterr() == ("", "")
    data.load("mnist")
    assert capsys.readouterr().out != ""


def test_without_download_the_network_is_not_blamed(tiny, capsys):
    data.load("fashion_mnist", download=False)
    assert capsys.readouterr().out == (
        "Fashion-MNIST: not found on this machine — using the sample that ships with the course: "
        "2,000 train + 500 test images\n"
    )


def test_cifar_gives_way_to_shapes_and_says_so(tiny, capsys):
    images = data.load("cifar10")
    assert (images.name, images.source.kind) == ("shapes10", "generated")
    assert images.classes[0] == "circle"
    assert capsys.readouterr().out == (
        "CIFAR-10: not found, and CNNCOURSE_OFFLINE is set — using shapes10 instead: "
        "10,000 train + 2,000 test images, drawn by the course, NOT CIFAR-10\n"
    )


def test_shapes_are_announced_as_themselves(capsys):
    data.load("shapes10", "test")
    assert capsys.readouterr().out == "shapes10: 10,000 train + 2,000 test images, drawn by the course\n"


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_samples_have_every_class(tiny, name, split):
    part = data.load(name, split)
    counts = torch.bincount(part.labels, minlength=10)
    assert counts.min() > 0.08 * len(part)
    assert part.images.shape[1:] == (1, 28, 28)
    assert part.labels[:50].unique().numel() >= 8  # mixed, not one class after the other


def test_the_samples_are_small():
    from importlib.resources import files

    folder = files("cnncourse.data") / "samples"
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 3_000_000
    credits = (folder / "ATTRIBUTION.txt").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in credits
    assert "Zalando SE" in credits


def test_the_readers_folder_comes_before_the_cache(tiny, mirror, tmp_path, monkeypatch):
    tiny.mirrors("cifar10", mirror.url("good"))
    assert data.load("cifar10").source.where == "the cache folder"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "cifar-10-python.tar.gz").write_bytes(next(iter(tiny.ball.values())))
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / "mine"))
    assert data.load("cifar10").source.where == "$CNNCOURSE_DATA"


def test_a_root_is_the_only_place_that_is_searched(tiny, mirror, tmp_path):
    tiny.mirrors("mnist", mirror.url("good"))
    assert data.load("mnist").source.kind == "full"
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="got none of these"):
        data.load("mnist", root=tmp_path / "empty")


def test_a_system_folder_comes_before_the_cache(tiny, mirror, tmp_path):
    from dataclasses import replace

    for name, content in tiny.packed.items():
        (tmp_path / name).write_bytes(content)
    entry = tiny.mirrors("mnist", mirror.url("good"))
    tiny.entries["mnist"] = replace(entry, system=(str(tmp_path),))
    assert data.load("mnist").source.where == str(tmp_path)
    assert mirror.asked == []


def test_several_folders_may_be_named(tiny, tmp_path, monkeypatch):
    import os

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "cifar-10-python.tar.gz").write_bytes(next(iter(tiny.ball.values())))
    monkeypatch.setenv("CNNCOURSE_DATA", f"{tmp_path / 'a'}{os.pathsep}{tmp_path / 'b'}")
    assert data.load("cifar10").source.variant == "official"


def test_a_half_finished_download_is_no_source(tiny, tmp_path):
    folder = tmp_path / "cache" / "downloads" / "mnist"
    folder.mkdir(parents=True)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(tiny.packed["train-images-idx3-ubyte.gz"])
    assert data.load("mnist").source.kind == "sample"


def test_a_download_that_fails_is_told_with_its_reason(tiny, mirror, capsys):
    tiny.mirrors("mnist", mirror.url("gone"))
    assert data.load("mnist").source.kind == "sample"
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "the answer 404 Not Found" in out
    assert "using the sample that ships with the course" in out


@pytest.mark.parametrize(("what", "got"), [("nowhere", "nothing there"), ("file", "a file")])
def test_a_data_folder_that_is_none_is_an_error(tiny, tmp_path, monkeypatch, what, got):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path / what))
    with pytest.raises(DataError) as caught:
        data.load("mnist")
    assert str(caught.value) == (
        f"CNNCOURSE_DATA={tmp_path / what}: expected a folder with data sets, got {got} — "
        "correct it or leave it out"
    )


def test_a_root_without_the_set_says_what_it_should_hold(tiny, tmp_path):
    with pytest.raises(DataError) as caught:
        data.load("cifar10", root=tmp_path)
    assert str(caught.value) == (
        f"root='{tmp_path}': expected CIFAR-10 there as cifar-10-batches-py, cifar10-images.tar.xz, "
        "cifar10-images/train/<class>/*.png|jpg, CIFAR-10-images/train/<class>/*.png|jpg, "
        "cifar10/train/<class>/*.png|jpg, train/<class>/*.png|jpg, got none of these — "
        "leave root out to search the usual places"
    )
    with pytest.raises(
        DataError, match="root='nowhere': expected a folder with data sets, got nothing there"
    ):
        data.load("mnist", root="nowhere")


def test_the_split_is_checked():
    with pytest.raises(ArgumentError, match=r'split expects "train" or "test", got \'val\' — set\.split'):
        data.load("mnist", "val")


def test_pixels_can_be_changed_without_a_warning(tiny, recwarn):
    data.load("mnist").images[0] = 0
    assert [str(warning.message) for warning in recwarn] == []


def test_arrays_that_cannot_be_changed_are_copied(tiny, tmp_path, recwarn):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, content in tiny.raw.items():
        (folder / name).write_bytes(content)
    data.load("mnist", root=tmp_path).images[0] = 0
    assert [str(warning.message) for warning in recwarn] == []


def test_a_copy_that_lacks_images_is_not_announced_as_the_whole_set_alone(tree, capsys):
    root = tree(each=2)
    data.load("cifar10", root=root)
    data.load("cifar10", root=root)
    shown = capsys.readouterr()
    assert "50,000 train" in shown.out
    assert shown.err == f"CIFAR-10: {root} holds 20 train images, the whole set has 50,000\n"
