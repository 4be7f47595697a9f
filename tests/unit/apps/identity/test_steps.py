from __future__ import annotations

import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.identity import queries, steps
from hocbaso.apps.identity.steps import Group, Need
from hocbaso.apps.identity.use_cases.process import process_due
from hocbaso.apps.identity.use_cases.repair import confirm_difference
from hocbaso.apps.identity.use_cases.send import send
from hocbaso.apps.pupils.models import Pupil
from hocbaso.engines.population import Outcome
from tests.unit.apps.identity.world import YEAR, Registry, full_pupil, make_school, unavailable

pytestmark = pytest.mark.django_db
OPERATOR = Actor.operator()


def needs(school) -> dict[str, Need]:
    rows = queries.rows_of_class(school.classes["3A"])
    return {row.person.personal_number[-2:]: steps.need_of(row) for row in rows}


def test_what_comes_next_follows_from_state_fields_and_answer():
    school = make_school()
    registry = Registry()
    for n, answer in enumerate(
        (
            (Outcome.MATCHED, ()),
            (Outcome.MISMATCH, ("thuong_tru",)),
            (Outcome.MISMATCH, ("gioi_tinh",)),
            (Outcome.NOT_FOUND, ()),
        ),
        1,
    ):
        registry.answers[full_pupil(school, n).personal_number] = answer
    send(OPERATOR, school=school.unit, year=YEAR)
    process_due(registry)
    full_pupil(school, 11)
    full_pupil(school, 12, commune_code="")
    full_pupil(school, 13, sex="Nam")
    full_pupil(school, 14, personal_number="", identity_state="no_number")
    assert needs(school) == {
        "01": Need.DONE,
        "02": Need.SCHOOL,
        "03": Need.GUARDIAN,
        "04": Need.GUARDIAN,
        "11": Need.SEND,
        "12": Need.COMPLETE,
        "13": Need.CONFIRM,
        "": Need.NUMBER,
    }
    clerk = school.actor(Role.DATA_CLERK)
    confirm_difference(clerk, Pupil.objects.get(personal_number__endswith="03"), paper="Giấy khai sinh")
    assert needs(school)["03"] is Need.POLICE


def test_whoever_waits_for_an_answer_waits_whatever_the_state_says():
    school = make_school()
    full_pupil(school, 1)
    send(OPERATOR, school=school.unit, year=YEAR)
    registry = Registry(down=unavailable())
    process_due(registry)
    assert Pupil.objects.get().identity_state == "error"
    assert needs(school) == {"01": Need.WAIT}


def test_a_school_is_counted_class_by_class_and_sends_first_what_is_complete():
    school = make_school(classes=("3A", "3B"))
    for n in range(1, 4):
        full_pupil(school, n)
    full_pupil(school, 4, commune_code="")
    full_pupil(school, 5, "3B", identity_state="verified")
    lines = {line.school_class.name: line for line in steps.lines_of(list(school.classes.values()))}
    first, second = lines["3A"], lines["3B"]
    assert (first.people, first.groups[Group.NOT_SENT], first.left(1), first.left(4)) == (4, 4, 1, 4)
    assert (first.next, second.next, second.left(4)) == (Need.SEND, Need.DONE, 0)
    together = steps.total(lines.values())
    assert (together.people, together.verified, together.needs[Need.SEND]) == (5, 1, 3)


def test_the_staff_are_counted_likewise():
    school = make_school()
    StaffMember.objects.create(
        organisation=school.unit,
        code="CB1",
        full_name="Lý Gia Hân",
        personal_number="",
        identity_state="no_number",
    )
    line = steps.line_of_staff(school.unit)
    assert (line.people, line.next) == (1, Need.NUMBER)
