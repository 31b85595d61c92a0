"""Files are the old ones or the new ones, never half of one."""

import os

import pytest

from cnncourse import files


def test_an_interruption_leaves_nothing_half_written(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def interrupted():
        with files.whole_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        with files.whole_file(path) as file:
            file.write(b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


def test_a_file_that_is_the_same_keeps_its_time(tmp_path):
    path = tmp_path / "below" / "a.bin"
    for data, changed in ((b"old", True), (b"old", False), (b"new", True)):
        if path.exists():
            os.utime(path, (0, 0))
        files.replace_file(path, data)
        assert path.read_bytes() == data
        assert (path.stat().st_mtime > 0) == changed
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(path.parent) == ["a.bin"]
