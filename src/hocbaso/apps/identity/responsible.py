"""Who must act on an answer: the school, the guardian, or the police through the guardian.

The register's values are never shown, so nobody can be told what is right there; what can be told is whose
papers decide next. Order: the school rules out its own typing, then the guardian brings the paper, and when
paper and file agree the register itself has to be corrected, which the police do (seed 002 step 3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from hocbaso.apps.identity.evidence import confirmed, warnings
from hocbaso.apps.identity.models import Check, Confirmation, ConfirmationKind, Outcome
from hocbaso.apps.identity.states import Person
from hocbaso.core.vietnamese.names import normalise

Responsible = Literal["", "school", "guardian", "police"]


def person_of(check: Check) -> Person:
    """Whom the check is about."""
    person = check.pupil or check.staff
    assert person is not None
    return person


def responsible(check: Check, confirmations: Iterable[Confirmation]) -> Responsible:
    """Who must act on ``check`` next; "" when nothing is to be done.

    :param confirmations: of the same person.
    """
    outcome = Outcome(check.outcome)
    if outcome is Outcome.MATCHED:
        return ""
    if outcome in (Outcome.INVALID_INPUT, Outcome.MULTIPLE):
        return "school"
    person = person_of(check)
    seen = confirmed(person, confirmations, ConfirmationKind.DIFFERENCE)
    if outcome is Outcome.NOT_FOUND:
        if "so_dinh_danh" in seen:
            return "police"
        return "school" if _number_looks_wrong(person) else "guardian"
    return _of_mismatch(check, person, seen)


def _of_mismatch(check: Check, person: Person, seen: Collection[str]) -> Responsible:
    open_fields = [name for name in check.differences if name not in seen]
    if not open_fields:
        return "police"
    if any(_looks_like_typing(name, check, person) for name in open_fields):
        return "school"
    return "guardian"


def _looks_like_typing(name: str, check: Check, person: Person) -> bool:
    """The school can settle the field alone: it looks mistyped, or data stands in for paper."""
    if name in check.soft:
        return True
    if name == "thuong_tru":  # known from the register's residence answer; no paper may be asked for
        return True
    if name == "ho_ten":
        return bool(normalise(person.full_name).findings) or person.full_name != _capitals(person.full_name)
    if name == "ngay_sinh":
        return _may_be_swapped(person.birth_date) or _number_looks_wrong(person)
    return _number_looks_wrong(person)


def _capitals(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in name.split())


def _may_be_swapped(birth_date: str) -> bool:
    """Day and month could stand in each other's place, or the day is not known."""
    if len(birth_date) != 10:
        return True
    month, day = int(birth_date[5:7]), int(birth_date[8:])
    return day <= 12 and day != month


def _number_looks_wrong(person: Person) -> bool:
    return bool(warnings(person))
