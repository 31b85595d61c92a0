"""The journal: what it holds survives anything, and nothing half-written is believed."""

import json
import os
import re
import signal
import subprocess
import sys
import zlib
from dataclasses import replace

import pytest

from cnncourse.errors import ArgumentError
from cnncourse.grading.batch.journal import Journal
from cnncourse.grading.report import CellReport, Report

CELL = CellReport(cell="conv2d-value", points=1.5, max_points=2, state="passed", output="✓ Grüße\n")


def report(student, key=None, **more):
    return Report(
        student=student,
        assignment="02",
        key=key or f"key-{student}",
        state="graded",
        cells=(CELL,),
        sandboxed=True,
        **more,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "journal.jsonl"


def filled(path, *students):
    with Journal(path) as journal:
        for student in students:
            journal.record(report(student))
    return path.read_bytes()


def kept(journal, path):
    """The verdicts that a journal gives out, by the keys that stand in its file."""
    keys = dict.fromkeys(re.findall(r'"key": "([^"]*)"', path.read_text()))
    return [report for key in keys if (report := journal.get(key))]


def read(path):
    with Journal(path) as journal:
        return [report.student for report in kept(journal, path)], journal.damaged


def test_what_was_recorded_is_there_again(path):
    filled(path, "ada")
    filled(path, "alan")
    with Journal(path) as journal:
        assert kept(journal, path) == [report("ada"), report("alan")]
        assert journal.get("key-alan") == report("alan")
        assert journal.get("key-eve") is None
        assert journal.damaged == 0


def test_a_torn_last_line_is_cut_off_wherever_it_tore(path):
    first = filled(path, "ada")
    whole = filled(path, "alan")
    for length in range(len(first) + 1, len(whole), 7):
        path.write_bytes(whole[:length])
        assert read(path) == (["ada"], 1)
        assert path.read_bytes() == first
    filled(path, "alan")
    assert path.read_bytes() == whole


def test_a_damaged_line_in_the_middle_costs_that_verdict_only(path):
    whole = filled(path, "ada", "alan", "grace")
    path.write_bytes(whole.replace(b'"student": "alan"', b'"student": "eve!"'))
    assert read(path) == (["ada", "grace"], 1)
    with Journal(path) as journal:
        journal.record(report("alan"))
    assert sorted(read(path)[0]) == ["ada", "alan", "grace"]


def test_a_file_of_another_kind_is_left_alone(path):
    path.parent.mkdir()
    path.write_text("student,points\nada,3\n")
    with pytest.raises(ArgumentError, match=r"expected a journal in .*, got another file"):
        Journal(path)
    assert path.read_text() == "student,points\nada,3\n"


def test_a_second_verdict_for_a_key_is_refused_until_the_first_is_forgotten(path):
    with Journal(path) as journal:
        journal.record(report("ada"))
        with pytest.raises(ArgumentError, match="second one for ada"):
            journal.record(report("ada", seed=2))
        journal.forget(["key-ada", "key-nobody"])
        assert journal.get("key-ada") is None
    assert read(path) == ([], 0)
    with Journal(path) as journal:
        journal.record(report("ada", seed=2))
    with Journal(path) as journal:
        assert [again.seed for again in kept(journal, path)] == [2]


def test_a_full_disk_leaves_no_half_line(path, monkeypatch):
    write = os.write

    def full(file, data):
        if len(data) < size:
            raise OSError(28, "No space left on device")
        return write(file, data[:10])

    with Journal(path) as journal:
        journal.record(report("ada"))
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            size = path.stat().st_size
            with pytest.raises(OSError, match="No space left"):
                journal.record(report("alan"))
        assert journal.get("key-alan") is None
        journal.record(report("grace"))
    assert read(path) == (["ada", "grace"], 0)


def test_every_verdict_is_flushed_to_the_disk(path, monkeypatch):
    flushed = []
    with Journal(path) as journal:
        monkeypatch.setattr(os, "fsync", lambda file: flushed.append(os.fstat(file).st_size))
        journal.record(report("ada"))
        assert flushed == [path.stat().st_size]


def test_a_process_killed_while_it_writes_loses_nothing_it_had_recorded(path):
    """It says each number only after recording it; whatever was said must be there."""
    code = (
        "import sys; from pathlib import Path; from cnncourse.grading.batch.journal import Journal\n"
        "from cnncourse.grading.report import Report\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for n in range(10**6):\n"
        "    said = {'student': str(n), 'assignment': '02', 'state': 'graded', 'reason': 'x' * 5000}\n"
        "    journal.record(Report(key=str(n), **said)); print(n, flush=True)"
    )
    command = [sys.executable, "-c", code, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(30)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    students, _ = read(path)
    assert students == [str(n) for n in range(len(students))]
    assert len(students) >= len([line for line in said if line.endswith("\n")]) >= 30


def test_half_a_character_in_a_students_words_is_recorded_as_a_question_mark(path):
    said = replace(CELL, state="failed", output="ValueError: \ud800")
    broken = replace(report("ada"), cells=(said,))
    with Journal(path) as journal:
        journal.record(Report.from_json(broken.to_json()))
    with Journal(path) as journal:
        assert kept(journal, path)[0].cells[0].output == "ValueError: ?"


def test_verdicts_of_the_version_before_are_read_and_taken_back_once(path):
    """They did not say whether a sandbox was used, nor had fields for what a check said."""
    cell = {"cell": "a", "points": 1, "max_points": 1, "state": "passed", "reason": "", "error": ""}
    old = {"student": "ada", "assignment": "02", "key": "old", "state": "graded", "reason": "", "flags": []}
    old |= {"repairs": [], "seed": 7, "seconds": 1.5, "cells": [cell | {"output": "\u2713 a", "hint": ""}]}
    data = json.dumps(old).encode()
    filled(path, "alan")
    with path.open("ab") as file:
        file.write(b"%08x %s\n" % (zlib.crc32(data), data))
    with Journal(path) as journal:
        known = journal.get("old")
        assert (known.points, known.cells[0].text, known.sandboxed) == (1, "✓ a", None)
        assert journal.damaged == 0
        assert journal.forget_earlier() == 1
        assert journal.get("old") is None
        assert journal.get("key-alan")
    with Journal(path) as journal:
        assert journal.forget_earlier() == 0
