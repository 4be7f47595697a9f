"""A pupil list that is older than a class change: the clerk is warned before the pupil moves back."""

from __future__ import annotations

from datetime import date

import pytest

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.pupils.queries import place_history
from hocbaso.apps.pupils.use_cases.move_pupil import move_pupil
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import book, pupil

pytestmark = pytest.mark.django_db


def test_an_older_list_that_would_move_a_pupil_back_is_warned_of():
    school = people.school()
    a, b = (people.school_class(school, name, 3) for name in ("3A", "3B"))
    enrolment = people.enrol(a, 1, "Lê Minh Bình")
    principal = people.actor(Role.PRINCIPAL, school)
    move_pupil(principal, enrolment=enrolment, to_class=b, day=date(2026, 1, 12), reason="Cân đối sĩ số")
    sheet = book([pupil(1, **{"Mã_học_sinh": enrolment.pupil.code, "Mã_lớp": "3A"})])
    done = import_workbook(
        people.Actor.operator(),
        kind=Kind.PUPILS,
        school=school,
        year=people.YEAR,
        data=sheet,
        file_name="c.xlsx",
    )
    (issue,) = [i for i in done.plan.issues if i.code == "class_moved"]
    assert "đã chuyển từ lớp 3A sang lớp 3B ngày 12/01/2026" in issue.message
    enrolment.refresh_from_db()
    assert enrolment.school_class == a
    newest = place_history(enrolment)[0]
    assert (newest.kind, newest.before, newest.after) == ("import", "3B", "3A")
