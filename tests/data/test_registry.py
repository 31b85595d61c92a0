"""The registry: names, suggestions, and facts that are consistent."""

import pytest

from cnncourse import data
from cnncourse.data import registry
from cnncourse.errors import DataError


def test_the_names():
    assert data.names() == ["mnist", "fashion_mnist", "cifar10", "shapes10"]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("MNIST", "mnist"), ("fashion-mnist", "fashion_mnist"), ("cifar-10", "cifar10"), ("shape", "shapes10")],
)
def test_a_wrong_name_is_answered_with_the_nearest(wrong, meant):
    with pytest.raises(DataError) as caught:
        data.load(wrong)
    assert str(caught.value) == (
        f"expected one of mnist, fashion_mnist, cifar10, shapes10, got {wrong!r} — did you mean {meant!r}?"
    )


def test_a_name_like_no_other_is_sent_to_from_folder():
    with pytest.raises(DataError, match=r"got 'xyzzy' — use cnncourse\.data\.from_folder"):
        registry.entry("xyzzy")


@pytest.mark.parametrize("entry", registry.REGISTRY.values(), ids=lambda entry: entry.name)
def test_entries_are_consistent(entry):
    assert len(entry.classes) == len(set(entry.classes)) == 10
    assert len(entry.mean) == len(entry.std) == entry.shape[0]
    assert entry.licence
    for file in entry.remote:
        assert len(file.mirrors) >= 2
        assert all(mirror.endswith("/") for mirror in file.mirrors)
    for fact in [*entry.remote, *entry.contents.values()]:
        assert len(bytes.fromhex(fact.sha256)) == 32
        assert fact.size > 0


def test_idx_sizes_follow_from_the_shapes():
    for entry in (registry.MNIST, registry.FASHION_MNIST):
        for split, prefix in (("train", "train"), ("test", "t10k")):
            n = entry.counts[split]
            assert entry.contents[f"{prefix}-images-idx3-ubyte"].size == 16 + 784 * n
            assert entry.contents[f"{prefix}-labels-idx1-ubyte"].size == 8 + n


def test_importing_needs_no_torchvision():
    import subprocess
    import sys

    code = "import sys, cnncourse.data; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
