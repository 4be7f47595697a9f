"""The primary year-end form, one sheet for each class (domain sheet 9.2) → :class:`PrimaryResultRow`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import PRIMARY_GRADES, GradeProgramme, Programme, programme_for
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.cells import grade_of
from hocbaso.engines.workbooks.columns import RESULT_REQUIRED
from hocbaso.engines.workbooks.mark_key import read_key
from hocbaso.engines.workbooks.model import (
    Decisions,
    Issue,
    PrimaryResultRow,
    Reading,
    WorkbookKind,
)
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.opening import RESULTS, check_header, open_tables, spread_merges
from hocbaso.engines.workbooks.result_columns import Metric, ResultLayout, layout
from hocbaso.engines.workbooks.result_record import ResultReader
from hocbaso.engines.workbooks.table import Records, Table
from hocbaso.engines.workbooks.text import tidy
from hocbaso.engines.workbooks.unique import Persons

_IDENTITY = ("code", "full_name", "birth_date", "class_name")
_CLASS_IN_TITLE = re.compile(r"\blớp\s*:?\s*((?:1[0-2]|[1-9])(?!\d)[^\s,;:–()\-]*)", re.IGNORECASE)


def read_primary_results(
    data: bytes, *, year: SchoolYear | str, decisions: Decisions | None = None
) -> Reading[PrimaryResultRow]:
    """Read and validate the year-end results of primary classes.

    :param year: the school year; says which programme each grade follows.
    :returns: every pupil's line with ``ok``; a missing level or score is a warning (the year cannot be closed
        with it), a level or score that cannot be is an error.
    :raises Unreadable: as :func:`hocbaso.engines.workbooks.pupils.read_pupils`.
    :raises DomainError: ``programme.year`` when no programme covers primary grades in that year.
    """
    school_year = SchoolYear.parse(year) if isinstance(year, str) else year
    programme = _programme(school_year)
    tables = open_tables(data, RESULTS, key_fields=RESULT_REQUIRED, what="kết quả học tập tiểu học", needed=2)
    layouts = [one for one in (layout(table, programme) for table in tables) if one.columns]
    if not layouts:
        layouts = [layout(tables[0], programme)]
    reading: Reading[PrimaryResultRow] = Reading(
        WorkbookKind.PRIMARY_RESULTS,
        tuple(one.table.sheet.name for one in layouts),
        key=read_key(tables[0].sheet.book),
    )
    persons = Persons("học sinh")
    for number, one in enumerate(layouts):
        notes = Notes(one.table, decisions, main=number == 0)
        reading.headers.append(one.table.position())
        _read_sheet(notes, one, programme, school_year, persons, reading)
        notes.issues.sort(key=_row)
        reading.issues.extend(notes.issues)
    return reading


def _row(issue: Issue) -> int:
    return issue.row


def _programme(year: SchoolYear) -> Programme:
    for grade in PRIMARY_GRADES[:-1]:
        try:
            return programme_for(grade, year)
        except DomainError:
            continue
    return programme_for(PRIMARY_GRADES[-1], year)


def _read_sheet(
    notes: Notes,
    sheet: ResultLayout,
    programme: Programme,
    year: SchoolYear,
    persons: Persons,
    reading: Reading[PrimaryResultRow],
) -> None:
    table = sheet.table
    if not check_header(notes, RESULT_REQUIRED, year=year) or not _has_results(notes, sheet):
        return
    for column in sheet.twice:
        message = "Cột này lặp lại một cột đứng trước nên không được nhập."
        notes.warn(column, "duplicate_column", message, table.titles[column])
    spread_merges(notes, fill=("class_name",))
    records = Records(table, _IDENTITY)
    reader = ResultReader(notes, sheet, programme, year, persons)
    title = _class_of_sheet(table)
    grades: set[int] = set()
    for index, row in records:
        read = reader.read(index, row, records.class_line or title)
        reading.rows.append(read)
        if read.grade is not None:
            grades.add(read.grade)
    reading.skipped.extend(records.skipped)
    _missing_columns(notes, sheet, [programme.grade(grade) for grade in sorted(grades)])


def _has_results(notes: Notes, sheet: ResultLayout) -> bool:
    if sheet.columns:
        return True
    found = ", ".join(f"“{title}”" for title in sheet.table.titles.values())[:600]
    notes.begin(sheet.table.first)
    message = (
        f"Không có cột nào ghi mức đạt được của môn học, năng lực hoặc phẩm chất. Các cột tìm thấy: {found}."
    )
    notes.error(None, "missing_column", message)
    return False


def _class_of_sheet(table: Table) -> str | None:
    """The class that the title above the table names, or the sheet's own name when it is a class's."""
    for row in table.sheet.rows[: table.first]:
        for cell in row:
            if isinstance(cell, str) and (match := _CLASS_IN_TITLE.search(tidy(cell))):
                return match.group(1)
    name = re.sub(r"^(?:lớp|lop)\s*", "", tidy(table.sheet.name), flags=re.IGNORECASE)
    return name if grade_of(name) and " " not in name else None


def _missing_columns(notes: Notes, sheet: ResultLayout, grades: Iterable[GradeProgramme]) -> None:
    """Warn once for each compulsory subject, test or trait that the sheet has no column for."""
    levels = {(c.code, c.trait) for c in sheet.columns if c.metric is Metric.LEVEL}
    scores = {c.code for c in sheet.columns if c.metric is Metric.SCORE}
    notes.begin(sheet.table.last)
    for grade in grades:
        lacking = [line.short_name for line in grade.compulsory if (line.code, False) not in levels]
        lacking += [
            f"{line.short_name} (điểm kiểm tra định kỳ)"
            for line in grade.compulsory
            if line.tested and line.code not in scores
        ]
        lacking += [trait.name for trait in grade.traits if (trait.code, True) not in levels]
        if lacking:
            message = f"Lớp {grade.grade} thiếu cột: {', '.join(lacking)}."
            notes.warn(None, "missing_result_column", message)
