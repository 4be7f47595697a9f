"""A board as a file: the numbers that the page shows, with who took it out and under which number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.queries import FIELD_LABELS
from hocbaso.apps.identity.watching.board import Line
from hocbaso.apps.identity.watching.models import DIFFERS, Who
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.watermark import begin, finish, mark_workbook, who
from hocbaso.engines.rendering.books import render_book
from hocbaso.engines.rendering.books.layout import (
    Book,
    Column,
    Foot,
    Head,
    Part,
    School,
    Stamp,
    Table,
    Value,
)
from hocbaso.engines.workbooks.books import book_workbook

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_PURPOSE = "Theo dõi tiến độ xác thực danh tính"


@dataclass(frozen=True, slots=True)
class Exported:
    """The file, under the name a person would give it."""

    name: str
    media_type: str
    content: bytes


def stamp(actor: Actor) -> Stamp:
    """Who takes it out, and when."""
    return Stamp(who(actor), clock.now().astimezone(clock.VIETNAM))


@transaction.atomic
def exported(actor: Actor, book: Book, form: str, *, name: str, what: str) -> Exported:
    """The book as a file, marked and on record; it holds numbers of people, no names.

    :param form: "xlsx" or "pdf"; anything else is taken for "xlsx".
    """
    form = form if form in MEDIA_TYPES else "xlsx"
    if form == "xlsx":
        content = mark_workbook(book_workbook(book), actor, _PURPOSE, what=what)
    else:
        mark = begin(actor)
        numbered = [replace(part, notes=(*part.notes, mark.line + ".")) for part in book.parts]
        content = render_book(replace(book, parts=tuple(numbered)))
        finish(actor, mark, _PURPOSE, what=what, content=content)
    chain.record(actor, "identity.export_progress", what, format=form, file=name)
    return Exported(f"{name}.{form}", MEDIA_TYPES[form], content)


def export_board(actor: Actor, unit: Organisation, kind: str, lines: list[Line], form: str) -> Exported:
    """The lines of a board in the order in which the page shows them.

    :raises NotAllowed: policy ``identity.watch``
    """
    require(actor, "identity.watch", unit)
    book = _book(actor, unit, kind, lines)
    day = clock.today()
    name = f"tien-do-xac-thuc-{unit.code}-{day:%Y%m%d}"
    return exported(actor, book, form, name=name, what="identity-board")


_NUMBER = 9.5  # millimetres; their headings are written upwards
_HEADS: tuple[tuple[str, float, str], ...] = (
    ("STT", 8, "center"),
    ("Đơn vị", 0, "left"),
    ("Mã", 16, "center"),
    ("Đơn vị quản lý", 28, "left"),
    ("Số trường", _NUMBER, "right"),
    ("Tổng số", 11, "right"),
    ("Đã xác thực", 11, "right"),
    ("Tỉ lệ %", _NUMBER, "right"),
    ("Sai lệch", _NUMBER, "right"),
    *((f"Sai: {FIELD_LABELS[name].lower()}", _NUMBER, "right") for name in DIFFERS),
    ("Không tìm thấy", _NUMBER, "right"),
    ("Nhiều kết quả", _NUMBER, "right"),
    ("Chưa gửi", _NUMBER, "right"),
    ("Đang chờ trả lời", _NUMBER, "right"),
    ("Chưa có số", _NUMBER, "right"),
    ("Lâu nhất (ngày)", _NUMBER, "right"),
    ("Kiến nghị mở", _NUMBER, "right"),
    ("Số liệu lúc", 17, "center"),
)


def _numbers(line: Line) -> tuple[Value, ...]:
    tally = line.tally
    return (
        line.schools,
        tally.total,
        tally.verified,
        _share(line),
        tally.mismatch,
        *(tally.numbers[column] for column in DIFFERS.values()),
        tally.not_found,
        tally.multiple,
        tally.unsent,
        tally.waiting,
        tally.no_number,
        line.days_open,
        line.escalations,
    )


def _share(line: Line) -> Decimal | None:
    """Per cent with one decimal, never 100 before all is done."""
    if not line.tally.total:
        return None
    return Decimal(line.tally.verified * 1000 // line.tally.total) / Decimal(10)


def _book(actor: Actor, unit: Organisation, kind: str, lines: list[Line]) -> Book:
    whole = Line(unit.pk, unit.code, unit.name, unit.kind)
    rows: list[tuple[Value, ...]] = []
    for n, line in enumerate(lines, 1):
        whole.tally.add(line.tally)
        whole.schools += line.schools
        whole.escalations += line.escalations
        at = f"{line.counted_at.astimezone(clock.VIETNAM):%H:%M %d/%m/%Y}" if line.counted_at else ""
        rows.append((n, line.name, line.code, line.manager, *_numbers(line), at))
    table = Table(
        tuple(Column(width, align) for _text, width, align in _HEADS),
        (tuple(Head(text, turned=align == "right") for text, _width, align in _HEADS),),
        tuple(rows),
        (Foot("Cộng", 4, (*_numbers(whole), None)),),
        size=7,
        head_size=7,
        empty="Không có đơn vị nào.",
    )
    title = f"Tiến độ xác thực danh tính: {Who(kind).label.lower()}"
    notes = (
        "Tỉ lệ làm tròn xuống. Sai lệch theo trường thông tin: một người có thể lệch ở nhiều trường.",
        "Lâu nhất: số ngày từ khi có kết quả chưa khớp đầu tiên của hồ sơ lâu nhất chưa xong.",
    )
    part = Part("Tiến độ", title, table=table, notes=notes, landscape=True)
    return Book(title, School(unit.name), title, "", stamp(actor), (part,))
