"""The demo schools' workbooks, in the shapes that schools really exchange."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

import xlsxwriter

from hocbaso.core.regulation.programme import GradeProgramme, TraitGroup, programme_for
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.sandbox.demo.people import JOBS, LONG_NAMES, STREETS, People, Person

COMMENTS = (
    "Đọc lưu loát, viết câu rõ ý. Biết kể lại câu chuyện bằng lời của mình.",
    "Tính toán nhanh, cẩn thận. Cần đọc kĩ đề khi giải toán có lời văn.",
    "Ngoan, chăm học, tiến bộ đều. Biết giúp đỡ bạn trong nhóm.",
    "Tích cực phát biểu, tự tin trước lớp. Cần rèn chữ viết.",
    "Có nhiều cố gắng trong học kỳ II. Gia đình tiếp tục động viên em đọc sách mỗi ngày.",
)

#: A comment or two a subject; what is not here keeps its cell empty, as teachers do.
SUBJECT_COMMENTS = {
    "tieng-viet": ("Đọc lưu loát, viết câu rõ ý.", "Đọc to, rõ. Cần rèn thêm chữ viết."),
    "toan": ("Thực hiện tốt bốn phép tính.", "Tính đúng. Cần đọc kĩ đề khi giải toán có lời văn."),
    "ngoai-ngu-1": ("Nghe hiểu tốt, tự tin giới thiệu về gia đình.",),
    "dao-duc": ("Biết quan tâm bạn bè, giữ lời hứa.",),
    "tu-nhien-va-xa-hoi": ("Quan sát kĩ, trình bày được điều quan sát.",),
    "lich-su-va-dia-li": ("Kể được các sự kiện chính, biết đọc bản đồ.",),
    "khoa-hoc": ("Làm thí nghiệm cẩn thận, biết rút ra kết luận.",),
    "tin-hoc": ("Sử dụng chuột, bàn phím đúng cách.",),
    "cong-nghe": ("Làm được sản phẩm thủ công chắc chắn, đẹp.",),
    "giao-duc-the-chat": ("Thực hiện đúng bài tập đội hình đội ngũ.",),
    "am-nhac": ("Hát đúng giai điệu, biết gõ đệm theo nhịp.",),
    "mi-thuat": ("Biết phối màu, hoàn thành bài đúng giờ.",),
    "hoat-dong-trai-nghiem": ("Tích cực trong các hoạt động của lớp.",),
}
GROUP_COMMENTS = {
    TraitGroup.QUALITY: "Yêu quý bạn bè, lễ phép với thầy cô. Thật thà, biết nhận lỗi.",
    TraitGroup.GENERAL: "Hợp tác tốt trong nhóm, biết nêu ý kiến. Cần chủ động chuẩn bị đồ dùng học tập.",
    TraitGroup.SPECIFIC: "Diễn đạt rõ ràng, ham tìm hiểu thiên nhiên.",
}

PUPIL_HEADERS = [
    "STT", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh\n(dd/mm/yyyy)", "Giới tính", "Trạng thái HS",
    "Ngày nhập\ntrạng thái", "Dân tộc", "Tôn giáo", "Quốc tịch", "Số định danh\ncá nhân",
    "Tỉnh/Thành phố\n(Theo địa chỉ thường trú)", "Xã/Phường\n(Theo địa chỉ thường trú)",
    "Tổ/Thôn/Xóm\n(Theo địa chỉ thường trú)", "Nơi sinh\nchi tiết", "Chỗ ở hiện nay",
    "Số điện thoại\nliên hệ", "Loại khuyết tật", "Họ tên cha", "Nghề nghiệp cha", "Năm sinh cha",
    "Số điện thoại cha", "Họ tên mẹ", "Nghề nghiệp mẹ", "Năm sinh mẹ", "Số điện thoại mẹ",
    "Họ tên người\ngiám hộ",
]  # fmt: skip
STAFF_HEADERS = [
    "STT", "Mã cán bộ", "Họ tên", "Ngày sinh", "Giới tính", "Số định danh\ncá nhân", "Email", "Điện thoại",
    "Trạng thái CB", "Vị trí việc làm", "Nhóm chức vụ", "Môn dạy", "Lớp chủ nhiệm", "Phân công giảng dạy",
]  # fmt: skip
SPECIALISTS = ("Ngoại ngữ", "Tin học", "Âm nhạc", "Mĩ thuật", "Giáo dục thể chất")


@dataclass(frozen=True, slots=True)
class DemoPupil:
    code: str
    class_name: str
    grade: int
    person: Person


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """What the demo makes of one school."""

    code: str
    name: str
    commune_code: str
    commune: str
    classes: dict[str, int]  # name → number of pupils
    year: str = "2025-2026"
    level: str = "tieu_hoc"
    subjects: tuple[str, ...] = ()  # chosen subjects that the school offers (grades 10 to 12)

    @property
    def people(self) -> People:
        return People(self.code)


def grade_of(class_name: str) -> int:
    """The grade that a class's name begins with."""
    return int("".join(takewhile(str.isdigit, class_name)))


