"""A book on paper as plain values: parts, tables, headings, signature blocks; drawn as PDF or as a workbook.

The forms (``primary``, ``secondary``, ``register``, ``homeroom``, ``entry``) say what stands where, once; the
two writers (``draw`` and ``engines.workbooks.books``) show the same cells, so that both always agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

#: Empty, text, or a number that Excel may add up; a Decimal keeps the digits it was written with.
Value = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class Head:
    """One cell of a table's heading."""

    text: str
    across: int = 1
    down: int = 1
    turned: bool = False  # written upwards


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``width`` in millimetres, 0 = an equal share of what is left."""

    width: float = 0
    align: str = "center"  # "left" | "center" | "right"
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Foot:
    """A row of totals: a label over the first columns, then one value a column."""

    label: str
    across: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose heading repeats on every page."""

    columns: tuple[Column, ...]
    head: tuple[tuple[Head, ...], ...]
    rows: tuple[tuple[Value, ...], ...]
    foot: tuple[Foot, ...] = ()
    row_height: float = 5.0  # least, in millimetres
    size: float = 9.0  # of the text, in points
    head_size: float = 8.5
    empty: str = "Chưa có học sinh nào."


@dataclass(frozen=True, slots=True)
class Signatory:
    """One column of the signature block."""

    heading: str
    note: str = "(Ký và ghi rõ họ tên)"
    name: str = ""


@dataclass(frozen=True, slots=True)
class PageCode:
    """What leads from a printed sheet back to its page: a short code, and the address in a QR code."""

    code: str
    url: str


@dataclass(frozen=True, slots=True)
class Part:
    """What begins on a new page: heading, table, notes, signatures."""

    name: str  # of the worksheet
    title: str
    subtitle: str = ""
    facts: tuple[str, ...] = ()  # one line each under the title
    table: Table | None = None
    notes: tuple[str, ...] = ()
    place: str = ""  # "Phường Bình Thạnh, ngày …… tháng …… năm ……"
    signatories: tuple[Signatory, ...] = ()
    landscape: bool = False
    ruled_lines: int = 0  # empty lines to write on
    page_code: PageCode | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """The first page of a bound book."""

    title: str
    subtitle: str = ""
    lines: tuple[tuple[str, str], ...] = ()  # label, value
    legal: str = ""


@dataclass(frozen=True, slots=True)
class School:
    """Whose book it is."""

    name: str
    manager: str = ""  # the unit above: "Ủy ban nhân dân phường Bình Thạnh"
    place: str = ""  # "Phường Bình Thạnh"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who made the export and when; printed on every page.

    :param by: name and post. :param at: with zone. :param number: of the export, in the register.
    """

    by: str
    at: datetime
    number: str = ""

    @property
    def line(self) -> str:
        """``Xuất lúc 17:05 ngày 21/11/2026 bởi …`` (``at`` in its own zone)."""
        number = f", số {self.number}" if self.number else ""
        return f"Xuất từ Học bạ số lúc {self.at:%H:%M} ngày {self.at:%d/%m/%Y} bởi {self.by}{number}"


@dataclass(frozen=True, slots=True)
class Book:
    """A whole book."""

    title: str
    school: School
    running: str  # what continuation pages repeat: class and year
    form: str  # the form's source, printed at the top right
    stamp: Stamp
    parts: tuple[Part, ...]
    cover: Cover | None = None


def mark(text: str | None) -> Value:
    """A canonical mark as a cell: ``"7.5"`` becomes a number with its digits; "Đ", "CĐ", "V" stay text."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return value if value.is_finite() else text


def average(text: str | None) -> Value:
    """A canonical average: always one decimal (``"8"`` becomes 8.0), letters stay text."""
    value = mark(text)
    return value.quantize(Decimal("0.1")) if isinstance(value, Decimal) else value


def shown(value: Value) -> str:
    """A cell in print: decimals with a comma, nothing for nothing."""
    if value is None:
        return ""
    return str(value).replace(".", ",") if isinstance(value, Decimal) else str(value)


def place_line(school: School) -> str:
    """The place line with the date left to be written by hand."""
    return f"{school.place or '……………………'}, ngày …… tháng …… năm ………"


def sentence(text: str) -> str:
    """The first letter large, all others as they are ("giữa học kỳ I" keeps its numeral)."""
    return text[:1].upper() + text[1:]


def vn_date(iso: str | None) -> str:
    """``2017-02-09`` → ``09/02/2017``; a year or a month alone stays as exact as it was."""
    return "/".join(reversed(iso.split("-"))) if iso else ""


def texts_of(book: Book) -> Iterator[tuple[str, str]]:
    """(what the user calls it, text) of everything that comes from data."""
    yield "Tên trường", book.school.name
    yield "Tên đơn vị quản lý", book.school.manager
    yield "Địa danh", book.school.place
    yield "Tên sổ", book.title
    yield "Lớp và năm học", book.running
    yield "Người xuất sổ", book.stamp.by
    if book.cover:
        yield from book.cover.lines
    for part in book.parts:
        yield part.name, part.title
        yield part.name, part.subtitle
        for line in (*part.facts, *part.notes, part.place):
            yield part.name, line
        for person in part.signatories:
            yield person.heading, person.name
        if part.table:
            yield from _texts_of_table(part.table)


def _texts_of_table(table: Table) -> Iterator[tuple[str, str]]:
    names = column_names(table)
    for row in table.head:
        for cell in row:
            yield "Tiêu đề cột", cell.text
    for line in table.rows:
        for name, value in zip(names, line, strict=True):
            if isinstance(value, str):
                yield name or "Bảng", value


def column_names(table: Table) -> list[str]:
    """The lowest heading over each column, on one line."""
    names = [""] * len(table.columns)
    covered: dict[int, list[int]] = {}
    for depth, cells in enumerate(table.head):
        free = [x for x in range(len(names)) if depth not in covered.get(x, ())]
        for cell in cells:
            spot, free = free[: cell.across], free[cell.across :]
            for x in spot:
                covered.setdefault(x, []).extend(range(depth, depth + cell.down))
                names[x] = cell.text.replace("\n", " ")
    return names
