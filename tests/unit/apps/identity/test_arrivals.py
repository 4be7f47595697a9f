"""Pupils who come by import from another school: noted, and checked once the import stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import ExpectedArrival, Job, Scope, Sending
from hocbaso.apps.identity.use_cases.arrivals import WAIT, queue_arrivals
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.states import UNDO_WITHIN
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.apps.pupils.models import Pupil
from tests.unit.apps.intake import books

pytestmark = pytest.mark.django_db
OPERATOR, SYSTEM = Actor.operator(), Actor.system()
YEAR = "2025-2026"


def imported(*rows, school=None):
    school = school or books.school()
    batch = import_workbook(
        OPERATOR, kind=Kind.PUPILS, school=school, year=YEAR, data=books.book(rows), file_name="hs.xlsx"
    ).batch
    assert batch.state == "applied", batch.report
    return school, batch


def later():
    return clock.now() + WAIT + timedelta(minutes=1)


ARRIVED = {"Trạng thái HS": "Chuyển đến kỳ 1"}


def test_a_new_roster_floods_nobody_only_arrivals_are_checked_after_the_day_of_undoing():
    school, _ = imported(books.pupil(1), books.pupil(2, **ARRIVED))
    assert WAIT >= UNDO_WITHIN
    assert queue_arrivals(SYSTEM) == 0
    assert queue_arrivals(SYSTEM, later()) == 1
    order = Sending.objects.get()
    assert (order.school, order.scope) == (school, Scope.ARRIVAL)
    sent = [job.pupil.code for job in Job.objects.all()] + [line["person"] for line in order.incomplete]
    assert sent == [Pupil.objects.get(code__endswith="2").code]
    assert not ExpectedArrival.objects.exists()
    assert queue_arrivals(SYSTEM, later()) == 0


def test_an_import_with_arrivals_can_still_be_undone():
    _, batch = imported(books.pupil(1, **ARRIVED))
    assert ExpectedArrival.objects.count() == 1
    undo_batch(OPERATOR, batch.pk)
    assert not Pupil.objects.exists()
    assert queue_arrivals(SYSTEM, later()) == 0
    assert not ExpectedArrival.objects.exists()


def test_whom_the_school_has_sent_meanwhile_is_not_asked_about_again():
    school, _ = imported(books.pupil(1, **ARRIVED))
    Pupil.objects.update(province_code="79", commune_code="26890", birth_date="2019-02-09")
    first = send(OPERATOR, school=school, year=YEAR)
    assert first.queued == 1, first.incomplete
    assert queue_arrivals(SYSTEM, later()) == 0
    assert Job.objects.count() == 1
