"""Copies of the gradebook: whole, recent, few."""

import contextlib
import sqlite3
import stat
import subprocess
import sys

import pytest
from nbgrader.api import Gradebook

from cnncourse.grading.records import backup as backups
from cnncourse.grading.records.backup import BackupError, backup


@pytest.fixture
def gradebook(tmp_path):
    """A gradebook whose last change is in SQLite's log and not in the file yet, as with a run under way."""
    path = tmp_path / "it's 100%" / "gradebook.db"
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE grade (points)")
        database.execute("INSERT INTO grade VALUES (3)")
        database.commit()
        yield path


def points(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT points FROM grade").fetchall()


def test_the_copy_holds_what_was_committed_last(gradebook, tmp_path):
    made = backup(f"sqlite:///{gradebook}", tmp_path / "copies")
    assert points(made.path) == [(3,)]
    assert made.note == f"the gradebook as it was is in {made.path}"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600, "grades are nobody else's business"


def test_the_last_copies_are_kept(gradebook, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    made = [backup(f"sqlite:///{gradebook}", tmp_path, keep=2).path for _ in range(4)]
    assert [path.exists() for path in made] == [False, False, True, True]
    assert (tmp_path / "notes.txt").exists()


def test_no_gradebook_yet(tmp_path):
    made = backup(f"sqlite:///{tmp_path}/gradebook.db", tmp_path / "copies")
    assert (made.path, made.note) == (None, "no gradebook yet: nothing to back up")
    assert not (tmp_path / "gradebook.db").exists()


def test_a_file_that_is_no_gradebook_stops_the_run(tmp_path):
    (tmp_path / "gradebook.db").write_bytes(b"not a database, and long enough to be asked" * 100)
    with pytest.raises(BackupError, match=r"could not be copied to .*: file is not a database"):
        backup(f"sqlite:///{tmp_path}/gradebook.db", tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_postgresql_is_dumped_and_comes_back(postgres, alembic, tmp_path):
    url = postgres()
    with Gradebook(url) as gradebook:
        gradebook.add_student("ada", last_name="Lovelace")
    made = backup(url, tmp_path)
    assert made.path.suffix == ".dump"
    again = postgres()
    plain = again.replace("+psycopg", "")
    subprocess.run(["pg_restore", "--clean", "--if-exists", f"--dbname={plain}", made.path], check=True)
    with Gradebook(again) as gradebook:
        assert gradebook.find_student("ada").last_name == "Lovelace"


def test_a_server_that_is_away_stops_the_run(postgres, tmp_path):
    away = postgres().replace("gradebook", "nowhere")
    with pytest.raises(BackupError, match=r'database "nowhere.*" does not exist'):
        backup(away, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql+psycopg://ada:secret@host/grades", "pg_dump is not installed"),
        ("mysql://ada@host/grades", "mysql is not known here"),
    ],
)
def test_without_a_way_to_copy_a_line_says_so(url, why, tmp_path, monkeypatch):
    monkeypatch.setattr(backups.shutil, "which", lambda program: None)
    made = backup(url, tmp_path)
    assert made.path is None
    assert why in made.note
    assert "secret" not in made.note


HALF_A_CHANGE = """
import os, signal, sqlite3, sys
book = sqlite3.connect(sys.argv[1])
book.execute("create table points (x text)")
book.execute("insert into points values ('before')")
book.commit()
book.execute("pragma cache_size = 1")
book.executemany("insert into points values (?)", [("x" * 1000,)] * 1000)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_half_a_change_of_a_killed_run_is_undone(tmp_path):
    path = tmp_path / "gradebook.db"
    subprocess.run([sys.executable, "-c", HALF_A_CHANGE, path], check=False)
    assert (tmp_path / "gradebook.db-journal").stat().st_size > 0
    copy = backup(f"sqlite:///{path}", tmp_path / "backups").path
    with contextlib.closing(sqlite3.connect(copy)) as book:
        assert book.execute("select x from points").fetchall() == [("before",)]
