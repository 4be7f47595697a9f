"""The archive of many schools for the levels that manage them: numbers only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.models import Setback
from hocbaso.apps.preservation.standing import newest_rows
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet
from hocbaso.engines.trust.longterm.policy import long_term_policy


@dataclass(slots=True)
class SchoolArchive:
    """One school in numbers."""

    school: Organisation
    issued: int = 0
    stamped: int = 0
    lasting: int = 0  # B-LT and better
    archived: int = 0  # B-LTA
    due: int = 0  # to be renewed now
    lost: int = 0  # proves nothing any more
    failed: int = 0
    next_due: datetime | None = None

    @property
    def waiting(self) -> int:
        """Sheets without validation data."""
        return self.issued - self.lasting


def board(schools: Sequence[Organisation]) -> list[SchoolArchive]:
    """These schools, the one with most to do first. Five queries."""
    rows = {school.pk: SchoolArchive(school) for school in schools}
    policy, now = long_term_policy(clock.today()), clock.now()
    issued = IssuedSheet.objects.filter(sheet__school__in=list(rows))
    keys = issued.values("sheet")
    for pk, n in _counted(issued):
        rows[pk].issued = n
    for pk, n in _counted(Evidence.objects.filter(sheet__in=keys, kind="signature_timestamp")):
        rows[pk].stamped = n
    for level, found in enumerate(newest_rows(issued)):
        groups = (
            found.order_by()
            .values_list("sheet__school", "certificate_ends", "algorithms")
            .annotate(n=Count("sheet"))
        )
        for pk, ends, names, n in groups:
            row, algorithms = rows[pk], names.split()
            due, _ = policy.due(ends, algorithms)
            end, _ = policy.end(ends, algorithms)
            row.lasting += n
            row.archived += n if level else 0
            row.lost += n if end <= now else 0
            row.due += n if due <= now < end else 0
            row.next_due = min(row.next_due or due, due)
    for pk, n in _counted(Setback.objects.filter(sheet__in=keys)):
        rows[pk].failed = n
    return sorted(
        rows.values(), key=lambda r: (-r.lost, -r.due, -r.failed, -r.waiting, r.school.name, r.school.code)
    )


def _counted(rows: QuerySet[Any]) -> list[tuple[int, int]]:
    found = rows.order_by().values("sheet__school").annotate(n=Count("sheet", distinct=True))
    return [(row["sheet__school"], row["n"]) for row in found]


def totals(rows: Sequence[SchoolArchive]) -> Counter[str]:
    """The sums of a list of schools."""
    names = ("issued", "lasting", "archived", "due", "lost", "failed")
    return Counter({name: sum(getattr(row, name) for row in rows) for name in names})


def years_of(school: Organisation) -> list[str]:
    """School years with issued sheets, newest first. One query."""
    found = IssuedSheet.objects.filter(sheet__school=school).order_by()
    return sorted(found.values_list("sheet__school_year", flat=True).distinct(), reverse=True)