def pupils_of(school: DemoSchool) -> list[DemoPupil]:
    """The pupils, the same ones every time."""
    people = school.people
    start = SchoolYear.parse(school.year).start
    found = []
    for place, (class_name, count) in enumerate(school.classes.items()):
        grade = grade_of(class_name)
        # Long names in every primary class, in the first one of the others.
        skipped = 0 if grade <= 5 or not place else len(LONG_NAMES)
        for index in range(count):
            code = f"79{people.random.randrange(10**8):08d}"
            found.append(DemoPupil(code, class_name, grade, people.pupil(grade, start, index + skipped)))
    return found


def pupil_workbook(school: DemoSchool, pupils: list[DemoPupil]) -> bytes:
    """``danh_sach_hoc_sinh.xlsx``."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("Sheet1")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write(0, 0, "SỞ GIÁO DỤC VÀ ĐÀO TẠO THÀNH PHỐ HỒ CHÍ MINH")
    sheet.write(1, 0, school.name)
    sheet.write(3, 3, f"DANH SÁCH HỌC SINH NĂM HỌC {school.year}")
    sheet.write_row(5, 0, PUPIL_HEADERS)
    people = People(school.code + "/parents")
    opened = date(SchoolYear.parse(school.year).start, 9, 5)
    for offset, pupil in enumerate(pupils):
        row = 6 + offset
        values = _pupil_row(school, pupil, people, offset + 1, opened)
        for column, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(row, column, value, day)
            else:
                sheet.write(row, column, value)
    book.close()
    return buffer.getvalue()


def _pupil_row(
    school: DemoSchool, pupil: DemoPupil, people: People, number: int, opened: date
) -> list[object]:
    pick = people.random.choice
    one, father, mother = pupil.person, people.adult(), people.adult()
    street = f"{people.random.randrange(1, 300)} đường {pick(STREETS)}, {school.commune}"
    return [
        number, pupil.class_name, pupil.code, one.name, one.born, one.sex,
        "Đang học", opened, "Kinh", "Không", "Việt Nam", one.number,
        "Thành phố Hồ Chí Minh", school.commune, f"Khu phố {people.random.randrange(1, 15)}",
        "Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh", street, father.phone, "không",
        people.name("Nam"), pick(JOBS), father.born.year, father.phone,
        people.name("Nữ"), pick(JOBS), mother.born.year, mother.phone, "không",
    ]  # fmt: skip


def staff_workbook(school: DemoSchool) -> bytes:
    """``danh_sach_can_bo.xlsx``: leaders, homeroom teachers, specialists."""
    people = People(school.code + "/staff")
    rows: list[tuple[str, str, str, str, str]] = [
        ("Hiệu trưởng", "Hiệu trưởng", "", "", ""),
        ("Phó hiệu trưởng", "Phó hiệu trưởng", "", "", ""),
        ("Văn thư", "Nhân viên", "", "", ""),
        ("Tổ trưởng chuyên môn", "Tổ trưởng", "", "", ""),
    ]
    for name in school.classes:
        rows.append(("Giáo viên", "Giáo viên", "Giáo viên tiểu học", name, f"{name}: tất cả trừ môn chuyên"))
    for subject in SPECIALISTS:
        classes = [c for c in school.classes if int(c[0]) >= 3 or subject not in ("Ngoại ngữ", "Tin học")]
        if classes:
            rows.append(
                ("Giáo viên", "Giáo viên", subject, "", "; ".join(f"{c}: {subject}" for c in classes))
            )
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("Sheet1")
    sheet.write_row(0, 0, STAFF_HEADERS)
    for index, (position, group, subject, homeroom, teaching) in enumerate(rows, 1):
        person = people.adult()
        code = f"{school.code}GV{index:03d}"
        sheet.write_row(
            index, 0,
            [
                index, code, person.name, person.born.strftime("%d/%m/%Y"), person.sex, person.number,
                f"gv{index:03d}@{school.code}.edu.example", person.phone, "Đang làm việc",
                position, group, subject, homeroom, teaching,
            ],
        )  # fmt: skip
    book.close()
    return buffer.getvalue()


def result_workbook(school: DemoSchool, pupils: list[DemoPupil], classes: list[str]) -> bytes:
    """``ket_qua_cuoi_nam.xlsx``, one sheet a class, three header rows."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    people = People(school.code + "/results")
    for name in classes:
        members = [p for p in pupils if p.class_name == name]
        grade = programme_for(int(name[0]), SchoolYear.parse(school.year)).grade(int(name[0]))
        _result_sheet(book.add_worksheet(name), school, name, members, grade, people)
    book.close()
    return buffer.getvalue()


