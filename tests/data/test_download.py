"""Downloads: mirrors, resume, checksums, and nothing half-written — against a server on loopback."""

import errno
import os
import threading

import pytest
import torch

from cnncourse import data
from cnncourse.data import download
from cnncourse.data.sources import downloads_folder
from cnncourse.errors import DataError

CLOSED = "http://127.0.0.1:9/"  # nothing listens on the discard port


def left(entry):
    folder = downloads_folder(entry)
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def test_a_set_is_downloaded_checked_and_loaded(tiny, mirror, capsys):
    entry = tiny.mirrors("mnist", mirror.url("good"))
    digits = data.load("mnist")
    assert torch.equal(digits.labels, torch.arange(30) % 10)
    assert (digits.source.kind, digits.source.variant) == ("full", "official")
    assert left(entry) == sorted(tiny.packed)
    out = capsys.readouterr().out
    assert out == "MNIST: 30 train + 20 test images, official, from the cache folder\n"


def test_cifar_comes_out_of_its_archive(tiny, mirror):
    tiny.mirrors("cifar10", mirror.url("good"))
    images = data.load("cifar10", announce=False)
    assert len(images) == 50
    assert torch.equal(images.images[:10].flatten(1), torch.from_numpy(tiny.rows))


def test_nothing_is_asked_twice(tiny, mirror):
    entry = tiny.mirrors("mnist", mirror.url("good"))
    download.get(entry)
    assert len(mirror.asked) == 4
    download.get(entry)
    assert len(mirror.asked) == 4


@pytest.mark.parametrize("bad", ["gone", "wrong", "portal", "closed"])
def test_the_next_mirror_helps(tiny, mirror, bad):
    first = CLOSED if bad == "closed" else mirror.url(bad)
    entry = tiny.mirrors("cifar10", first, mirror.url("good"))
    download.get(entry)
    assert left(entry) == ["cifar-10-python.tar.gz"]


