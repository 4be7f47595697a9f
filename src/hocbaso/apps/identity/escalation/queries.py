"""Reads of cases, for the pages and for those who watch progress."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.identity.escalation.models import Case, State
from hocbaso.apps.identity.escalation.states import AT_SCHOOL, AT_UNIT, OPEN, Waits, waits_for
from hocbaso.apps.identity.escalation.workdays import working_days_between
from hocbaso.apps.organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case in what a board needs; no name, no number of a person."""

    number: str
    school_id: int
    holder_id: int
    pupil_id: int
    special: str  # of models.Special, "" for an ordinary case
    state: str
    waits_for: Waits  # "unit", "school" or "" (recorded: nobody must act)
    opened_at: datetime
    age_days: int  # calendar days since it was opened
    due_on: date | None
    late: bool  # the holder's term is over


def open_cases(
    units: Iterable[Organisation] | QuerySet[Organisation], *, today: date | None = None
) -> list[OpenCase]:
    """Open cases of these schools, and those that these managing units have, oldest first. One query.

    :param units: schools (all cases that they opened) and managing units (all that lie with them).
    :param today: in Viet Nam; the clock's day when left out.
    """
    day = today or clock.today()
    ids = units.values("pk") if isinstance(units, QuerySet) else [unit.pk for unit in units]
    rows = Case.objects.filter(Q(school__in=ids) | Q(holder__in=ids), state__in=OPEN)
    return [_plain(row, day) for row in rows]


def _plain(case: Case, day: date) -> OpenCase:
    return OpenCase(
        case.number,
        case.school_id,
        case.holder_id,
        case.pupil_id,
        case.special,
        case.state,
        waits_for(case.state),
        case.opened_at,
        age_of(case, day),
        case.due_on,
        is_late(case, day),
    )


def age_of(case: Case, day: date) -> int:
    """Calendar days from opening to ``day``, or to its end."""
    until = case.closed_at.astimezone(clock.VIETNAM).date() if case.closed_at else day
    return (until - case.opened_at.astimezone(clock.VIETNAM).date()).days


def is_late(case: Case, day: date) -> bool:
    """The unit that has it should have answered."""
    return case.due_on is not None and case.due_on < day


def working_days_left(case: Case, day: date) -> int:
    """Working days until the term ends (0: today is the last), negative when it is over."""
    assert case.due_on is not None
    return working_days_between(day, case.due_on)


#: Filters of the lists: value → which cases.
def filtered(rows: QuerySet[Case], chosen: str, day: date) -> QuerySet[Case]:
    """The cases that a list shows under a filter.

    :param chosen: ``unit`` (waiting for an answer), ``school``, ``late``, ``special``, ``ended``, one state,
        or
        "" for all that are open.
    """
    if chosen == "ended":
        return rows.filter(state__in=(State.CLOSED, State.WITHDRAWN)).order_by("-closed_at", "-pk")
    rows = rows.filter(state__in=OPEN)
    if chosen == "unit":
        return rows.filter(state__in=AT_UNIT)
    if chosen == "school":
        return rows.filter(state__in=AT_SCHOOL)
    if chosen == "late":
        return rows.filter(due_on__lt=day)
    if chosen == "special":
        return rows.exclude(special="")
    return rows


def cases_of_school(school: Organisation) -> QuerySet[Case]:
    """Every case of the school, with what a list shows."""
    return Case.objects.filter(school=school).select_related("pupil", "holder", "school")


def cases_under(schools: QuerySet[Organisation]) -> QuerySet[Case]:
    """The same of many schools."""
    return Case.objects.filter(school__in=schools.values("pk")).select_related("pupil", "holder", "school")
