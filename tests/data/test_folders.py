"""from_folder: your own images, with errors that say what the folder should look like."""

import pytest
import torch
from PIL import Image

from cnncourse import data
from cnncourse.errors import ArgumentError, DataError

from .conftest import picture


@pytest.fixture
def pets(tmp_path):
    root = tmp_path / "pets"
    for split, each in (("train", 3), ("test", 1)):
        for name, colour in (("cat", (250, 0, 0)), ("dog", (0, 250, 0))):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(each):
                (folder / f"{number}.png").write_bytes(picture(colour, (40, 30)))
    return root


def error(*args, **options):
    with pytest.raises(DataError) as caught:
        data.from_folder(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_classes_labels_and_statistics(pets):
    train, test = data.from_folder(pets), data.from_folder(str(pets), "test")
    assert (train.name, train.classes, len(train), len(test)) == ("pets", ("cat", "dog"), 6, 2)
    assert train.images.shape == (6, 3, 30, 40)
    assert train.labels.tolist() == [0, 1] * 3
    assert train.images[1, :, 0, 0].tolist() == [0, 250, 0]
    assert train.mean == pytest.approx((125 / 255, 125 / 255, 0))
    assert test.mean == train.mean
    assert (train.source.kind, train.source.variant, train.source.where) == (
        "full",
        "folder of images",
        str(pets),
    )
    assert test.source.sha256 != train.source.sha256


def test_images_of_all_sizes_are_scaled_when_asked(pets):
    (pets / "train" / "cat" / "9.png").write_bytes(picture((250, 0, 0), (7, 90)))
    assert data.from_folder(pets, image_size=16).images.shape == (7, 3, 16, 16)
    assert (
        "cat/9.png: expected an image of 30×40 pixels, got 90×7 (height × width) — give image_size"
        in error(pets)
    )


def test_grey_images_keep_one_channel(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.new("L", (5, 5), 9).save(tmp_path / "train" / name / "1.png")
    assert data.from_folder(tmp_path).images.shape == (2, 1, 5, 5)


def test_the_arrays_are_kept(pets, tmp_path):
    first = data.from_folder(pets, image_size=8)
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1
    assert torch.equal(data.from_folder(pets, image_size=8).images, first.images)
    data.from_folder(pets, image_size=9)
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 2


def test_constant_images_can_still_be_standardised(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.new("L", (5, 5), 9).save(tmp_path / "train" / name / "1.png")
    assert data.from_folder(tmp_path).normalised().isfinite().all()


def test_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    assert error("no/where").startswith(
        "no/where: expected a folder with train/<class>/*.png|jpg, got nothing there"
    )
    assert "got a file" in error(tmp_path / "file")


def test_a_folder_of_another_form(pets):
    assert error(pets / "train") == (
        f"{pets / 'train'}: expected train/<class>/*.png|jpg with at least two classes, got 0 "
        "(the folder holds: cat, dog) — make a folder for each class below train"
    )
    assert "got 0 (the folder holds: 0.png, 1.png, 2.png)" in error(pets / "train" / "cat")


def test_one_class_is_too_few(pets):
    (pets / "train" / "cat").rename(pets / "cat")
    assert "with at least two classes, got 1" in error(pets)


def test_an_empty_folder(tmp_path):
    assert "got 0 (the folder holds: nothing)" in error(tmp_path)


def test_no_test_images(pets):
    (pets / "test").rename(pets / "val")
    assert "test: expected images in a folder for each of cat, dog; got none for cat, dog" in error(
        pets, "test"
    )


def test_an_unreadable_image_is_named(pets):
    (pets / "train" / "dog" / "1.png").write_bytes(b"woof")
    assert f"{pets}/train/dog/1.png: expected a PNG or JPEG image" in error(pets)


@pytest.mark.parametrize("size", [0, -3])
def test_a_size_is_a_number_of_pixels(pets, size):
    with pytest.raises(ArgumentError, match=f"image_size expects a number of pixels from 1 up, got {size}"):
        data.from_folder(pets, image_size=size)


def test_the_split_is_checked(pets):
    with pytest.raises(ArgumentError, match='split expects "train" or "test", got \'val\''):
        data.from_folder(pets, "val")
