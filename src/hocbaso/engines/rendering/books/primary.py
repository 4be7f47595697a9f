"""Bảng tổng hợp kết quả đánh giá giáo dục của lớp: the nine forms of primary (Phụ lục TT 27/2020/TT-BGDĐT).

Grades 1–2, 3 and 4–5, each at mid-semester, end of semester I and end of year. A form's columns follow the
programme of the grade: levels, periodic tests where there is one, qualities, competences; at the end of the
year the overall level, the award, completion and promotion (Điều 9, 11, 13). Totals T/H/C stand at the foot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hocbaso.core.regulation.programme import Moment, TraitGroup
from hocbaso.core.regulation.tt27 import Overall
from hocbaso.engines.rendering.books.layout import (
    Book,
    Column,
    Foot,
    Head,
    Part,
    School,
    Signatory,
    Stamp,
    Table,
    Value,
    place_line,
    sentence,
    vn_date,
)
from hocbaso.engines.rendering.books.people import ClassHead, Person

TITLE = "BẢNG TỔNG HỢP KẾT QUẢ ĐÁNH GIÁ GIÁO DỤC CỦA LỚP"
FORM = "Mẫu theo Phụ lục Thông tư số 27/2020/TT-BGDĐT"

_GROUP_HEADS = {
    TraitGroup.QUALITY: "Phẩm chất chủ yếu",
    TraitGroup.GENERAL: "Năng lực chung",
    TraitGroup.SPECIFIC: "Năng lực đặc thù",
}
_OVERALL_HEADS = (
    (Overall.EXCELLENT, "Hoàn thành xuất sắc"),
    (Overall.GOOD, "Hoàn thành tốt"),
    (Overall.COMPLETED, "Hoàn thành"),
    (Overall.NOT_COMPLETED, "Chưa hoàn thành"),
)
_YEAR_END_HEADS = ("Khen thưởng", "Hoàn thành chương trình lớp học", "Được lên lớp")
_TICK = "x"


@dataclass(frozen=True, slots=True)
class SubjectColumn:
    """A subject of the form; ``tested``: with a periodic test at this moment."""

    code: str
    name: str
    tested: bool


@dataclass(frozen=True, slots=True)
class TraitColumn:
    """A quality or competence."""

    code: str
    name: str
    group: TraitGroup


@dataclass(frozen=True, slots=True)
class PrimaryRow:
    """One pupil's results at the moment; what is missing is absent from the mappings."""

    person: Person
    levels: Mapping[str, str] = field(default_factory=dict)  # subject → T | H | C | M (exempt)
    scores: Mapping[str, int] = field(default_factory=dict)
    traits: Mapping[str, str] = field(default_factory=dict)  # trait → T | Đ | C
    overall: Overall | None = None  # end of year
    award: str = ""
    completed: bool | None = None
    promoted: bool | None = None


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """The form of one class at one moment."""

    school: School
    head: ClassHead
    moment: Moment
    subjects: tuple[SubjectColumn, ...]
    traits: tuple[TraitColumn, ...]
    rows: tuple[PrimaryRow, ...]
    stamp: Stamp


def form_number(grade: int, moment: Moment) -> int:
    """Which of the nine forms: 1–3 for grades 1–2, 4–6 for grade 3, 7–9 for grades 4–5.

    :raises ValueError: no primary grade.
    """
    if grade not in range(1, 6):
        raise ValueError(f"no primary grade: {grade}")
    band = 0 if grade <= 2 else 1 if grade == 3 else 2
    kind = {Moment.END_FIRST: 1, Moment.END_YEAR: 2}.get(moment, 0)
    return 3 * band + kind + 1


