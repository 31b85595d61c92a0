"""Where a sample or drawn pictures stand in, the first figure of each experiment says so."""

import matplotlib.pyplot as plt
import pytest
from torch.utils.data import DataLoader

from cnncourse import backbones, data, plots, stand_in
from cnncourse.train import Recipe, evaluate, fit

DRAWN = "here, drawn pictures (shapes10) stand in for CIFAR-10"
SAMPLE = "here, a sample of 5,000 + 1,000 images stands in for MNIST"


@pytest.fixture(autouse=True)
def _style():
    stand_in.take()
    with plt.rc_context():
        plots.use_style()
        yield
    plt.close("all")


def told(figure):
    return " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


@pytest.mark.parametrize(("name", "line"), [("cifar10", DRAWN), ("mnist", SAMPLE)])
@pytest.mark.parametrize("announce", [True, False])
def test_the_first_figure_after_a_load_says_it(name, line, announce):
    images = data.load(name, announce=announce)
    assert images.source.stand_in == line
    axes = plots.images(images.images[:2])
    assert told(axes[0].figure) == line
    assert told(plt.figure()) == ""


def test_so_does_the_first_figure_of_each_experiment():
    images = data.load("cifar10").take(32)
    plt.figure()
    net = backbones.create("resnet20", width=0.125)
    fit(net, images, recipe=Recipe(epochs=1), device="cpu", progress=False)
    assert told(plt.subplots()[0]) == DRAWN
    for held in (images, DataLoader(images, batch_size=16)):
        evaluate(net, held)
        assert told(plots.bars({"a": 1}).figure) == DRAWN
    assert told(plt.figure()) == ""


def test_drawn_pictures_that_were_asked_for_stand_in_for_nothing(tiny, tmp_path):
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name, content in tiny.raw.items():
        (tmp_path / "MNIST" / "raw" / name).write_bytes(content)
    for images in (data.load("shapes10"), data.load("mnist", root=tmp_path)):
        assert images.source.stand_in == ""
        assert told(plt.figure()) == ""


def test_two_sets_are_told_together_and_long_lines_are_broken():
    data.load("cifar10")
    data.load("mnist")
    figure = plt.figure(figsize=(2, 2))
    assert told(figure) == f"{DRAWN} · {SAMPLE}"
    assert max(len(line) for line in figure.texts[0].get_text().split("\n")) <= 30


def test_the_line_is_inside_what_a_notebook_shows(tmp_path):
    data.load("cifar10")
    figure = plt.figure(figsize=(3, 2))
    box = figure.get_tightbbox()
    figure.canvas.draw()
    text = figure.texts[0].get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    assert box.y0 <= text.y0 < 0
