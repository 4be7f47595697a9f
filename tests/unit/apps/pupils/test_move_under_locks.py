"""A pupil does not take locked marks into a class where they would be open, by no door."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.periods.models import ColumnLock, EntryPeriod
from hocbaso.apps.pupils.use_cases.move_pupil import move_pupil, undo_move
from hocbaso.core.errors import DomainError
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import book, pupil

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 12)


@pytest.fixture
def school():
    return people.school()


@pytest.fixture
def classes(school):
    return [people.school_class(school, name, 3) for name in ("3A", "3B")]


@pytest.fixture
def enrolment(classes):
    return people.enrol(classes[0], 1, "Lê Minh Bình")


@pytest.fixture
def principal(school):
    return people.actor(Role.PRINCIPAL, school)


def ended(in_class) -> EntryPeriod:
    """A period of the class that is over, and nobody has written its locks yet."""
    now = clock.now()
    return EntryPeriod.objects.create(
        unit=in_class.school,
        school_year=in_class.school_year,
        school_class=in_class,
        moment="chk1",
        opens_at=now - timedelta(days=2),
        closes_at=now - timedelta(minutes=1),
        made_at=now - timedelta(days=2),
        made_by="test",
    )


def imported(school, enrolment, to: str):
    rows = book([pupil(1, **{"Mã_học_sinh": enrolment.pupil.code, "Mã_lớp": to})])
    return import_workbook(
        people.Actor.operator(),
        kind=Kind.PUPILS,
        school=school,
        year=people.YEAR,
        data=rows,
        file_name="c.xlsx",
        accept_good_rows=True,
    )


def test_a_move_into_an_open_class_is_refused_in_words(classes, enrolment, principal):
    ended(classes[0])
    with pytest.raises(DomainError) as refusal:
        move_pupil(principal, enrolment=enrolment, to_class=classes[1], day=DAY, reason="Cân đối")
    assert refusal.value.code == "move_unlocks"
    assert "Lớp 3A đã khóa nhập cuối học kỳ I" in refusal.value.message
    ended(classes[1])
    move_pupil(principal, enrolment=enrolment, to_class=classes[1], day=DAY, reason="Cân đối")
    assert ColumnLock.objects.count() == 2


def test_undoing_a_move_is_a_move(classes, enrolment, principal):
    move = move_pupil(principal, enrolment=enrolment, to_class=classes[1], day=DAY, reason="Cân đối")
    ended(classes[1])
    with pytest.raises(DomainError) as refusal:
        undo_move(principal, move=move, reason="Nhầm")
    assert refusal.value.code == "move_unlocks"


def test_a_pupil_list_does_not_move_him_either(school, classes, enrolment):
    ended(classes[0])
    made = imported(school, enrolment, "3B")
    assert [i.code for i in made.plan.issues if i.severity == "error"] == ["class_locked"]
    enrolment.refresh_from_db()
    assert enrolment.school_class == classes[0]


@pytest.mark.parametrize("states", [("frozen",), ("voided", "issued")])
def test_a_pupil_list_leaves_him_in_the_class_of_his_sheet(school, classes, enrolment, states):
    for version, state in enumerate(states, 1):
        people.sheet(enrolment, state, version=version)
    made = imported(school, enrolment, "3B")
    assert [i.code for i in made.plan.issues if i.severity == "error"] == ["class_frozen"]
