"""The hidden sheet of a collection workbook: whose it is, and what each file was when it was taken out.

A stamp is a digest of the fields as exported. It is no secret and nothing rests on it but one question: did
somebody change the file meanwhile? Rights and persons are asked of the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xlsxwriter.workbook import Workbook

from hocbaso.engines.workbooks.grid import Book
from hocbaso.engines.workbooks.text import shown, tidy

SHEET = "_thu_thap"
VERSION = "1"
_MARK = "Học bạ số - thu thập số định danh"
_FIELDS = ("version", "school", "year", "moment")
_ROWS = len(_FIELDS) + 1


@dataclass(frozen=True, slots=True)
class CollectionKey:
    """What the hidden sheet says; ``stamps``: (is staff, code) → stamp."""

    school: str
    year: str
    moment: str
    stamps: dict[tuple[bool, str], str] = field(default_factory=dict)


def write_collection_key(book: Workbook, key: CollectionKey) -> None:
    """Add the hidden sheet, behind all others."""
    sheet = book.add_worksheet(SHEET)
    sheet.very_hidden()
    sheet.protect()
    sheet.write_string(0, 0, _MARK)
    told = (VERSION, key.school, key.year, key.moment)
    for row, (name, value) in enumerate(zip(_FIELDS, told, strict=True), start=1):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)
    for row, ((staff, code), stamp) in enumerate(key.stamps.items(), start=_ROWS):
        for column, text in enumerate(("staff" if staff else "pupil", code, stamp)):
            sheet.write_string(row, column, text)


def read_collection_key(book: Book) -> CollectionKey | None:
    """What the hidden sheet says; None when there is none, or none that can be understood."""
    sheet = next((one for one in book.sheets if one.name == SHEET), None)
    if sheet is None or not sheet.rows or tidy(shown(sheet.rows[0][0])) != _MARK:
        return None
    lines = [[tidy(shown(cell)) for cell in row] for row in sheet.rows[1:]]
    told = dict(_pairs(lines[: len(_FIELDS)]))
    if any(name not in told for name in _FIELDS) or told["version"] != VERSION:
        return None
    stamps = {(line[0] == "staff", line[1]): line[2] for line in lines[len(_FIELDS) :] if len(line) >= 3}
    return CollectionKey(told["school"], told["year"], told["moment"], stamps)


def _pairs(lines: Iterable[list[str]]) -> Iterable[tuple[str, str]]:
    return ((line[0], line[1]) for line in lines if len(line) > 1)