def class_summary(data: ClassSummary) -> Book:
    """The form as pages; one part, A4 landscape."""
    year_end = data.moment is Moment.END_YEAR
    band = "lớp 1, lớp 2" if data.head.grade <= 2 else "lớp 3" if data.head.grade == 3 else "lớp 4, lớp 5"
    number = form_number(data.head.grade, data.moment)
    part = Part(
        name=f"{data.head.name} {data.moment.value}",
        title=TITLE,
        subtitle=f"{sentence(data.moment.label)} – Năm học {data.head.year}",
        facts=(f"Lớp: {data.head.name}", f"Giáo viên chủ nhiệm: {data.head.homeroom or '…………………………'}"),
        table=_table(data, year_end),
        notes=(*_counts(data, year_end), _legend(data, year_end)),
        place=place_line(data.school),
        signatories=(
            Signatory(data.head.principal_title, "(Ký, ghi rõ họ tên và đóng dấu)", data.head.principal),
            Signatory("Giáo viên chủ nhiệm", name=data.head.homeroom),
        ),
        landscape=True,
    )
    return Book(
        title=f"{TITLE.capitalize()}, {data.moment.label}",
        school=data.school,
        running=data.head.running,
        form=f"Mẫu số {number} ({band})\n{FORM}",
        stamp=data.stamp,
        parts=(part,),
    )


def _table(data: ClassSummary, year_end: bool) -> Table:
    wide = sum(1 + s.tested for s in data.subjects) + len(data.traits)
    lead = (Column(7), Column(44 if wide < 32 else 40, "left"), Column(15.5), Column(5))
    marks = tuple(Column() for _ in range(wide))
    tail = (*(Column() for _ in _OVERALL_HEADS), Column(13), Column(), Column()) if year_end else ()
    rows = tuple(_row(data, row, year_end) for row in data.rows)
    counted = tuple(c for c, row in zip(rows, data.rows, strict=True) if not row.person.left)
    return Table(
        columns=(*lead, *marks, *tail),
        head=_head(data, year_end),
        rows=rows,
        foot=_totals(data, counted, len(lead), year_end),
        row_height=4.4,
        size=8.5,
        head_size=7.5,
        empty="Lớp chưa có học sinh nào.",
    )


def _head(data: ClassSummary, year_end: bool) -> tuple[tuple[Head, ...], ...]:
    """Four rows: groups; sections; names; level and test score of each subject."""
    width = sum(1 + s.tested for s in data.subjects)
    groups = [(g, tuple(t for t in data.traits if t.group is g)) for g in _GROUP_HEADS]
    competences = [(g, traits) for g, traits in groups if g is not TraitGroup.QUALITY and traits]
    total = sum(len(traits) for _g, traits in competences)
    top = [Head("STT", down=4), Head("Họ và tên", down=4), Head("Ngày, tháng, năm sinh", down=4)]
    top.append(Head("Nữ", down=4))
    if width:
        top.append(Head("Môn học và hoạt động giáo dục", across=width))
    if len(data.traits) > total:
        top.append(Head("Phẩm chất chủ yếu", across=len(data.traits) - total, down=2))
    if total:
        top.append(Head("Năng lực cốt lõi", across=total))
    second = [Head(s.name, across=1 + s.tested, down=2, turned=True) for s in data.subjects]
    second += [Head(_GROUP_HEADS[g], across=len(traits)) for g, traits in competences]
    third = [Head(t.name, down=2, turned=True) for t in _in_order(data)]
    fourth = [
        Head(text, turned=True)
        for subject in data.subjects
        for text in (("Mức đạt được", "Điểm KTĐK") if subject.tested else ("Mức đạt được",))
    ]
    if year_end:
        top.append(Head("Đánh giá kết quả giáo dục", across=len(_OVERALL_HEADS), down=2))
        top += [Head(text, down=4, turned=True) for text in _YEAR_END_HEADS]
        third += [Head(text, down=2, turned=True) for _value, text in _OVERALL_HEADS]
    return (tuple(top), tuple(second), tuple(third), tuple(fourth))


