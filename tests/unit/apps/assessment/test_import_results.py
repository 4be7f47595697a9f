"""Year-end results from the sector's primary form."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.models import ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.check_workbook import dry_run
from hocbaso.apps.intake.use_cases.import_workbook import Outcome, import_workbook
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError, Unreadable
from tests.unit.apps.intake.books import YEAR, school

pytestmark = pytest.mark.django_db
ME = Actor.operator()
NOW = datetime(2026, 5, 20, 3, tzinfo=UTC)


@pytest.fixture
def hoa_mai(samples: Path) -> Organisation:
    made = school()
    put(made, Kind.PUPILS, (samples / "tieu_hoc" / "danh_sach_hoc_sinh.xlsx").read_bytes())
    return made


def put(where: Organisation, kind: Kind, data: bytes, *, accept: bool = False) -> Outcome:
    return import_workbook(
        ME, kind=kind, school=where, year=YEAR, data=data, file_name="kq.xlsx", accept_good_rows=accept
    )


@pytest.fixture
def form(samples: Path) -> bytes:
    return (samples / "tieu_hoc" / "ket_qua_cuoi_nam.xlsx").read_bytes()


def spoiled(form: bytes, changes: dict[str, object], sheet: str = "1A") -> bytes:
    """The form with some cells changed."""
    made = openpyxl.load_workbook(io.BytesIO(form))
    for cell, value in changes.items():
        made[sheet][cell] = value
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def errors(outcome: Outcome) -> list[tuple[str, int, str]]:
    return [(i.sheet, i.row, i.code) for i in outcome.plan.issues if i.severity == "error"]


def test_the_sample_is_taken_whole_and_the_second_time_is_all_the_same(
    hoa_mai: Organisation, form: bytes
) -> None:
    assert put(hoa_mai, Kind.RESULTS, form).plan.report()["new"] == 170
    one = Enrolment.objects.get(pupil__code="9961238723")
    maths = SubjectResult.objects.get(enrolment=one, subject_code="toan")
    assert (maths.moment, maths.level, maths.score, maths.version) == ("cn", "T", 6, 1)
    assert TraitResult.objects.get(enrolment=one, trait_code="pc-yeu-nuoc").level == "T"
    record = YearRecord.objects.get(enrolment=one)
    assert (record.absent_excused, record.stated_overall, record.stated_completed) == (3, "HT", True)
    assert ResultChange.objects.filter(enrolment=one, field="subject:toan:score", new="6").count() == 1
    again = put(hoa_mai, Kind.RESULTS, form)
    assert again.plan.report()["same"] == 170
    assert again.batch is None


def test_a_result_for_nobody_of_the_class_is_refused(hoa_mai: Organisation, form: bytes) -> None:
    outcome = put(hoa_mai, Kind.RESULTS, spoiled(form, {"C7": "1234567890", "B8": "1B"}))
    assert errors(outcome) == [("1A", 7, "not_enrolled"), ("1A", 8, "other_class")]
    assert outcome.batch is None
    assert not SubjectResult.objects.exists()


def test_a_code_with_somebody_elses_name_is_refused(hoa_mai: Organisation, form: bytes) -> None:
    outcome = put(hoa_mai, Kind.RESULTS, spoiled(form, {"D7": "Nguyễn Văn Khác"}))
    assert errors(outcome) == [("1A", 7, "other_name")]


def test_a_stated_result_against_the_circular_is_told_and_not_resolved(
    hoa_mai: Organisation, form: bytes
) -> None:
    outcome = put(hoa_mai, Kind.RESULTS, spoiled(form, {"AE7": "HTXS"}))
    told = [i for i in outcome.plan.issues if i.code == "result_contradiction"]
    assert [(i.row, i.severity, i.proposal) for i in told] == [(7, "warning", None)]
    assert YearRecord.objects.get(enrolment__pupil__code="9961238723").stated_overall == "HTXS"


def test_a_lock_that_holds_on_the_screen_holds_in_the_import(hoa_mai: Organisation, form: bytes) -> None:
    put(hoa_mai, Kind.RESULTS, form)
    SubjectResult.objects.filter(enrolment__pupil__code="9961238723", subject_code="toan").update(locked=True)
    changed = spoiled(form, {"G7": 7, "G8": 5})
    assert errors(put(hoa_mai, Kind.RESULTS, changed)) == [("1A", 7, "locked")]
    outcome = put(hoa_mai, Kind.RESULTS, changed, accept=True)
    assert outcome.plan.report()["changed"] == 1
    scores = SubjectResult.objects.filter(subject_code="toan", enrolment__school_class__name="1A")
    assert scores.get(enrolment__pupil__code="9961238723").score == 6
    assert scores.get(enrolment__pupil__code="2412750926").score == 5
    assert errors(put(hoa_mai, Kind.RESULTS, form)) == []  # a locked row that says the same is no matter


def test_a_result_in_a_subject_from_which_the_pupil_is_exempt_is_refused(
    hoa_mai: Organisation, form: bytes
) -> None:
    one = Enrolment.objects.get(pupil__code="9961238723")
    SubjectResult.objects.create(
        enrolment=one,
        moment="cn",
        subject_code="giao-duc-the-chat",
        exempt_reason="khuyết tật",
        updated_at=NOW,
    )
    assert errors(put(hoa_mai, Kind.RESULTS, form)) == [("1A", 7, "exempt")]
    assert errors(put(hoa_mai, Kind.RESULTS, spoiled(form, {"O7": ""}))) == []


def test_undo_puts_results_back_and_history_says_so(hoa_mai: Organisation, form: bytes) -> None:
    first = put(hoa_mai, Kind.RESULTS, form).batch
    second = put(hoa_mai, Kind.RESULTS, spoiled(form, {"G7": 7})).batch
    assert first is not None
    assert second is not None
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, first.pk)  # the second one stands on it
    assert refused.value.code == "intake_undo_depends"
    undo_batch(ME, second.pk)
    maths = SubjectResult.objects.get(enrolment__pupil__code="9961238723", subject_code="toan")
    assert (maths.score, maths.version) == (6, 3)
    line = ResultChange.objects.get(source=f"undo:{second.pk}")
    assert (line.field, line.old, line.new) == ("subject:toan:score", "7", "6")


def test_undo_of_a_first_import_leaves_no_result(hoa_mai: Organisation, form: bytes) -> None:
    batch = put(hoa_mai, Kind.RESULTS, form).batch
    assert batch is not None
    undo_batch(ME, batch.pk)
    assert not SubjectResult.objects.exists()
    assert not TraitResult.objects.exists()
    assert not YearRecord.objects.exists()
    assert ResultChange.objects.filter(source=f"undo:{batch.pk}").exists()


def test_undo_is_refused_once_results_are_locked(hoa_mai: Organisation, form: bytes) -> None:
    batch = put(hoa_mai, Kind.RESULTS, form).batch
    assert batch is not None
    SubjectResult.objects.filter(subject_code="toan").update(locked=True)
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, batch.pk)
    assert refused.value.code == "intake_undo_depends"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("thcs/danh_sach_can_bo.xlsx", "intake_other_form"),
        ("tieu_hoc/danh_sach_hoc_sinh.xlsx", "intake_other_form"),
    ],
)
def test_another_form_is_named(samples: Path, file: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        dry_run(ME, kind=Kind.RESULTS, school=school(), year=YEAR, data=(samples / file).read_bytes())
    assert refused.value.code == code


def test_a_workbook_without_any_results_is_told_which_forms_are_read() -> None:
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active.append(["Tên", "Ghi chú", "Khác"])
    out = io.BytesIO()
    made.save(out)
    with pytest.raises(Unreadable) as refused:
        dry_run(ME, kind=Kind.RESULTS, school=school(), year=YEAR, data=out.getvalue())
    assert refused.value.code == "intake_no_results"
