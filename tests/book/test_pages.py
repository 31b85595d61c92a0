"""Every page as a reader meets it: on a desk and on a phone, by day and by night, with a screen reader."""

import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe

ROOT = Path(__file__).parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"]), "search"]
VIEWS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 812}}
HEAVIEST = 500_000  # bytes of a page as they travel, its figures not counted

# What axe may report, as (rule, part of the element), each with the reason. Nothing else may be violated.
EXCEPTIONS = [
    ("empty-table-header", "<math "),  # axe does not read MathML, browsers and screen readers do
]

# Code has the same colours on every page, and thousands of coloured words: axe looks at them on one page.
CODE_PAGE = "book/18_mnist"
WITHOUT_CODE = {"exclude": [[".highlight"]]}

# Preloading would ask for style sheets again, by wrong addresses. By night only colours differ.
AXE = {
    "light": {"preload": False},
    "dark": {"preload": False, "runOnly": {"type": "rule", "values": ["color-contrast"]}},
}

pytestmark = pytest.mark.browser


@pytest.fixture(params=[("desktop", "light"), ("phone", "dark")], ids="-".join)
def tab(request: pytest.FixtureRequest, browser: Any) -> Any:
    view, mode = request.param
    context = browser.new_context(viewport=VIEWS[view], color_scheme=mode, reduced_motion="reduce")
    tab = context.new_page()
    tab.axe_options = AXE[mode]
    yield tab
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_page_is_sound(page: str, tab: Any, address: str) -> None:
    troubles: list[str] = []
    responses: list[Any] = []
    tab.on("console", lambda message: message.type == "error" and troubles.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: troubles.append(f"exception: {error}"))
    tab.on("requestfailed", lambda request: troubles.append(f"failed: {request.url}"))
    tab.on("response", lambda response: responses.append(response))
    tab.goto(f"{address}/{page}.html", wait_until="networkidle")

    troubles += [f"asks another host: {r.url}" for r in responses if not r.url.startswith(address)]
    troubles += [f"{r.status} for {r.url}" for r in responses if not r.ok]
    weight = {r.url: len(gzip.compress(r.body())) for r in responses if r.request.resource_type != "image"}
    wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        troubles.append(f"scrolls sideways by {wide} pixels")
    if sum(weight.values()) > HEAVIEST:
        heaviest = sorted(weight.items(), key=lambda item: -item[1])[:5]
        troubles.append(f"weighs {sum(weight.values())} bytes without figures: {heaviest}")
    where = None if page == CODE_PAGE else WITHOUT_CODE
    for violation in Axe().run(tab, where, tab.axe_options).response["violations"]:
        rule, nodes = violation["id"], [node["html"][:200] for node in violation["nodes"]]
        nodes = [html for html in nodes if not any(rule == r and part in html for r, part in EXCEPTIONS)]
        if nodes:
            troubles.append(f"axe {violation['impact']}: {rule} — {violation['help']}: {nodes[:3]}")
    assert not troubles, "\n".join(troubles)
