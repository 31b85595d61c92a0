"""A job names and seeds verdicts: by everything that they depend on, and by nothing else."""

from dataclasses import replace

from nbformat.v4 import writes

from cnncourse.grading import job as jobs
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.job import Job
from tests.grading.course import ASSIGNMENT, notebook

JOB = Job(ASSIGNMENT)


def test_the_key_names_all_that_a_verdict_depends_on(monkeypatch):
    other = replace(ASSIGNMENT, source=writes(notebook(total="def total(x): return sum(x)")))
    keys = {
        JOB.key("ada", b"{}"),
        JOB.key("alan", b"{}"),
        JOB.key("ada", b"{ }"),
        Job(replace(ASSIGNMENT, name="thrice")).key("ada", b"{}"),
        Job(other).key("ada", b"{}"),
        Job(ASSIGNMENT, Limits(memory=1)).key("ada", b"{}"),
        Job(ASSIGNMENT, sandboxed=False).key("ada", b"{}"),
    }
    monkeypatch.setattr(jobs, "environment", lambda: "torch=3.0")
    assert len(keys | {JOB.key("ada", b"{}")}) == 8
    assert all(len(key) == 64 for key in keys)


def test_the_seed_comes_from_tests_and_answers_alone():
    """A run without a sandbox, with other limits, or of a copy of somebody else draws the same inputs."""
    seed = JOB.seed(b"{}")
    assert Job(ASSIGNMENT, Limits(memory=1), sandboxed=False).seed(b"{}") == seed
    assert JOB.seed(b"{ }") != seed
    assert Job(replace(ASSIGNMENT, source=writes(notebook("x = 1")))).seed(b"{}") != seed
    assert 2**100 < seed < 2**128, "few enough to be found by search"


def test_the_environment_names_versions_also_of_a_checkout():
    from importlib.metadata import version

    assert f"torch={version('torch')}" in jobs.environment().split()
    assert jobs._version("no-such-package") == "none"
