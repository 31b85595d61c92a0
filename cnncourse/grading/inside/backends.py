"""Figures are drawn in memory, whatever window a cell asks for: the sandbox has none.

``matplotlib.use("TkAgg")`` works on a student's machine and fails without a screen. Here another back end is
taken instead.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_CHOOSE = {"matplotlib": "use", "matplotlib.pyplot": "switch_backend"}  # the function that takes its name


class _AfterImport(MetaPathFinder):
    """Has a word with each of these modules as soon as it is imported: to import them all takes too long."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _CHOOSE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            run: Callable[[ModuleType], None] = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                choose = getattr(module, _CHOOSE[name])
                setattr(module, _CHOOSE[name], _or_in_memory(choose))

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _or_in_memory(choose: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(choose)
    def chosen(name: Any, *rest: Any, **keywords: Any) -> Any:
        try:
            return choose(name, *rest, **keywords)
        except (ImportError, ValueError, RuntimeError):
            return choose("agg", *rest, **keywords)

    return chosen


def fall_back() -> None:
    """From here on, a back end that cannot be had is no error. Call it before matplotlib is imported."""
    sys.meta_path.insert(0, _AfterImport())
