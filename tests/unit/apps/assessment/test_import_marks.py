"""Secondary mark books through the import: every value, every refusal in its cell, rights, locks, undo."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import ResultChange, SubjectMarks, YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Batch, Kind
from hocbaso.apps.intake.use_cases.check_workbook import dry_run
from hocbaso.apps.intake.use_cases.import_workbook import Outcome, import_workbook
from hocbaso.apps.intake.use_cases.undo_batch import undo_batch
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.models import CaseState, EntryPeriod, UnlockCase, UnlockCell
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, NotFound
from hocbaso.core.regulation.secondary import secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.annotate import annotate
from tests.unit.apps.intake.books import YEAR, dump, school

pytestmark = pytest.mark.django_db
ME = Actor.operator()
FIRST = "9865631471"  # row 5 of every page of 6A1


@pytest.fixture
def sao_khue(samples: Path) -> Organisation:
    made = school("79000201", ["thcs"])
    for kind, name in ((Kind.PUPILS, "danh_sach_hoc_sinh"), (Kind.STAFF, "danh_sach_can_bo")):
        put(made, (samples / "thcs" / f"{name}.xlsx").read_bytes(), kind=kind)
    return made


@pytest.fixture
def book(samples: Path) -> bytes:
    return (samples / "thcs" / "so_diem_6A1.xlsx").read_bytes()


def put(
    where: Organisation, data: bytes, *, kind: Kind = Kind.RESULTS, actor: Actor = ME, accept: bool = False
) -> Outcome:
    return import_workbook(
        actor, kind=kind, school=where, year=YEAR, data=data, file_name="sd.xlsx", accept_good_rows=accept
    )


def changed(book: bytes, changes: dict[str, dict[str, Any]], *, only: tuple[str, ...] = ()) -> bytes:
    """The book with some cells changed, perhaps with some of its sheets only."""
    made = openpyxl.load_workbook(io.BytesIO(book))
    for name in made.sheetnames if only else ():
        if name not in only:
            del made[name]
    for sheet, cells in changes.items():
        for cell, value in cells.items():
            made[sheet][cell] = value
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def errors(outcome: Outcome) -> list[tuple[str, int, str, str]]:
    return [(i.sheet, i.row, i.column_letter, i.code) for i in outcome.plan.issues if i.severity == "error"]


def warned(outcome: Outcome) -> list[tuple[str, int, str, str]]:
    return [(i.sheet, i.row, i.column_letter, i.code) for i in outcome.plan.issues if i.severity == "warning"]


def marks(subject: str = "toan", moment: str = "hk1", code: str = FIRST) -> SubjectMarks:
    return SubjectMarks.objects.get(enrolment__pupil__code=code, subject_code=subject, moment=moment)


def test_both_sample_books_are_taken_whole_and_the_second_time_is_all_the_same(
    sao_khue: Organisation, samples: Path
) -> None:
    expected = json.loads((samples / "expected.json").read_text(encoding="utf-8"))["results"]["79000201"]
    for name, lines in (("6A1", 850), ("9A1", 875)):
        data = (samples / "thcs" / f"so_diem_{name}.xlsx").read_bytes()
        report = put(sao_khue, data).plan.report()
        assert (report["new"], report["refused"], report["missing"]) == (lines, 0, [])
        assert {i["code"] for i in report["issues"]} <= {"few_regular_columns"}
        again = put(sao_khue, data)
        assert (again.plan.report()["same"], again.batch) == (lines, None)
        grade = secondary_grade(int(name[0]), SchoolYear.parse(YEAR))
        for row in SubjectMarks.objects.filter(enrolment__school_class__name=name).select_related(
            "enrolment__pupil"
        ):
            wanted = expected[row.enrolment.pupil.code]["hk"][row.moment[-1]]
            assert row.stated == wanted[grade.subject(row.subject_code).name].removesuffix(".0")
    assert SubjectMarks.objects.count() == 69 * 12 * 2
    one = marks()
    assert (one.tx1, one.tx2, one.tx3, one.tx4, one.gk, one.ck, one.tx5) == (
        *("1.4", "1.9", "0.6", "0.8", "1.1", "2.1"),
        "",
    )
    record = YearRecord.objects.get(enrolment__pupil__code=FIRST)
    assert (record.conduct_1, record.conduct_2, record.absent_excused) == ("Tốt", "Tốt", 19)
    lines_of = ResultChange.objects.filter(enrolment__pupil__code=FIRST)
    assert lines_of.filter(field="marks:toan:tx1", moment="hk1", new="1.4").count() == 1
    assert lines_of.get(field="record:conduct_1").moment == "hk1"
    assert lines_of.get(field="record:absent_excused").moment == "hk2"


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_leaves_every_row_as_it_is(sao_khue: Organisation, book: bytes) -> None:
    before = dump()
    plan, _ = dry_run(ME, kind=Kind.RESULTS, school=sao_khue, year=YEAR, data=book)
    assert plan.report()["new"] == 850
    assert dump() == before


def test_pupils_are_matched_by_code_class_and_name(sao_khue: Organisation, book: bytes) -> None:
    other = Pupil.objects.get(code="3132463536")  # of 9A1
    soft = {"C12": "Châu Khánh Hòa"}  # the roster has Hoà
    spoiled = {"B5": "1234567890", "B6": other.code, "C6": other.full_name, "C7": "Lý Quỳnh Lan"} | soft
    outcome = put(sao_khue, changed(book, {"HKI Toán": spoiled}))
    assert errors(outcome) == [
        ("HKI Toán", 5, "B", "not_enrolled"),
        ("HKI Toán", 6, "B", "other_class"),
        ("HKI Toán", 7, "C", "other_name"),
    ]
    assert warned(outcome) == [("HKI Toán", 12, "C", "name_written_otherwise")]
    assert outcome.batch is None
    assert not SubjectMarks.objects.exists()
    accepted = put(sao_khue, changed(book, {"HKI Toán": spoiled}), accept=True)
    assert accepted.plan.report()["new"] == 847
    assert SubjectMarks.objects.filter(subject_code="toan", moment="hk1").count() == 31


def test_pupils_of_the_class_without_a_line_are_listed(sao_khue: Organisation, book: bytes) -> None:
    made = openpyxl.load_workbook(io.BytesIO(book))
    made["HKI Toán"].delete_rows(5)
    out = io.BytesIO()
    made.save(out)
    missing = put(sao_khue, out.getvalue()).plan.missing
    assert [(m.key, m.class_name) for m in missing] == [(FIRST, "6A1 (Toán HKI)")]


def test_a_class_that_the_school_has_not_is_refused_once_a_sheet(sao_khue: Organisation, book: bytes) -> None:
    title = "SỔ ĐIỂM MÔN TOÁN - LỚP 6A9 - HỌC KỲ I - NĂM HỌC 2025-2026"
    outcome = put(sao_khue, changed(book, {"HKI Toán": {"A2": title}}, only=("HKI Toán",)))
    assert [code for *_, code in errors(outcome)] == ["no_class"]
    assert outcome.plan.refused == 34


def test_a_stated_average_against_the_circular_is_told_kept_and_never_used(
    sao_khue: Organisation, book: bytes
) -> None:
    outcome = put(sao_khue, changed(book, {"HKI Ngữ văn": {"J5": 9.9}}))
    assert warned(outcome) == [("HKI Ngữ văn", 5, "J", "stated_differs")]
    (told,) = [i for i in outcome.plan.issues if i.code == "stated_differs"]
    assert "9,9" in told.message
    assert "5,2" in told.message
    assert marks("ngu-van").stated == "9.9"


def test_an_empty_cell_never_erases_and_a_changed_one_is_shown_before_and_after(
    sao_khue: Organisation, book: bytes
) -> None:
    put(sao_khue, book)
    outcome = put(sao_khue, changed(book, {"HKI Toán": {"D5": None, "E5": 2.5, "J5": 1.6}}))
    report = outcome.plan.report()
    assert (report["changed"], report["same"]) == (1, 849)
    assert [(f["label"], f["before"], f["after"]) for f in report["changes"][0]["fields"]] == [
        ("Toán HKI: TX2", "1,9", "2,5"),
        ("Toán HKI: ĐTBmhk", "1,5", "1,6"),
    ]
    assert (marks().tx1, marks().tx2) == ("1.4", "2.5")


def test_bad_cells_are_refused_where_they_stand_and_noted_in_the_workbook_handed_back(
    sao_khue: Organisation, book: bytes
) -> None:
    spoiled = changed(
        book,
        {
            "HKI Toán": {"D5": 7.25, "E6": datetime(2026, 6, 5)},
            "HKII Nghệ thuật": {"D5": 8},
            "Rèn luyện": {"D5": "Trung bình"},
        },
    )
    outcome = put(sao_khue, spoiled)
    assert errors(outcome) == [
        ("HKI Toán", 5, "D", "bad_mark"),
        ("HKI Toán", 6, "E", "date_for_mark"),
        ("HKII Nghệ thuật", 5, "D", "bad_mark"),
        ("Rèn luyện", 5, "D", "bad_conduct"),
    ]
    returned = openpyxl.load_workbook(io.BytesIO(annotate(spoiled, outcome.plan.issues)))
    noted = {
        (sheet.title, cell.coordinate)
        for sheet in returned
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }
    assert {(sheet, f"{column}{row}") for sheet, row, column, _ in errors(outcome)} <= noted


def close(where: Organisation, **scope: Any) -> None:
    """A period of the school that ended yesterday."""
    now = clock.now()
    common = {"school_year": YEAR, "made_at": now, "made_by": "ht", "unit": where}
    times = {"opens_at": now - timedelta(days=30), "closes_at": now - timedelta(days=1)}
    EntryPeriod.objects.create(**common, **times, **scope)


def test_a_period_that_has_closed_holds_in_the_import_cell_by_cell(
    sao_khue: Organisation, book: bytes
) -> None:
    put(sao_khue, book)
    close(sao_khue, moment="hk1", part="toan", columns=["tx1"])
    edited = changed(book, {"HKI Toán": {"D5": 9, "E6": 9}, "HKII Toán": {"D5": 9}})
    outcome = put(sao_khue, edited)
    assert errors(outcome) == [("HKI Toán", 5, "D", "locked")]
    (told,) = [i for i in outcome.plan.issues if i.code == "locked"]
    assert told.message.startswith("Đã khóa nhập từ ")
    put(sao_khue, edited, accept=True)
    assert (marks().tx1, marks(moment="hk2").tx1, marks(code="6982219687").tx2) == ("1.4", "9", "9")
    assert errors(put(sao_khue, book)) == []  # what a closed column holds already is no matter


def test_a_frozen_row_is_refused(sao_khue: Organisation, book: bytes) -> None:
    put(sao_khue, book)
    SubjectMarks.objects.filter(subject_code="toan", moment="hk1").update(locked=True)
    outcome = put(sao_khue, changed(book, {"HKI Toán": {"D5": 9}}))
    assert errors(outcome) == [("HKI Toán", 5, "D", "locked")]


def test_undo_takes_a_book_back_and_not_once_a_mark_was_changed(sao_khue: Organisation, book: bytes) -> None:
    put(sao_khue, book)
    batch = put(sao_khue, changed(book, {"HKI Toán": {"D5": 9}, "Rèn luyện": {"D5": "Khá"}})).batch
    assert batch is not None
    assert marks().tx1 == "9"
    undo_batch(ME, batch.pk)
    assert marks().tx1 == "1.4"
    assert YearRecord.objects.get(enrolment__pupil__code=FIRST).conduct_1 == "Tốt"
    undone = ResultChange.objects.filter(source=f"undo:{batch.pk}")
    assert set(undone.values_list("field", "moment")) == {
        ("marks:toan:tx1", "hk1"),
        ("record:conduct_1", "hk1"),
    }
    first = Batch.objects.order_by("pk").filter(kind=Kind.RESULTS).first()
    assert first is not None
    SubjectMarks.objects.filter(pk=marks().pk).update(tx1="3")
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, first.pk)
    assert refused.value.code == "intake_undo_depends"


def test_undo_is_refused_once_the_column_has_closed(sao_khue: Organisation, book: bytes) -> None:
    batch = put(sao_khue, book).batch
    assert batch is not None
    close(sao_khue, moment="hk1")
    with pytest.raises(DomainError) as refused:
        undo_batch(ME, batch.pk)
    assert refused.value.code == "intake_undo_depends"


def teacher(where: Organisation, subject: str, class_name: str = "6A1") -> Actor:
    post = Assignment.objects.select_related("user", "organisation", "school_class").get(
        organisation=where, role=Role.SUBJECT_TEACHER, subject_code=subject, school_class__name=class_name
    )
    return Actor.of(post)


def test_a_subject_teacher_imports_his_own_subject_in_all_his_classes_and_nothing_else(
    sao_khue: Organisation, book: bytes, samples: Path
) -> None:
    actor = teacher(sao_khue, "toan", "9A1")
    sheets = ("HKI Toán", "HKII Toán")
    mine = put(sao_khue, changed(book, {}, only=sheets), actor=actor)
    assert (mine.plan.report()["new"], mine.plan.refused) == (68, 0)
    assert marks().updated_by == actor.label
    assert marks().stated == ""  # what a workbook concludes is no teacher's entry
    whole = put(sao_khue, book, actor=actor, accept=True)
    assert {code for *_, code in errors(whole)} == {"not_assigned"}
    assert (whole.plan.report()["same"], whole.plan.refused) == (68, 850 - 68)
    assert set(SubjectMarks.objects.values_list("subject_code", flat=True)) == {"toan"}
    assert not YearRecord.objects.exists()


def test_the_homeroom_teacher_imports_conduct_absences_and_comments(
    sao_khue: Organisation, book: bytes
) -> None:
    post = Assignment.objects.select_related("user", "organisation", "school_class").get(
        role=Role.HOMEROOM, school_class__name="6A1"
    )
    outcome = put(
        sao_khue, changed(book, {}, only=("Rèn luyện", "HKI Toán")), actor=Actor.of(post), accept=True
    )
    assert outcome.plan.report()["new"] == 34
    assert YearRecord.objects.count() == 34
    assert not SubjectMarks.objects.filter(subject_code="toan").exists()


def test_an_import_of_ones_own_is_nobody_elses_business(sao_khue: Organisation, book: bytes) -> None:
    maths, letters = teacher(sao_khue, "toan"), teacher(sao_khue, "ngu-van")
    batch = put(sao_khue, changed(book, {}, only=("HKI Toán",)), actor=maths).batch
    assert batch is not None
    with pytest.raises(NotFound):
        undo_batch(letters, batch.pk)
    undo_batch(maths, batch.pk)
    principal = Assignment.objects.select_related("user", "organisation").get(role=Role.PRINCIPAL)
    with pytest.raises(NotAllowed):
        put(sao_khue, book, actor=Actor.of(principal))
    with pytest.raises(NotAllowed):
        put(school("79000202", ["thcs"]), book, actor=maths)


def test_a_pupil_who_left_the_class_for_another_is_refused_who_left_the_school_is_told(
    sao_khue: Organisation, book: bytes
) -> None:
    gone = Enrolment.objects.get(pupil__code=FIRST)
    gone.active, gone.status = False, "Chuyển đi kỳ 2"
    gone.save()
    outcome = put(sao_khue, changed(book, {}, only=("HKI Toán",)))
    assert (errors(outcome), warned(outcome)) == ([], [("HKI Toán", 5, "B", "left_class")])
    other = Enrolment.objects.filter(school_class__name="9A1").first()
    assert other is not None
    Enrolment.objects.create(pupil=gone.pupil, school_class=other.school_class, status="Đang học")
    moved = put(sao_khue, changed(book, {"HKI Toán": {"D5": 9}}, only=("HKI Toán",)))
    assert errors(moved) == [("HKI Toán", 5, "B", "other_class")]


def test_marks_of_a_pupil_who_is_exempt_are_refused_and_m_says_the_same(
    sao_khue: Organisation, book: bytes
) -> None:
    one = Enrolment.objects.get(pupil__code=FIRST)
    common = {"enrolment": one, "moment": "hk1", "updated_at": datetime(2026, 1, 5, tzinfo=UTC)}
    SubjectMarks.objects.create(**common, subject_code="giao-duc-the-chat", exempt_reason="khuyết tật")
    sheet = "HKI Giáo dục thể chất"
    refused = put(sao_khue, changed(book, {}, only=(sheet,)))
    assert {code for *_, code in errors(refused)} == {"exempt"}
    agreed = put(sao_khue, changed(book, {sheet: {f"{c}5": "M" for c in "DEFGH"}}, only=(sheet,)))
    assert (errors(agreed), agreed.plan.report()["new"]) == ([], 33)


def test_undo_under_an_unlock_case_names_the_case(sao_khue: Organisation, book: bytes) -> None:
    put(sao_khue, book)
    batch = put(sao_khue, changed(book, {"HKI Toán": {"D5": 9}})).batch
    assert batch is not None
    close(sao_khue, moment="hk1", part="toan")
    number = _case_in_force(sao_khue, "toan", "hk1")
    undo_batch(ME, batch.pk)
    (line,) = ResultChange.objects.filter(source=f"undo:{batch.pk}")
    assert (line.old, line.new, line.case_number) == ("9", "1.4", number)


def _case_in_force(where: Organisation, part: str, moment: str) -> str:
    now = clock.now()
    school_class = SchoolClass.objects.get(school=where, name="6A1")
    people = {a.role: a.user for a in Assignment.objects.filter(organisation=where).select_related("user")}
    case = UnlockCase.objects.create(
        number="MK-2025-79000201-0001",
        school=where,
        school_class=school_class,
        school_year=YEAR,
        part=part,
        moment=moment,
        requested_by=people[Role.HOMEROOM],
        requested_role=Role.HOMEROOM,
        requested_at=now,
        why="Nhập nhầm tệp.",
        minutes="Lấy lại điểm cũ.",
        until=now + timedelta(hours=1),
        needs_minutes=False,
    )
    UnlockCell.objects.create(case=case)
    case.state, case.decided_by, case.decided_at = CaseState.GRANTED, people[Role.PRINCIPAL], now
    case.save()
    case.state, case.in_force_at = CaseState.IN_FORCE, now
    case.save()
    return case.number


def test_a_teacher_whose_post_has_ended_takes_nothing_back(sao_khue: Organisation, book: bytes) -> None:
    maths = teacher(sao_khue, "toan")
    batch = put(sao_khue, changed(book, {}, only=("HKI Toán",)), actor=maths).batch
    assert batch is not None
    assert maths.user is not None
    ended = Assignment.objects.filter(user=maths.user, school_class__name="6A1")
    ended.update(valid_to=clock.today() - timedelta(days=1))
    another = Assignment.objects.create(
        user=maths.user,
        organisation=sao_khue,
        role=Role.SUBJECT_TEACHER,
        subject_code="toan",
        school_class=SchoolClass.objects.create(school=sao_khue, school_year=YEAR, name="6A9", grade=6),
        valid_from=clock.today(),
    )
    with pytest.raises(NotAllowed):
        undo_batch(Actor.of(another), batch.pk)
    assert marks().tx1 == "1.4"
