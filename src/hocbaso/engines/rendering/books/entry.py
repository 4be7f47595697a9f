"""Phiếu nhập tay: empty sheets for a day without the system, one class × subject × moment each.

Names and codes are printed, the cells are empty; a short code and a QR code lead from the paper back to the
page of the gradebook on which it is typed in later.
"""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.engines.rendering.books.layout import (
    Book,
    Column,
    Head,
    PageCode,
    Part,
    School,
    Signatory,
    Stamp,
    Table,
    place_line,
)
from hocbaso.engines.rendering.books.people import ClassHead, Person

TITLE = "PHIẾU GHI KẾT QUẢ ĐÁNH GIÁ"
#: More narrow columns than this lie on their side.
_MOST_PORTRAIT = 9


@dataclass(frozen=True, slots=True)
class EntryColumn:
    """A column to be written by hand; ``hint`` says what is allowed ("T, H, C", "0 đến 10")."""

    heading: str
    hint: str = ""
    text: bool = False  # a comment: takes the width that is left


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One pupil; ``closed`` says why nothing is written (exempt, left)."""

    person: Person
    closed: str = ""


@dataclass(frozen=True, slots=True)
class EntrySheet:
    """One sheet: what is entered, for whom, and where it belongs."""

    school: School
    head: ClassHead
    part_name: str  # "Toán", "Phẩm chất, năng lực"
    moment_label: str  # "Cuối học kỳ I"
    teacher: str
    columns: tuple[EntryColumn, ...]
    rows: tuple[EntryRow, ...]
    page_code: PageCode
    stamp: Stamp


def entry_sheets(sheets: tuple[EntrySheet, ...]) -> Book:
    """Sheets of one class as one document.

    :raises ValueError: no sheet.
    """
    if not sheets:
        raise ValueError("no sheet to print")
    first = sheets[0]
    return Book(
        "Phiếu ghi kết quả đánh giá",
        first.school,
        first.head.running,
        "Dùng khi hệ thống tạm ngừng; nhập lại vào sổ điểm theo mã ở góc phiếu",
        first.stamp,
        tuple(_part(sheet) for sheet in sheets),
    )


def _part(sheet: EntrySheet) -> Part:
    narrow = sum(not c.text for c in sheet.columns)
    hints = dict.fromkeys(f"{c.heading}: {c.hint}" for c in sheet.columns if c.hint)
    levels = {c.hint for c in sheet.columns if c.hint}
    allowed = f"Ghi {levels.pop()}." if len(levels) == 1 else "; ".join(hints) + "." if hints else ""
    return Part(
        name=f"{sheet.part_name} {sheet.moment_label}",
        title=TITLE,
        subtitle=f"{sheet.part_name} – {sheet.moment_label} – Năm học {sheet.head.year}",
        facts=(f"Lớp: {sheet.head.name}", f"Giáo viên: {sheet.teacher or '…………………………'}"),
        table=_table(sheet, narrow),
        notes=tuple(text for text in (allowed, _HOW) if text),
        place=place_line(sheet.school),
        signatories=(Signatory("Người nhập lại"), Signatory("Giáo viên", name=sheet.teacher)),
        landscape=narrow > _MOST_PORTRAIT,
        page_code=sheet.page_code,
    )


_HOW = (
    "Chỗ viết nhầm: gạch ngang, viết lại bên cạnh và ký. "
    "Khi hệ thống hoạt động lại, nhập đúng như phiếu và lưu phiếu."
)


def _table(sheet: EntrySheet, narrow: int) -> Table:
    roomy = narrow <= _MOST_PORTRAIT
    turned = any(len(c.heading) > 12 for c in sheet.columns if not c.text)
    with_text = any(c.text for c in sheet.columns)
    if with_text:
        width = 14.0 if narrow <= 4 else 11.0
    else:
        width = 0.0
    columns = tuple(Column(0, "left") if c.text else Column(width) for c in sheet.columns)
    empty = (None,) * len(sheet.columns)
    return Table(
        columns=(Column(8), Column(46 if roomy else 50, "left"), Column(28), *columns),
        head=(
            (
                Head("STT"),
                Head("Họ và tên"),
                Head("Mã học sinh"),
                *(Head(c.heading, turned=turned and not c.text) for c in sheet.columns),
            ),
        ),
        rows=tuple(
            (
                row.person.number,
                f"{row.person.name} ({row.closed})" if row.closed else row.person.name,
                row.person.code,
                *empty,
            )
            for row in sheet.rows
        ),
        row_height=6.8,
        size=9.5,
        empty="Lớp chưa có học sinh nào.",
    )
