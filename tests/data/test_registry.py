"""The registry: names, suggestions, and facts that are consistent."""

import hashlib
import math
import pkgutil
from dataclasses import replace

import pytest

from cnncourse import data
from cnncourse.data import registry, sets
from cnncourse.errors import DataError


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("MNIST", "mnist"), ("fashion-mnist", "fashion_mnist"), ("cifar-10", "cifar10"), ("shape", "shapes10")],
)
def test_a_wrong_name_is_answered_with_the_nearest(wrong, meant):
    with pytest.raises(DataError) as caught:
        data.load(wrong)
    assert str(caught.value) == (
        f"expected one of {', '.join(data.names())}, got {wrong!r} — did you mean {meant!r}?"
    )


def test_a_name_like_no_other_is_sent_to_from_folder():
    with pytest.raises(DataError, match=r"got 'xyzzy' — use cnncourse\.data\.from_folder"):
        data.entry("xyzzy")


def test_each_file_of_sets_is_a_set_that_can_be_had():
    """Nothing else lists them: a new file with a line in ``sets/__init__`` is all there is to do."""
    files = {info.name for info in pkgutil.iter_modules(sets.__path__)}
    assert files == set(data.names()) == {found.name for found in data.found()}


def test_a_name_belongs_to_one_set():
    mnist = data.entry("mnist")
    assert registry.register(replace(mnist)) == mnist
    with pytest.raises(DataError, match="got 'mnist', which is taken"):
        registry.register(replace(mnist, title="another"))


@pytest.mark.parametrize("entry", registry.REGISTRY.values(), ids=lambda entry: entry.name)
def test_entries_are_consistent(entry):
    assert len(entry.classes) == len(set(entry.classes)) >= 2
    assert len(entry.mean) == len(entry.std) == entry.shape[0]
    assert entry.licence
    assert {name for names in entry.files.values() for name in names} == set(entry.contents)
    for file in entry.remote:
        assert len(file.mirrors) >= 2
        assert all(mirror.endswith("/") for mirror in file.mirrors)
        assert file.size > 0
    for fact in [*entry.remote, *entry.contents.values()]:
        algorithm, _, digest = fact.checksum.partition(":")
        assert len(bytes.fromhex(digest)) == hashlib.new(algorithm).digest_size


@pytest.mark.parametrize("name", [name for name in data.names() if data.entry(name).format == "idx"])
def test_idx_sizes_follow_from_the_shapes(name):
    entry = data.entry(name)
    for split, (images, labels) in entry.files.items():
        n = entry.counts[split]
        assert entry.contents[images].size == 16 + math.prod(entry.shape) * n
        assert entry.contents[labels].size == 8 + n


def test_importing_needs_no_torchvision():
    import subprocess
    import sys

    code = "import sys, cnncourse.data; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
