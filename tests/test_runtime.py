"""The device, the seed, the scale."""

import random
import subprocess
import sys

import numpy as np
import pytest
import torch

import cnncourse
from cnncourse import runtime
from cnncourse.errors import ArgumentError


def test_seed_repeats_every_stream():
    def draw():
        own = cnncourse.seed(7)
        return random.random(), np.random.rand(), torch.rand(1).item(), torch.rand(1, generator=own).item()

    assert draw() == draw()
    assert draw()[2] == draw()[3]


@pytest.mark.parametrize("value", [-1, 2**32])
def test_seed_says_which_numbers_it_takes(value):
    with pytest.raises(ArgumentError, match=f"got {value}"):
        cnncourse.seed(value)


def test_device_can_be_chosen_by_hand(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setenv("CNNCOURSE_DEVICE", "cpu")
    assert cnncourse.device() == torch.device("cpu")
    monkeypatch.setenv("CNNCOURSE_DEVICE", "toaster")
    with pytest.raises(ArgumentError, match="got 'toaster'"):
        cnncourse.device()


@pytest.mark.parametrize("word", ["mps", "xpu", "meta", "hpu", "xla", "vulkan", "mps:3"])
@pytest.mark.parametrize("by", ["argument", "variable", "torch"])
def test_a_device_that_is_not_there_is_one_line(monkeypatch, word, by):
    kind = word.partition(":")[0]
    if kind != "meta" and getattr(getattr(torch, kind, None), "is_available", lambda: False)():
        pytest.skip(f"this machine has {kind}")
    if by == "variable":
        monkeypatch.setenv("CNNCOURSE_DEVICE", word)
    given = {"argument": word, "variable": None, "torch": torch.device(word)}[by]
    with pytest.raises(ArgumentError) as caught:
        runtime.device(given)
    source = "CNNCOURSE_DEVICE" if by == "variable" else "device"
    assert str(caught.value).startswith(
        f"{source} is '{word}', but torch cannot compute there on this machine"
    )


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_device_prefers_the_fastest(monkeypatch, cuda, mps, expected):
    monkeypatch.delenv("CNNCOURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert cnncourse.device().type == expected


def test_scale_follows_the_variable_then_the_gpu(monkeypatch):
    monkeypatch.delenv("CNNCOURSE_SCALE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert cnncourse.scale() == "full"
    monkeypatch.setenv("CNNCOURSE_SCALE", "smoke")
    assert cnncourse.scale() == "smoke"
    monkeypatch.setenv("CNNCOURSE_SCALE", "full")
    assert cnncourse.scale() == "full"
    monkeypatch.setenv("CNNCOURSE_SCALE", "huge")
    with pytest.raises(ArgumentError, match="smoke or full, got 'huge'"):
        cnncourse.scale()


def test_importing_the_package_loads_nothing_heavy():
    """The whole course must not be paid for by whoever wants one module of it."""
    code = (
        "import sys, cnncourse; "
        "print([m for m in ('torch', 'torchvision', 'matplotlib', 'captum', 'dask') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_submodules_load_on_first_use():
    assert cnncourse.geometry.out_size(5, 3) == 3
    assert {"geometry", "plots", "start"} <= set(dir(cnncourse))
    with pytest.raises(AttributeError, match="no attribute 'convolve'"):
        _ = cnncourse.convolve


@pytest.mark.parametrize(
    ("word", "said"),
    [("gpu", "device expects a device such as cpu, cuda or cuda:1, got 'gpu'"),
     ("cuda:1", "device is 'cuda:1', but torch sees 1 CUDA devices")],
)  # fmt: skip
def test_a_device_that_is_not_there_is_refused_in_one_line(monkeypatch, word, said):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ArgumentError, match=said):
        runtime.named_device(word)
    assert runtime.named_device("cuda:0") == torch.device("cuda:0")
