"""Sổ theo dõi và đánh giá học sinh (TT 22/2021/TT-BGDĐT): of a subject teacher, and of the whole class.

Subject book: Điều 6, 7 (regular, mid-term and final marks), Điều 9 (averages), comments. Class book: results
of every subject by semester and year, kết quả rèn luyện (Điều 8), kết quả học tập (Điều 9), absence,
promotion (Điều 12–14), titles (Điều 15). Marks are canonical text and are shown as they were entered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    average,
    mark,
    place_line,
    vn_date,
)
from hocbaso.engines.rendering.books.people import ClassHead, Person

TITLE = "SỔ THEO DÕI VÀ ĐÁNH GIÁ HỌC SINH"
_COVER_TITLE = "SỔ THEO DÕI\nVÀ ĐÁNH GIÁ HỌC SINH"
FORM = "Mẫu theo Phụ lục Thông tư số 22/2021/TT-BGDĐT"
RATINGS = ("Tốt", "Khá", "Đạt", "Chưa đạt")


@dataclass(frozen=True, slots=True)
class TermCells:
    """One semester of one pupil in one subject; marks are canonical text, empty when there is none."""

    regular: tuple[str, ...] = ()
    mid: str = ""
    final: str = ""
    result: str = ""  # ĐTBmhk, or Đ / CĐ
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """One pupil in the subject book."""

    person: Person
    terms: tuple[TermCells, TermCells] = (TermCells(), TermCells())
    year: str = ""  # ĐTBmcn
    retest: str = ""
    note: str = ""  # miễn học, chuyển trường …


@dataclass(frozen=True, slots=True)
class SubjectBook:
    """One class in one subject, both semesters."""

    school: School
    head: ClassHead
    subject: str
    scored: bool
    regular_count: int  # columns of ĐĐGtx (Điều 6)
    teachers: tuple[str, ...]
    rows: tuple[SubjectRow, ...]
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One pupil in the class book. ``term1``, ``term2``, ``year``: subject → result."""

    person: Person
    term1: Mapping[str, str] = field(default_factory=dict)
    term2: Mapping[str, str] = field(default_factory=dict)
    year: Mapping[str, str] = field(default_factory=dict)
    study: tuple[str, str, str] = ("", "", "")  # semester I, II, year
    conduct: tuple[str, str, str] = ("", "", "")
    absent_excused: int | None = None
    absent_unexcused: int | None = None
    retests: tuple[str, ...] = ()  # "Toán 5,5"
    study_after: str = ""  # after re-assessment in summer
    conduct_after: str = ""
    promotion: str = ""  # as printed: "Lên lớp", "Ở lại lớp", "Chờ hè"
    promoted: bool | None = None
    title: str = ""  # "Học sinh Xuất sắc" | "Học sinh Giỏi"


@dataclass(frozen=True, slots=True)
class ClassBook:
    """The whole class: ``subjects`` is (code, short name) in the order of the form."""

    school: School
    head: ClassHead
    subjects: tuple[tuple[str, str], ...]
    rows: tuple[ClassRow, ...]
    stamp: Stamp
    terms: tuple[int, ...] = (1, 2, 3)  # 1, 2: semesters; 3: the year


def subject_book(data: SubjectBook) -> Book:
    """Cover, semester I, semester II with the year."""
    cover = Cover(
        _COVER_TITLE,
        "(Theo môn học – dùng cho giáo viên môn học)",
        (
            ("Môn học", data.subject),
            ("Lớp", data.head.name),
            ("Giáo viên môn học", ", ".join(data.teachers) or ""),
            ("Năm học", data.head.year),
        ),
        FORM,
    )
    parts = tuple(_subject_part(data, term) for term in (1, 2))
    running = f"Môn {data.subject} · {data.head.running}"
    title = f"{TITLE.capitalize()}, môn {data.subject}"
    return Book(title, data.school, running, FORM, data.stamp, parts, cover)


def _subject_part(data: SubjectBook, term: int) -> Part:
    roman = "I" * term
    teachers = ", ".join(data.teachers)
    return Part(
        name=f"Học kỳ {roman}",
        title=f"KẾT QUẢ ĐÁNH GIÁ MÔN HỌC: {data.subject.upper()}",
        subtitle=f"Học kỳ {roman} – Năm học {data.head.year}",
        facts=(f"Lớp: {data.head.name}", f"Giáo viên môn học: {teachers or '…………………………'}"),
        table=_subject_table(data, term),
        notes=(*_subject_counts(data, term), _subject_legend(data, term)),
        place=place_line(data.school),
        signatories=(
            Signatory(data.head.principal_title, "(Ký, ghi rõ họ tên và đóng dấu)", data.head.principal),
            Signatory("Giáo viên môn học", name=teachers),
        ),
    )


