"""What and where by level of a pyramid: ``python -m tests.benchmarks.detection_levels``.

The cells of chapter 15 that draw scenes and build, train and judge its small detectors run here with more
steps and three seeds. For each seed one classifier learns five digits; two detectors begin from its weights,
see the same scenes and take the same steps: one with the arrows down, one without. Every level is asked about
every digit. Within a run nothing is chosen by the test scenes; but the design is the third, changed after
test results of the first had been seen. Chapter 15 shows the record and tells of the earlier designs.
"""

import argparse
import time
from pathlib import Path
from typing import Any, Literal

import nbformat
import torch

from cnncourse import data
from cnncourse.train import record

RECORD = Path("book/assets/runs/benchmark-detection-levels.json")
CHAPTER = Path("book/15_detection_backbones.ipynb")
CELLS = (
    *("imports", "scene-photos", "scene-place", "scene-make", "scene-batch", "level-small", "net-backbone"),
    *("net-detector", "net-cells", "net-loss", "net-steps", "net-classify", "net-train", "net-read"),
    "net-judge",
)
SEEDS = (0, 1, 2)
CLASSIFY, DETECT = 150, 200
SCENES = 200


def cells() -> dict[str, Any]:
    """Run the chapter's definitions, and nothing else of it."""
    notebook = nbformat.read(CHAPTER, as_version=4)  # type: ignore[no-untyped-call]
    space: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.id in CELLS:
            exec(cell.source, space)
    return space


def five(split: Literal["train", "test"]) -> tuple[torch.Tensor, torch.Tensor]:
    """Digits 0 to 4, cut to the middle 20×20, where the ink is."""
    digits = data.load("mnist", split)
    keep = digits.labels < 5
    return digits.images[keep][:, :, 4:24, 4:24].float() / 255, digits.labels[keep]


def ask(chapter: dict[str, Any], net: torch.nn.Module, test: Any) -> dict[str, Any]:
    """Ask each level alone about every digit.

    By level: the share of classes that are right and the mean distance in pixels in the cell of the centre,
    over all digits; the share found, by the level that the digit's size belongs to; false alarms a scene.
    """
    draw, sums = torch.Generator().manual_seed(77), {}  # type: ignore[var-annotated]
    alarms = dict.fromkeys((2, 3, 4, 5), 0)
    with torch.no_grad():
        for _ in range(SCENES // 20):
            x, things = chapter["batch"](test, draw, 20, test=True)
            for k, answer in net.eval()(x).items():
                i, row, column, shift = chapter["cells_of"](k, things)
                right = answer[i, 1:6, row, column].argmax(1) == things[:, 1]
                gap = (answer[i, 6:, row, column] + 0.5 - shift).norm(dim=1) * 2**k
                hit, false = chapter["judge"](chapter["read"]({k: answer}), things)
                size = chapter["level_of"](things[:, 4])
                sums.setdefault(k, []).append(torch.stack([right, gap, hit, size], 1))
                alarms[k] += int(false.sum())
    told = {}
    for k, parts in sums.items():
        right, gap, hit, size = torch.cat(parts).T
        found = [round(hit[size == own].mean().item(), 4) for own in (2, 3, 4, 5)]
        told[f"{k}"] = {
            "what": round(right.mean().item(), 4),
            "where": round(gap.mean().item(), 3),
            "found": found,
            "all": round(hit.mean().item(), 4),
            "alarms": round(alarms[k] / SCENES, 3),
            "things": [int((size == own).sum()) for own in (2, 3, 4, 5)],
        }
    return told


def maps(chapter: dict[str, Any], net: torch.nn.Module, test: Any) -> dict[str, Any]:
    """For a figure: a photograph with a large and a small digit, and what each level says is there."""
    photo = chapter["photos"][0][150:246, 430:526]
    x, things = 0.3 * photo.clone(), [(3, 40.0, 34.0, 44), (2, 76.0, 78.0, 8)]
    for digit, row, column, size in things:
        one = test[0][test[1] == digit][1]
        top, left = int(row - size / 2), int(column - size / 2)
        ink = torch.nn.functional.interpolate(one[None], (size, size), mode="bilinear", antialias=True)[0, 0]
        square = slice(top, top + size), slice(left, left + size)
        x[square] = torch.maximum(x[square], ink)
    with torch.no_grad():
        out = net.eval()(((x - 0.2) / 0.25)[None, None])
    shares = {f"{k}": answer[0, :6].softmax(0)[1:].sum(0) for k, answer in out.items()}
    return {
        "picture": [[round(100 * v) for v in row] for row in x.tolist()],
        "things": things,
        "shares": {k: [[round(v, 3) for v in row] for row in share.tolist()] for k, share in shares.items()},
    }


def main() -> None:
    """Train, judge, print, record."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--record", type=Path, default=RECORD, help="where the record goes")
    parser.add_argument("--quick", action="store_true", help="ten steps of everything, to see that it runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began, chapter = time.process_time(), cells()
    train, test = five("train"), five("test")
    steps = (5, 5) if options.quick else (CLASSIFY, DETECT)
    asked: dict[str, list[Any]] = {"apart": [], "pyramid": []}
    classifier, figure = [], {}
    for seed in SEEDS:
        base, _ = chapter["learn_what"](train, seed, steps[0])
        draw = torch.Generator().manual_seed(76)
        x, things = chapter["batch"](test, draw, SCENES, many=1, side=48, test=True)
        with torch.no_grad():
            classifier.append((base.eval()(x).argmax(1) == things[:, 1]).float().mean().item())
        base.train()
        print(
            f"{time.process_time() - began:5.0f} s  seed {seed}: classifier {classifier[-1]:.3f}", flush=True
        )
        for kind, results in asked.items():
            net, _ = chapter["learn_where"](kind == "pyramid", base, train, seed, steps[1])
            results.append(ask(chapter, net, test))
            print(f"{time.process_time() - began:5.0f} s  {kind}: {results[-1]}", flush=True)
            if kind == "pyramid" and seed == 0:
                figure = maps(chapter, net, test)
    digits = data.load("mnist", "train")
    record.write(
        options.record,
        {
            **record.origin("python -m tests.benchmarks.detection_levels"),
            "threads": torch.get_num_threads(),
            "data": {"name": "mnist"} | record.source(digits),
            "steps": {"classify": steps[0], "detect": steps[1]},
            "scenes": SCENES,
            "seeds": list(SEEDS),
            "cpu_seconds": round(time.process_time() - began, 1),
            "classifier": [round(share, 4) for share in classifier],
            "asked": asked,
            "figure": figure,
        },
    )


if __name__ == "__main__":
    main()
