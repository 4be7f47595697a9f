"""Empty workbooks for schools: text cells where Excel would drop zeros, drop-downs from the code lists."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from hocbaso.core import codelists

_HEADER_ROW = 5
_LISTS = "DanhMuc"
_COMMUNES = "XaPhuong"
_TEXT, _DATE, _YEAR = "text", "date", "year"


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int = 14
    kind: str = _TEXT
    choice: str = ""
    required: bool = False
    hint: str = ""


_DATE_HINT = "Ghi ngày/tháng/năm, ví dụ 09/02/2017. Chỉ biết năm thì ghi năm."
_NUMBER_HINT = "12 chữ số; ô đã để dạng văn bản nên giữ được số 0 ở đầu."
_NO_HINT = "Không có thì ghi “không”."

_PUPIL_COLUMNS = (
    _Column("STT", 6),
    _Column("Mã lớp", 9, required=True, hint="Ví dụ 1A, 6A1."),
    _Column("Mã học sinh", 14, required=True, hint="8 đến 20 ký tự."),
    _Column("Họ tên", 26, required=True),
    _Column("Ngày sinh\n(dd/mm/yyyy)", 13, _DATE, required=True, hint=_DATE_HINT),
    _Column("Giới tính", 9, choice="sex", required=True),
    _Column("Trạng thái HS", 16, choice="status"),
    _Column("Ngày nhập\ntrạng thái", 13, _DATE, hint=_DATE_HINT),
    _Column("Dân tộc", 12, choice="ethnic"),
    _Column("Tôn giáo", 14, choice="religion"),
    _Column("Quốc tịch", 12),
    _Column("Số định danh\ncá nhân", 16, hint=_NUMBER_HINT),
    _Column("Tỉnh/Thành phố\n(Theo địa chỉ thường trú)", 26, choice="province"),
    _Column("Xã/Phường\n(Theo địa chỉ thường trú)", 24, choice="commune", hint="Chọn tỉnh trước."),
    _Column("Tổ/Thôn/Xóm\n(Theo địa chỉ thường trú)", 18),
    _Column("Nơi sinh\nchi tiết", 30),
    _Column("Chỗ ở hiện nay", 34),
    _Column("Số điện thoại\nliên hệ", 14),
    _Column("Loại khuyết tật", 14, hint=_NO_HINT),
    _Column("Họ tên cha", 24, hint=_NO_HINT),
    _Column("Nghề nghiệp cha", 14),
    _Column("Năm sinh cha", 10, _YEAR),
    _Column("Số điện thoại cha", 14),
    _Column("Họ tên mẹ", 24, hint=_NO_HINT),
    _Column("Nghề nghiệp mẹ", 14),
    _Column("Năm sinh mẹ", 10, _YEAR),
    _Column("Số điện thoại mẹ", 14),
    _Column("Họ tên người\ngiám hộ", 24, hint=_NO_HINT),
)

_STAFF_COLUMNS = (
    _Column("STT", 6),
    _Column("Mã cán bộ", 16, required=True),
    _Column("Họ tên", 26, required=True),
    _Column("Ngày sinh", 13, _DATE, hint=_DATE_HINT),
    _Column("Giới tính", 9, choice="sex"),
    _Column("Số định danh\ncá nhân", 16, hint=_NUMBER_HINT),
    _Column("Email", 30, hint="Mỗi người một email riêng."),
    _Column("Điện thoại", 14),
    _Column("Trạng thái CB", 16, choice="working"),
    _Column("Vị trí việc làm", 22, choice="position", required=True),
    _Column("Nhóm chức vụ", 16),
    _Column("Môn dạy", 22),
    _Column("Lớp chủ nhiệm", 12),
    _Column(
        "Phân công giảng dạy",
        60,
        hint="LỚP: MÔN; LỚP: MÔN. Giáo viên chủ nhiệm tiểu học ghi “1A: tất cả trừ môn chuyên”.",
    ),
)

_POSITIONS = (
    "Hiệu trưởng",
    "Phó hiệu trưởng",
    "Văn thư",
    "Tổ trưởng chuyên môn",
    "Tổ phó chuyên môn",
    "Giáo viên",
    "Nhân viên",
)


def _choices() -> dict[str, tuple[str, ...]]:
    return {
        "sex": ("Nam", "Nữ"),
        "status": tuple(item.name for item in codelists.pupil_statuses()),
        "ethnic": tuple(item.name for item in codelists.ethnic_groups()),
        "religion": tuple(item.name for item in codelists.religions()),
        "province": tuple(item.name for item in codelists.provinces()),
        "position": _POSITIONS,
        "working": ("Đang làm việc", "Nghỉ việc", "Chuyển công tác", "Nghỉ hưu"),
    }


def pupil_template(*, school: str = "", year: str = "", rows: int = 1000) -> bytes:
    """An empty pupil list with drop-downs for sex, status, ethnic group, religion, province and its communes.

    :param school: printed above the table. :param year: e.g. ``2025-2026``.
    :param rows: how many rows get formats and drop-downs.
    """
    title = f"DANH SÁCH HỌC SINH NĂM HỌC {year}".strip()
    return _template(_PUPIL_COLUMNS, title, school, rows)


def staff_template(*, school: str = "", year: str = "", rows: int = 200) -> bytes:
    """An empty staff list with drop-downs for sex, state and post; parameters as :func:`pupil_template`."""
    title = f"DANH SÁCH CÁN BỘ, GIÁO VIÊN VÀ PHÂN CÔNG NĂM HỌC {year}".strip()
    return _template(_STAFF_COLUMNS, title, school, rows)


def _template(columns: Sequence[_Column], title: str, school: str, rows: int) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("Sheet1")
    sources = _lists(book, {column.choice for column in columns})
    bold = book.add_format({"bold": True, "font_size": 13})
    if school:
        sheet.write_string(1, 0, school)
    sheet.write_string(3, 3, title, bold)
    formats = {
        _TEXT: book.add_format({"num_format": "@"}),
        _DATE: book.add_format({"num_format": "dd/mm/yyyy"}),
        _YEAR: book.add_format({"num_format": "0"}),
    }
    head = {
        "text_wrap": True, "bold": True, "border": 1, "align": "center", "valign": "vcenter"
    }  # fmt: skip
    plain = book.add_format({**head, "bg_color": "#E8EEF4"})
    must = book.add_format({**head, "bg_color": "#FBE9C6"})
    sheet.set_row(_HEADER_ROW, 45)
    for index, column in enumerate(columns):
        _column(sheet, index, column, must if column.required else plain, formats, sources, rows)
    sheet.freeze_panes(_HEADER_ROW + 1, 4)
    sheet.autofilter(_HEADER_ROW, 0, _HEADER_ROW, len(columns) - 1)
    book.close()
    return out.getvalue()


def _column(
    sheet: Worksheet,
    index: int,
    column: _Column,
    header: Format,
    formats: dict[str, Format],
    sources: dict[str, str],
    rows: int,
) -> None:
    sheet.set_column(index, index, column.width, formats[column.kind] if column.title != "STT" else None)
    sheet.write_string(_HEADER_ROW, index, column.title, header)
    rule: dict[str, object] = {"validate": "any"}
    if column.choice:
        # A warning, not a stop: an old place name is accepted by the reader and asked there.
        rule = {"validate": "list", "source": sources[column.choice], "error_type": "warning"}
        rule |= {"error_title": "Không có trong danh mục", "error_message": "Thầy cô chọn trong danh mục."}
    if column.hint:
        rule |= {"input_title": column.title.split("\n")[0][:32], "input_message": column.hint}
    if column.choice or column.hint:
        sheet.data_validation(_HEADER_ROW + 1, index, _HEADER_ROW + rows, index, rule)


def _lists(book: Workbook, wanted: set[str]) -> dict[str, str]:
    """Sheets with the code lists; choice → formula of its cells."""
    sheet = book.add_worksheet(_LISTS)
    sources: dict[str, str] = {}
    for column, (name, values) in enumerate((n, v) for n, v in _choices().items() if n in wanted):
        _write_column(sheet, column, values)
        letter = chr(65 + column)
        sources[name] = f"={_LISTS}!${letter}$1:${letter}${len(values)}"
    if "commune" in wanted:
        communes = book.add_worksheet(_COMMUNES)
        pairs = [(p.name, c.name) for p in codelists.provinces() for c in codelists.communes(p.code)]
        _write_column(communes, 0, (pair[0] for pair in pairs))
        _write_column(communes, 1, (pair[1] for pair in pairs))
        province = f"$M{_HEADER_ROW + 2}"
        sources["commune"] = (
            f"=OFFSET({_COMMUNES}!$B$1,MATCH({province},{_COMMUNES}!$A:$A,0)-1,0,"
            f"COUNTIF({_COMMUNES}!$A:$A,{province}),1)"
        )
    return sources


def _write_column(sheet: Worksheet, column: int, values: Iterable[str]) -> None:
    for row, value in enumerate(values):
        sheet.write_string(row, column, value)
