"""Small mark books for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import openpyxl

from hocbaso.engines.workbooks import MarkRow, Reading, read_mark_book
from tests.unit.engines.workbooks.build import YEAR, saved

TITLE = "SỔ ĐIỂM MÔN TOÁN - LỚP 6A1 - HỌC KỲ I - NĂM HỌC 2025-2026"
HEAD = ["STT", "Mã học sinh", "Họ và tên", "TX1", "TX2", "TX3", "TX4", "ĐĐGgk", "ĐĐGck", "ĐTBmhk", "Nhận xét"]
AN = [1, "1000000001", "Nguyễn Văn An"]
BINH = [2, "1000000002", "Trần Thị Bình"]
MARKS = [8, 7, 6, 5, 9, 10, 8.1, "Ngoan."]
#: Excel row of the first pupil below a header of one row.
FIRST = 5


def add(
    book: openpyxl.Workbook,
    rows: Sequence[Sequence[Any]],
    *,
    name: str = "HKI Toán",
    title: str = TITLE,
    head: Sequence[Sequence[Any]] = (HEAD,),
    merges: Sequence[str] = (),
) -> Any:
    """A sheet with the school in row 1, a title in row 2, the header from row 4."""
    sheet = book.create_sheet(name)
    sheet["A1"], sheet["A2"] = "Trường THCS Sao Khuê", title or None
    for number, line in enumerate([*head, *rows], start=4):
        for column, value in enumerate(line, start=1):
            sheet.cell(number, column, value)
    for area in merges:
        sheet.merge_cells(area)
    return sheet


def bytes_of(*rows: Sequence[Any], **options: Any) -> bytes:
    book = empty()
    add(book, rows, **options)
    return saved(book)


def empty() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    del book["Sheet"]
    return book


def read(*rows: Sequence[Any], **options: Any) -> Reading[MarkRow]:
    return read_mark_book(bytes_of(*rows, **options), year=YEAR)


def codes(reading: Reading[MarkRow]) -> list[tuple[str, str]]:
    """(code, severity) of every issue, without the two that speak of the whole page."""
    whole = ("missing_marks", "few_regular_columns")
    return [(i.code, i.severity) for i in reading.issues if i.code not in whole]
