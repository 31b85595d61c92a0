"""The built book as files: links, anchors, ids, buttons, and what must not be published."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from PIL import Image

from tests.book.conftest import ROOT, build

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [TOC["root"], *(entry["file"] for part in TOC["parts"] for entry in part["chapters"])]
NOTEBOOKS = [page for page in PAGES if (ROOT / f"{page}.ipynb").exists()]
CHAPTERS = [page for page in NOTEBOOKS if Path(page).name[0].isdigit()]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
ADDRESS = CONFIG["sphinx"]["config"]["html_baseurl"]
PREFIX = urlsplit(ADDRESS).path


class Page(HTMLParser):
    """The links, ids and images of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.lang = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.lang = given.get("lang")
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [link for key in ("href", "src") if (link := given.get(key))]
        if tag == "img":
            self.images.append(given)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {
        str(path.relative_to(site)): Page(path)
        for path in site.rglob("*.html")
        if "_static" not in path.parts
    }


def test_contents_list_every_chapter_once_in_order() -> None:
    written = sorted(f"book/{path.stem}" for path in (ROOT / "book").glob("[0-9][0-9]_*.ipynb"))
    assert written == CHAPTERS
    pages = [*(ROOT / "book").glob("*.md"), *(ROOT / "book").glob("*.ipynb")]
    assert sorted(f"book/{page.stem}" for page in pages) == sorted(PAGES)


