"""The drawing of who feeds whom: every cell is there, and those that feed are filled."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from cnncourse import plots
from cnncourse.errors import ArgumentError, ShapeError

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def filled(sheet):
    return int((sheet.get_facecolor()[:, :3] < 1).any(axis=1).sum())


def test_cells_that_feed_are_filled_on_their_sheets():
    reads = torch.zeros(2, 4, 5)
    reads[1, 1:3, 2:5] = -3
    ax = plots.wiring(reads, (3, 2, 2), (2, 0, 1), title="six")
    assert [len(sheet.get_paths()) for sheet in ax.collections] == [20, 20, 4, 4, 4]
    assert [filled(sheet) for sheet in ax.collections] == [0, 6, 0, 0, 1]
    assert ax.get_title() == "six"


def test_the_stronger_the_darker():
    ax = plots.wiring([[[0.0, 1, 4]]], (1, 1, 1), (0, 0, 0))
    red = ax.collections[0].get_facecolor()[:, 0]
    assert red[0] > red[1] > red[2]


def test_nothing_is_cut_off():
    ax = plots.wiring(np.ones((3, 5, 5)), (1, 7, 7), (0, 6, 6))
    for sheet in ax.collections:
        for path in sheet.get_paths():
            x, y = path.vertices.T
            assert ax.get_xlim()[0] < x.min() <= x.max() < ax.get_xlim()[1]
            assert ax.get_ylim()[0] < y.min() <= y.max() < ax.get_ylim()[1]


def test_bad_input_is_named():
    with pytest.raises(ShapeError, match=r"three axes \(channels, rows, columns\), got shape \(2, 2\)"):
        plots.wiring(np.ones((2, 2)), (1, 1, 1), (0, 0, 0))
    with pytest.raises(ArgumentError, match=r"has shape \(1, 2, 2\), so it has no cell \(0, 2, 0\)"):
        plots.wiring(np.ones((1, 2, 2)), (1, 2, 2), (0, 2, 0))
