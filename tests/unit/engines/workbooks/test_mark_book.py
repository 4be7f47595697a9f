# ruff: noqa: E501 (tables: one case, one line)
"""Secondary mark books: every value of the samples, the shapes that other software writes, what is refused."""

from __future__ import annotations

import json
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.regulation.secondary import secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks import Unreadable, WorkbookKind, detect, read_mark_book
from tests.unit.engines.workbooks.build import SAMPLES, YEAR, saved
from tests.unit.engines.workbooks.mark_build import (
    AN,
    BINH,
    FIRST,
    HEAD,
    MARKS,
    TITLE,
    add,
    bytes_of,
    codes,
    empty,
    read,
)

SHORT = ["STT", "Mã HS", "Họ tên", "TX1", "TX2", "GK", "CK"]


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(("name", "pupils"), [("6A1", 34), ("9A1", 35)])
def test_every_cell_of_the_samples_is_read_as_it_stands(name: str, pupils: int) -> None:
    path = SAMPLES / "thcs" / f"so_diem_{name}.xlsx"
    reading = read_mark_book(path.read_bytes(), year=YEAR)
    assert detect(path.read_bytes()) is WorkbookKind.SECONDARY_MARKS
    assert reading.errors == []
    assert len(reading.rows) == pupils * 25
    book = openpyxl.load_workbook(path)
    letters = {header.sheet: header.columns for header in reading.headers}
    for row in reading.rows:
        assert (row.ok, row.class_name) == (True, name)
        sheet = book[row.sheet]
        assert row.term == (("hk2" if row.sheet.startswith("HKII") else "hk1") if row.subject else "")
        filled = {c.column_letter for c in sheet[row.row] if c.value is not None} - {"A", "B", "C"}
        assert len(row.values) == len(filled)
        for field, value in row.values.items():
            column = letters[row.sheet]["comment" if field == "homeroom_comment" else field]
            written = sheet[f"{column}{row.row}"].value
            assert str(value) == written or Decimal(str(value)) == Decimal(str(written))


def test_stated_averages_are_those_of_an_independent_reading() -> None:
    expected = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["results"]["79000201"]
    grade = secondary_grade(6, SchoolYear.parse(YEAR))
    reading = read_mark_book((SAMPLES / "thcs" / "so_diem_6A1.xlsx").read_bytes(), year=YEAR)
    for row in reading.rows:
        if row.subject:
            wanted = expected[row.code]["hk"][row.term[-1]][grade.subject(row.subject).name]
            assert row.values["stated"] == wanted.removesuffix(".0")


MERGED = ("D4:G4",)
SHAPES = [
    ("numbered", [["STT", "Mã học sinh", "Họ và tên", "ĐĐGtx 1", "ĐĐGtx 2", "ĐĐGtx 3", "ĐĐGtx 4", "ĐĐGgk", "ĐĐGck", "ĐTBmhk"]], (), []),
    ("merged over TX1 to TX4", [["STT", "Mã HS", "Họ tên", "ĐĐGtx", None, None, None, "ĐĐGgk", "ĐĐGck", "ĐTB\nmhk"], [None, None, None, "TX1", "TX2", "TX3", "TX4"]], MERGED, []),
    ("merged over numbers", [["STT", "Mã HS", "Họ tên", "Điểm đánh giá thường xuyên", None, None, None, "Giữa kì", "Cuối kì", "TBM"], [None, None, None, 1, 2, 3, 4]], (*MERGED, "A4:A5", "B4:B5"), []),
    ("merged without numbers", [["STT", "Mã HS", "Họ tên", "Thường xuyên", None, None, None, "GK", "CK", "Điểm TB"]], MERGED, []),
    ("group in a line above", [[None, None, None, "ĐĐGtx"], ["STT", "Mã HS", "Họ tên", "1", "2", "3", "4", "GK", "CK", "ĐTBmhk I"]], MERGED, []),
    ("only the first column titled", [["STT", "Mã HS", "Họ tên", "ĐĐGtx", None, None, None, "GK", "CK", "ĐTBmhk"]], (), [("untitled_column", "warning")] * 3),
    ("NFD, line breaks, no-break spaces", [[nfd(t) for t in ["STT", "Mã\u00a0học sinh", "Họ và\ntên", "TX1 ", "TX2", "TX3", " TX4", "ĐĐGgk", "ĐĐGck", "ĐTB mhk"]]], (), []),
]  # fmt: skip


