"""Count from the source: the pupils who study, the staff, the answers. The roll-up is nothing but this."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.identity.models import Check, Outcome
from hocbaso.apps.identity.watching.models import OPEN_STATES
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Level, Organisation
from hocbaso.apps.periods.scope import levels_of
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.engines.workbooks.class_names import KINDERGARTEN

_SLICE = 1000  # people whose answers are read at once


def batches(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    """Parts of at most ``size``."""
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part


@dataclass(frozen=True, slots=True)
class _Open:
    """Somebody whose answer did not match: where he is counted, and in which state."""

    place: int
    state: str


def level_of(grade: int, school_levels: Iterable[str] = ()) -> str:
    """The one level of schooling that a class's pupils are counted under (of :class:`Level`)."""
    if grade in KINDERGARTEN or grade <= 0:
        return Level.KINDERGARTEN.value
    found = levels_of(grade, school_levels)
    return Level.CONTINUING.value if Level.CONTINUING.value in found else next(iter(found))


def count_classes(classes: Sequence[SchoolClass]) -> dict[int, Tally]:
    """Class id → its pupils who study there now. Three queries (one more a thousand open cases)."""
    ids = [row.pk for row in classes]
    found = {pk: Tally() for pk in ids}
    active = Enrolment.objects.filter(school_class__in=ids, active=True).order_by()
    states = active.values_list("school_class", "pupil__identity_state").annotate(n=Count("pk"))
    failed = False
    for class_id, state, number in states:
        found[class_id].add_people(state, number)
        failed = failed or state in OPEN_STATES
    if failed:
        rows = active.filter(pupil__identity_state__in=OPEN_STATES)
        people = defaultdict(list)
        for pupil, class_id, state in rows.values_list(
            "pupil_id", "school_class_id", "pupil__identity_state"
        ):
            people[pupil].append(_Open(class_id, state))
        _add_cases("pupil", people, found)
    return found


def count_staff(schools: Iterable[int]) -> dict[int, Tally]:
    """School id → its staff. Three queries (one more a thousand open cases)."""
    ids = list(schools)
    found = {pk: Tally() for pk in ids}
    staff = StaffMember.objects.filter(organisation__in=ids).order_by()
    for school, state, number in staff.values_list("organisation", "identity_state").annotate(n=Count("pk")):
        found[school].add_people(state, number)
    rows = staff.filter(identity_state__in=OPEN_STATES)
    people: dict[int, list[_Open]] = {
        pk: [_Open(school, state)]
        for pk, school, state in rows.values_list("pk", "organisation_id", "identity_state")
    }
    _add_cases("staff", people, found)
    return found


def _add_cases(key: str, people: dict[int, list[_Open]], found: dict[int, Tally]) -> None:
    for person, differences, since in _cases(key, people):
        for one in people[person]:
            found[one.place].add_case(one.state, differences, since)


def _cases(key: str, people: Iterable[int]) -> Iterator[tuple[int, list[str], datetime]]:
    """(person, fields that differ by the latest answer, since when no answer has matched)."""
    for part in batches(people, _SLICE):
        rows = Check.objects.filter(**{f"{key}__in": part}).order_by("pk")
        latest: dict[int, tuple[list[str], datetime]] = {}
        for person, outcome, differences, at in rows.values_list(
            f"{key}_id", "outcome", "differences", "recorded_at"
        ):
            if outcome == Outcome.MATCHED:
                latest.pop(person, None)
            else:
                since = latest[person][1] if person in latest else at
                latest[person] = (differences, since)
        for person, (differences, since) in latest.items():
            yield person, differences, since


@dataclass(slots=True)
class Counted:
    """What a count of schools found."""

    pupils: dict[tuple[int, str], Tally]  # (school, level)
    staff: dict[int, Tally]
    years: dict[int, str]


def present_classes(schools: Sequence[int]) -> list[SchoolClass]:
    """The classes of each school's newest year, the year it works in. One query."""
    rows = list(
        SchoolClass.objects.filter(school__in=schools).only("pk", "school_id", "school_year", "grade")
    )
    years: dict[int, str] = {}
    for row in rows:
        years[row.school_id] = max(years.get(row.school_id, ""), row.school_year)
    return [row for row in rows if row.school_year == years[row.school_id]]


def count_schools(schools: Sequence[int]) -> Counted:
    """The people of these schools by state, from the source. At most eight queries a thousand open cases."""
    classes = present_classes(schools)
    levels: dict[int, Any] = dict(Organisation.objects.filter(pk__in=schools).values_list("pk", "levels"))
    by_class = count_classes(classes)
    pupils: dict[tuple[int, str], Tally] = defaultdict(Tally)
    years = {}
    for row in classes:
        years[row.school_id] = row.school_year
        tally = by_class[row.pk]
        if tally.total:
            pupils[row.school_id, level_of(row.grade, levels.get(row.school_id, ()))].add(tally)
    counted = {school for school, _level in pupils}
    for school in schools:
        if school not in counted:
            pupils[school, ""] = Tally()
    return Counted(dict(pupils), count_staff(schools), years)
