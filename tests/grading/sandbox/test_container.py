"""Without bubblewrap: Podman or Docker, as a fake one sees it that notes what it is asked; else a refusal."""

import os
import sys

import pytest

from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.inside.wire import Name
from cnncourse.grading.judge import client
from cnncourse.grading.judge.student import Student
from cnncourse.grading.sandbox import bubblewrap, container
from cnncourse.grading.sandbox.spawner import Spawner

FAKE = """#!{python}
import os, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(" ".join(words) + "\\n")
if words[0] == "run":
    program = words[words.index("cnncourse-grading") + 1:]
    os.execv({python!r}, [{python!r}, *program[1:]])
sys.exit(1 if words[:2] == ["image", "inspect"] and not {image} else 0)
"""


@pytest.fixture
def forgotten():
    """Let the commands be looked for again, before and after."""
    for found in (bubblewrap.bubblewrap, container.engine):
        found.cache_clear()
    yield
    for found in (bubblewrap.bubblewrap, container.engine):
        found.cache_clear()


@pytest.fixture
def fake(forgotten, monkeypatch, tmp_path):
    """Put a podman on a PATH that has Python and nothing else."""

    def fake(image=True):
        log = tmp_path / "log"
        log.touch()
        (tmp_path / "podman").write_text(FAKE.format(python=sys.executable, log=str(log), image=image))
        (tmp_path / "podman").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.path.dirname(sys.executable)}")
        return log

    return fake


def test_a_container_is_started_for_each_student(fake):
    log = fake()
    limits = Limits(processes=33, memory=2**30)
    client.check_ready()
    with Spawner((("numbers.csv", b"1"),), limits=limits) as spawner:
        assert not spawner.warm
        with Student(spawner) as student:
            student.run("one", "x = 6")
            with student.link() as link:
                assert link.ask("get", Name("x")) == 6
    lines = log.read_text().splitlines()
    (run,) = (line for line in lines if line.startswith("run "))
    for words in (
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--pids-limit 33",
        f"--memory {2**30} --memory-swap {2**30}",
        f":{bubblewrap.WORK}:ro",
    ):
        assert words in run
    assert "--user 0" not in run
    name = run.split("--name ")[1].split()[0]
    assert f"kill {name}" in lines


def test_without_its_image_it_says_how_to_build_one(fake):
    fake(image=False)
    with pytest.raises(bubblewrap.SandboxError, match=r"once with `printf .* \| podman build") as caught:
        client.check_ready()
    assert "\n" not in str(caught.value)


def test_with_neither_it_says_in_one_line_what_to_install(forgotten, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(bubblewrap.SandboxError, match="apt install bubblewrap") as caught:
        client.check_ready()
    assert "\n" not in str(caught.value)


def test_an_ordinary_user_stays_the_same_in_a_container(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(os, "getegid", lambda: 100)
    words = container.command(
        "/usr/bin/podman",
        ["true"],
        name="x",
        run=tmp_path,
        work=tmp_path,
        inside=bubblewrap.WORK,
        limits=Limits(),
        environment={},
    )
    assert "1234:100" in words
    assert words[words.index("--userns") + 1] == "keep-id"


def test_outside_of_linux_it_says_so(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(bubblewrap.SandboxError, match="needs Linux"):
        client.check_ready()
