"""The collection workbook as it comes back → :class:`CollectionRow` with issues.

What stood in the file when it was taken out is read to know which person is meant and whether somebody
changed the file since; what the school filled in is validated cell by cell. A lost zero is offered, never
taken; what cannot be settled refuses its row only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from hocbaso.core.errors import Unreadable, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.collection_columns import COLLECTION_COLUMNS
from hocbaso.engines.workbooks.collection_key import CollectionKey, read_collection_key
from hocbaso.engines.workbooks.collection_record import CollectionRow, RecordReader
from hocbaso.engines.workbooks.model import Decisions, HeaderPosition, Issue, Skipped
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.opening import (
    check_header,
    note_no_records,
    open_notes,
    open_tables,
    spread_merges,
)
from hocbaso.engines.workbooks.table import Headings, Records, Table

register(
    {
        "collection_other_form": (
            "Tệp này không phải tệp thu thập số định danh: không có cột nào để ghi giá trị đúng (ví dụ “Số "
            "định "
            "danh đúng”, “Cách xử lý”). Thầy cô tải tệp thu thập từ hệ thống, điền rồi nộp lại.",
            "No column of the workbook can be filled in; it is no collection workbook.",
        ),
    }
)

HEADINGS = Headings(COLLECTION_COLUMNS)
_NEEDED = 3
_IDENTITY = ("full_name", "birth_date", "code", "staff_code", "personal_number")
_FILLED = ("new_full_name", "new_birth_date", "new_sex", "new_personal_number", "new_commune", "handling")


@dataclass(slots=True)
class CollectionReading:
    """What was read from one workbook."""

    sheets: tuple[str, ...] = ()
    rows: list[CollectionRow] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    headers: list[HeaderPosition] = field(default_factory=list)
    key: CollectionKey | None = None  # what the hidden sheet says of the export; None: not ours, or copied


def read_collection(
    data: bytes, *, year: SchoolYear | str, today: date, decisions: Decisions | None = None
) -> CollectionReading:
    """Read and validate a collection workbook, one sheet a class, and one of staff.

    :param data: .xlsx, .xls or .ods. :param year: the school year it is for. :param today: bounds dates.
    :param decisions: answers to proposals of an earlier reading of the same file.
    :raises Unreadable: no workbook, too large, protected, empty, or without such a table.
    """
    school_year = SchoolYear.parse(year) if isinstance(year, str) else year
    tables = open_tables(
        data, HEADINGS, key_fields=("full_name",), what="thu thập số định danh", needed=_NEEDED
    )
    tables = [t for t in tables if "code" in t.columns or "staff_code" in t.columns] or tables
    if not any(name in table.columns for table in tables for name in _FILLED):
        raise Unreadable("collection_other_form")
    reading = CollectionReading(tuple(table.sheet.name for table in tables))
    reading.key = read_collection_key(tables[0].sheet.book)
    seen: dict[tuple[bool, str], tuple[str, int]] = {}
    for notes in open_notes(tables, decisions):
        reading.headers.append(notes.table.position())
        _read_table(notes, school_year, today, seen, reading)
        notes.issues.sort(key=lambda issue: issue.row)
        reading.issues.extend(notes.issues)
    return reading


def _read_table(
    notes: Notes,
    year: SchoolYear,
    today: date,
    seen: dict[tuple[bool, str], tuple[str, int]],
    reading: CollectionReading,
) -> None:
    table = notes.table
    staff = "staff_code" in table.columns and "code" not in table.columns
    if not check_header(notes, ("staff_code" if staff else "code", "full_name"), year=year):
        return
    spread_merges(notes, fill=())
    records = Records(table, _identity(table))
    reader = RecordReader(notes, staff=staff, today=today)
    read = 0
    for index, row in records:
        found = reader.read(index, row)
        read += 1
        if found.code and (first := seen.get((staff, found.code))) is not None:
            column = table.columns["staff_code" if staff else "code"]
            message = (
                f"Mã {found.code} đã có ở dòng {first[1]}, trang tính “{first[0]}”. Mỗi người chỉ để một "
                f"dòng."
            )
            notes.error(column, "duplicate_code", message, row[column])
            found.ok = False
        elif found.code:
            seen[staff, found.code] = (table.sheet.name, index + 1)
        reading.rows.append(found)
    if not read:
        note_no_records(notes, "cán bộ" if staff else "học sinh")
    reading.skipped.extend(records.skipped)


def _identity(table: Table) -> Sequence[str]:
    return [name for name in _IDENTITY if name in table.columns]
