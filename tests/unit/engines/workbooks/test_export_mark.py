"""An export number goes into a finished workbook; what a re-import reads stays the same."""

from __future__ import annotations

import io

import openpyxl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from hocbaso.engines.workbooks.export_mark import DEFINED_NAME, mark_xlsx

LINE, NUMBER = "Xuất từ Học bạ số bởi Lý & Hân, lúc 08:05 ngày 20/05/2026, số XD-26-7K3QF2", "XD-26-7K3QF2"


def workbook(*, footer: str = "", header: str = "") -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("3A")
    sheet.write_row(0, 0, ["Họ tên", "Điểm"])
    sheet.write_row(1, 0, ["Nguyễn Văn An", 9.5])
    sheet.data_validation(
        "B2:B9", {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 10}
    )
    sheet.write_comment("B2", "sửa")
    if footer:
        sheet.set_footer(footer)
    if header:
        sheet.set_header(header)
    book.define_name("ten", "='3A'!$A$2")
    book.add_worksheet("_hocbaso").very_hidden()
    book.close()
    return out.getvalue()


def cells(content: bytes) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("3A").to_python()


@pytest.mark.parametrize("taken", [{}, {"footer": "&Rtrang &P"}, {"footer": "&Rtrang &P", "header": "&Ltên"}])
def test_the_line_stands_on_every_page_and_the_cells_stay(taken):
    before = workbook(**taken)
    after = mark_xlsx(before, line=LINE, number=NUMBER)
    assert cells(after) == cells(before)
    book = openpyxl.load_workbook(io.BytesIO(after))
    sheet = book["3A"]
    printed = f"{sheet.oddHeader.left.text} {sheet.oddFooter.left.text} {sheet.oddFooter.right.text}"
    assert NUMBER in printed
    assert book.properties.description == LINE
    assert book.properties.keywords == NUMBER
    assert book.defined_names[DEFINED_NAME].value == f'"{NUMBER}"'
    assert "ten" in book.defined_names
    assert sheet.data_validations.dataValidation[0].sqref.ranges
    assert sheet["B2"].comment.text == "sửa"
    assert book["_hocbaso"].sheet_state == "veryHidden"


def test_marking_twice_keeps_one_number_and_the_same_input_gives_the_same_bytes():
    once = mark_xlsx(workbook(), line=LINE, number=NUMBER)
    assert once == mark_xlsx(workbook(), line=LINE, number=NUMBER)
    again = mark_xlsx(once, line=LINE.replace("7K3QF2", "000000"), number="XD-26-000000")
    book = openpyxl.load_workbook(io.BytesIO(again))
    assert book.defined_names[DEFINED_NAME].value == '"XD-26-000000"'


def test_what_is_no_workbook_is_not_marked():
    with pytest.raises(ValueError, match="not a workbook"):
        mark_xlsx(b"PK", line=LINE, number=NUMBER)
