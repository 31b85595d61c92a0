import base64
import copy
import io

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from cnncourse.authoring.clean import LARGEST_FIGURE, clean, kind_of, shrink_png, text_of


def png(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def noise(mode="RGB", side=400):
    channels = len(mode)
    values = np.random.default_rng(0).integers(0, 256, (side, side, channels), dtype=np.uint8)
    return Image.fromarray(values, mode)


def decoded(encoded):
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


@pytest.fixture
def messy():
    """A notebook as JupyterLab leaves it."""
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "a1"}, "text/html": "<div>plain</div>"}
    outputs = [
        new_output("stream", name="stdout", text="step 1\rstep 2\n"),
        new_output("stream", name="stdout", text="done\n"),
        new_output("stream", name="stderr", text="10%|#\r100%|##########"),
        new_output("display_data", widget, metadata={"text/html": {"isolated": True}}),
        new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "b2"}}),
        new_output(
            "execute_result",
            {"image/png": png(Image.new("RGB", (30, 20), "orange")), "text/plain": "<Figure>"},
            metadata={"image/png": {"width": 15, "height": 10}, "needs_background": "light"},
            execution_count=31,
        ),
    ]
    cells = [
        new_markdown_cell("# Title   \n\ntext\n", id="title", metadata={"editable": True}),
        new_code_cell(
            "1 + 1  \n",
            id="sum",
            execution_count=31,
            outputs=outputs,
            metadata={
                "execution": {"iopub.status.busy": "2026"},
                "collapsed": True,
                "tags": ["x"],
                "scrolled": False,
            },
        ),
        new_code_cell("never_run()", id="later", metadata={"tags": []}),
    ]
    kernel = {"display_name": "my env", "language": "python", "name": "my-env"}
    state = {
        "widgets": {"state": {}},
        "kernelspec": kernel,
        "language_info": {"name": "python", "version": "3.11.7"},
    }
    return new_notebook(cells=cells, metadata=state)


def test_nothing_of_the_user_or_the_clock_remains(messy):
    notebook = clean(messy, "chapter")
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell.metadata for cell in notebook.cells] == [{}, {"tags": ["x"]}, {}]
    assert [cell.source for cell in notebook.cells] == ["# Title\n\ntext", "1 + 1", "never_run()"]


def test_execution_counts_follow_the_order_and_show_what_never_ran(messy):
    clean(messy, "chapter")
    assert [cell.execution_count for cell in messy.cells[1:]] == [1, None]
    assert messy.cells[1].outputs[-1].execution_count == 1


def test_outputs_are_merged_and_widgets_leave_their_html(messy):
    stream, html, figure = clean(messy, "chapter").cells[1].outputs
    assert (stream.name, stream.text) == ("stdout", "step 2\ndone\n")
    assert (html.data, html.metadata) == ({"text/html": "<div>plain</div>"}, {})
    assert figure.metadata == {"image/png": {"width": 15, "height": 10}}


def test_cleaning_twice_changes_nothing(messy):
    once = text_of(clean(messy, "chapter"))
    assert text_of(clean(nbformat.reads(once, as_version=4), "chapter")) == once
    assert once.endswith("}\n")


def test_an_exercise_has_no_outputs_and_keeps_its_locks(messy):
    messy.cells[1].metadata |= {"deletable": False, "editable": False}
    locked = copy.deepcopy(messy)
    assert clean(messy, "exercise").cells[1].metadata == {
        "deletable": False,
        "editable": False,
        "tags": ["x"],
    }
    assert messy.cells[1].outputs == []
    assert messy.cells[1].execution_count is None
    assert clean(locked, "solution").cells[1].metadata == {"tags": ["x"]}


def test_the_mark_of_a_generated_notebook_is_kept(messy):
    messy.metadata["cnncourse"] = {"generated": "from solutions/"}
    assert clean(messy, "exercise").metadata.cnncourse.generated == "from solutions/"


def test_errors_are_kept_for_the_rules_to_judge():
    error = new_output("error", ename="ValueError", evalue="no", traceback=["line"])
    notebook = new_notebook(cells=[new_code_cell("x", id="x", outputs=[error])])
    assert clean(notebook, "chapter").cells[0].outputs == [error]
    assert notebook.cells[0].execution_count == 1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_large_figures_shrink_until_they_fit(mode):
    small = shrink_png(png(noise(mode)))
    assert len(base64.b64decode(small)) <= LARGEST_FIGURE
    assert decoded(small).mode == "P"
    assert shrink_png(small) == small


def test_a_simple_figure_keeps_its_size_colours_and_transparency():
    drawing = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    drawing.paste((255, 127, 0, 255), (10, 10, 20, 20))
    small = decoded(shrink_png(png(drawing))).convert("RGBA")
    assert small.size == (40, 30)
    assert small.getpixel((0, 0))[3] == 0
    assert small.getpixel((15, 15)) == (255, 127, 0, 255)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("book/02_convolution.ipynb", "chapter"),
        ("solutions/02_convolution/02_convolution.ipynb", "solution"),
        ("exercises/02_convolution/02_convolution.ipynb", "exercise"),
    ],
)
def test_the_folder_says_what_a_notebook_is(tmp_path, path, kind):
    assert kind_of(tmp_path / path) == kind
