"""A term: who was who stays so from one archive to the next, and the roster settles what is not clear."""

import pytest

from cnncourse.errors import DataError
from cnncourse.grading.collect import roster
from cnncourse.grading.collect.identities import Identities
from cnncourse.grading.collect.submissions import collect
from tests.grading.collect.archives import NAME, refused, students, zipped
from tests.grading.config import pattern

NAMES = pattern()
FILE = f"{NAME}.ipynb"
NEXT = "03_padding_stride"


class Class:
    """A class's folder, into which archives come one after the other."""

    def __init__(self, folder, accounts=None):
        self.folder, self.list = folder, folder / "identities.jsonl"
        self.accounts = accounts

    def take(self, files, assignment=NAME, people=None, archive="all"):
        known = Identities.load(self.list, self.accounts)
        place = zipped(self.folder / f"{archive}.zip", {name: str(name) for name in files})
        table = None
        if people is not None:
            (self.folder / "people.csv").write_text(people, encoding="utf-8")
            table = roster.read(self.folder / "people.csv")
        collected = collect(place, assignment, self.folder / "submitted", NAMES, roster=table, known=known)
        known.add(collected.identities)
        known.save(self.list)
        self.ignored = refused(collected)
        return students(collected)


@pytest.fixture
def room(tmp_path):
    return Class(tmp_path)


def test_an_account_is_one_student_and_another_is_another(room):
    """`surnamename_16_…` one week and `surnamename_17_…` the next are two people."""
    assert set(room.take([f"sn_16_1_{FILE}"])) == {"sn"}
    assert set(room.take([f"sn_17_2_{FILE}"])) == {"sn_17"}
    assert set(room.take([f"sn_17_3_{FILE}", f"sn_16_4_{FILE}"])) == {"sn", "sn_17"}
    assert room.take([f"sn_16_5_{NEXT}.ipynb"], NEXT) == {"sn": f"sn_16_5_{NEXT}.ipynb"}


def test_the_account_outlives_a_name(room):
    room.take([f"maiden_16_1_{FILE}"])
    assert set(room.take([f"married_16_2_{FILE}"])) == {"maiden"}


def test_a_class_of_the_version_before(tmp_path):
    """Its gradebook knows accounts, and there is no list of identities yet."""
    room = Class(tmp_path, accounts={"sn": "16", "ada": "", "two_5": "5", "two_6": "6"})
    assert set(room.take([f"sn_17_1_{FILE}", f"ada_3_1_{FILE}"])) == {"sn_17", "ada"}
    assert set(room.take([f"sn_16_1_{FILE}"])) == {"sn"}
    assert set(room.take([f"two_5_1_{FILE}"])) == {"two_5"}


def test_moodles_number_is_one_assignments(room):
    assert set(room.take([f"Ada L_1_assignsubmission_file_/{FILE}"])) == {"Ada L"}
    assert set(room.take([f"Ada L_77_assignsubmission_file_/{NEXT}.ipynb"], NEXT)) == {"Ada L"}
    assert set(room.take([f"Ada L_2_assignsubmission_file_/{FILE}"])) == {"Ada L_2"}
    assert room.take([f"Ada L_78_assignsubmission_file_/{NEXT}.ipynb"], NEXT) == {}
    assert "--roster" in next(iter(room.ignored.values()))


def test_one_folder_of_two_archives_is_not_graded_over(room):
    assert set(room.take([f"work/{FILE}"], archive="ada")) == {"work"}
    assert room.take([f"work/{FILE}"], archive="bob") == {}
    assert "earlier import" in room.ignored[f"work/{FILE}"]
    assert set(room.take([f"work/{FILE}"], archive="ada")) == {"work"}


def test_a_late_file_of_a_folder_that_is_known(room):
    room.take([f"ada/{FILE}", f"bob/{FILE}"])
    assert set(room.take([f"ada/{FILE}"], archive="late")) == {"ada"}
    assert set(room.take([f"ada_{FILE}"], archive="mail")) == {"ada"}


def test_another_platform_does_not_take_a_students_place(room):
    room.take([f"ada_16_1_{FILE}"])
    assert room.take([f"HW_ada_attempt_2026-01-12-10-30-00_{FILE}"]) == {}
    assert "--roster" in next(iter(room.ignored.values()))


