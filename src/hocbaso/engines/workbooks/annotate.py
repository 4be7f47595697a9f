"""The user's own workbook handed back: comments and colours in the cells to look at, a list in front."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import xlsxwriter
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from hocbaso.core.errors import Unreadable
from hocbaso.engines.workbooks.grid import column_index
from hocbaso.engines.workbooks.limits import check_container, sheet_parts
from hocbaso.engines.workbooks.model import Issue

AUTHOR = "Học bạ số"
NOTES_SHEET = "Ghi chú"
_NOTES_TITLE = "Ghi chú của Học bạ số"
_HEADERS = ("Trang tính", "Dòng", "Cột", "Ô", "Loại", "Lý do", "Trong tệp", "Đề nghị")
_WIDTHS = (18, 8, 26, 8, 12, 80, 28, 34)
_RED, _AMBER = "FFF4B6B0", "FFFFE2A8"
_SEVERITIES = {"error": "Lỗi", "warning": "Cảnh báo"}
#: Beyond this many cells openpyxl needs minutes and gigabytes: the list alone is handed back.
_MOST_CELLS = 1_500_000
_MOST_AREA = 500_000
_MOST_COMMENT = 2_000
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
_AREA = re.compile(rb'<(?:\w+:)?(?:mergeCell|hyperlink)\b[^>]*?\bref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')


def annotate(data: bytes, issues: Sequence[Issue], *, author: str = AUTHOR) -> bytes:
    """Hand a workbook back with its issues in it.

    :param data: the workbook as it was read.
    :param issues: of a reading of ``data``.
    :param author: of the comments; comments of this author from an earlier round are replaced.
    :returns: an ``.xlsx``: the user's own with comments, red (error) and amber (warning) cells and a
        first sheet "Ghi chú"; when it cannot be edited (``.xls``, ``.ods``, odd or huge content) a new one
        with that list.
    :raises Unreadable: ``data`` is no workbook at all.
    """
    if check_container(data) == "xlsx" and _editable(data):
        try:
            return _edited(data, issues, author)
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            IndexError,
            ParseError,
            InvalidFileException,
        ):
            pass  # content that openpyxl does not know: the list is handed back instead
    return _list_only(issues)


def _editable(data: bytes) -> bool:
    """Whether openpyxl can hold it: every cell, also of merged areas and links, becomes an object."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        try:
            parts = sheet_parts(archive)
        except Unreadable:
            return False
        cells = area = 0
        for part in parts.values():
            xml = archive.read(part)
            cells += xml.count(b"<c ")
            for left, top, right, bottom in _AREA.findall(xml):
                width = column_index(right.decode()) - column_index(left.decode()) + 1
                area += width * (int(bottom) - int(top) + 1)
    return bool(parts) and cells <= _MOST_CELLS and area <= _MOST_AREA


