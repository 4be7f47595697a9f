"""Sổ đăng bộ: numbers in the order of entry, continuing, never given twice."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import Enrolment, RegisterEntry
from hocbaso.apps.pupils.queries import register_book
from hocbaso.apps.pupils.use_cases.number_register import (
    assign_register_numbers,
    choose_series,
    propose,
    written,
)
from hocbaso.apps.pupils.use_cases.receive_pupil import receive_pupil
from hocbaso.apps.pupils.use_cases.set_register_number import set_register_number
from hocbaso.apps.pupils.use_cases.set_status import set_status
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people
from tests.unit.apps.pupils.test_arrivals import FROM, WHO

pytestmark = pytest.mark.django_db


class World:
    def __init__(self, **fields) -> None:
        self.school = people.school(**fields)
        self.clerk = people.actor(Role.DATA_CLERK, self.school)
        self.principal = people.actor(Role.PRINCIPAL, self.school)

    def enrol(self, name, grade, number, who, year="2025-2026") -> Enrolment:
        return people.enrol(people.school_class(self.school, name, grade, year), number, who)

    def numbers(self, level="tieu_hoc") -> list[tuple[str, str]]:
        made = assign_register_numbers(self.clerk, school=self.school, level=level)
        return [(one.number, one.pupil.full_name) for one in made]


@pytest.fixture
def world() -> World:
    return World()


def refused(code, call, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        call(*args, **kwargs)
    assert error.value.code == code


def test_numbers_follow_the_order_of_entry_and_go_on_where_they_ended(world):
    world.enrol("1B", 1, 1, "Lê Văn Bình")
    world.enrol("1A", 1, 1, "Trần Thị Yến")
    world.enrol("1A", 1, 2, "Đỗ Văn An")
    earlier = world.enrol("1A", 1, 1, "Hồ Kim Cương", "2024-2025")
    assert world.numbers() == [
        ("0001", "Hồ Kim Cương"),
        ("0002", "Đỗ Văn An"),
        ("0003", "Trần Thị Yến"),
        ("0004", "Lê Văn Bình"),
    ]
    assert world.numbers() == []
    receive_pupil(
        world.clerk,
        school_class=people.school_class(world.school, "1A"),
        newcomer=WHO,
        source=FROM,
        term="hk2",
        arrived_on=date(2026, 1, 19),
    )
    assert world.numbers() == [("0005", WHO.full_name)]
    earlier.refresh_from_db()
    assert earlier.register_number == "0001"


def test_every_year_of_a_pupil_bears_the_one_number(world):
    first = world.enrol("1A", 1, 1, "Lê Văn Bình", "2024-2025")
    second = Enrolment.objects.create(
        pupil=first.pupil, school_class=people.school_class(world.school, "2A", 2), status="Đang học"
    )
    world.numbers()
    assert set(Enrolment.objects.values_list("register_number", flat=True)) == {"0001"}
    assert RegisterEntry.objects.count() == 1
    line = register_book(world.school)[0]
    assert line.classes == [("2024-2025", "1A"), ("2025-2026", "2A")]
    assert second.pupil == line.pupil


def test_a_number_that_was_given_never_comes_to_somebody_else(world):
    a, b = world.enrol("1A", 1, 1, "Lê Văn Bình"), world.enrol("1A", 1, 2, "Võ Thị Hoa")
    set_register_number(world.clerk, enrolment=a, number="0001")
    set_register_number(world.clerk, enrolment=a, number="0002")
    set_register_number(world.clerk, enrolment=a, number="")
    refused("register_number_used", set_register_number, world.clerk, enrolment=b, number="0001")
    assert [number for number, _name in world.numbers()] == ["0003", "0004"]
    set_register_number(world.clerk, enrolment=a, number="0001")
    for harm in (lambda rows: rows.update(number="9"), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            harm(RegisterEntry.objects.all())


def test_a_school_goes_on_after_its_paper_register_in_its_own_pattern(world):
    world.enrol("1A", 1, 1, "Lê Văn Bình")
    choose_series(world.clerk, school=world.school, level="tieu_hoc", pattern="{nam}/{so:3}", first=412)
    assert world.numbers() == [("2025/412", "Lê Văn Bình")]
    world.enrol("1A", 1, 2, "Võ Thị Hoa")
    assert world.numbers() == [("2025/413", "Võ Thị Hoa")]
    common = {"school": world.school, "level": "tieu_hoc", "first": 1}
    for pattern in ("", "TH", "{so}{so}", "{so:x}", "{ten}-{so}", "{so}}"):
        refused("register_pattern", choose_series, world.clerk, pattern=pattern, **common)
    refused("register_level", choose_series, world.clerk, pattern="{so}", **common | {"level": "thpt"})
    with pytest.raises(NotAllowed):
        choose_series(people.actor(Role.SEAL_KEEPER, world.school), pattern="{so}", **common)


def test_a_school_of_two_levels_numbers_each_by_itself():
    world = World(code="79000401", levels=["tieu_hoc", "thcs"])
    world.enrol("1A", 1, 1, "Lê Văn Bình")
    world.enrol("6A", 6, 1, "Võ Thị Hoa")
    assert world.numbers("thcs") == [("THCS-0001", "Võ Thị Hoa")]
    assert world.numbers() == [("TH-0001", "Lê Văn Bình")]


@given(
    st.integers(1, 99_999), st.integers(1, 9), st.sampled_from(["{so:%d}", "TH-{so:%d}", "{nam}.{so:%d}/A"])
)
def test_two_serials_of_a_pattern_never_look_alike(serial, width, pattern):
    one, other = (written(pattern % width, n, "2025-2026") for n in (serial, serial + 1))
    assert one != other
    assert str(serial) in one


def test_the_book_tells_entry_and_leaving_in_three_queries(world, django_assert_num_queries):
    rows = [world.enrol("1A", 1, n, f"Lê Văn Bình {n}") for n in range(1, 8)]
    world.enrol("1A", 1, 9, "Chưa Có Số")
    assert len(propose(world.school, "tieu_hoc")) == 8
    world.numbers()
    leaver = rows[2]
    set_status(
        world.principal,
        enrolment=leaver,
        status="Thôi học kỳ 1",
        day=date(2025, 12, 1),
        reason_code="03",
    )
    with django_assert_num_queries(3):
        book = register_book(world.school, level="tieu_hoc")
    assert [line.number for line in book] == [f"{n:04d}" for n in range(1, 9)]
    left = next(line for line in book if line.pupil == leaver.pupil)
    assert (left.left_on, left.left_status, left.left_reason) == ("2025-12-01", "Thôi học kỳ 1", "Xa trường")
    assert register_book(world.school, "2026-2027") == []
