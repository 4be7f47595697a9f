"""The four steps of verification (seed 002): what is left in each, for a person, a class and a school.

1 complete the fields · 2 send the request · 3 repair what did not agree · 4 follow up until everybody is
verified. Whatever a page or a command says about "what next" is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hocbaso.apps.identity import queries
from hocbaso.apps.identity.queries import Row
from hocbaso.apps.identity.states import DUE
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, SchoolClass

S = IdentityState


class Group(StrEnum):
    """States as a table of classes counts them."""

    VERIFIED = "da-xac-thuc"
    DIFFERING = "sai-lech"
    NOT_FOUND = "khong-thay"
    NOT_SENT = "chua-gui"
    NO_NUMBER = "chua-co-so"
    WAITING = "dang-cho"


GROUP_OF: dict[str, Group] = {
    S.VERIFIED: Group.VERIFIED,
    S.MISMATCH: Group.DIFFERING,
    S.NOT_FOUND: Group.NOT_FOUND,
    S.MULTIPLE: Group.NOT_FOUND,
    S.NOT_SENT: Group.NOT_SENT,
    S.REVERIFY: Group.NOT_SENT,
    S.NO_NUMBER: Group.NO_NUMBER,
    S.SENT: Group.WAITING,
    S.ERROR: Group.WAITING,
}
assert set(GROUP_OF) == set(IdentityState)


class Need(StrEnum):
    """What comes next for one person."""

    NUMBER = "number"  # no number: search for it, or ask the guardian
    COMPLETE = "complete"  # another field is empty
    CONFIRM = "confirm"  # a doubtful number or date waits for somebody who has seen a paper
    SEND = "send"  # complete: may be sent
    WAIT = "wait"  # an answer is on its way
    SCHOOL = "school"  # did not agree, and the school can settle it
    GUARDIAN = "guardian"  # did not agree: the guardian's paper decides
    POLICE = "police"  # paper and file agree: the register has to be corrected
    DONE = "done"


STEP_OF: dict[Need, int] = {
    Need.NUMBER: 1,
    Need.COMPLETE: 1,
    Need.CONFIRM: 1,
    Need.SEND: 2,
    Need.WAIT: 2,
    Need.SCHOOL: 3,
    Need.GUARDIAN: 3,
    Need.POLICE: 3,
    Need.DONE: 4,
}
#: Order of a list of work: what somebody here can do first, what is done last.
ORDER = {
    need: place
    for place, need in enumerate(
        (
            Need.SCHOOL,
            Need.GUARDIAN,
            Need.POLICE,
            Need.NUMBER,
            Need.COMPLETE,
            Need.CONFIRM,
            Need.SEND,
            Need.WAIT,
            Need.DONE,
        )
    )
}


def need_of(row: Row) -> Need:
    """What comes next for the person of ``row``. No query."""
    if row.state == S.VERIFIED:
        return Need.DONE
    if row.job is not None or row.state == S.SENT:
        return Need.WAIT
    missing = row.missing
    if missing:
        bare = not row.person.personal_number
        return Need.NUMBER if bare else Need.COMPLETE
    if row.to_confirm:
        return Need.CONFIRM
    if row.state in DUE:
        return Need.SEND
    return Need(row.responsible or "school")


@dataclass(slots=True)
class Line:
    """One class, or the staff: how many stand where."""

    school_class: SchoolClass | None
    states: dict[str, int] = field(default_factory=dict)
    needs: Counter[Need] = field(default_factory=Counter)

    @property
    def people(self) -> int:
        return sum(self.states.values())

    @property
    def groups(self) -> Counter[Group]:
        """How many people in each group of states."""
        counted: Counter[Group] = Counter()
        for state, number in self.states.items():
            counted[GROUP_OF[state]] += number
        return counted

    @property
    def verified(self) -> int:
        return self.states.get(S.VERIFIED, 0)

    def left(self, step: int) -> int:
        """How many people stand at the step 1, 2 or 3; for 4 whoever is not verified."""
        if step == 4:
            return self.people - self.verified
        return sum(number for need, number in self.needs.items() if STEP_OF[need] == step)

    @property
    def next(self) -> Need:
        """The one thing to do next.

        Whoever is complete is sent first: answers take their time, and the others are completed meanwhile.
        """
        for need in (
            Need.SEND,
            Need.COMPLETE,
            Need.NUMBER,
            Need.CONFIRM,
            Need.SCHOOL,
            Need.GUARDIAN,
            Need.POLICE,
            Need.WAIT,
        ):
            if self.needs[need]:
                return need
        return Need.DONE


def total(lines: Iterable[Line]) -> Line:
    """All of them together."""
    together = Line(None)
    states: Counter[str] = Counter()
    for line in lines:
        states.update(line.states)
        together.needs.update(line.needs)
    together.states = dict(states)
    return together


def lines_of(classes: Sequence[SchoolClass]) -> list[Line]:
    """The classes with what is left in each. Two queries, and three a thousand unverified pupils."""
    lines = {c.pk: Line(c) for c in classes}
    for pk, states in queries.states_of(classes).items():
        lines[pk].states = states
    rows = (
        Enrolment.objects.filter(school_class__in=list(lines), active=True)
        .exclude(pupil__identity_state=S.VERIFIED)
        .select_related("pupil")
        .order_by("pk")
    )
    for row in queries.rows_of_enrolments(rows):
        assert row.enrolment is not None
        lines[row.enrolment.school_class_id].needs[need_of(row)] += 1
    for line in lines.values():
        line.needs[Need.DONE] = line.verified
    return list(lines.values())


def line_of_staff(school: Organisation) -> Line:
    """The staff of a school likewise. Four queries."""
    line = Line(None)
    for row in queries.rows_of_staff(school):
        line.states[row.state] = line.states.get(row.state, 0) + 1
        line.needs[need_of(row)] += 1
    return line


def sorted_rows(rows: Iterable[Row]) -> list[tuple[Row, Need]]:
    """Who needs something first; otherwise in the order given."""
    return sorted(((row, need_of(row)) for row in rows), key=lambda pair: ORDER[pair[1]])
