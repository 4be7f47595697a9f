"""The roll-over to the next year: who goes where and why, incremental, applied whole, undone whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from hocbaso.apps.accounts.models import Assignment, AssignmentProposal, Role
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, RollOver, RollOverState, SchoolClass
from hocbaso.apps.pupils.use_cases.plan_roll_over import Choices, Way, next_name, plan_roll_over
from hocbaso.apps.pupils.use_cases.roll_over import prepare, prepared, roll_over, undo_roll_over
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.core.regulation.secondary import secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from tests.builders import YEAR, give_results, make_pupil, make_school
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
NEXT = "2026-2027"


@pytest.fixture
def school():
    made = make_school(classes=("1A", "3A", "5B"))
    for first, name in enumerate(made.classes, 1):
        for number in (1, 2):
            give_results(make_pupil(made, name, 100 * first + number))
    return made


def principal(school):
    return school.actor(Role.PRINCIPAL)


def go(school, **fields) -> RollOver:
    return roll_over(principal(school), school=school.unit, from_year=YEAR, **fields)


def refused(code, call, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        call(*args, **kwargs)
    assert error.value.code == code


def everything() -> dict[str, list]:
    """Every row of every table: what a dry run must leave as it is."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(map(repr, cursor.fetchall()))
        return found


@pytest.mark.parametrize(
    ("name", "grade", "expected"),
    [
        ("1A", 1, "2A"),
        ("6A1", 6, "7A1"),
        ("10.11", 10, "11.11"),
        ("11 Toán", 11, "12 Toán"),
        ("9A", 9, ""),
        ("5B", 5, ""),
        ("12C", 12, ""),
        ("Lá 1", 18, ""),
        ("4/4", 4, "5/4"),
    ],
)
def test_a_class_goes_on_with_its_letters_and_a_final_grade_does_not(name, grade, expected):
    assert next_name(SchoolClass(name=name, grade=grade)) == expected


def test_a_plan_writes_nothing_and_says_where_everybody_goes(school):
    weak = make_pupil(school, "3A", 8, full_name="Lâm Duy Mạnh")
    give_results(weak, level="C", score=4)
    make_pupil(school, "1A", 9, full_name="Võ Hữu Phước")
    before = everything()
    plan = plan_roll_over(school.unit, YEAR)
    assert everything() == before
    assert plan.counts == {
        "up": 4,
        "stay": 0,
        "choose": 0,
        "leave": 2,
        "pending": 2,
        "done": 0,
        "classes": 2,
        "proposals": 4,
    }
    assert {p.enrolment.pupil.full_name: p.why for p in plan.people(Way.PENDING)} == {
        "Lâm Duy Mạnh": "Chờ đánh giá bổ sung trong hè",
        "Võ Hữu Phước": "Còn thiếu kết quả năm học",
    }
    assert plan.report()["new_classes"] == ["2A", "4A"]


def test_the_issued_sheet_decides_before_the_results(school):
    row = Enrolment.objects.filter(school_class=school.classes["3A"]).first()
    sheet = people.sheet(row, "frozen")
    type(sheet).objects.filter(pk=sheet.pk).update(result={"promoted": False}, state="issued")
    plan = plan_roll_over(school.unit, YEAR)
    (one,) = plan.people(Way.CHOOSE)
    assert one.enrolment == row
    chosen = plan_roll_over(school.unit, YEAR, Choices(stay={row.pk: "3B"}))
    assert [(p.to_class, p.why) for p in chosen.people(Way.STAY)] == [("3B", "Theo học bạ đã phát hành")]
    assert "3B" in chosen.new_classes
    wrong_grade = plan_roll_over(school.unit, YEAR, Choices(stay={row.pk: "4A"}))
    assert len(wrong_grade.people(Way.CHOOSE)) == 1


def test_everybody_gets_his_place_with_the_number_of_the_register(school):
    row = Enrolment.objects.filter(school_class=school.classes["1A"]).first()
    Enrolment.objects.filter(pk=row.pk).update(register_number="0412")
    batch = go(school)
    assert (batch.state, batch.report["up"]) == (RollOverState.APPLIED, 4)
    new = Enrolment.objects.get(pupil=row.pupil, school_class__school_year=NEXT)
    assert (new.school_class.name, new.school_class.grade) == ("2A", 2)
    assert (new.status, new.active, new.register_number) == ("Đang học", True, "0412")
    assert sorted(
        Enrolment.objects.filter(school_class=new.school_class).values_list("order", flat=True)
    ) == [1, 2]
    assert not Enrolment.objects.filter(school_class__grade=6).exists()


def test_whoever_waited_for_the_summer_follows_later_and_nobody_is_moved_twice(school):
    late = make_pupil(school, "3A", 8)
    go(school)
    refused("roll_over_nothing", go, school)
    give_results(late)
    second = go(school)
    assert (second.report["up"], second.report["done"]) == (1, 4)
    assert Enrolment.objects.filter(school_class__school_year=NEXT, school_class__name="4A").count() == 3
    assert SchoolClass.objects.filter(school_year=NEXT).count() == 2


