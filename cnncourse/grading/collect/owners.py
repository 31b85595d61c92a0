"""Whose each file is. Two files are one person's only if an account, their place or the roster says so.

The order: the instructor's roster; the account that a platform gives; what earlier imports have found; then
what tells the paths apart. What stays unclear belongs to nobody: it is named, and the roster settles it.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cnncourse.grading.collect.claims import Claim
from cnncourse.grading.collect.folders import unsure
from cnncourse.grading.collect.identities import Identities, Identity
from cnncourse.grading.collect.roster import Person, Roster, plain

_LONGEST = 128  # nbgrader's gradebook has room for as many characters


@dataclass(frozen=True)
class Ignored:
    """A file that was not understood, and why. It stays where it is."""

    name: str
    reason: str


@dataclass
class Owners:
    """What came of it.

    Attributes:
        files: each student's, by the student's id.
        ignored: what belongs to nobody.
        identities: what to remember.
        listed: the row of the roster, by the student's id.
        accounts: what the platform calls a student in every assignment, by the student's id.
    """

    files: dict[str, list[Claim]] = field(default_factory=dict)
    ignored: list[Ignored] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    listed: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)

    def refuse(self, claims: Iterable[Claim], reason: str) -> None:
        """Leave files to nobody."""
        self.ignored += [Ignored(claim.entry.name, reason) for claim in claims]

    def refuse_each_other(self, groups: list[list[Claim]]) -> None:
        """Leave files to nobody that may be one person's or several people's, and name the others in each."""
        for group in groups:
            others = [claim.entry.name for other in groups if other is not group for claim in other]
            self.refuse(group, unsure(others))


@dataclass
class _Owner:
    """Files of one place, and one of those that they are given to; the account is this one's own."""

    claims: list[Claim]
    student: str
    account: str
    person: Person | None = None
    known: bool = False

    @property
    def first(self) -> Claim:
        return self.claims[0]


def assign(claims: Iterable[Claim], assignment: str, roster: Roster, known: Identities) -> Owners:
    """Find out whose each file is.

    Args:
        claims: what each file says.
        assignment: its name.
        roster: the instructor's list of the class; may be empty.
        known: the students of earlier imports.
    """
    owners = Owners()
    by_student: dict[str, list[_Owner]] = defaultdict(list)
    for group in _places(claims, roster, owners):
        for owner in _given_to(group, assignment, roster, known, owners):
            by_student[owner.student].append(owner)
    for those in list(by_student.values()):
        _settle(those, assignment, known, owners)
    _share_in_groups(roster, owners)
    return owners


def _places(claims: Iterable[Claim], roster: Roster, owners: Owners) -> list[list[Claim]]:
    """Put together what is one person's for sure."""
    places: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        places[claim.place].append(claim)
    by_account: dict[tuple[str, str], list[list[Claim]]] = defaultdict(list)
    for group in places.values():
        if group[0].account:
            by_account[group[0].evidence, group[0].account].append(group)
    sure = []
    for group in places.values():
        first = group[0]
        same = by_account[first.evidence, first.account] if first.account else [group]
        parts = defaultdict(set)
        for claim in group:
            parts[claim.entry.name.rpartition(f"_{claim.part}_")[2]].add(claim.part)
        if first.account and roster.by_account(first.evidence, first.account):
            sure.append(group)
        elif len(same) > 1:  # one number, two names
            if group is same[0]:
                owners.refuse_each_other(same)
        elif first.part and any(len(each) > 1 for each in parts.values()):  # Canvas would have counted them
            owners.refuse_each_other([[claim] for claim in group])
        else:
            sure.append(group)
    return sure


def _given_to(
    group: list[Claim], assignment: str, roster: Roster, known: Identities, owners: Owners
) -> list[_Owner]:
    """Name the student, or all that have handed in together; nobody if that is not clear."""
    first = group[0]
    people = [one for one in roster.by_account(first.evidence, first.account) if _may_be(one, first, roster)]
    people = people or [one for one in roster.by_name(first.names) if _may_be(one, first, roster)]
    people = people or next((found for name in first.names if (found := roster.members(name))), [])
    together = bool(people) and len({person.group for person in people}) == 1 and bool(people[0].group)
    if len(people) > 1 and not together:
        some = ", ".join(person.student for person in people[:3])
        owners.refuse(group, f"the roster has several people whose it may be: {some}")
        return []
    if people:
        return [
            _Owner(
                group,
                _id_in_class(person, assignment, roster, known),
                dict(person.accounts).get(first.evidence) or ("" if together else first.account),
                person,
            )
            for person in people
        ]
    if not first.student:
        owners.refuse(group, first.problem)
        return []
    student = known.student(assignment, first.evidence, first.account) if first.account else ""
    student = student or (known.namesake(first.student, first.account) if first.lasting else "")
    owner = _Owner(group, student or first.student, first.account, known=bool(student))
    listed = any(one.student == owner.student and not _may_be(one, first, roster) for one in roster.people)
    problem = (
        f"in the roster {owner.student} has another account: say whose it is with --roster" if listed else ""
    )
    if problem := problem or no_id(owner.student):
        owners.refuse(group, problem)
        return []
    return [owner, *(_Owner(group, name, name, known=True) for name in first.group if not no_id(name))]


