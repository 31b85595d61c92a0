"""Make a notebook's file depend on its content alone: no timings, no user data, small figures."""

import base64
import io
import re
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat import NotebookNode
from PIL import Image

Kind = Literal["chapter", "solution", "exercise"]

LARGEST_FIGURE = 100_000
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_KEPT_NOTEBOOK_METADATA = ("cnncourse",)
_KEPT_CELL_METADATA = ("tags", "nbgrader", "mystnb")
_LOCKS = ("deletable", "editable")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_REWRITTEN = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)


def kind_of(path: Path) -> Kind:
    """Tell a chapter, a solution and an exercise apart by the folder they lie in.

    Example:
        >>> kind_of(Path("solutions/02_convolution/02_convolution.ipynb"))
        'solution'
    """
    folders = path.resolve().parts[:-1]
    if "exercises" in folders:
        return "exercise"
    return "solution" if "solutions" in folders else "chapter"


def clean(notebook: NotebookNode, kind: Kind) -> NotebookNode:
    """Bring a notebook into its one stored form. Cleaning twice changes nothing more.

    Args:
        notebook: any notebook of format 4; it is changed in place.
        kind: an exercise loses its outputs, the others keep them.

    Returns:
        The same notebook.

    Example:
        >>> cell = nbformat.v4.new_code_cell("1 + 1", metadata={"scrolled": True}, execution_count=7)
        >>> clean(nbformat.v4.new_notebook(cells=[cell]), "chapter").cells[0].execution_count
        1
    """
    kept = {key: notebook.metadata[key] for key in _KEPT_NOTEBOOK_METADATA if key in notebook.metadata}
    notebook.metadata = _node({**METADATA, **kept})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    position = 0
    for cell in notebook.cells:
        keep = _KEPT_CELL_METADATA + (_LOCKS if kind == "exercise" else ())
        cell.metadata = _node(
            {key: cell.metadata[key] for key in keep if cell.metadata.get(key) not in (None, [], {})}
        )
        cell.source = "\n".join(line.rstrip() for line in cell.source.splitlines())
        if cell.cell_type == "code":
            position += 1
            _clean_code(cell, kind, position)
    return notebook


def text_of(notebook: NotebookNode) -> str:
    r"""Write a notebook the way it is stored: sorted keys, one space of indentation, a final newline.

    Example:
        >>> text_of(nbformat.v4.new_notebook()).endswith("}\n")
        True
    """
    writes: Any = nbformat.writes
    return str(writes(notebook)).rstrip("\n") + "\n"


def _clean_code(cell: NotebookNode, kind: Kind, position: int) -> None:
    if kind == "exercise":
        cell.outputs, cell.execution_count = [], None
        return
    cell.outputs = _merge([output for output in map(_clean_output, cell.outputs) if output])
    if cell.execution_count is not None or cell.outputs:
        cell.execution_count = position
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = position


def _clean_output(output: NotebookNode) -> NotebookNode | None:
    """Clean one output; None when nothing worth storing is left."""
    if output.output_type == "stream":
        is_progress = output.name == "stderr" and "\r" in output.text
        output.text = _REWRITTEN.sub("", output.text)
        return None if is_progress or not output.text else output
    if output.output_type == "error":
        return output
    sizes = {mime: _size(data) for mime, data in output.metadata.items() if mime in output.data}
    output.metadata = _node({mime: size for mime, size in sizes.items() if size})
    output.data.pop(_WIDGET, None)
    if "image/png" in output.data:
        output.data["image/png"] = shrink_png(output.data["image/png"])
    return output if set(output.data) - {"text/plain"} or output.data.get("text/plain") else None


def _size(data: Any) -> dict[str, Any]:
    return {k: data[k] for k in ("width", "height", "alt") if k in data} if isinstance(data, dict) else {}


def _node(data: dict[str, Any]) -> NotebookNode:
    from_dict: Any = nbformat.from_dict  # nbformat's functions carry no types
    node: NotebookNode = from_dict(data)
    return node


def _merge(outputs: list[NotebookNode]) -> list[NotebookNode]:
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and last.output_type == output.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def shrink_png(encoded: str) -> str:
    """Reduce a PNG figure to a palette, and further until it fits into ``LARGEST_FIGURE`` bytes.

    A figure with a palette that fits is left alone, so that shrinking twice changes nothing.

    Args:
        encoded: the picture, base64.

    Returns:
        The smaller picture, base64 in one line.

    Example:
        >>> import io, base64
        >>> buffer = io.BytesIO()
        >>> Image.new("RGB", (8, 8), "orange").save(buffer, "png")
        >>> small = shrink_png(base64.b64encode(buffer.getvalue()).decode())
        >>> Image.open(io.BytesIO(base64.b64decode(small))).mode
        'P'
    """
    data = base64.b64decode(encoded)
    picture: Image.Image = Image.open(io.BytesIO(data))
    if picture.mode == "P" and len(data) <= LARGEST_FIGURE:
        return base64.b64encode(data).decode()
    picture = picture.convert("RGBA")
    while True:
        for colours in (256, 128, 64, 32):
            data = _with_palette(picture, colours)
            if len(data) <= LARGEST_FIGURE:
                return base64.b64encode(data).decode()
        picture = picture.resize((picture.width * 4 // 5, picture.height * 4 // 5), Image.Resampling.LANCZOS)


def _with_palette(picture: Image.Image, colours: int) -> bytes:
    lowest: Any = picture.getchannel("A").getextrema()[0]
    if lowest == 255:  # opaque: the better method, which knows no transparency
        reduced = picture.convert("RGB").quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    else:
        reduced = picture.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    reduced.save(buffer, "png", optimize=True)
    return buffer.getvalue()
