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
    hinted = [cell("c", False, reason=f"other words {letter}", hint="conv2d-flip") for letter in "cbac"]
    (item,) = items(report(str(n), failed) for n, failed in enumerate(failures + hinted))
    assert (item.mistake, item.mistakes) == ("expected 7, got 12", 2)
    assert (item.hint, item.hints) == ("conv2d-flip", 4)


def test_a_message_is_counted_by_its_own_words_and_not_by_its_hint():
    """One hint may fit many mistakes: "gives a tuple" is not what 23 of 67 did because they share it."""
    said = ["gives a tuple", *(f"gives {word}" for word in ("None", "a list", "a text")), "gives a list"]
    (item,) = items(
        report(str(n), cell("c", False, reason=words, hint="conv2d-shape")) for n, words in enumerate(said)
    )
    assert (item.mistake, item.mistakes) == ("gives a list", 2)
    assert (item.hint, item.hints) == ("conv2d-shape", 5)


PERSONAL = "Ada Lovelace, 1815"


@pytest.mark.parametrize(
    ("reason", "error", "shown"),
    [
        (
            f"Your code stopped with ValueError: {PERSONAL}",
            "CheckFailed",
            "Your code stopped with ValueError",
        ),
        (
            "Your code stopped with AdaLovelace: hi",
            "CheckFailed",
            "Your code stopped with an error of its own",
        ),
        ("Your code stopped with AdaLovelace", "CheckFailed", "Your code stopped with an error of its own"),
        (
            f"f(x): should raise ValueError, but raised TypeError: {PERSONAL}",
            "CheckFailed",
            "f(x): should raise ValueError, but raised TypeError",
        ),
        (f"ValueError: {PERSONAL}", "ValueError", "ValueError"),
        (f"AdaError: {PERSONAL}", "AdaError", "an error of its own"),
        (f"expected 3, got '{PERSONAL}'", "CheckFailed", "expected 3, got “…”"),
    ],
)
def test_no_words_of_a_students_own_are_shown(reason, error, shown):
    reports = [report(str(n), cell("c", False, reason=reason, error=error)) for n in range(3)]
    (item,) = items(reports)
    assert (item.mistake, item.mistakes) == (shown, 3)
    text = statistics_page.page(overview(reports), [item], title="02")
    assert "Ada" not in text


def test_what_one_alone_met_is_not_shown():
    reports = [
        report(str(n), cell("c", False, reason=f"got {name}")) for n, name in enumerate(("Ada", "Bob"))
    ]
    (item,) = items(reports)
    assert (item.mistake, item.mistakes) == ("", 0)
    assert "no two failed alike" in statistics_page.page(overview(reports), [item], title="02")


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
    reports.append(report("evil2", evil))
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
    assert "0: 3, 1: 0, 2: 1" in plots[0]["aria-label"]
    assert "c0: 2 passed, 1 failed, of 6" in plots[1]["aria-label"]
    assert "c1: 33 % passed" in plots[2]["aria-label"]


def test_the_page_is_for_phones_and_for_the_dark(page):
    assert 'content="width=device-width, initial-scale=1"' in page
    assert "prefers-color-scheme: dark" in page


def test_nobody_is_named(page):
    assert not re.search(r"\bs[0-3]\b|\bevil\b", page)


def test_no_submissions_yet(tmp_path):
    text = statistics_page.write([], "02", tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Nothing has been graded yet." in text
    assert not Page(text).of("svg")


def test_dots_stay_at_their_values_and_their_numbers_apart():
    values = [(0.75, d) for d in (0.2, 0.25, 0.3) * 3]
    alike = [
        statistics.Item(f"cell-{n}", 2.0, 40, 40, 30, "", 0, "", 0, d) for n, (_, d) in enumerate(values)
    ]
    text = statistics_page.discrimination_map(alike)
    drawn = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', text)]
    places = {d: place for (_, d), place in zip(values, drawn, strict=True)}
    assert [places[d] for _, d in values] == drawn  # the same value, the same place
    (low, middle, high) = (places[d][1] for d in (0.2, 0.25, 0.3))
    assert low - middle == pytest.approx(middle - high, abs=0.15)
    grid = {
        float(y): v
        for y, v in zip(re.findall(r'y1="([\d.]+)"[^>]*class="grid"', text), (-0.5, 0, 0.5, 1), strict=True)
    }
    (zero,) = (y for y, v in grid.items() if v == 0)
    (half,) = (y for y, v in grid.items() if v == 0.5)
    assert low == pytest.approx(zero + (half - zero) * 0.4, abs=0.11)
    labels = re.findall(r'<text x="([\d.]+)" y="([\d.-]+)" text-anchor="middle" class="strong">', text)
    assert len(set(labels)) == 9
