"""Whose is which file: folders, platforms' archives, hostile archives, copies. Nothing is lost."""

import base64
import json
import os
import stat
import zipfile
from datetime import datetime

import pytest

from cnncourse.errors import DataError
from cnncourse.grading.collect import archive
from cnncourse.grading.collect.filenames import read_name
from cnncourse.grading.collect.submissions import collect
from cnncourse.grading.repair import parse
from tests.grading.collect.archives import NAME, laid_out, students, zipped
from tests.grading.config import pattern

NAMES = pattern()


@pytest.fixture
def into(tmp_path):
    return tmp_path / "grading" / "submitted"


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


def test_names_that_differ_are_mentioned(tmp_path, into):
    files = {
        "Bob B_99_assignsubmission_file_/homework.ipynb": "b",
        f"cyd_LATE_13_346_{NAME}.ipynb": "c",
        f"dan_14_347_{NAME}-1.ipynb": "d",
    }
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)
    bob, cyd, dan = collected.submissions
    assert "homework.ipynb" in bob.notes[0]
    assert (bob.late, cyd.late, dan.late) == (False, True, False)
    assert (bob.account, cyd.account) == ("", "13")
    assert dan.notes == ()


@pytest.mark.parametrize(
    ("name", "head", "number"),
    [
        (f"ada_{NAME} (3).ipynb", "ada", 3),
        (f"Copy of ada-{NAME}.ipynb", "ada", 0),
        (f"{NAME}-Copy2.ipynb", "", 2),
        (f"name_1_{NAME}.ipynb", "name_1", 0),
    ],
)
def test_what_browsers_add_is_taken_off(name, head, number):
    found = read_name(name, NAME, NAMES)
    assert (found.head, found.number, found.exact) == (head, number, True)


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
        where = f"ada/{NAME}"
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
        f"all.zip/mal_{NAME}.ipynb",
        f"eve_{NAME}.ipynb",
        "folder",
        f"pipe_{NAME}.ipynb",
    ]


def test_a_bomb_is_refused_and_what_is_small_when_unpacked_is_none(tmp_path, into, monkeypatch):
    """An honest notebook may shrink 225 to 1: what counts is how much it would be."""
    files = {f"bomb_{NAME}.ipynb": "0" * (3 * 2**20), f"honest_{NAME}.ipynb": "0" * (2 * 2**20)}
    place = zipped(tmp_path / "all.zip", files)
    monkeypatch.setattr(archive, "MAX_FILE", 5 * 2**19)
    collected = collect(place, NAME, into, NAMES)
    assert [one.name for one in collected.ignored] == [f"bomb_{NAME}.ipynb"]
    assert "3 MB" in collected.ignored[0].reason
    assert [one.student for one in collected.submissions] == ["honest"]


def test_no_more_is_read_than_may_be_looked_at(tmp_path, into, monkeypatch):
    monkeypatch.setattr(archive, "_ONE_FILE", 1001)
    place = laid_out(tmp_path / "in", {f"large_{NAME}.ipynb": "0" * 5000})
    (large,) = collect(place, NAME, into, NAMES).submissions
    assert len(large.raw()) == 1001


def test_a_picture_costs_nobody_points(tmp_path, into):
    """12 MB of pictures below a cell and 11 MB pasted into one: neither is graded, so neither counts."""
    picture = base64.b64encode(os.urandom(9_000_000)).decode()
    cell = {"id": "a", "cell_type": "code", "metadata": {}, "source": "x = 1"}
    shown = cell | {"outputs": [{"output_type": "display_data", "data": {"image/png": picture}}]}
    pasted = cell | {"cell_type": "markdown", "attachments": {"a.png": {"image/png": picture}}}
    files = {
        f"{name}_{NAME}.ipynb": json.dumps(
            {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [one]}
        )
        for name, one in (("shown", shown), ("pasted", pasted))
    }
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)
    assert collected.ignored == ()
    for one in collected.submissions:
        cells, _ = parse.read(one.raw())
        assert [found.source for found in cells] == ["x = 1"]
        assert "without its outputs" in one.notes[-1]
        assert one.path.stat().st_size > parse.MAX_BYTES  # nothing is lost


def test_a_pasted_picture_stays_if_there_is_room():
    """A person who grades an answer wants to see it."""
    attachments = {"a.png": {"image/png": "AAAA"}}
    text = {"cell_type": "markdown", "source": "![a](attachment:a.png)", "attachments": attachments}
    code = {"cell_type": "code", "source": "x = 1", "outputs": [{"text": "x" * parse.MAX_BYTES}]}
    cells, _ = parse.read(parse.slim(json.dumps({"cells": [text, code]}).encode()))
    assert cells[0].attachments == attachments


def test_what_is_graded_still_has_its_limit(tmp_path, into):
    cell = {"cell_type": "code", "source": "x" * parse.MAX_BYTES}
    place = zipped(tmp_path / "all.zip", {f"large_{NAME}.ipynb": json.dumps({"cells": [cell]})})
    (large,) = collect(place, NAME, into, NAMES).submissions
    with pytest.raises(parse.Unreadable, match="larger than 10 MB"):
        parse.read(large.raw())


