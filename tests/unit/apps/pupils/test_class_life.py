"""Classes, moves in mid-year, statuses: the enrolment stays, and history tells who decided."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import PupilProgramme, ResultChange, SubjectResult
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import ClassMove, Enrolment, SchoolClass, StatusChange
from hocbaso.apps.pupils.queries import class_list, place_history
from hocbaso.apps.pupils.use_cases.move_pupil import move_pupil, preview, undo_move
from hocbaso.apps.pupils.use_cases.school_classes import change_class, create_class, dissolve_class
from hocbaso.apps.pupils.use_cases.set_status import set_status
from hocbaso.core.codelists.attributes import pupil_statuses
from hocbaso.core.errors import DomainError, NotAllowed
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 12)


class World:
    """Two classes 3A and 3B, a pupil in the first, principal and clerk."""

    def __init__(self) -> None:
        self.school = people.school()
        self.a, self.b = (people.school_class(self.school, name, 3) for name in ("3A", "3B"))
        self.principal = people.actor(Role.PRINCIPAL, self.school)
        self.clerk = people.actor(Role.DATA_CLERK, self.school)
        self.pupil = people.enrol(self.a, 1, "Nguyễn Ngọc Hoài An")

    def move(self, to=None, actor=None, **fields) -> ClassMove:
        values = {"day": DAY, "reason": "Cân đối sĩ số", "decision": "15/QĐ-TH"} | fields
        return move_pupil(actor or self.clerk, enrolment=self.pupil, to_class=to or self.b, **values)


@pytest.fixture
def world() -> World:
    return World()


def refused(code, call, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        call(*args, **kwargs)
    assert error.value.code == code


def test_marks_and_history_follow_a_pupil_into_the_other_class(world):
    people.results(world.pupil)
    before = set(SubjectResult.objects.values_list("pk", "enrolment_id"))
    world.move()
    world.pupil.refresh_from_db()
    assert world.pupil.school_class == world.b
    assert set(SubjectResult.objects.values_list("pk", "enrolment_id")) == before
    (event,) = place_history(world.pupil)
    assert (event.kind, event.before, event.after, event.day) == ("move", "3A", "3B", DAY)
    recorded = Event.objects.get(action="pupils.move")
    assert recorded.details["decision"] == "15/QĐ-TH"


def test_the_clerk_names_the_principals_decision_and_the_principal_needs_none(world):
    refused("decision_needed", world.move, decision=" ")
    refused("decision_reason", world.move, reason=" ")
    with pytest.raises(NotAllowed):
        world.move(actor=people.actor(Role.HOMEROOM, world.school, world.a))
    assert world.move(actor=world.principal, decision="").decision == ""


def test_a_move_stays_in_school_year_and_grade_and_never_into_a_closed_class(world):
    refused("move_same_class", world.move, world.a)
    refused("move_other_grade", world.move, people.school_class(world.school, "4A", 4))
    refused("move_other_school", world.move, people.school_class(world.school, "3C", 3, "2026-2027"))
    elsewhere = people.school("79000102", "Trường Tiểu học Khác")
    refused("move_other_school", world.move, people.school_class(elsewhere, "3B", 3))
    refused("decision_day", world.move, day=date(2025, 7, 1))
    dissolve_class(world.principal, school_class=world.b, day=DAY)
    refused("class_closed", world.move)


@pytest.mark.parametrize("state", ["frozen", "issued"])
def test_a_frozen_sheet_stops_the_move_and_a_voided_one_does_not(world, state):
    people.sheet(world.pupil, "voided")
    sheet = people.sheet(world.pupil, state, version=2)
    refused("move_sheet_live", world.move)
    if state == "frozen":
        type(sheet).objects.filter(pk=sheet.pk).update(state="voided")
        world.move()


def test_a_pupil_who_stands_on_the_other_list_already_is_said(world):
    Enrolment.objects.create(
        pupil=world.pupil.pupil, school_class=world.b, status="Chuyển đi kỳ 1", active=False
    )
    refused("move_twice_enrolled", world.move)


def test_a_move_is_undone_until_results_were_entered_in_the_new_class(world):
    move = world.move()
    back = undo_move(world.principal, move=move, reason="Nhầm lớp")
    world.pupil.refresh_from_db()
    assert (world.pupil.school_class, back.undoes) == (world.a, move)
    refused("move_undone", undo_move, world.principal, move=move, reason="x")
    again = world.move()
    ResultChange.objects.create(
        enrolment=world.pupil, moment="cn", field="subject:toan:level", at=clock.now(), by="x", source="x"
    )
    refused("move_depends", undo_move, world.principal, move=again, reason="x")
    third = world.move(world.a, reason="Theo nguyện vọng gia đình")
    refused("move_not_last", undo_move, world.principal, move=again, reason="x")
    assert [event.kind for event in place_history(world.pupil)] == ["move", "move", "undo", "move"]
    assert third.to_class == world.a


def test_the_history_of_places_cannot_be_changed(world):
    world.move()
    set_status(world.principal, enrolment=world.pupil, status="Chuyển đi kỳ 2", day=DAY, reason="x")
    for model in (ClassMove, StatusChange):
        for harm in (lambda rows: rows.update(by="y"), lambda rows: rows.delete()):
            with pytest.raises(IntegrityError), transaction.atomic():
                harm(model.objects.all())


def test_electives_that_differ_and_subjects_without_a_teacher_are_listed_before_the_move():
    school = people.school("79000301", "Trường THPT Sao Mai", levels=["thpt"])
    a, b = (people.school_class(school, name, 10) for name in ("10A1", "10A2"))
    mover, other = people.enrol(a, 1), people.enrol(b, 1)
    now = {"updated_at": people.DAY, "updated_by": "x"}
    PupilProgramme.objects.create(enrolment=mover, electives=["vat-li", "hoa-hoc"], **now)
    PupilProgramme.objects.create(enrolment=other, electives=["hoa-hoc", "dia-li"], **now)
    found = preview(mover, b)
    assert (found.only_here, found.only_there) == (("Vật lí",), ("Địa lí",))


def test_each_of_the_twelve_statuses_says_who_studies(world):
    for status in pupil_statuses():
        if status.name == world.pupil.status:
            continue
        set_status(world.principal, enrolment=world.pupil, status=status.name, day=DAY, reason="Theo đơn")
        world.pupil.refresh_from_db()
        assert (world.pupil.status, world.pupil.active) == (status.name, status.active)
        assert world.pupil.status_date == "2026-01-12"
    assert StatusChange.objects.count() == 11
    refused(
        "status_same",
        set_status,
        world.principal,
        enrolment=world.pupil,
        status="Thôi học trong hè",
        day=DAY,
        reason="x",
    )
    refused("status_unknown", set_status, world.principal, enrolment=world.pupil, status="Ốm", day=DAY)


def test_leaving_needs_a_reason_and_the_sector_knows_eight(world):
    common = {"enrolment": world.pupil, "status": "Thôi học kỳ 1", "day": DAY, "decision": "3"}
    refused("decision_reason", set_status, world.clerk, **common)
    refused("status_reason_code", set_status, world.clerk, reason_code="99", **common)
    change = set_status(world.clerk, reason_code="03", **common)
    assert (change.reason_code, change.reason) == ("03", "Xa trường")


def test_nobody_leaves_while_his_sheet_is_being_signed_and_an_issued_year_is_over(world):
    common = {"enrolment": world.pupil, "day": DAY, "reason": "x"}
    sheet = people.sheet(world.pupil, "frozen")
    refused("status_in_signing", set_status, world.principal, status="Chuyển đi kỳ 2", **common)
    type(sheet).objects.filter(pk=sheet.pk).update(state="voided")
    people.sheet(world.pupil, "issued", version=2)
    refused("status_issued", set_status, world.principal, status="Chuyển đi kỳ 2", **common)
    set_status(world.principal, status="Chuyển đi trong hè", **common)


def test_a_class_is_opened_once_in_a_grade_that_the_school_teaches(world):
    made = create_class(world.clerk, school=world.school, year="2025-2026", name=" 4C ", campus="Điểm Bến Đò")
    assert (made.name, made.grade, made.campus) == ("4C", 4, "Điểm Bến Đò")
    common = {"school": world.school, "year": "2025-2026"}
    refused("class_name_taken", create_class, world.clerk, name="4c", **common)
    refused("class_grade_elsewhere", create_class, world.clerk, name="6A", **common)
    refused("class_grade_unknown", create_class, world.clerk, name="Xanh", **common)
    refused("class_name_missing", create_class, world.clerk, name=" ", **common)
    with pytest.raises(NotAllowed):
        create_class(people.actor(Role.SEAL_KEEPER, world.school), name="5A", **common)


def test_a_class_with_frozen_sheets_keeps_its_name(world):
    change_class(world.clerk, school_class=world.a, name="3D")
    refused("class_name_taken", change_class, world.clerk, school_class=world.a, name="3B")
    refused("class_grade_fixed", change_class, world.clerk, school_class=world.a, name="4B")
    people.sheet(world.pupil, "frozen")
    refused("class_has_sheets", change_class, world.clerk, school_class=world.a, name="3E")
    assert change_class(world.clerk, school_class=world.a, campus="Cơ sở 2").campus == "Cơ sở 2"


def test_a_class_closes_when_nobody_studies_in_it_and_its_posts_end(world):
    people.actor(Role.HOMEROOM, world.school, world.a)
    refused("class_has_pupils", dissolve_class, world.clerk, school_class=world.a, day=DAY)
    world.move()
    dissolve_class(world.clerk, school_class=world.a, day=DAY)
    assert Assignment.objects.get(role=Role.HOMEROOM).valid_to == DAY
    assert SchoolClass.objects.get(pk=world.a.pk).closed_on == DAY


def test_the_list_of_classes_takes_two_queries(world, django_assert_num_queries):
    people.actor(Role.HOMEROOM, world.school, world.a)
    for n in range(2, 30):
        people.enrol(world.b, n)
    with django_assert_num_queries(2):
        lines = class_list(world.school, people.YEAR)
    assert [(line.school_class.name, line.pupils, bool(line.homeroom)) for line in lines] == [
        ("3A", 1, True),
        ("3B", 28, False),
    ]