def _row(data: ClassSummary, row: PrimaryRow, year_end: bool) -> tuple[Value, ...]:
    person = row.person
    cells: list[Value] = [
        person.number,
        f"{person.name} ({person.left_note})" if person.left_note else person.name,
        vn_date(person.birth),
        _TICK if person.sex == "Nữ" else None,
    ]
    for subject in data.subjects:
        cells.append(row.levels.get(subject.code))
        if subject.tested:
            cells.append(row.scores.get(subject.code))
    cells += [row.traits.get(trait.code) for trait in _in_order(data)]
    if year_end:
        cells += [_TICK if row.overall is value else None for value, _text in _OVERALL_HEADS]
        cells += [row.award or None, _TICK if row.completed else None, _TICK if row.promoted else None]
    return tuple(cells)


def _in_order(data: ClassSummary) -> list[TraitColumn]:
    return [t for group in _GROUP_HEADS for t in data.traits if t.group is group]


def _totals(
    data: ClassSummary, rows: tuple[tuple[Value, ...], ...], lead: int, year_end: bool
) -> tuple[Foot, ...]:
    """Three rows: T; H (Đ for qualities and competences); C. Tick columns are counted in the first."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * (_width(data, year_end) + lead)
    subjects = [kind for s in data.subjects for kind in (["level", "score"] if s.tested else ["level"])]
    kinds = subjects + ["trait"] * len(data.traits)
    if year_end:
        kinds += ["tick"] * len(_OVERALL_HEADS) + ["text", "tick", "tick"]
    letters = {"level": ("T", "H", "C"), "trait": ("T", "Đ", "C"), "tick": (_TICK, "", "")}
    found: list[list[Value]] = [[], [], []]
    for kind, column in zip(kinds, columns[lead:], strict=True):
        count = Counter(column)
        wanted = letters.get(kind, ("", "", ""))
        for line, letter in zip(found, wanted, strict=True):
            line.append(count[letter] if letter else None)
    labels = ("Tổng số T", "Tổng số H (phẩm chất, năng lực: Đ)", "Tổng số C")
    if year_end:
        labels = ("Tổng số T (cột đánh dấu: số học sinh)", *labels[1:])
    return tuple(Foot(label, lead, tuple(line)) for label, line in zip(labels, found, strict=True))


def _width(data: ClassSummary, year_end: bool) -> int:
    width = sum(1 + s.tested for s in data.subjects) + len(data.traits)
    return width + (len(_OVERALL_HEADS) + 3 if year_end else 0)


def _counts(data: ClassSummary, year_end: bool) -> tuple[str, ...]:
    present = [row for row in data.rows if not row.person.left]
    girls = sum(row.person.sex == "Nữ" for row in present)
    minority = sum(row.person.ethnic_group not in ("", "Kinh", "không") for row in present)
    line = f"Tổng số học sinh: {len(present)}; nữ: {girls}; dân tộc thiểu số: {minority}."
    if not year_end:
        return (line,)
    levels = Counter(row.overall for row in present)
    parts = "; ".join(f"{text}: {levels[value]}" for value, text in _OVERALL_HEADS)
    done = sum(row.completed is True for row in present)
    up = sum(row.promoted is True for row in present)
    return (line, f"{parts}. Hoàn thành chương trình lớp học: {done}; được lên lớp: {up}.")


def _legend(data: ClassSummary, year_end: bool) -> str:
    words = [
        "Môn học, hoạt động giáo dục: T là Hoàn thành tốt, H là Hoàn thành, C là Chưa hoàn thành",
        "phẩm chất, năng lực: T là Tốt, Đ là Đạt, C là Cần cố gắng",
    ]
    if any(s.tested for s in data.subjects):
        words.append("KTĐK: kiểm tra định kỳ")
    if any(level == "M" for row in data.rows for level in row.levels.values()):
        words.append("M: được miễn")
    if year_end:
        words.append(
            "HSXS: Học sinh Xuất sắc; HSTB: Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện"
        )
    return "Ghi chú: " + "; ".join(words) + "."
