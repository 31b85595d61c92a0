"""Statistics of an exercise: right numbers, a page that stands alone and can be read by anybody."""

import re
from html.parser import HTMLParser

import pytest

from cnncourse.grading.records import statistics, statistics_page
from cnncourse.grading.records.statistics import items, overview
from cnncourse.grading.report import CellReport, Report


def cell(name, passed, *, points=2.0, reason="expected 3, got 4", error="CheckFailed", hint=""):
    if passed:
        return CellReport(cell=name, points=points, max_points=points, state="passed")
    return CellReport(
        cell=name, points=0, max_points=points, state="failed", reason=reason, error=error, hint=hint
    )


def report(student, *cells, state="graded"):
    return Report(student=student, assignment="02", key=student, state=state, cells=cells)


def crowd(*rows):
    """A submission a row; a letter a cell: p passed, f failed, u unanswered, m missing."""
    kinds = {
        "p": lambda name: cell(name, True),
        "f": lambda name: cell(name, False),
        "u": lambda name: cell(name, False, error="NotImplementedError", reason="Not answered yet."),
        "m": lambda name: CellReport(cell=name, points=0, max_points=2, state="missing"),
    }
    return [report(f"s{n}", *(kinds[k](f"c{m}") for m, k in enumerate(row))) for n, row in enumerate(rows)]


def test_attempts_and_passes():
    first, second = items(crowd("pf", "pu", "fm", "pp"))
    assert (first.cell, first.submissions, first.attempts, first.passed, first.rate) == ("c0", 4, 4, 3, 0.75)
    assert (second.attempts, second.passed) == (2, 1)


def test_discrimination_is_the_correlation_with_the_rest():
    """By hand: passed 1 1 0 0, the rest 2 2 2 0; covariance 0.25, deviations 0.5 and √0.75."""
    first, second = items(crowd("pp", "pp", "fp", "ff"))
    assert first.discrimination == pytest.approx(0.25 / (0.5 * 0.75**0.5))
    assert second.discrimination == pytest.approx(first.discrimination)


def test_a_test_that_the_strong_fail_stands_out():
    backwards = items(crowd("fppp", "fpp" + "f", "pff" + "f", "pffp"))[0]
    assert backwards.discrimination < -0.5


@pytest.mark.parametrize("rows", [("pp", "pf"), ("p",), ("fp", "fp")])
def test_no_discrimination_where_nothing_differs(rows):
    assert items(crowd(*rows))[0].discrimination is None


def test_the_commonest_failure_is_counted_over_other_numbers_and_by_hint():
    failures = [
        cell("c", False, reason="expected 3.5, got -1e-3"),
        cell("c", False, reason="expected 7, got 12"),
        cell("c", False, reason="it raised ValueError", error="ValueError"),
        cell("c", False, error="NotImplementedError", reason="Not answered yet."),
        cell("c", False, error="NotImplementedError", reason="Not answered yet."),
        cell("c", False, error="NotImplementedError", reason="Not answered yet."),
    ]
    (item,) = items(report(str(n), failed) for n, failed in enumerate(failures))
    assert (item.mistake, item.mistakes, item.hint) == ("expected 7, got 12", 2, "")
    hinted = [cell("c", False, reason=f"other words {letter}", hint="conv2d-flip") for letter in "cba"]
    (item,) = items(report(str(n), failed) for n, failed in enumerate(failures + hinted))
    assert (item.mistake, item.mistakes, item.hint) == ("other words a", 3, "conv2d-flip")


def test_the_order_of_reports_does_not_matter():
    rows = crowd("pfu", "fpp", "ppf", "mff")
    assert items(rows) == items(rows[::-1])
    assert overview(rows) == overview(rows[::-1])


def test_what_a_person_grades_and_what_could_not_be_run_is_no_item():
    essay = CellReport(cell="essay", points=0, max_points=5, state="manual")
    reports = [
        report("ada", cell("c", True), essay),
        report("alan", state="zero"),
        report("eve", cell("c", False), state="quarantined"),
    ]
    (item,) = items(reports)
    assert (item.submissions, item.passed) == (1, 1)
    assert overview(reports) == statistics.Overview(1, 1, 1, (0.0, 2.0), 2.0)
    assert overview(reports).mean == 1.0


def test_bins_hold_everybody_once():
    points = (0.0, 0.5, 19.9, 40.0, 41.0, 41.5)
    found = statistics_page.bins(points, 41.0)
    assert sum(number for _, _, number in found) == len(points)
    assert len(found) <= 21
    assert found[-1][2] == 3
    assert statistics_page.bins((), 0.0) == [(0, 1, 0)]


class Page(HTMLParser):
    """Counts opened and closed tags, and remembers attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "line", "circle", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag in ("circle", "rect"):
            return
        assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for name, attributes in self.seen if name == tag]


@pytest.fixture
def page(tmp_path):
    evil = cell('"><script>alert(1)</script>', False, reason="<img src=x onerror=alert(1)>")
    reports = [*crowd("pfup", "fppf", "ppfp", "mffp"), report("evil", evil), report("z", state="zero")]
    path = statistics_page.write(reports, "02_<b>convolution", tmp_path / "new" / "statistics.html")
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_shows_text_as_text(page):
    parsed = Page(page)
    assert not parsed.open
    assert not {"script", "img", "link", "iframe", "b"} & {tag for tag, _ in parsed.seen}
    assert "&lt;img src=x" in page


def test_the_page_asks_nothing_of_the_network(page):
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|url\(|@import", page)


def test_every_plot_says_in_words_what_it_shows(page):
    plots = Page(page).of("svg")
    assert [plot["role"] for plot in plots] == ["img"] * 3
    assert "0: 2, 1: 0, 2: 1" in plots[0]["aria-label"]
    assert "c0: 2 passed, 1 failed, of 5" in plots[1]["aria-label"]
    assert "c1: 40 % passed" in plots[2]["aria-label"]


def test_the_page_is_for_phones_and_for_the_dark(page):
    assert 'content="width=device-width, initial-scale=1"' in page
    assert "prefers-color-scheme: dark" in page


def test_nobody_is_named(page):
    assert not re.search(r"\bs[0-3]\b|\bevil\b", page)


def test_no_submissions_yet(tmp_path):
    text = statistics_page.write([], "02", tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Nothing has been graded yet." in text
    assert not Page(text).of("svg")


def test_cells_in_one_place_of_the_map_are_drawn_apart():
    alike = [
        statistics.Item(f"cell-{n}", 2.0, 40, 40, 30, "", 0, "", d)
        for n, d in enumerate((0.2, 0.25, 0.3) * 3)
    ]
    drawn = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', statistics_page.discrimination_map(alike))
    assert len(set(drawn)) == 9
