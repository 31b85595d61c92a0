import re

import pytest
import torch
from torch import nn

from cnncourse import explain
from cnncourse.errors import ArgumentError, ShapeError


class Pixel(nn.Module):
    """A net that looks at one pixel: the score of class 0 is its value times 10."""

    def __init__(self, row, column):
        super().__init__()
        self.row, self.column, self.asked = row, column, []

    def forward(self, x):
        self.asked.append(len(x))
        score = 10 * x[:, :, self.row, self.column].sum(1, keepdim=True)
        return torch.cat([score, -score], dim=1)


def test_a_net_that_looks_at_one_pixel():
    found = explain.occlusion(Pixel(3, 5), torch.ones(1, 1, 8, 9), 0, window=1, stride=1)
    expected = torch.zeros(1, 8, 9)
    expected[0, 3, 5] = 10
    assert torch.equal(found, expected)
    assert torch.equal(
        explain.occlusion(Pixel(3, 5), torch.ones(1, 1, 8, 9), 1, window=1, stride=1), -expected
    )


def test_a_window_blurs_what_it_finds_and_the_mean_is_by_hand():
    """Windows of 2 pixels at 0, 1, 2 of a row of 4; those at 1 and 2 cover pixel 2."""
    net, x = Pixel(0, 2), torch.ones(1, 1, 2, 4)
    places = explain.occlusion(net, x, 0, window=2, stride=1, spread=False)
    assert places.tolist() == [[[0, 10, 10]]]
    assert explain.occlusion(net, x, 0, window=2, stride=1).tolist() == [
        [[0, 5, 10, 10]] * 2
    ]  # 10/2 at pixel 1


def test_the_last_window_reaches_the_border():
    places = explain.occlusion(Pixel(0, 6), torch.ones(1, 1, 3, 7), 0, window=3, stride=2, spread=False)
    assert places.shape == (1, 1, 3)
    cut = explain.occlusion(Pixel(0, 7), torch.ones(1, 1, 3, 8), 0, window=3, stride=2, spread=False)
    assert cut.tolist() == [[[0, 0, 0, 10]]]  # the fourth covers two pixels


def test_fill_is_a_number_a_colour_or_a_picture():
    x = torch.ones(2, 3, 4, 4)
    for fill, lost in (
        (0.5, 10 * 1.5),
        (torch.tensor([1.0, 0.0, 1.0]), 10.0),
        (torch.ones(3, 4, 4), 0.0),
        (2 * x, -30.0),
    ):
        found = explain.occlusion(Pixel(1, 1), x, 0, window=1, stride=1, fill=fill)
        assert found[:, 1, 1].tolist() == [lost, lost], fill


def test_many_places_are_asked_in_batches_that_memory_holds():
    net = Pixel(0, 0)
    explain.occlusion(net, torch.ones(3, 1, 40, 40), 0, window=4, stride=2)
    assert max(net.asked) <= 256
    assert sum(net.asked) == 3 * 19 * 19 + 2 * 3  # and twice the images themselves


def test_images_do_not_mix():
    x = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1, 1).expand(3, 1, 6, 6)
    found = explain.occlusion(Pixel(2, 2), x, [0, 1, 0], window=2, stride=2)
    assert found[:, 2, 2].tolist() == [10, -20, 30]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"window": 0}, ArgumentError, "window expects a whole number from 1 up, got 0"),
        (
            {"stride": 6},
            ArgumentError,
            "stride expects at most the window, 5, or pixels stay uncovered; got 6",
        ),
        ({"window": 7}, ShapeError, "window expects at most the images' 6×6 pixels, got 7"),
        ({"fill": torch.ones(2)}, ShapeError, "fill expects a number, a colour of 1 channels"),
        ({"spread": 1}, ArgumentError, "spread expects True or False, got 1"),
    ],
)
def test_errors(options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        explain.occlusion(Pixel(0, 0), torch.ones(1, 1, 6, 6), **options)
