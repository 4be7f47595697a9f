"""Small workbooks for the tests: a clean list of three pupils that each test spoils in its own way."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
DATA = Path(__file__).parent / "data"
YEAR = "2025-2026"

HEADERS = [
    "STT", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh\n(dd/mm/yyyy)", "Giới tính", "Trạng thái HS",
    "Dân tộc", "Số định danh\ncá nhân", "Tỉnh/Thành phố\n(Theo địa chỉ thường trú)",
    "Xã/Phường\n(Theo địa chỉ thường trú)", "Số điện thoại\nliên hệ", "Họ tên cha", "Năm sinh cha",
    "Họ tên mẹ", "Họ tên người\ngiám hộ",
]  # fmt: skip
FIELDS = [
    "stt", "class", "code", "name", "birth", "sex", "status", "ethnic", "number", "province", "commune",
    "phone", "father", "father_year", "mother", "guardian",
]  # fmt: skip
HEADER_ROW = 4
#: Excel rows of the three pupils.
FIRST, SECOND, THIRD = 5, 6, 7


def clean_rows() -> list[list[Any]]:
    hcmc = "Thành phố Hồ Chí Minh"
    return [
        [1, "1A", "1000000001", "Nguyễn Văn An", date(2019, 2, 8), "Nam", "Đang học", "Kinh", "079219000001",
         hcmc, "Phường Bình Thạnh", "0900000001", "Nguyễn Văn Bình", 1985, "Trần Thị Hoa", "không"],
        [2, "1A", "1000000002", "Lê Thị Ánh", date(2019, 4, 19), "Nữ", "Đang học", "Hoa", "079319000002",
         hcmc, "Phường Bà Rịa", "0900000002", "Lê Văn Dũng", 1982, "không", "không"],
        [3, "1B", "1000000003", "Phạm Gia Khôi", date(2019, 9, 29), "Nam", "Đang học", "Kinh", "001219000003",
         hcmc, "Xã Vĩnh Lộc", "0900000003", "không", None, "Phạm Thị Lan", "không"],
    ]  # fmt: skip


def column(field: str) -> int:
    """1-based column of a field."""
    return FIELDS.index(field) + 1


def workbook(
    spoil: Callable[[Worksheet], object] | None = None,
    *,
    headers: list[str] | None = None,
    rows: list[list[Any]] | None = None,
) -> bytes:
    """Title in row 1, header in row 4, records from row 5; ``spoil`` gets the sheet before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sheet1"
    sheet["A1"] = "Trường Tiểu học Hoa Mai"
    for index, title in enumerate(HEADERS if headers is None else headers, start=1):
        sheet.cell(HEADER_ROW, index, title)
    for number, row in enumerate(clean_rows() if rows is None else rows, start=FIRST):
        for index, value in enumerate(row, start=1):
            cell = sheet.cell(number, index, value)
            if isinstance(value, date):
                cell.number_format = "dd/mm/yyyy"
    if spoil is not None:
        spoil(sheet)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(row: int, field: str, value: Any, number_format: str | None = None) -> Callable[[Worksheet], object]:
    """A spoiler that writes one cell."""

    def spoil(sheet: Worksheet) -> None:
        cell = sheet.cell(row, column(field))
        cell.value = value
        if value is None:
            cell.value = None
        cell.number_format = number_format or "General"

    return spoil
