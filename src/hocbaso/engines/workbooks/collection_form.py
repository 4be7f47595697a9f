"""Writes the collection workbook (menu 4.1.6): one sheet a class with those who are not verified, and staff.

What the file holds is grey and protected; what papers say goes into the white columns. Numbers and dates stay
text, lists drop down, the communes follow the province. No password: the protection guides, it guards
nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from hocbaso.core import codelists
from hocbaso.engines.workbooks.collection_columns import HANDLINGS, PAPERS
from hocbaso.engines.workbooks.collection_key import CollectionKey, write_collection_key
from hocbaso.engines.workbooks.form_writer import Stamp, sheet_name
from hocbaso.engines.workbooks.grid import column_letter

GROUP_ROW, HEADER_ROW, FIRST_ROW = 4, 5, 6
FROZEN = 3
_LISTS, _COMMUNES = "DanhMuc", "XaPhuong"
_HELP = (
    "Thầy cô chỉ ghi vào các cột trắng, và chỉ ghi mục cần sửa; mục nào để trống thì hồ sơ giữ nguyên. Điền "
    "xong, "
    "nộp lại tệp này ở trang Thu thập số định danh."
)
_NUMBER_HINT = "Đủ 12 chữ số như trên giấy tờ. Ô ở dạng văn bản nên giữ được số 0 ở đầu."
_DATE_HINT = "Ghi ngày/tháng/năm, ví dụ 09/02/2017. Giấy tờ chỉ ghi năm thì ghi năm."
_HANDLING_HINT = "Ghi giá trị đúng ở bên trái, hoặc xác nhận hồ sơ đã đúng với giấy tờ đã xem."
_PAPER_HINT = "Chọn giấy tờ đã xem, hoặc ghi tên giấy tờ khác. Nơi thường trú không cần giấy tờ."


@dataclass(frozen=True, slots=True)
class Line:
    """One person: the file as it stands (dates dd/mm/yyyy), what is wrong in words, the stamp of the
    fields.
    """

    code: str
    full_name: str
    birth_date: str = ""
    sex: str = ""
    personal_number: str = ""
    province: str = ""
    commune: str = ""
    state: str = ""
    differences: str = ""
    responsible: str = ""
    to_do: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet: a class, or the staff."""

    name: str
    title: str
    lines: Sequence[Line]
    staff: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    width: float
    value: str = ""  # of Line; "" for a column that the school fills in
    kind: str = ""  # sex | number | date | province | commune | handling | paper | text
    pupils_only: bool = False


_HOLDS, _SAYS = "Hồ sơ đang có", "Ghi theo giấy tờ (chỉ mục cần sửa)"
_RESULT, _DONE = "Kết quả xác thực", "Đã đối chiếu"
_GROUPS: tuple[tuple[str, tuple[_Column, ...]], ...] = (
    ("", (_Column("STT", 5, "stt"),)),
    (
        _HOLDS,
        (
            _Column("Mã", 14, "code"),
            _Column("Họ tên đang có", 26, "full_name"),
            _Column("Ngày sinh đang có", 12, "birth_date"),
            _Column("Giới tính đang có", 9, "sex"),
            _Column("Số định danh đang có", 15, "personal_number"),
            _Column("Tỉnh, thành phố đang có", 20, "province", pupils_only=True),
            _Column("Xã, phường đang có", 20, "commune", pupils_only=True),
        ),
    ),
    (
        _RESULT,
        (
            _Column("Trạng thái xác thực", 17, "state"),
            _Column("Điểm sai lệch", 22, "differences"),
            _Column("Ai xử lý", 15, "responsible"),
            _Column("Việc cần làm", 36, "to_do"),
        ),
    ),
    (
        _SAYS,
        (
            _Column("Số định danh đúng", 16, kind="number"),
            _Column("Họ tên đúng", 26, kind="text"),
            _Column("Ngày sinh đúng", 12, kind="date"),
            _Column("Giới tính đúng", 9, kind="sex"),
            _Column("Tỉnh, thành phố đúng", 22, kind="province", pupils_only=True),
            _Column("Xã, phường đúng", 22, kind="commune", pupils_only=True),
        ),
    ),
    (
        _DONE,
        (
            _Column("Cách xử lý", 26, kind="handling"),
            _Column("Giấy tờ đã đối chiếu", 28, kind="paper"),
            _Column("Ngày của giấy tờ", 13, kind="date"),
            _Column("Ghi chú", 30, kind="text"),
        ),
    ),
)


