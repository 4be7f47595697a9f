"""The collection workbook as it leaves: what Excel shows, allows and refuses, and what is read back of it."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import openpyxl

from hocbaso.engines.workbooks.collection import read_collection
from hocbaso.engines.workbooks.collection_form import Line, Page, write_collection
from hocbaso.engines.workbooks.form_writer import Stamp

STAMP = Stamp("Lý Gia Hân", datetime(2026, 5, 20, 3, 45, tzinfo=UTC))
PUPIL = Line(
    code="2412750926",
    full_name="=CMD|'/c calc'!A1",
    birth_date="09/02/2017",
    sex="Nữ",
    personal_number="079317000001",
    province="Thành phố Hồ Chí Minh",
    commune="Phường Hạnh Thông",
    state="Sai lệch",
    stamp="abc",
)
PAGES = (
    Page("Lớp 1A/2", "THU THẬP", [PUPIL]),
    Page("Cán bộ", "THU THẬP", [Line(code="GV01", full_name="Lê Phương")], staff=True),
)


def written() -> bytes:
    return write_collection(
        PAGES,
        school="Trường X",
        school_code="79000101",
        year="2025-2026",
        stamp=STAMP,
        mark="Xuất bởi A, số XD-1",
    )


def test_it_guides_whoever_fills_it_in():
    book = openpyxl.load_workbook(io.BytesIO(written()))
    assert book.sheetnames == ["Lớp 1A-2", "Cán bộ", "DanhMuc", "XaPhuong", "_thu_thap"]
    assert [book[name].sheet_state for name in book.sheetnames[2:]] == ["hidden", "hidden", "veryHidden"]
    sheet = book["Lớp 1A-2"]
    heads = {cell.value: cell for cell in sheet[6]}
    assert (sheet.freeze_panes, sheet.protection.sheet, sheet["A3"].value) == (
        "D7",
        True,
        "Xuất bởi A, số XD-1",
    )
    for head in ("Mã học sinh", "Họ tên đang có", "Số định danh đang có", "Ai xử lý"):
        assert sheet.cell(7, heads[head].column).protection.locked, head
    for head in ("Số định danh đúng", "Họ tên đúng", "Xã, phường đúng", "Cách xử lý", "Ghi chú"):
        assert not sheet.cell(7, heads[head].column).protection.locked, head
    number = sheet.cell(7, heads["Số định danh đang có"].column)
    assert (number.value, number.data_type, number.number_format) == ("079317000001", "s", "@")
    assert sheet.cell(7, heads["Số định danh đúng"].column).number_format == "@"
    name = sheet.cell(7, heads["Họ tên đang có"].column)
    assert (name.data_type, name.quotePrefix) == ("s", True)  # never a formula
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    of = {
        head: rules[f"{cell.column_letter}7"]
        for head, cell in heads.items()
        if f"{cell.column_letter}7" in rules
    }
    assert [of[head].type for head in ("Giới tính đúng", "Tỉnh, thành phố đúng", "Cách xử lý")] == [
        "list"
    ] * 3
    commune = of["Xã, phường đúng"].formula1
    assert "XaPhuong" in commune
    assert f"{heads['Tỉnh, thành phố đúng'].column_letter}7" in commune
    assert f"{heads['Tỉnh, thành phố đang có'].column_letter}7" in commune
    assert len(commune) < 256
    assert of["Số định danh đúng"].type == "custom"
    widths = [sheet.column_dimensions[cell.column_letter].width for cell in sheet[6]]
    assert all(5 <= width <= 40 for width in widths)
    staff = {cell.value for cell in book["Cán bộ"][6]}
    assert "Mã cán bộ" in staff
    assert not any(head and "phường" in head for head in staff)


def test_what_went_out_comes_back_untouched_and_the_same_bytes_go_out_again():
    data = written()
    assert data == written()
    reading = read_collection(data, year="2025-2026", today=date(2026, 5, 21))
    assert reading.issues == []
    assert [(row.staff, row.code, row.touched, row.ok) for row in reading.rows] == [
        (False, "2412750926", False, True),
        (True, "GV01", False, True),
    ]
    assert reading.rows[0].shown["birth_date"] == "2017-02-09"
    assert reading.key is not None
    assert reading.key.stamps == {(False, "2412750926"): "abc", (True, "GV01"): ""}
