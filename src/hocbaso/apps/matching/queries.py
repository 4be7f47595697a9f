"""Reads for the pages and commands of matching."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hocbaso.apps.identity import evidence
from hocbaso.apps.matching.models import NumberSearch, SearchState
from hocbaso.apps.matching.use_cases.search import Found, told_of
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, SchoolClass

#: States of a file without number.
WITHOUT_NUMBER = (IdentityState.NO_NUMBER, IdentityState.NOT_FOUND, IdentityState.MULTIPLE)


@dataclass(slots=True)
class WithoutNumber:
    """One pupil without number and what the latest search gave."""

    enrolment: Enrolment
    found: Found | None = None
    search: NumberSearch | None = None
    missing: tuple[str, ...] = ()  # labels of fields that a search needs


def without_number(
    school: Organisation, year: str, school_class: SchoolClass | None = None
) -> list[WithoutNumber]:
    """Pupils who study in the year and have no number, in order of class and list. Two queries."""
    rows = Enrolment.objects.filter(
        active=True,
        school_class__school=school,
        school_class__school_year=year,
        pupil__personal_number="",
        pupil__identity_state__in=WITHOUT_NUMBER,
    ).select_related("pupil", "school_class__school")
    if school_class is not None:
        rows = rows.filter(school_class=school_class)
    lines = [
        WithoutNumber(row) for row in rows.order_by("school_class__grade", "school_class__name", "order")
    ]
    latest = _latest(line.enrolment.pupil_id for line in lines)
    for line in lines:
        pupil = line.enrolment.pupil
        lacks = (
            n for n in ("full_name", "birth_date", "sex", "province", "commune") if not getattr(pupil, n)
        )
        line.missing = tuple(evidence.LABELS[name] for name in lacks)
        line.search = latest.get(pupil.pk)
        if line.search is not None:
            line.search.pupil = pupil
            line.found = told_of(line.search)
    return lines


def _latest(pupil_ids: Iterable[int]) -> dict[int, NumberSearch]:
    """Pupil id → the latest search that is no more under way. One query."""
    rows = NumberSearch.objects.filter(pupil__in=list(pupil_ids)).exclude(state=SearchState.ASKING)
    return {row.pupil_id or 0: row for row in rows.order_by("pk")}
