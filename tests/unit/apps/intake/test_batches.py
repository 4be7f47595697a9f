"""An import from upload to confirmation, as the screens drive it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta

import openpyxl
import pytest
from django.test import TestCase

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, User
from hocbaso.apps.common import clock
from hocbaso.apps.intake import background, queries
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.states import TRANSITIONS
from hocbaso.apps.intake.use_cases import handle_batch, run_batch
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotFound, Unreadable
from tests.unit.apps.intake.books import YEAR, book, pupil, school

pytestmark = pytest.mark.django_db
LOST_ZERO = pupil(2, Số_định_danh_cá_nhân="1317438809", Ngày_sinh="05/01/2017", Mã_lớp="3A")
WRONG_ETHNIC = pupil(3, Dân_tộc="Kinhh")


@pytest.fixture
def hoa_mai() -> Organisation:
    return school()


@pytest.fixture
def clerk(hoa_mai: Organisation) -> Actor:
    user = User.objects.create_user("lan", "mot cau de nho 1", full_name="Mai Lan")
    return Actor.of(
        Assignment.objects.create(
            user=user, organisation=hoa_mai, role="du_lieu", valid_from=date(2020, 1, 1)
        )
    )


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Background steps run at once, in the test's own connection."""

    def start(step: Callable[[int], None], batch_id: int) -> None:
        step(batch_id)

    monkeypatch.setattr(background, "start", start)


def upload(actor: Actor, *rows: dict[str, str]) -> Batch:
    assert actor.assignment is not None
    with TestCase.captureOnCommitCallbacks(execute=True):
        made = handle_batch.upload(
            actor,
            kind=Kind.PUPILS,
            school=actor.assignment.organisation,
            year=YEAR,
            data=book(rows),
            file_name="..\\..\\ds\x00.xlsx",
        )
    return Batch.objects.get(pk=made.pk)


def answer(actor: Actor, batch: Batch, **given: bool) -> Batch:
    """Answer every question with one of these codes."""
    keys = {q["key"]: given[q["code"]] for q in batch.report["questions"] if q["code"] in given}
    with TestCase.captureOnCommitCallbacks(execute=True):
        handle_batch.answer(actor, batch.pk, keys)
    return Batch.objects.get(pk=batch.pk)


def confirm(actor: Actor, batch: Batch, *, accept: bool = False) -> Batch:
    with TestCase.captureOnCommitCallbacks(execute=True):
        handle_batch.confirm(actor, batch.pk, accept_good_rows=accept)
    return Batch.objects.get(pk=batch.pk)


def test_an_upload_is_checked_and_nothing_is_written_before_it_is_confirmed(clerk: Actor) -> None:
    batch = upload(clerk, pupil(1), LOST_ZERO)
    assert (batch.state, batch.file_name) == (State.CHECKED, "ds.xlsx")
    assert batch.report["new"] == 2
    assert not Pupil.objects.exists()
    batch = confirm(clerk, batch)
    assert batch.state == State.APPLIED
    assert Pupil.objects.count() == 2


def test_a_yes_settles_a_refused_row_and_a_no_leaves_it_to_the_file(clerk: Actor) -> None:
    batch = upload(clerk, pupil(1), WRONG_ETHNIC)
    assert batch.report["refused"] == 1
    batch = answer(clerk, batch, unknown_ethnic=True)
    assert (batch.report["refused"], batch.report["new"]) == (0, 2)
    batch = answer(clerk, batch, unknown_ethnic=False)
    assert batch.report["refused"] == 1
    assert [r["key"] for r in queries.refused_rows(batch.report)] != [""]  # it may still be answered


def test_answers_are_kept_when_the_mended_file_has_other_rows(clerk: Actor) -> None:
    batch = upload(clerk, LOST_ZERO, WRONG_ETHNIC, pupil(1, Ngày_sinh="31/02/2019"))
    answer(clerk, batch, lost_zero=True, unknown_ethnic=True)
    again = upload(clerk, pupil(7), pupil(1), WRONG_ETHNIC, LOST_ZERO)
    assert (again.report["refused"], again.report["new"]) == (0, 4)
    confirm(clerk, again)
    assert Pupil.objects.get(code="1000000002").personal_number == "001317438809"
    assert Batch.objects.get(pk=batch.pk).state == State.CANCELLED


def test_an_answer_is_for_that_person_and_that_cell_alone(clerk: Actor) -> None:
    batch = upload(clerk, WRONG_ETHNIC)
    answer(clerk, batch, unknown_ethnic=True)
    again = upload(clerk, WRONG_ETHNIC, pupil(4, Dân_tộc="Kinhh"), pupil(3, Dân_tộc="Taỳy"))
    assert {i["row"] for i in again.report["issues"] if i["severity"] == "error"} == {3, 4}


