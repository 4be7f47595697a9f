"""What the worker does: every school once a day, pupils who changed within a minute or so."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Max, Q

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.quality.models import DayScore, Mark
from hocbaso.apps.quality.use_cases.compute import compute, refresh

#: A round stays short, so that locks and answers do not wait behind it.
_SCHOOLS, _PUPILS = 3, 500
_EVERY = timedelta(seconds=60)
_looked: list[datetime] = []


def work() -> int:
    """One round; how many pupils were judged. Two or three queries when nothing is due."""
    now = clock.now()
    if _looked and timedelta(0) <= now - _looked[-1] < _EVERY:
        return 0
    judged = sum(refresh(school, year).pupils for school, year in _due(_SCHOOLS))
    if judged:
        return judged  # the next round goes on at once
    _looked[:] = [now]
    return _changed()


def _due(limit: int) -> list[tuple[Organisation, str]]:
    """Schools that have no row of today in their newest year."""
    newest = SchoolClass.objects.order_by().values_list("school").annotate(year=Max("school_year"))
    done = set(DayScore.objects.filter(day=clock.today()).values_list("school", "school_year"))
    waiting = [(pk, year) for pk, year in newest if (pk, year) not in done][:limit]
    schools = Organisation.objects.in_bulk([pk for pk, _year in waiting])
    return [(schools[pk], year) for pk, year in waiting]


def _changed() -> int:
    """Pupils whose file or identity moved on since they were judged."""
    rows = (
        Mark.objects.filter(pupil__isnull=False)
        .filter(Q(pupil__updated_at__gt=F("computed_at")) | ~Q(pupil__identity_state=F("identity_state")))
        .values_list("school", "school_year", "pupil")[:_PUPILS]
    )
    groups: dict[tuple[int, str], list[int]] = {}
    for school, year, pupil in rows:
        groups.setdefault((school, year), []).append(pupil or 0)
    schools = Organisation.objects.in_bulk([pk for pk, _year in groups])
    return sum(compute(schools[pk], year, pupils).pupils for (pk, year), pupils in groups.items())
