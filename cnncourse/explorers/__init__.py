"""Explorers: small interactive pictures that work in the book, in JupyterLab and in Colab.

Each is one ES module in this folder of the form ``export default { render({ model, el }) }``, the interface
of anywidget. The book brings it up from the text/html form of the output, with no kernel behind it.
"""

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnncourse.errors import ArgumentError
from cnncourse.explorers.states import convolution, fallback

__all__ = ["Explorer", "names", "show"]

_HERE = Path(__file__).parent
_STATES = {"convolution": convolution}
_INSTALL = 'To use this explorer here: pip install "anywidget>=0.9", restart the kernel, run the cell again.'


class Explorer:
    """What :func:`show` returns: a notebook draws it as a widget, the book from its HTML form.

    Attributes:
        name: which explorer it is.
        state: the complete state it starts with; plain numbers and lists.
        widget: the living widget (an ``anywidget.AnyWidget``), or None where anywidget is not installed.
            Its traits have the names of the state's keys and follow what the user does.
    """

    def __init__(self, name: str, state: Mapping[str, Any]) -> None:
        self.name = name
        self.state = dict(state)
        self.widget = _widget(name, self.state)

    def html(self) -> str:
        """The explorer as HTML: a marked ``<div>`` that holds a still picture until a script brings it up."""
        state = html.escape(json.dumps(self.state, separators=(",", ":")), quote=True)
        return f'<div data-widget="{self.name}" data-state="{state}">{fallback(self.state)}</div>'

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        note = "" if self.widget else f"<p><small>{html.escape(_INSTALL)}</small></p>"
        bundle: dict[str, Any] = {
            "text/plain": f"Explorer({self.name!r}): open it in the book, JupyterLab or Colab",
            "text/html": self.html() + note,
        }
        if self.widget:
            living = self.widget._repr_mimebundle_(**options) or {}
            data = living[0] if isinstance(living, tuple) else living
            kind = "application/vnd.jupyter.widget-view+json"
            if kind in data:
                bundle[kind] = data[kind]
        return bundle


def show(name: str, **state: Any) -> Explorer:
    """Bring up an explorer in a notebook.

    Args:
        name: one of :func:`names`.
        **state: where it starts. For ``"convolution"``: ``input`` (2-D numbers), ``kernel`` (2-D numbers or
            a name of ``cnncourse.conv.KERNELS``), ``padding`` (0–3), ``stride`` and ``dilation`` (1–3),
            ``row`` and ``col`` (the window, counted from 0), ``filled`` (show the whole map at once).

    Returns:
        An object that the notebook draws: the living explorer with anywidget, else a still picture.

    Raises:
        ArgumentError: the name or a part of the state is not understood.

    Example:
        >>> show("convolution", input=[[1, 2], [3, 4]], kernel=[[1, 1]], padding=1).state["padding"]
        1

    Introduced in chapter 02.
    """
    if name not in _STATES:
        raise ArgumentError(f"expected one of the explorers {', '.join(names())}, got {name!r}")
    return Explorer(name, _STATES[name](state))


def names() -> list[str]:
    """The explorers there are.

    Example:
        >>> names()
        ['convolution']
    """
    return sorted(_STATES)


def _widget(name: str, state: Mapping[str, Any]) -> Any:
    """The living widget with one synchronised trait for each key of the state; None without anywidget."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None
    traits = {key: traitlets.Any(value).tag(sync=True) for key, value in state.items()}
    kind = type(f"{name.title()}Explorer", (anywidget.AnyWidget,), {"_esm": _HERE / f"{name}.js", **traits})
    return kind()
