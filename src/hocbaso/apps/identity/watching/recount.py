"""Keep the roll-up: count schools again from the source and put the rows in place of the former ones.

Nothing is ever added to a row. A count that dies leaves the former figures, which say when they were made,
and the next count makes them right whatever happened in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Min, QuerySet, Sum

from hocbaso.apps.common import clock
from hocbaso.apps.identity.watching.counting import Counted, batches, count_schools
from hocbaso.apps.identity.watching.models import NUMBERS, Day, Figure, Who
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Kind, Management, Organisation, valid_on

#: Figures older than this are made again by the worker.
REFRESH_AFTER = timedelta(minutes=5)
#: Schools that the worker counts in one round; the others follow in the next rounds.
A_ROUND = 200
_CHUNK = 50  # schools a transaction: SQLite has one writer, and others wait for it
_LOCK = 0x484253_04  # one count at a time on PostgreSQL, so that an older one never comes last


@dataclass(frozen=True, slots=True)
class Recounted:
    """What one run did: schools counted, and how many are still older than :data:`REFRESH_AFTER`."""

    schools: int
    left: int = 0


def recount(schools: Iterable[int]) -> int:
    """Count these schools again; returns how many. A few queries and one short transaction fifty schools."""
    done = 0
    for part in batches(schools, _CHUNK):
        _recount(part)
        done += len(part)
    return done


@transaction.atomic
def _recount(schools: Sequence[int]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    now = clock.now()
    counted = count_schools(schools)
    rows = [
        _figure(school, Who.PUPILS, level, tally, counted, now)
        for (school, level), tally in counted.pupils.items()
    ]
    rows += [_figure(school, Who.STAFF, "", tally, counted, now) for school, tally in counted.staff.items()]
    Figure.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["school", "who", "level"],
        update_fields=["school_year", *NUMBERS, "oldest", "counted_at"],
    )
    made = {(row.school_id, row.who, row.level) for row in rows}
    standing = Figure.objects.filter(school__in=schools).values_list("pk", "school_id", "who", "level")
    if gone := [pk for pk, *key in standing if tuple(key) not in made]:  # a level that is no more
        Figure.objects.filter(pk__in=gone).delete()
    totals: dict[tuple[int, str], Tally] = defaultdict(Tally)
    for row in rows:
        totals[row.school_id, row.who].add(tally_of(row))
    _keep_day(totals, now)


def _figure(school: int, who: Who, level: str, tally: Tally, counted: Counted, now: datetime) -> Figure:
    year = counted.years.get(school, "") if who is Who.PUPILS else ""
    return Figure(
        school_id=school,
        who=who,
        level=level,
        school_year=year,
        oldest=tally.oldest,
        counted_at=now,
        **tally.kept(),
    )


def tally_of(row: Figure) -> Tally:
    """The numbers of a kept row."""
    tally = Tally(oldest=row.oldest)
    for name in NUMBERS:
        tally.numbers[name] = getattr(row, name)
    return tally


def _keep_day(totals: dict[tuple[int, str], Tally], now: datetime) -> None:
    day = now.astimezone(clock.VIETNAM).date()
    rows = [
        Day(
            unit_id=unit,
            day=day,
            who=who,
            total=tally.total,
            verified=tally.verified,
            failed=tally.failed,
            waiting=tally.waiting,
            unsent=tally.unsent,
            no_number=tally.no_number,
        )
        for (unit, who), tally in totals.items()
    ]
    Day.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["unit", "day", "who"],
        update_fields=["total", "verified", "failed", "waiting", "unsent", "no_number"],
    )


def present_schools() -> QuerySet[Organisation]:
    """Schools that exist today."""
    return Organisation.objects.filter(valid_on(clock.today()), kind=Kind.SCHOOL)


def recount_due(limit: int = A_ROUND, older_than: timedelta = REFRESH_AFTER) -> Recounted:
    """Count the schools whose figures are the oldest, never counted ones first, and sum the units above.

    The worker's part of a round. Several may run: the same count twice is the same figures. One query when
    nothing is due.
    """
    aged = present_schools().annotate(at=Min("identity_figures__counted_at"))
    limit_at = clock.now() - older_than
    due = aged.filter(at__isnull=True) | aged.filter(at__lte=limit_at)
    ids = list(due.order_by(F("at").asc(nulls_first=True), "pk").values_list("pk", flat=True))
    if not ids:
        return Recounted(0)
    done = recount(ids[:limit])
    sum_units()
    return Recounted(done, len(ids) - done)


def recount_all(schools: Iterable[int] | None = None) -> Recounted:
    """Count every school of the node, or these, and sum the units above: the command's way."""
    ids = list(present_schools().values_list("pk", flat=True) if schools is None else schools)
    done = recount(ids)
    sum_units()
    return Recounted(done)


@transaction.atomic
def sum_units() -> None:
    """Today's row of every commune, department and of the ministry, from the kept figures. Four queries."""
    today = clock.today()
    present = Management.objects.filter(valid_on(today))
    above = dict(present.exclude(organisation__kind=Kind.SCHOOL).values_list("organisation_id", "manager_id"))
    ministry = Organisation.objects.filter(kind=Kind.MINISTRY).values_list("pk", flat=True).first()
    figures = Figure.objects.filter(school__in=present_schools()).order_by()
    totals: dict[tuple[int, str], Tally] = defaultdict(Tally)
    by_manager = figures.filter(
        school__managements__in=present.filter(organisation__kind=Kind.SCHOOL)
    ).values_list("school__managements__manager", "who")
    for manager, who, *numbers in by_manager.annotate(**SUMS):
        tally = summed(numbers)
        seen: set[int] = set()
        unit: int | None = manager
        while unit is not None and unit != ministry and unit not in seen:
            seen.add(unit)
            totals[unit, who].add(tally)
            unit = above.get(unit)
    if ministry is not None:  # a school that nobody manages is the ministry's too
        for who, *numbers in figures.values_list("who").annotate(**SUMS):
            totals[ministry, who].add(summed(numbers))
    _keep_day(totals, clock.now())


#: Sums of the numbers, in their order, as a query annotates them.
SUMS = {f"sum_{name}": Sum(name) for name in NUMBERS}


def summed(numbers: Iterable[int | None]) -> Tally:
    """A tally of the values of :data:`SUMS`."""
    tally = Tally()
    for name, number in zip(NUMBERS, numbers, strict=True):
        tally.numbers[name] = number or 0
    return tally
