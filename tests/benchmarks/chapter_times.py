"""What the chapters say about time, measured again and again: ``python -m tests.benchmarks.chapter_times``.

A chapter shows the times of the machine that it runs on, and another machine has others. So the sentences
rest on this record: each chapter runs up to a cell, several times, each time in a new kernel, and what its
own cells have measured by then is kept.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-chapter-times.json")
RUNS = 5
MEASURED: dict[str, tuple[str, dict[str, str]]] = {  # a chapter: its last cell, and what is measured by then
    "02_convolution": ("kernel-race", {"ratios": "ratios", "lines": "lines"}),
    "04_kinds_of_convolution": ("bill-copy", {"taken": "taken", "dear": "dear", "trial": "trial"}),
    "06_activations_losses": (
        "classifiers-table",
        {
            "fit": "{n: float(np.median(clocks[n, 'features'], 0)[0] / unit_fit) for n in MODELS}",
            "answer": "{n: float(np.median(clocks[n, 'features'], 0)[1] / unit_ask) for n in MODELS}",
        },
    ),
    "08_batch_norm": ("fold-ratio", {"lrn": "lrn_ratio", "fold": "fold_ratio"}),
    "12_inception": ("sparse-ratio", {"scattered": "ratio"}),
}


def measure(chapter: str) -> dict[str, Any]:
    """Run a chapter up to its cell and give what it has measured."""
    notebook = nbformat.read(f"book/{chapter}.ipynb", 4)
    last, wanted = MEASURED[chapter]
    end = [cell.id for cell in notebook.cells].index(last) + 1
    shown = ", ".join(f"{name!r}: {expression}" for name, expression in wanted.items())
    asking = nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({{{shown}}}))")
    notebook.cells = [*notebook.cells[:end], asking]
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    return rounded(json.loads(asking.outputs[-1].text))


def rounded(value: Any) -> Any:
    """Three digits of each time are more than enough."""
    match value:
        case float():
            return float(f"{value:.3g}")
        case dict():
            return {name: rounded(part) for name, part in value.items()}
        case list():
            return [rounded(part) for part in value]
    return value


def main() -> None:
    """Measure, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    options = parser.parse_args()
    began, chapters = time.monotonic(), {}
    for chapter in MEASURED:
        chapters[chapter[:2]] = [measure(chapter) for _ in range(RUNS)]
        print(f"{time.monotonic() - began:5.0f} s  {chapter}  {chapters[chapter[:2]]}", flush=True)
    origin = record.origin("python -m tests.benchmarks.chapter_times")
    record.write(options.record, {**origin, "threads": 1, "runs": RUNS, "chapters": chapters})


if __name__ == "__main__":
    main()
