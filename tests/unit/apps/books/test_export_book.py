"""Books out of the database: what stands in them, who may take them, in how many queries, on record."""

from __future__ import annotations

import io
import re
import subprocess

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hocbaso.apps.accounts import door
from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, YearRecord
from hocbaso.apps.audit.models import Event
from hocbaso.apps.books import empty_sheets, family_books, primary_books, secondary_books, slips
from hocbaso.apps.books.kinds import KINDS, BookTarget, Kind, fits, moments_for
from hocbaso.apps.books.use_cases.export_book import BookRequest, export_book
from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError, NotAllowed
from hocbaso.engines.rendering import books
from tests.builders import YEAR, School, finished_class, make_pupil, make_school
from tests.secondary import finished_secondary_class, make_secondary_school
from tests.unit.apps.accounts import people

pytestmark = pytest.mark.django_db
STAMP = books.Stamp("Kiểm thử", clock.now())


def text(pdf: bytes) -> str:
    out = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout
    return re.sub(r"\s+", " ", out.decode())


def numbered(rows) -> None:
    """Two pupils who differ, so that a mix-up shows."""
    rows[0].pupil.full_name = "Bùi Minh An"
    rows[0].pupil.save()


@pytest.fixture
def primary() -> School:
    school = make_school()
    rows = finished_class(school, "3A", 3)
    numbered(rows)
    SubjectResult.objects.filter(enrolment=rows[0], subject_code="toan").update(score=10)
    SubjectResult.objects.filter(enrolment=rows[1], subject_code="am-nhac").update(level="C")
    return school


@pytest.fixture
def secondary() -> School:
    school = make_secondary_school(classes=("7A2",))
    rows = finished_secondary_class(school, "7A2", 3)
    numbered(rows)
    marks = SubjectMarks.objects.filter(enrolment=rows[0], subject_code="toan", moment="hk1")
    marks.update(tx1="8", tx2="9", tx3="7.5", tx4="10", gk="6.8", ck="8")
    SubjectMarks.objects.filter(enrolment=rows[1], subject_code="nghe-thuat").update(
        exempt_reason="Khuyết tật"
    )
    return school


def ask(school: School, kind: Kind, class_name: str | None, **more) -> BookRequest:
    return BookRequest(kind, school.unit, YEAR, school.classes[class_name] if class_name else None, **more)


def operator(request: BookRequest) -> str:
    return text(export_book(Actor.operator(), request).content)


def test_the_primary_form_shows_what_the_circular_makes_of_the_rows(primary):
    shown = operator(ask(primary, Kind.CLASS_SUMMARY, "3A", moment="cn"))
    assert "Mẫu số 6 (lớp 3)" in shown
    assert "Tổng số học sinh: 3; nữ: 3" in shown
    assert "Hoàn thành xuất sắc: 2; Hoàn thành tốt: 0; Hoàn thành: 0; Chưa hoàn thành: 1" in shown
    assert re.search(r"1 Bùi Minh An 09/02/2017 x T 9 T 10 ", shown)
    data = primary_books.class_summary(primary.classes["3A"], "cn", STAMP)
    assert [row.award for row in data.rows] == ["HSXS", "", "HSXS"]
    assert [row.promoted for row in data.rows] == [True, None, True]
    assert data.rows[1].levels["am-nhac"] == "C"


def test_the_middle_of_the_semester_knows_no_overall_result(primary):
    data = primary_books.class_summary(primary.classes["3A"], "ghk1", STAMP)
    assert {row.overall for row in data.rows} == {None}
    assert not any(row.levels for row in data.rows)


def test_an_optional_subject_stands_in_the_form_once_somebody_has_a_result(primary):
    def codes() -> list[str]:
        return [s.code for s in primary_books.class_summary(primary.classes["3A"], "cn", STAMP).subjects]

    assert "tieng-dan-toc" not in codes()
    row = SubjectResult.objects.first()
    row.pk, row.subject_code = None, "tieng-dan-toc"
    row.save(force_insert=True)
    assert codes()[-1] == "tieng-dan-toc"


def test_the_subject_book_shows_marks_averages_and_exemptions(secondary):
    shown = operator(ask(secondary, Kind.SUBJECT_BOOK, "7A2", subject="toan"))
    assert "Trần Thị Toán" in shown
    # (8 + 9 + 7.5 + 10 + 2 × 6.8 + 3 × 8) / 9 = 8.01 → 8.0; the year (8.0 + 2 × 8.2) / 3 = 8.13 → 8.1
    assert "1 Bùi Minh An 09/02/2017 8 9 7,5 10 6,8 8 8,0" in shown
    assert re.search(r"1 Bùi Minh An 09/02/2017 (8,2 ){4}8,2 8,2 8,2 8,1", shown)
    art = secondary_books.subject_book(secondary.classes["7A2"], "nghe-thuat", STAMP)
    assert not art.scored
    assert [row.year for row in art.rows] == ["Đ", "M", "Đ"]
    assert art.rows[1].note == "Được miễn: Khuyết tật"


