"""Sổ chủ nhiệm: the homeroom teacher's book, printed with what the system knows and lines for the rest.

The Điều lệ of primary and secondary schools (TT 28/2020, TT 32/2020) name the book and leave its pages to
practice: class list with contacts, birthdays, results, conduct, absences, parents, notes.
"""

from __future__ import annotations

from collections import Counter
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
from hocbaso.engines.rendering.books.people import ClassHead, Person

TITLE = "SỔ CHỦ NHIỆM"


@dataclass(frozen=True, slots=True)
class HomeroomResult:
    """What the results page shows of a pupil: one value a column of :attr:`HomeroomBook.result_columns`."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HomeroomRow:
    """One pupil with the family's contacts."""

    person: Person
    address: str = ""
    phone: str = ""
    father: str = ""
    father_occupation: str = ""
    father_phone: str = ""
    mother: str = ""
    mother_occupation: str = ""
    mother_phone: str = ""
    guardian: str = ""
    disability: str = ""
    absent_excused: int | None = None
    absent_unexcused: int | None = None
    result: HomeroomResult = HomeroomResult(())
    comment: str = ""


@dataclass(frozen=True, slots=True)
class HomeroomBook:
    """The book of one class. ``teachers``: (subject, names)."""

    school: School
    head: ClassHead
    rows: tuple[HomeroomRow, ...]
    result_columns: tuple[str, ...]
    teachers: tuple[tuple[str, str], ...]
    stamp: Stamp
    absence_unit: str = "ngày"  # primary: days; secondary: sessions (buổi)
    note_pages: int = 3


def homeroom_book(data: HomeroomBook) -> Book:
    """Cover and the pages I to VIII."""
    cover = Cover(
        TITLE,
        "",
        (
            ("Lớp", data.head.name),
            ("Giáo viên chủ nhiệm", data.head.homeroom),
            ("Sĩ số", str(sum(not row.person.left for row in data.rows))),
            ("Năm học", data.head.year),
        ),
    )
    parts = (
        _overview(data),
        _contacts(data),
        _birthdays(data),
        _results(data),
        _absences(data),
        _meetings(data),
        *(_notes(n + 1, data.note_pages) for n in range(data.note_pages)),
        _closing(data),
    )
    return Book("Sổ chủ nhiệm", data.school, data.head.running, "", data.stamp, parts, cover)


def _name(person: Person) -> str:
    return f"{person.name} ({person.left_note})" if person.left_note else person.name


def _overview(data: HomeroomBook) -> Part:
    present = [row for row in data.rows if not row.person.left]
    sexes = Counter(row.person.sex for row in present)
    minority = sum(row.person.ethnic_group not in ("", "Kinh", "không") for row in present)
    special = [row for row in present if row.disability not in ("", "không")]
    facts = (
        f"Sĩ số: {len(present)}; nam: {sexes['Nam']}; nữ: {sexes['Nữ']}; dân tộc thiểu số: {minority}",
        f"Học sinh khuyết tật: {len(special)}",
    )
    return Part(
        name="Đội ngũ",
        title="I. ĐẶC ĐIỂM LỚP VÀ GIÁO VIÊN DẠY LỚP",
        facts=facts,
        table=Table(
            columns=(Column(12), Column(75, "left"), Column(0, "left")),
            head=((Head("STT"), Head("Môn học, hoạt động giáo dục"), Head("Giáo viên")),),
            rows=tuple((n, subject, names or None) for n, (subject, names) in enumerate(data.teachers, 1)),
            row_height=6.5,
            size=10.5,
            head_size=10.5,
            empty="Chưa phân công giáo viên dạy lớp.",
        ),
        notes=("Ban cán sự lớp, tổ và ban đại diện cha mẹ học sinh:",),
        ruled_lines=8,
    )


def _contacts(data: HomeroomBook) -> Part:
    columns = (
        (Column(8), "STT"),
        (Column(40, "left"), "Họ và tên"),
        (Column(17), "Ngày sinh"),
        (Column(9), "Nam, nữ"),
        (Column(13), "Dân tộc"),
        (Column(0, "left"), "Nơi ở hiện nay"),
        (Column(48, "left"), "Cha: họ tên, nghề nghiệp, điện thoại"),
        (Column(48, "left"), "Mẹ: họ tên, nghề nghiệp, điện thoại"),
        (Column(34, "left"), "Người giám hộ, điện thoại liên hệ"),
    )
    return Part(
        name="Danh sách",
        title="II. DANH SÁCH HỌC SINH VÀ LIÊN HỆ GIA ĐÌNH",
        table=Table(
            columns=tuple(c for c, _t in columns),
            head=(tuple(Head(t) for _c, t in columns),),
            rows=tuple(_contact(row) for row in data.rows),
            row_height=8.5,
            size=8.5,
            empty="Lớp chưa có học sinh nào.",
        ),
        landscape=True,
    )


def _family(*parts: str) -> str | None:
    return ", ".join(part for part in parts if part and part != "không") or None


