"""The sector's forms taken out: they come back as no change, hold what the actor may see, stand on record."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.entries import Door, Entry, Saved, Sort
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult
from hocbaso.apps.assessment.use_cases.export_marks import ExportedForm, export_results
from hocbaso.apps.assessment.use_cases.record_results import record
from hocbaso.apps.audit.models import Event
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import Outcome, import_workbook
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from tests.unit.apps.intake.books import YEAR, school

pytestmark = pytest.mark.django_db
ME = Actor.operator()
FIRST = "9865631471"


def put(where: Organisation, data: bytes, *, kind: Kind = Kind.RESULTS, actor: Actor = ME) -> Outcome:
    return import_workbook(actor, kind=kind, school=where, year=YEAR, data=data, file_name="x.xlsx")


def load(code: str, level: str, folder: Path) -> Organisation:
    made = school(code, [level])
    put(made, (folder / "danh_sach_hoc_sinh.xlsx").read_bytes(), kind=Kind.PUPILS)
    put(made, (folder / "danh_sach_can_bo.xlsx").read_bytes(), kind=Kind.STAFF)
    for results in (*folder.glob("so_diem_6A1.xlsx"), *folder.glob("ket_qua_*.xlsx")):
        put(made, results.read_bytes())
    return made


@pytest.fixture
def sao_khue(samples: Path) -> Organisation:
    return load("79000201", "thcs", samples / "thcs")


def form(where: Organisation, actor: Actor = ME, **chosen: Any) -> ExportedForm:
    (made,) = export_results(actor, school=where, year=YEAR, **chosen)
    return made


def edited(form: ExportedForm, sheet: str, **cells: Any) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(form.content))
    for cell, value in cells.items():
        book[sheet][cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def counts(outcome: Outcome) -> dict[str, int]:
    report = outcome.plan.report()
    return {name: report[name] for name in ("new", "changed", "same", "refused")}


def teacher(where: Organisation, role: Role = Role.SUBJECT_TEACHER, **which: Any) -> Actor:
    posts = Assignment.objects.select_related("user", "organisation", "school_class")
    return Actor.of(posts.get(organisation=where, role=role, **which))


def test_every_form_of_the_sample_comes_back_as_no_change(sao_khue: Organisation) -> None:
    for lines, chosen in (
        (850, {"class_name": "6A1"}),
        (875, {"class_name": "9A1"}),
        (138, {"subject": "toan"}),
        (850, {"class_name": "6A1", "empty": True}),
    ):
        outcome = put(sao_khue, form(sao_khue, **chosen).content)
        assert counts(outcome) == {"new": 0, "changed": 0, "same": lines, "refused": 0}
        assert (outcome.plan.missing, outcome.batch) == ([], None)


def test_the_primary_form_comes_back_as_no_change_and_an_edited_cell_as_one(samples: Path) -> None:
    hoa_mai = load("79000101", "tieu_hoc", samples / "tieu_hoc")
    made = export_results(ME, school=hoa_mai, year=YEAR)
    assert [one.name for one in made][:2] == ["ket_qua_cuoi_nam_1A.xlsx", "ket_qua_cuoi_nam_1B.xlsx"]
    outcomes = [put(hoa_mai, one.content) for one in made]
    assert sum(outcome.plan.report()["same"] for outcome in outcomes) == 170
    assert all(outcome.batch is None and outcome.plan.issues == [] for outcome in outcomes)
    assert counts(put(hoa_mai, edited(made[0], "1A", G7=9))) == {
        "new": 0,
        "changed": 1,
        "same": 30,
        "refused": 0,
    }
    sheet = openpyxl.load_workbook(io.BytesIO(made[0].content))["1A"]
    assert (sheet["F5"].value, sheet["G6"].value) == ("Tiếng Việt", "Điểm KTĐK")
    first = SubjectResult.objects.filter(enrolment__pupil__code=sheet["C7"].value)
    assert first.get(subject_code="tieng-viet").score == 9


def test_a_filled_in_empty_form_is_taken_and_shows_the_teacher_the_average(samples: Path) -> None:
    made = load("79000201", "thcs", samples / "thcs")
    SubjectMarks.objects.all().delete()
    empty = form(made, class_name="6A1", empty=True)
    assert empty.name == "so_diem_6A1_mau_trong.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(empty.content))["HKI Toán"]
    assert [sheet[f"{c}5"].value for c in "BCDEFGHI"] == [FIRST, "Trần Bảo Hoa", *[None] * 6]
    assert str(sheet["J5"].value).startswith("=IF(")
    outcome = put(made, edited(empty, "HKI Toán", D5=7.5, E5="V", F5=8, G5=9, H5=10, I5=6.5))
    assert (outcome.plan.report()["new"], outcome.plan.refused) == (1, 0)
    row = SubjectMarks.objects.get()
    assert (row.tx1, row.tx2, row.gk, row.ck, row.stated) == ("7.5", "V", "10", "6.5", "")


def test_a_cell_changed_by_somebody_else_since_the_export_is_not_overwritten(sao_khue: Organisation) -> None:
    taken = form(sao_khue, class_name="6A1")
    one = Enrolment.objects.get(pupil__code=FIRST)
    actor = teacher(sao_khue, subject_code="toan", school_class__name="6A1")
    entry = Entry(one.pk, Sort.MARKS, {"tx1": "5"}, "toan", "hk1")
    assert record(actor, [entry], door=Door.SCREEN, source="screen")[0].state is Saved.SAVED
    stale = put(sao_khue, edited(taken, "HKI Toán", E5=6))
    (issue,) = stale.plan.issues
    assert (issue.sheet, issue.row, issue.column_letter, issue.code) == (
        "HKI Toán",
        5,
        "D",
        "changed_since_export",
    )
    assert actor.label in issue.message
    assert SubjectMarks.objects.get(enrolment=one, subject_code="toan", moment="hk1").tx1 == "5"
    again = put(sao_khue, edited(form(sao_khue, class_name="6A1"), "HKI Toán", E5=6))
    assert counts(again) == {"new": 0, "changed": 1, "same": 849, "refused": 0}


def test_a_form_of_another_school_or_year_is_refused(sao_khue: Organisation, samples: Path) -> None:
    taken = form(sao_khue, class_name="6A1")
    other = school("79000202", ["thcs"])
    outcome = put(other, taken.content)
    assert "other_school_or_year" in {i.code for i in outcome.plan.issues if i.severity == "error"}
    assert outcome.batch is None


def test_everybody_takes_out_what_he_may_see(sao_khue: Organisation) -> None:
    def sheets(actor: Actor, **chosen: Any) -> list[str]:
        found = form(sao_khue, actor, **chosen)
        return [n for n in openpyxl.load_workbook(io.BytesIO(found.content)).sheetnames if n != "_hocbaso"]

    maths = teacher(sao_khue, subject_code="toan", school_class__name="6A1")
    assert sheets(maths, class_name="6A1") == ["HKI Toán", "HKII Toán"]
    assert sheets(maths, subject="toan") == ["6A1 HKI", "6A1 HKII", "9A1 HKI", "9A1 HKII"]
    with pytest.raises(NotAllowed):
        form(sao_khue, maths, subject="ngu-van")
    assert len(sheets(teacher(sao_khue, Role.HOMEROOM, school_class__name="6A1"), class_name="6A1")) == 25
    assert len(sheets(teacher(sao_khue, Role.PRINCIPAL), class_name="9A1")) == 25


def test_the_data_clerk_gets_empty_forms_and_no_marks(sao_khue: Organisation) -> None:
    clerk = teacher(sao_khue, Role.DATA_CLERK)
    with pytest.raises(NotAllowed):
        form(sao_khue, clerk, class_name="6A1")
    assert form(sao_khue, clerk, class_name="6A1", empty=True).pages == 25


def test_what_was_taken_out_is_on_record(sao_khue: Organisation) -> None:
    actor = teacher(sao_khue, Role.HOMEROOM, school_class__name="6A1")
    form(sao_khue, actor, class_name="6A1")
    event = Event.objects.filter(action="assessment.export").latest("pk")
    assert (event.actor, event.target) == (actor.label, f"class:{YEAR}:6A1")


def test_what_is_not_there_is_said(sao_khue: Organisation, samples: Path) -> None:
    with pytest.raises(NotFound) as told:
        form(sao_khue, class_name="6A9")
    assert told.value.code == "export_no_class"
    with pytest.raises(NotFound) as told:
        form(sao_khue, subject="boi-loi")
    assert told.value.code == "export_no_subject"
    with pytest.raises(DomainError) as refused:
        export_results(ME, school=sao_khue, year="2030-2031")
    assert refused.value.code == "export_nothing"
    hoa_mai = load("79000101", "tieu_hoc", samples / "tieu_hoc")
    with pytest.raises(DomainError) as refused:
        form(hoa_mai, class_name="1A", subject="toan")
    assert refused.value.code == "export_primary_subject"