def _may_be(person: Person, claim: Claim, roster: Roster) -> bool:
    """Whether a row of the roster agrees with what the platform says: with the account, if it has one.

    An account of one assignment may stand in a list that is older than the assignment. There it says nothing:
    the name decides.
    """
    account = dict(person.accounts).get(claim.evidence, "")
    if claim.lasting or roster.kind == claim.evidence:
        return account in ("", claim.account)
    return not account or not claim.account or not person.name or plain(claim.student) in person.names


def _id_in_class(person: Person, assignment: str, roster: Roster, known: Identities) -> str:
    """The id that a person of the roster has: stated, or as in earlier imports, or made of the name."""
    if person.stated:
        return person.student
    earlier = [known.student(assignment, *account) for account in roster.certain(person)]
    return next(filter(None, earlier), person.student)


def no_id(student: str) -> str:
    """Say why a name cannot be a student's id; empty if it can."""
    student = unicodedata.normalize("NFC", student)
    if not student.strip() or student.startswith(".") or len(student) > _LONGEST:
        return f"{student[:40]!r} cannot be a student's id"
    if any(unicodedata.category(letter).startswith("C") or letter in "\\/" for letter in student):
        return f"{student[:40]!r} cannot be a student's id: it has characters that are no text"
    return ""


def _settle(those: list[_Owner], assignment: str, known: Identities, owners: Owners) -> None:
    """Give files to a student whom one place or several claim."""
    in_roster = [one for one in those if one.person]
    accounts = {(one.first.evidence, one.account) for one in those if one.account}
    by_platform = {evidence for evidence, _ in accounts}
    if len(in_roster) == len(those) and len(accounts) <= len(by_platform):
        _keep(those, those[0].student, assignment, owners)
    elif len(those) == 1:
        _keep_if_clear(those[0], those[0].student, assignment, known, owners)
    elif not in_roster and len(by_platform) == 1 and len(accounts) == len(those):  # people of one name
        for one in those:
            student = one.student if one.known else f"{one.student}_{one.account}"
            _keep_if_clear(one, student, assignment, known, owners)
    else:
        owners.refuse_each_other([one.claims for one in those])


def _keep_if_clear(owner: _Owner, student: str, assignment: str, known: Identities, owners: Owners) -> None:
    """Give files to a student, if nothing that was known before speaks against it."""
    identity = _identity(owner, student, assignment)
    if not owner.known and not owner.person:
        if known.is_unclear(identity):
            owners.refuse(
                owner.claims,
                f"it may be of another person than the {student} of an earlier import: "
                "say whose it is with --roster",
            )
            return
        if known.is_another(identity):
            student = f"{student}_{owner.account}"
    _keep([owner], student, assignment, owners)


def _keep(those: list[_Owner], student: str, assignment: str, owners: Owners) -> None:
    if student in owners.files:
        owners.refuse_each_other([owners.files.pop(student), *(one.claims for one in those)])
        return
    owners.files[student] = [claim for one in those for claim in one.claims]
    owners.identities += [_identity(one, student, assignment) for one in those]
    lasting = [one.account for one in those if one.account and one.first.lasting]
    if lasting:
        owners.accounts[student] = lasting[0]
    if those[0].person:
        owners.listed[student] = those[0].person


def _identity(owner: _Owner, student: str, assignment: str) -> Identity:
    claim = owner.first
    place = claim.place if claim.evidence == "one folder" else ""
    return Identity(assignment, student, claim.evidence, owner.account, claim.lasting, claim.student, place)


def _share_in_groups(roster: Roster, owners: Owners) -> None:
    """Give what one member of a group has handed in to those who have handed in nothing."""
    groups: dict[str, list[Person]] = defaultdict(list)
    for person in roster.people:
        if person.group:
            groups[person.group].append(person)
    has = {person.row: student for student, person in owners.listed.items()}
    for members in groups.values():
        theirs = {has[person.row] for person in members if person.row in has}
        files = {owners.files[student][0].place for student in theirs}
        if len(files) == 1:
            claims = owners.files[min(theirs)]
            for person in (person for person in members if person.row not in has):
                owners.files[person.student] = claims
                owners.listed[person.student] = person
