"""The convolution explorer in a browser: what it shows is what torch.nn.functional.conv2d computes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from axe_playwright_python.sync_playwright import Axe
from torch import Tensor

from cnncourse.conv import KERNELS

pytestmark = pytest.mark.browser

PICTURE = [[3, 0, 1, 5, -2], [2, 2, 8, 1, 0], [0, 4, 0.5, 7, 6], [1, 0, 3, -3, 2]]
KERNEL = [[1, 0, -1], [0.5, 2, 0]]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>An explorer</title>
<meta name="viewport" content="width=device-width">
<main><h1>An explorer</h1><div data-widget="convolution" data-state='{}'><p>Fallback</p></div></main>
<script src="/_static/explorers.js"></script></html>"""
NAME_OF_FOCUS = """(() => { const e = document.activeElement;
  return e.getAttribute("aria-label") ?? e.name?.split("-").pop() ?? e.textContent; })()"""


class Explorer:
    """One explorer on a page of its own, and the ways a reader has of reaching into it."""

    def __init__(self, tab: Any, address: str, **state: Any) -> None:
        self.tab = tab
        self.troubles: list[str] = []
        tab.set_default_timeout(10_000)
        tab.on("console", lambda message: message.type == "error" and self.troubles.append(message.text))
        tab.on("pageerror", lambda error: self.troubles.append(str(error)))
        body = PAGE.replace("{}", json.dumps(state))
        tab.route("**/explorer.html", lambda route: route.fulfill(body=body, content_type="text/html"))
        tab.goto(f"{address}/explorer.html")
        tab.wait_for_selector(".cnn-explorer")

    def choose(self, **settings: int) -> None:
        for name, value in settings.items():
            self.tab.get_by_role("group", name=name).get_by_role("radio", name=str(value), exact=True).check()

    def cell(self, which: str, row: int, col: int) -> Any:
        return self.tab.locator(f".of-{which} [data-row='{row}'][data-col='{col}']")

    def output(self) -> Tensor:
        cells = self.tab.locator(".of-output button")
        values = cells.evaluate_all("cs => cs.map(c => [+c.dataset.row, +c.dataset.col, +c.dataset.value])")
        if not values:
            return torch.empty(0, 0)
        out = torch.full((int(values[-1][0]) + 1, int(values[-1][1]) + 1), float("nan"), dtype=torch.float64)
        for row, col, value in values:
            out[int(row), int(col)] = value
        return out

    def here(self) -> tuple[int, int]:
        at = self.tab.locator(".of-output [aria-current='true']")
        return int(at.get_attribute("data-row")), int(at.get_attribute("data-col"))

    def sum(self) -> str:
        return str(self.tab.locator(".sum").inner_text())


