"""What a notebook gets from explorers.show: a living widget, and a picture that stays where there is none."""

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from cnncourse import explorers
from cnncourse.conv import KERNELS
from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.explorers.states import convolution, output_shape

WIDGET = "application/vnd.jupyter.widget-view+json"


def state_in(page: str) -> dict[str, Any]:
    found = re.search(r'data-state="([^"]*)"', page)
    assert found
    state: dict[str, Any] = json.loads(html.unescape(found[1]))
    return state


def test_bundle_has_widget_and_html() -> None:
    bundle = explorers.show("convolution", padding=1)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", WIDGET}
    assert state_in(bundle["text/html"])["padding"] == 1
    assert "pip install" not in bundle["text/html"]


def test_widget_carries_module_and_state() -> None:
    shown = explorers.show("convolution", stride=2, kernel="laplacian")
    module = Path(explorers.__file__).parent / "convolution.js"
    assert str(shown.widget._esm) == module.read_text(encoding="utf-8")
    assert shown.widget.stride == 2
    assert shown.widget.kernel == KERNELS["laplacian"].tolist()
    shown.widget.stride = 1
    assert shown.widget.get_state()["stride"] == 1


def test_without_anywidget_a_picture_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    bundle = explorers.show("convolution")._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "<table>" in bundle["text/html"]
    assert bundle["text/html"].count("pip install") == 1


def test_html_is_one_line_of_markup_that_cannot_be_broken_out_of() -> None:
    page = explorers.show("convolution", input=[[1, 2], [3, 4]], kernel=[[-0.5]]).html()
    assert "\n" not in page
    assert page.count("<div") == page.count("</div>") == 1
    assert "'" not in re.sub(r'data-state="[^"]*"', "", page)


@pytest.mark.parametrize("kind", [list, torch.Tensor.numpy, torch.Tensor.tolist, torch.Tensor.clone])
def test_numbers_come_as_lists_arrays_or_tensors(kind: Any) -> None:
    picture = torch.tensor([[1.0, 2.5], [3.0, -4.0]])
    values = picture.tolist() if kind is list else kind(picture[None, None])
    assert convolution({"input": values, "kernel": [[1]]})["input"] == [[1, 2.5], [3, -4]]


def test_state_is_plain_json() -> None:
    state = convolution({"kernel": "blur", "filled": True})
    assert json.loads(json.dumps(state)) == state


@pytest.mark.parametrize("name", ["identity", "blur", "sobel_y"])
def test_kernel_by_name(name: str) -> None:
    assert torch.tensor(convolution({"kernel": name})["kernel"]).equal(KERNELS[name])


@pytest.mark.parametrize("padding", range(4))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_output_shape_is_that_of_torch(padding: int, stride: int, dilation: int) -> None:
    state = convolution(
        {
            "input": [[0] * 7] * 8,
            "kernel": [[1, 1]] * 3,
            "padding": padding,
            "stride": stride,
            "dilation": dilation,
        }
    )
    out = torch.nn.functional.conv2d(
        torch.zeros(1, 1, 8, 7), torch.ones(1, 1, 3, 2), padding=padding, stride=stride, dilation=dilation
    )
    assert output_shape(state) == tuple(out.shape[2:])


@pytest.mark.parametrize(
    ("state", "error", "says"),
    [
        ({"stride": 0}, ArgumentError, "stride expects a whole number from 1 to 3, got 0"),
        ({"padding": 1.5}, ArgumentError, "padding expects"),
        ({"dilation": True}, ArgumentError, "dilation expects"),
        ({"row": 9}, ArgumentError, "row expects a whole number from 0 to 3, got 9"),
        ({"size": 3}, ArgumentError, "got size"),
        ({"kernel": "sobel"}, ArgumentError, "sobel_x"),
        ({"kernel": []}, ShapeError, "kernel expects rows of numbers"),
        ({"input": [1, 2]}, ShapeError, "input expects rows of numbers"),
        ({"input": "text"}, ShapeError, "input expects rows of numbers"),
        ({"kernel": [[]]}, ShapeError, "kernel expects rows of numbers"),
        ({"input": [[1, 2], [3]]}, ShapeError, r"equal length, got lengths \[2, 1\]"),
        ({"input": [[0] * 9]}, ShapeError, "at most 8 × 8 numbers, got 1 × 9"),
        ({"kernel": [[0] * 6]}, ShapeError, "at most 5 × 5"),
        ({"input": [[1, None]]}, ArgumentError, "finite numbers, got None"),
        ({"input": [[float("nan")]]}, ArgumentError, "finite numbers, got nan"),
        ({"input": torch.zeros(2, 3, 3)}, ShapeError, "input expects"),
    ],
)
def test_bad_states_say_what_was_expected(state: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        explorers.show("convolution", **state)


def test_unknown_explorer_names_the_known() -> None:
    with pytest.raises(ArgumentError, match="explorers convolution, got 'pooling'"):
        explorers.show("pooling")