@dataclass(slots=True)
class _Formats:
    book: Workbook
    known: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def of(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self.known:
            self.known[key] = self.book.add_format(look)
        return self.known[key]


def write_collection(
    pages: Iterable[Page], *, school: str, school_code: str, year: str, stamp: Stamp, mark: str = ""
) -> bytes:
    """The pages as ``.xlsx``, with the hidden sheet by which a re-import knows what was changed meanwhile.

    :param school: name, printed above each table. :param mark: who took the file out and under which number
        (the watermark), printed above the table and in the footer.
    :returns: same input, same bytes.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"author": school, "created": stamp.at.replace(tzinfo=None), "comments": stamp.line})
    formats, used = _Formats(book), set[str]()
    stamps: dict[tuple[bool, str], str] = {}
    for page in pages:
        sheet = book.add_worksheet(sheet_name(page.name, used))
        _write_page(sheet, page, school, mark or stamp.line, formats)
        stamps |= {(page.staff, line.code): line.stamp for line in page.lines}
    _lists(book)
    write_collection_key(book, CollectionKey(school_code, year, stamp.at.isoformat(), stamps))
    book.close()
    return out.getvalue()


def columns_of(page: Page) -> list[tuple[str, _Column]]:
    """(group, column) from left to right."""
    return [
        (group, column)
        for group, columns in _GROUPS
        for column in columns
        if not (page.staff and column.pupils_only)
    ]


def _write_page(sheet: Worksheet, page: Page, school: str, mark: str, formats: _Formats) -> None:
    sheet.write_string(0, 0, school, formats.of(bold=True))
    sheet.write_string(1, 0, page.title, formats.of(bold=True, font_size=13))
    sheet.write_string(2, 0, mark, formats.of(italic=True, font_color="#666666"))
    sheet.write_string(3, 0, _HELP)
    columns = columns_of(page)
    _write_header(sheet, page, columns, formats)
    for row, line in enumerate(page.lines, start=FIRST_ROW):
        for index, (_group, column) in enumerate(columns):
            _write_cell(sheet, row, index, column, line, row - FIRST_ROW + 1, formats)
    last = FIRST_ROW + len(page.lines) - 1
    letters = {
        f"held_{column.value}" if column.value else column.kind: column_letter(i)
        for i, (_g, column) in enumerate(columns)
    }
    for index, (_group, column) in enumerate(columns):
        sheet.set_column(index, index, column.width)
        if page.lines and column.kind:
            sheet.data_validation(FIRST_ROW, index, last, index, _rule(column, column_letter(index), letters))
    sheet.freeze_panes(FIRST_ROW, FROZEN)
    sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True, "sort": True})
    sheet.set_landscape()
    sheet.set_paper(8)  # A3: both halves of a row on one page
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(GROUP_ROW, HEADER_ROW)
    sheet.set_footer(f"&L&8{mark.replace('&', '&&')[:200]}&R&8&P/&N")


def _write_header(
    sheet: Worksheet, page: Page, columns: Sequence[tuple[str, _Column]], formats: _Formats
) -> None:
    look = {"bold": True, "text_wrap": True, "border": 1, "align": "center", "valign": "vcenter"}
    start = 0
    while start < len(columns):
        group = columns[start][0]
        end = start
        while end + 1 < len(columns) and columns[end + 1][0] == group:
            end += 1
        shape = formats.of(**look, bg_color="#FBE9C6" if group in (_SAYS, _DONE) else "#E8EEF4")
        if group:
            sheet.merge_range(GROUP_ROW, start, GROUP_ROW, end, group, shape)
        for index in range(start, end + 1):
            head = columns[index][1].head
            if columns[index][1].value == "code":
                head = "Mã cán bộ" if page.staff else "Mã học sinh"
            sheet.write_string(HEADER_ROW, index, head, shape)
        start = end + 1
    sheet.set_row(GROUP_ROW, 20)
    sheet.set_row(HEADER_ROW, 34)


def _write_cell(
    sheet: Worksheet, row: int, index: int, column: _Column, line: Line, number: int, formats: _Formats
) -> None:
    look: dict[str, Any] = {"border": 1, "valign": "vcenter", "text_wrap": True}
    if column.value == "stt":
        sheet.write_number(row, index, number, formats.of(**look, locked=True, bg_color="#F4F4F2"))
    elif column.value:
        text = str(getattr(line, column.value))
        if not text:
            sheet.write_blank(row, index, None, formats.of(**look, locked=True, bg_color="#F4F4F2"))
            return
        if text[:1] in "=+-@\t":
            look["quote_prefix"] = True
        sheet.write_string(
            row, index, text, formats.of(**look, locked=True, bg_color="#F4F4F2", num_format="@")
        )
    else:
        shape = "dd/mm/yyyy" if column.kind == "date" else "@"
        sheet.write_blank(row, index, None, formats.of(**look, locked=False, num_format=shape))


def _rule(column: _Column, letter: str, letters: dict[str, str]) -> dict[str, Any]:
    """What may be typed in a column; a warning where the reader knows more than the list."""
    title = {"input_title": column.head[:32]}
    soft = {"error_type": "warning", "error_title": "Không có trong danh mục"}
    soft["error_message"] = (
        "Thầy cô nên chọn trong danh mục; nếu chắc chắn, hệ thống sẽ kiểm tra khi nộp tệp."
    )
    first = FIRST_ROW + 1
    if column.kind == "number":
        cell = f"{letter}{first}"
        formula = f"=AND(LEN({cell})=12,ISNUMBER(VALUE({cell})))"
        told = {"error_title": "Số định danh chưa đúng", "error_message": "Số định danh gồm đúng 12 chữ số."}
        return {"validate": "custom", "value": formula, "input_message": _NUMBER_HINT} | told | title
    if column.kind == "date":
        return {"validate": "any", "input_message": _DATE_HINT} | title
    if column.kind == "commune":
        new, old = f"${letters['province']}{first}", f"${letters['held_province']}{first}"
        chosen = f'IF({new}="",{old},{new})'
        source = (
            f"=OFFSET({_COMMUNES}!$B$1,MATCH({chosen},{_COMMUNES}!$A:$A,0)-1,0,"
            f"COUNTIF({_COMMUNES}!$A:$A,{chosen}),1)"
        )
        hint = "Danh sách theo tỉnh ghi ở bên trái; để trống tỉnh thì theo tỉnh đang có trong hồ sơ."
        return {"validate": "list", "source": source, "input_message": hint} | soft | title
    if column.kind in _SOURCES:
        hint = {"handling": _HANDLING_HINT, "paper": _PAPER_HINT}.get(column.kind, "")
        rule = {"validate": "list", "source": _source(column.kind)} | title
        rule |= {"input_message": hint} if hint else {}
        if column.kind in ("sex", "handling"):
            return rule | {
                "error_title": "Chọn trong danh mục",
                "error_message": "Thầy cô chọn trong danh mục.",
            }
        return rule | soft
    return {"validate": "length", "criteria": "<=", "value": 200, "error_message": "Không quá 200 ký tự."}


_SOURCES: dict[str, tuple[str, ...]] = {
    "sex": ("Nam", "Nữ"),
    "province": tuple(item.name for item in codelists.provinces()),
    "handling": tuple(HANDLINGS.values()),
    "paper": PAPERS,
}


def _source(kind: str) -> str:
    letter = chr(65 + list(_SOURCES).index(kind))
    return f"={_LISTS}!${letter}$1:${letter}${len(_SOURCES[kind])}"


def _lists(book: Workbook) -> None:
    """Hidden sheets with what the drop-downs offer."""
    sheet = book.add_worksheet(_LISTS)
    sheet.hide()
    for column, values in enumerate(_SOURCES.values()):
        for row, value in enumerate(values):
            sheet.write_string(row, column, value)
    communes = book.add_worksheet(_COMMUNES)
    communes.hide()
    pairs = [(p.name, c.name) for p in codelists.provinces() for c in codelists.communes(p.code)]
    for row, pair in enumerate(pairs):
        communes.write_string(row, 0, pair[0])
        communes.write_string(row, 1, pair[1])
