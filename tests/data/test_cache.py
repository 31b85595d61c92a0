"""The cache: whole files only, made again when damaged, and only slower when it cannot be written."""

import errno
import os
import threading
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from platformdirs import macos, unix, windows

from cnncourse.data import cache


@pytest.fixture
def arrays():
    images = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)
    return images, np.array([1, 0])


def files():
    return sorted(cache.cache_folder().rglob("*"))


class Counting:
    def __init__(self, arrays):
        self.arrays, self.calls = arrays, 0

    def __call__(self):
        self.calls += 1
        return self.arrays


def test_the_second_time_nothing_is_decoded(arrays):
    decode = Counting(arrays)
    first = cache.decoded("a", "key", decode)
    second = cache.decoded("a", "key", decode)
    assert decode.calls == 1
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[2] == second[2] == cache.fingerprint(*arrays)


def test_another_key_is_another_file(arrays):
    decode = Counting(arrays)
    cache.decoded("a", "key", decode)
    cache.decoded("a", "other", decode)
    assert decode.calls == 2


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_file_is_made_again(arrays, damage):
    decode = Counting(arrays)
    cache.decoded("a", "key", decode)
    (path,) = (cache.cache_folder() / "decoded").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert np.array_equal(cache.decoded("a", "key", decode)[0], arrays[0])
    assert decode.calls == 2
    cache.decoded("a", "key", decode)
    assert decode.calls == 2


def test_changed_pixels_in_the_cache_are_noticed(arrays):
    decode = Counting(arrays)
    cache.decoded("a", "key", decode)
    (path,) = (cache.cache_folder() / "decoded").iterdir()
    stored = bytearray(path.read_bytes())
    stored[stored.index(arrays[0].tobytes()) + 5] ^= 1
    path.write_bytes(stored)
    assert np.array_equal(cache.decoded("a", "key", decode)[0], arrays[0])


def test_a_cache_that_cannot_be_written_costs_one_line(arrays, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CNNCOURSE_CACHE", str(tmp_path / "file"))
    decode = Counting(arrays)
    cache.decoded("a", "key", decode)
    cache.decoded("a", "key", decode)
    assert decode.calls == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "could not be kept in" in err
    assert "Set CNNCOURSE_CACHE to a folder that you can write to." in err


def test_no_permission_costs_one_line(arrays, monkeypatch, capsys):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)  # root, as which tests may run, is refused nothing
    assert np.array_equal(cache.decoded("a", "key", Counting(arrays))[0], arrays[0])
    assert "(Permission denied)" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing_half_written(arrays, monkeypatch, capsys):
    def full(file, **_):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    images, _, _ = cache.decoded("a", "key", Counting(arrays))
    assert np.array_equal(images, arrays[0])
    assert "No space left on device" in capsys.readouterr().err
    assert [path for path in files() if path.is_file()] == []


def test_several_at_once_do_not_disturb_each_other(arrays):
    results = []
    start = threading.Barrier(8)

    def work():
        start.wait()
        results.append(cache.decoded("a", "key", Counting(arrays)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({sha256 for _, _, sha256 in results}) == 1
    assert len(results) == 8
    assert len([path for path in files() if path.is_file()]) == 1


def test_the_fingerprint_depends_on_pixels_and_labels(arrays):
    images, labels = arrays
    same = cache.fingerprint(np.asfortranarray(images), labels)
    assert same == cache.fingerprint(images, labels)
    assert cache.fingerprint(images, labels[::-1]) != same
    assert cache.fingerprint(images[::-1], labels) != same


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        (unix.Unix, {}, "/home/me/.cache/cnncourse"),  # where versions before this one put it, too
        (unix.Unix, {"XDG_CACHE_HOME": "/x"}, "/x/cnncourse"),
        (unix.Unix, {"XDG_CACHE_HOME": ""}, "/home/me/.cache/cnncourse"),
        (macos.MacOS, {}, "/home/me/Library/Caches/cnncourse"),
        (windows.Windows, {}, "/local/cnncourse"),
        (unix.Unix, {"CNNCOURSE_CACHE": "~/mine"}, "/home/me/mine"),
    ],
)
def test_the_folder_is_the_platforms_own(monkeypatch, platform, variables, expected):
    for name in ("CNNCOURSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(platformdirs, "PlatformDirs", platform)
    monkeypatch.setattr(windows, "get_win_folder", lambda name: "/local")
    assert cache.cache_folder() == Path(expected)


def test_more_than_a_byte_of_classes_is_told_apart(arrays):
    images, _ = arrays
    assert cache.fingerprint(images, np.array([0, 256])) != cache.fingerprint(images, np.array([0, 512]))
