"""Records of whole experiments: what was trained, on what, with which result, and how to do it again."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cnncourse import __version__
from cnncourse.errors import DataError
from cnncourse.files import given_path, replace_file

if TYPE_CHECKING:
    from cnncourse.data import ImageSet
    from cnncourse.train.experiment import Experiment, Result

_PACKAGE = Path(__file__).parents[1]
_TRAINING = [".", *(f":!{folder}" for folder in ("check", "explorers", "grading", "plots"))]
"""What of the sources takes part in training, as git names it."""
_FOLDERS = (_PACKAGE / "runs", _PACKAGE.parent / "book" / "assets" / "runs")


def summarise(experiment: "Experiment", results: Sequence["Result"], command: str) -> dict[str, Any]:
    """Gather the runs of an experiment into one record, with everything needed to repeat them.

    The standard deviation is that of a sample (n − 1); for a single run it is None. The confusion matrix and
    the misread images, each as [place in the test set, true class, answer], are those of the first run. The
    command adds ``cold_seconds``: from its start to the end of the first run, loading and compiling included.

    Args:
        experiment: what was carried out.
        results: one or more runs of it.
        command: how it was started.

    Returns:
        Plain data for JSON.
    """
    first = results[0]
    return {
        "recipe": experiment.recipe.name,
        **origin(command, next(first.model.parameters()).device),
        "cnncourse": __version__,
        "threads": torch.get_num_threads(),
        "data": _data(experiment),
        "settings": experiment.recipe.to_dict(),
        "parameters": sum(p.numel() for p in first.model.parameters()),
        "seeds": [result.seed for result in results],
        "test_accuracy": spread([result.test.accuracy for result in results]),
        "seconds": spread([result.history.seconds for result in results]),
        "race_seconds": spread([result.race_seconds for result in results]),
        "confusion": first.test.confusion.tolist(),
        "misread": _misread(experiment, first),
        "history": [result.history.to_dict() for result in results],
    }


def origin(command: str, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Say how a record came about: the fields that every one begins with.

    Args:
        command: how it was started.
        device: where it ran.

    Returns:
        The command, the commit, the device's name, and the versions of Python and torch.

    Example:
        >>> origin("python -m tests.benchmarks.replay")["torch"] == torch.__version__
        True
    """
    return {
        "command": command,
        "commit": commit(),
        "device": device_name(torch.device(device)),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def source(images: "ImageSet") -> dict[str, Any]:
    """Say where a set of images came from, for a record.

    Example:
        >>> from cnncourse import data
        >>> sorted(source(data.load("shapes10", announce=False)))
        ['kind', 'sha256', 'variant']
    """
    return {name: getattr(images.source, name) for name in ("kind", "variant", "sha256")}


def write(path: Path, record: dict[str, Any]) -> None:
    """Write a record, one field a line, so that a change of it can be read.

    Raises:
        DataError: the file cannot be written.

    Example:
        >>> write(Path("book/assets/runs/lenet-mnist.json"), record)  # doctest: +SKIP
    """
    fields = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in record.items())
    try:
        replace_file(given_path("path", path), ("{\n" + ",\n".join(fields) + "\n}\n").encode())
    except OSError as error:
        raise DataError(f"cannot write the record {path}: {error.strerror or error}") from None


def read(name: str) -> dict[str, Any]:
    """Read one of the records that come with the course.

    They lie in ``book/assets/runs`` of the repository, and in the package if that was installed from a wheel.

    Args:
        name: the record's name, as a rule that of its recipe.

    Returns:
        What ``write`` wrote.

    Raises:
        DataError: there is no such record; the message lists those there are.

    Example:
        >>> read("lenet-mnist")["seeds"]  # doctest: +SKIP
        [0, 1, 2]

    Introduced in chapter 18.
    """
    files = _files()
    if name not in files:
        raise DataError(f"there is no record {name!r}; there are {', '.join(files) or 'none'}")
    record: dict[str, Any] = json.loads(files[name].read_text(encoding="utf-8"))
    return record


def names() -> list[str]:
    """Return the names of all records that come with the course, in alphabetical order.

    Example:
        >>> "lenet-mnist" in names()  # doctest: +SKIP
        True

    Introduced in chapter 20.
    """
    return sorted(_files())


def _files() -> dict[str, Path]:
    return {file.stem: file for folder in _FOLDERS for file in sorted(folder.glob("*.json"))}


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, sample standard deviation and the values themselves, rounded to six places.

    Example:
        >>> spread([0.5, 1.0])
        {'mean': 0.75, 'std': 0.353553, 'each': [0.5, 1.0]}
        >>> spread([0.5])["std"] is None
        True
    """
    std = round(statistics.stdev(values), 6) if len(values) > 1 else None
    return {"mean": round(statistics.fmean(values), 6), "std": std, "each": [round(v, 6) for v in values]}


def device_name(device: torch.device) -> str:
    """Say what a device is, for people: the GPU's name, or the number and kind of processor cores.

    Example:
        >>> "×" in device_name(torch.device("cpu"))
        True
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    kind = torch.backends.cpu.get_cpu_capability() if device.type == "cpu" else device.type.upper()
    return f"{cores} × {_processor()} ({kind})"


def commit() -> str | None:
    """Return the commit of the package's sources, marked if they were changed since; None outside git.

    Example:
        >>> commit()  # doctest: +SKIP
        '3f0c…'
    """
    try:
        _git(_PACKAGE, "ls-files", "--error-unmatch", "__init__.py")  # fails in somebody else's repository
        head = _git(_PACKAGE, "rev-parse", "HEAD")
        return head + ("+changes" if _git(_PACKAGE, "status", "--porcelain", "--", *_TRAINING) else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _data(experiment: "Experiment") -> dict[str, Any]:
    train_set, val_set, test_set = experiment.train_set, experiment.val_set, experiment.test_set
    return {
        "name": test_set.name,
        "kind": test_set.source.kind,
        "variant": test_set.source.variant,
        "sha256": {"train": train_set.source.sha256, "test": test_set.source.sha256},
        "images": {"train": len(train_set), "validation": len(val_set or ()), "test": len(test_set)},
    }


def _misread(experiment: "Experiment", result: "Result") -> list[list[int]]:
    truth, answers = experiment.test_set.labels, result.test.predictions
    wrong = (truth != answers).nonzero().flatten()
    return [[int(i), int(truth[i]), int(answers[i])] for i in wrong]