@pytest.mark.parametrize(("head", "merges", "told"), [c[1:] for c in SHAPES], ids=[c[0] for c in SHAPES])
def test_the_header_is_understood_by_its_texts(head: Any, merges: Any, told: Any) -> None:
    reading = read([*AN, *MARKS[:7]], head=head, merges=merges)
    marks = {"tx1": "8", "tx2": "7", "tx3": "6", "tx4": "5", "gk": "9", "ck": "10", "stated": "8.1"}
    assert [row.values for row in reading.rows] == [marks]
    assert codes(reading) == told


IDENTITIES = [
    ("title", TITLE, "Sheet1", ("6A1", "toan", "hk1"), []),
    ("title with other words", "Lớp: 6A1   Môn: Tin học   Học kì: 2", "Sheet1", ("6A1", "tin-hoc", "hk2"), []),
    ("no title", "BẢNG ĐIỂM", "Toán 6A1 HK2", ("6A1", "toan", "hk2"), []),
    ("sheet name cut at 31 characters", "LỚP 6A1", "HKII Nội dung giáo dục của địa ", ("6A1", "giao-duc-dia-phuong", "hk2"), []),
    ("subject with a comma", "SỔ ĐIỂM MÔN HOẠT ĐỘNG TRẢI NGHIỆM, HƯỚNG NGHIỆP - LỚP 9A1 - HỌC KỲ II", "x", ("9A1", "hoat-dong-trai-nghiem", "hk2"), []),
    ("without diacritics", "SO DIEM MON NGU VAN - LOP 6A1 - HOC KY I", "HKI Ngu van", ("6A1", "ngu-van", "hk1"), []),
    ("NFD", nfd(TITLE), "x", ("6A1", "toan", "hk1"), []),
    ("class of upper secondary", "MÔN: Vật lí - LỚP 10A2 - HK I", "x", ("10A2", "vat-li", "hk1"), []),
    ("name against title", TITLE, "HKII Ngữ văn 6A2", ("6A1", "toan", "hk1"), [("other_class_name", "warning"), ("other_term", "warning"), ("other_subject", "warning")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "name", "wanted", "told"), [c[1:] for c in IDENTITIES], ids=[c[0] for c in IDENTITIES]
)
def test_class_subject_and_semester_are_told_by_title_then_by_name(
    title: str, name: str, wanted: tuple[str, str, str], told: Any
) -> None:
    reading = read([*AN], [*BINH], head=[SHORT], title=title, name=name)
    assert {(row.class_name, row.subject, row.term) for row in reading.rows} == {wanted}
    assert codes(reading) == told


UNKNOWN = [
    ("no class", "MÔN TOÁN - HỌC KỲ I", "Sheet1", "unknown_class"),
    ("no subject", "LỚP 6A1 - HỌC KỲ I", "Sheet1", "unknown_subject"),
    ("no semester", "MÔN TOÁN - LỚP 6A1", "Sheet1", "unknown_term"),
    ("both semesters", "MÔN TOÁN - LỚP 6A1 - HỌC KỲ I, HỌC KỲ II", "Sheet1", "unknown_term"),
    ("a primary class", "MÔN TOÁN - LỚP 5A - HỌC KỲ I", "Sheet1", "not_secondary"),
    ("a subject that the grade has not", "MÔN VẬT LÍ - LỚP 6A1 - HỌC KỲ I", "Sheet1", "part_of_subject"),
    ("no such subject", "MÔN BƠI LỘI - LỚP 6A1 - HỌC KỲ I", "Sheet1", "unknown_subject"),
    ("another year", TITLE.replace("2025-2026", "2024-2025"), "HKI Toán", "other_year"),
]


@pytest.mark.parametrize(("title", "name", "code"), [c[1:] for c in UNKNOWN], ids=[c[0] for c in UNKNOWN])
def test_a_page_that_cannot_be_placed_is_refused_once(title: str, name: str, code: str) -> None:
    reading = read([*AN, *MARKS], title=title, name=name)
    assert reading.rows == []
    assert codes(reading) == [(code, "error")]


CELLS = [
    ("a decimal comma in text", "7,5", "7.5", []),
    ("spaces around", " 7.5\u00a0", "7.5", []),
    ("a whole number as Excel keeps it", 8.0, "8", []),
    ("absent", "v", "V", []),
    ("exempt", "Miễn", "M", []),
    ("float noise is told", 7.000000000000001, "7", [("float_noise", "warning")]),
    ("two decimals", 7.25, None, [("bad_mark", "error")]),
    ("two decimals as text", "7,25", None, [("bad_mark", "error")]),
    ("above ten", 10.5, None, [("bad_mark", "error")]),
    ("75 is not 7.5", 75, None, [("bad_mark", "error")]),
    ("below zero", -1, None, [("bad_mark", "error")]),
    ("a letter where marks are scored", "Đ", None, [("bad_mark", "error")]),
    ("a date: Excel made 5 June of 5.6", date(2026, 6, 5), None, [("date_for_mark", "error")]),
    ("the number of a day", 46178, None, [("date_for_mark", "error")]),
    ("a day in text", "05/06/2026", None, [("date_for_mark", "error")]),
    ("a day in English text", "5-Jun", None, [("date_for_mark", "error")]),
    ("a day in Vietnamese text", "05-Thg6", None, [("date_for_mark", "error")]),
    ("true", True, None, [("cell_type", "error")]),
    ("an error", "#N/A", None, [("cell_error", "error")]),
    ("a formula never calculated", "=1+1", None, [("formula_without_value", "error")]),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "value", "told"), [c[1:] for c in CELLS], ids=[c[0] for c in CELLS])
