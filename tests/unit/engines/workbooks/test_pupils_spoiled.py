# ruff: noqa: E501 (a table: one case, one line)
"""A corpus of spoiled pupil lists: each names the exact issues, and what the row says nevertheless."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from hocbaso.core.residence import map_address
from hocbaso.engines.workbooks import read_pupils
from tests.unit.engines.workbooks.build import (
    FIRST,
    HEADER_ROW,
    HEADERS,
    SECOND,
    THIRD,
    YEAR,
    clean_rows,
    column,
    put,
    saved,
    workbook,
)

Spoil = Callable[[Worksheet], object]


@dataclass
class Case:
    """``issues``: (row, code, severity) in the order of the reading; ``row`` the values of pupil ``at``."""

    rule: str
    spoil: Spoil
    issues: list[tuple[int, str, str]] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)
    at: int = FIRST


def several(*spoilers: Spoil) -> Spoil:
    def spoil(sheet: Worksheet) -> None:
        for one in spoilers:
            one(sheet)

    return spoil


def merge(area: str) -> Spoil:
    return lambda sheet: sheet.merge_cells(area)


def insert(before: int, *lines: list[Any]) -> Spoil:
    def spoil(sheet: Worksheet) -> None:
        for offset, line in enumerate(lines):
            sheet.insert_rows(before + offset)
            for index, value in enumerate(line, start=1):
                sheet.cell(before + offset, index, value)

    return spoil


def hide(row: int) -> Spoil:
    def spoil(sheet: Worksheet) -> None:
        sheet.row_dimensions[row].hidden = True

    return spoil


def broken(row: int, name: str, value: str) -> Spoil:
    def spoil(sheet: Worksheet) -> None:
        cell = sheet.cell(row, column(name))
        cell.value = value
        cell.data_type = "e"

    return spoil


W, E = "warning", "error"
CASES = [
    Case("a real date and a text date are the same day", put(FIRST, "birth", "08/02/2019"), [], {"birth_date": "2019-02-08"}),
    Case("a day and month without zeros is a date", put(FIRST, "birth", "8/2/2019"), [], {"birth_date": "2019-02-08"}),
    Case("a year alone is a date that civil papers may hold", put(FIRST, "birth", "2019"), [], {"birth_date": "2019"}),
    Case("a serial number in an unformatted cell is asked and counts", put(FIRST, "birth", 43504), [(5, "serial_date", W)], {"birth_date": "2019-02-08", "ok": True}),
    Case("a day that does not exist is refused", put(FIRST, "birth", "31/02/2019"), [(5, "bad_date", E)], {"birth_date": None, "ok": False}),
    Case("a month-first date is asked, not swapped", put(FIRST, "birth", "02/28/2019"), [(5, "bad_date", E)], {"birth_date": None}),
    Case("a two-digit year is refused", put(FIRST, "birth", "08/02/19"), [(5, "bad_date", E)], {"birth_date": None}),
    Case("a birth after the school year is refused", put(FIRST, "birth", "08/02/2029"), [(5, "bad_date", E)]),
    Case("a time of day beside the date is asked", put(FIRST, "birth", datetime(2019, 2, 8, 10, 30), "dd/mm/yyyy hh:mm"), [(5, "unsure_date", W)], {"birth_date": "2019-02-08"}),
    Case("words for a date are refused", put(FIRST, "birth", "chưa rõ"), [(5, "bad_date", E)]),
    Case("no birth date is refused", put(FIRST, "birth", None), [(5, "missing_birth_date", E)]),
    Case("a pupil far too old for the grade is asked about", put(FIRST, "birth", date(1979, 2, 8), "dd/mm/yyyy"), [(5, "unlikely_age", W), (5, "wrong_century_digit", W), (5, "wrong_year_digits", W)], {"ok": True}),
    Case("sex in any case is accepted", put(FIRST, "sex", " NAM "), [], {"sex": "Nam"}),
    Case("sex as text code is asked", put(SECOND, "sex", "0"), [(6, "sex_code", W)], {"sex": "Nữ"}, SECOND),
    Case("sex without accent is asked and refused meanwhile", put(SECOND, "sex", "nu"), [(6, "unknown_sex", E)], {"sex": None}, SECOND),
    Case("an unknown sex is refused", put(FIRST, "sex", "?"), [(5, "unknown_sex", E)], {"sex": None}),
    Case("a name in NFD is put into NFC with a word about it", put(FIRST, "name", unicodedata.normalize("NFD", "Nguyễn Văn Ẩn")), [(5, "text_normalised", W)], {"full_name": "Nguyễn Văn Ẩn"}),
    Case("a no-break space in a name is told", put(FIRST, "name", "Nguyễn\u00a0Văn An"), [(5, "text_normalised", W)], {"full_name": "Nguyễn Văn An"}),
    Case("a zero-width character in a name is told", put(FIRST, "name", "Nguyễn Văn\u200b An"), [(5, "text_normalised", W)], {"full_name": "Nguyễn Văn An"}),
    Case("a line break inside a name is told", put(FIRST, "mother", "Trần Thị\nHoa"), [(5, "text_normalised", W)], {"mother_name": "Trần Thị Hoa"}),
    Case("digits in a name are refused", put(FIRST, "name", "Nguyễn Văn An 2"), [(5, "bad_name", E)], {"full_name": None}),
    Case("no name is refused", put(FIRST, "name", "   "), [(5, "missing_full_name", E)], {"full_name": None}),
    Case("a number that lost its zero is asked and not kept", put(FIRST, "number", 79219000001), [(5, "lost_zero", W)], {"personal_number": None, "personal_number_raw": "79219000001", "ok": True}),
    Case("a number in scientific notation keeps its digits", put(FIRST, "number", 279219000001.0), [(5, "unknown_number_province", W)], {"personal_number": "279219000001"}),
    Case("a number of seven digits is refused", put(FIRST, "number", "0792190"), [(5, "short_number", E)], {"personal_number": None}),
    Case("a number of thirteen digits is refused", put(FIRST, "number", "0792190000011"), [(5, "bad_number", E)], {"personal_number": None}),
    Case("letters in a number are refused", put(FIRST, "number", "O79219000001"), [(5, "bad_number", E)], {"personal_number": None}),
    Case("spaces in a number are told", put(FIRST, "number", "079 219 000 001"), [(5, "text_normalised", W)], {"personal_number": "079219000001"}),
    Case("a number without pupil is a warning", put(FIRST, "number", None), [(5, "no_number", W)], {"personal_number": None, "ok": True}),
    Case("the same number twice refuses the later and tells the earlier", put(THIRD, "number", "079219000001"), [(5, "duplicate_number", W), (7, "duplicate_number", E)], {"ok": False}, THIRD),
    Case("the same pupil code twice refuses the later", put(THIRD, "code", "1000000001"), [(7, "duplicate_code", E)], {"ok": False}, THIRD),
    Case("a code as a number is what the person sees", put(FIRST, "code", 1000000001), [], {"code": "1000000001"}),
    Case("a short numeric code may have lost a zero", put(FIRST, "code", 100000001), [(5, "code_lost_zero", E)], {"code": None}),
    Case("a code rounded by Excel is refused", put(FIRST, "code", 12345678901234567890), [(5, "number_rounded", E)], {"code": None}),
    Case("a code with a dash is refused", put(FIRST, "code", "1000-0001"), [(5, "bad_code", E)], {"code": None}),
    Case("a misspelt ethnic group is refused with a proposal", put(FIRST, "ethnic", "Khơ me"), [(5, "unknown_ethnic", E)], {"ethnic_group_code": None}),
    Case("an ethnic group in other case is accepted", put(FIRST, "ethnic", "KHƠ-ME"), [], {"ethnic_group": "Khơ-me", "ethnic_group_code": "05"}),
    Case("an unknown status is refused with a proposal", put(FIRST, "status", "Đang hoc"), [(5, "unknown_status", E)], {"status": None}),
    Case("an empty status is asked", put(FIRST, "status", None), [(5, "no_status", W)], {"status": None, "ok": True}),
    Case("an old province with a present commune proposes the present unit", several(put(FIRST, "province", "Tỉnh Bình Dương"), put(FIRST, "commune", "Phường Dĩ An")), [(5, "old_province", W)], {"province": "Tỉnh Bình Dương", "province_code": None, "commune_code": None}),
    Case("an old commune name that several units had is not guessed", put(FIRST, "commune", "Phường 1"), [(5, "old_commune", W)], {"province_code": "79", "commune_code": None, "commune": "Phường 1"}),
    Case("an unknown province is a warning and kept as typed", put(FIRST, "province", "Xyz"), [(5, "unknown_province", W)], {"province": "Xyz", "province_code": None}),
    Case("father, mother and guardian all empty is a warning", several(put(THIRD, "father", None), put(THIRD, "mother", None), put(THIRD, "guardian", None)), [(7, "no_guardian", W)], {"father_name": None, "ok": True}, THIRD),
    Case("không stays không", put(FIRST, "father", "không"), [], {"father_name": "không"}),
    Case("a telephone number that lost its zero is asked", put(FIRST, "phone", 900000001), [(5, "phone_lost_zero", W)], {"phone": None}),
    Case("an odd telephone number is kept and told", put(FIRST, "phone", "12345"), [(5, "odd_phone", W)], {"phone": "12345"}),
    Case("a year of birth in words is left empty and told", put(FIRST, "father_year", "tám lăm"), [(5, "bad_year", W)], {"father_birth_year": None}),
    Case("a class that Excel made a date of is refused", put(FIRST, "class", date(2025, 1, 6), "d/m"), [(5, "cell_type", E)], {"class_name": None}),
    Case("a class as a decimal number is asked", put(FIRST, "class", 1.1), [(5, "class_as_number", W)], {"class_name": "1.1"}),
    Case("a class without grade is refused", put(FIRST, "class", "Hoa"), [(5, "bad_class", E)], {"class_name": None}),
    Case("a class with its word or a space is refused with a proposal", put(FIRST, "class", "Lớp 1 a"), [(5, "class_spelling", E)], {"class_name": None}),
    Case("a class in small letters is asked and kept meanwhile", put(FIRST, "class", "1a"), [(5, "class_spelling", W)], {"class_name": "1a", "ok": True}),
    Case("a name all in capitals is asked and kept meanwhile", put(FIRST, "name", "NGUYỄN VĂN AN"), [(5, "name_case", W)], {"full_name": "NGUYỄN VĂN AN"}),
    Case("the same child under two codes is told", several(put(THIRD, "name", "Nguyễn  Văn an"), put(THIRD, "birth", "08/02/2019")), [(7, "text_normalised", W), (7, "same_person", W)], {"ok": True}, THIRD),
    Case("the code of an ethnic group is refused with its name as proposal", put(FIRST, "ethnic", "04"), [(5, "unknown_ethnic", E)], {"ethnic_group": None}),
    Case("a hidden column is read and told", lambda sheet: setattr(sheet.column_dimensions["L"], "hidden", True), [(4, "hidden_columns", W)], {"phone": "0900000001"}),
    Case("a title of another school year is told", lambda sheet: sheet.cell(2, 4, "DANH SÁCH NĂM HỌC 2024 - 2025"), [(2, "other_year", W)]),
    Case("a title of this school year is right", lambda sheet: sheet.cell(2, 4, "Năm học: 2025-2026"), []),
    Case("a signature below with names is no pupil", several(lambda sheet: sheet.cell(9, 4, "Tổng số: 3 học sinh"), lambda sheet: sheet.cell(11, 14, "Ngày 05 tháng 9 năm 2025"), lambda sheet: sheet.cell(12, 14, "HIỆU TRƯỞNG"), lambda sheet: sheet.cell(15, 4, "Võ Tuấn Đạt"))),
    Case("a pupil named like a post is a pupil", put(FIRST, "name", "Nguyễn Văn Thư"), [], {"full_name": "Nguyễn Văn Thư"}),
    Case("an error cell is refused, not read as empty", broken(FIRST, "phone", "#N/A"), [(5, "cell_error", E)], {"phone": None, "ok": False}),
    Case("a formula never calculated is refused", put(FIRST, "name", '="Nguyễn"&" Văn An"'), [(5, "formula_without_value", E)], {"full_name": None}),
    Case("a hidden row is read and told", hide(SECOND), [(4, "hidden_rows", W)], {"full_name": "Lê Thị Ánh"}, SECOND),
    Case("a class merged over its pupils is each one's class", several(put(SECOND, "class", None), merge("B5:B6")), [(5, "merged_cell", W)], {"class_name": "1A"}, SECOND),
    Case("another merged cell belongs to its first row", several(put(SECOND, "phone", None), merge("L5:L6")), [(5, "merged_cell", W)], {"phone": None}, SECOND),
    Case("a class line gives the class of the rows below", several(put(FIRST, "class", None), insert(FIRST, ["LỚP 1A"])), [(8, "class_line_differs", W)], {"class_name": "1A"}, SECOND),
    Case("a class line that contradicts the cell is told", insert(FIRST, ["LỚP 2C"]), [(6, "class_line_differs", W), (7, "class_line_differs", W), (8, "class_line_differs", W)], {"class_name": "1A"}, SECOND),
    Case("a repeated header is no pupil", insert(SECOND, HEADERS), [], {"full_name": "Nguyễn Văn An"}),
    Case("numbered empty rows of a form are no pupils", insert(8, [4], [5], [6]), []),
    Case("an unknown column is told and not read", lambda sheet: (sheet.cell(4, 17, "Sở thích"), sheet.cell(5, 17, "vẽ")), [(4, "unknown_column", W)]),
    Case("text that looks like a formula is only text", put(FIRST, "guardian", "'=1+1"), [(5, "bad_name", E)], {"guardian_name": None}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_spoiled_list(case: Case) -> None:
    reading = read_pupils(workbook(case.spoil), year=YEAR)
    assert [(i.row, i.code, i.severity) for i in reading.issues] == case.issues
    assert len(reading.rows) == 3
    pupil = next(row for row in reading.rows if row.row == case.at)
    assert {name: getattr(pupil, name) for name in case.row} == case.row
    refused = {i.row for i in reading.errors}
    assert {row.row for row in reading.refused_rows} == refused


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 50


def test_columns_are_found_by_text_in_any_order_and_spelling() -> None:
    order = list(reversed(range(len(HEADERS))))
    headers = [unicodedata.normalize("NFD", HEADERS[i]).upper().replace("\n", " \n ") for i in order]
    rows = [[row[i] for i in order] for row in clean_rows()]
    turned = read_pupils(workbook(headers=headers, rows=rows), year=YEAR)
    assert turned.issues == []
    assert turned.rows == read_pupils(workbook(), year=YEAR).rows


def test_an_old_address_keeps_its_district_as_long_as_it_is_not_read_as_a_unit_of_today() -> None:
    def read(district: str, commune: str, *, yes: bool = False) -> tuple[str | None, str | None]:
        row = [*clean_rows()[0], district]
        row[column("province") - 1], row[column("commune") - 1] = "Thành phố Hồ Chí Minh", commune
        made = workbook(headers=[*HEADERS, "Quận/Huyện"], rows=[row])
        (pupil,) = read_pupils(made, year=YEAR, decisions={(FIRST, "old_commune"): yes}).rows
        return pupil.commune, pupil.commune_code

    kept = read("Quận Gò Vấp", "Phường 5")
    assert kept == ("Phường 5, Quận Gò Vấp", None)
    later = map_address(kept[0] or "", province="Thành phố Hồ Chí Minh")
    assert (later.outcome, later.commune and later.commune.name) == ("one", "Phường An Nhơn")
    assert map_address("Phường 5", province="Thành phố Hồ Chí Minh").outcome == "several"  # without it
    assert read("Quận Gò Vấp", "Phường 5", yes=True) == (
        "Phường An Nhơn",
        later.commune and later.commune.code,
    )
    assert read("không", "Phường Lạ") == ("Phường Lạ", None)


def test_the_export_of_2026_without_district_is_read() -> None:
    headers = [
        "STT", "Mã định danh Bộ GD&ĐT", "Họ tên", "Ngày sinh", "Giới tính", "Dân tộc", "Trạng thái",
        "SĐT liên hệ", "Nơi sinh chi tiết", "Tổ/thôn Hộ khẩu thường trú", "Tỉnh thành quê quán",
        "Phường Xã quê quán", "Chỗ ở hiện nay", "Số CMND", "Ngày cấp", "Nơi cấp", "Tên cha",
        "Nghề nghiệp cha", "Năm sinh cha", "Tên mẹ", "Nghề nghiệp mẹ", "Năm sinh mẹ", "Lớp học", "Khối học",
        "Số định danh cá nhân",
    ]  # fmt: skip
    row = [
        1, "1000000001", "Nguyễn Văn An", "08/02/2019", "Nam", "Kinh", "Đang học", "0900000001",
        "Bệnh viện Từ Dũ", "Khu phố 1", "Tỉnh Tây Ninh", "Xã Tân Lập", "12 đường số 5", "", "", "",
        "Nguyễn Văn Bình", "Công nhân", 1985, "Trần Thị Hoa", "Nội trợ", 1987, "1A", 1, "079219000001",
    ]  # fmt: skip
    reading = read_pupils(workbook(headers=headers, rows=[row]), year=YEAR)
    assert {i.code for i in reading.issues} == {"unknown_column"}
    assert [i.column for i in reading.issues] == ["Số CMND", "Ngày cấp", "Nơi cấp"]
    (pupil,) = reading.good_rows
    assert (pupil.class_name, pupil.code, pupil.personal_number) == ("1A", "1000000001", "079219000001")
    assert (pupil.home_town, pupil.hamlet) == ("Xã Tân Lập, Tỉnh Tây Ninh", "Khu phố 1")
    assert (pupil.father_name, pupil.mother_birth_year) == ("Nguyễn Văn Bình", 1987)


def test_a_header_of_two_rows_with_groups_is_understood() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet.insert_rows(HEADER_ROW)
        for index in range(1, len(HEADERS) + 1):
            if index not in (10, 11):
                sheet.cell(HEADER_ROW, index, sheet.cell(HEADER_ROW + 1, index).value)
                sheet.cell(HEADER_ROW + 1, index).value = None
                sheet.merge_cells(start_row=4, end_row=5, start_column=index, end_column=index)
        sheet.cell(HEADER_ROW, 10, "Theo địa chỉ thường trú")
        sheet.merge_cells("J4:K4")
        sheet["J5"], sheet["K5"] = "Tỉnh/Thành phố", "Xã/Phường"

    reading = read_pupils(workbook(spoil), year=YEAR)
    assert reading.issues == []
    assert [row.commune for row in reading.rows] == ["Phường Bình Thạnh", "Phường Bà Rịa", "Xã Vĩnh Lộc"]
    assert (reading.headers[0].first_row, reading.headers[0].last_row) == (4, 5)


def test_a_pupil_of_whom_only_a_name_is_left_is_refused_not_passed_over() -> None:
    def spoil(sheet: Worksheet) -> None:
        for index in range(1, len(HEADERS) + 1):
            sheet.cell(SECOND, index).value = None
        sheet.cell(SECOND, column("name")).value = "Nguyễn Văn Thư"

    reading = read_pupils(workbook(spoil), year=YEAR)
    assert [row.row for row in reading.rows] == [FIRST, SECOND, THIRD]
    assert {i.code for i in reading.errors} >= {"missing_code", "missing_birth_date", "missing_sex"}


def test_a_list_without_the_column_of_numbers_is_told_once() -> None:
    index = column("number") - 1
    rows = [row[:index] + row[index + 1 :] for row in clean_rows()]
    reading = read_pupils(workbook(headers=HEADERS[:index] + HEADERS[index + 1 :], rows=rows), year=YEAR)
    assert [(i.row, i.code, i.severity) for i in reading.issues] == [
        (HEADER_ROW, "no_personal_number_column", "warning")
    ]
    assert all(row.ok and row.personal_number is None for row in reading.rows)


def test_a_missing_column_is_named_once_with_what_was_found() -> None:
    index = HEADERS.index("Giới tính")
    headers = HEADERS[:index] + HEADERS[index + 1 :]
    rows = [row[:index] + row[index + 1 :] for row in clean_rows()]
    reading = read_pupils(workbook(headers=headers, rows=rows), year=YEAR)
    (issue,) = reading.issues
    assert (issue.code, issue.severity, issue.row) == ("missing_column", "error", HEADER_ROW)
    assert "“Giới tính”" in issue.message
    assert "“Họ tên”" in issue.message
    assert reading.rows == []


def test_two_columns_for_one_required_field_are_refused() -> None:
    reading = read_pupils(workbook(lambda sheet: sheet.cell(4, 17, "Họ tên")), year=YEAR)
    assert [(i.code, i.severity) for i in reading.issues] == [("duplicate_column", "error")]
    assert reading.rows == []


def test_the_right_sheet_is_found_among_others_and_each_class_may_have_its_own() -> None:
    book = openpyxl.Workbook()
    for name, rows in (("Hướng dẫn", []), ("1A", clean_rows()[:2]), ("1B", clean_rows()[2:])):
        sheet = book.create_sheet(name)
        sheet["A1"] = "Đọc kỹ trước khi nhập"
        for row in [HEADERS, *rows] if rows else []:
            sheet.append(row)
    reading = read_pupils(saved(book), year=YEAR)
    assert reading.sheets == ("1A", "1B")
    assert [(row.sheet, row.row, row.code) for row in reading.good_rows] == [
        ("1A", 3, "1000000001"),
        ("1A", 4, "1000000002"),
        ("1B", 3, "1000000003"),
    ]


def test_an_answer_without_a_sheet_speaks_of_the_first_sheet_only() -> None:
    book = openpyxl.Workbook()
    for name, pupil in zip(("1A", "1B"), clean_rows()[:2], strict=True):
        pupil[HEADERS.index("Dân tộc")] = "Kinhh"
        sheet = book.create_sheet(name)
        sheet.append(HEADERS)
        sheet.append(pupil)
    first = read_pupils(saved(book), year=YEAR, decisions={(2, "unknown_ethnic"): True})
    assert [row.ok for row in first.rows] == [True, False]
    second = read_pupils(saved(book), year=YEAR, decisions={("1B", 2, "unknown_ethnic"): True})
    assert [row.ok for row in second.rows] == [False, True]


def test_days_counted_from_1904_are_read_as_the_person_sees_them() -> None:
    def spoil(sheet: Worksheet) -> None:
        sheet.cell(FIRST, column("birth")).value = 43504 - 1462
        sheet.cell(FIRST, column("birth")).number_format = "General"
        assert sheet.parent is not None
        sheet.parent.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    reading = read_pupils(workbook(spoil), year=YEAR)
    assert [(i.code, i.proposal) for i in reading.issues] == [("serial_date", "08/02/2019")]
    assert [row.birth_date for row in reading.rows] == ["2019-02-08", "2019-04-19", "2019-09-29"]
