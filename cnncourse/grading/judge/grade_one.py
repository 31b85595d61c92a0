"""The hearing of one submission: repair it, run it, judge it, report. Imports torch."""

import socket
import time
from typing import Any

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.judge import cell_reports, plan, protocol
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from cnncourse.grading.repair.repair import Unreadable, repair
from cnncourse.grading.report import Report
from cnncourse.grading.sandbox.bubblewrap import SandboxError
from cnncourse.grading.sandbox.limits import Limits
from cnncourse.grading.sandbox.spawner import Nursery


class Hearing:
    """Judges submissions to one assignment.

    Args:
        assignment: with its hidden tests.
        nursery: where students' processes come from.
        limits: what a submission may use.
    """

    def __init__(self, assignment: Assignment, nursery: Nursery, limits: Limits) -> None:
        self._assignment = assignment
        self._notebook = assignment.notebook
        plan.steps(self._notebook)  # what it parses is kept for the judges
        self._nursery = nursery
        self._limits = limits

    def judge(self, raw: bytes, student: str, seed: int) -> Report:
        """Grade one submission, whatever it is.

        Raises:
            SandboxError: no process for the student could be started.
        """
        start = time.monotonic()
        known: dict[str, Any] = {"student": student, "assignment": self._assignment.name, "key": ""}
        try:
            mended = repair(raw, self._notebook)
            with Student(self._nursery) as process:
                judge = Judge(self._notebook, seed=seed, cell_seconds=self._limits.cell_seconds)
                found = judge.grade(mended.notebook, process)
            cells = cell_reports.cell_reports(self._notebook, found, process.errors)
            known |= {"state": "graded", "cells": cells}
            known |= {"repairs": mended.repairs, "flags": cell_reports.flags(mended.notebook, found)}
        except Unreadable as problem:
            known |= {"state": "quarantined" if problem.quarantine else "zero", "reason": problem.reason}
        except SandboxError:
            raise
        except Exception as problem:
            said = f"The grader met an error: {type(problem).__name__}: {str(problem)[:200]}"
            known |= {"state": "quarantined", "reason": said}
        known.setdefault("cells", cell_reports.cell_reports(self._notebook, []))
        return Report(**known, seed=seed, seconds=time.monotonic() - start)

    def hear(self, connection: socket.socket) -> None:
        """Judge the one submission that comes over a connection, and answer."""
        header, raw = protocol.receive(connection)
        try:
            answer = {"report": self.judge(raw, header["student"], header["seed"]).to_json()}
        except SandboxError as problem:
            answer = {"fault": str(problem)}
        protocol.send(connection, answer)