def test_a_mark_is_taken_as_seen_or_refused_at_its_cell(cell: Any, value: str | None, told: Any) -> None:
    reading = read([*AN, 8, cell, 6, 5, 9, 10], [*BINH, *MARKS])
    assert reading.rows[0].values.get("tx2") == value
    assert codes(reading) == told
    errors = [issue for issue in reading.issues if issue.code == (told[0][0] if told else "")]
    assert [(i.row, i.column_letter, i.sheet) for i in errors] == [(FIRST, "E", "HKI Toán")] * len(told)
    assert [row.ok for row in reading.rows] == [value is not None, True]


def test_a_mark_that_became_a_date_is_named_and_taken_after_a_yes() -> None:
    data = bytes_of([*AN, 8, date(2026, 6, 5), 6, 5, 9, 10])
    (issue,) = read_mark_book(data, year=YEAR).errors
    assert issue.proposal == "5,6"
    assert "5,6" in issue.message
    yes = read_mark_book(data, year=YEAR, decisions={(FIRST, "date_for_mark"): True})
    assert (yes.errors, yes.rows[0].values["tx2"], yes.rows[0].ok) == ([], "5.6", True)
    no = read_mark_book(data, year=YEAR, decisions={(FIRST, "date_for_mark"): False})
    assert ("tx2" in no.rows[0].values, no.rows[0].ok) == (False, False)


ARTS = TITLE.replace("TOÁN", "NGHỆ THUẬT")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("Đ", "Đ"),
        ("đ", "Đ"),
        ("Đạt", "Đ"),
        ("CĐ", "CĐ"),
        ("Chưa đạt", "CĐ"),
        ("V", "V"),
        ("D", None),
        (8, None),
    ],
)
def test_a_comment_subject_takes_d_and_cd(cell: Any, value: str | None) -> None:
    reading = read([*AN, cell], title=ARTS, name="HKI Nghệ thuật", head=[SHORT])
    assert reading.rows[0].values.get("tx1") == value


