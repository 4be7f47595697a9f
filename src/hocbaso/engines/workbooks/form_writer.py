"""Writes the sector's forms so that they can be filled in, printed and read again by this system.

Codes, names and what is calculated are protected; marks and letters are checked while they are typed; text is
always text, so that a name or comment that begins with ``=``, ``+``, ``-`` or ``@`` never becomes a formula.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from hocbaso.engines.workbooks.grid import column_letter
from hocbaso.engines.workbooks.mark_key import write_key
from hocbaso.engines.workbooks.model import WorkbookKey

#: Rows above the header: school, title, who wrote the file and when.
HEADER_ROW = 3
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "-"))
_LONGEST_NAME = 31
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST_LIST = 255

Value = str | int | Decimal | None


class Entry(StrEnum):
    """How a column is filled."""

    FIXED = "fixed"  # written by the system, protected
    MARK = "mark"  # a score of one decimal, or V or M
    CHOICE = "choice"  # one of a list
    WHOLE = "whole"  # a whole number within bounds
    TEXT = "text"
    COMPUTED = "computed"  # a formula of ours, protected


@dataclass(frozen=True, slots=True)
class FormColumn:
    """``heads`` are the header texts from top to bottom; equal ones side by side stand in one merged cell."""

    heads: tuple[str, ...]
    width: float
    entry: Entry = Entry.FIXED
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    hint: str = ""
    #: For a computed column: Excel row number → formula.
    formula: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class FormPage:
    """One sheet; ``rows`` hold a value for each column (of a computed one: what it shows now)."""

    name: str
    title: str
    columns: Sequence[FormColumn]
    rows: Sequence[Sequence[Value]]
    key: tuple[str, str, str] = ("", "", "")  # class, subject, term
    frozen: int = 3  # columns that stay in sight
    title_column: int = 0

    @property
    def header_rows(self) -> int:
        """Number of rows that the header takes."""
        return max(len(column.heads) for column in self.columns)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who took the file out, in words for people, when (with its zone), and under which export number."""

    who: str
    at: datetime
    number: str = ""

    @property
    def line(self) -> str:
        """``Xuất từ Học bạ số bởi … lúc 08:05 ngày 20/05/2026``."""
        number = f", số {self.number}" if self.number else ""
        return f"Xuất từ Học bạ số bởi {self.who}, lúc {self.at.strftime('%H:%M ngày %d/%m/%Y')}{number}"


