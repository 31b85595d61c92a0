"""No answer gains by changing its inputs, and a right one loses only where the text says that they stay."""

from functools import cache

import pytest

from cnncourse.grading import cells
from tests.exercises.course import Exercise, exercises
from tests.exercises.runner import failed, run
from tests.exercises.spoiling import SLOW, WAYS, Spoiler, by_heart

EXERCISES = exercises()
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.stem)
each_way = pytest.mark.parametrize("way", WAYS)


@cache
def known(exercise: Exercise):
    return by_heart(exercise)


def passed(exercise: Exercise, spoiler: Spoiler) -> set[str]:
    return set(exercise.tests) - set(SLOW) - failed(run(spoiler.sources(exercise)))


def held(exercise: Exercise) -> set[str]:
    """The test cells that hold that inputs stay as they are."""
    return {cells.grade_id(cell) for cell in exercise.cells("test") if "check.unchanged(" in cell.source}


@each_exercise
@each_way
@pytest.mark.parametrize("gives", ["zeros", "what follows"])
@pytest.mark.parametrize("heart", [False, True], ids=["", "by-heart"])
def test_nothing_is_gained_by_a_change(exercise, way, gives, heart):
    calls = known(exercise) if heart else None
    honest = passed(exercise, Spoiler(way, gives, changes=False, known=calls))
    assert passed(exercise, Spoiler(way, gives, known=calls)) <= honest


@each_exercise
@each_way
def test_a_right_answer_loses_only_where_a_check_holds_its_inputs(exercise, way):
    outcomes = run(Spoiler(way, "right").sources(exercise))
    lost = failed(outcomes) & set(exercise.tests)
    odd = {name: outcomes[name].output for name in lost if "changed its input" not in outcomes[name].output}
    assert not odd, "\n".join(odd.values())
    assert lost == held(exercise)
