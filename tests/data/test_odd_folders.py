"""from_folder, on trees as disks, cameras and archives leave them: nothing vanishes or changes in silence."""

import errno
import os
import sys
import unicodedata

import numpy as np
import pytest
from PIL import ExifTags, Image, features

from cnncourse import data
from cnncourse.errors import ArgumentError, DataError

from .conftest import picture

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files, or not for everybody")
BYTES = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
RED, GREEN = (250, 0, 0), (0, 250, 0)


@pytest.fixture
def pets(tmp_path):
    for split in ("train", "test"):
        for name, colour in (("cat", RED), ("dog", GREEN)):
            (tmp_path / "pets" / split / name).mkdir(parents=True)
            (tmp_path / "pets" / split / name / "1.png").write_bytes(picture(colour))
    return tmp_path / "pets"


def error(*args, kind=DataError, **options):
    with pytest.raises(kind) as caught:
        data.from_folder(*args, **options)
    message = str(caught.value)
    assert "\n" not in message
    message.encode()  # it can be printed
    return message


def said(capsys):
    """Return what stands on standard error, one line a tree at most."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len({line.partition(": ")[0] for line in lines})
    return "\n".join(lines)


def test_an_empty_class_is_an_error(pets):
    (pets / "train" / "cow").mkdir()
    assert error(pets) == (
        f"{pets}/train/cow: expected images of the class, got none (nothing in it) — put some there, or "
        "delete the folder"
    )


def test_a_class_of_other_files_is_an_error_that_names_them(pets):
    (pets / "train" / "cow").mkdir()
    (pets / "train" / "cow" / "1.heic").write_bytes(b"ftyp")
    assert "got none (left out, no image of a kind that is read (1: cow/1.heic))" in error(pets)


@pytest.mark.parametrize("kind", ["webp", "tiff", "tif", "bmp", "gif", "avif", "jfif"])
def test_a_class_of_another_kind_of_image_is_read(pets, kind, capsys):
    if kind in features.modules and not features.check(kind):
        pytest.skip(f"this Pillow does not read {kind}")
    (pets / "train" / "cow").mkdir()
    image = Image.new("RGB", (4, 3), (0, 0, 240))
    image.save(pets / "train" / "cow" / f"1.{kind}", "JPEG" if kind == "jfif" else None)
    images = data.from_folder(pets)
    assert images.classes == ("cat", "cow", "dog")
    assert abs(int(images.images[1, 2].float().mean()) - 240) < 10
    assert said(capsys) == ""


def test_images_in_deeper_folders_belong_to_the_class_and_that_is_said(pets, capsys):
    (pets / "train" / "cat" / "2021" / "may").mkdir(parents=True)
    (pets / "train" / "cat" / "2021" / "may" / "1.png").write_bytes(picture((9, 9, 9)))
    images = data.from_folder(pets)
    assert images.labels.tolist() == [0, 1, 0]
    assert images.images[2, 0, 0, 0] == 9
    assert said(capsys) == f"{pets}/train: taken from a deeper folder (1: cat/2021/may/1.png)"


def test_what_systems_leave_behind_is_no_class_and_is_named(pets, capsys):
    for folder in ("@eaDir", "__MACOSX", ".ipynb_checkpoints", "cat/@eaDir/1.png"):
        (pets / "train" / folder).mkdir(parents=True)
        (pets / "train" / folder / "SYNOPHOTO_THUMB_M.jpg").write_bytes(picture(RED, kind="JPEG"))
    for name in ("Thumbs.db", ".DS_Store", "._1.png"):
        (pets / "train" / "dog" / name).write_bytes(b"")
    images = data.from_folder(pets)
    assert (images.classes, len(images)) == (("cat", "dog"), 2)
    assert said(capsys) == (
        f"{pets}/train: left out, hidden or the system's (5: .ipynb_checkpoints, @eaDir, __MACOSX, …)"
    )


@POSIX
def test_what_is_left_out_is_said_once_in_one_line(pets, capsys):
    (pets / "train" / "readme.txt").write_text("mine")
    (pets / "train" / "cat" / "2.heic").write_bytes(b"")
    (pets / "train" / "cat" / "again").symlink_to(pets / "test" / "cat")
    data.from_folder(pets)
    data.from_folder(pets)
    assert said(capsys) == (
        f"{pets}/train: left out, no image of a kind that is read (1: cat/2.heic); left out, a link to a "
        "folder (1: cat/again); left out, beside the class folders (1: readme.txt)"
    )


@POSIX
def test_a_link_in_a_circle_does_not_hold_the_walk(pets):
    (pets / "train" / "cat" / "loop").symlink_to(pets / "train" / "cat")
    assert len(data.from_folder(pets)) == 2


def test_names_with_accents_are_the_same_however_they_are_stored(pets):
    for split, form in (("train", "NFC"), ("test", "NFD")):
        (pets / split / "cat").rename(pets / split / unicodedata.normalize(form, "chaton né"))
    assert data.from_folder(pets, "test").classes == ("chaton né", "dog")


@BYTES
def test_two_spellings_in_one_folder_are_one_class(pets):
    for form in ("NFC", "NFD"):
        folder = pets / "train" / unicodedata.normalize(form, "né")
        folder.mkdir()
        (folder / "1.png").write_bytes(picture(RED))
    images = data.from_folder(pets)
    assert (images.classes, images.labels.tolist().count(2)) == (("cat", "dog", "né"), 2)


def two(tmp_path, first, second, name="x.png"):
    """Write a tree with an image in each of two classes."""
    for label, image in zip("ab", (first, second), strict=True):
        (tmp_path / "train" / label).mkdir(parents=True)
        image.save(tmp_path / "train" / label / name)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "dtype"), [("png", "<u2"), ("tiff", "<u2"), ("tiff", ">u2"), ("pgm", "<u2")]
)
def test_sixteen_bits_become_eight(tmp_path, capsys, kind, dtype):
    deep = Image.fromarray(np.array([[300, 65535]], dtype))
    images = data.from_folder(two(tmp_path, deep, Image.new("L", (2, 1)), f"x.{kind}"))
    assert images.images[0].flatten().tolist() == [1, 255]
    assert said(capsys) == (
        f"{tmp_path}/train: with 16 bits a value, of which the upper 8 are kept (1: a/x.{kind})"
    )


def test_sixteen_bits_are_scaled_before_they_are_resized(tmp_path):
    deep = Image.fromarray(np.full((8, 8), 32768, np.uint16))
    images = data.from_folder(two(tmp_path, deep, deep), image_size=4)
    assert images.images.unique().tolist() == [128]


def test_thirty_two_bits_are_refused(tmp_path):
    float_ = Image.fromarray(np.full((2, 2), 0.5, np.float32))
    assert "a/x.tiff: expected 8 or 16 bits a value, got 32 (mode F)" in error(
        two(tmp_path, float_, float_, "x.tiff")
    )


def test_a_colour_space_that_cannot_become_grey_is_refused(tmp_path):
    two(tmp_path, Image.new("LAB", (2, 2)), Image.new("LAB", (2, 2)), "x.tiff")
    (tmp_path / "train").rename(tmp_path / "test")
    two(tmp_path, Image.new("L", (2, 2)), Image.new("L", (2, 2)))
    assert "test/a/x.tiff: expected grey or RGB colour, got: " in error(tmp_path, "test")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L"])
def test_black_on_transparent_is_black_on_white(tmp_path, capsys, mode):
    drawing, options = Image.new("RGBA", (4, 2), (0, 0, 0, 0)), {}
    drawing.paste((0, 0, 0, 255), (0, 0, 2, 2))
    if mode in ("RGBA", "LA"):
        drawing = drawing.convert(mode)
    else:  # one value is declared transparent
        drawing = Image.fromarray(np.array([[0, 0, 7, 7]] * 2, np.uint8)).convert(mode)
        if mode == "P":
            drawing.putpalette([0] * 24)
        options = {"transparency": (7, 7, 7) if mode == "RGB" else 7}
    for label in "ab":
        (tmp_path / "train" / label).mkdir(parents=True)
        drawing.save(tmp_path / "train" / label / "x.png", **options)
    images = data.from_folder(tmp_path)
    assert images.images[0, 0, 0].tolist() == [0, 0, 255, 255]
    assert "with transparent parts, which were laid on white (2: a/x.png, b/x.png)" in said(capsys)


def test_an_opaque_fourth_channel_changes_nothing(tmp_path, capsys):
    opaque = Image.new("RGBA", (2, 2), (1, 2, 3, 255))
    images = data.from_folder(two(tmp_path, opaque, opaque)).images
    assert images[0, :, 0, 0].tolist() == [1, 2, 3]
    assert said(capsys) == ""


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_photographs_are_turned_upright(tmp_path, capsys, kind):
    lying = Image.new("RGB", (16, 32), (0, 0, 0))
    lying.paste((255, 255, 255), (0, 0, 16, 16))  # the upper half is light
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned clockwise: the light half comes to the right
    for label in "ab":
        (tmp_path / "train" / label).mkdir(parents=True)
        lying.save(tmp_path / "train" / label / f"x.{kind}", exif=exif, quality=95)
    images = data.from_folder(tmp_path).images
    assert images.shape == (2, 3, 16, 32)
    assert images[0, 0, :, 20:].min() > 200
    assert images[0, 0, :, :12].max() < 50
    assert f"turned upright, as the camera noted (2: a/x.{kind}, b/x.{kind})" in said(capsys)


def test_a_damaged_note_of_the_camera_does_not_cost_the_picture(tmp_path):
    for label in "ab":
        (tmp_path / "train" / label).mkdir(parents=True)
        Image.new("L", (4, 4), 9).save(
            tmp_path / "train" / label / "x.jpg", exif=b"Exif\0\0MM\0*\0\0\xff\xff"
        )
    assert len(data.from_folder(tmp_path)) == 2


@pytest.mark.parametrize("grey_first", [True, False])
def test_one_grey_file_leaves_the_set_in_colour(tmp_path, capsys, grey_first):
    pair = [Image.new("L", (2, 2), 9), Image.new("RGB", (2, 2), RED)]
    images = data.from_folder(two(tmp_path, *(pair if grey_first else pair[::-1]))).images
    grey, red = images if grey_first else images.flip(0)
    assert (grey[:, 0, 0].tolist(), red[:, 0, 0].tolist()) == ([9, 9, 9], [250, 0, 0])
    assert "grey among colour, which got three equal channels (1: " in said(capsys)


def test_the_test_images_have_the_form_of_the_training_images(tmp_path):
    two(tmp_path, Image.new("L", (2, 2), 9), Image.new("RGB", (2, 2), RED))
    (tmp_path / "train").rename(tmp_path / "later")
    two(tmp_path, Image.new("L", (2, 2), 8), Image.new("L", (2, 2), 9))
    (tmp_path / "later").rename(tmp_path / "test")
    assert data.from_folder(tmp_path, "test").images.shape == (2, 1, 2, 2)


def test_the_first_of_several_frames_is_taken_and_that_is_said(tmp_path, capsys):
    frames = [Image.new("L", (2, 2), value) for value in (50, 200)]
    for label in "ab":
        (tmp_path / "train" / label).mkdir(parents=True)
        frames[0].save(tmp_path / "train" / label / "x.gif", save_all=True, append_images=frames[1:])
    assert data.from_folder(tmp_path).images.unique().tolist() == [50]
    assert "with several frames, of which the first is taken (2: " in said(capsys)


@POSIX
def test_a_link_that_leads_nowhere_is_named(pets):
    (pets / "train" / "cat" / "2.png").symlink_to(pets / "gone.png")
    assert error(pets) == (
        f"{pets}/train/cat/2.png: expected to read it, got: No such file or directory — correct that, or "
        "take it out of the folder"
    )


@POSIX
def test_a_pipe_is_not_waited_for(pets):
    os.mkfifo(pets / "train" / "cat" / "2.png")
    assert "train/cat/2.png: expected to read it, got: it is no file" in error(pets)


@BYTES
@pytest.mark.parametrize("place", ["file", "class", "root"])
def test_names_that_are_not_utf8(pets, tmp_path, place):
    odd = os.fsdecode(b"caf\xe9")
    if place == "file":
        (pets / "train" / "cat" / f"{odd}.png").write_bytes(picture(RED))
    elif place == "class":
        for split in ("train", "test"):
            (pets / split / "cat").rename(pets / split / odd)
    else:
        pets = pets.rename(tmp_path / odd)
    images = data.from_folder(pets)
    repr(images).encode()
    images.source.where.encode()
    assert images.classes == (("caf\\xe9", "dog") if place == "class" else ("cat", "dog"))
    assert len(list((tmp_path / "cache" / "decoded").iterdir())) == 1
    assert data.from_folder(pets, "test").classes == images.classes


@BYTES
def test_a_damaged_image_with_such_a_name_is_named(pets):
    (pets / "train" / "cat" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"meow")
    assert "train/cat/caf\\xe9.png: expected a PNG or JPEG image" in error(pets)


@pytest.mark.parametrize("place", ["", "train", "train/cat", "train/cat/1.png"])
def test_what_may_not_be_read_is_named(pets, monkeypatch, place):
    """The system's refusal is made up: whoever runs the tests may be allowed to read everything."""
    closed = str(pets / place) if place else str(pets)

    def guarded(real):
        def ask(path, *args, **options):
            if isinstance(path, str | os.PathLike) and str(path) == closed:
                raise PermissionError(errno.EACCES, "Permission denied", closed)
            return real(path, *args, **options)

        return ask

    for module, name in ((os, "listdir"), (os, "scandir"), (Image, "open")):
        monkeypatch.setattr(module, name, guarded(getattr(module, name)))
    message = error(pets)
    assert message.startswith(f"{closed}: expected to read it, got: Permission denied — correct that")


@pytest.mark.parametrize("size", ["64", (64, 64), 64.0, True])
def test_a_size_of_the_wrong_kind(pets, size):
    message = error(pets, image_size=size, kind=ArgumentError)
    hint = " — write 64" if size == (64, 64) else ""
    assert message == f"image_size expects a number of pixels from 1 up, got {size!r}{hint}"


def test_a_size_may_come_from_numpy(pets):
    assert data.from_folder(pets, image_size=np.int64(2)).images.shape == (2, 3, 2, 2)


@pytest.mark.parametrize("path", [None, 5, b"pets", "", "a\0b", "~nobody-of-this-name/pets"])
def test_a_path_of_the_wrong_kind(path):
    assert "path expects a path, got " in error(path, kind=ArgumentError)


def test_the_home_folder_may_be_short(pets, monkeypatch):
    monkeypatch.setenv("HOME", str(pets.parent))
    monkeypatch.setenv("USERPROFILE", str(pets.parent))
    assert len(data.from_folder("~/pets")) == 2
