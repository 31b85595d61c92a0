"""Whose is which file: folders, platforms' archives, hostile archives, copies. Nothing is lost."""

import os
import stat
import zipfile
from datetime import datetime

import pytest

from cnncourse.errors import DataError
from cnncourse.grading.collect import archive
from cnncourse.grading.collect.filenames import ParsedName, parse_name
from cnncourse.grading.collect.submissions import collect
from cnncourse.grading.repair.parse import MAX_BYTES
from tests.grading.config import pattern

NAME = "02_convolution"
NAMES = pattern()


@pytest.fixture
def into(tmp_path):
    return tmp_path / "grading" / "submitted"


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def laid_out(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    return root


def students(collected):
    return {one.student: one.raw().decode() for one in collected.submissions}


LAYOUTS = {
    "plain": ({f"ada_{NAME}.ipynb": "a", f"b.b_{NAME}.ipynb": "b"}, {"ada": "a", "b.b": "b"}),
    "folders": ({f"ada/{NAME}.ipynb": "a", f"bob/{NAME}-Copy1.ipynb": "b"}, {"ada": "a", "bob": "b"}),
    "nbgrader": (
        {f"submitted/ada/{NAME}/{NAME}.ipynb": "a", f"submitted/bob/{NAME}/final.ipynb": "b"},
        {"ada": "a", "bob": "b"},
    ),
    "canvas": (
        {
            f"lovelaceada_12_345_{NAME}-1.ipynb": "a",
            f"bobb_LATE_13_346_{NAME}.ipynb": "b",
            "c_14_347_mine.ipynb": "c",
        },
        {"lovelaceada": "a", "bobb": "b", "c": "c"},
    ),
    "moodle": (
        {
            f"Ada Lovelace_1234_assignsubmission_file_/{NAME}.ipynb": "a",
            "Bob B_99_assignsubmission_file/homework.ipynb": "b",
        },
        {"Ada Lovelace": "a", "Bob B": "b"},
    ),
    "colab": ({f"ada/Copy of {NAME}.ipynb": "a", f"bob_{NAME} (1).ipynb": "b"}, {"ada": "a", "bob": "b"}),
    "text": ({f"ada_{NAME}.ipynb.txt": "a"}, {"ada": "a"}),
    "odd": ({f"Zoë O'Neil, {{x}} [1]/{NAME}.ipynb": "a"}, {"Zoë O'Neil, {x} [1]": "a"}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_layouts_are_understood(tmp_path, into, layout, kind):
    files, expected = LAYOUTS[layout]
    place = zipped(tmp_path / "all.zip", files) if kind == "zip" else laid_out(tmp_path / "in", files)
    collected = collect(place, NAME, into, NAMES)
    assert students(collected) == expected
    assert collected.ignored == ()
    for student, content in expected.items():
        assert (into / student / NAME / f"{NAME}.ipynb").read_text() == content


def test_the_same_import_twice_changes_nothing(tmp_path, into):
    place = zipped(tmp_path / "all.zip", {f"ada_{NAME}.ipynb": "a"})
    assert collect(place, NAME, into, NAMES) == collect(place, NAME, into, NAMES)
    assert sorted(path.name for path in into.rglob("*")) == [NAME, f"{NAME}.ipynb", "ada"]


def test_names_that_differ_are_mentioned():
    found = parse_name("Bob B_99_assignsubmission_file_/homework.ipynb", NAME, NAMES)
    assert found == ParsedName("Bob B", "99", exact=False, note=found.note)
    assert "homework.ipynb" in found.note
    assert parse_name(f"bobb_LATE_13_346_{NAME}.ipynb", NAME, NAMES).late
    assert not parse_name(f"bobb_13_346_{NAME}.ipynb", NAME, NAMES).note


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report.pdf", "no notebook"),
        (f"{NAME}.ipynb", "whose it is"),
        ("ada_03_padding_stride.ipynb", "called 03_padding_stride"),
        ("Ada L_12_assignsubmission_file_/03_padding_stride.ipynb", "called 03_padding_stride"),
        ("ada_12_34_03_padding_stride.ipynb", "called 03_padding_stride"),
        (f".../..{NAME}.ipynb", "whose it is"),
        (f".ssh/{NAME}.ipynb", "cannot be a student's id"),
        (f"{'a' * 200}_{NAME}.ipynb", "cannot be a student's id"),
        (f"a\u202eb_{NAME}.ipynb", "no text"),
    ],
)
def test_what_is_not_understood_is_listed(tmp_path, into, name, said):
    collected = collect(laid_out(tmp_path / "in", {name: "x", f"ok_{NAME}.ipynb": "y"}), NAME, into, NAMES)
    assert students(collected) == {"ok": "y"}
    assert [said in ignored.reason for ignored in collected.ignored] == [True]


def test_what_systems_leave_behind_is_passed_over(tmp_path, into):
    files = {f"__MACOSX/._ada_{NAME}.ipynb": "x", f"ada/.ipynb_checkpoints/{NAME}-checkpoint.ipynb": "x"}
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)
    assert (collected.submissions, collected.ignored) == ((), ())


def test_the_newest_of_several_counts_and_the_others_are_kept(tmp_path, into):
    files = {
        f"ada_1_2_{NAME}.ipynb": "old",
        f"ada_1_2_{NAME}-2.ipynb": "new",
        f"ada_1_2_{NAME}-1.ipynb": "mid",
    }
    place = laid_out(tmp_path / "in", files)
    for path in place.iterdir():
        os.utime(path, (1e9, 1e9))
    collected = collect(place, NAME, into, NAMES)
    assert students(collected) == {"ada": "new"}
    assert "3 files" in collected.submissions[0].notes[0]
    earlier = into / "ada" / NAME / ".earlier"
    assert sorted(path.read_text() for path in earlier.iterdir()) == ["mid", "old"]


