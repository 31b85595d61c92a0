"""Runs that are killed end in the gradebook of one that is not; on SQLite as on PostgreSQL.

Only the grading of one submission is a stub here. ``tests/benchmarks/class_of_1000.py`` does it with 1,000.
"""

import pytest

from tests.benchmarks import class_of_1000 as school
from tests.grading import classroom

COUNT = 60


@pytest.fixture
def room(tmp_path):
    """Makes folders of classes."""

    def make(name):
        (tmp_path / name).mkdir()
        return classroom.lay_out(tmp_path / name)

    return make


def test_sixty_submissions_and_two_killed_runs(room, alembic):
    calm, wild = room("calm"), room("wild")
    school.master(calm, COUNT, workers=0, seconds=0.0)

    done = school.disturbed(wild, COUNT, workers=2, seconds=0.05, due=lambda killed: False, kills=2)
    assert done.runs == 3
    expected, got = school.contents(calm), school.contents(wild)
    assert len(expected["grades"]) == 4 * COUNT
    assert got == expected
    assert school.verdicts(wild) == dict.fromkeys((f"s{n:04}" for n in range(COUNT)), 1)
    begun = (wild / "graded.log").read_text().count("begin")
    assert begun <= COUNT + 2 * 2 + 2 * 2, "what had been graded was graded again"


def test_both_kinds_of_gradebook_hold_the_same(room, postgres, alembic):
    """And a second run, which finds every verdict in its journal, changes nothing."""
    here, there, url = room("sqlite"), room("postgresql"), postgres()
    for _ in range(2):
        school.master(here, 12, workers=0, seconds=0.0)
        school.master(there, 12, workers=0, seconds=0.0, db=url)
        expected = school.contents(here)
        assert len(expected["grades"]) == 48
        assert school.contents(there, url) == expected