@pytest.fixture
def tab(browser: Any) -> Any:
    context = browser.new_context(viewport={"width": 1000, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def expected(picture: Any, kernel: Any, **settings: int) -> Tensor:
    x, w = torch.as_tensor(picture, dtype=torch.float64), torch.as_tensor(kernel, dtype=torch.float64)
    return F.conv2d(x[None, None], w[None, None], **settings)[0, 0]


def same(got: Tensor, want: Tensor) -> bool:
    return got.shape == want.shape and torch.allclose(got, want, atol=1e-9)


@pytest.mark.parametrize(
    ("padding", "stride", "dilation"), [(0, 1, 1), (1, 2, 1), (2, 3, 2), (3, 1, 3), (1, 1, 2)]
)
def test_settings_give_the_map_of_torch(
    tab: Any, address: str, padding: int, stride: int, dilation: int
) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    explorer.choose(Padding=padding, Stride=stride, Dilation=dilation)
    want = expected(PICTURE, KERNEL, padding=padding, stride=stride, dilation=dilation)
    assert same(explorer.output(), want)
    assert not explorer.troubles


@pytest.mark.parametrize("name", list(KERNELS))
def test_named_kernels_are_those_of_the_package(tab: Any, address: str, name: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE)
    tab.get_by_role("combobox", name="Kernel", exact=True).select_option(name)
    assert torch.allclose(explorer.output(), expected(PICTURE, KERNELS[name].double()), atol=1e-6)


def test_keyboard_moves_the_window_and_writes_the_sum(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    want = expected(PICTURE, KERNEL)
    explorer.cell("output", 0, 0).focus()
    for key, place in [
        ("ArrowRight", (0, 1)),
        ("ArrowDown", (1, 1)),
        ("ArrowDown", (2, 1)),
        ("ArrowDown", (2, 1)),
        ("ArrowLeft", (2, 0)),
        ("ArrowUp", (1, 0)),
    ]:
        tab.keyboard.press(key)
        assert explorer.here() == place
        assert float(explorer.sum().rsplit("=", 1)[1].replace("−", "-")) == pytest.approx(float(want[place]))
    assert tab.locator(".where").inner_text() == "Window for row 2, column 1"
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "Output, row 2, column 1: 2"


def test_every_control_is_reached_with_the_tab_key(tab: Any, address: str) -> None:
    Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    reached = []
    for _ in range(14):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate(NAME_OF_FOCUS))
    for part in ["padding", "stride", "dilation", "Input, row 1, column 1", "Kernel, row 1, column 1"]:
        assert part in reached, reached
    assert any(name.startswith("Output, row 1, column 1") for name in reached), reached


def test_mouse_moves_the_window(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    explorer.cell("output", 2, 2).hover()
    assert explorer.here() == (2, 2)
    explorer.cell("input", 0, 0).hover()
    assert explorer.here() == (0, 0)
    assert tab.locator(".of-input .tap").count() == 6
    explorer.cell("input", 3, 4).hover()
    assert explorer.here() == (2, 2)


def test_numbers_are_edited_and_bad_ones_marked(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    explorer.cell("input", 1, 2).fill("-4,5")
    explorer.cell("kernel", 0, 1).fill("−3")
    picture, kernel = [row[:] for row in PICTURE], [row[:] for row in KERNEL]
    picture[1][2], kernel[0][1] = -4.5, -3
    assert same(explorer.output(), expected(picture, kernel))
    explorer.cell("input", 0, 0).fill("cat")
    assert explorer.cell("input", 0, 0).get_attribute("aria-invalid") == "true"
    assert same(explorer.output(), expected(picture, kernel))
    explorer.cell("input", 0, 1).focus()
    assert explorer.cell("input", 0, 0).input_value() == "3"


def test_map_fills_as_the_window_moves(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    assert tab.locator(".of-output .unknown").count() == 8
    tab.get_by_role("button", name="Next window").click()
    assert tab.locator(".of-output .unknown").count() == 7
    tab.get_by_label("Show the whole map").check()
    assert tab.locator(".of-output .unknown").count() == 0
    tab.get_by_role("button", name="Start over").click()
    assert explorer.here() == (0, 0)
    assert tab.locator(".of-output .unknown").count() == 8


def test_play_ends_at_the_last_window(tab: Any, address: str) -> None:
    tab.clock.install()
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    tab.get_by_role("button", name="Play").click()
    tab.clock.run_for(20_000)
    assert explorer.here() == (2, 2)
    assert tab.locator(".of-output .unknown").count() == 0
    assert tab.get_by_role("button", name="Play").count() == 1


def test_play_stops_where_no_window_fits(tab: Any, address: str) -> None:
    tab.clock.install()
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    tab.get_by_role("button", name="Play").click()
    explorer.choose(Dilation=3)
    tab.clock.run_for(5_000)
    assert tab.get_by_role("button", name="Play").count() == 1
    assert not explorer.troubles


def test_a_ninth_is_a_ninth(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=[[9] * 4] * 4, kernel=[[1, 1], [1, 1]])
    tab.get_by_role("combobox", name="Kernel", exact=True).select_option("blur")
    assert explorer.cell("kernel", 1, 1).input_value() == "1/9"
    assert "9·1/9= 1" in tab.locator(".products").inner_text().replace("\n", "")
    explorer.cell("kernel", 0, 0).fill("-1/4")
    assert float(explorer.output()[0, 0]) == pytest.approx(8 - 9 / 4)
    assert explorer.cell("kernel", 0, 0).get_attribute("aria-invalid") == "false"


@pytest.mark.parametrize("text", ["1e308", "1/0", "-1e7", "1/", "/"])
def test_a_number_without_end_is_refused(tab: Any, address: str, text: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    explorer.cell("input", 0, 0).fill(text)
    assert explorer.cell("input", 0, 0).get_attribute("aria-invalid") == "true"
    assert same(explorer.output(), expected(PICTURE, KERNEL))


def test_what_was_changed_is_there_after_back(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    explorer.cell("input", 0, 0).fill("7")
    explorer.choose(Padding=1)
    tab.goto(f"{address}/search.html")
    tab.go_back()
    tab.wait_for_selector(".cnn-explorer")
    picture = [row[:] for row in PICTURE]
    picture[0][0] = 7
    assert same(explorer.output(), expected(picture, KERNEL, padding=1))


def test_a_finger_takes_the_window_along(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    tab = context.new_page()
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    tab.locator(".of-output").last.scroll_into_view_if_needed()
    first, last = explorer.cell("output", 0, 0).bounding_box(), explorer.cell("output", 2, 2).bounding_box()
    session = context.new_cdp_session(tab)
    for kind, box in [("touchStart", first), ("touchMove", last), ("touchEnd", None)]:
        points = [{"x": box["x"] + 9, "y": box["y"] + 9}] if box else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert explorer.here() == (2, 2)
    context.close()


def test_the_book_opened_as_a_file_has_explorers_too(browser: Any, site: Path) -> None:
    tab = browser.new_page()
    tab.goto((site / "book" / "intro.html").as_uri())
    tab.wait_for_selector(".cnn-explorer", timeout=20_000)
    tab.close()


def test_says_what_does_not_fit_and_what_is_not_read(tab: Any, address: str) -> None:
    explorer = Explorer(tab, address, input=PICTURE, kernel=KERNEL)
    explorer.choose(Stride=3)
    assert "far edge" in tab.locator(".cx-note").inner_text()
    explorer.choose(Stride=1, Dilation=3)
    assert "no window fits" in tab.locator(".cx-note").inner_text()
    assert explorer.output().numel() == 0
    explorer.choose(Dilation=1)
    assert explorer.output().shape == (3, 3)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("padding", [0, 3])
def test_accessible_and_narrow(browser: Any, address: str, mode: str, padding: int) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 800})
    tab = context.new_page()
    Explorer(tab, address, padding=padding, filled=True)
    tab.evaluate("mode => document.documentElement.dataset.theme = mode", mode)
    if mode == "dark":
        tab.add_style_tag(content="body { background: #14181d; color: white }")
    violations = Axe().run(tab, options={"preload": False}).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in violations] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()


def test_fallback_stays_when_the_explorer_is_missing(tab: Any, address: str) -> None:
    body = PAGE.replace('"convolution"', '"nothing"')
    tab.route("**/missing.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    tab.goto(f"{address}/missing.html", wait_until="networkidle")
    assert tab.get_by_text("Fallback").is_visible()