@given(st.one_of(st.floats(-2, 12), st.integers(-5, 110), st.text(max_size=6), st.dates(), st.booleans()))
def test_no_cell_maps_to_a_mark_that_nobody_saw(cell: Any) -> None:
    """Whatever stands in a cell: a mark in the reading shows the same number or letter, or was asked."""
    from hocbaso.engines.workbooks.grid import Sheet
    from hocbaso.engines.workbooks.mark_columns import find_page
    from hocbaso.engines.workbooks.mark_identity import Identity
    from hocbaso.engines.workbooks.mark_record import MarkReader
    from hocbaso.engines.workbooks.notes import Notes
    from hocbaso.engines.workbooks.unique import Persons

    class Bare(Sheet):
        rows = [[str(t) for t in HEAD]]  # type: ignore[assignment]
        merges = []  # type: ignore[assignment]
        flaws = type("F", (), {"cells": {}, "hidden_rows": set(), "hidden_columns": set()})()  # type: ignore[assignment]

    class Book:
        date1904 = False

    page = find_page(Bare(Book(), 0, "x", True))  # type: ignore[arg-type]
    assert page is not None
    notes = Notes(page.table, None, main=True)
    toan = secondary_grade(6, SchoolYear.parse(YEAR)).subject("toan")
    reader = MarkReader(notes, page, Persons("học sinh"), Identity("6A1", toan, "hk1"))
    row = ["1", "1000000001", "Nguyễn Văn An", cell, "", "", "", "", "", "", ""]
    read_row = reader.read(1, row)
    if (mark := read_row.values.get("tx1")) is None:
        return
    if mark in ("V", "M"):
        assert str(cell).strip().lower() in ("v", "vắng", "m", "miễn")
    elif isinstance(cell, str):
        assert Decimal(mark) == Decimal(cell.strip().replace(",", "."))
    else:
        assert Decimal(mark) == Decimal(repr(cell)) or notes.issues[0].proposal == mark.replace(".", ",")


def test_blank_rows_repeated_headers_and_signatures_are_no_pupils() -> None:
    rows = [
        [*AN, *MARKS], [], HEAD, [*BINH, *MARKS], [], [None, "Tổng số: 2 học sinh"],
        [None] * 7 + ["Ngày 20 tháng 5 năm 2026"], [None] * 7 + ["Giáo viên bộ môn"], [None] * 7 + ["Lê Thị Hoa"],
    ]  # fmt: skip
    reading = read(*rows)
    assert [row.code for row in reading.rows] == [AN[1], BINH[1]]
    assert reading.errors == []
    assert "repeated_header" in {one.kind for one in reading.skipped}


def test_hidden_rows_are_read_and_told_hidden_sheets_are_told_and_not_read() -> None:
    book = empty()
    add(book, [[*AN, *MARKS], [*BINH, *MARKS]]).row_dimensions[FIRST].hidden = True
    add(book, [[*AN, *MARKS]], name="HKII Toán", title=TITLE.replace("KỲ I", "KỲ II")).sheet_state = "hidden"
    reading = read_mark_book(saved(book), year=YEAR)
    assert len(reading.rows) == 2
    assert codes(reading) == [("hidden_rows", "warning"), ("sheet_not_read", "warning")]


def test_a_second_table_below_the_first_is_refused_from_its_title_on() -> None:
    second = [TITLE.replace("KỲ I", "KỲ II")]
    reading = read([*AN, *MARKS], [], second, HEAD, [*AN, *MARKS])
    assert [row.ok for row in reading.rows] == [True, False]
    assert codes(reading) == [("second_table", "error")]