def _subject_table(data: SubjectBook, term: int) -> Table:
    count, roman = data.regular_count, "I" * term
    marks = (Column(7.5),) * count + (Column(11.5), Column(11.5))
    results = (Column(14.5, strong=True),) * term
    regular = "ĐĐGtx" if data.scored else "Đánh giá thường xuyên"
    result = f"ĐTBmhk{roman}" if data.scored else f"Mức đạt học kỳ {roman}"
    top = [Head("STT", down=2), Head("Họ và tên", down=2), Head("Ngày sinh", down=2)]
    if count:
        top.append(Head(regular, across=count))
    top += [Head("ĐĐGgk" if data.scored else "Giữa kỳ", down=2)]
    top += [Head("ĐĐGck" if data.scored else "Cuối kỳ", down=2), Head(result, down=2)]
    if term == 2:
        top.append(Head("ĐTBmcn" if data.scored else "Mức đạt cả năm", down=2))
    top.append(Head("Nhận xét sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu (nếu có)", down=2))
    return Table(
        columns=(Column(7), Column(39, "left"), Column(16.5), *marks, *results, Column(0, "left")),
        head=(tuple(top), tuple(Head(str(n + 1)) for n in range(count))),
        rows=tuple(_subject_row(row, term, count) for row in data.rows),
        row_height=5.2,
        size=9,
        head_size=7.5,
        empty="Lớp chưa có học sinh học môn này.",
    )


def _subject_row(row: SubjectRow, term: int, count: int) -> tuple[Value, ...]:
    cells = row.terms[term - 1]
    regular = [mark(text) for text in (*cells.regular, *[""] * count)[:count]]
    remarks = [row.note, cells.comment]
    if term == 2 and row.retest:
        remarks.append(f"Đánh giá lại trong hè: {row.retest.replace('.', ',')}")
    results = [average(cells.result)] + ([average(row.year)] if term == 2 else [])
    person = row.person
    return (
        person.number,
        person.name,
        vn_date(person.birth),
        *regular,
        mark(cells.mid),
        mark(cells.final),
        *results,
        ". ".join(text.rstrip(".") for text in remarks if text) or None,
    )


def _subject_counts(data: SubjectBook, term: int) -> tuple[str, ...]:
    present = [row for row in data.rows if not row.person.left]
    results = [row.terms[term - 1].result for row in present]
    given = sum(bool(result) for result in results)
    line = f"Tổng số học sinh: {len(present)}; có kết quả học kỳ {'I' * term}: {given}"
    if not data.scored:
        count = Counter(results)
        line += f"; Đạt: {count['Đ']}; Chưa đạt: {count['CĐ']}"
    return (line + ".",)


def _subject_legend(data: SubjectBook, term: int) -> str:
    if not data.scored:
        return "Ghi chú: Đ là Đạt, CĐ là Chưa đạt, V là vắng, M là được miễn."
    words = "ĐĐGtx, ĐĐGgk, ĐĐGck: điểm đánh giá thường xuyên, giữa kỳ, cuối kỳ"
    words += "; ĐTBmhk: điểm trung bình môn học kỳ"
    return f"Ghi chú: {words}{'; ĐTBmcn: cả năm' if term == 2 else ''}; V: vắng; M: được miễn."


_TERM_TITLES = {
    1: ("Bảng tổng hợp kết quả học kỳ I", "Học kỳ I"),
    2: ("Bảng tổng hợp kết quả học kỳ II", "Học kỳ II"),
    3: ("Bảng tổng hợp kết quả cả năm học", "Cả năm"),
}


def class_book(data: ClassBook) -> Book:
    """Cover when the book is whole, then one table a semester and one for the year, A4 landscape."""
    parts = tuple(_class_part(data, term) for term in data.terms)
    cover = Cover(
        _COVER_TITLE,
        "(Theo lớp học – dùng cho giáo viên chủ nhiệm)",
        (
            ("Lớp", data.head.name),
            ("Giáo viên chủ nhiệm", data.head.homeroom),
            ("Sĩ số", str(sum(not row.person.left for row in data.rows))),
            ("Năm học", data.head.year),
        ),
        FORM,
    )
    whole = len(data.terms) > 1
    title = TITLE.capitalize() if whole else _TERM_TITLES[data.terms[0]][0]
    return Book(title, data.school, data.head.running, FORM, data.stamp, parts, cover if whole else None)