def test_a_later_import_replaces_and_keeps_the_earlier(tmp_path, into):
    collect(zipped(tmp_path / "1.zip", {f"ada_{NAME}.ipynb": "first"}), NAME, into, NAMES)
    again = collect(zipped(tmp_path / "2.zip", {f"ada_{NAME}.ipynb": "second"}), NAME, into, NAMES)
    assert students(again) == {"ada": "second"}
    assert [path.read_text() for path in (into / "ada" / NAME / ".earlier").iterdir()] == ["first"]
    assert students(collect(into, NAME, into, NAMES)) == {"ada": "second"}


def test_times_are_read_and_an_older_file_does_not_replace_a_newer(tmp_path, into):
    def of(day, text):
        where = f"{day}/ada/{NAME}"
        return {f"{where}/{NAME}.ipynb": text, f"{where}/timestamp.txt": f"2026-03-0{day} 12:00:00 UTC"}

    (newer,) = collect(laid_out(tmp_path / "b", of(2, "new")), NAME, into, NAMES).submissions
    assert newer.timestamp == datetime(2026, 3, 2, 12)
    (kept,) = collect(laid_out(tmp_path / "a", of(1, "old")), NAME, into, NAMES).submissions
    assert (kept.raw(), kept.timestamp) == (b"new", newer.timestamp)
    (home,) = collect(into, NAME, into, NAMES).submissions
    assert home.timestamp == newer.timestamp


def test_two_people_of_one_name_stay_two(tmp_path, into):
    files = {f"Ada L_{n}_assignsubmission_file_/{NAME}.ipynb": str(n) for n in (1, 2)}
    assert students(collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)) == {
        "Ada L_1": "1",
        "Ada L_2": "2",
    }


@pytest.mark.parametrize(
    "name",
    [f"../ada_{NAME}.ipynb", f"/tmp/ada_{NAME}.ipynb", f"a/../../ada/{NAME}.ipynb", f"C:/ada_{NAME}.ipynb"],
)
def test_names_that_point_out_of_an_archive_are_refused(tmp_path, into, name):
    place = zipped(tmp_path / "all.zip", {name: "x", f"ok_{NAME}.ipynb": "y"})
    collected = collect(place, NAME, into, NAMES)
    assert students(collected) == {"ok": "y"}
    assert [one.reason for one in collected.ignored] == ["its name points out of the archive"]
    assert {path.name for path in tmp_path.iterdir()} == {"all.zip", "grading"}


def test_links_are_refused(tmp_path, into):
    secret = laid_out(tmp_path / "secret", {f"eve_{NAME}.ipynb": "secret"})
    place = laid_out(tmp_path / "in", {f"ok_{NAME}.ipynb": "y"})
    (place / f"eve_{NAME}.ipynb").symlink_to(secret / f"eve_{NAME}.ipynb")
    (place / "folder").symlink_to(secret)
    os.mkfifo(place / f"pipe_{NAME}.ipynb")
    link = zipfile.ZipInfo(f"mal_{NAME}.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    zipped(place / "all.zip", {link: "/etc/passwd"})
    collected = collect(place, NAME, into, NAMES)
    assert students(collected) == {"ok": "y"}
    assert sorted(one.name for one in collected.ignored) == [
        f"eve_{NAME}.ipynb",
        "folder",
        f"mal_{NAME}.ipynb",
        f"pipe_{NAME}.ipynb",
    ]


def test_a_bomb_is_refused_and_a_large_file_cut(tmp_path, into):
    files = {f"bomb_{NAME}.ipynb": "0" * (3 * 2**20), f"large_{NAME}.ipynb": os.urandom(2**20) * 12}
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)
    assert [one.name for one in collected.ignored] == [f"bomb_{NAME}.ipynb"]
    assert "3 MB" in collected.ignored[0].reason
    assert [len(one.raw()) for one in collected.submissions] == [MAX_BYTES + 1]


def test_a_bomb_that_lies_about_its_size_is_cut_short(tmp_path, into):
    place = zipped(tmp_path / "all.zip", {f"bomb_{NAME}.ipynb": "0" * (2**20)})
    place.write_bytes(place.read_bytes().replace((2**20).to_bytes(4, "little"), (5).to_bytes(4, "little")))
    collected = collect(place, NAME, into, NAMES)
    assert collected.submissions == ()
    assert "damaged" in collected.ignored[0].reason


def test_whole_archives_are_refused_in_one_line(tmp_path, into, monkeypatch):
    place = zipped(tmp_path / "all.zip", {f"a{n}_{NAME}.ipynb": "x" * 100 for n in range(5)})
    monkeypatch.setattr(archive, "MAX_TOTAL", 400)
    with pytest.raises(DataError, match="unpacks to more"):
        collect(place, NAME, into, NAMES)
    monkeypatch.setattr(archive, "MAX_FILES", 4)
    with pytest.raises(DataError, match="at most 4 files"):
        collect(place, NAME, into, NAMES)
    place.write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"all\.zip cannot be read"):
        collect(place, NAME, into, NAMES)
    with pytest.raises(DataError, match="found nothing"):
        collect(tmp_path / "nowhere", NAME, into, NAMES)


def test_other_assignments_in_nbgraders_folders_are_left_alone(into):
    laid_out(
        into,
        {
            f"ada/{NAME}/{NAME}.ipynb": "a",
            "ada/03_padding/03_padding.ipynb": "b",
            "bob/03_padding/x.ipynb": "",
        },
    )
    collected = collect(into, NAME, into, NAMES)
    assert students(collected) == {"ada": "a"}
    assert collected.ignored == ()
