"""The secondary demo schools' workbooks: staff with subjects, a mark book a class in the sector's form."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import xlsxwriter

from hocbaso.core.regulation.secondary import SecondarySubject, secondary_grade
from hocbaso.core.regulation.tt22 import Term, TermMarks, mark_text, term_result
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.sandbox.demo.people import People
from hocbaso.sandbox.demo.workbooks import STAFF_HEADERS, DemoPupil, DemoSchool, grade_of

#: What a teacher writes into the book, by how the pupil did: well, fairly, with difficulty.
COMMENTS: dict[str, tuple[str, str, str]] = {
    "ngu-van": (
        "Cảm thụ tốt, viết có cảm xúc và lập luận rõ.",
        "Viết đúng yêu cầu; cần mở rộng vốn từ và đọc thêm.",
        "Còn lúng túng khi viết đoạn văn; cần đọc và luyện viết mỗi tuần.",
    ),
    "toan": (
        "Tiếp thu nhanh, trình bày chặt chẽ.",
        "Nắm được kiến thức cơ bản; cần cẩn thận khi tính toán.",
        "Hổng kiến thức phân số và đại số; cần ôn lại trong hè.",
    ),
    "ngoai-ngu-1": (
        "Nghe, nói tự tin; vốn từ phong phú.",
        "Hiểu bài; cần luyện phát âm và viết câu.",
        "Vốn từ còn ít; cần học từ vựng đều đặn.",
    ),
    "khoa-hoc-tu-nhien": (
        "Chủ động làm thí nghiệm, giải thích được hiện tượng.",
        "Hiểu bài; cần ghi chép kết quả thí nghiệm đầy đủ.",
        "Cần ôn lại phần Lực và Năng lượng.",
    ),
    "lich-su-va-dia-li": (
        "Khai thác tốt bản đồ, tư liệu.",
        "Nhớ sự kiện; cần tập giải thích nguyên nhân.",
        "Cần học bài thường xuyên hơn.",
    ),
}
GENERAL_COMMENTS = (
    "Học tập chủ động, kết quả tốt.",
    "Có cố gắng; cần phát biểu nhiều hơn.",
    "Cần tập trung hơn trong giờ học.",
)
HOMEROOM_COMMENTS = (
    "Chăm học, có trách nhiệm với việc của lớp; nên đọc sách nhiều hơn.",
    "Ngoan, hòa đồng, giúp đỡ bạn; cần mạnh dạn phát biểu ý kiến.",
    "Có ý thức kỉ luật; gia đình tiếp tục nhắc em ôn bài mỗi tối.",
)
#: Range of averages by how the pupil does: excellent, good, fair, pass, and below the line.
BANDS = {"A": (8.9, 9.7), "B": (7.8, 8.8), "C": (6.4, 7.6), "D": (5.2, 6.2), "E": (5.0, 5.8)}
_WEAK = ("toan", "ngoai-ngu-1")  # of a pupil below the line, marked around 3


@dataclass(frozen=True, slots=True)
class Gaps:
    """What of the second semester is not entered yet."""

    empty: Collection[str] = ()  # subjects without any mark
    without_final: Collection[str] = ()  # subjects whose ĐĐGck is still to come
    conduct: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """One class and how far its book is filled."""

    class_name: str
    gaps: Gaps = Gaps()
    #: Pupils (by their place in the list) who end below the line and wait for the summer.
    below: Collection[int] = ()
    #: Chosen subjects by pupil code; empty in grades 6 to 9.
    electives: Mapping[str, Collection[str]] = field(default_factory=dict)


def subjects_of(class_name: str, year: str) -> tuple[SecondarySubject, ...]:
    """Every subject that somebody of the class may study, optional ones apart."""
    grade = secondary_grade(grade_of(class_name), SchoolYear.parse(year))
    return tuple(s for s in grade.subjects if s.compulsory or s.elective_group == "lua-chon")


def staff_workbook(school: DemoSchool, heads: Mapping[str, str], homeroom: Mapping[str, str]) -> bytes:
    """``danh_sach_can_bo.xlsx`` with one teacher a subject.

    :param heads: subject code of a teacher who heads a group → the group's name.
    :param homeroom: class → subject code of the teacher who has it.
    """
    people = People(school.code + "/staff")
    rows = [
        ("Hiệu trưởng", "Hiệu trưởng", "", "", ""),
        ("Phó hiệu trưởng", "Phó hiệu trưởng", "", "", ""),
        ("Văn thư", "Nhân viên", "", "", ""),
    ]
    taught: dict[str, tuple[str, list[str]]] = {}
    for class_name in school.classes:
        for subject in subjects_of(class_name, school.year):
            if subject.code in school.subjects or subject.compulsory:
                taught.setdefault(subject.code, (subject.name, []))[1].append(class_name)
    of_class = {code: name for name, code in homeroom.items()}
    for code, (name, classes) in taught.items():
        post = ("Tổ trưởng chuyên môn", heads[code]) if code in heads else ("Giáo viên", "Giáo viên")
        teaching = "; ".join(f"{c}: {name}" for c in classes)
        rows.append((*post, name, of_class.get(code, ""), teaching))
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("Sheet1")
    sheet.write_row(0, 0, STAFF_HEADERS)
    for index, (position, group, subject_name, class_name, teaching) in enumerate(rows, 1):
        person = people.adult()
        values = [
            index, f"{school.code}GV{index:03d}", person.name, person.born.strftime("%d/%m/%Y"), person.sex,
            person.number, f"gv{index:03d}@{school.code}.edu.example", person.phone, "Đang làm việc",
            position, group, subject_name, class_name, teaching,
        ]  # fmt: skip
        sheet.write_row(index, 0, values)
    book.close()
    return buffer.getvalue()


def mark_book(school: DemoSchool, book: Book, pupils: Sequence[DemoPupil]) -> bytes:
    """``so_diem_<class>.xlsx``: a sheet a subject and semester, one for conduct and absences."""
    members = [p for p in pupils if p.class_name == book.class_name]
    people = People(f"{school.code}/{book.class_name}/marks")
    bands = [_band(people, place in book.below) for place in range(len(members))]
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for term, label in ((Term.ONE, "HKI"), (Term.TWO, "HKII")):
        for subject in subjects_of(book.class_name, school.year):
            rows = [
                (pupil, band)
                for pupil, band in zip(members, bands, strict=True)
                if subject.compulsory or subject.code in book.electives.get(pupil.code, ())
            ]
            if rows:
                sheet = workbook.add_worksheet(f"{label} {subject.name}"[:31])
                _subject_sheet(sheet, school, book, subject, term, rows, people)
    _conduct_sheet(workbook.add_worksheet("Rèn luyện"), school, book, members, people)
    workbook.close()
    return buffer.getvalue()


def _band(people: People, below: bool) -> str:
    return "E" if below else people.random.choices("ABCD", (3, 8, 10, 4))[0]


def _subject_sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    school: DemoSchool,
    book: Book,
    subject: SecondarySubject,
    term: Term,
    rows: Sequence[tuple[DemoPupil, str]],
    people: People,
) -> None:
    title = f"Sổ điểm môn {subject.name} - Lớp {book.class_name} - {term.label} - Năm học {school.year}"
    sheet.write(0, 0, school.name)
    sheet.write(1, 0, title.upper())
    regular = [f"TX{n}" for n in range(1, subject.regular_count + 1)]
    sheet.write_row(
        3, 0, ["STT", "Mã học sinh", "Họ và tên", *regular, "ĐĐGgk", "ĐĐGck", "ĐTBmhk", "Nhận xét"]
    )
    second = term is Term.TWO
    for index, (pupil, band) in enumerate(rows, 1):
        marks = _marks(subject, band, people)
        if second and subject.code in book.gaps.without_final:
            marks = TermMarks(marks.regular, marks.mid, "")
        if second and subject.code in book.gaps.empty:
            marks = TermMarks(("",) * subject.regular_count, "", "")
        known = term_result(subject, marks).text if all((*marks.regular, marks.mid, marks.final)) else ""
        comment = _comment(subject.code, band) if second and known else ""
        cells = [_cell(text) for text in (*marks.regular, marks.mid, marks.final, known)]
        sheet.write_row(3 + index, 0, [index, pupil.code, pupil.person.name, *cells, comment])


def _marks(subject: SecondarySubject, band: str, people: People) -> TermMarks:
    """One pupil's marks of a semester in the band, halves in regular marks as teachers give them."""
    if not subject.scored:
        return TermMarks(("Đ",) * subject.regular_count, "Đ", "Đ")
    low, high = (2.6, 3.2) if band == "E" and subject.code in _WEAK else BANDS[band]
    level = people.random.uniform(low, high)

    def one(spread: float, step: str) -> str:
        raw = Decimal(str(round(level + people.random.uniform(-spread, spread), 2)))
        near = (raw / Decimal(step)).quantize(Decimal(1)) * Decimal(step)
        return mark_text(min(max(near, Decimal(0)), Decimal(10)))

    regular = tuple(one(0.5, "0.5") for _ in range(subject.regular_count))
    return TermMarks(regular, one(0.4, "0.1"), one(0.3, "0.1"))


