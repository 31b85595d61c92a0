"""A class stays a class: each file is its own student's, and where that is not sure nothing is guessed."""

import re
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncourse.grading.collect.archive import Entry
from cnncourse.grading.collect.claims import claims
from cnncourse.grading.collect.folders import Layout
from cnncourse.grading.collect.identities import Identities
from cnncourse.grading.collect.owners import assign
from cnncourse.grading.collect.roster import Roster
from cnncourse.grading.collect.submissions import collect
from tests.grading.collect.archives import NAME, laid_out, refused, students, zipped
from tests.grading.config import pattern

NAMES = pattern()
FILE = f"{NAME}.ipynb"
METADATA = """---
submission_111:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1815'
    :email: ada@x.org
  - :name: Bob B
    :sid: '1816'
    :email: bob@x.org
  :created_at: 2026-01-12 18:11:00.123456000 Z
  :score: 0.0
submission_222:
  :submitters:
  - :name: Cyd C
    :sid: '1817'
    :email: cyd@x.org
  :created_at: 2026-01-12 10:11:00 -08:00
"""

# What is handed in, and whose it must be. Two people never become one.
APART = {
    "numbered folders": {f"submission_{n}/{FILE}": f"submission_{n}" for n in (111, 222, 333)},
    "groups": {f"group_{n}/{FILE}": f"group_{n}" for n in (1, 2)},
    "numbered names": {f"name_{n}_{FILE}": f"name_{n}" for n in (1, 2)},
    "names that look like numbers of Canvas": {f"team_{n}_0{n}_{FILE}": f"team_{n}_0{n}" for n in (1, 2)},
    "below a folder of the platform's": {
        f"Ada Lovelace_1234_assignsubmission_file_/work/{FILE}": "Ada Lovelace",
        f"Bob B_99_assignsubmission_file_/work/{FILE}": "Bob B",
    },
    "the course's folders": {f"{name}/cnn/exercises/{NAME}/{FILE}": name for name in ("ada", "bob")},
    "cloned repositories": {f"cnn-{name}/exercises/{NAME}/{FILE}": f"cnn-{name}" for name in ("ada", "bob")},
    "a folder around all": {f"all/02/{name}/{NAME}/{FILE}": name for name in ("ada", "bob", "cyd")},
    "folders and names": {f"ada/{FILE}": "ada", f"bob/{FILE}": "bob", f"cyd_{FILE}": "cyd"},
    "names in folders of sections": {f"s{n}/{name}_{FILE}": name for n, name in enumerate(("ada", "bob"))},
    "one file name for all": {f"{name}/my_{FILE}": name for name in ("ada", "bob", "cyd")},
    "another's name on a file": {f"ada/{FILE}": "ada", f"bob/{FILE}": "bob", f"eve/ada_{FILE}": "eve"},
    "another's name in a platform's folder": {
        f"ada_1_assignsubmission_file_/{FILE}": "ada",
        f"eve_2_assignsubmission_file_/ada_1_assignsubmission_file_/{FILE}": "eve",
        f"mal_3_assignsubmission_file_/ada_{FILE}": "mal",
    },
    "namesakes of Moodle": {f"Ada L_{n}_assignsubmission_file_/{FILE}": f"Ada L_{n}" for n in (1, 2)},
    "namesakes of Canvas": {f"lada_{n}_345_{FILE}": f"lada_{n}" for n in (16, 17)},
    "namesakes of ILIAS": {
        f"02/Lovelace_Ada_{login}_{n}/{FILE}": f"Lovelace_Ada_{login}"
        for login, n in (("al", 4712), ("a2", 4713))
    },
    "Gradescope without its table": {
        f"assignment_9_export/submission_{n}/{FILE}": f"submission_{n}" for n in (111, 222)
    },
    "users of Blackboard": {
        f"HW 2_{user}_attempt_2026-01-12-10-30-00_{FILE}": user for user in ("a_smith", "b_smith")
    },
}


@pytest.mark.parametrize("kind", ["zip", "folder"])
@pytest.mark.parametrize("case", APART)
def test_two_people_never_become_one(tmp_path, case, kind):
    files = {name: name for name in APART[case]}
    place = zipped(tmp_path / "all.zip", files) if kind == "zip" else laid_out(tmp_path / "in", files)
    collected = collect(place, NAME, tmp_path / "submitted", NAMES)
    assert refused(collected) == {}
    assert students(collected) == {student: name for name, student in APART[case].items()}


