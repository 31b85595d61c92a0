"""Windows, as far as it can be tried elsewhere: no call that it lacks, no text in its code page."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnncourse.console import plain

ROOT = Path(__file__).parents[2]
LEARNERS = [
    file
    for file in sorted((ROOT / "cnncourse").rglob("*.py"))
    if file.relative_to(ROOT / "cnncourse").parts[0] not in ("grading", "authoring")
]

# Loads what a learner uses where what is POSIX's own is hidden, and lets it work a while.
AS_ON_WINDOWS = """
import importlib, os, pathlib, sys
import anywidget, matplotlib.pyplot, numpy, PIL.Image, platformdirs, rich.progress, sklearn.datasets, torch
import torch.utils.data, torchvision, typer, IPython, torch._dynamo, torch.utils.flop_counter
import torch.distributed, multiprocessing.queues, tempfile, urllib.request, http.client

HIDDEN = ("fcntl", "grp", "pwd", "posix", "pty", "resource", "termios", "tty", "syslog", "readline")
for name in HIDDEN:
    sys.modules[name] = None
for name in ("fork forkpty getuid geteuid getgid getegid setuid getpgid killpg setsid mkfifo mknod "
             "chown lchown sched_getaffinity sched_setaffinity statvfs uname getloadavg nice wait3 "
             "wait4 pread pwrite O_NONBLOCK O_CLOEXEC O_DIRECTORY O_NOFOLLOW").split():
    if hasattr(os, name):
        delattr(os, name)
for name in ("exists", "read_text", "is_file", "open"):  # there is no /proc, no /dev and no /sys
    def guarded(path, *args, real=getattr(pathlib.Path, name), **options):
        of_linux = str(path).startswith(("/proc", "/dev", "/sys"))
        assert not of_linux or real.__name__ in ("exists", "is_file"), path
        return False if of_linux else real(path, *args, **options)
    setattr(pathlib.Path, name, guarded)
sys.platform = "win32"

for name in sys.argv[2:]:
    importlib.import_module(name)

from cnncourse import backbones, check, data, diagrams, doctor, notebook, train
from cnncourse.train import record
folder = pathlib.Path(sys.argv[1])
notebook.start("18")
list(doctor.examine())
digits = data.load("mnist", download=False).take(64)
for label in "ab":
    (folder / "train" / label).mkdir(parents=True)
    PIL.Image.new("L", (8, 8), 9).save(folder / "train" / label / "1.png")
data.from_folder(folder)
net = backbones.create("lenet5", image_size=28)
str(diagrams.summary(net))
recipe = train.Recipe(epochs=1, batch_size=32)
history = train.fit(net, digits, recipe=recipe, device="cpu", checkpoint=folder / "a.pt")
train.fit(net, digits, recipe=recipe, device="cpu", checkpoint=folder / "a.pt", resume=True, progress=False)
history.to_json(folder / "a.json")
record.write(folder / "record.json", {"device": record.device_name(torch.device("cpu"))})
record.commit()
assert not train.keep_memory()
print("done")
"""


def modules():
    for file in LEARNERS:
        parts = file.relative_to(ROOT).with_suffix("").parts
        if parts[-1] != "__main__":
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run(source, *words, **variables):
    words = [sys.executable, "-c", source, *map(str, words)]
    environment = {**os.environ, "CNNCOURSE_OFFLINE": "1", "OMP_NUM_THREADS": "1", **variables}
    return subprocess.run(words, cwd=ROOT, capture_output=True, env=environment, check=False)


@pytest.mark.skipif(os.name == "nt", reason="the real one is tried by the other tests")
def test_every_module_of_a_learner_works_without_what_windows_lacks(tmp_path):
    done = run(AS_ON_WINDOWS, tmp_path / "own", *modules(), CNNCOURSE_CACHE=str(tmp_path / "cache"))
    assert done.stdout.decode().splitlines()[-1:] == ["done"], done.stderr.decode()


POSIX_MODULES = {"fcntl", "grp", "pwd", "pty", "resource", "termios", "posix", "tty"}


def unguarded(source):
    """Name the imports of POSIX's modules that no ``except ImportError`` catches."""
    tree = ast.parse(source)
    caught = {
        id(node)
        for attempt in ast.walk(tree)
        if isinstance(attempt, ast.Try) and "ImportError" in "".join(map(ast.unparse, attempt.handlers))
        for node in ast.walk(attempt)
    }
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if id(node) not in caught:
            yield from (name for name in names if name in POSIX_MODULES)


