"""Where the course runs: on which device, from which seed, and how much work it may do."""

import os
import random
from typing import Literal

import torch

from cnncourse.errors import ArgumentError

Scale = Literal["smoke", "full"]


def device(wanted: str | torch.device | None = None) -> torch.device:
    """Take the device that is wanted, or choose the fastest there is: CUDA, then Apple's MPS, then the CPU.

    ``CNNCOURSE_DEVICE`` overrides the choice, for example ``CNNCOURSE_DEVICE=cpu``.

    Args:
        wanted: this device; None: let the course choose.

    Returns:
        The device on which to train.

    Raises:
        ArgumentError: ``wanted`` or ``CNNCOURSE_DEVICE`` is no device of torch, or this machine has no such.

    Example:
        >>> device().type in {"cpu", "cuda", "mps"}
        True
    """
    if wanted is not None:
        return named_device(str(wanted))
    named = os.environ.get("CNNCOURSE_DEVICE")
    if named:
        return named_device(named, "CNNCOURSE_DEVICE", "unset it to let the course choose")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def named_device(
    word: str, source: str = "device", cure: str = "leave it out to let the course choose"
) -> torch.device:
    """Turn a word into a device that is there.

    Args:
        word: such as ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.
        source: where the word comes from, for the error.
        cure: what else to do, for the error.

    Raises:
        ArgumentError: it is no device of torch, or this machine does not have it.

    Example:
        >>> named_device("cpu")
        device(type='cpu')
        >>> named_device("gpu")
        Traceback (most recent call last):
        cnncourse.errors.ArgumentError: device expects a device such as cpu, cuda or cuda:1, got 'gpu' — leave
            it out to let the course choose
    """
    try:
        chosen = torch.device(word)
    except RuntimeError:
        raise ArgumentError(
            f"{source} expects a device such as cpu, cuda or cuda:1, got {word!r} — {cure}"
        ) from None
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ArgumentError(
            f"{source} is {word!r}, but torch sees {torch.cuda.device_count()} CUDA devices — {cure}"
        )
    if chosen.type not in ("cpu", "cuda") and not _computes(chosen):
        raise ArgumentError(f"{source} is {word!r}, but torch cannot compute there on this machine — {cure}")
    return chosen


def _computes(chosen: torch.device) -> bool:
    """Try the smallest sum on a device: no list says for every kind whether it is there and holds values."""
    try:
        return torch.ones(1, device=chosen).add(1).item() == 2
    except Exception:  # each kind of device has errors of its own
        return False


def scale() -> Scale:
    """Say how much work a notebook may do: ``"smoke"`` (a minute on two cores) or ``"full"`` (a GPU).

    ``CNNCOURSE_SCALE`` decides; without it a machine with CUDA runs in full.

    Raises:
        ArgumentError: ``CNNCOURSE_SCALE`` is neither of the two words.

    Example:
        >>> scale() in {"smoke", "full"}
        True
    """
    match os.environ.get("CNNCOURSE_SCALE", ""):
        case "smoke":
            return "smoke"
        case "full":
            return "full"
        case "":
            return "full" if torch.cuda.is_available() else "smoke"
        case other:
            raise ArgumentError(f"CNNCOURSE_SCALE expects smoke or full, got {other!r}")


def seed(value: int = 0) -> torch.Generator:
    """Seed Python, NumPy and torch, so that a run can be repeated.

    Args:
        value: the seed, any non-negative integer below 2³².

    Returns:
        A fresh CPU generator with the same seed, for code that draws from its own stream.

    Raises:
        ArgumentError: the seed is negative or too large.

    Example:
        >>> a = torch.rand(2, generator=seed(1))
        >>> bool((a == torch.rand(2, generator=seed(1))).all())
        True
    """
    if not 0 <= value < 2**32:
        raise ArgumentError(f"a seed is a whole number from 0 to 2³² − 1, got {value}")
    import numpy as np

    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)
    return torch.Generator().manual_seed(value)
