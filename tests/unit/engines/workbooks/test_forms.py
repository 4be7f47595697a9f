"""The sector's forms as this system writes them: they come back unchanged, and nothing in them is a formula
that somebody else wrote."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.regulation.programme import PRIMARY_GRADES, TT32_PRIMARY
from hocbaso.core.regulation.secondary import SECONDARY_GRADES, Form, secondary_grade
from hocbaso.core.regulation.tt22 import TermMarks, show_mark, term_result
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks import WorkbookKind, detect, read_mark_book, read_primary_results
from hocbaso.engines.workbooks.form_writer import FormPage, Stamp, sheet_name, write_form
from hocbaso.engines.workbooks.mark_form import Line, conduct_page, marks_page
from hocbaso.engines.workbooks.result_form import ResultLine, result_page
from hocbaso.engines.workbooks.text import tidy
from tests.unit.engines.workbooks.build import YEAR

AT = datetime(2026, 5, 20, 8, 5, tzinfo=timezone(timedelta(hours=7)))
STAMP = Stamp("Lê Thị Hoa (giáo viên chủ nhiệm)", AT)
GRADE = secondary_grade(6, SchoolYear.parse(YEAR))
SCORED = st.one_of(
    st.sampled_from(["", "V", "M", "10", "0"]),
    st.integers(1, 99).map(lambda n: str(Decimal(n) / 10).removesuffix(".0")),
)
PASSED = st.sampled_from(["", "Đ", "CĐ", "V", "M"])
#: Comments as the database may hold them, with what spreadsheets take for formulas.
TEXTS = st.one_of(
    st.just(""),
    st.tuples(
        st.sampled_from(["", "=1+1", "+84", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0"]), st.text(max_size=30)
    )
    .map("".join)
    .map(tidy),
).filter(lambda text: text.isprintable() and tidy(text) == text)


def written(*pages: FormPage) -> bytes:
    return write_form(pages, school="Trường THCS Sao Khuê", school_code="79000201", year=YEAR, stamp=STAMP)


def page(subject_code: str, lines: list[Line], term: str = "hk1", regular: int = 4) -> FormPage:
    subject = GRADE.subject(subject_code)
    needed = subject.regular_count
    return marks_page(subject, term, lines, class_name="6A1", year=YEAR, regular=regular, needed=needed)


def kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "")}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["toan", "nghe-thuat"]), st.sampled_from(["hk1", "hk2"]))
def test_what_was_written_is_read_again_mark_for_mark(data: st.DataObject, code: str, term: str) -> None:
    mark = SCORED if GRADE.subject(code).form is Form.SCORED else PASSED
    names = ("tx1", "tx2", "tx3", "tx4", "gk", "ck")
    row = st.fixed_dictionaries({**dict.fromkeys(names, mark), "comment": TEXTS})
    values = data.draw(st.lists(row, min_size=1, max_size=4))
    lines = [Line(f"10000000{n:02}", f"Nguyễn Văn {'Ánh' * (n % 9 + 1)}", v) for n, v in enumerate(values)]
    reading = read_mark_book(written(page(code, lines, term)), year=YEAR)
    assert reading.errors == []
    assert [(r.class_name, r.subject, r.term, r.code) for r in reading.rows] == [
        ("6A1", code, term, line.code) for line in lines
    ]
    assert [{k: v for k, v in r.values.items() if k != "stated"} for r in reading.rows] == [
        kept(dict(line.values)) for line in lines
    ]
    assert reading.key is not None
    assert (reading.key.school, reading.key.year, reading.key.moment) == ("79000201", YEAR, AT.isoformat())


def test_every_page_of_every_grade_is_known_again() -> None:
    line = [Line("1000000001", "Nguyễn Văn An", {"tx1": ""})]
    for number in SECONDARY_GRADES:
        grade = secondary_grade(number, SchoolYear.parse(YEAR))
        name = f"{number}A1"
        pages = [
            marks_page(
                s, term, line, class_name=name, year=YEAR, regular=s.regular_count, needed=s.regular_count
            )
            for term in ("hk1", "hk2")
            for s in grade.subjects
        ]
        conduct = {"conduct_1": "Tốt", "conduct_2": "Chưa đạt", "absent_excused": 0, "absent_unexcused": 3}
        pages.append(conduct_page([Line("1000000001", "Nguyễn Văn An", conduct)], class_name=name, year=YEAR))
        data = written(*pages)
        assert detect(data) is WorkbookKind.SECONDARY_MARKS
        reading = read_mark_book(data, year=YEAR)
        assert reading.issues == []
        wanted = [(s.code, term) for term in ("hk1", "hk2") for s in grade.subjects] + [("", "")]
        assert [(row.subject, row.term) for row in reading.rows] == wanted
        assert reading.rows[-1].values == conduct


@pytest.mark.parametrize("number", PRIMARY_GRADES)
def test_the_primary_form_comes_back_by_the_shape_of_its_grade(number: int) -> None:
    grade = TT32_PRIMARY.grade(number)
    full = ResultLine(
        "1000000001",
        "Nguyễn Phúc Bảo Quỳnh Hương",
        "2017-02-09",
        {line.code: "T" for line in grade.lines},
        {line.code: 9 for line in grade.lines if line.tested},
        {trait.code: "Đ" for trait in grade.traits},
        {"absent_excused": 2, "absent_unexcused": 0, "homeroom_comment": "=Ngoan, chăm học."},
        completed=True,
        promoted=True,
        overall="HT",
    )
    empty = ResultLine("1000000002", "Trần Thị Bình", "2017-03")
    data = written(result_page(grade, [full, empty], class_name=f"{number}A", year=YEAR))
    assert detect(data) is WorkbookKind.PRIMARY_RESULTS
    reading = read_primary_results(data, year=YEAR)
    assert reading.errors == []
    one, two = reading.rows
    assert {code: s.level for code, s in one.subjects.items()} == full.levels
    assert {code: s.score for code, s in one.subjects.items() if s.score} == full.scores
    assert (one.traits, one.comment) == (full.traits, "=Ngoan, chăm học.")
    assert (one.absences_excused, one.absences_unexcused, one.birth_date) == (2, 0, "2017-02-09")
    assert (one.stated_overall, one.stated_completed, one.stated_promoted) == ("Hoàn thành", True, True)
    assert (two.subjects, two.traits, two.birth_date, two.class_name) == ({}, {}, "2017-03", f"{number}A")
    assert reading.key is not None


def sheets_xml(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return "".join(archive.read(name).decode() for name in names)


@given(TEXTS.filter(bool), TEXTS.filter(bool))
@settings(max_examples=30, deadline=None)
def test_nothing_that_people_typed_becomes_a_formula(name: str, comment: str) -> None:
    data = written(page("toan", [Line("1000000001", name, {"comment": comment})]))
    formulas = re.findall(r"<f>(.*?)</f>", sheets_xml(data))
    assert len(formulas) == 1
    assert formulas[0].startswith("IF(OR(COUNTA(")
    sheet = openpyxl.load_workbook(io.BytesIO(data))["HKI Toán"]
    assert (sheet["C5"].data_type, sheet["K5"].data_type) == ("s", "s")
    assert (sheet["C5"].value, sheet["K5"].value) == (name, comment)
    assert sheet["K5"].quotePrefix is bool(comment.startswith(("=", "+", "-", "@")))


def test_codes_names_and_averages_are_protected_and_marks_are_not() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(written(page("toan", [Line("1000000001", "An Bình", {"tx1": "8"})])))
    )
    sheet = book["HKI Toán"]
    assert sheet.protection.sheet
    assert {c.coordinate for c in sheet[5] if not c.protection.locked} == {f"{c}5" for c in "DEFGHIK"}
    assert sheet.freeze_panes == "D5"
    assert book["_hocbaso"].sheet_state == "veryHidden"
    rules = {str(rule.sqref): rule.type for rule in sheet.data_validations.dataValidation}
    assert rules["D5"] == "custom"
    assert rules["K5"] == "textLength"
    assert "Xuất từ Học bạ số bởi Lê Thị Hoa" in sheet["A3"].value
    assert "08:05 ngày 20/05/2026" in sheet["A3"].value


def test_letters_are_chosen_from_a_list() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(page("nghe-thuat", [Line("1000000001", "An", {})]))))[
        "HKI Nghệ thuật"
    ]
    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert rules["D5"] == '"Đ,CĐ,V,M"'


@given(st.lists(SCORED, min_size=4, max_size=4), SCORED, SCORED)
def test_the_average_that_a_form_shows_is_the_circulars(regular: list[str], mid: str, final: str) -> None:
    """What stands in the cell is the rule's; the formula's arithmetic is checked in LibreOffice by hand."""
    subject = GRADE.subject("toan")
    stated = term_result(subject, TermMarks(tuple(regular), mid, final)).text
    values = {f"tx{n}": text for n, text in enumerate(regular, start=1)} | {
        "gk": mid,
        "ck": final,
        "stated": stated,
    }
    made = page("toan", [Line("1000000001", "An", values)])
    shown = made.rows[0][9]
    assert (show_mark(stated) if stated else "") == ("" if shown is None else show_mark(str(shown)))


def test_sheet_names_are_cut_made_harmless_and_kept_apart() -> None:
    used: set[str] = set()
    long = "HKII Nội dung giáo dục của địa phương"
    assert [sheet_name(name, used) for name in (long, long, "6/1 HKI", "")] == [
        "HKII Nội dung giáo dục của địa ",
        "HKII Nội dung giáo dục của đị 2",
        "6-1 HKI",
        "Bảng",
    ]


def test_the_same_input_gives_the_same_bytes() -> None:
    lines = [Line("1000000001", "An", {"tx1": "8"})]
    assert written(page("toan", lines)) == written(page("toan", lines))
