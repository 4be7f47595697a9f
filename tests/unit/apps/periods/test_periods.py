"""Periods as people set them, the gates they make, and the locks they leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.entries import Door, Entry, Saved, Sort
from hocbaso.apps.assessment.use_cases.record_results import record
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.periods.models import ColumnLock, EntryPeriod
from hocbaso.apps.periods.queries import Gates
from hocbaso.apps.periods.use_cases.close_due import close_due
from hocbaso.apps.periods.use_cases.set_period import cancel_period, close_period, extend_period, set_period
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed
from tests.builders import YEAR

HOUR = timedelta(hours=1)


def set_up(world, *, hours: float = 2, actor=None, unit=None, **scope) -> EntryPeriod:
    now = clock.now()
    return set_period(
        actor or world.principal,
        unit=unit or world.unit,
        school_year=YEAR,
        opens_at=now - HOUR,
        closes_at=now + hours * HOUR,
        **scope,
    )


def gate(world, *, part="toan", moment="hk1", column="gk", at=None, school_class=None):
    school_class = school_class or world.secondary
    return Gates.of([school_class], at or clock.now()).gate(school_class, part, moment, column)


def after(hours: float):
    return clock.standing_at(clock.now() + hours * HOUR)


def test_where_nobody_set_a_period_everything_is_open(world):
    found = gate(world)
    assert found.open
    assert found.closes_at is None


def test_a_period_opens_and_closes_by_itself(world):
    period = set_up(world, moment="hk1")
    before = gate(world, at=period.opens_at - HOUR)
    assert not before.open
    assert before.opens_at == period.opens_at
    assert "Chưa đến đợt nhập" in before.message
    assert gate(world).closes_at == period.closes_at
    ended = gate(world, at=period.closes_at)
    assert not ended.open
    assert ended.closed_at == period.closes_at
    assert period.closes_at.astimezone(clock.VIETNAM).strftime("%H:%M ngày %d/%m/%Y") in ended.message
    assert gate(world, moment="hk2", at=period.closes_at).open


def test_the_school_overrides_the_province_and_the_class_the_school(world):
    officer = world.somebody(Role.DEPARTMENT_OFFICER, world.department)
    of_province = set_up(world, hours=1, actor=officer, unit=world.department, moment="hk1")
    assert gate(world).closes_at == of_province.closes_at
    of_school = set_up(world, hours=2, grade=6)
    of_class = set_up(world, hours=3, school_class=world.secondary)
    of_column = set_up(world, hours=4, school_class=world.secondary, columns=["gk"])
    assert gate(world).closes_at == of_column.closes_at
    assert gate(world, column="ck").closes_at == of_class.closes_at
    other = SchoolClass.objects.create(school=world.unit, school_year=YEAR, name="6B", grade=6)
    assert gate(world, school_class=other).closes_at == of_school.closes_at
    assert gate(world, school_class=world.primary, moment="cn").open


def test_gates_of_many_classes_cost_four_queries(world, django_assert_num_queries):
    set_up(world, moment="hk1")
    for number in range(8):
        SchoolClass.objects.create(school=world.unit, school_year=YEAR, name=f"7{number}", grade=7)
    classes = list(SchoolClass.objects.all())
    with django_assert_num_queries(4):
        gates = Gates.of(classes, clock.now() + 5 * HOUR)
        for school_class in classes:
            gates.gate(school_class, "toan", "hk1", "gk")
    assert gates.due


def test_the_end_leaves_locks_once_and_for_all(world):
    set_up(world, moment="hk1", grade=6)
    set_up(world, moment="hk1", grade=6, columns=["ck"], hours=5)
    assert close_due(world.principal).locks == 0
    with after(3):
        assert close_due(world.principal).locks > 0
        assert close_due(world.principal).locks == 0
        assert not Gates.of([world.secondary], clock.now()).due
    assert not ColumnLock.objects.filter(column__in=["", "ck"]).exists()
    with after(6):
        close_due(world.principal)
    assert ColumnLock.objects.filter(school_class=world.secondary, part="", column="").exists()
    assert not ColumnLock.objects.filter(school_class=world.primary).exists()


def test_the_door_writes_the_locks_that_are_due_and_refuses(world):
    set_up(world, moment="hk1")
    entry = Entry(world.first.pk, Sort.MARKS, {"gk": "9"}, "toan", "hk1")
    [saved] = record(world.teacher, [entry], door=Door.SCREEN, source="screen")
    assert saved.state is Saved.SAVED
    with after(3):
        late = Entry(world.first.pk, Sort.MARKS, {"gk": "10"}, "toan", "hk1")
        [answer] = record(world.teacher, [late], door=Door.SCREEN, source="screen")
    assert answer.state is Saved.LOCKED
    assert "Đã khóa nhập từ" in answer.message
    assert world.marks().gk == "9"


def test_a_period_is_extended_only_while_it_lasts(world):
    period = set_up(world, moment="hk1")
    longer = extend_period(
        world.principal, period=period, closes_at=period.closes_at + HOUR, reason="Mất điện ngày 12/12."
    )
    assert gate(world).closes_at == longer.closes_at
    with pytest.raises(DomainError, match="vừa được thay đổi"):
        extend_period(world.principal, period=period, closes_at=longer.closes_at + HOUR, reason="x")
    with after(4), pytest.raises(DomainError) as refusal:
        extend_period(world.principal, period=longer, closes_at=clock.now() + HOUR, reason="x")
    assert refusal.value.code == "period_over"


def test_closing_early_locks_at_once_and_needs_a_reason(world):
    period = set_up(world, moment="hk1")
    with pytest.raises(DomainError) as refusal:
        close_period(world.principal, period=period, reason="  ")
    assert refusal.value.code == "period_reason"
    close_period(world.principal, period=period, reason="Đã nhập xong.")
    assert not gate(world).open
    assert ColumnLock.objects.filter(school_class=world.secondary, moment="hk1", part="", column="").exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        world.first.subject_marks.filter(moment="hk1").update(gk="1")


def test_a_cancelled_period_gives_way_to_the_wider_one(world):
    wide = set_up(world, moment="hk1", hours=1)
    near = set_up(world, moment="hk1", grade=6, hours=3)
    cancel_period(world.principal, period=near, reason="Đặt nhầm khối.")
    assert gate(world).closes_at == wide.closes_at


def test_what_is_locked_is_not_opened_by_a_new_period(world):
    close_period(world.principal, period=set_up(world, moment="hk1"), reason="Xong.")
    for scope in ({"school_class": world.secondary}, {"grade": 6, "columns": ["gk"]}):
        with pytest.raises(DomainError) as refusal:
            set_up(world, moment="hk1", **scope)
        assert refusal.value.code == "period_locked"
    set_up(world, school_class=world.secondary)  # hk2 and the summer are open to it
    assert not gate(world).open
    assert gate(world, moment="hk2").open


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"hours": -2}, "period_times"),
        ({"hours": -0.5}, "period_past"),
        ({"moment": "hk3"}, "period_scope"),
        ({"columns": ["diem"]}, "period_scope"),
        ({"grade": 13}, "period_scope"),
        ({"levels": ["dai_hoc"]}, "period_scope"),
    ],
)
def test_a_scope_that_cannot_be_is_refused(world, change, code):
    with pytest.raises(DomainError) as refusal:
        set_up(world, **change)
    assert refusal.value.code == code


def test_a_scope_has_one_period(world):
    set_up(world, moment="hk1", columns=["gk", "ck"])
    with pytest.raises(DomainError) as refusal:
        set_up(world, moment="hk1", columns=["ck", "gk"])
    assert refusal.value.code == "period_double"


def test_only_principal_and_department_set_periods(world):
    for actor in (world.teacher, world.actor(Role.DATA_CLERK), world.somebody(Role.DEPUTY_PRINCIPAL)):
        with pytest.raises(NotAllowed):
            set_up(world, actor=actor)
    with pytest.raises(NotAllowed):
        set_up(world, unit=world.department)
    with pytest.raises(NotAllowed):
        set_up(world, actor=world.somebody(Role.DEPARTMENT_OFFICER, world.department))


def test_every_act_stays_on_record_and_in_the_chain(world):
    period = set_up(world, moment="hk1")
    longer = extend_period(
        world.principal, period=period, closes_at=period.closes_at + HOUR, reason="Mưa bão."
    )
    close_period(world.principal, period=longer, reason="Xong sớm.")
    assert [p.act for p in EntryPeriod.objects.all()] == ["set", "extend", "close"]
    actions = list(Event.objects.filter(action__startswith="periods.").values_list("action", flat=True))
    assert actions == ["periods.set", "periods.extend", "periods.close"]
    for change in (
        lambda: EntryPeriod.objects.update(reason="khác"),
        lambda: EntryPeriod.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