def _columns(grade: GradeProgramme) -> list[tuple[str, str, str, str]]:
    """(kind:code, row 1, row 2, row 3) of every result column."""
    columns = []
    for line in grade.compulsory:
        columns.append((f"level:{line.code}", "Môn học và HĐGD", line.name, "Mức đạt được"))
        if line.tested:
            columns.append((f"score:{line.code}", "Môn học và HĐGD", line.name, "Điểm KTĐK"))
        columns.append((f"comment:{line.code}", "Môn học và HĐGD", line.name, "Nhận xét"))
    for group, top, middle in (
        (TraitGroup.GENERAL, "Năng lực cốt lõi", "Năng lực chung"),
        (TraitGroup.SPECIFIC, "Năng lực cốt lõi", "Năng lực đặc thù"),
        (TraitGroup.QUALITY, "Phẩm chất chủ yếu", ""),
    ):
        columns += [(f"trait:{t.code}", top, middle, t.name) for t in grade.group(group)]
        columns.append((f"group:{group.value}", top, middle, "Nhận xét"))
    return columns


_TAIL = [
    "Hoàn thành chương trình lớp học",
    "Lên lớp",
    "Xếp loại",
    "Số ngày nghỉ có phép",
    "Số ngày nghỉ không phép",
    "Nhận xét",
]


def _result_sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    school: DemoSchool,
    name: str,
    members: list[DemoPupil],
    grade: GradeProgramme,
    people: People,
) -> None:
    columns = _columns(grade)
    sheet.write(0, 0, school.name)
    sheet.write(1, 3, f"KẾT QUẢ HỌC TẬP VÀ RÈN LUYỆN CUỐI NĂM HỌC {school.year} - LỚP {name}")
    sheet.write_row(
        3, 0, ["STT", "Mã lớp", "Mã học sinh", "Họ tên", "Ngày sinh", *[c[1] for c in columns], *_TAIL]
    )
    sheet.write_row(4, 5, [c[2] for c in columns])
    sheet.write_row(5, 5, [c[3] for c in columns])
    for index, pupil in enumerate(members, 1):
        kind = people.random.choices(("HTXS", "HTT", "HT", "CHT"), (3, 4, 7, 1))[0]
        done = "" if kind == "CHT" else "x"
        person = pupil.person
        row = [index, name, pupil.code, person.name, person.born.strftime("%d/%m/%Y")]
        row += _marks(columns, kind, people)
        row += [
            done,
            done,
            kind,
            people.random.randrange(5),
            people.random.randrange(2),
            people.random.choice(COMMENTS),
        ]
        sheet.write_row(5 + index, 0, row)


def _marks(columns: list[tuple[str, str, str, str]], kind: str, people: People) -> list[object]:
    """Marks that give exactly the level ``kind`` under Circular 27."""
    pick = people.random.choice
    marks: list[object] = []
    low, high = {"HTXS": (9, 10), "HTT": (7, 9), "HT": (5, 10), "CHT": (5, 9)}[kind]
    for key, *_ in columns:
        what = key.split(":")[0]
        if what == "comment":
            marks.append(pick(SUBJECT_COMMENTS.get(key.split(":")[1], ("",))))
        elif what == "group":
            marks.append(GROUP_COMMENTS[TraitGroup(key.split(":")[1])])
        elif what == "score":
            marks.append(people.random.randint(low, high))
        elif kind in ("HTXS", "HTT"):
            marks.append("T")
        else:
            marks.append(pick(("T", "T", "H")) if what == "level" else pick(("T", "T", "Đ")))
    scores = [i for i, (key, *_) in enumerate(columns) if key.startswith("score")]
    if kind == "HTT":
        marks[scores[0]] = 7  # keeps it from being excellent
    if kind == "HT":
        marks[0] = "H"
    if kind == "CHT":
        marks[scores[0]] = 4
        marks[0] = "C"
    return marks
