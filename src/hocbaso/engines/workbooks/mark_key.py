"""The hidden sheet by which a workbook that this system wrote is known again.

It names school, class, year and moment of the export and what each sheet holds, so that a re-import needs
no guess and tells which values were changed elsewhere since. Nothing on it is trusted: rights, classes and
pupils are asked of the database as for any other workbook.
"""

from __future__ import annotations

from datetime import datetime

from xlsxwriter.workbook import Workbook

from hocbaso.engines.workbooks.grid import Book
from hocbaso.engines.workbooks.limits import MAX_SHEETS
from hocbaso.engines.workbooks.model import WorkbookKey
from hocbaso.engines.workbooks.text import shown, tidy

SHEET = "_hocbaso"
VERSION = "1"
_MARK = "Học bạ số"
_FIELDS = ("version", "school", "year", "moment")
_PAGES_ROW = len(_FIELDS) + 1


def write_key(book: Workbook, key: WorkbookKey) -> None:
    """Add the hidden sheet; call it last, so that it stands behind the pages."""
    sheet = book.add_worksheet(SHEET)
    sheet.very_hidden()
    sheet.protect()
    sheet.write_string(0, 0, _MARK)
    for row, name in enumerate(_FIELDS, start=1):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, getattr(key, name))
    for row, (name, page) in enumerate(key.pages.items(), start=_PAGES_ROW):
        for column, text in enumerate((name, *page)):
            sheet.write_string(row, column, text)


def read_key(book: Book) -> WorkbookKey | None:
    """What the hidden sheet says; None when there is none, or none that can be understood."""
    sheet = next((one for one in book.sheets if one.name == SHEET), None)
    if sheet is None or not sheet.rows or tidy(shown(sheet.rows[0][0])) != _MARK:
        return None
    lines = [[tidy(shown(cell)) for cell in row] for row in sheet.rows[1 : MAX_SHEETS + _PAGES_ROW]]
    told = {line[0]: line[1] for line in lines[: len(_FIELDS)] if len(line) > 1}
    if (
        any(name not in told for name in _FIELDS)
        or told["version"] != VERSION
        or not _instant(told["moment"])
    ):
        return None
    pages = {line[0]: (line[1], line[2], line[3]) for line in lines[len(_FIELDS) :] if len(line) >= 4}
    return WorkbookKey(told["school"], told["year"], told["moment"], told["version"], pages)


def _instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
