"""The whole way of a clerk's staff list: uploaded, checked, confirmed, written, undone."""

from __future__ import annotations

import pytest

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.intake import background
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.use_cases import handle_batch
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.intake.use_cases.run_batch import apply_batch, check_batch
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.core.errors import DomainError
from tests.unit.apps.accounts import people
from tests.unit.apps.intake.books import YEAR, book, staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch):
    monkeypatch.setattr(background, "start", lambda *_args: None)


def test_posts_of_leaders_are_warned_of_before_anything_is_written_and_stay():
    school = people.school()
    people.school_class(school, "3A", 3)
    clerk = people.actor(Role.DATA_CLERK, school)
    data = book([staff(1, Vị_trí_việc_làm="Hiệu trưởng", Lớp_chủ_nhiệm="3A")])
    batch = handle_batch.upload(
        clerk, kind=Kind.STAFF, school=school, year=YEAR, data=data, file_name="cb.xlsx"
    )
    check_batch(batch.pk)
    report = Batch.objects.get(pk=batch.pk).report
    assert [i["code"] for i in report["issues"]] == ["post_withheld"]
    handle_batch.confirm(clerk, batch.pk, accept_good_rows=False)
    apply_batch(batch.pk)
    assert Batch.objects.get(pk=batch.pk).state == State.APPLIED
    given = Assignment.objects.filter(user__staff_records__code="CB00GV001")
    assert {a.role for a in given} == {Role.HOMEROOM}


def test_a_clerk_cannot_undo_the_operators_principal():
    school = people.school()
    clerk = people.actor(Role.DATA_CLERK, school)
    outcome = import_workbook(
        people.Actor.operator(),
        kind=Kind.STAFF,
        school=school,
        year=YEAR,
        data=book([staff(1, Vị_trí_việc_làm="Hiệu trưởng")]),
        file_name="cb.xlsx",
    )
    with pytest.raises(DomainError) as refusal:
        undo_batch(clerk, outcome.batch.pk)
    assert refusal.value.code == "staff_undo_posts"
    assert Assignment.objects.filter(role=Role.PRINCIPAL, valid_to=None).exists()