# Where two files may be of two people, neither is graded, and both are named.
UNSURE = {
    "one id in two sections": [f"s1/ada_{FILE}", f"s2/ada_{FILE}", f"s1/bob_{FILE}", f"s2/cyd_{FILE}"],
    "sections of folders": [f"s1/ada/{FILE}", f"s1/bob/{FILE}", f"s2/cyd/{FILE}", f"s2/dan/{FILE}"],
    "a copy further down": [f"ada/{FILE}", f"ada/old/{FILE}", f"bob/{FILE}"],
    "a name and a folder": [f"ada/{FILE}", f"bob/{FILE}", f"ada_{FILE}"],
    "Canvas and a plain name": [f"ada_12_345_{FILE}", f"ada_{FILE}"],
    "teams that look like Canvas": [f"team_1_2_{FILE}", f"team_1_3_{FILE}"],
    "one number, two names": [f"ada_12_345_{FILE}", f"bob_12_346_{FILE}"],
    "names in a folder of the assignment": [f"all/{NAME}/ada.ipynb", f"all/{NAME}/bob.ipynb"],
    "a file alone, far down": [f"x/ada/homework/{FILE}"],
}
SURE = {
    "a copy further down": {"bob"},
    "a name and a folder": {"bob"},
    "one id in two sections": {"bob", "cyd"},
}


@pytest.mark.parametrize("case", UNSURE)
def test_nothing_is_guessed(tmp_path, case):
    files = {name: name for name in UNSURE[case]}
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "submitted", NAMES)
    assert set(students(collected)) == SURE.get(case, set())
    left = refused(collected)
    assert len(left) == len(files) - len(collected.submissions)
    assert all("--roster" in reason for reason in left.values()), left


def test_the_other_file_is_named(tmp_path):
    files = {name: name for name in UNSURE["a name and a folder"]}
    left = refused(collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "submitted", NAMES))
    assert f"ada/{FILE}" in left[f"ada_{FILE}"]
    assert f"ada_{FILE}" in left[f"ada/{FILE}"]