def _contact(row: HomeroomRow) -> tuple[Value, ...]:
    person = row.person
    return (
        person.number,
        _name(person),
        vn_date(person.birth),
        person.sex or None,
        person.ethnic_group or None,
        row.address or None,
        _family(row.father, row.father_occupation, row.father_phone),
        _family(row.mother, row.mother_occupation, row.mother_phone),
        _family(row.guardian, row.phone),
    )


def _birthdays(data: HomeroomBook) -> Part:
    months: dict[str, list[tuple[str, str]]] = {f"{n:02d}": [] for n in range(1, 13)}
    for row in data.rows:
        pieces = row.person.birth.split("-")
        if not row.person.left and len(pieces) == 3 and pieces[1] in months:
            months[pieces[1]].append((pieces[2], row.person.name))
    rows: list[tuple[Value, ...]] = []
    for month, found in months.items():
        words = "; ".join(f"{name} ({day}/{month})" for day, name in sorted(found))
        rows.append((f"Tháng {int(month)}", len(found) or None, words or None))
    return Part(
        name="Sinh nhật",
        title="III. SINH NHẬT HỌC SINH TRONG LỚP",
        table=Table(
            columns=(Column(24, strong=True), Column(18), Column(0, "left")),
            head=((Head("Tháng"), Head("Số em"), Head("Họ và tên (ngày sinh)")),),
            rows=tuple(rows),
            row_height=10,
            size=10,
            head_size=10,
        ),
    )


def _results(data: HomeroomBook) -> Part:
    return Part(
        name="Kết quả",
        title="IV. KẾT QUẢ RÈN LUYỆN VÀ HỌC TẬP",
        table=Table(
            columns=(Column(8), Column(50, "left"), *(Column() for _ in data.result_columns)),
            head=((Head("STT"), Head("Họ và tên"), *(Head(text) for text in data.result_columns)),),
            rows=tuple(
                (
                    row.person.number,
                    _name(row.person),
                    *(v or None for v in row.result.values or ("",) * len(data.result_columns)),
                )
                for row in data.rows
            ),
            row_height=5.6,
            size=9,
            empty="Lớp chưa có học sinh nào.",
        ),
        landscape=len(data.result_columns) > 6,
    )


_MONTHS = ("8, 9", "10", "11", "12", "1", "2", "3", "4", "5")


def _absences(data: HomeroomBook) -> Part:
    return Part(
        name="Chuyên cần",
        title="V. THEO DÕI CHUYÊN CẦN VÀ NHẬN XÉT",
        table=Table(
            columns=(
                Column(8),
                Column(42, "left"),
                *(Column(9.5) for _ in _MONTHS),
                Column(11, strong=True),
                Column(11, strong=True),
                Column(0, "left"),
            ),
            head=(
                (
                    Head("STT", down=2),
                    Head("Họ và tên", down=2),
                    Head("Nghỉ trong tháng (ghi tay)", across=len(_MONTHS)),
                    Head(f"Cả năm ({data.absence_unit})", across=2),
                    Head("Nhận xét", down=2),
                ),
                (*(Head(month) for month in _MONTHS), Head("Có phép"), Head("Không phép")),
            ),
            rows=tuple(
                (
                    row.person.number,
                    _name(row.person),
                    *(None,) * len(_MONTHS),
                    row.absent_excused,
                    row.absent_unexcused,
                    row.comment or None,
                )
                for row in data.rows
            ),
            row_height=6.2,
            size=8.5,
            empty="Lớp chưa có học sinh nào.",
        ),
        landscape=True,
    )


def _meetings(data: HomeroomBook) -> Part:
    return Part(
        name="Cha mẹ học sinh",
        title="VI. PHỐI HỢP VỚI CHA MẸ HỌC SINH",
        table=Table(
            columns=(Column(26), Column(48, "left"), Column(0, "left"), Column(30, "left")),
            head=(
                (
                    Head("Ngày"),
                    Head("Học sinh, cha mẹ học sinh"),
                    Head("Nội dung trao đổi"),
                    Head("Kết quả, chữ ký"),
                ),
            ),
            rows=((None,) * 4,) * 18,
            row_height=12,
            size=10,
            head_size=10,
        ),
    )


def _notes(number: int, of: int) -> Part:
    return Part(
        name=f"Ghi chép {number}",
        title="VII. KẾ HOẠCH VÀ GHI CHÉP" + (f" ({number}/{of})" if of > 1 else ""),
        ruled_lines=26,
    )


def _closing(data: HomeroomBook) -> Part:
    return Part(
        name="Xác nhận",
        title="VIII. NHẬN XÉT, KIỂM TRA CỦA NHÀ TRƯỜNG",
        ruled_lines=16,
        place=place_line(data.school),
        signatories=(
            Signatory(data.head.principal_title, "(Ký, ghi rõ họ tên và đóng dấu)", data.head.principal),
            Signatory("Giáo viên chủ nhiệm", name=data.head.homeroom),
        ),
    )