def test_of_two_sheets_for_the_same_page_neither_is_taken() -> None:
    book = empty()
    add(book, [[*AN, *MARKS]])
    add(book, [[*AN, *MARKS]], name="HKI Toán (2)")
    reading = read_mark_book(saved(book), year=YEAR)
    assert codes(reading) == [("page_twice", "error")] * 2
    assert {issue.sheet for issue in reading.issues} == {"HKI Toán", "HKI Toán (2)"}
    assert [row.ok for row in reading.rows] == [False]


@pytest.mark.parametrize(
    ("written", "value", "found"),
    [
        ("3 buổi", 3, [("days_in_words", "warning")]),
        ("3,0", 3, [("days_in_words", "warning")]),
        (46.0, 46, []),
        ("45", 45, []),
        (250, 250, []),
        (251, None, [("bad_number_of_days", "error")]),
        (3.5, None, [("bad_number_of_days", "error")]),
        (-1, None, [("bad_number_of_days", "error")]),
        ("không", None, [("bad_number_of_days", "error")]),
    ],
)
def test_absences_are_whole_numbers_told_in_words_of_absences(
    written: object, value: int | None, found: list[tuple[str, str]]
) -> None:
    head = ["STT", "Mã HS", "Họ tên", "Rèn luyện HKI", "Số buổi nghỉ có phép"]
    reading = read([*AN, "T", written], head=[head], title="LỚP 6A1", name="Rèn luyện")
    assert (reading.rows[0].values.get("absent_excused"), codes(reading)) == (value, found)
    assert all("Điểm" not in issue.message for issue in reading.issues)


def test_a_pupil_twice_on_a_page_is_refused_and_once_on_each_page_is_usual() -> None:
    assert codes(read([*AN, *MARKS], [*AN, *MARKS])) == [("duplicate_code", "error")]
    book = empty()
    add(book, [[*AN, *MARKS]])
    add(book, [[*AN, *MARKS]], name="HKII Toán", title=TITLE.replace("KỲ I", "KỲ II"))
    assert codes(read_mark_book(saved(book), year=YEAR)) == []


def test_a_subject_teachers_book_has_a_sheet_for_each_class() -> None:
    book = empty()
    for name in ("6A1", "6A2"):
        add(book, [[*AN, *MARKS]], name=name, title="SỔ ĐIỂM MÔN TOÁN - HỌC KỲ I - NĂM HỌC 2025-2026")
    reading = read_mark_book(saved(book), year=YEAR)
    assert [(row.class_name, row.subject, row.term) for row in reading.rows] == [
        ("6A1", "toan", "hk1"),
        ("6A2", "toan", "hk1"),
    ]


def test_one_sheet_of_several_classes_says_the_class_in_a_column() -> None:
    head = ["STT", "Lớp", *SHORT[1:]]
    rows = [[1, "6A1", AN[1], AN[2], 8], [2, "6A2", BINH[1], BINH[2], 7]]
    reading = read(*rows, head=[head])
    assert [row.class_name for row in reading.rows] == ["6A1", "6A2"]
    assert ("class_line_differs", "warning") in codes(reading)


def test_the_page_of_conduct_is_read_by_semester() -> None:
    head = [["STT", "Mã HS", "Họ tên", "Rèn luyện", None, "Số buổi nghỉ", None, "Nhận xét của GVCN"], [None, None, None, "HKI", "HKII", "Có phép", "Không phép"]]  # fmt: skip
    reading = read([*AN, "T", "chưa đạt", 3, 0, "Chăm."], [*BINH, "TB", "Tốt", "x", 0], head=head, merges=("D4:E4", "F4:G4"), title="LỚP 6A1", name="Rèn luyện")  # fmt: skip
    assert reading.rows[0].values == {
        "conduct_1": "Tốt",
        "conduct_2": "Chưa đạt",
        "absent_excused": 3,
        "absent_unexcused": 0,
        "homeroom_comment": "Chăm.",
    }
    assert codes(reading) == [("bad_conduct", "error"), ("bad_number_of_days", "error")]