def _class_part(data: ClassBook, term: int) -> Part:
    title, name = _TERM_TITLES[term]
    return Part(
        name=name,
        title=title.upper(),
        subtitle=f"Năm học {data.head.year}",
        facts=(f"Lớp: {data.head.name}", f"Giáo viên chủ nhiệm: {data.head.homeroom or '…………………………'}"),
        table=_class_table(data, term),
        notes=(*_class_counts(data, term), _CLASS_LEGEND + (_YEAR_LEGEND if term == 3 else "")),
        place=place_line(data.school),
        signatories=(
            Signatory(data.head.principal_title, "(Ký, ghi rõ họ tên và đóng dấu)", data.head.principal),
            Signatory("Giáo viên chủ nhiệm", name=data.head.homeroom),
        ),
        landscape=True,
    )


_CLASS_LEGEND = "Ghi chú: môn đánh giá bằng nhận xét ghi Đ (Đạt) hoặc CĐ (Chưa đạt); M: được miễn"
_YEAR_LEGEND = "; P: nghỉ có phép, K: nghỉ không phép (số buổi)"


def _class_table(data: ClassBook, term: int) -> Table:
    subjects = tuple(Column(0 if term < 3 else 8.2) for _ in data.subjects)
    lead = (Column(7), Column(46 if term < 3 else 38, "left"), Column(16))
    heads = [
        Head("STT", down=2),
        Head("Họ và tên", down=2),
        Head("Ngày sinh", down=2),
    ]
    if data.subjects:
        text = "Điểm trung bình môn học hoặc mức đánh giá"
        heads.append(Head(text, across=len(data.subjects)))
    second = [Head(name, turned=True) for _code, name in data.subjects]
    tail: tuple[Column, ...]
    if term < 3:
        heads += [Head("Kết quả học tập", down=2), Head("Kết quả rèn luyện", down=2)]
        tail = (Column(16, strong=True), Column(16, strong=True))
    else:
        heads += [
            Head("Kết quả học tập", down=2, turned=True),
            Head("Kết quả rèn luyện", down=2, turned=True),
            Head("Số buổi nghỉ", across=2),
            Head("Đánh giá lại, rèn luyện trong hè", across=3),
            Head("Lên lớp", down=2),
            Head("Danh hiệu", down=2),
        ]
        second += [Head(text) for text in ("P", "K", "Môn, kết quả", "Học tập", "Rèn luyện")]
        tail = (Column(10, strong=True), Column(10, strong=True), Column(7), Column(7), Column(0, "left"))
        tail += (Column(11), Column(12), Column(15), Column(21))
    return Table(
        columns=(*lead, *subjects, *tail),
        head=(tuple(heads), tuple(second)),
        rows=tuple(_class_row(data, row, term) for row in data.rows),
        row_height=4.8,
        size=8.5,
        head_size=8,
        empty="Lớp chưa có học sinh nào.",
    )


def _class_row(data: ClassBook, row: ClassRow, term: int) -> tuple[Value, ...]:
    person = row.person
    results = (row.term1, row.term2, row.year)[term - 1]
    lead = (
        person.number,
        f"{person.name} ({person.left_note})" if person.left_note else person.name,
        vn_date(person.birth),
    )
    marks = tuple(average(results.get(code)) for code, _name in data.subjects)
    levels = (row.study[term - 1] or None, row.conduct[term - 1] or None)
    if term < 3:
        return (*lead, *marks, *levels)
    return (
        *lead,
        *marks,
        *levels,
        row.absent_excused,
        row.absent_unexcused,
        "; ".join(row.retests) or None,
        row.study_after or None,
        row.conduct_after or None,
        row.promotion or None,
        row.title or None,
    )


def _class_counts(data: ClassBook, term: int) -> tuple[str, ...]:
    present = [row for row in data.rows if not row.person.left]
    girls = sum(row.person.sex == "Nữ" for row in present)
    study = Counter(row.study[term - 1] for row in present)
    conduct = Counter(row.conduct[term - 1] for row in present)
    lines = [
        f"Tổng số học sinh: {len(present)}; nữ: {girls}.",
        "Kết quả học tập: " + "; ".join(f"{level}: {study[level]}" for level in RATINGS) + ".",
        "Kết quả rèn luyện: " + "; ".join(f"{level}: {conduct[level]}" for level in RATINGS) + ".",
    ]
    if term == 3:
        titles = Counter(row.title for row in present if row.title)
        up = sum(row.promoted is True for row in present)
        words = "; ".join(f"{title}: {n}" for title, n in sorted(titles.items()))
        lines.append(f"Được lên lớp: {up}." + (f" {words}." if words else ""))
    return (" ".join(lines),)