PEOPLE = """id,name,login,Canvas,Moodle,group
al,Ada Lovelace,alove,16,101,
al2,Ada Lovelace,alove2,17,102,
bob,Bob B,bobb,18,103,g1
cyd,Cyd C,cydc,19,104,g1
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([f"adalovelace_16_1_{FILE}", f"adalovelace_17_2_{FILE}"], {"al", "al2"}),
        ([f"Ada Lovelace_{n}_assignsubmission_file_/{FILE}" for n in (101, 102)], {"al", "al2"}),
        ([f"s1/alove/{FILE}", f"s1/alove2/{FILE}", f"s2/stranger/{FILE}"], {"al", "al2", "s2"}),
        ([f"x/alove/homework/{FILE}"], {"al"}),
        ([f"s1/alove_{FILE}", f"s2/alove_{FILE}"], {"al"}),
        ([f"alove_{FILE}", f"alove/{FILE}", f"alove2/{FILE}"], {"al", "al2"}),
        ([f"Ada Lovelace/{FILE}"], set()),
        ([f"Ada Lovelace_999_assignsubmission_file_/{FILE}"], set()),
        ([f"g1/{FILE}", f"alove/{FILE}"], {"bob", "cyd", "al"}),
        ([f"bobb_{FILE}", f"al_{FILE}"], {"bob", "cyd", "al"}),
        ([f"bobb_{FILE}", f"cydc_{FILE}"], {"bob", "cyd"}),
    ],
)
def test_the_roster_settles_it(room, files, expected):
    assert set(room.take(files, people=PEOPLE)) == expected
    assert bool(room.ignored) == (not expected)


def test_an_account_is_the_one_who_handed_in_alone(room):
    """The others of a group have the same file, but not the account that it came from."""
    people = "id,name,Canvas,group\nbob,Bob B,18,g1\ncyd,Cyd C,,g1\n"
    assert set(room.take([f"bbob_18_1_{FILE}"], people=people)) == {"bob", "cyd"}
    assert set(room.take([f"bbob_18_2_{FILE}"])) == {"bob"}
    known = Identities.load(room.list)
    assert known.student(NAME, "Canvas", "18") == "bob"
    assert known.account(NAME, "Canvas", "cyd") == ""


def test_an_account_that_the_roster_gives_to_another_is_not_taken_for_a_name(room):
    """Bob's account is 18: whoever has 99 is another, whatever they are called."""
    assert set(room.take([f"bobb_99_1_{FILE}"], people=PEOPLE)) == {"bobb"}
    assert room.take([f"bob_99_1_{FILE}"], people="id,Canvas\nbob,18\n", assignment=NAME) == {
        "bobb": f"bob_99_1_{FILE}"
    }
    assert room.take([f"cyd_98_1_{FILE}"], people=PEOPLE) == {}
    assert "another account" in room.ignored[f"cyd_98_1_{FILE}"]


def test_a_list_with_moodles_numbers_of_another_assignment(room):
    """There the number 103 was Bob's; here it is Cyd's, and Bob has another."""
    files = [f"Cyd C_103_assignsubmission_file_/{FILE}", f"Bob B_777_assignsubmission_file_/{FILE}"]
    found = room.take(files, people=PEOPLE.replace(",g1", ","))
    assert found == {"cyd": files[0], "bob": files[1]}


def test_the_roster_outweighs_what_was_known(room):
    room.take([f"sn_16_1_{FILE}"])
    room.take([f"sn_16_1_{FILE}"], people="id,Canvas\nzoe,16\n")
    assert set(room.take([f"sn_16_2_{NEXT}.ipynb"], NEXT)) == {"zoe"}


def test_all_of_a_group_get_its_file_and_each_their_own(room):
    both = room.take([f"bobb_{FILE}", f"alove_{FILE}"], people=PEOPLE)
    assert both["cyd"] == both["bob"]
    each = room.take([f"bobb_{FILE}", f"cydc_{FILE}"], people=PEOPLE)
    assert each["cyd"] != each["bob"]


def test_a_name_in_the_roster_does_not_merge_two_accounts(room):
    people = "id,name\nal,Ada L\n"
    files = [f"Ada L_{n}_assignsubmission_file_/{FILE}" for n in (1, 2)]
    assert room.take(files, people=people) == {}
    assert len(room.ignored) == 2


def test_moodles_worksheet_is_a_roster(room):
    worksheet = (
        "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (grade)\n"
        "Participant 101,Ada L,ada1@x.org,Submitted,,20.00,-\n"
        "Participant 102,Ada L,ada2@x.org,Submitted,,20.00,-\n"
        "Participant 103,Bob B,bob@x.org,Submitted,,20.00,-\n"
    )
    files = [f"Ada L_{n}_assignsubmission_file_/{FILE}" for n in (101, 102)]
    files.append(f"Bob B_103_assignsubmission_file_/{FILE}")
    assert set(room.take(files, people=worksheet)) == {"ada1@x.org", "ada2@x.org", "Bob B"}


def test_canvas_gradebook_is_a_roster(room):
    table = (
        "Student,ID,SIS User ID,SIS Login ID,Section,02_convolution (5)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,20\n"
        '"Surname, Name",16,s16,n16,A,\n'
        '"Surname, Name",17,s17,n17,A,\n'
        '"Lovelace, Ada",18,s18,ada,A,\n'
    )
    room.take([f"surnamename_16_1_{FILE}"])
    files = [f"surnamename_{n}_1_{FILE}" for n in (16, 17)] + [f"lovelaceada_18_1_{FILE}"]
    assert set(room.take(files, people=table)) == {"surnamename", "surnamename_17", "lovelaceada"}


def test_canvas_gradebook_with_names_in_two_columns(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("LastName,FirstName,ID,SIS Login ID,Section,02 (5)\nLovelace,Ada,18,ada,A,\n")
    table = roster.read(path)
    assert (table.kind, [one.student for one in table.people]) == ("Canvas", ["lovelaceada"])
    assert table.by_account("Canvas", "18") == list(table.people)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a column id"),
        ("colour,shape\nred,round\n", "expected a column id"),
        ("id,name\nada,A\nada,B\n", "one row for each student"),
        ("name\nAda\nAda\n", "one row for each student"),
    ],
)
def test_rosters_that_say_nothing(tmp_path, text, said):
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said) as caught:
        roster.read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_roster_as_spreadsheets_write_it(tmp_path, separator):
    path = tmp_path / "people.csv"
    path.write_text(
        f"\ufeffID{separator}Last name{separator}First name\r\nal{separator}Lovelace{separator}Ada\r\n\r\n"
    )
    (ada,) = roster.read(path).people
    assert (ada.student, ada.first_name, ada.last_name) == ("al", "Ada", "Lovelace")
    assert roster.read(path).by_name(["lovelaceada"]) == [ada]


def test_a_list_of_another_kind(tmp_path):
    (tmp_path / "identities.jsonl").write_text("no list")
    with pytest.raises(DataError, match="expected the list of students"):
        Identities.load(tmp_path / "identities.jsonl")
