"""The sector's pupil list ("Filemau HocSinh", domain sheet 9.1) → :class:`PupilRow` with issues."""

from __future__ import annotations

from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.columns import PUPIL_REQUIRED
from hocbaso.engines.workbooks.model import Decisions, PupilRow, Reading, WorkbookKind
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.opening import (
    PUPILS,
    check_header,
    note_no_records,
    open_notes,
    open_tables,
    spread_merges,
)
from hocbaso.engines.workbooks.pupil_record import PupilReader
from hocbaso.engines.workbooks.table import Records
from hocbaso.engines.workbooks.unique import Persons

_IDENTITY = ("birth_date", "code", "full_name", "class_name", "personal_number")


def read_pupils(
    data: bytes, *, year: SchoolYear | str, decisions: Decisions | None = None
) -> Reading[PupilRow]:
    """Read and validate a pupil list.

    :param data: the workbook (.xlsx, .xls, .ods).
    :param year: the school year it is for; bounds dates and ages.
    :param decisions: answers to proposals of an earlier reading of the same file.
    :returns: every record with ``ok``, the issues in order of rows, and what was passed over.
    :raises Unreadable: no workbook, too large, protected, empty, or without such a table.
    """
    school_year = SchoolYear.parse(year) if isinstance(year, str) else year
    tables = open_tables(data, PUPILS, key_fields=("full_name",), what="học sinh")
    reading: Reading[PupilRow] = Reading(WorkbookKind.PUPILS, tuple(t.sheet.name for t in tables))
    persons = Persons("học sinh")
    for notes in open_notes(tables, decisions):
        reading.headers.append(notes.table.position())
        _read_table(notes, school_year, persons, reading)
        notes.issues.sort(key=lambda issue: issue.row)
        reading.issues.extend(notes.issues)
    return reading


def _read_table(notes: Notes, year: SchoolYear, persons: Persons, reading: Reading[PupilRow]) -> None:
    records = Records(notes.table, _IDENTITY)
    if not check_header(
        notes, PUPIL_REQUIRED, year=year, optional=("class_name",), expected=("personal_number",)
    ):
        return
    spread_merges(notes, fill=("class_name",))
    reader = PupilReader(notes, year, persons)
    read = [reader.read(index, row, records.class_line) for index, row in records]
    reading.rows.extend(read)
    if not read:
        note_no_records(notes, "học sinh")
    elif "class_name" not in notes.table.columns and records.class_line is None:
        notes.begin(notes.table.first)
        notes.error(None, "missing_column", "Thiếu cột “Mã lớp”, và trong bảng không có dòng ghi tên lớp.")
    reading.skipped.extend(records.skipped)