def test_a_folder_of_archives_each_with_the_same_inside(tmp_path):
    """The archive's name is the student's, also of one that holds nothing but the notebook."""
    place = tmp_path / "in"
    place.mkdir()
    zipped(place / "ada.zip", {f"{NAME}/{FILE}": "a"})
    zipped(place / "bob.zip", {f"{NAME}/{FILE}": "b"})
    zipped(place / "cyd.zip", {FILE: "c"})
    collected = collect(place, NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {"ada": "a", "bob": "b", "cyd": "c"}


def test_a_folder_of_sections_archives(tmp_path):
    place = tmp_path / "in"
    place.mkdir()
    zipped(place / "s1.zip", {f"ada/{FILE}": "a", f"bob/{FILE}": "b"})
    zipped(place / "s2.zip", {f"cyd/{FILE}": "c", f"dan/{FILE}": "d"})
    collected = collect(place, NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {"ada": "a", "bob": "b", "cyd": "c", "dan": "d"}


@pytest.mark.parametrize(
    "clone", ["{}", "cnn-submissions/cnn-{}", "HW/Ada({})/Submission attachment(s)/cnn", "all/{}/cnn/course"]
)
def test_the_model_solution_in_a_clone_is_nobodys_answer(tmp_path, clone):
    files = {
        f"{clone.format(name)}/{folder}/{NAME}/{FILE}": f"{name} {folder}"
        for name in ("ada", "bob")
        for folder in ("exercises", "solutions")
    }
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {"ada": "ada exercises", "bob": "bob exercises"}
    assert [name.split("/")[-3] for name in refused(collected)] == ["solutions", "solutions"]


@pytest.mark.parametrize(
    ("first", "second", "platform"),
    [
        (
            f"HW_alovelace_attempt_2026-01-12-10-30-00_{FILE}",
            f"HW_alovelace_attempt_2026-01-14-09-00-00_{FILE}",
            "alovelace",
        ),
        (
            f"12345-6 - Ada Lovelace - Jan 2, 2026 1030 AM/{FILE}",
            f"12345-6 - Ada Lovelace - Jan 12, 2026 130 PM/{FILE}",
            "Ada Lovelace",
        ),
        (
            f"Lovelace_Ada_al_4712/20260112103000_{FILE}",
            f"Lovelace_Ada_al_4712/20260114103000_{FILE}",
            "Lovelace_Ada_al",
        ),
    ],
)
@pytest.mark.parametrize("other_way", [False, True])
def test_two_attempts_are_one_student_and_the_later_counts(tmp_path, first, second, platform, other_way):
    files = {first: "first", second: "second"}
    files = dict(reversed(files.items())) if other_way else files
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {platform: "second"}
    assert "2 files" in collected.submissions[0].notes[0]


def test_gradescopes_table_names_people_groups_and_times(tmp_path):
    files = {
        "export/submission_metadata.yml": METADATA,
        f"export/submission_111/{FILE}": "both",
        f"export/submission_222/{FILE}": "cyd",
        "export/submission_222/submission_metadata.yml": METADATA.replace("1817", "1815"),
    }
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {"1815": "both", "1816": "both", "1817": "cyd"}
    times = {one.student: str(one.timestamp) for one in collected.submissions}
    assert times == {
        "1815": "2026-01-12 18:11:00.123456",
        "1816": "2026-01-12 18:11:00.123456",
        "1817": "2026-01-12 18:11:00",
    }


def test_an_archive_inside_a_students_folder_stays_shut(tmp_path):
    """It could hold another student's name; the archives beside it are the instructor's."""
    place = laid_out(tmp_path / "in", {f"ada_1_assignsubmission_file_/{FILE}": "a"})
    inside = place / "eve_2_assignsubmission_file_"
    inside.mkdir()
    zipped(inside / "work.zip", {f"ada_1_assignsubmission_file_/{FILE}": "b"})
    collected = collect(place, NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {"ada": "a"}
    ((name, reason),) = refused(collected).items()
    assert name == "eve_2_assignsubmission_file_/work.zip"
    assert "not opened" in reason
    assert "eve" in reason


def test_an_archive_that_canvas_named_is_its_owners(tmp_path):
    """A folder that Canvas' archive was unpacked to: each archive in it is some student's."""
    place = laid_out(tmp_path / "in", {f"ada_12_345_{FILE}": "a"})
    zipped(place / "eve_13_346_work.zip", {f"ada_{FILE}": "b"})
    zipped(place / "bob_14_347_work.zip", {f"ada_12_345_{FILE}": "c"})
    assert students(collect(place, NAME, tmp_path / "submitted", NAMES)) == {
        "ada": "a",
        "bob": "c",
        "eve": "b",
    }


def test_a_broken_archive_costs_its_owner_alone(tmp_path):
    place = laid_out(tmp_path / "in", {"eve.zip": "no archive"})
    zipped(place / "ada.zip", {FILE: "a"})
    zipped(place / "bob.zip", {FILE: "b"})
    collected = collect(place, NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {"ada": "a", "bob": "b"}
    assert "cannot be read" in refused(collected)["eve.zip"]


def test_moodles_folder_is_sought_at_any_depth(tmp_path):
    files = {f"{n}_{k}_assignsubmission_file_/src/x.ipynb": n for k, n in enumerate(("a", "b"))}
    files |= {
        f"down/load/c_7_assignsubmission_file/deep/er/{FILE}": "c",
        f"d_8_assignsubmission_file_{FILE}": "d",
    }
    files |= {"e_9_assignsubmission_file_homework.ipynb": "e"}
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "submitted", NAMES)
    assert students(collected) == {name: name for name in "abcde"}


TOKENS = st.text("ab12_- .+é", min_size=1, max_size=12).filter(lambda text: text.strip(" .") == text)
TEMPLATES = (
    "{}/FILE",
    "{}_FILE",
    "{}-FILE",
    "all/{}/FILE",
    "{}/work/deep/FILE",
    "{}/NAME/FILE",
    "x/{}/cnn/exercises/NAME/FILE",
    "x_{}/FILE",
    "{}_1/FILE",
    "submission_{}/FILE",
    "s/{}_FILE",
    "{}/my_FILE",
    "{}_7/NAME/any.ipynb",
    "{}_12_assignsubmission_file_/FILE",
    "{}_12_assignsubmission_file_FILE",
    "Ada L_1{}_assignsubmission_file_/src/FILE",
    "{}_12_34_FILE",
    "x_{}_34_FILE",
    "HW_{}_attempt_2026-01-12-10-30-00_FILE",
    "12-3 - {} - Jan 12, 2026 1030 AM/FILE",
    "hw-submissions/hw-{}/FILE",
    "HW/Ada({})/Submission attachment(s)/FILE",
    "Last_First_{}_4712/FILE",
    "{}_login_4712/FILE",
    "Last_First_login_47{}/FILE",
)
# Across imports an account is one person, whatever the name: not for templates in which all have the same.
ANY_ACCOUNT = [one for one in TEMPLATES if not re.search(r"_12_|^12-3|_4712|x_", one)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TEMPLATES), st.lists(TOKENS, min_size=2, max_size=6, unique=True))
def test_whatever_people_are_called_their_files_stay_apart(tmp_path, template, tokens):
    """Each file is another person's: it is graded as that person's alone, or named as nobody's."""
    names = {template.format(token).replace("FILE", FILE).replace("NAME", NAME) for token in tokens}
    entries = [Entry(name, datetime(2026, 1, 1), "", bytes) for name in sorted(names)]
    owners = assign(claims(entries, Layout(NAME), NAMES, tmp_path), NAME, Roster(), Identities())
    given_to = [claim.entry.name for files in owners.files.values() for claim in files]
    assert {student: len(files) for student, files in owners.files.items() if len(files) > 1} == {}
    assert sorted([*given_to, *(one.name for one in owners.ignored)]) == sorted(names)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ANY_ACCOUNT), st.lists(TOKENS, min_size=2, max_size=4, unique=True))
def test_nor_do_they_meet_when_each_comes_alone(tmp_path, template, tokens):
    """One import each: nobody's file takes the place of another's."""
    known, whose = Identities(), {}
    for number, token in enumerate(tokens):
        name = template.format(token).replace("FILE", FILE).replace("NAME", NAME)
        entry = Entry(name, datetime(2026, 1, 1), "", bytes)
        place = tmp_path / f"{number}.zip"
        owners = assign(claims([entry], Layout(NAME), NAMES, place), NAME, Roster(), known)
        known.add(owners.identities)
        assert whose.keys().isdisjoint(owners.files), (template, tokens)
        whose |= owners.files