@pytest.mark.parametrize("table", ["README.md", "book/intro.md"])
@pytest.mark.parametrize("page", CHAPTERS)
def test_tables_name_chapter_and_minutes(page: str, table: str) -> None:
    title = json.loads((ROOT / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"][0]["source"]
    minutes = re.search(r"[Aa]bout (\d+) minutes", "".join(title))
    assert minutes, f"{page} does not say how many minutes it takes"
    link = rf"\((book/)?{Path(page).name}\.ipynb\)"
    row = re.search(rf"^\|.*{link}.*$", (ROOT / table).read_text(encoding="utf-8"), re.MULTILINE)
    assert row, f"{page} is not in the table of {table}"
    assert f"| {minutes[1]} |" in row[0]


def test_every_page_is_there(pages: dict[str, Page]) -> None:
    assert {f"{page}.html" for page in PAGES} <= set(pages)


def test_links_and_anchors_resolve(site: Path, pages: dict[str, Page]) -> None:
    broken = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            below = (site / name).parent
            if name == "404.html":  # it is shown for any address, so its links begin at the top
                assert not parts.path or parts.path.startswith(PREFIX), link
                below, parts = site, parts._replace(path=parts.path.removeprefix(PREFIX))
            target = below / unquote(parts.path) if parts.path else site / name
            other = pages.get(str(target.resolve().relative_to(site.resolve())))
            if not target.exists() or (parts.fragment and other and unquote(parts.fragment) not in other.ids):
                broken.append(f"{name} → {link}")
    assert not broken


def test_ids_are_unique(pages: dict[str, Page]) -> None:
    twice = {name: {i for i in page.ids if page.ids.count(i) > 1} for name, page in pages.items()}
    assert {name: ids for name, ids in twice.items() if ids} == {}


def test_figures_have_alt_text(pages: dict[str, Page]) -> None:
    bare = []
    for name in NOTEBOOKS:
        for image in pages[f"{name}.html"].images:
            if "_images/" in str(image.get("src")) and len(image.get("alt") or "") < 10:
                bare.append(f"{name}: {image}")
    assert not bare


def test_pages_say_their_language(pages: dict[str, Page]) -> None:
    assert {page.lang for name, page in pages.items() if name != "index.html"} == {"en"}


def test_pictures_say_how_large_they_are(pages: dict[str, Page], site: Path) -> None:
    """Else the text jumps when they come."""
    for name in NOTEBOOKS:
        images = [one for one in pages[f"{name}.html"].images if "_images/" in str(one["src"])]
        for one in images:
            path = site / "book" / str(one["src"])
            with Image.open(path) as picture:
                assert (one.get("width"), one.get("height")) == tuple(map(str, picture.size)), name
        assert [one.get("loading") for one in images[:2]] == [None, "lazy"][: len(images)], name


def test_a_page_can_be_found_and_shared(site: Path) -> None:
    """Its address, what it is about, a picture; titles unlike each other; a map for search engines."""
    places = re.findall(r"<loc>(.*?)</loc>", (site / "sitemap.xml").read_text(encoding="utf-8"))
    assert {f"{ADDRESS}{page}.html" for page in PAGES} <= set(places)
    assert f"Sitemap: {ADDRESS}sitemap.xml" in (site / "robots.txt").read_text(encoding="utf-8")
    titles, abouts = [], []
    for page in PAGES:
        head = (site / f"{page}.html").read_text(encoding="utf-8").partition("</head>")[0]
        assert f'<link rel="canonical" href="{ADDRESS}{page}.html" />' in head
        (picture,) = re.findall(r'<meta property="og:image" content="(.*?)"', head)
        assert (site / picture.removeprefix(ADDRESS)).is_file()
        titles += re.findall(r"<title>(.*?)</title>", head)
        abouts += re.findall(r'<meta name="description" content="(.*?)"', head)
        assert head.count('name="viewport"') == 1
    assert len(set(titles)) == len(set(abouts)) == len(PAGES)
    assert min(map(len, abouts)) > 60
    assert not [about for about in abouts if "\\" in about]  # a formula


def test_launch_buttons(pages: dict[str, Page], site: Path) -> None:
    project = CONFIG["repository"]["url"].removeprefix("https://github.com/")
    for name in PAGES:
        links = pages[f"{name}.html"].links
        colab = f"https://colab.research.google.com/github/{project}/blob/main/{name}.ipynb"
        binder = f"https://mybinder.org/v2/gh/{project}/main?urlpath=lab/tree/{name}.ipynb"
        download = f"../_notebooks/{Path(name).name}.ipynb"
        present = [link in links for link in (colab, binder, download)]
        assert all(present) if name in NOTEBOOKS else not any(present), name
        assert not [link for link in links if "_sources" in link]
        if name in NOTEBOOKS:
            served = site / "_notebooks" / f"{Path(name).name}.ipynb"
            assert served.read_bytes() == (ROOT / f"{name}.ipynb").read_bytes()


def test_nothing_secret_is_published(site: Path) -> None:
    assert not (site / "_sources").exists()
    words = [b"BEGIN HIDDEN TESTS", b"BEGIN SOLUTION", f"{ROOT}/".encode(), b"fontawesome.js"]
    found = [
        (str(path.relative_to(site)), word.decode())
        for path in site.rglob("*")
        if path.is_file() and path.suffix in {".html", ".ipynb", ".js", ".json", ".md", ".txt"}
        for word in words
        if word in path.read_bytes()
    ]
    assert not found
    assert not [path for path in site.rglob("*.ipynb") if path.parent.name != "_notebooks"]


# ---------------------------------------------------------------- the build is strict


def small_book(folder: Path, text: str) -> Path:
    """A book of two pages with the project's own configuration."""
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "book" / "_ext", folder / "book" / "_ext")
    shutil.copytree(ROOT / "book" / "assets", folder / "book" / "assets")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/page\nchapters: [{file: book/other}]\n")
    (folder / "book" / "other.md").write_text("# Another page\n\nNothing.\n", encoding="utf-8")
    (folder / "book" / "page.md").write_text(f"# A page\n\n{text}\n", encoding="utf-8")
    return folder


FORMULAS = r"""
Inside $\left\lfloor \tfrac{W - F + 2P}{S} \right\rfloor + 1$, $1{,}152{,}000$,
$\lvert x \rvert$, $\mathbb{R}^{n}$.

$$
\begin{aligned}
a &= \sqrt{\sigma^2 + \varepsilon} \\ b &= \begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}
\end{aligned}
$$
"""


def test_formulas_become_mathml(tmp_path: Path) -> None:
    built = build(small_book(tmp_path, FORMULAS))
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "_build/html/book/page.html").read_text(encoding="utf-8").partition("<body")[2]
    assert page.count("<math ") == 5
    assert "<mn>1,152,000</mn>" in page
    assert page.count("<mtr>") == 4
    assert "\\" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[nowhere](missing.md)", "missing.md"),
        ("[no such heading](#nowhere)", "nowhere"),
        (r"A formula $\nosuchcommand{x}$.", "nosuchcommand"),
        (r"A formula $\frac{1$.", "braces do not pair up"),
        (r"A formula $\left( x$.", "not understood"),
        (r"A formula $a & b$.", "& not understood"),
        ("![a picture](assets/missing.png)", "missing.png"),
    ],
)
def test_a_mistake_ends_the_build(tmp_path: Path, text: str, says: str) -> None:
    built = build(small_book(tmp_path, text))
    assert built.returncode != 0
    assert says in built.stdout + built.stderr
