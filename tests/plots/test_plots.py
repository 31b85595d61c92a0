"""Figures: what is drawn is what was given, and bad input is named."""

from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex

from cnncourse import plots
from cnncourse.errors import ArgumentError, ShapeError

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    plots.use_style()
    yield
    plt.close("all")


def words(ax):
    return [text.get_text() for text in ax.texts]


def history(*accuracies, val=True):
    return SimpleNamespace(
        epochs=[
            SimpleNamespace(
                epoch=i,
                train_loss=1.0,
                val_loss=2.0 if val else None,
                train_accuracy=a,
                val_accuracy=None,
                lr=0.1,
            )
            for i, a in enumerate(accuracies, 1)
        ]
    )


def test_numbers_writes_every_value_and_the_padding():
    ax = plots.numbers([[1, 2], [3, 4.5]], padding=1)
    assert words(ax) == ["0", "0", "0", "0", "0", "1", "2", "0", "0", "3", "4.5", "0", "0", "0", "0", "0"]


@pytest.mark.parametrize(("dilation", "frames"), [(1, 1), (2, 4)])
def test_numbers_outlines_the_window(dilation, frames):
    ax = plots.numbers(torch.zeros(5, 5), window=(1, 2, 2, 2), dilation=dilation)
    outlined = [p for p in ax.patches if to_hex(p.get_edgecolor()) == plots.COLOURS["kernel"]]
    assert len(outlined) == frames
    assert outlined[0].get_xy() == (2, 1)


def test_numbers_takes_a_feature_map_and_refuses_a_batch():
    assert words(plots.numbers(torch.ones(1, 1, 1, 2))) == ["1", "1"]
    with pytest.raises(ShapeError, match=r"two axes \(rows, columns\), got shape \(2, 3, 4\)"):
        plots.numbers(torch.ones(2, 3, 4))
    with pytest.raises(ArgumentError, match="role expects one of input"):
        plots.numbers([[1]], role="colour")


@pytest.mark.parametrize("options", [{}, {"padding": 1}, {"stride": 2}, {"dilation": 2}])
def test_convolution_step_shows_torchs_numbers(options):
    x, weight = torch.arange(25.0).reshape(5, 5), torch.tensor([[1.0, 0.0], [2.0, -1.0]])
    axes = plots.convolution_step(x, weight, 0, 1, **options)
    expected = F.conv2d(x[None, None], weight[None, None], **options)
    assert words(axes[2]) == [f"{v:g}" for v in expected.flatten().tolist()]


def test_convolution_step_names_the_last_cell():
    with pytest.raises(ArgumentError, match=r"\(1, 1\), got \(2, 0\)"):
        plots.convolution_step(torch.zeros(3, 3), torch.zeros(2, 2), 2, 0)


def test_heatmap_writes_small_arrays_only_and_centres_signed_ones():
    assert words(plots.heatmap([[1, 2], [3, 4]])) == ["1", "2", "3", "4"]
    assert words(plots.heatmap(np.ones((20, 20)), title="many")) == []
    signed = plots.heatmap([[-1.0, 4.0]]).images[0]
    assert signed.get_clim() == (-4.0, 4.0)


def test_compare_shows_the_difference():
    axes = plots.compare([[1, 2]], torch.tensor([[1, 5]]))
    assert [words(ax) for ax in axes] == [["1", "2"], ["1", "5"], ["0", "3"]]
    assert len(plots.compare(torch.zeros(20, 20), torch.ones(20, 20))[2].images) == 1
    with pytest.raises(ArgumentError, match="one shape"):
        plots.compare([[1]], [[1, 2]])


def test_images_draws_each_picture_under_its_title():
    axes = plots.images(torch.rand(5, 1, 4, 4), titles=list("abcde"), columns=2)
    assert [ax.get_title() for ax in axes] == list("abcde")
    pixels = np.array([[[0, 128], [255, 64]]], dtype=np.uint8)
    shown = plots.images([pixels], normalise=False)[0].images[0].get_array()
    assert shown.max() == 1.0
    assert shown[0, 1] == pytest.approx(128 / 255)
    assert plots.images([np.full((2, 2), 7.0)])[0].images[0].get_array().max() == 0
    assert plots.images(torch.rand(1, 3, 4, 6))[0].images[0].get_array().shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("batch", "options", "error", "message"),
    [
        ([], {}, ArgumentError, "at least one picture"),
        (torch.rand(2, 1, 3, 3), {"titles": ["a"]}, ArgumentError, "2 pictures need as many titles, got 1"),
        (torch.rand(1, 5, 3, 4), {}, ShapeError, r"got \(5, 3, 4\)"),
        ([(torch.rand(1, 3, 4), 7)], {}, ShapeError, r"with their labels — pass its images alone"),
    ],
)
def test_images_names_what_is_wrong(batch, options, error, message):
    with pytest.raises(error, match=message):
        plots.images(batch, **options)


def test_curves_draws_each_series_that_exists():
    loss, accuracy = plots.curves({"plain": history(0.1, 0.2), "resnet": history(0.3, 0.4, val=False)})
    assert loss.get_legend_handles_labels()[1] == [
        "plain · training",
        "plain · validation",
        "resnet · training",
    ]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.1, 0.2], [0.3, 0.4]]
    error, rate = plots.curves(history(0.25), metrics=("error", "lr"))
    assert list(error.lines[0].get_ydata()) == [0.75]
    assert list(rate.lines[0].get_ydata()) == [0.1]


def test_curves_refuses_nothing_and_unknown_metrics():
    with pytest.raises(
        ArgumentError, match="what fit returned, a History with at least one epoch, got float"
    ):
        plots.curves(0.93)
    with pytest.raises(ArgumentError, match="at least one epoch"):
        plots.curves(history())
    with pytest.raises(ArgumentError, match="got 'f1'"):
        plots.curves(history(0.1), metrics=("f1",))


def test_confusion_writes_counts_and_refuses_a_wrong_size():
    assert sorted(words(plots.confusion([[5, 1], [0, 4]], ["cat", "dog"]))) == ["1", "4", "5"]
    with pytest.raises(ArgumentError, match=r"3 classes need a \(3, 3\) matrix, got \(2, 2\)"):
        plots.confusion([[5, 1], [0, 4]], ["cat", "dog", "cow"])


def test_bars_writes_whole_numbers_in_full():
    ax = plots.bars({"dense": 1_152_000, "shared": 0.1234}, unit=" weights", highlight="shared")
    assert words(ax) == ["1,152,000 weights", "0.123 weights"]
    assert to_hex(ax.patches[1].get_facecolor()) == plots.COLOURS["kernel"]
    with pytest.raises(ArgumentError, match="at least one value"):
        plots.bars({})
    with pytest.raises(ArgumentError, match="highlight expects one of a"):
        plots.bars({"a": 1}, highlight="b")
