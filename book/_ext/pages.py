"""What the course changes on its pages: buttons that fit, explorers, and nothing that is not needed."""

import json
import re
import shutil
import struct
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

# What is put right in every page of the theme: a pattern, and what takes its place.
REPAIRS = [
    # 1.5 MB of script that draws the icons which the fonts in the style sheet already show.
    (
        r'\s*<!-- So that users can add custom icons -->\s*<script src="[^"]*fontawesome\.js[^"]*"></script>',
        "",
    ),
    # Everything on a page belongs to a landmark, so that a screen reader can jump to it.
    (
        r'<div id="pst-primary-sidebar" class',
        '<div id="pst-primary-sidebar" role="complementary" aria-label="Course" class',
    ),
    # The theme says it twice.
    (r'<meta name="viewport" content="width=device-width, initial-scale=1"\s*/>', ""),
    # The empty corner of a table heads nothing.
    (r'<th class="head([^"]*)"><p></p></th>', r'<td class="corner\1"></td>'),
]

EXPORT = re.compile(r"^export default", re.MULTILINE)


def place(app: Sphinx, config: Config) -> None:
    """Say below which address the pages lie, so that a page that is not found has its style and its links."""
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path or "/"


def bundle_explorers(app: Sphinx) -> None:
    """Put the explorers, which live once in the package, and the script that brings them up into one file."""
    parts = [
        f"{path.stem}: (() => {{\n{EXPORT.sub('return', path.read_text(encoding='utf-8'))}}})(),\n"
        for path in sorted((Path(app.srcdir) / "cnncourse" / "explorers").glob("*.js"))
    ]
    script = Path(app.outdir) / "_static" / "explorers.js"
    host = script.read_text(encoding="utf-8")
    text = f"(() => {{\nconst EXPLORERS = {{\n{''.join(parts)}}};\n{host}}})();\n"
    script.write_text(text, encoding="utf-8")


def fold_setup(app: Sphinx, name: str, source: list[str]) -> None:
    """Fold the cell that only a running notebook needs, so that a page begins with its subject."""
    if not str(app.env.doc2path(name)).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        if cell.get("id") == "setup":
            cell["metadata"].setdefault("tags", []).append("hide-input")
    source[0] = json.dumps(notebook)


def fit_buttons(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Offer the notebook itself for download, on pages that are notebooks; elsewhere only the printer."""
    notebook = app.env.doc2path(pagename).endswith(".ipynb") if pagename in app.env.found_docs else False
    for group in context.get("header_buttons", []):
        if group.get("icon", "").startswith("fab "):  # the brands' icon font weighs 110 kB
            group["icon"] = "fas fa-code-branch"
        for button in group.get("buttons", []):
            if button.get("icon", "").startswith("fab "):
                button["icon"] = "fas fa-code-branch"
            if button.get("label") == "download-source-button":
                button["url"] = context["pathto"](f"_notebooks/{Path(pagename).name}.ipynb", 1)
                button["tooltip"] = "Download the notebook"
                button["icon"] = "fas fa-file-code"
    if not notebook:
        for group in context.get("header_buttons", []):
            if group.get("label") == "download-buttons":
                group["buttons"] = [b for b in group["buttons"] if b["label"] != "download-source-button"]


def measured(page: str, folder: Path) -> str:
    """Say how large each picture of a page is, so that nothing moves when it comes. All but the first wait.

    Args:
        page: the page's HTML.
        folder: where it lies, for the addresses of its pictures.
    """
    first = True

    def better(match: re.Match[str]) -> str:
        nonlocal first
        tag, path = match[0], folder / match["source"]
        if " width=" in tag or path.suffix not in (".png", ".gif") or not path.is_file():
            return tag
        (width, height), lazy = _size(path), "" if first else ' loading="lazy"'
        first = False
        return f'<img width="{width}" height="{height}"{lazy} {tag[5:]}'

    return re.sub(r'<img [^>]*?src="(?P<source>[^":]*_images/[^"]+)"[^>]*>', better, page)


def _size(path: Path) -> tuple[int, int]:
    """Read a picture's width and height from its first bytes."""
    with path.open("rb") as file:
        head = file.read(24)
    return struct.unpack(">II", head[16:24]) if path.suffix == ".png" else struct.unpack("<HH", head[6:10])


def finish(app: Sphinx, error: Exception | None) -> None:
    """Copy the chapters' notebooks for download and take the needless script off every page."""
    if error or app.builder.name != "html":
        return
    out = Path(app.outdir)
    bundle_explorers(app)
    (out / "_notebooks").mkdir(exist_ok=True)
    for name in app.env.found_docs:
        source = Path(app.env.doc2path(name))
        if source.suffix == ".ipynb":
            shutil.copyfile(source, out / "_notebooks" / source.name)
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for pattern, better in REPAIRS:
            text = re.sub(pattern, better, text)
        page.write_text(measured(text, page.parent), encoding="utf-8")
    for path in (out / "_static" / "scripts").glob("fontawesome.js*"):
        path.unlink()
    robots = f"User-agent: *\nAllow: /\nSitemap: {app.config.html_baseurl}sitemap.xml\n"
    (out / "robots.txt").write_text(robots, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.add_config_value("comments_config", {}, "env")  # set for an extension that is left out
    app.connect("config-inited", place)
    app.connect("source-read", fold_setup)
    app.connect("html-page-context", fit_buttons, priority=600)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
