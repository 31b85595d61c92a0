"""``cnncourse doctor``: says what is there, and what to do about what is not."""

import shutil
from importlib.metadata import PackageNotFoundError

import pytest
import torch
from typer.testing import CliRunner

from cnncourse import cli, data, doctor, runtime


def findings():
    return {finding.name: finding for finding in doctor.examine()}


def test_everything_the_course_needs_is_looked_at():
    found = findings()
    assert {"Python", "torch", "device", "scale", "bwrap", *data.names()} <= set(found)
    assert found["torch"].text == torch.__version__.split("+")[0]
    assert found["shapes10"].state == "ok"


def test_a_missing_package_comes_with_its_cure(monkeypatch):
    def version(name):
        if name in ("torchvision", "nbgrader"):
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor, "version", version)
    found = findings()
    assert (found["torchvision"].state, found["nbgrader"].state) == ("missing", "note")
    assert found["nbgrader"].text == "not installed — to grade a class: pip install 'cnncourse[grade]'"


def test_a_sample_is_named_as_such(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path))
    monkeypatch.setenv("CNNCOURSE_CACHE", str(tmp_path / "cache"))
    mnist = findings()["mnist"]
    assert mnist.state == "note"
    assert mnist.text.endswith("for the whole set: cnncourse data get mnist")


def test_missing_tools_name_their_use(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert (
        findings()["bwrap"].text
        == "not found, needed for sandboxed grading only — on Debian: make system-deps"
    )


class FakeCuda:
    total_memory = 16 * 2**30


@pytest.mark.parametrize(
    ("kind", "text"), [("cuda", "Tesla T4, 16 GiB"), ("mps", "Apple GPU"), ("cpu", "threads")]
)
def test_the_device_is_described(monkeypatch, kind, text):
    monkeypatch.setenv("CNNCOURSE_DEVICE", kind)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: FakeCuda)
    monkeypatch.setattr(runtime, "_computes", lambda _: True)
    assert text in findings()["device"].text


def test_a_device_that_is_not_there_is_a_finding(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_DEVICE", "toaster")
    assert findings()["device"].state == "missing"
    assert "got 'toaster'" in findings()["device"].text


def test_the_command_prints_a_line_each_and_fails_only_when_work_stops(monkeypatch):
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == len(findings())
    stop = [doctor.Finding("torch", "missing", "not installed — pip install cnncourse")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(stop))
    result = CliRunner().invoke(cli.app, ["doctor"])
    assert (result.exit_code, result.output) == (
        1,
        "✗ torch          not installed — pip install cnncourse\n",
    )
