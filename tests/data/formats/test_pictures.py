"""Single pictures: colour and grey, scaling without stretching."""

import io

import numpy as np
import pytest
from PIL import Image

from cnncourse.data.formats.pictures import picture_size, read_picture
from cnncourse.errors import DataError

from ..conftest import picture


def saved(image, kind="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def test_colour_becomes_grey_and_grey_colour():
    red = picture((255, 0, 0))
    assert read_picture(red, (1, 3, 4), "red")[0, 0, 0] == 76  # 0.299 of 255
    grey = saved(Image.new("L", (4, 3), 100))
    assert read_picture(grey, (3, 3, 4), "grey")[:, 0, 0].tolist() == [100, 100, 100]


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("1", 1), ("RGB", 3), ("RGBA", 3), ("P", 3)])
def test_the_size_says_whether_there_is_colour(mode, channels):
    assert picture_size(saved(Image.new(mode, (5, 2))), "x") == (channels, 2, 5)


def test_sixteen_bit_grey_counts_as_grey():
    deep = Image.fromarray(np.full((2, 5), 40_000, dtype=np.uint16))
    assert picture_size(saved(deep), "x") == (1, 2, 5)


@pytest.mark.parametrize("size", [(100, 50), (50, 100), (30, 31), (10, 10)])
def test_fitting_keeps_the_middle_and_stretches_nothing(size):
    image = Image.new("RGB", size, (0, 0, 0))
    width, height = size
    side = min(size) // 2
    left, top = (width - side) // 2, (height - side) // 2
    image.paste((255, 255, 255), (left, top, left + side, top + side))
    got = read_picture(saved(image), (3, 20, 20), "x", fit=True)
    assert got.shape == (3, 20, 20)
    rows, columns = (got[0] > 127).any(1).sum(), (got[0] > 127).any(0).sum()
    assert abs(int(rows) - 10) <= 1
    assert abs(int(columns) - 10) <= 1
    assert got[0, 10, 10] == 255


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    with pytest.raises(DataError, match="big: expected an image that can be decoded, got: Image size"):
        picture_size(picture((0, 0, 0), (10, 10)), "big")
