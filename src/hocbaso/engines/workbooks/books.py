"""The school's books as workbooks: the same cells as on paper, one worksheet a part.

Marks are numbers, so that a school can go on calculating; letters, names and codes are text. Headings,
totals, widths and the rows that repeat on paper are those of the printed form.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from hocbaso.engines.rendering.books.layout import Book, Head, Part, Table, Value

#: One character of Excel's default font, in millimetres; a share column gets what a name needs.
_MM_A_CHARACTER = 1.9
_SHARE_MARK, _SHARE_TEXT = 6.0, 36.0
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


@dataclass(frozen=True, slots=True)
class _Formats:
    plain: Format
    title: Format
    line: Format
    head: Format
    turned: Format
    cells: dict[tuple[str, bool, str], Format]  # (align, strong, number format)


def book_workbook(book: Book) -> bytes:
    """The tables of a book as .xlsx. Same input, same bytes.

    Parts without a table (covers, pages of lines) are left out; a book without tables has one empty sheet.
    """
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    created = book.stamp.at.replace(tzinfo=None)
    workbook.set_properties({"title": book.title, "author": book.school.name, "created": created})
    formats = _formats(workbook)
    used: set[str] = set()
    for part in book.parts:
        if part.table is not None:
            sheet = workbook.add_worksheet(_sheet_name(part.name, used))
            _write_part(sheet, book, part, part.table, formats)
    if not used:
        workbook.add_worksheet("Trống")
    workbook.close()
    return out.getvalue()


def _sheet_name(name: str, used: set[str]) -> str:
    """At most 31 characters, none that Excel forbids, each name once."""
    base = " ".join(name.translate(_FORBIDDEN).split())[:31].strip("'") or "Bảng"
    found, n = base, 1
    while found.casefold() in used:
        n += 1
        found = f"{base[: 30 - len(str(n))]} {n}"
    used.add(found.casefold())
    return found


def _formats(workbook: Workbook) -> _Formats:
    font = {"font_name": "Times New Roman", "font_size": 11}
    grid = {**font, "border": 1, "valign": "vcenter"}
    head = {**grid, "bold": True, "align": "center", "text_wrap": True}
    cells = {}
    for align in ("left", "center", "right"):
        for strong in (False, True):
            for number in ("@", "0", "0.0", "0.00"):
                look = {**grid, "align": align, "bold": strong, "num_format": number}
                cells[align, strong, number] = workbook.add_format({**look, "text_wrap": align == "left"})
    return _Formats(
        workbook.add_format(font),
        workbook.add_format({**font, "bold": True, "font_size": 14, "align": "center"}),
        workbook.add_format({**font, "bold": True, "align": "center"}),
        workbook.add_format(head),
        workbook.add_format({**head, "rotation": 90}),
        cells,
    )


def _write_part(sheet: Worksheet, book: Book, part: Part, table: Table, formats: _Formats) -> None:
    last = len(table.columns) - 1
    row = _write_opening(sheet, book, part, last, formats)
    first = row
    row = _write_head(sheet, table, row, formats)
    head_end = row
    for line in table.rows:
        for x, value in enumerate(line):
            _write(sheet, row, x, value, table.columns[x].align, table.columns[x].strong, formats)
        row += 1
    if not table.rows:
        _wide(sheet, row, 0, last, table.empty, formats.cells["center", False, "@"])
        row += 1
    for foot in table.foot:
        _wide(sheet, row, 0, foot.across - 1, foot.label, formats.cells["left", True, "@"])
        for x, value in enumerate(foot.values, foot.across):
            _write(sheet, row, x, value, "center", True, formats)
        row += 1
    _write_closing(sheet, part, row + 1, last, formats)
    for x, column in enumerate(table.columns):
        share = _SHARE_TEXT if column.align == "left" else _SHARE_MARK
        sheet.set_column(x, x, column.width / _MM_A_CHARACTER + 1 if column.width else share, formats.plain)
    sheet.freeze_panes(head_end, 2)
    _page_setup(sheet, book, part, (first, head_end - 1))


def _write_opening(sheet: Worksheet, book: Book, part: Part, last: int, formats: _Formats) -> int:
    """School, title, facts; returns the first row of the table."""
    sheet.write_string(0, 0, book.school.manager, formats.plain)
    sheet.write_string(1, 0, book.school.name, formats.plain)
    row = 2
    for text, look in ((part.title, formats.title), (part.subtitle, formats.line)):
        if text:
            _wide(sheet, row, 0, last, text, look)
            row += 1
    if part.facts:
        _wide(sheet, row, 0, last, "     ".join(part.facts), formats.line)
        row += 1
    if part.page_code:
        sheet.write_string(row, 0, f"Mã phiếu: {part.page_code.code}", formats.plain)
        row += 1
    return row + 1


def _write_head(sheet: Worksheet, table: Table, top: int, formats: _Formats) -> int:
    """The heading with its merged cells; returns the first row below it."""
    taken: set[tuple[int, int]] = set()
    longest = max((len(h.text) for row in table.head for h in row if h.turned), default=0)
    turned_rows = {y for y, row in enumerate(table.head) for h in row if h.turned}
    for y, cells in enumerate(table.head):
        x = 0
        for cell in cells:
            while (y, x) in taken:
                x += 1
            _write_head_cell(sheet, top + y, x, cell, formats)
            taken |= {(y + dy, x + dx) for dy in range(cell.down) for dx in range(cell.across)}
            x += cell.across
        if turned_rows:
            share = longest * 5.6 / max(len(turned_rows), 1)
            sheet.set_row(top + y, max(share, 60) if y in turned_rows else 18)
    return top + len(table.head)


def _write_head_cell(sheet: Worksheet, y: int, x: int, cell: Head, formats: _Formats) -> None:
    look = formats.turned if cell.turned else formats.head
    if cell.across == cell.down == 1:
        sheet.write_string(y, x, cell.text, look)
    else:
        sheet.merge_range(y, x, y + cell.down - 1, x + cell.across - 1, cell.text, look)


def _write_closing(sheet: Worksheet, part: Part, row: int, last: int, formats: _Formats) -> None:
    for note in part.notes:
        sheet.write_string(row, 0, note, formats.plain)
        row += 1
    if not part.signatories:
        return
    row += 1
    share = max((last + 1) // len(part.signatories), 1)
    if part.place:
        start = share * (len(part.signatories) - 1)
        _wide(sheet, row, start, last, part.place, formats.line)
        row += 1
    for n, person in enumerate(part.signatories):
        start = n * share
        end = last if n == len(part.signatories) - 1 else start + share - 1
        _wide(sheet, row, start, end, person.heading, formats.line)
        _wide(sheet, row + 5, start, end, person.name, formats.line)


def _wide(sheet: Worksheet, y: int, first: int, last: int, text: str, look: Format) -> None:
    if last > first:
        sheet.merge_range(y, first, y, last, text, look)
    else:
        sheet.write_string(y, first, text, look)


def _write(
    sheet: Worksheet, y: int, x: int, value: Value, align: str, strong: bool, formats: _Formats
) -> None:
    if value is None:
        sheet.write_blank(y, x, None, formats.cells[align, strong, "@"])
    elif isinstance(value, Decimal):
        digits = -int(value.as_tuple().exponent)
        number = "0" if digits <= 0 else "0.0" if digits == 1 else "0.00"
        sheet.write_number(y, x, float(value), formats.cells[align, strong, number])
    elif isinstance(value, int):
        sheet.write_number(y, x, value, formats.cells[align, strong, "0"])
    else:
        sheet.write_string(y, x, value, formats.cells[align, strong, "@"])


def _page_setup(sheet: Worksheet, book: Book, part: Part, repeat: tuple[int, int]) -> None:
    if part.landscape:
        sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.3, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(*repeat)
    # An ampersand begins a code in Excel's footers; a name that holds one doubles it.
    line = book.stamp.line.replace("&", "&&")
    sheet.set_footer(f"&L&8{line[:200]}&R&8Trang &P/&N")
