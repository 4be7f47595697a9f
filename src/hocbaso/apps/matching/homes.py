"""At which school a file is at home now: the latest class, those in which the pupil studies first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, allowed
from hocbaso.apps.matching.models import Pair
from hocbaso.apps.matching.policies import manages
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment


def homes(pupil_ids: Collection[int]) -> dict[int, Enrolment]:
    """Pupil id → the enrolment that says where the file is at home. One query."""
    rows = Enrolment.objects.filter(pupil__in=pupil_ids).select_related("school_class__school", "pupil")
    found: dict[int, Enrolment] = {}
    for row in rows.order_by("school_class__school_year", "active", "pk"):
        found[row.pupil_id] = row  # the last one wins
    return found


def schools_of(pupil_ids: Collection[int]) -> list[Organisation]:
    """The schools at which these files are at home, each once."""
    return _distinct(row.school_class.school for row in homes(pupil_ids).values())


def schools_apart(pupil_ids: Collection[int], before: Mapping[int, Mapping[str, Any]]) -> list[Organisation]:
    """As :func:`schools_of`, had no merge changed these enrolments. One query.

    :param before: id of an enrolment → its former values of what a merge changed.
    """
    rows = Enrolment.objects.filter(Q(pupil__in=pupil_ids) | Q(pk__in=list(before)))
    found: dict[int, Enrolment] = {}

    def order(row: Enrolment) -> tuple[str, bool, int]:
        return row.school_class.school_year, before.get(row.pk, {}).get("active", row.active), row.pk

    for row in sorted(rows.select_related("school_class__school"), key=order):
        found[before.get(row.pk, {}).get("pupil_id", row.pupil_id)] = row  # as above, the last one wins
    return _distinct(row.school_class.school for row in found.values())


def schools_of_pair(pair: Pair) -> list[Organisation]:
    """One or two schools."""
    return schools_of([pair.first_id, pair.second_id])


def _distinct(schools: Iterable[Organisation]) -> list[Organisation]:
    return list({school.pk: school for school in schools}.values())


def sees(actor: Actor, school: Organisation | None) -> bool:
    """Whether the actor may see a file of that school whole; the other side of a pair is masked."""
    return school is not None and allowed(actor, "matching.view", school) and not manages(actor, school)


def may_view_any(actor: Actor, schools: Collection[Organisation]) -> bool:
    """Whether the actor may see a pair of files of these schools at all (one side perhaps masked)."""
    return any(allowed(actor, "matching.view", school) for school in schools)
