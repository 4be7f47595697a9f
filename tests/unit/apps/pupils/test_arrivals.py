"""Pupils who arrive in the course of the year, with the results of the school that they come from (A4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import ResultChange, SubjectMarks, SubjectResult, YearRecord
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.matching.models import FormerCode
from hocbaso.apps.pupils.models import Arrival, Enrolment, Pupil
from hocbaso.apps.pupils.queries import arrivals_of, single_terms, source_schools
from hocbaso.apps.pupils.use_cases.carry_results import (
    CONDUCT,
    carry_results,
    decide_single_term,
    missing_carried,
)
from hocbaso.apps.pupils.use_cases.receive_pupil import Newcomer, Source, receive_pupil
from hocbaso.apps.pupils.use_cases.set_status import set_status
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 19)
WHO = Newcomer("7900020001", "Đặng Vũ Quỳnh Anh", "09/02/2014", "Nữ")
FROM = Source("Trường THCS Bình Minh", "112/GGT-CT", place="Phường Long Bình", papers_date=date(2026, 1, 15))


class World:
    def __init__(self) -> None:
        self.school = people.school("79000201", "Trường THCS Sao Mai", levels=["thcs"])
        self.in_class = people.school_class(self.school, "7A1", 7)
        self.clerk = people.actor(Role.DATA_CLERK, self.school)
        self.principal = people.actor(Role.PRINCIPAL, self.school)

    def receive(self, who=WHO, source=FROM, term="hk2", in_class=None, actor=None) -> Enrolment:
        return receive_pupil(
            actor or self.clerk,
            school_class=in_class or self.in_class,
            newcomer=who,
            source=source,
            term=term,
            arrived_on=DAY,
        )


@pytest.fixture
def world() -> World:
    return World()


def refused(code, call, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        call(*args, **kwargs)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("term", "status"),
    [("hk1", "Chuyển đến kỳ 1"), ("hk2", "Chuyển đến kỳ 2"), ("he", "Chuyển đến trong hè")],
)
def test_an_arrival_is_enrolled_with_source_papers_and_status(world, term, status):
    people.enrol(world.in_class, 45)
    row = world.receive(term=term)
    assert (row.status, row.active, row.status_date, row.order) == (status, True, "2026-01-19", 46)
    assert row.pupil.birth_date == "2014-02-09"
    arrival = Arrival.objects.get(enrolment=row)
    assert (arrival.source_school, arrival.papers_number) == (FROM.school, FROM.papers_number)
    assert source_schools([row.pk]) == {row.pk: FROM.school}
    assert Event.objects.get(action="pupils.receive").details["papers"] == FROM.papers_number


def test_what_an_arrival_lacks_is_named_and_nothing_is_guessed(world):
    refused("arrival_lacks", world.receive, source=replace(FROM, papers_number=" "))
    refused("arrival_lacks", world.receive, source=replace(FROM, school=""))
    refused("arrival_birth_date", world.receive, replace(WHO, birth_date="31/02/2014"))
    refused("arrival_birth_date", world.receive, replace(WHO, birth_date="9/2/14"))
    refused("arrival_sex", world.receive, replace(WHO, sex="nữ"))
    refused("personal_number.length", world.receive, replace(WHO, personal_number="0793140"))
    refused("arrival_term", world.receive, term="hk3")
    with pytest.raises(NotAllowed):
        world.receive(actor=people.actor(Role.HOMEROOM, world.school, world.in_class))
    assert not Pupil.objects.exists()


def test_a_pupil_of_another_school_comes_only_after_that_school_let_him_go(world):
    other = people.school("79000202", "Trường THCS Bình Minh", levels=["thcs"])
    there = people.enrol(people.school_class(other, "7B", 7), 1, WHO.full_name)
    who = replace(WHO, code=there.pupil.code, birth_date=there.pupil.birth_date)
    refused("arrival_code_taken", world.receive, replace(who, full_name="Lê Văn Khác"))
    refused("arrival_still_elsewhere", world.receive, who)
    other_principal = people.actor(Role.PRINCIPAL, other)
    set_status(other_principal, enrolment=there, status="Chuyển đi kỳ 1", day=DAY, reason="Theo gia đình")
    row = world.receive(who)
    assert row.pupil == there.pupil
    refused("arrival_here_already", world.receive, who)


def test_semester_results_of_the_old_school_are_carried_with_its_name_and_gaps_are_listed(world):
    row = world.receive()
    done = carry_results(
        world.clerk,
        enrolment=row,
        moment="hk1",
        values={"toan": "7,5", "ngu-van": "8", "giao-duc-the-chat": "Đ", CONDUCT: "Tốt"},
        unmatched=[("Tiếng Khmer", "8,2")],
    )
    assert (done.problems, done.written) == ({}, 4)
    marks = SubjectMarks.objects.get(enrolment=row, subject_code="toan")
    assert (marks.moment, marks.carried, marks.carried_school) == ("hk1", "7.5", FROM.school)
    assert YearRecord.objects.get(enrolment=row).conduct_1 == "Tốt"
    assert "Toán" not in done.missing
    assert "Tin học" in done.missing
    assert done.unmatched == (("Tiếng Khmer", "8,2"),)
    change = ResultChange.objects.get(enrolment=row, field="marks:toan:carried")
    assert change.source == f"transfer:{row.arrival.pk}"


def test_one_unreadable_value_stops_all_of_them_with_its_sentence(world):
    row = world.receive()
    done = carry_results(
        world.clerk, enrolment=row, moment="hk1", values={"toan": "7,5", "ngu-van": "11", "khmer": "8"}
    )
    assert set(done.problems) == {"ngu-van", "khmer"}
    assert not SubjectMarks.objects.exists()


def test_nothing_is_carried_for_the_time_at_this_school(world):
    row = world.receive()
    refused("carry_moment", carry_results, world.clerk, enrolment=row, moment="hk2", values={"toan": "8"})
    stranger = people.enrol(world.in_class, 3)
    refused("carry_no_arrival", carry_results, world.clerk, enrolment=stranger, moment="hk1", values={})
    with pytest.raises(NotAllowed):
        carry_results(
            people.actor(Role.SUBJECT_TEACHER, world.school, world.in_class, subject_code="toan"),
            enrolment=row,
            moment="hk1",
            values={},
        )


def test_primary_results_before_the_arrival_say_where_they_come_from():
    school = people.school()
    in_class = people.school_class(school, "4A", 4)
    clerk = people.actor(Role.DATA_CLERK, school)
    row = receive_pupil(clerk, school_class=in_class, newcomer=WHO, source=FROM, term="hk2", arrived_on=DAY)
    values = {"toan": {"level": "T", "score": "9"}, "tieng-viet": {"level": "H", "comment": "Đọc tốt"}}
    done = carry_results(clerk, enrolment=row, moment="chk1", values=values)
    assert (done.problems, done.written) == ({}, 2)
    stored = SubjectResult.objects.get(enrolment=row, subject_code="toan", moment="chk1")
    assert (stored.level, stored.score, stored.source) == ("T", 9, f"transfer:{row.arrival.pk}")
    assert "Tiếng Việt" not in missing_carried(row, "chk1")


def test_one_semester_alone_is_a_decision_of_people_with_a_reason(world):
    row = world.receive(source=replace(FROM, from_abroad=True, school="Trường ở nước ngoài"))
    homeroom = people.actor(Role.HOMEROOM, world.school, world.in_class)
    refused("single_term_reason", decide_single_term, homeroom, enrolment=row, reason=" ")
    with pytest.raises(NotAllowed):
        decide_single_term(world.clerk, enrolment=row, reason="x")
    decide_single_term(homeroom, enrolment=row, reason="Học ở nước ngoài, không có kết quả tương đương")
    assert single_terms([row.pk])[row.pk].single_term_by == homeroom.label
    carried = world.receive(replace(WHO, code="7900020002"))
    carry_results(world.clerk, enrolment=carried, moment="hk1", values={"toan": "8"})
    refused("single_term_carried", decide_single_term, world.principal, enrolment=carried, reason="x")


def test_the_list_of_arrivals_takes_one_query(world, django_assert_num_queries):
    for n in range(5):
        world.receive(replace(WHO, code=f"79{n:08d}"))
    with django_assert_num_queries(1):
        assert [a.enrolment.school_class.name for a in arrivals_of(world.school, people.YEAR)] == ["7A1"] * 5


def test_a_code_that_the_pupil_bore_once_finds_the_file_and_opens_no_second_one(world):
    first = world.receive(replace(WHO, code="TAM7K3QX9WMB"))
    set_status(
        world.principal, enrolment=first, status="Chuyển đi kỳ 2", day=DAY, reason="Gia đình chuyển nơi ở"
    )
    FormerCode.objects.create(
        code="TAM7K3QX9WMB", pupil=first.pupil, replaced_by=WHO.code, reason="x", at=clock.now(), by="x"
    )
    Pupil.objects.filter(pk=first.pupil_id).update(code=WHO.code)
    school = people.school("79000202", "Trường THCS Hòa Bình", levels=["thcs"])
    clerk = people.actor(Role.DATA_CLERK, school)
    there = people.school_class(school, "7A1", 7)
    again = world.receive(replace(WHO, code="TAM7K3QX9WMB"), in_class=there, actor=clerk)
    assert again.pupil == first.pupil
    assert Pupil.objects.count() == 1
