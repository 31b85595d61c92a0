"""The made-up class holds what it promises: forty files, damage, attacks, and what is no notebook."""

from collections import Counter

import pytest

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.collect.platforms import recognise
from cnncourse.grading.repair.repair import Unreadable, repair
from tests.exercises.course import exercises
from tools import demo_class


@pytest.fixture(scope="module")
def exercise():
    return next(one for one in exercises() if one.stem == demo_class.NAME)


@pytest.fixture(scope="module")
def handed_in(exercise):
    return dict(demo_class.submissions(exercise))


def test_forty_students_hand_in_the_same_each_time(exercise, handed_in):
    assert len(handed_in) == demo_class.STUDENTS == 40
    assert dict(demo_class.submissions(exercise)) == handed_in
    seen = [recognise(name, demo_class.NAME) for name in handed_in]
    assert {one.platform.name for one in seen} == {"Canvas"}
    assert len({one.student for one in seen}) == 40


def test_damage_is_mended_and_no_notebooks_are_refused(exercise, handed_in):
    ends = Counter()
    for raw in handed_in.values():
        try:
            ends["mended" if repair(raw, exercise.solution).repairs else "sound"] += 1
        except Unreadable as error:
            ends["zero"] += not error.quarantine
    assert ends["zero"] == len(demo_class.NO_NOTEBOOKS)
    assert ends["mended"] >= len(demo_class.DAMAGE)
    assert ends["sound"] >= 20


def test_each_attack_is_in_the_class(handed_in):
    texts = [raw.decode() for raw in handed_in.values() if b"nbformat" in raw]
    for word in (
        "os._exit",
        "skip-execution",
        "torch.allclose =",
        "check.equal =",
        "create_connection",
        "\\n2",
    ):
        assert any(word in text for text in texts), word


def test_the_class_is_laid_out_as_the_command_expects(tmp_path):
    archive = demo_class.lay_out(tmp_path)
    assert archive.is_file()
    assert (tmp_path / "nbgrader_config.py").is_file()
    assert Assignment.load(tmp_path / "solutions" / demo_class.NAME).name == demo_class.NAME