def _comment(code: str, band: str) -> str:
    well, fair, poor = COMMENTS.get(code, GENERAL_COMMENTS)
    return {"A": well, "B": well, "C": fair, "D": fair, "E": poor}[band]


def _cell(text: str) -> object:
    return float(text) if text[:1].isdigit() else text


def _conduct_sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    school: DemoSchool,
    book: Book,
    members: Sequence[DemoPupil],
    people: People,
) -> None:
    sheet.write(0, 0, school.name)
    sheet.write_row(
        3, 0,
        [
            "STT", "Mã học sinh", "Họ và tên", "Rèn luyện HKI", "Rèn luyện HKII", "Số buổi nghỉ có phép",
            "Số buổi nghỉ không phép", "Nhận xét của GVCN",
        ],
    )  # fmt: skip
    pick = people.random
    for index, pupil in enumerate(members, 1):
        first, second = pick.choices(("Tốt", "Khá"), (7, 1), k=2)
        open_yet = book.gaps.conduct
        sheet.write_row(
            3 + index, 0,
            [
                index, pupil.code, pupil.person.name, first, "" if open_yet else second, pick.randrange(6),
                pick.randrange(2), "" if open_yet else pick.choice(HOMEROOM_COMMENTS),
            ],
        )  # fmt: skip
