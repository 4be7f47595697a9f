"""From bytes to the right tables: which sheets hold the form, what is wrong with the header as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hocbaso.core.errors import Unreadable, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.workbooks.columns import (
    FIELD_NAMES,
    PUPIL_COLUMNS,
    RESULT_COLUMNS,
    STAFF_COLUMNS,
)
from hocbaso.engines.workbooks.grid import Book, Sheet, column_letter
from hocbaso.engines.workbooks.model import Decisions, Severity
from hocbaso.engines.workbooks.notes import Notes
from hocbaso.engines.workbooks.table import Headings, Table, find_table
from hocbaso.engines.workbooks.text import bare, is_blank, tidy

PUPILS = Headings(PUPIL_COLUMNS)
STAFF = Headings(STAFF_COLUMNS)
RESULTS = Headings(RESULT_COLUMNS)

_NEEDED = 4
_YEAR_IN_TITLE = re.compile(r"nam hoc (20\d\d) (20\d\d)")
_SHOWN = 40

register(
    {
        "workbook_empty": (
            "Tệp không có dữ liệu: mọi trang tính đều trống. Thầy cô kiểm tra lại tệp đã chọn.",
            "Every sheet of the workbook is empty.",
        ),
        "workbook_no_table": (
            "Không tìm thấy bảng {what} trong tệp. Cần một dòng tiêu đề có các cột: {columns}. "
            "Các trang tính đã xem: {seen}.",
            "No table of {what} was found; sheets looked at: {seen}.",
        ),
        "workbook_table_hidden": (
            "Bảng {what} nằm ở trang tính đang ẩn “{sheet}”. Thầy cô bỏ ẩn trang tính này và xóa trang tính "
            "không dùng rồi tải lên lại.",
            "The table of {what} is on the hidden sheet {sheet!r}.",
        ),
    }
)


def open_tables(
    data: bytes, headings: Headings, *, key_fields: Sequence[str], what: str, needed: int = _NEEDED
) -> list[Table]:
    """The tables of a form, one for each visible sheet that has its header.

    :param key_fields: a sheet counts only when its header has all of these.
    :param what: the form's name in sentences, e.g. "học sinh".
    :raises Unreadable: no workbook, an empty one, or none of its visible sheets has the form.
    """
    book = Book(data)
    tables = [
        table
        for sheet in book.sheets
        if (table := find_table(sheet, headings, needed=needed)) is not None
        and all(name in table.columns for name in key_fields)
    ]
    visible = [table for table in tables if table.sheet.visible]
    if visible:
        return visible
    if tables:
        raise Unreadable("workbook_table_hidden", what=what, sheet=tables[0].sheet.name)
    if all(is_blank(cell) for sheet in book.sheets for row in sheet.rows for cell in row):
        raise Unreadable("workbook_empty")
    columns = ", ".join(f"“{FIELD_NAMES.get(name, name)}”" for name in key_fields)
    raise Unreadable("workbook_no_table", what=what, columns=columns, seen=_seen(book.sheets))


def _seen(sheets: list[Sheet]) -> str:
    told = []
    for sheet in sheets[:5]:
        first = next((row for row in sheet.rows if sum(not is_blank(cell) for cell in row) >= 2), [])
        texts = [tidy(str(cell)) for cell in first if not is_blank(cell)][:6]
        told.append(f"“{sheet.name}” ({'; '.join(texts) if texts else 'trống'})"[:120])
    return ", ".join(told) + (f" và {len(sheets) - 5} trang tính khác" if len(sheets) > 5 else "")


def open_notes(tables: list[Table], decisions: Decisions | None) -> list[Notes]:
    """One collector for each table; answers without a sheet name speak of the first."""
    return [Notes(table, decisions, main=index == 0) for index, table in enumerate(tables)]


def check_header(
    notes: Notes,
    required: Sequence[str],
    *,
    year: SchoolYear,
    optional: Sequence[str] = (),
    expected: Sequence[str] = (),
    other_year: Severity = "warning",
) -> bool:
    """Note what is wrong with the header; False when the table cannot be read because of it.

    :param required: fields without whose column no row can be read.
    :param year: the school year it is read for; a title that names another is told.
    :param optional: of these, the ones that may come from elsewhere (the class from a line above).
    :param expected: fields whose column is missed with a warning only.
    :param other_year: how much a title weighs that names another school year.
    """
    table = notes.table
    notes.begin(table.first)
    found = ", ".join(f"“{table.titles[index]}”" for index in sorted(table.titles))[:600]
    readable = True
    for name in required:
        label = FIELD_NAMES.get(name, name)
        if name in table.twice:
            letters = " và ".join(column_letter(index) for index in table.twice[name])
            message = f"Có hai cột cùng là “{label}” (cột {letters}). Thầy cô chỉ để lại một cột."
            notes.error(table.twice[name][1], "duplicate_column", message, table.title(name))
            readable = False
        elif name not in table.columns and name not in optional:
            message = f"Thiếu cột “{label}”. Các cột tìm thấy: {found}."
            notes.error(None, "missing_column", message)
            readable = False
    _columns_not_read(notes, required)
    for name in expected:
        if name not in table.columns:
            label = FIELD_NAMES.get(name, name)
            notes.warn(None, f"no_{name}_column", f"Tệp không có cột “{label}”.")
    _hidden(notes)
    _other_year(notes, year, other_year)
    return readable


def _columns_not_read(notes: Notes, required: Sequence[str]) -> None:
    table = notes.table
    for name, columns in table.twice.items():
        if name not in required and name != "stt":
            letters = ", ".join(column_letter(index) for index in columns)
            message = f"Các cột {letters} có cùng tiêu đề; hệ thống chỉ đọc cột {column_letter(columns[0])}."
            notes.warn(columns[1], "duplicate_column", message, table.titles[columns[1]])
    for column in sorted(table.unknown)[:_SHOWN]:
        message = "Cột này không có trong biểu mẫu nên không được nhập."
        notes.warn(column, "unknown_column", message, table.titles[column])


def note_no_records(notes: Notes, what: str) -> None:
    """Tell that the table has a header and nothing below."""
    notes.begin(notes.table.last)
    notes.warn(None, "no_records", f"Bảng không có dòng {what} nào dưới tiêu đề.")


def _other_year(notes: Notes, year: SchoolYear, severity: Severity) -> None:
    """A list of last year, uploaded for this one, is the costliest mistake of all."""
    for index, row in enumerate(notes.table.sheet.rows[: notes.table.first]):
        for column, cell in enumerate(row):
            match = _YEAR_IN_TITLE.search(bare(cell)) if isinstance(cell, str) and cell else None
            if match and f"{match[1]}-{match[2]}" != str(year):
                message = (
                    f"Tiêu đề ghi năm học {match[1]}-{match[2]}, nhưng thầy cô đang nhập cho năm {year}."
                )
                notes.at(index, column, "other_year", severity, message, cell)
                notes.bad = notes.bad or severity == "error"


def _hidden(notes: Notes) -> None:
    table = notes.table
    columns = sorted(table.sheet.flaws.hidden_columns & set(table.columns.values()))
    if columns:
        listed = ", ".join(f"{column_letter(c)} ({table.titles[c]})" for c in columns)
        notes.warn(columns[0], "hidden_columns", f"Các cột đang ẩn vẫn được đọc: {listed}.")
    hidden = sorted(row for row in table.sheet.flaws.hidden_rows if row > table.last)
    hidden = [r for r in hidden if r < len(table.sheet.rows) and any(c != "" for c in table.sheet.rows[r])]
    if hidden:
        listed = ", ".join(str(row + 1) for row in hidden[:20]) + (" …" if len(hidden) > 20 else "")
        message = f"Có {len(hidden)} dòng đang ẩn hoặc bị lọc trong bảng vẫn được đọc: {listed}."
        notes.warn(None, "hidden_rows", message)


def spread_merges(notes: Notes, fill: Sequence[str]) -> None:
    """Give every row of a vertically merged cell its value in the columns ``fill``; warn about the others.

    A class name merged over its pupils is what the person sees; another merged cell belongs to its first row.
    """
    table, rows = notes.table, notes.table.sheet.rows
    wanted = {table.columns[name] for name in fill if name in table.columns}
    known = set(table.columns.values())
    for (top, left), (bottom, right) in table.sheet.merges:
        if top <= table.last or bottom == top or top >= len(rows) or left not in known:
            continue
        value = rows[top][left]
        if is_blank(value):
            continue
        area = f"{column_letter(left)}{top + 1}:{column_letter(right)}{bottom + 1}"
        if left in wanted:
            for row in rows[top : bottom + 1]:
                if any(cell != "" for cell in row):
                    row[left] = value
            message = f"Ô gộp {area} được đọc cho mọi dòng trong vùng gộp."
        else:
            message = (
                f"Ô gộp {area} chỉ được đọc cho dòng đầu. Thầy cô bỏ gộp ô nếu dòng sau cũng có giá trị này."
            )
        notes.at(top, left, "merged_cell", "warning", message, value)
