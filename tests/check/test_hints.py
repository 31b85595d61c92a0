import pytest

from cnncourse import check
from cnncourse import hints as course_hints
from cnncourse.errors import ArgumentError, CourseError


def test_levels_come_one_by_one(hints, capsys):
    for _ in range(4):
        check.hint("turn")
    said = capsys.readouterr().out
    assert said.count("→ more:") == 2
    assert [f"hint {n} of 3 · turn" in said for n in (1, 2, 3)] == [True] * 3
    assert said.count("Drop .flip(0, 1).") == 2
    assert said.endswith('→ chapter 02, "Turning"\n')


def test_a_single_hint_without_chapter(hints, capsys):
    check.hint("step")
    assert capsys.readouterr().out == "hint 1 of 1 · step\n  Count your steps.\n"


def test_unknown_key_suggests_the_nearest(hints):
    with pytest.raises(ArgumentError, match="'trun' — did you mean 'turn'"):
        check.hint("trun")
    with pytest.raises(ArgumentError, match=r"no hint is called 'zzzzzz' — a failed check names its hint$"):
        check.hint("zzzzzz")


@pytest.mark.parametrize(
    ("text", "words"), [("[a]", "no levels"), ('[a]\nlevels=["x"]\ntitle="y"', "'title'")]
)
def test_malformed_hints_are_refused(text, words):
    with pytest.raises(CourseError, match=words):
        course_hints.parse(text, "02.toml")


def test_a_key_in_two_files_is_refused(tmp_path, monkeypatch):
    for name in ("01.toml", "02.toml"):
        (tmp_path / name).write_text('[same]\nlevels = ["x"]')
    (tmp_path / "README.md").write_text("not a hint")
    monkeypatch.setattr(course_hints.resources, "files", lambda package: tmp_path)
    with pytest.raises(CourseError, match=r"02.toml: the hint \[same\] is already in another file"):
        course_hints.all_hints.__wrapped__()
