"""Who was who in earlier imports, so that an account stays the same student for a whole term.

One line of JSON for each student of an assignment, in ``grading/identities.jsonl``. Names are not enough: in
one week ``surnamename_16_…`` hands in, in the next ``surnamename_17_…``, and they are two people.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cnncourse.errors import DataError
from cnncourse.files import replace_file


@dataclass(frozen=True)
class Identity:
    """What was known about a student when a file came in.

    Attributes:
        assignment: the assignment's name.
        student: the student's id.
        evidence: what said so: a platform's name, ``names``, ``folders`` or ``one folder``.
        account: what the platform gives to this person alone; empty if it gives nothing.
        lasting: whether the account is the same in every assignment.
        name: the name that the id was made of.
        place: where a file lay that nothing but one folder says anything about; empty for others.
    """

    assignment: str
    student: str
    evidence: str
    account: str = ""
    lasting: bool = False
    name: str = ""
    place: str = ""


class Identities:
    """The students of a class, as earlier imports found them.

    Args:
        known: from earlier imports.
        accounts: students of a gradebook that is older than this list, with their accounts; empty where
            they have none.

    Example:
        >>> known = Identities([Identity("02", "ada", "Canvas", "16", lasting=True, name="ada")])
        >>> known.student("03", "Canvas", "16"), known.student("03", "Canvas", "17")
        ('ada', '')
    """

    def __init__(self, known: Iterable[Identity] = (), accounts: Mapping[str, str] | None = None) -> None:
        self._known = {
            (one.assignment, one.student, one.evidence, one.account, one.place): one for one in known
        }
        self._accounts = dict(accounts or {})

    @classmethod
    def load(cls, path: Path, accounts: Mapping[str, str] | None = None) -> Self:
        """Read the list; an empty one if there is none.

        Raises:
            DataError: the file is another one.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return cls((Identity(**json.loads(line)) for line in lines if line), accounts)
        except FileNotFoundError:
            return cls((), accounts)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"expected the list of students in {path}, but it cannot be read: {error}"
            ) from None

    def save(self, path: Path) -> None:
        """Write the list, at once or not at all."""
        lines = sorted(json.dumps(asdict(one), ensure_ascii=False) for one in self._known.values())
        replace_file(path, "".join(f"{line}\n" for line in lines).encode())

    def add(self, identities: Iterable[Identity]) -> None:
        """Keep what an import has found. An account that has become another student's is nobody else's."""
        for new in identities:
            self._known = {
                key: one
                for key, one in self._known.items()
                if one.student == new.student or not self._same_account(one, new)
            }
            self._known[new.assignment, new.student, new.evidence, new.account, new.place] = new

    @staticmethod
    def _same_account(one: Identity, other: Identity) -> bool:
        return (
            bool(one.account)
            and (one.evidence, one.account) == (other.evidence, other.account)
            and (one.lasting or one.assignment == other.assignment)
        )

    @property
    def evidence(self) -> set[str]:
        """What has been met in this class: platforms, names, folders."""
        return {one.evidence for one in self._known.values()}

    def student(self, assignment: str, evidence: str, account: str) -> str:
        """Give the student with an account; empty if nobody is known to have it."""
        for one in self._known.values():
            if (one.evidence, one.account) == (evidence, account) and (
                one.lasting or one.assignment == assignment
            ):
                return one.student
        return ""

    def namesake(self, name: str, account: str) -> str:
        """Give the student of an older gradebook whom an account tells from namesakes; else empty."""
        student = f"{name}_{account}"
        return student if account and self._accounts.get(student) == account else ""

    def account(self, assignment: str, evidence: str, student: str) -> str:
        """Give the account that a student has in an assignment; empty if none is known."""
        for one in self._known.values():
            if (one.evidence, one.student) == (evidence, student) and (
                one.lasting or one.assignment == assignment
            ):
                return one.account
        return ""

    def is_another(self, claim: Identity) -> bool:
        """Whether the platform's account shows that the id of this name belongs to somebody else."""
        others = [one for one in self._known.values() if one.student == claim.student]
        theirs = {
            one.account
            for one in others
            if one.evidence == claim.evidence and (one.lasting or one.assignment == claim.assignment)
        }
        if not others and claim.lasting:
            theirs = {self._accounts.get(claim.student, "")}
        return bool(claim.account) and bool(theirs - {""}) and claim.account not in theirs

    def is_unclear(self, claim: Identity) -> bool:
        """Whether the id of this name may be somebody else's, and nothing tells.

        So it is where several known people have this name, and where this file would take the place of one
        that came in as another person's may have: from another platform, or from a folder of the same name.
        """
        if claim.evidence in ("names", "folders"):
            return False
        people = {
            one.student
            for one in self._known.values()
            if (one.evidence, one.name) == (claim.evidence, claim.name)
        }
        if claim.account and not claim.lasting and len(people) > 1:
            return True
        here = [
            one
            for one in self._known.values()
            if (one.assignment, one.student) == (claim.assignment, claim.student)
        ]
        if claim.evidence == "one folder":
            alone = {one.place for one in here if one.evidence == "one folder"}
            return bool(here) and len(alone) == len(here) and claim.place not in alone
        return bool(here) and claim.evidence not in {one.evidence for one in here}