def without_encoding(source):
    """Name the calls that read or write text, or the output of a program, in the system's own encoding."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = {word.arg for word in node.keywords}
        texts = name in ("read_text", "write_text") or (name == "fdopen")
        if texts or (name in ("run", "Popen", "check_output") and words & {"text", "universal_newlines"}):
            yield ast.unparse(node)


def test_no_module_of_a_learner_needs_posix_or_guesses_an_encoding():
    assert list(unguarded("import fcntl")) == ["fcntl"]
    assert list(unguarded("try:\n import fcntl\nexcept ImportError:\n pass")) == []
    assert list(
        without_encoding("p.read_text()\nrun(['git'], text=True)\np.read_text(encoding='utf-8')")
    ) == [
        "p.read_text()",
        "run(['git'], text=True)",
    ]
    for file in LEARNERS:
        source = file.read_text(encoding="utf-8")
        assert [file.name, *unguarded(source)] == [file.name]
        assert [file.name, *without_encoding(source)] == [file.name]


def test_open_without_an_encoding_is_refused_by_the_linter(tmp_path):
    (tmp_path / "bad.py").write_text('open("a.txt").read()\n', encoding="utf-8")
    rule = next(
        line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if "PLW1514" in line
    )
    words = rule.partition("ruff ")[2].partition(" . #")[0].split()
    for path, status in ((tmp_path / "bad.py", 1), (ROOT / "cnncourse", 0)):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, str(path)], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == status, done.stdout


TALKS = """
import sys
from cnncourse import backbones, check, data, diagrams, errors, train
from cnncourse.cli import app, main
data.load("cifar10")
print(diagrams.summary(backbones.create("lenet5", width=0.5)))
print(errors.lay_out("sum · 2 points", ["expected 2 → got 1"]))
train.fit(backbones.create("lenet5", image_size=28), data.load("mnist", announce=False).take(32),
          recipe=train.Recipe(epochs=1), device="cpu")
check.report()
for words in (["doctor"], ["data", "list"], ["train", "--list"], ["train", "no-such"]):
    sys.argv = ["cnncourse", *words]
    try:
        main()
    except SystemExit:
        pass
print("done")
"""


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "cp850"])
def test_narrow_code_pages_lose_signs_and_nothing_else(tmp_path, encoding):
    done = run(TALKS, PYTHONIOENCODING=encoding, PYTHONUTF8="0", CNNCOURSE_CACHE=str(tmp_path))
    told = done.stdout.decode(encoding).splitlines()
    assert told[-1:] == ["done"], done.stderr.decode(encoding)
    assert any(line.startswith(("x sum", "✗ sum")) for line in told)
    assert "Error" not in done.stderr.decode(encoding)


def test_what_is_not_known_becomes_a_question_mark():
    assert "Δ漢".encode("ascii", "cnncourse.plain") == b"d?"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "cnncourse.plain")
    assert plain(UnicodeEncodeError("ascii", "a→", 1, 2, "")) == ("->", 2)


def test_windows_is_tried_by_a_job_and_described_for_learners():
    job = (ROOT / ".github" / "workflows" / "windows.yml").read_text(encoding="utf-8")
    assert "windows-latest" in job
    assert job.count("book/") == 3
    for number in ("02", "05", "18"):
        assert len(list((ROOT / "book").glob(f"{number}_*.ipynb"))) == 1
        assert f"book/{number}_" in job
    for page, words in (("how_to_use", ("PowerShell", "Activate.ps1", "WSL")), ("instructors", ("WSL",))):
        text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
        assert all(word in text for word in words)
