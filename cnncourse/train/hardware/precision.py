"""In which precision a net computes: half of it where the device has units for that."""

from functools import cache
from pathlib import Path

import torch

UNITS = {"avx512_bf16", "amx_bf16"}
"""Flags of processors that multiply in bfloat16."""


def precision(word: str, home: torch.device) -> torch.dtype | None:
    """Return the half precision to compute in, or None for float32.

    Weights stay in float32, and so do losses and norms; ``torch.autocast`` decides for each operation.

    Args:
        word: ``"float32"``; ``"bf16"`` or ``"fp16"``; ``"auto"`` is half precision on a GPU; ``"fast"`` is
            that, and bfloat16 on a processor that has units for it. Elsewhere it would be slow.
        home: the device.

    Example:
        >>> precision("bf16", torch.device("cpu")), precision("auto", torch.device("cpu"))
        (torch.bfloat16, None)

    Introduced in chapter 21.
    """
    match word:
        case "bf16":
            return torch.bfloat16
        case "fp16":
            return torch.float16
        case "auto" | "fast" if home.type == "cuda":
            return torch.bfloat16 if torch.cuda.get_device_capability(home) >= (8, 0) else torch.float16
        case "fast" if home.type == "cpu" and multiplies_bf16():
            return torch.bfloat16
        case _:
            return None


@cache
def multiplies_bf16() -> bool:
    """Say whether this processor multiplies in bfloat16; only Linux tells.

    Example:
        >>> multiplies_bf16()  # doctest: +SKIP
        True
    """
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return False
    lines = info.read_text(encoding="utf-8").splitlines()
    return any(not UNITS.isdisjoint(line.split()) for line in lines if line.startswith("flags"))
