"""`make lab` opens JupyterLab from the root: formgrader must answer there, and know the assignments."""

import json
import re
import subprocess
import sys
import threading

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.exercises import sample
from tests.exercises.course import Exercise
from tests.nbgrader_pipeline.course import Course

pytestmark = pytest.mark.nbgrader
TOKEN = "only-for-this-test"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A running JupyterLab in a course that has the sample assignment."""
    root = tmp_path_factory.mktemp("formgrader")
    course = Course.create(root, Exercise(*sample.write(root)))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += ["--port=0", f"--IdentityProvider.token={TOKEN}"]
    with subprocess.Popen(
        command,
        cwd=root,
        env=course.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as server:
        watchdog = threading.Timer(180, server.kill)
        watchdog.start()
        log = until_ready(server.stderr)
        threading.Thread(target=server.stderr.read, daemon=True).start()  # or the pipe fills up
        yield re.findall(r"http://127\.0\.0\.1:\d+/", log)[-1]
        watchdog.cancel()
        server.terminate()


def until_ready(stream):
    """Read the server's log up to the line that gives its address."""
    log = ""
    for line in stream:
        log += line
        if "Use Control-C to stop this server" in line:
            return log
    pytest.fail("JupyterLab did not start:\n" + log)


@pytest.fixture
def session():
    """The server names its address shortly before it listens there: a refused connection is tried again."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=Retry(connect=10, backoff_factor=0.1)))
    return session


def get(session, address, path):
    answer = session.get(address + path, headers={"Authorization": f"token {TOKEN}"}, timeout=120)
    return answer.status_code, answer.text


def test_formgrader_opens(session, address):
    status, page = get(session, address, "formgrader")
    assert status == 200
    assert "formgrader" in page


def test_formgrader_knows_the_assignments(session, address):
    status, text = get(session, address, "formgrader/api/assignments")
    assert status == 200
    assert [assignment["name"] for assignment in json.loads(text)] == [sample.STEM]


def test_strangers_are_sent_to_the_login_page(session, address):
    answer = session.get(address + "formgrader/api/assignments", timeout=120)
    assert "/login" in answer.url
    assert sample.STEM not in answer.text