def test_the_class_book_shows_the_year_of_everybody(secondary):
    data = secondary_books.class_book(secondary.classes["7A2"], "", STAMP)
    assert [row.study for row in data.rows] == [("Tốt", "Tốt", "Tốt")] * 3
    assert [row.conduct[2] for row in data.rows] == ["Tốt"] * 3
    assert data.rows[0].term1["toan"] == "8"
    assert {row.title for row in data.rows} == {"Học sinh Giỏi"}
    shown = operator(ask(secondary, Kind.CLASS_BOOK, "7A2"))
    assert "Được lên lớp: 3. Học sinh Giỏi: 3." in shown
    alone = operator(ask(secondary, Kind.CLASS_BOOK, "7A2", moment="hk1"))
    assert "BẢNG TỔNG HỢP KẾT QUẢ HỌC KỲ I" in alone
    assert "CẢ NĂM" not in alone


def test_who_has_left_is_named_and_not_counted(secondary):
    gone = secondary.classes["7A2"].enrolments.get(pupil__full_name="Bùi Minh An")
    gone.active, gone.status, gone.status_date = False, "Chuyển đi", "2026-01-12"
    gone.save()
    shown = operator(ask(secondary, Kind.CLASS_BOOK, "7A2", moment="cn"))
    assert "chuyển đi từ" in shown
    assert "Tổng số học sinh: 2;" in shown
    slip = operator(ask(secondary, Kind.SLIPS, "7A2", moment="cn"))
    assert "Bùi Minh An" not in slip
    assert not any(
        row.person.name == "Bùi Minh An"
        for sheet in empty_sheets.entry_sheets(secondary.classes["7A2"], "hk1", "", STAMP)
        for row in sheet.rows
    )


def test_the_register_shows_numbers_and_who_entered(primary):
    enrolment = primary.classes["3A"].enrolments.get(pupil__full_name="Bùi Minh An")
    enrolment.register_number = "0042/2025"
    enrolment.save()
    shown = operator(ask(primary, Kind.REGISTER, None))
    assert "0042/2025" in shown
    assert "05/09/2025" in shown
    data = family_books.register(primary.unit, YEAR, STAMP)
    assert [row.number for row in data.rows] == ["0042/2025"]
    assert data.principal == "Võ Đặng Quốc Hưng"


@pytest.mark.parametrize("level", ["primary", "secondary"])
def test_the_homeroom_book_has_results_contacts_and_teachers(level, request):
    school: School = request.getfixturevalue(level)
    (name,) = school.classes
    first = school.classes[name].enrolments.get(pupil__full_name="Bùi Minh An")
    first.pupil.mother_name, first.pupil.mother_phone = "Trần Thị Mỹ Duyên", "0903123458"
    first.pupil.save()
    shown = operator(ask(school, Kind.HOMEROOM, name))
    assert "Trần Thị Mỹ Duyên, 0903123458" in shown
    assert "Tháng 2" in shown
    data = family_books.homeroom_book(school.classes[name], STAMP)
    assert all(len(row.result.values) == len(data.result_columns) for row in data.rows)
    assert data.rows[0].absent_excused in (2, 3)
    assert all(names for _subject, names in data.teachers)


def test_entry_sheets_cover_what_the_class_is_assessed_in(secondary, primary):
    sheets = empty_sheets.entry_sheets(secondary.classes["7A2"], "hk1", "", STAMP)
    assert [s.part_name for s in sheets][:2] == ["Ngữ văn", "Toán"]
    maths = next(s for s in sheets if s.part_name == "Toán")
    assert [c.heading for c in maths.columns] == ["TX1", "TX2", "TX3", "TX4", "GK", "CK", "Nhận xét"]
    art = next(s for s in sheets if s.part_name.startswith("Nghệ thuật"))
    assert [row.closed for row in art.rows] == ["", "miễn học", ""]
    assert sheets[-1].teacher == "Phạm Hoàng Khánh 7A2"
    year = empty_sheets.entry_sheets(primary.classes["3A"], "cn", "toan", STAMP)
    assert [c.heading for c in year[0].columns] == ["Mức đạt được", "Điểm KTĐK", "Nhận xét"]
    middle = empty_sheets.entry_sheets(primary.classes["3A"], "ghk1", "toan", STAMP)
    assert [c.heading for c in middle[0].columns] == ["Mức đạt được", "Nhận xét"]
    with pytest.raises(DomainError) as refused:
        empty_sheets.entry_sheets(primary.classes["3A"], "cn", "vat-li", STAMP)
    assert refused.value.code == "book_no_such_subject"


