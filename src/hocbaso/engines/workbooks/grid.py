"""Bytes → sheets of cells, with every refusal before the parser allocates anything.

python-calamine reads ``.xlsx``, ``.xls`` and ``.ods``. It shows an error cell (``#N/A``) and a formula that
was never calculated as an empty cell; both are found here in the sheet's own XML, since "empty" is not what
the person saw.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property

import python_calamine as calamine

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.workbooks.limits import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_ROWS,
    check_container,
    check_far_cells,
    read_sheet,
    sheet_parts,
    uses_1904,
)

Cell = int | float | str | bool | time | date | datetime | timedelta

register(
    {
        "workbook_no_sheet": (
            "Tệp không có trang tính nào có dữ liệu. Thầy cô hãy kiểm tra lại tệp đã chọn.",
            "The workbook has no sheet with data.",
        ),
        "workbook_damaged": (
            "Tệp bị hỏng, không đọc được trang tính “{sheet}”. Thầy cô hãy mở tệp bằng Excel, lưu lại "
            "dạng .xlsx rồi tải lên lần nữa.",
            "Sheet {sheet!r} cannot be parsed.",
        ),
        "workbook_too_many_rows": (
            "Trang tính “{sheet}” có {rows} dòng, nhiều hơn mức cho phép là {limit} dòng. Thầy cô hãy "
            "tách thành nhiều tệp.",
            "Sheet {sheet!r} has {rows} rows, the limit is {limit}.",
        ),
        "workbook_too_many_columns": (
            "Trang tính “{sheet}” có {columns} cột, nhiều hơn mức cho phép là {limit} cột. Thầy cô hãy "
            "xóa các cột thừa ở bên phải.",
            "Sheet {sheet!r} has {columns} columns, the limit is {limit}.",
        ),
    }
)

_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_REF = re.compile(rb'(?:^|\s)r="([A-Z]+)(\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?v[^>/]*>([^<]+)</")
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\s(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')

_HIDDEN_COLUMN = re.compile(rb'<(?:\w+:)?col\s(?=[^>]*\bhidden="(?:1|true)")[^>]*>')
_MIN_MAX = re.compile(rb'\b(min|max)="(\d{1,6})"')


def column_index(letters: str) -> int:
    """``A`` → 0, ``AB`` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letter(index: int) -> str:
    """0 → ``A``, 27 → ``AB``."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(slots=True)
class Flaws:
    """What calamine does not tell: error cells and uncalculated formulas by (row, column), hidden rows."""

    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


class Sheet:
    """One worksheet, parsed when first asked for. Indexes are 0-based from cell A1."""

    def __init__(self, book: Book, index: int, name: str, visible: bool) -> None:
        self.book = book
        self.index = index
        self.name = name
        self.visible = visible

    @cached_property
    def _parsed(self) -> calamine.CalamineSheet:
        xml = self.book.sheet_xml(self.index)
        if xml is not None:
            check_far_cells(xml, self.name)
        elif self.book.kind == "xlsx":
            raise Unreadable("workbook_damaged", sheet=self.name)
        try:
            parsed = self.book.workbook.get_sheet_by_index(self.index)
        except calamine.CalamineError as error:
            raise Unreadable("workbook_damaged", sheet=self.name) from error
        rows, columns = (parsed.end[0] + 1, parsed.end[1] + 1) if parsed.end else (0, 0)
        if rows > MAX_ROWS:
            raise Unreadable("workbook_too_many_rows", sheet=self.name, rows=rows, limit=MAX_ROWS)
        if columns > MAX_COLUMNS:
            raise Unreadable("workbook_too_many_columns", sheet=self.name, columns=columns, limit=MAX_COLUMNS)
        return parsed

    @cached_property
    def rows(self) -> list[list[Cell]]:
        """All rows from row 1, each as wide as the sheet; an empty cell is ``''``."""
        return self._parsed.to_python(skip_empty_area=False)

    @cached_property
    def merges(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Merged areas as ((first row, first column), (last row, last column))."""
        return self._parsed.merged_cell_ranges or []

    @cached_property
    def flaws(self) -> Flaws:
        """Error cells, formulas without a value and hidden rows (``.xlsx`` only)."""
        xml = self.book.sheet_xml(self.index)
        found = Flaws()
        if xml is None:
            return found
        # Looking for one byte costs next to nothing, and many sheets have no f among their cells.
        start, end = max(xml.find(b"sheetData"), 0), xml.rfind(b"sheetData")
        formulas = xml.find(b"f", start, end) >= 0 and (b"<f" in xml or b":f" in xml)
        if formulas or b't="e"' in xml:
            found.cells.update(_flawed_cells(xml))
        if b'hidden="' in xml:
            found.hidden_rows.update(int(n) - 1 for n in _HIDDEN_ROW.findall(xml))
            found.hidden_columns.update(_hidden_columns(xml))
        return found


def _hidden_columns(xml: bytes) -> Iterator[int]:
    for tag in _HIDDEN_COLUMN.findall(xml[: xml.find(b"<sheetData")]):
        ends = dict(_MIN_MAX.findall(tag))
        if b"min" in ends and b"max" in ends:
            yield from range(int(ends[b"min"]) - 1, min(int(ends[b"max"]), MAX_COLUMNS))


def _flawed_cells(xml: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for match in _CELL.finditer(xml):
        attributes, inner = match.group(1), match.group(2) or b""
        is_error = b't="e"' in attributes
        if not is_error and not _FORMULA.search(inner):
            continue
        value = _VALUE.search(inner)
        ref = _REF.search(attributes)
        # t="str" without text is a formula that gave the empty text: empty is what the person saw.
        uncalculated = value is None and b't="str"' not in attributes
        if ref and (is_error or uncalculated):
            at = int(ref.group(2)) - 1, column_index(ref.group(1).decode())
            yield at, (value.group(1).decode() if value else "") if is_error else "="


class Book:
    """An opened workbook."""

    def __init__(self, data: bytes) -> None:
        """:raises Unreadable: too large, encrypted, damaged, or no workbook."""
        self.kind = check_container(data)
        self.workbook = _open(data)
        self._archive = zipfile.ZipFile(io.BytesIO(data)) if self.kind == "xlsx" else None
        self._parts = sheet_parts(self._archive) if self._archive else {}
        self._xml: dict[int, bytes | None] = {}
        #: Day 0 of bare serial numbers is 1904-01-01 (ECMA-376 part 1, 18.17.4.1).
        self.date1904 = self._archive is not None and uses_1904(self._archive)
        self.sheets = [
            Sheet(self, index, meta.name, meta.visible == calamine.SheetVisibleEnum.Visible)
            for index, meta in enumerate(self.workbook.sheets_metadata)
            if meta.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if not self.sheets:
            raise Unreadable("workbook_no_sheet")

    def sheet_xml(self, index: int) -> bytes | None:
        """The sheet's own XML in an ``.xlsx`` (None in other formats)."""
        if index not in self._xml:
            name = self.workbook.sheet_names[index]
            part = self._parts.get(name)
            self._xml[index] = read_sheet(self._archive, part) if self._archive and part else None
        return self._xml[index]


def _open(data: bytes) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise Unreadable("workbook_encrypted") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise Unreadable("workbook_not_one", limit=MAX_BYTES // 1_000_000) from error
