"""What a sandboxed kernel can and cannot do, tried from inside."""

import os
import subprocess
from pathlib import Path

import pytest

from cnncourse.grading.files import MAX_FILES
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.sandbox import bubblewrap
from tests.grading.conftest import shown_in

LIMITS = bubblewrap.limits_module.__file__
CANARY = "the-hidden-test"


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A submission's folder as nbgrader leaves it, below a course with a gradebook."""
    course = tmp_path_factory.mktemp("course")
    folder = course / "autograded" / "ada" / "02"
    (folder / "tables").mkdir(parents=True)
    (folder / "02.ipynb").write_text(CANARY)
    (folder / "tables" / "numbers.csv").write_text("1,2,3")
    (folder / "tables" / "copy.IPYNB").write_text(CANARY)
    (course / "gradebook.db").write_text(CANARY)
    (folder / "gradebook.db").write_text(CANARY)
    (folder / "link.txt").symlink_to(course / "gradebook.db")
    (folder / "linked").symlink_to(course)
    return folder


@pytest.fixture(scope="module")
def kernel(start, work):
    return start(work)


def value(kernel, expression):
    return kernel.run(f"print({expression})").strip()


def test_it_computes(kernel):
    assert value(kernel, "6 * 7") == "42"


def test_support_files_can_be_read_and_nothing_else_is_there(kernel):
    listed = "sorted(str(p) for p in __import__('pathlib').Path('.').rglob('*') if p.is_file())"
    assert value(kernel, listed) == "['tables/numbers.csv']"
    assert value(kernel, "open('tables/numbers.csv').read()") == "1,2,3"


def test_notebook_gradebook_and_home_cannot_be_read(kernel, work):
    outside = [work / "02.ipynb", work.parents[2] / "gradebook.db", Path(__file__), Path("/etc/passwd")]
    outside += [path for path in Path.home().iterdir() if path.is_file()]
    for path in outside:
        assert path.exists()
        assert value(kernel, f"__import__('os').path.exists({str(path)!r})") == "False", path
    shown = sorted({"student"} | shown_in("/home"))
    assert value(kernel, "sorted(__import__('os').listdir('/home'))") == str(shown)


def test_there_is_no_network(kernel):
    said = kernel.run("import socket; socket.create_connection(('1.1.1.1', 53), 2)")
    assert "Network is unreachable" in said
    assert value(kernel, "[name for _, name in __import__('socket').if_nameindex()]") == "['lo']"


def test_nothing_outside_can_be_written(kernel):
    package = Path(bubblewrap.__file__).parents[2]
    for path in ("/etc/x", "/usr/x", "/x", str(package / "x.py"), "/home/x"):
        assert "Error" in kernel.run(f"open({path!r}, 'w')"), path
    assert not (package / "x.py").exists()


def test_its_own_folders_can_be_written_up_to_their_size(kernel):
    assert value(kernel, "open('notes.txt', 'w').write('abc')") == "3"
    assert value(kernel, "__import__('os').statvfs('/tmp').f_blocks") == str(Limits().disk // 4096)


def test_it_has_no_capability_and_can_gain_none(kernel):
    status = kernel.run("print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.strip().splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_no_other_process_is_seen(kernel):
    kernel.run("import os\nnumbers = [n for n in os.listdir('/proc') if n.isdigit()]")
    names = value(kernel, "sorted(open(f'/proc/{n}/comm').read().strip() for n in numbers)")
    assert names in ("['bwrap', 'python']", "['bwrap', 'python3']")
    assert str(os.getpid()) not in value(kernel, "__import__('os').listdir('/proc')")


def test_the_environment_tells_nothing(kernel, monkeypatch):
    names = value(kernel, "sorted(__import__('os').environ)")
    assert "PYTEST" not in names
    assert value(kernel, "__import__('os').environ['HOME']") == bubblewrap.HOME


def test_the_limits_of_the_system_are_set(kernel):
    limit = "__import__('resource').getrlimit(__import__('resource').RLIMIT_{})[0]"
    assert value(kernel, limit.format("FSIZE")) == str(Limits().file_size)
    assert value(kernel, limit.format("CPU")) == str(Limits().cpu_seconds)
    assert value(kernel, limit.format("CORE")) == "0"


def test_too_many_files_are_refused(bwrap, tmp_path):
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(bubblewrap.SandboxError, match="at most 200 files"):
        bubblewrap.command(["/bin/true"], run=tmp_path, work=tmp_path)


@pytest.fixture
def forgotten():
    """Let bubblewrap be looked for again, before and after."""
    bubblewrap.bubblewrap.cache_clear()
    yield
    bubblewrap.bubblewrap.cache_clear()


def test_without_bubblewrap_it_says_what_to_install(forgotten, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(bubblewrap.SandboxError, match="apt install bubblewrap"):
        bubblewrap.bubblewrap()


def test_where_namespaces_are_forbidden_it_says_what_to_do(forgotten, monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(bubblewrap.SandboxError, match=r"uid map: Permission denied.*AppArmor") as caught:
        bubblewrap.bubblewrap()
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
@pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="needs a Python that everybody may run")
def test_an_ordinary_user_can_use_it_too(bwrap, monkeypatch):
    monkeypatch.setattr(bubblewrap.sys, "executable", "/usr/bin/python3")
    ordinary = {"user": 65534, "group": 65534, "extra_groups": [], "text": True}
    run = Path(subprocess.check_output(["mktemp", "-d"], **ordinary).strip())
    monkeypatch.setattr(bubblewrap, "_system", lambda: [*readable_to_all(), "--ro-bind", *[LIMITS] * 2])
    try:
        words = bubblewrap.command(["/usr/bin/id", "-u"], run=run)
        assert subprocess.check_output(words, **ordinary) == "1000\n"
    finally:
        run.rmdir()


def readable_to_all():
    links = ((link, os.readlink(link)) for link in ("/lib", "/lib64", "/bin") if os.path.islink(link))
    return ["--ro-bind", "/usr", "/usr", *(word for link, to in links for word in ("--symlink", to, link))]