def test_slips_hold_the_moment_asked_for(secondary, primary):
    middle = slips.slips(secondary.classes["7A2"], "ghk1", STAMP)
    line = next(x for x in middle.slips[0].lines if x.name == "Toán")
    assert line.values == ("8  9  7,5  10", "6,8")
    term = slips.slips(secondary.classes["7A2"], "hk1", STAMP).slips[0]
    assert next(x for x in term.lines if x.name == "Toán").values[-1] == "8,0"
    assert term.facts == (("Kết quả học tập học kỳ I", "Tốt"), ("Kết quả rèn luyện học kỳ I", "Tốt"))
    year = dict(slips.slips(secondary.classes["7A2"], "cn", STAMP).slips[0].facts)
    assert year["Danh hiệu"] == "Học sinh Giỏi"
    assert year["Số buổi nghỉ"] == "4 (có phép 3, không phép 1)"
    ours = slips.slips(primary.classes["3A"], "cn", STAMP).slips
    assert dict(ours[0].facts)["Khen thưởng"] == "Học sinh Xuất sắc"
    assert ours[1].facts[0][1] == "Chưa hoàn thành"


#: Most queries of a book, whatever the size of the class.
QUERIES = {
    ("primary", Kind.CLASS_SUMMARY): 10,
    ("primary", Kind.HOMEROOM): 13,
    ("primary", Kind.ENTRY_SHEETS): 5,
    ("primary", Kind.SLIPS): 11,
    ("primary", Kind.REGISTER): 7,
    ("secondary", Kind.SUBJECT_BOOK): 8,
    ("secondary", Kind.CLASS_BOOK): 8,
    ("secondary", Kind.HOMEROOM): 8,
    ("secondary", Kind.ENTRY_SHEETS): 6,
    ("secondary", Kind.SLIPS): 8,
}
_GATHER = {
    Kind.CLASS_SUMMARY: lambda c: primary_books.class_summary(c, "cn", STAMP),
    Kind.SUBJECT_BOOK: lambda c: secondary_books.subject_book(c, "toan", STAMP),
    Kind.CLASS_BOOK: lambda c: secondary_books.class_book(c, "", STAMP),
    Kind.HOMEROOM: lambda c: family_books.homeroom_book(c, STAMP),
    Kind.REGISTER: lambda c: family_books.register(c.school, YEAR, STAMP),
    Kind.ENTRY_SHEETS: lambda c: empty_sheets.entry_sheets(
        c, moments_for(Kind.ENTRY_SHEETS, c.grade)[-1], "", STAMP
    ),
    Kind.SLIPS: lambda c: slips.slips(c, "cn", STAMP),
}


@pytest.mark.parametrize(("level", "kind"), QUERIES)
def test_a_larger_class_costs_no_more_queries(level, kind, request):
    school: School = request.getfixturevalue(level)
    (name,) = school.classes

    def count() -> int:
        fresh = type(school.classes[name]).objects.select_related("school").get(pk=school.classes[name].pk)
        with CaptureQueriesContext(connection) as seen:
            _GATHER[kind](fresh)
        return len(seen)

    before = count()
    for n in range(10, 16):
        make_pupil(school, name, n, f"Trần Văn Số {n}")
    assert count() == before <= QUERIES[level, kind]


def test_every_export_is_on_record_and_names_its_maker(primary):
    actor = primary.actor(Role.HOMEROOM, "3A")
    made = export_book(actor, ask(primary, Kind.CLASS_SUMMARY, "3A", moment="cn"))
    assert made.name == "bang-tong-hop-3A-cn-2025-2026.pdf"
    assert f"bởi {actor.user.full_name} (giáo viên chủ nhiệm lớp 3A), số XD-" in text(made.content)
    event = Event.objects.get(action="books.exported")
    assert event.actor == actor.label
    assert event.organisation == primary.unit.code
    assert event.details["kind"] == "class-summary"
    assert event.details["class_name"] == "3A"


