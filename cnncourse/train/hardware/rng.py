"""The state of every random generator a training run can draw from, taken and put back."""

import random
from typing import Any

import numpy as np
import torch


def get_state() -> dict[str, Any]:
    """Return the states of Python's, NumPy's and torch's generators as plain data and tensors.

    Example:
        >>> before = get_state()
        >>> first = torch.rand(1), random.random(), np.random.rand()
        >>> set_state(before)
        >>> (torch.rand(1), random.random(), np.random.rand()) == first
        True
    """
    kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": (str(kind), [int(key) for key in keys], int(position), int(has_gauss), float(gauss)),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_state(state: dict[str, Any]) -> None:
    """Put back what ``get_state`` returned; on a machine without a GPU, the GPU's part is left out.

    Example:
        >>> before = get_state()
        >>> first = torch.rand(1)
        >>> set_state(before)
        >>> torch.equal(torch.rand(1), first)
        True
    """
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