def test_a_silent_mirror_is_given_up_soon(tiny, mirror, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    entry = tiny.mirrors("cifar10", mirror.url("silent"), mirror.url("good"))
    download.get(entry)
    assert left(entry) == ["cifar-10-python.tar.gz"]


def test_a_broken_connection_is_taken_up_where_it_broke(tiny, mirror):
    entry = tiny.mirrors("cifar10", mirror.url("broken"), mirror.url("good"))
    download.get(entry)
    size = entry.remote[0].size
    assert mirror.asked[0][2] is None
    assert mirror.asked[1] == ("good", "cifar-10-python.tar.gz", f"bytes={size // 2}-")


def test_a_connection_that_stalls_is_taken_up_elsewhere(tiny, mirror, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    entry = tiny.mirrors("cifar10", mirror.url("stalls"), mirror.url("good"))
    download.get(entry)
    assert mirror.asked[1][2] == f"bytes={entry.remote[0].size // 2}-"


def test_a_later_process_resumes(tiny, mirror):
    entry = tiny.mirrors("cifar10", mirror.url("broken"))
    with pytest.raises(DataError, match=r"only .* bytes: the connection broke"):
        download.get(entry)
    assert left(entry) == ["cifar-10-python.tar.gz.part"]
    download._given_up.clear()
    mirror.asked.clear()
    entry = tiny.mirrors("cifar10", mirror.url("good"))
    download.get(entry)
    assert mirror.asked[0][2] == f"bytes={entry.remote[0].size * 3 // 4}-"
    assert left(entry) == ["cifar-10-python.tar.gz"]


def test_a_mirror_without_ranges_starts_again(tiny, mirror):
    entry = tiny.mirrors("cifar10", mirror.url("broken"), mirror.url("norange"))
    download.get(entry)
    assert (downloads_folder(entry) / "cifar-10-python.tar.gz").read_bytes() == next(iter(tiny.ball.values()))


def test_a_complete_part_needs_no_network(tiny, mirror):
    entry = tiny.mirrors("cifar10", mirror.url("gone"))
    folder = downloads_folder(entry)
    folder.mkdir(parents=True)
    (folder / "cifar-10-python.tar.gz.part").write_bytes(next(iter(tiny.ball.values())))
    download.get(entry)
    assert left(entry) == ["cifar-10-python.tar.gz"]
    assert mirror.asked == []


def test_wrong_bytes_everywhere_is_an_error_and_leaves_nothing(tiny, mirror):
    entry = tiny.mirrors("cifar10", mirror.url("wrong"), mirror.url("wrong"))
    with pytest.raises(DataError) as caught:
        download.get(entry)
    assert "expected the file from one of 2 mirrors, got " in str(caught.value)
    assert "a file with the wrong checksum — try again later" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not downloads_folder(entry).exists()


def test_a_log_in_page_is_not_taken_for_the_file(tiny, mirror):
    entry = tiny.mirrors("cifar10", mirror.url("portal"))
    with pytest.raises(DataError, match="a file of 26 bytes instead of"):
        download.get(entry)
    assert not downloads_folder(entry).exists()


def test_no_network_is_said_once_and_not_waited_for_twice(tiny, mirror, capsys):
    tiny.mirrors("mnist", CLOSED)
    digits = data.load("mnist")
    assert digits.source.kind == "sample"
    assert capsys.readouterr().out == (
        "MNIST: not found and no network — using the sample that ships with the course: "
        "5,000 train + 1,000 test images\n"
    )
    entry = tiny.mirrors("mnist", mirror.url("good"))
    with pytest.raises(download.NoNetworkError, match="expected an answer from 1 mirrors, got none — check"):
        download.get(entry)
    assert mirror.asked == []


def test_a_network_that_swallows_everything_is_given_up_within_the_budget(tiny, mirror, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.1)
    entry = tiny.mirrors("cifar10", *[mirror.url("silent")] * 20)
    with pytest.raises(download.NoNetworkError):
        download.get(entry)
    assert len(mirror.asked) <= 3  # of 40: two patiences are the budget


def test_one_failure_does_not_stop_other_sets(tiny, mirror):
    with pytest.raises(DataError):
        download.get(tiny.mirrors("cifar10", mirror.url("gone")))
    download.get(tiny.mirrors("mnist", mirror.url("good")))
    mirror.asked.clear()
    with pytest.raises(DataError, match="the answer 404"):
        download.get(tiny.mirrors("cifar10", mirror.url("good")))
    assert mirror.asked == []


def test_offline_by_setting_asks_nobody(tiny, mirror, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_OFFLINE", "1")
    entry = tiny.mirrors("mnist", mirror.url("good"))
    with pytest.raises(DataError, match="CNNCOURSE_OFFLINE is set — unset it, or set CNNCOURSE_DATA"):
        download.get(entry)
    assert mirror.asked == []


def test_a_cache_folder_that_cannot_be_made_is_an_error(tiny, mirror, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNCOURSE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="expected a folder to download to, got: Not a directory — make room"):
        download.get(tiny.mirrors("mnist", mirror.url("good")))


def test_a_full_disk_leaves_nothing(tiny, mirror, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    entry = tiny.mirrors("mnist", mirror.url("good"))
    monkeypatch.setattr(download, "_finish", full)
    with pytest.raises(DataError, match="got: No space left on device — make room or set CNNCOURSE_CACHE"):
        download.get(entry)
    assert not downloads_folder(entry).exists()


def test_two_at_once_download_once(tiny, mirror):
    entry = tiny.mirrors("mnist", mirror.url("good"))
    problems = []

    def work():
        try:
            download.get(entry)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(mirror.asked) == 4  # four files, each asked for once
    assert left(entry) == sorted(tiny.packed)


def test_the_progress_bar_goes_to_standard_error(tiny, mirror, capfd):
    download.get(tiny.mirrors("mnist", mirror.url("good")))
    out, err = capfd.readouterr()
    assert out == ""
    assert "train-images-idx3-ubyte.gz" in err
    download._given_up.clear()


def test_quiet_without_progress(tiny, mirror, capfd):
    download.get(tiny.mirrors("mnist", mirror.url("good")), progress=False)
    assert capfd.readouterr().err == ""


def test_without_file_locks_it_still_downloads(tiny, mirror, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fcntl", None)
    entry = tiny.mirrors("mnist", mirror.url("good"))
    download.get(entry)
    assert left(entry) == sorted(tiny.packed)


def test_the_whole_budget_is_ten_seconds():
    assert 2 * download.PATIENCE <= 10