def _edited(data: bytes, issues: Sequence[Issue], author: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of extensions that it drops
        book = openpyxl.load_workbook(io.BytesIO(data))
    _clear_earlier(book, author)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for (name, row, letter), told in _by_cell(issues).items():
        sheet = sheets.get(name) or (book.worksheets[0] if not name else None)
        if sheet is not None and row >= 1:
            _mark(_cell(sheet, row, column_index(letter) + 1 if letter else 1), told, author)
    _list_sheet(book, issues)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _clear_earlier(book: openpyxl.Workbook, author: str) -> None:
    for sheet in list(book.worksheets):
        if sheet.title.startswith(NOTES_SHEET) and sheet["A1"].value == _NOTES_TITLE:
            book.remove(sheet)
            continue
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment is not None and cell.comment.author == author:
                    cell.comment = None
                    if isinstance(cell, BookCell) and cell.fill.fgColor.rgb in (_RED, _AMBER):
                        cell.fill = PatternFill()


def _by_cell(issues: Iterable[Issue]) -> dict[tuple[str, int, str], list[Issue]]:
    cells: dict[tuple[str, int, str], list[Issue]] = {}
    for issue in issues:
        cells.setdefault((issue.sheet, issue.row, issue.column_letter), []).append(issue)
    return cells


def _cell(sheet: Worksheet, row: int, column: int) -> BookCell:
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        for area in sheet.merged_cells.ranges:
            if cell.coordinate in area:
                return _cell(sheet, area.min_row, area.min_col)
    if not isinstance(cell, BookCell):
        raise ValueError(f"{row}, {column} cannot be written")
    return cell


def _mark(cell: BookCell, told: list[Issue], author: str) -> None:
    text = "\n".join(_sentence(issue) for issue in told)
    if cell.comment is not None:
        text = f"{cell.comment.text}\n{text}"
    cell.comment = Comment(_clean(text)[:_MOST_COMMENT], author, height=120, width=320)
    severe = any(issue.severity == "error" for issue in told)
    cell.fill = PatternFill("solid", fgColor=_RED if severe else _AMBER)


def _sentence(issue: Issue) -> str:
    proposal = f" Đề nghị: {issue.proposal}." if issue.proposal else ""
    return f"{_SEVERITIES[issue.severity]}: {issue.message}{proposal}"


def _list_sheet(book: openpyxl.Workbook, issues: Sequence[Issue]) -> None:
    sheet = book.create_sheet(NOTES_SHEET, 0)
    book.active = 0
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    rows: list[Sequence[str | int]] = [(_NOTES_TITLE,), (_summary(issues),), (), _HEADERS]
    rows += [_line(issue) for issue in issues]
    for number, values in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            _put(sheet, number, column, value)
    bold = Font(bold=True)
    for cell in (sheet["A1"], *sheet[4]):
        cell.font = bold
    for index, width in enumerate(_WIDTHS):
        sheet.column_dimensions[chr(65 + index)].width = width
    sheet.freeze_panes = "A5"


def _put(sheet: Worksheet, row: int, column: int, value: str | int) -> None:
    """Write text as text: what begins with ``=`` must not become a formula of ours."""
    cell = sheet.cell(row, column)
    if not isinstance(cell, BookCell):
        return
    cell.value = _clean(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.alignment = Alignment(wrap_text=row > 4, vertical="top")
        if value[:1] in "=+-@\t":
            _quote(cell)


def _quote(cell: Any) -> None:
    cell.quotePrefix = True  # Excel then shows the text as typed and keeps it text when edited


def _summary(issues: Sequence[Issue]) -> str:
    errors = sum(issue.severity == "error" for issue in issues)
    return (
        f"{errors} lỗi, {len(issues) - errors} cảnh báo. Ô có lỗi tô đỏ, ô cần xem lại tô vàng. "
        "Thầy cô sửa trong tệp này rồi tải lên lại; trang này được bỏ qua khi nhập."
    )


def _line(issue: Issue) -> tuple[str | int, ...]:
    place = f"{issue.column_letter}{issue.row}" if issue.column_letter else ""
    severity = _SEVERITIES[issue.severity]
    title = issue.column.replace("\n", " ")
    return issue.sheet, issue.row, title, place, severity, issue.message, issue.value, issue.proposal or ""


def _clean(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)[:32_000]


def _list_only(issues: Sequence[Issue]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(NOTES_SHEET)
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    fills = {
        "error": book.add_format({"text_wrap": True, "valign": "top", "bg_color": f"#{_RED[2:]}"}),
        "warning": book.add_format({"text_wrap": True, "valign": "top", "bg_color": f"#{_AMBER[2:]}"}),
    }
    sheet.write_string(0, 0, _NOTES_TITLE, bold)
    sheet.write_string(1, 0, _summary(issues))
    for column, (title, width) in enumerate(zip(_HEADERS, _WIDTHS, strict=True)):
        sheet.write_string(3, column, title, bold)
        sheet.set_column(column, column, width)
    for row, issue in enumerate(issues, start=4):
        for column, value in enumerate(_line(issue)):
            shape = fills[issue.severity] if column == 3 else wrap
            if isinstance(value, str):
                sheet.write_string(row, column, _clean(value), shape)
            else:
                sheet.write_number(row, column, value, shape)
    sheet.freeze_panes(4, 0)
    book.close()
    return out.getvalue()
