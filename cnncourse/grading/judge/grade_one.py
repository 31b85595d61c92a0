"""Grade one submission: repair it, run it, judge it, report. Imports torch."""

import socket
from typing import Any

from cnncourse.grading.job import Job
from cnncourse.grading.judge import cell_reports, judge, protocol
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from cnncourse.grading.repair.repair import Unreadable, repair
from cnncourse.grading.report import Report
from cnncourse.grading.sandbox.bubblewrap import SandboxError
from cnncourse.grading.sandbox.spawner import Spawner


class SubmissionGrader:
    """Grades submissions to one assignment.

    Args:
        job: the assignment, with its hidden tests, and how programs run.
        spawner: where students' processes come from.
    """

    def __init__(self, job: Job, spawner: Spawner) -> None:
        self._job = job
        self._notebook = job.assignment.notebook
        judge.make_ready(self._notebook)
        job.seed(b"")  # the assignment's version is kept
        self._spawner = spawner

    def grade(self, raw: bytes, student: str) -> Report:
        """Grade one submission, whatever it is.

        Raises:
            SandboxError: no process for the student could be started.
        """
        seed = self._job.seed(raw)
        known: dict[str, Any] = {"student": student, "assignment": self._job.assignment.name, "key": ""}
        try:
            mended = repair(raw, self._notebook)
            with Student(self._spawner) as process:
                seconds = self._job.limits.cell_seconds
                judged = Judge(self._notebook, seed=seed, cell_seconds=seconds).judge(
                    mended.notebook, process
                )
            cells = cell_reports.cell_reports(self._notebook, judged, process.errors, mended.notebook)
            known |= {"state": "graded", "cells": cells}
            known |= {"repairs": mended.repairs, "flags": cell_reports.flags(mended.notebook, judged)}
        except Unreadable as problem:
            known |= {"state": "quarantined" if problem.quarantine else "zero", "reason": problem.reason}
        except SandboxError:
            raise
        except Exception as problem:
            said = f"The grader met an error: {type(problem).__name__}: {str(problem)[:200]}"
            known |= {"state": "quarantined", "reason": said}
        known.setdefault("cells", cell_reports.cell_reports(self._notebook, []))
        return Report(**known, seed=seed)

    def answer(self, connection: socket.socket) -> None:
        """Grade the one submission that comes over a connection, and answer."""
        header, raw = protocol.receive(connection)
        try:
            answer = {"report": self.grade(raw, header["student"]).to_json()}
        except SandboxError as problem:
            answer = {"fault": str(problem)}
        protocol.send(connection, answer)
