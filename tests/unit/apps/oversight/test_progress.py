"""How far a school is, and which class stands still."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.oversight import progress as oversight
from hocbaso.apps.oversight import schools
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
NUMBERS = ("pupils", "complete", "closed", "homeroom_signed", "principal_signed", "issued")


@pytest.fixture
def school():
    return people.school()


def numbers(school):
    progress = oversight.progress(school, people.YEAR)
    return tuple(progress.total(field) for field in NUMBERS)


def test_each_step_counts_whoever_has_come_that_far_or_further(school):
    in_class = people.school_class(school)
    states = ["", "", "frozen", "homeroom_signed", "principal_signed", "issued"]
    for n, state in enumerate(states, 1):
        enrolment = people.enrol(in_class, n)
        if n > 1:
            people.results(enrolment)
        if state:
            people.sheet(enrolment, state)
    assert numbers(school) == (6, 5, 4, 3, 2, 1)


def test_a_missing_compulsory_subject_or_an_empty_level_is_not_complete(school):
    in_class = people.school_class(school)
    people.results(people.enrol(in_class, 1), but=1)
    whole = people.enrol(in_class, 2)
    people.results(whole)
    assert numbers(school)[1] == 1
    whole.subject_results.first().delete()
    assert numbers(school)[1] == 0


def test_an_exemption_counts_as_a_result(school):
    enrolment = people.enrol(people.school_class(school), 1)
    people.results(enrolment)
    enrolment.subject_results.filter(pk=enrolment.subject_results.first().pk).update(
        level="", exempt_reason="khuyết tật"
    )
    assert numbers(school)[1] == 1


def test_pupils_who_left_and_voided_sheets_do_not_count(school):
    in_class = people.school_class(school)
    left = people.enrol(in_class, 1)
    people.results(left)
    people.sheet(left, "issued")
    left.active = False
    left.save()
    people.sheet(people.enrol(in_class, 2), "voided")
    assert numbers(school) == (1, 0, 0, 0, 0, 0)


def test_a_correction_on_its_way_does_not_take_the_issue_back(school):
    enrolment = people.enrol(people.school_class(school), 1)
    people.sheet(enrolment, "issued")
    people.sheet(enrolment, "frozen", version=2)
    assert numbers(school)[2:] == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("state", "with_results", "step"),
    [
        ("", False, "entry"),
        ("", True, "close"),
        ("frozen", True, "homeroom"),
        ("homeroom_signed", True, "principal"),
        ("principal_signed", True, "issue"),
        ("issued", True, "done"),
    ],
)
def test_where_a_class_stands_and_since_when(school, state, with_results, step):
    enrolment = people.enrol(people.school_class(school), 1)
    if with_results:
        people.results(enrolment)
    if state:
        people.sheet(enrolment, state)
    (row,) = oversight.progress(school, people.YEAR).classes
    assert row.step == step
    assert row.waiting == (0 if step == "done" else 1)
    if step not in ("entry", "done"):
        assert row.since == people.DAY


def test_the_class_that_has_stood_still_longest_comes_first(school):
    for days, name in ((1, "1A"), (9, "1B"), (4, "1C")):
        enrolment = people.enrol(people.school_class(school, name), 1)
        people.results(enrolment)
        people.sheet(enrolment, "frozen", at=people.DAY - timedelta(days=days))
    people.enrol(people.school_class(school, "1D"), 1)  # nobody has begun
    unfinished = oversight.progress(school, people.YEAR).unfinished
    assert [row.school_class.name for row in unfinished] == ["1D", "1B", "1C", "1A"]


def test_the_number_of_queries_does_not_grow_with_the_school(school, django_assert_num_queries):
    for grade in range(1, 6):
        for name in "AB":
            in_class = people.school_class(school, f"{grade}{name}", grade)
            for n in range(1, 4):
                enrolment = people.enrol(in_class, n)
                people.results(enrolment)
                people.sheet(enrolment, "homeroom_signed")
    with django_assert_num_queries(6):
        oversight.progress(school, people.YEAR)


def test_issues_are_counted_on_the_day_in_vietnam(school):
    in_class = people.school_class(school)
    late = people.DAY.replace(hour=17, minute=30)  # 00:30 on the 21st in Vietnam
    people.sheet(people.enrol(in_class, 1), "issued")
    people.sheet(people.enrol(in_class, 2), "issued", at=late)
    with clock.standing_at(late + timedelta(hours=1)):
        by_day = oversight.issued_by_day(school, days=3)
    assert by_day == [(date(2026, 5, 19), 0), (date(2026, 5, 20), 1), (date(2026, 5, 21), 1)]


def test_the_working_year_is_the_newest_with_classes(school):
    with clock.standing_at(people.DAY):
        assert oversight.working_year(school) == "2025-2026"
    people.school_class(school, year="2024-2025")
    assert oversight.working_year(school) == "2024-2025"


def test_each_managing_unit_sees_the_schools_below_it(school):
    people.school("79000102", "Trường THPT Hai", levels=["thpt"])
    people.school("01000101", "Trường Ở Hà Nội", province_code="01", commune_code="00004")
    names = {
        code: {s.code for s in schools.schools_under(Organisation.objects.get(code=code))}
        for code in ("xa-26929", "so-79", "bo-gddt", "79000101")
    }
    assert names == {
        "xa-26929": {"79000101"},
        "so-79": {"79000101", "79000102"},
        "bo-gddt": {"79000101", "79000102", "01000101"},
        "79000101": {"79000101"},
    }


def test_the_board_counts_each_school_and_puts_the_furthest_behind_first(school, django_assert_num_queries):
    other = people.school("79000102", "Trường Tiểu học Hai")
    people.sheet(people.enrol(people.school_class(school), 1), "issued")
    people.sheet(people.enrol(people.school_class(other), 1), "principal_signed")
    people.enrol(people.school_class(other), 2)
    unit = Organisation.objects.get(code="so-79")
    with django_assert_num_queries(4):
        rows = schools.board(unit, people.YEAR)
    assert [(r.school.code, r.pupils, r.closed, r.signed, r.issued) for r in rows] == [
        ("79000102", 2, 1, 1, 0),
        ("79000101", 1, 1, 1, 1),
    ]
    assert [r.school.code for r in schools.board(unit, people.YEAR, "sao khuê")] == ["79000101"]
