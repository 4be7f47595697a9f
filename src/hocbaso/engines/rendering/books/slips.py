"""Phiếu kết quả: what one pupil and the family take home, two or four on an A4 page.

Only the pupil's own results: no rank, no average of the class, nobody else's data (TT 15/2026 Điều 22).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hocbaso.engines.rendering.books.draw import compile_template, printed
from hocbaso.engines.rendering.books.layout import School, Stamp, vn_date
from hocbaso.engines.rendering.books.people import ClassHead, Person
from hocbaso.engines.rendering.fonts import require_printable

#: Comments longer than this together may need more than a page: such a slip breaks across pages.
_LONG = 2500


@dataclass(frozen=True, slots=True)
class SlipLine:
    """One subject: values under :attr:`Slips.columns` as printed ("8,0"), and the teacher's comment."""

    name: str
    values: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """One pupil's slip. ``traits`` and ``facts`` are (label, value)."""

    person: Person
    lines: tuple[SlipLine, ...]
    traits: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    comment: str = ""  # of the homeroom teacher


@dataclass(frozen=True, slots=True)
class Slips:
    """The slips of a class at one moment."""

    school: School
    head: ClassHead
    moment_label: str  # "Cuối học kỳ I", "Cả năm"
    columns: tuple[str, ...]  # "Mức đạt được", "Điểm KTĐK"; "Học kỳ I", "Học kỳ II", "Cả năm"
    slips: tuple[Slip, ...]
    stamp: Stamp
    per_page: int = 2  # 2: with comments; 4: without


def render_slips(data: Slips) -> bytes:
    """All slips of the class as one PDF/A-2b.

    :raises DomainError: ``character_not_printable``, ``rendering_failed``.
    :raises ValueError: ``per_page`` is neither 2 nor 4.
    """
    if data.per_page not in (2, 4):
        raise ValueError("two or four slips a page")
    slips = data.slips if data.per_page == 2 else tuple(_short(slip) for slip in data.slips)
    for slip in slips:
        _require_printable(slip)
    for text in (data.school.name, data.school.manager, data.head.homeroom, data.stamp.by):
        require_printable("Phiếu kết quả", text)
    commented = any(line.comment for slip in slips for line in slip.lines)
    content = {
        "title": f"Phiếu kết quả {data.moment_label}, lớp {data.head.name}",
        "school": printed(data.school.name),
        "manager": printed(data.school.manager),
        "moment": data.moment_label,
        "class": printed(data.head.name),
        "year": data.head.year,
        "homeroom": printed(data.head.homeroom),
        "place": printed(data.school.place),
        "columns": list(data.columns),
        "commented": commented,
        "per_page": data.per_page,
        "stamp": printed(data.stamp.line),
        "slips": [_content(slip) for slip in slips],
    }
    return compile_template("slips.typ", content, data.stamp.at)


def _short(slip: Slip) -> Slip:
    lines = tuple(replace(line, comment="") for line in slip.lines)
    return replace(slip, lines=lines)


def _content(slip: Slip) -> dict[str, object]:
    return {
        "name": printed(slip.person.name),
        "code": slip.person.code,
        "birth": vn_date(slip.person.birth),
        "lines": [
            [printed(line.name), [printed(v) for v in line.values], printed(line.comment)]
            for line in slip.lines
        ],
        "traits": [[printed(label), value] for label, value in slip.traits],
        "facts": [[label, printed(value)] for label, value in slip.facts],
        "comment": printed(slip.comment),
        "long": sum(len(line.comment) for line in slip.lines) + len(slip.comment) > _LONG,
    }


def _require_printable(slip: Slip) -> None:
    require_printable("Họ và tên học sinh", slip.person.name)
    for line in slip.lines:
        require_printable(f"Nhận xét môn {line.name}", line.comment)
    for label, value in slip.facts:
        require_printable(label, value)
    require_printable("Nhận xét của giáo viên chủ nhiệm", slip.comment)
