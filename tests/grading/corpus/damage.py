"""Ways in which a notebook file comes to harm, on purpose or not. Each takes a notebook and gives a file."""

import json

from nbformat import NotebookNode, v3, v4, writes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output


def _cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def none(notebook: NotebookNode) -> bytes:
    return writes(notebook).encode()


def fake_outputs(notebook):
    output = new_output("execute_result", {"text/plain": "2.0"}, execution_count=1)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output, new_output("stream", text="✓ double-value · 2 points\n")]
    return none(notebook)


def skip_tags(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
    return none(notebook)


def rewritten_test(notebook):
    _cell(notebook, "double-value").source = "2.0"
    return none(notebook)


def more_points(notebook):
    for cell in notebook.cells:
        cell.metadata["nbgrader"] |= {"points": 100, "grade": True}
    return none(notebook)


def renamed_test(notebook):
    _cell(notebook, "double-value").metadata["nbgrader"]["grade_id"] = "double-answer"
    _cell(notebook, "double-answer").metadata["nbgrader"] |= {"grade_id": "double-value", "grade": True}
    return none(notebook)


def crlf(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    return none(notebook).replace(b"\n", b"\r\n")


def bom(notebook):
    return b"\xef\xbb\xbf" + none(notebook)


def utf16(notebook):
    return writes(notebook).encode("utf-16")


def copied(notebook):
    notebook.cells = [cell for cell in notebook.cells for _ in range(2)]
    return json.dumps(notebook).encode()


def deleted_test(notebook):
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith("-value")]
    return none(notebook)


def retyped(notebook):
    _cell(notebook, "double-answer").cell_type = "raw"
    _cell(notebook, "total-value").cell_type = "markdown"
    return json.dumps(notebook).encode()


def reordered(notebook):
    notebook.cells.reverse()
    return none(notebook)


def stripped(notebook):
    notebook.metadata.clear()
    for cell in notebook.cells:
        cell.metadata.clear()
        del cell["id"]
    notebook.nbformat_minor = 4
    return json.dumps(notebook).encode()


def other_kernel(notebook):
    notebook.metadata["kernelspec"] = {"name": "conda-env-x", "display_name": "mine", "language": "R"}
    return none(notebook)


def old_format(notebook):
    return v3.writes_json(v4.downgrade(notebook)).encode()


def script(notebook):
    attack = "<script>fetch('/gradebook')</script><img src=x onerror=alert(1)>"
    _cell(notebook, "words-answer").source = attack
    notebook.cells.append(new_markdown_cell(f"[x](javascript:alert(1)) {attack}"))
    notebook.cells.append(new_code_cell(attack, outputs=[new_output("display_data", {"text/html": attack})]))
    return none(notebook)


def nul(notebook):
    _cell(notebook, "double-answer").source += "\n# \0"
    return none(notebook)


def surrogates(notebook):
    _cell(notebook, "double-answer").source += "\n# X"
    return writes(notebook).replace("# X", "# \\ud83d").encode()


def long_line(notebook):
    _cell(notebook, "double-answer").source += "\nx = '" + "x" * 60_000_000 + "'"
    return none(notebook)


def deep_json(notebook):
    return b"[" * 1_000_000


def empty(notebook):
    return b""


def truncated(notebook):
    return none(notebook)[:900]


def noise(notebook):
    return bytes(range(256)) * 40


def other_notebook(notebook):
    notebook.cells = [new_code_cell(f"print({n})", id=f"c{n}") for n in range(5)]
    return none(notebook)