def test_last_years_posts_are_proposed_and_give_no_right(school):
    go(school)
    homeroom = AssignmentProposal.objects.get(role=Role.HOMEROOM, school_class__name="4A")
    assert homeroom.user == school.homeroom["3A"]
    assert not Assignment.objects.filter(school_class__school_year=NEXT).exists()
    undo_roll_over(principal(school), school=school.unit, batch_id=RollOver.objects.get().pk)
    go(school, choices=Choices(copy_teachers=False))
    assert not AssignmentProposal.objects.exists()


def test_undo_takes_everything_away_and_leaves_the_old_year_untouched(school):
    before = everything()
    batch = go(school)
    undo_roll_over(principal(school), school=school.unit, batch_id=batch.pk)
    after = everything()
    differ = {table for table in after if after[table] != before[table]}
    assert differ <= {"audit_event", "pupils_rollover", "pupils_rolloverchange", "sqlite_sequence"}
    refused("roll_over_state", undo_roll_over, principal(school), school=school.unit, batch_id=batch.pk)


def test_undo_refuses_as_a_whole_when_the_new_year_was_built_upon(school):
    batch = go(school)
    row = Enrolment.objects.filter(school_class__school_year=NEXT).first()
    SubjectResult.objects.create(
        enrolment=row,
        moment="ghk1",
        subject_code="toan",
        level="T",
        updated_at=clock.now(),
        updated_by="x",
        source="screen",
    )
    refused("roll_over_depends", undo_roll_over, principal(school), school=school.unit, batch_id=batch.pk)
    assert Enrolment.objects.filter(school_class__school_year=NEXT).count() == 4
    RollOver.objects.filter(pk=batch.pk).update(applied_at=clock.now() - timedelta(hours=25))
    refused("roll_over_late", undo_roll_over, principal(school), school=school.unit, batch_id=batch.pk)


def test_the_clerk_prepares_and_the_principal_rolls_over_what_he_looked_at(school):
    clerk = school.actor(Role.DATA_CLERK)
    choices = Choices(classes={school.classes["1A"].pk: "2C"})
    prepare(clerk, school=school.unit, from_year=YEAR, choices=choices)
    assert prepared(school.unit, YEAR).choices["classes"] == {str(school.classes["1A"].pk): "2C"}
    with pytest.raises(NotAllowed):
        roll_over(clerk, school=school.unit, from_year=YEAR)
    seen = plan_roll_over(school.unit, YEAR, choices).fingerprint
    make_pupil(school, "1A", 9)
    refused("roll_over_moved", go, school, seen=seen)
    assert not SchoolClass.objects.filter(school_year=NEXT).exists()
    batch = go(school)
    assert SchoolClass.objects.filter(school_year=NEXT, name="2C").exists()
    assert RollOver.objects.get() == batch


def test_a_name_that_fits_no_grade_moves_nobody(school):
    plan = plan_roll_over(school.unit, YEAR, Choices(classes={school.classes["3A"].pk: "5A"}))
    (broken,) = [cp for cp in plan.classes if cp.problem]
    assert broken.problem == "Lớp 5A không thuộc khối 4"
    assert broken.count(Way.UP) == 0
    assert broken.count(Way.CHOOSE) == 2


def test_secondary_pupils_go_up_by_circular_22():
    unit = people.school("79000201", "Trường THCS Sao Mai", levels=["thcs"])
    in_class = people.school_class(unit, "6A1", 6)
    good, weak, bare = (people.enrol(in_class, n, name) for n, name in enumerate(("An", "Bình", "Chi"), 1))
    table = secondary_grade(6, SchoolYear.parse(YEAR))
    stored = {"updated_at": people.DAY, "updated_by": "x", "source": "test"}
    for row, mark in ((good, "8"), (weak, "2")):
        for subject in (s for s in table.subjects if s.compulsory):
            value = mark if subject.scored else "Đ"
            columns = {f"tx{n}": value for n in range(1, subject.regular_count + 1)} | {
                "gk": value,
                "ck": value,
            }
            for term in ("hk1", "hk2"):
                SubjectMarks.objects.create(
                    enrolment=row, subject_code=subject.code, moment=term, **columns, **stored
                )
        YearRecord.objects.create(
            enrolment=row, conduct_1="Tốt", conduct_2="Tốt", absent_excused=0, absent_unexcused=0, **stored
        )
    ways = {p.enrolment: p.way for cp in plan_roll_over(unit, YEAR).classes for p in cp.pupils}
    assert ways == {good: Way.UP, weak: Way.PENDING, bare: Way.PENDING}
    roll_over(people.actor(Role.PRINCIPAL, unit), school=unit, from_year=YEAR)
    assert Enrolment.objects.get(school_class__school_year=NEXT).school_class.name == "7A1"


def test_a_whole_school_is_planned_with_few_queries_when_its_sheets_are_issued(
    school, django_assert_max_num_queries
):
    for row in Enrolment.objects.all():
        sheet = people.sheet(row, "frozen")
        type(sheet).objects.filter(pk=sheet.pk).update(result={"promoted": True}, state="issued")
    with django_assert_max_num_queries(8):
        plan = plan_roll_over(school.unit, YEAR)
    assert plan.counts["up"] == 4
