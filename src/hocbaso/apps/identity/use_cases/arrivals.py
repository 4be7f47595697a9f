"""Pupils who came by import from another school are checked without anybody asking (seed 002).

An import can be undone for a day, and what has been asked about cannot be taken back. So whoever the import
says has come from elsewhere is noted, and queued when that day is over; somebody who sends the class before
makes the note superfluous. A roster of a new school floods nobody: only the sector's statuses "Chuyển đến …"
are noted, and of those only new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import Check, ExpectedArrival, Job
from hocbaso.apps.identity.use_cases.send import send_arrivals
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil

#: As long as the intake lets an import be undone.
WAIT = timedelta(hours=24)
STATUSES = frozenset({"Chuyển đến kỳ 1", "Chuyển đến kỳ 2", "Chuyển đến trong hè"})
_AT_ONCE = 500


def expect_arrivals(enrolments: Iterable[Enrolment]) -> int:
    """Note those of the enrolments whose status says that the pupil came from another school. One query.

    Part of the import that wrote them.

    :returns: how many were noted.
    """
    due = clock.now() + WAIT
    notes = [
        ExpectedArrival(enrolment_id=row.pk, due_at=due)
        for row in enrolments
        if row.active and row.status in STATUSES
    ]
    if notes:
        ExpectedArrival.objects.bulk_create(notes, ignore_conflicts=True)
    return len(notes)


@transaction.atomic
def queue_arrivals(actor: Actor, now: datetime | None = None) -> int:
    """Queue whoever is due, one order a school; part of the worker's round. One query when nobody is.

    Whoever has left, was taken back with the import, or was asked about by this school meanwhile is passed
    over.

    :returns: how many pupils were queued or listed with what they lack.
    """
    due = ExpectedArrival.objects.filter(due_at__lte=now or clock.now()).order_by("pk")
    if connection.vendor == "postgresql":
        due = due.select_for_update(skip_locked=True)
    notes = list(due[:_AT_ONCE])
    if not notes:
        return 0
    rows = Enrolment.objects.filter(
        pk__in=[note.enrolment_id for note in notes], active=True, status__in=STATUSES
    ).select_related("pupil", "school_class__school")
    orders: dict[tuple[Organisation, str], list[Pupil]] = {}
    for row in rows.order_by("pk"):
        school = row.school_class.school
        if not _asked(school, row.pupil):
            orders.setdefault((school, row.school_class.school_year), []).append(row.pupil)
    for (school, year), pupils in orders.items():
        send_arrivals(actor, school, year, pupils)
    ExpectedArrival.objects.filter(pk__in=[note.pk for note in notes]).delete()
    return sum(map(len, orders.values()))


def _asked(school: Organisation, pupil: Pupil) -> bool:
    """This school has asked about the pupil, or is about to. One or two queries."""
    if Job.objects.filter(pupil=pupil, sending__school=school).exists():
        return True
    return Check.objects.filter(pupil=pupil, school=school).exists()
