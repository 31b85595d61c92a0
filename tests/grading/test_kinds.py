"""Every kind of test cell gives its points to a right answer and none to a wrong one, and says its trust.

That nbgrader gives them too, ``python -m tests.grading.kinds`` shows, in minutes.
"""

import sys

import pytest

from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from cnncourse.grading.looks import looking_at_inputs
from cnncourse.grading.sandbox.spawner import Spawner
from tests.grading.kinds import FILES, MODULES, kinds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes need Linux")
each_kind = pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name.replace(" ", "-"))


@pytest.fixture(scope="module")
def shared(bwrap):
    with Spawner(FILES, MODULES, limits=Limits()) as spawner:
        yield spawner


def judged(spawner, kind, answer, beside):
    source = kind.notebook(beside=beside)
    with Student(spawner) as student:
        (report,) = Judge(source, seed=1).judge(kind.notebook(answer), student)
    return report


@each_kind
def test_a_right_answer_gets_the_point_and_a_wrong_one_none(shared, kind):
    beside = kind.trust == "beside"
    right = judged(shared, kind, kind.answer, beside)
    assert right.points == 1, right.text
    assert right.beside == beside
    wrong = judged(shared, kind, kind.wrong, beside)
    assert wrong.points < 1, wrong.text
    assert wrong.reason


@each_kind
def test_what_is_judged_apart_says_the_same_beside_and_what_is_not_cannot_be(shared, kind):
    if kind.trust == "apart":
        assert judged(shared, kind, kind.answer, True).points == 1
        assert judged(shared, kind, kind.wrong, True).points < 1
    else:
        apart = judged(shared, kind, kind.answer, False).points == 1
        assert not apart or looking_at_inputs(kind.notebook()), "this can be judged apart by now"


def test_there_are_seventy_kinds_and_most_are_judged_apart():
    table = kinds()
    assert len({kind.name for kind in table}) == len(table) >= 70
    apart = sum(kind.trust == "apart" for kind in table)
    print(f"{len(table)} kinds of test cells: {apart} judged apart, {len(table) - apart} beside the student")
    assert apart > len(table) / 2