def test_a_column_of_conduct_without_a_semester_takes_the_titles() -> None:
    head = ["STT", "Mã HS", "Họ tên", "Kết quả rèn luyện"]
    said = read([*AN, "Tốt"], head=[head], title="RÈN LUYỆN LỚP 6A1 HỌC KỲ II", name="RL")
    assert said.rows[0].values == {"conduct_2": "Tốt"}
    unsaid = read([*AN, "Tốt"], head=[head], title="RÈN LUYỆN LỚP 6A1", name="RL")
    assert (unsaid.rows, codes(unsaid)) == ([], [("unknown_term", "error")])


def test_two_columns_for_one_mark_are_refused() -> None:
    head = [*SHORT, "Điểm GK"]
    reading = read([*AN, 8, 7, 6, 5, 4], head=[head])
    assert codes(reading) == [("duplicate_column", "error")]


def test_a_seventh_regular_mark_is_refused_where_it_stands() -> None:
    head = ["STT", "Mã HS", "Họ tên", *(f"TX{n}" for n in range(1, 8)), "GK", "CK"]
    reading = read([*AN, 1, 2, 3, 4, 5, 6, 7, 8, 9], [*BINH, 1, 2, 3, 4, 5, 6, None, 8, 9], head=[head])
    assert codes(reading) == [("too_many_regular", "error")]
    assert [row.ok for row in reading.rows] == [False, True]


def test_a_book_with_fewer_columns_than_the_circular_counts_is_told_once() -> None:
    reading = read([*AN, 8, 7, 9, 10], head=[SHORT])
    assert [i.code for i in reading.issues] == ["few_regular_columns"]
    assert "cần 4 cột" in reading.issues[0].message


def test_a_pupil_without_all_marks_is_told_once_a_page() -> None:
    reading = read([*AN, 8], [*BINH, *MARKS])
    assert [(i.code, i.severity) for i in reading.issues] == [("missing_marks", "warning")]
    assert "dòng 5" in reading.issues[0].message


def test_an_average_is_kept_as_it_shows_and_one_that_cannot_be_is_told() -> None:
    reading = read([*AN, 8, 7, 6, 5, 9, 10, 8.0714285], [*BINH, 8, 7, 6, 5, 9, 10, "cao"])
    assert [row.values.get("stated") for row in reading.rows] == ["8.1", None]
    assert codes(reading) == [("bad_stated", "warning")]


def test_a_workbook_without_marks_is_told() -> None:
    with pytest.raises(Unreadable) as told:
        read_mark_book((SAMPLES / "thcs" / "danh_sach_hoc_sinh.xlsx").read_bytes(), year=YEAR)
    assert told.value.code == "marks_no_page"
    book = empty()
    add(book, [[*AN, *MARKS]])
    book.create_sheet("Trống")
    book["HKI Toán"].sheet_state = "hidden"
    with pytest.raises(Unreadable) as told:
        read_mark_book(saved(book), year=YEAR)
    assert told.value.code == "marks_pages_hidden"


@pytest.mark.parametrize("school", ["thcs", "tieu_hoc"])
def test_other_forms_are_not_taken_for_mark_books(school: str) -> None:
    kinds = {
        detect(path.read_bytes()) for path in (SAMPLES / school).glob("*.xlsx") if "so_diem" not in path.name
    }
    assert WorkbookKind.SECONDARY_MARKS not in kinds
    assert WorkbookKind.UNKNOWN not in kinds


def test_a_page_that_lost_its_header_is_refused_and_an_empty_one_told() -> None:
    book = empty()
    add(book, [[*AN, *MARKS]])
    add(book, [[*AN, *MARKS], [*BINH, *MARKS]], name="HKII Toán", head=[["a", "b", "c"]])
    add(book, [], name="HKII Ngữ văn", head=[])
    add(book, [["ghi chú"]], name="Ghi chép", head=[])
    reading = read_mark_book(saved(book), year=YEAR)
    assert [(i.sheet, i.code, i.severity) for i in reading.issues] == [
        ("HKII Toán", "sheet_not_read", "error"),
        ("HKII Ngữ văn", "sheet_not_read", "warning"),
    ]
