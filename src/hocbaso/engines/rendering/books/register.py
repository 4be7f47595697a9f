"""Sổ đăng bộ: every pupil the school has taken in, under the number that stands on the transcript.

Columns as schools keep the book; the Điều lệ of primary and secondary schools (TT 28/2020, 32/2020) name it
(sổ đăng bộ, sổ đăng kí học sinh) and leave its columns to practice.
"""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.engines.rendering.books.layout import (
    Book,
    Column,
    Cover,
    Head,
    Part,
    School,
    Signatory,
    Stamp,
    Table,
    Value,
    place_line,
    vn_date,
)
from hocbaso.engines.rendering.books.people import Person

TITLE = "SỔ ĐĂNG BỘ"


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One entry of the register. Dates are ISO; ``number`` is empty for a pupil not yet entered."""

    number: str
    person: Person
    birth_place: str = ""
    address: str = ""
    father: str = ""
    mother: str = ""
    guardian: str = ""
    entered: str = ""
    entered_class: str = ""
    from_school: str = ""
    left: str = ""
    left_reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """The register, or the stretch of one school year."""

    school: School
    year: str
    rows: tuple[RegisterRow, ...]
    stamp: Stamp
    principal: str = ""
    principal_title: str = "Hiệu trưởng"


_COLUMNS = (
    (Column(16, strong=True), "Số đăng bộ"),
    (Column(38, "left"), "Họ và tên học sinh"),
    (Column(17), "Ngày sinh"),
    (Column(9), "Nam, nữ"),
    (Column(13), "Dân tộc"),
    (Column(28, "left"), "Nơi sinh"),
    (Column(0, "left"), "Nơi ở hiện nay"),
    (Column(34, "left"), "Họ và tên cha, mẹ (người giám hộ)"),
    (Column(17), "Ngày vào trường"),
    (Column(10), "Vào lớp"),
    (Column(17), "Ngày ra trường"),
    (Column(28, "left"), "Lý do ra trường, ghi chú"),
)


def register_book(data: Register) -> Book:
    """Cover and the register, A4 landscape."""
    part = Part(
        name="Sổ đăng bộ",
        title=TITLE,
        subtitle=f"Năm học {data.year}",
        table=Table(
            columns=tuple(column for column, _text in _COLUMNS),
            head=(tuple(Head(text) for _column, text in _COLUMNS),),
            rows=tuple(_row(row) for row in data.rows),
            row_height=9.0,
            size=8.5,
            empty="Chưa có học sinh nào trong sổ.",
        ),
        notes=(_count(data),),
        place=place_line(data.school),
        signatories=(
            Signatory(data.principal_title, "(Ký, ghi rõ họ tên và đóng dấu)", data.principal),
            Signatory("Người ghi sổ"),
        ),
        landscape=True,
    )
    cover = Cover(TITLE, "", (("Năm học", data.year), ("Số học sinh trong sổ", str(len(data.rows)))))
    running = f"Năm học {data.year}"
    return Book("Sổ đăng bộ", data.school, running, "", data.stamp, (part,), cover)


def _row(row: RegisterRow) -> tuple[Value, ...]:
    person = row.person
    parents = [name for name in (row.father, row.mother) if name and name != "không"]
    if row.guardian and row.guardian != "không":
        parents.append(f"{row.guardian} (giám hộ)")
    remarks = [row.left_reason, f"Từ {row.from_school}" if row.from_school else "", row.note]
    return (
        row.number or None,
        person.name,
        vn_date(person.birth),
        person.sex or None,
        person.ethnic_group or None,
        row.birth_place or None,
        row.address or None,
        "\n".join(parents) or None,
        vn_date(row.entered) or None,
        row.entered_class or None,
        vn_date(row.left) or None,
        ". ".join(text.rstrip(".") for text in remarks if text) or None,
    )


def _count(data: Register) -> str:
    without = sum(not row.number for row in data.rows)
    gone = sum(bool(row.left) for row in data.rows)
    line = f"Sổ có {len(data.rows)} học sinh; đã ra trường: {gone}"
    return f"{line}; chưa có số đăng bộ: {without}." if without else f"{line}."
