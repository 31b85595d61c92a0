import sys
import types

import matplotlib
import numpy as np
import pytest
import torch

from cnncourse import check
from cnncourse.check import picture

matplotlib.use("Agg")


@pytest.fixture
def shown(monkeypatch):
    """Pretend to be a notebook and collect what is displayed; the drawing itself is a stand-in."""
    import matplotlib.pyplot as plt
    from IPython import display

    seen = []

    def compare(expected, got):
        seen.append((expected, got))
        return plt.subplots(1, 3)[1]

    monkeypatch.setattr(picture, "in_notebook", lambda: True)
    monkeypatch.setattr(display, "display", seen.append)
    monkeypatch.setitem(sys.modules, "cnncourse.plots", types.SimpleNamespace(compare=compare))
    monkeypatch.setattr("cnncourse.plots", types.SimpleNamespace(compare=compare), raising=False)
    return seen


def fail(got, expected):
    with pytest.raises(check.CheckFailed):
        check.equal(got, expected)


def test_the_picture_that_differs_is_shown(shown):
    right = torch.arange(18.0).reshape(2, 1, 3, 3)
    wrong = right.clone()
    wrong[1, 0, 2, 2] = 0
    fail(wrong, right)
    (expected, got), image = shown
    assert expected.tolist() == right[1, 0].tolist()
    assert got.tolist() == wrong[1, 0].tolist()
    assert image.data.startswith(b"\x89PNG")
    assert image.alt == "Three panels: expected, yours, and the difference"


def test_a_row_is_shown_as_a_picture(shown):
    fail(torch.tensor([True, False]), torch.tensor([True, True]))
    assert shown[0][0].shape == (1, 2)


@pytest.mark.parametrize(
    "right", [torch.tensor(1.0), torch.ones(300), torch.ones(2, 2) * 1j, torch.ones(1, 400, 2)], ids=str
)
def test_some_arrays_make_no_picture(shown, right):
    fail(right + 1, right)
    assert shown == []


def test_no_picture_outside_a_notebook(shown, monkeypatch):
    monkeypatch.setattr(picture, "in_notebook", lambda: False)
    fail(torch.ones(2), torch.zeros(2))
    assert shown == []


def test_a_broken_drawing_never_hides_the_message(shown, monkeypatch):
    def broken(expected, got):
        raise RuntimeError("no ink")

    monkeypatch.setattr("cnncourse.plots", types.SimpleNamespace(compare=broken), raising=False)
    fail(torch.ones(2), torch.zeros(2))


def test_plane_of_a_stack():
    assert picture.plane(np.zeros((2, 3, 4, 5)), (1, 2, 0, 0)).shape == (4, 5)