def test_refused_rows_are_left_out_only_when_that_is_said(clerk: Actor) -> None:
    batch = upload(clerk, pupil(1), pupil(2, Ngày_sinh="31/02/2019"))
    with pytest.raises(DomainError) as refused:
        handle_batch.confirm(clerk, batch.pk, accept_good_rows=False)
    assert refused.value.code == "intake_rows_refused"
    assert confirm(clerk, Batch.objects.get(pk=batch.pk), accept=True).state == State.APPLIED
    assert list(Pupil.objects.values_list("code", flat=True)) == ["1000000001"]


def test_what_was_confirmed_is_written_or_else_nothing(clerk: Actor) -> None:
    confirm(clerk, upload(clerk, pupil(1), pupil(2)))
    batch = upload(clerk, pupil(1, Chỗ_ở_hiện_nay="9 đường số 1"), pupil(2))
    Pupil.objects.filter(code="1000000002").update(current_address="nơi khác")  # meanwhile, on a screen
    batch = confirm(clerk, batch)
    assert batch.state == State.CHECKED
    assert "vừa thay đổi" in batch.failure
    assert batch.report["changed"] == 2  # checked anew
    assert Pupil.objects.get(code="1000000001").current_address == "8 đường số 55"


def test_a_step_left_by_a_dead_process_is_taken_up_once(
    clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = upload(clerk, pupil(1))
    long_ago = clock.now() - timedelta(minutes=5)
    Batch.objects.filter(pk=batch.pk).update(state=State.CHECKING, heartbeat=long_ago)
    assert run_batch.resume_stale() == [batch.pk]
    assert Batch.objects.get(pk=batch.pk).state == State.CHECKED
    assert run_batch.resume_stale() == []
    monkeypatch.setattr(background, "start", lambda step, batch_id: None)  # dies before it begins
    confirm(clerk, Batch.objects.get(pk=batch.pk))
    assert run_batch.resume_stale() == [batch.pk]
    assert Batch.objects.get(pk=batch.pk).state == State.APPLIED
    run_batch.apply_batch(batch.pk)  # a slow twin comes late
    assert Pupil.objects.count() == 1


def test_a_step_at_work_elsewhere_is_not_begun_twice(clerk: Actor) -> None:
    batch = upload(clerk, pupil(1))
    Batch.objects.filter(pk=batch.pk).update(state=State.CHECKING, heartbeat=clock.now(), report={})
    run_batch.check_batch(batch.pk)
    run_batch.wake(Batch.objects.get(pk=batch.pk))
    assert Batch.objects.get(pk=batch.pk).state == State.CHECKING


def test_a_right_that_ended_before_the_writing_stops_it(
    clerk: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = upload(clerk, pupil(1))
    monkeypatch.setattr(background, "start", lambda step, batch_id: None)
    confirm(clerk, batch)
    Assignment.objects.update(valid_to=clock.today() - timedelta(days=1))
    run_batch.apply_batch(batch.pk)
    assert Batch.objects.get(pk=batch.pk).state == State.CHECKED
    assert not Pupil.objects.exists()


def test_the_annotated_file_is_the_schools_own_with_notes_in_the_bad_cells(clerk: Actor) -> None:
    batch = upload(clerk, pupil(1), pupil(2, Ngày_sinh="31/02/2019"))
    name, content = handle_batch.annotated(clerk, batch.pk)
    assert name == "ds_ghi_chu.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Sheet1"]
    assert sheet["E3"].value == "31/02/2019"
    assert sheet["E3"].comment is not None
    assert "không có thật" in sheet["E3"].comment.text
    assert sheet["E2"].comment is None


def test_a_file_that_is_no_workbook_is_refused_before_it_is_kept(clerk: Actor) -> None:
    assert clerk.assignment is not None
    with pytest.raises(Unreadable):
        handle_batch.upload(
            clerk,
            kind=Kind.PUPILS,
            school=clerk.assignment.organisation,
            year=YEAR,
            data=b"#!/bin/sh\nrm -rf /",
            file_name="ds.xlsx",
        )
    assert not Batch.objects.exists()


def test_a_file_of_another_form_ends_with_the_reason(clerk: Actor) -> None:
    batch = upload(clerk, {"Cột A": "1", "Cột B": "2"})
    assert batch.state == State.FAILED
    assert "Không tìm thấy bảng" in batch.failure


def test_batches_of_another_school_are_not_known(clerk: Actor) -> None:
    batch = upload(clerk, pupil(1))
    user = User.objects.create_user("khac", "mot cau de nho 1", full_name="Người Khác")
    other = Actor.of(
        Assignment.objects.create(
            user=user, organisation=school("79000999"), role="du_lieu", valid_from=date(2020, 1, 1)
        )
    )
    for attempt in (
        lambda: handle_batch.annotated(other, batch.pk),
        lambda: handle_batch.confirm(other, batch.pk, accept_good_rows=True),
        lambda: handle_batch.answer(other, batch.pk, {}),
        lambda: handle_batch.cancel(other, batch.pk),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_every_state_has_its_ways_and_the_last_ones_have_none() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {s for s, to in TRANSITIONS.items() if not to} == {State.CANCELLED, State.UNDONE}
