"""Which of the sector's forms a workbook is: by header texts, never by name or order of sheets."""

from __future__ import annotations

from hocbaso.core.regulation.programme import TT32_PRIMARY
from hocbaso.engines.workbooks.grid import Book, Sheet
from hocbaso.engines.workbooks.mark_columns import find_page
from hocbaso.engines.workbooks.model import WorkbookKind
from hocbaso.engines.workbooks.opening import PUPILS, RESULTS, STAFF
from hocbaso.engines.workbooks.result_columns import layout
from hocbaso.engines.workbooks.table import Headings, find_table

_STAFF_MARKS = {"position", "group", "homeroom_class", "teaching", "subject", "email"}
_PUPIL_MARKS = {"code", "sex", "status", "ethnic_group", "personal_number", "father_name", "mother_name"}
_MANY_RESULTS = 6


def detect(data: bytes) -> WorkbookKind:
    """The kind of form in ``data``; ``UNKNOWN`` when no visible sheet has a known header.

    :raises Unreadable: no workbook, too large, protected or damaged.
    """
    found = {kind for sheet in Book(data).sheets if sheet.visible and (kind := _kind(sheet))}
    for kind in (
        WorkbookKind.SECONDARY_MARKS,
        WorkbookKind.PRIMARY_RESULTS,
        WorkbookKind.PUPILS,
        WorkbookKind.STAFF,
    ):
        if kind in found:
            return kind
    return WorkbookKind.UNKNOWN


def _kind(sheet: Sheet) -> WorkbookKind | None:
    if find_page(sheet) is not None:
        return WorkbookKind.SECONDARY_MARKS
    results = find_table(sheet, RESULTS, needed=2)
    if (
        results
        and {"code", "full_name"} <= results.columns.keys()
        and len(layout(results, TT32_PRIMARY).columns) >= _MANY_RESULTS
    ):
        return WorkbookKind.PRIMARY_RESULTS
    staff = _fields(sheet, STAFF)
    if "full_name" in staff and len(staff & _STAFF_MARKS) >= 2:
        return WorkbookKind.STAFF
    pupils = _fields(sheet, PUPILS)
    if "full_name" in pupils and len(pupils & _PUPIL_MARKS) >= 2:
        return WorkbookKind.PUPILS
    return None


def _fields(sheet: Sheet, headings: Headings) -> set[str]:
    table = find_table(sheet, headings, needed=2)
    return set(table.columns) if table else set()
