"""The lint of measured times: no cell fails because a machine is slow; other things may be asserted."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cnncourse.authoring.rules import problems
from cnncourse.authoring.timing import asserted_times

STOPWATCH = """\
def seconds(run):
    start = process_time()
    run()
    return process_time() - start
"""


def notebook(*sources):
    cells = [new_code_cell(source, id=f"cell-{'abc'[i]}") for i, source in enumerate(sources)]
    return new_notebook(cells=cells)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("assert seconds(f) < 1", "seconds"),
        ("a, b = seconds(f), 3\nassert a < b", "a"),
        ("taken = {n: seconds(f) for n in names}\nassert taken['x'] > 2", "taken"),
        ("taken = {n: seconds(f) for n in names}\nbest = min(taken.values())\nassert best > 2", "best"),
        ("line = []\nfor n in names:\n    line.append(seconds(f))\nassert max(line) > 2", "line"),
        ("cost = {}\ncost['a'] = seconds(f)\nassert cost['a'] > 2", "cost"),
        ("pairs = [(seconds(f), 1) for _ in range(7)]\nr = mean(a / b for a, b in pairs)\nassert r > 2", "r"),
        ("total = 0\ntotal += seconds(f)\nassert total < 9", "total"),
        ("t = 1.0\nfor n in names:\n    assert t < 2\n    t = seconds(f)", "t"),
        ("start = time.perf_counter()\nassert time.perf_counter() - start > 0.2", "perf_counter"),
        ("def both():\n    return seconds(f), 1\nif wanted:\n    assert both()[0] < 1", "both"),
        ("with lock:\n    check.equal(seconds(f), 3)", "seconds"),
    ],
)
def test_a_cell_that_insists_on_a_time_is_refused(source, name):
    said = asserted_times(notebook(STOPWATCH, source))
    assert any(line.startswith(f"[cell-b] {name} ") for line in said), said
    assert set(said) <= set(problems(notebook(STOPWATCH, source), "chapter"))


@pytest.mark.parametrize(
    "source",
    [
        "took = seconds(f)\nprint(took)\nassert net(x).shape == (1, 2)",
        "took = seconds(f)\ntook = 3\nassert took == 3",
        "for name, each in {'a': seconds(f)}.items():\n    print(each)\nfor name in names:\n    assert name",
        "def inner():\n    start = process_time()\nstart = 2\nassert start == 2",
        "took = seconds(f)\nassert all(took.x == 1 for took in cases)",
        "recorded = read_record('benchmark')['seconds']\nassert recorded[0] < recorded[1]",
    ],
)
def test_what_is_no_time_may_be_asserted(source):
    assert not asserted_times(notebook(STOPWATCH, source))


def test_names_are_followed_from_cell_to_cell():
    said = asserted_times(notebook(STOPWATCH, "slow = seconds(f)", "assert slow > 1"))
    assert [line.split()[0] for line in said] == ["[cell-c]"]
