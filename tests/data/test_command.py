"""What is told about the sets without loading them: ``found()`` and ``cnncourse data``."""

import pytest
from typer.testing import CliRunner

from cnncourse import data
from cnncourse.data.command import app
from cnncourse.data.download import NoNetworkError


def run(*args):
    return CliRunner().invoke(app, args)


def found():
    """What is found, by name."""
    return {line.name: line for line in data.found()}


def test_found_on_an_empty_machine(tiny):
    """A set is drawn, or its sample is here, or another takes its place."""
    for name, line in found().items():
        entry = data.entry(name)
        kind = "generated" if entry.format == "drawn" else "sample" if entry.sample else "absent"
        assert line.kind == kind
    assert found()["mnist"].text == ("not on this machine, only the sample of 5,000 + 1,000 in the package")
    assert found()["cifar10"].text == "not on this machine, shapes10 takes its place"


def test_found_names_the_place_and_decodes_nothing(tree, monkeypatch, tmp_path):
    root = tree()
    (root / "train" / "cat" / "0000.png").write_bytes(b"unreadable")
    monkeypatch.setenv("CNNCOURSE_DATA", str(root))
    cifar = found()["cifar10"]
    assert cifar == data.Found(
        "cifar10", "full", "JPEG copy, 50,000 train + 10,000 test images, $CNNCOURSE_DATA"
    )
    assert not (tmp_path / "cache").exists()


def test_found_tells_a_wrong_setting(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_DATA", "/no/where")
    assert {line.kind for name, line in found().items() if name != "shapes10"} == {"absent"}
    assert found()["shapes10"].kind == "generated"
    assert found()["mnist"].text.startswith("CNNCOURSE_DATA=/no/where: expected a folder")


def test_list(tiny):
    result = run("list")
    assert result.exit_code == 0
    assert "mnist          MNIST: 10 classes, 1×28×28\n" in result.output
    assert "licence: CC BY-SA 3.0" in result.output
    assert result.output.count("\n") == 3 * len(data.names())


def test_get_downloads_once(tiny, mirror):
    tiny.mirrors("mnist", mirror.url("good"))
    result = run("get", "mnist")
    assert result.exit_code == 0
    assert "MNIST: 4 file(s), 0.0 MB, checked, in " in result.output
    assert run("get", "mnist").output == "MNIST is here already: official, the cache folder\n"


def test_get_without_a_network_is_an_error(tiny, mirror):
    tiny.mirrors("mnist", "http://127.0.0.1:9/")
    assert isinstance(run("get", "mnist").exception, NoNetworkError)


@pytest.mark.parametrize(
    ("name", "message"),
    [("shapes10", "that the course draws — just load it"), ("mnits", "did you mean 'mnist'?")],
)
def test_get_what_cannot_be_had(name, message):
    assert message in str(run("get", name).exception)


def test_where(tiny, mirror, tmp_path):
    assert run("where").output.splitlines() == [
        "CNNCOURSE_DATA   not set",
        "system folders   none",
        f"cache folder     {tmp_path}/cache (0.0 MB)",
    ]
    tiny.mirrors("mnist", mirror.url("good"))
    run("get", "mnist")
    assert run("where").output.splitlines()[3] == f"downloads        {tmp_path}/cache/downloads/mnist"