def test_a_refused_export_leaves_nothing(primary):
    clerk = primary.actor(Role.DATA_CLERK)
    with pytest.raises(NotAllowed):
        export_book(clerk, ask(primary, Kind.CLASS_SUMMARY, "3A", moment="cn"))
    wrong = {
        "book_needs_class": ask(primary, Kind.CLASS_SUMMARY, None, moment="cn"),
        "book_needs_moment": ask(primary, Kind.CLASS_SUMMARY, "3A", moment="hk1"),
        "book_wrong_level": ask(primary, Kind.CLASS_BOOK, "3A"),
        "book_no_such_format": ask(primary, Kind.HOMEROOM, "3A", format="xlsx"),
    }
    for code, request in wrong.items():
        with pytest.raises(DomainError) as refused:
            export_book(Actor.operator(), request)
        assert refused.value.code == code
    assert not Event.objects.filter(action="books.exported").exists()


def test_the_workbook_holds_the_same_results(secondary):
    made = export_book(Actor.operator(), ask(secondary, Kind.CLASS_BOOK, "7A2", format="xlsx"))
    workbook = openpyxl.load_workbook(io.BytesIO(made.content))
    assert workbook.sheetnames == ["Học kỳ I", "Học kỳ II", "Cả năm"]
    row = next(row for row in workbook["Học kỳ I"].iter_rows(values_only=True) if row[1] == "Bùi Minh An")
    assert 8 in row
    assert row[-2:] == ("Tốt", "Tốt")


TEACHER_KINDS = {Kind.SUBJECT_BOOK, Kind.ENTRY_SHEETS}
MAY = {
    Role.PRINCIPAL: set(Kind),
    Role.DEPUTY_PRINCIPAL: set(Kind),
    Role.HOMEROOM: set(Kind) - {Kind.REGISTER},
    Role.SUBJECT_TEACHER: TEACHER_KINDS,
    Role.DATA_CLERK: {Kind.REGISTER, Kind.ENTRY_SHEETS},
    Role.AUDITOR: {Kind.CLASS_SUMMARY, Kind.SUBJECT_BOOK, Kind.CLASS_BOOK, Kind.REGISTER},
    Role.SEAL_KEEPER: set(),
    Role.GROUP_HEAD: set(),
    Role.SYSTEM_ADMIN: set(),
}


@pytest.mark.parametrize("role", MAY)
def test_who_may_take_out_which_book(role, secondary):
    own = secondary.classes["7A2"]
    in_class = own if role in (Role.HOMEROOM, Role.SUBJECT_TEACHER) else None
    if in_class is not None:
        Assignment.objects.filter(school_class=own, role=role).delete()
    elif role == Role.PRINCIPAL:
        Assignment.objects.filter(role=role).delete()
    fields = {"subject_code": "toan"} if role == Role.SUBJECT_TEACHER else {}
    actor = people.actor(role, secondary.unit, in_class, **fields)

    def may(school_class, subject="toan") -> set[Kind]:
        return {
            kind
            for kind in Kind
            if door.allowed(actor, "books.export", BookTarget(secondary.unit, kind, school_class, subject))
        }

    assert may(own) == MAY[role]
    if in_class is not None:
        other = people.school_class(secondary.unit, "7A9", 7)
        assert may(other) == set()
    if role == Role.SUBJECT_TEACHER:
        assert may(own, "ngu-van") == set()
        assert may(own, "") == set()


def test_every_book_of_a_level_comes_for_its_classes(primary, secondary):
    """Each kind × moment × format that the page offers can be drawn."""
    for school in (primary, secondary):
        (in_class,) = school.classes.values()
        for kind, known in KINDS.items():
            if known.needs_class and not fits(kind, in_class):
                continue
            for moment in moments_for(kind, in_class.grade) or ("",):
                for form in known.formats:
                    made = export_book(
                        Actor.operator(),
                        BookRequest(kind, school.unit, YEAR, in_class, "toan", moment, form),
                    )
                    assert made.content[:4] in (b"%PDF", b"PK\x03\x04")


def test_marks_that_nobody_entered_are_empty_cells(secondary):
    make_pupil(secondary, "7A2", 9, "Nguyễn Chưa Có")
    data = secondary_books.class_book(secondary.classes["7A2"], "", STAMP)
    new = data.rows[-1]
    assert new.person.name == "Nguyễn Chưa Có"
    assert new.study == ("", "", "")
    assert not any(new.year.values())
    assert not YearRecord.objects.filter(enrolment__pupil__full_name="Nguyễn Chưa Có").exists()
    assert "Nguyễn Chưa Có" in operator(ask(secondary, Kind.SUBJECT_BOOK, "7A2", subject="toan"))
