"""Write down what the clock has closed: periods past their end become locks, cases past their time end.

Safe to call as often as one likes (a timer, the door of marks when ``Gates.due``, every page of periods).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.periods.models import Act, CaseState, ColumnLock, EntryPeriod, UnlockCase
from hocbaso.apps.periods.queries import closings_of, implied, locks_of, windows_of
from hocbaso.apps.pupils.models import SchoolClass


@dataclass(frozen=True, slots=True)
class Closed:
    """What was written."""

    locks: int = 0
    cases: tuple[str, ...] = ()  # numbers of the unlock cases that ended


def write_locks(classes: Collection[SchoolClass], now: datetime) -> int:
    """The locks that are due in these classes and do not stand yet; inside the caller's transaction.

    :returns: how many were written. Four queries, however many classes.
    """
    windows, standing = windows_of(classes), locks_of(classes)
    rows = []
    for school_class in classes:
        known = standing.get(school_class.pk, {})
        for closing in closings_of(school_class, windows[school_class.pk], now):
            if implied(known, closing.cell):
                continue
            rows.append(
                ColumnLock(
                    school_class=school_class,
                    moment=closing.moment,
                    part=closing.part,
                    column=closing.column,
                    closed_at=closing.closed_at,
                    period_id=closing.window_id,
                    made_at=now,
                )
            )
    ColumnLock.objects.bulk_create(rows, ignore_conflicts=True)  # whoever was faster wrote the same
    return len(rows)


def close_due(actor: Actor, *, school: Organisation | None = None, now: datetime | None = None) -> Closed:
    """Write the locks of every period that has ended and end every case whose time is over.

    :param school: only this school's; None: everywhere, a transaction a school.
    """
    require(actor, "periods.close_due", school)
    now = now or clock.now()
    due = _schools_due(now, school)
    ending = UnlockCase.objects.filter(
        Q(school=school) if school else Q(), state__in=(CaseState.IN_FORCE, CaseState.GRANTED), until__lte=now
    )
    for school_id in ending.order_by().values_list("school", flat=True).distinct():
        due.setdefault(school_id, set())
    locks, cases = 0, list[str]()
    for school_id, years in due.items():
        done = _close_school(actor, school_id, years, now)
        locks += done.locks
        cases += done.cases
    return Closed(locks, tuple(cases))


def _schools_due(now: datetime, school: Organisation | None) -> dict[int, set[str]]:
    """Schools and years with a class that an ended period has left no lock in."""
    found: dict[int, set[str]] = defaultdict(set)
    ended = (
        EntryPeriod.objects.filter(closes_at__lte=now, replaced_by__isnull=True)
        .exclude(act=Act.CANCEL)
        .select_related("unit")
    )
    for period in ended:
        classes = SchoolClass.objects.filter(school_year=period.school_year)
        if period.unit.kind == Kind.SCHOOL:
            classes = classes.filter(school=period.unit_id)
        else:
            classes = classes.filter(school__province_code=period.unit.province_code)
        if school is not None:
            classes = classes.filter(school=school)
        if period.grade is not None:
            classes = classes.filter(grade=period.grade)
        if period.school_class_id is not None:
            classes = classes.filter(pk=period.school_class_id)
        missing = classes.exclude(column_locks__period=period)
        for school_id in missing.order_by().values_list("school", flat=True).distinct():
            found[school_id].add(period.school_year)
    return found


@transaction.atomic
def _close_school(actor: Actor, school_id: int, years: set[str], now: datetime) -> Closed:
    school = Organisation.objects.select_for_update().get(pk=school_id)
    written = 0
    for year in sorted(years):
        classes = list(SchoolClass.objects.filter(school=school, school_year=year))
        count = write_locks(classes, now)
        written += count
        if count:
            record(actor, "periods.locked", f"year:{year}", organisation=school.code, locks=count)
    ended = []
    over = UnlockCase.objects.select_for_update().filter(
        school=school, state__in=(CaseState.IN_FORCE, CaseState.GRANTED), until__lte=now
    )
    for case in over:
        end_case(actor, case, now, note="Hết thời hạn mở khóa", at=case.until)
        ended.append(case.number)
    return Closed(written, tuple(ended))


def end_case(actor: Actor, case: UnlockCase, now: datetime, *, note: str, at: datetime | None = None) -> None:
    """Lock again: the case's cells are as closed as before. Inside the caller's transaction."""
    before = case.state
    case.state, case.ended_at, case.end_note = CaseState.CLOSED, at or now, note
    case.ended_by = actor.label
    case.save(update_fields=["state", "ended_at", "end_note", "ended_by"])
    record(
        actor,
        "unlock.closed",
        f"case:{case.number}",
        organisation=case.school.code,
        before=before,
        note=note,
        at=clock.iso_seconds(case.ended_at),
    )