def test_a_file_that_would_fill_the_memory_is_not_looked_into():
    """A hundred million empty lists are 300 MB as text, and twenty times as much when they are read."""
    raw = b'{"cells": [' + b"[]," * 4_000_000 + b"[]]}"
    assert parse.slim(raw) is raw


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


def test_names_that_windows_wrote(tmp_path, into):
    files = {f"all\\{name}\\{NAME}.ipynb": name for name in ("ada", "bob")}
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)
    assert students(collected) == {"ada": "ada", "bob": "bob"}
    files = {f"..\\eve_{NAME}.ipynb": "x", f"C:\\eve_{NAME}.ipynb": "y"}
    collected = collect(zipped(tmp_path / "bad.zip", files), NAME, into, NAMES)
    assert {one.reason for one in collected.ignored} == {"its name points out of the archive"}


def test_names_in_utf_8_that_nothing_says_are(tmp_path, into):
    """Some programs forget the flag; an old name in the letters of DOS stays what it is."""
    files = {f"Zoë Žižek/{NAME}.ipynb": "z", f"李 明/{NAME}.ipynb": "l", f"ada/{NAME}.ipynb": "a"}
    place = zipped(tmp_path / "all.zip", files)
    place.write_bytes(_without_flag(place.read_bytes()))
    assert set(students(collect(place, NAME, into, NAMES))) == {"Zoë Žižek", "李 明", "ada"}


def test_one_name_in_two_ways_of_writing_is_one_name(tmp_path, into):
    files = {f"Zoe\u0308/{NAME}.ipynb": "old", f"Zo\u00eb/{NAME} (1).ipynb": "new", f"ada/{NAME}.ipynb": "a"}
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, into, NAMES)
    assert set(students(collected)) == {"Zo\u00eb", "ada"}


def _without_flag(data: bytes) -> bytes:
    """Clear bit 11 in every header of a zip archive."""
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := data.find(sign, start)) >= 0:
            at = start + offset
            flags = int.from_bytes(data[at : at + 2], "little") & ~0x800
            data = data[:at] + flags.to_bytes(2, "little") + data[at + 2 :]
            start += 4
    return data


def test_the_archive_is_named_where_a_file_is_nobodys(tmp_path, into):
    place = tmp_path / "in"
    place.mkdir()
    zipped(place / "ada.zip", {"report.pdf": "x"})
    zipped(place / "bob.zip", {f"{NAME}.ipynb": "b"})
    collected = collect(place, NAME, into, NAMES)
    assert students(collected) == {"bob": "b"}
    assert [one.name for one in collected.ignored] == ["ada.zip/report.pdf"]


TIMES = {
    "2026-03-02 12:00:00": datetime(2026, 3, 2, 12),
    "2026-03-02 12:00:00.123456 UTC": datetime(2026, 3, 2, 12, 0, 0, 123456),
    "2026-03-02 12:00:00 -0800": datetime(2026, 3, 2, 20),
    "2026-03-02T12:00:00+01:00": datetime(2026, 3, 2, 11),
    "2026-03-02 12:00:00 America/Los_Angeles": datetime(2026, 3, 2, 20),
    "\ufeff2026-03-02 12:00:00 UTC\r\n": datetime(2026, 3, 2, 12),
}


@pytest.mark.parametrize("text", TIMES)
def test_times_that_mean_one_moment(tmp_path, into, text):
    files = {f"ada/{NAME}/{NAME}.ipynb": "a", f"ada/{NAME}/timestamp.txt": text}
    (ada,) = collect(laid_out(tmp_path / "in", files), NAME, into, NAMES).submissions
    assert (ada.timestamp, ada.unclear_time) == (TIMES[text], "")


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 12:00:00 PST",
        "2026-03-02 12:00:00 CET",
        "01/02/2026 12:00",
        "02.01.2026 12:00",
        "2026-03-02",
        "2026-02-30 12:00:00",
        "2026-03-02 12:00:00 Mars/Sea",
        "2026-11-01 01:30:00 America/New_York",
        "20260302120000",
        "0001-01-01 00:00:00 +14:00",
        "yesterday",
        "",
        b"\xff\xfe\x00",
    ],
)
def test_times_that_nobody_guesses(tmp_path, into, text):
    files = {f"ada/{NAME}/{NAME}.ipynb": "a", f"ada/{NAME}/timestamp.txt": text}
    (ada,) = collect(laid_out(tmp_path / "in", files), NAME, into, NAMES).submissions
    assert ada.timestamp is None
    assert "expected a time such as" in ada.unclear_time
    assert "\n" not in ada.unclear_time


def test_a_time_written_as_utf_16(tmp_path, into):
    time = "2026-03-02 12:00:00 UTC".encode("utf-16")
    files = {f"ada/{NAME}/{NAME}.ipynb": "a", f"ada/{NAME}/timestamp.txt": time}
    (ada,) = collect(laid_out(tmp_path / "in", files), NAME, into, NAMES).submissions
    assert ada.timestamp == datetime(2026, 3, 2, 12)