@dataclass(slots=True)
class _Formats:
    book: Workbook
    known: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def of(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self.known:
            self.known[key] = self.book.add_format(look)
        return self.known[key]


def write_form(pages: Iterable[FormPage], *, school: str, school_code: str, year: str, stamp: Stamp) -> bytes:
    """The pages as ``.xlsx``, with the hidden key by which a re-import knows them.

    :param school: name, printed above each table. Same input, same bytes.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"author": school, "created": stamp.at.replace(tzinfo=None), "comments": stamp.line})
    formats, used, keys = _Formats(book), set[str](), dict[str, tuple[str, str, str]]()
    for page in pages:
        name = sheet_name(page.name, used)
        keys[name] = page.key
        _write_page(book.add_worksheet(name), page, school, stamp, formats)
    write_key(book, WorkbookKey(school_code, year, stamp.at.isoformat(), "1", keys))
    book.close()
    return out.getvalue()


def sheet_name(name: str, used: set[str]) -> str:
    """At most 31 characters (cut like Excel cuts), none that Excel forbids, each name once."""
    base = " ".join(_clean(name).translate(_FORBIDDEN).split()).strip("'")[:_LONGEST_NAME] or "Bảng"
    found, number = base, 1
    while found.casefold() in used:
        number += 1
        found = f"{base[: _LONGEST_NAME - 1 - len(str(number))]} {number}"
    used.add(found.casefold())
    return found


def _write_page(sheet: Worksheet, page: FormPage, school: str, stamp: Stamp, formats: _Formats) -> None:
    sheet.write_string(0, 0, _clean(school), formats.of(bold=True))
    sheet.write_string(1, page.title_column, _clean(page.title), formats.of(bold=True, font_size=13))
    sheet.write_string(2, 0, _clean(stamp.line), formats.of(italic=True, font_color="#666666"))
    _write_header(sheet, page, formats)
    first = HEADER_ROW + page.header_rows
    for row, values in enumerate(page.rows, start=first):
        for index, (column, value) in enumerate(zip(page.columns, values, strict=True)):
            _write_cell(sheet, row, index, column, value, formats)
    last = first + len(page.rows) - 1
    for index, column in enumerate(page.columns):
        sheet.set_column(index, index, column.width)
        if page.rows:
            _check_cells(sheet, (first, last), index, column)
    sheet.freeze_panes(first, page.frozen)
    sheet.protect("", {"format_columns": True, "format_rows": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADER_ROW, first - 1)
    sheet.set_footer(f"&L&8{_clean(stamp.line).replace('&', '&&')}&R&8&P/&N")


def _write_header(sheet: Worksheet, page: FormPage, formats: _Formats) -> None:
    look = formats.of(
        bold=True, text_wrap=True, border=1, align="center", valign="vcenter", bg_color="#E8EEF4"
    )
    count = page.header_rows
    for level in range(count):
        start = 0
        while start < len(page.columns):
            heads = page.columns[start].heads
            if level >= len(heads):
                start += 1
                continue
            leaf = level == len(heads) - 1
            end = start
            while (
                not leaf and end + 1 < len(page.columns) and _same(page.columns[end + 1].heads, heads, level)
            ):
                end += 1
            top, bottom = HEADER_ROW + level, HEADER_ROW + (count - 1 if leaf else level)
            text = _clean(heads[level])
            if (top, start) == (bottom, end):
                sheet.write_string(top, start, text, look)
            else:
                sheet.merge_range(top, start, bottom, end, "", look)
                sheet.write_string(top, start, text, look)
            start = end + 1
    sheet.set_row(HEADER_ROW + count - 1, 48)


def _same(heads: tuple[str, ...], other: tuple[str, ...], level: int) -> bool:
    return len(heads) > level + 1 and heads[: level + 1] == other[: level + 1]


def _write_cell(
    sheet: Worksheet, row: int, index: int, column: FormColumn, value: Value, formats: _Formats
) -> None:
    open_cell = column.entry not in (Entry.FIXED, Entry.COMPUTED)
    look: dict[str, Any] = {"border": 1, "locked": not open_cell, "valign": "vcenter"}
    if column.entry in (Entry.MARK, Entry.CHOICE, Entry.WHOLE, Entry.COMPUTED):
        look["align"] = "center"
    if column.entry is Entry.TEXT:
        look |= {"text_wrap": True, "num_format": "@"}
    if not open_cell:
        look["bg_color"] = "#F4F4F2"
    if column.entry is Entry.COMPUTED and column.formula is not None:
        look["num_format"] = "0.0"
        shown: Any = float(value) if isinstance(value, Decimal) else (value or "")
        sheet.write_formula(row, index, column.formula(row + 1), formats.of(**look), shown)
    elif value is None or value == "":
        sheet.write_blank(row, index, None, formats.of(**look))
    elif isinstance(value, str):
        text = _clean(value)
        if text.startswith(_DANGEROUS):
            look["quote_prefix"] = True
        if column.entry is Entry.FIXED:
            look["num_format"] = "@"
        sheet.write_string(row, index, text, formats.of(**look))
    else:
        sheet.write_number(row, index, float(value), formats.of(**look))


def _check_cells(sheet: Worksheet, rows: tuple[int, int], index: int, column: FormColumn) -> None:
    """What may be typed in a column, told when the cell is entered."""
    rule: dict[str, Any] = {"validate": "any"}
    refused = {
        "error_title": "Giá trị không hợp lệ",
        "error_message": column.hint or "Thầy cô xem lại giá trị.",
    }
    if column.entry is Entry.CHOICE and len(",".join(column.choices)) <= _LONGEST_LIST:
        rule = {"validate": "list", "source": list(column.choices)} | refused
    elif column.entry is Entry.WHOLE:
        rule = {"validate": "integer", "criteria": "between", "minimum": column.low, "maximum": column.high}
        rule |= refused
    elif column.entry is Entry.MARK:
        cell = f"{column_letter(index)}{rows[0] + 1}"
        number = f"IF(ISNUMBER({cell}),AND({cell}>=0,{cell}<=10,ROUND({cell},1)={cell}),FALSE)"
        rule = {"validate": "custom", "value": f'=OR({number},{cell}="V",{cell}="M")'} | refused
    elif column.entry is Entry.TEXT and column.high:
        rule = {"validate": "length", "criteria": "<=", "value": column.high} | refused
    if column.hint and column.entry is not Entry.FIXED:
        rule |= {"input_title": column.heads[-1][:32], "input_message": column.hint[:255]}
    if rule["validate"] != "any" or "input_message" in rule:
        sheet.data_validation(rows[0], index, rows[1], index, rule)


def _clean(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)[:32_000]
