"""cnncourse: the helper package of a course on convolutional neural networks.

Importing it costs next to nothing: a submodule, and torch with it, loads when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncourse.notebook import start
    from cnncourse.runtime import device, scale, seed

__version__ = "0.1.0"

_SUBMODULES = frozenset(
    {
        "augment",
        "backbones",
        "check",
        "conv",
        "data",
        "diagrams",
        "errors",
        "explorers",
        "geometry",
        "heads",
        "norm",
        "notebook",
        "optim",
        "plots",
        "runtime",
        "train",
    }
)
__all__ = ["__version__", "device", "scale", "seed", "start"]

importlib.import_module("cnncourse.console").take_everything()


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"cnncourse.{name}")
    if name in __all__:
        module = "notebook" if name == "start" else "runtime"
        return getattr(importlib.import_module(f"cnncourse.{module}"), name)
    raise AttributeError(f"module 'cnncourse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *__all__})
