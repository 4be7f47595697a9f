"""Small synthetic classes for the books."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hocbaso.core.regulation.programme import Moment, programme_for
from hocbaso.core.regulation.tt27 import Overall
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.engines.rendering import books

NAMES = (
    "Nguyễn Ngọc Hoài An",
    "Trần Lê Bảo An",
    "Đặng Vũ Quỳnh Anh",
    "Huỳnh Nguyễn Quốc Bảo",
    "Lý Gia Bảo",
    "Hồ Thị Kim Cương",
    "Lê Quang Duy",
    "Võ Thùy Dương",
    "Công Tằng Tôn Nữ Quỳnh Hương",
    "Thạch Minh Khôi",
)
LONG_NAME = "Nguyễn Phúc Công Tằng Tôn Nữ Hoàng Phượng Liên Quỳnh Trâm Anh"
YEAR = "2025-2026"
STAMP = books.Stamp(
    "Lê Nguyễn Phương Thảo (Giáo viên chủ nhiệm lớp 3A)",
    datetime(2026, 5, 22, 17, 5, tzinfo=timezone(timedelta(hours=7))),
)
SCHOOL = books.School("Trường Tiểu học Hoa Mai", "Ủy ban nhân dân phường Bình Thạnh", "Phường Bình Thạnh")
SECONDARY = books.School("Trường THCS Sao Khuê", "Ủy ban nhân dân phường Bình Thạnh", "Phường Bình Thạnh")


def head(grade: int, name: str = "") -> books.ClassHead:
    return books.ClassHead(
        name or f"{grade}A", grade, YEAR, "Lê Nguyễn Phương Thảo", "Võ Đặng Quốc Hưng", "Hiệu trưởng"
    )


def person(n: int, name: str = "") -> books.Person:
    return books.Person(
        n,
        f"7900010100{n:04d}",
        name or NAMES[(n - 1) % len(NAMES)],
        f"2016-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
        "Nữ" if n % 2 else "Nam",
        "Khmer" if n % 9 == 0 else "Kinh",
    )


def primary(grade: int, moment: Moment, pupils: int = 5) -> books.ClassSummary:
    """A class with results in a known pattern: pupil n has T, H or C by n modulo 3 in each subject."""
    table = programme_for(grade, SchoolYear.parse(YEAR)).grade(grade)
    subjects = tuple(
        books.SubjectColumn(line.code, line.short_name, moment in line.tests) for line in table.compulsory
    )
    traits = tuple(books.TraitColumn(t.code, t.name, t.group) for t in table.traits)
    rows = tuple(
        books.PrimaryRow(
            person(n),
            {s.code: "THC"[n % 3] for s in subjects},
            {s.code: 10 - n % 5 for s in subjects if s.tested},
            {t.code: "TĐC"[n % 3] for t in traits},
            list(Overall)[n % 4] if moment is Moment.END_YEAR else None,
            ("HSXS" if n % 4 == 0 else "HSTB" if n % 4 == 1 else "") if moment is Moment.END_YEAR else "",
            n % 4 != 3 if moment is Moment.END_YEAR else None,
            n % 4 != 3 if moment is Moment.END_YEAR else None,
        )
        for n in range(1, pupils + 1)
    )
    return books.ClassSummary(SCHOOL, head(grade), moment, subjects, traits, rows, STAMP)


SUBJECTS = (
    ("ngu-van", "Ngữ văn"),
    ("toan", "Toán"),
    ("ngoai-ngu-1", "Tiếng Anh"),
    ("giao-duc-cong-dan", "Giáo dục công dân"),
    ("lich-su-va-dia-li", "Lịch sử và Địa lí"),
    ("khoa-hoc-tu-nhien", "Khoa học tự nhiên"),
    ("cong-nghe", "Công nghệ"),
    ("tin-hoc", "Tin học"),
    ("giao-duc-the-chat", "Giáo dục thể chất"),
    ("nghe-thuat", "Nghệ thuật"),
    ("hoat-dong-trai-nghiem-huong-nghiep", "HĐTN, hướng nghiệp"),
    ("giao-duc-dia-phuong", "Nội dung GD địa phương"),
    ("tieng-dan-toc", "Tiếng dân tộc thiểu số"),
)
COMMENTED = {"giao-duc-the-chat", "nghe-thuat", "hoat-dong-trai-nghiem-huong-nghiep", "giao-duc-dia-phuong"}


def results(n: int) -> dict[str, str]:
    return {
        code: ("CĐ" if n == 4 else "Đ") if code in COMMENTED else f"{5 + (n + i) % 5}.{(n * i) % 10}"
        for i, (code, _name) in enumerate(SUBJECTS)
    }


def class_book(pupils: int = 5) -> books.ClassBook:
    rows = tuple(
        books.ClassRow(
            person(n),
            results(n),
            results(n + 1),
            results(n + 2),
            ("Tốt", "Khá", "Đạt") if n % 2 else ("Khá", "Tốt", "Tốt"),
            ("Tốt", "Tốt", "Tốt"),
            n % 4,
            n % 2,
            ("Toán 5,5", "Nghệ thuật Đ") if n == 4 else (),
            "Đạt" if n == 4 else "",
            "",
            "Lên lớp",
            True,
            "Học sinh Giỏi" if n % 2 == 0 else "",
        )
        for n in range(1, pupils + 1)
    )
    return books.ClassBook(SECONDARY, head(7, "7A2"), SUBJECTS, rows, STAMP)


def subject_book(pupils: int = 5, *, scored: bool = True) -> books.SubjectBook:
    comment = "Có tiến bộ trong giải toán có lời văn; cần đọc kĩ đề và trình bày cẩn thận hơn."

    def term(n: int) -> books.TermCells:
        if not scored:
            return books.TermCells(("Đ", "Đ"), "Đ", "CĐ" if n == 4 else "Đ", "CĐ" if n == 4 else "Đ", "")
        return books.TermCells(("8", "9", "7.5", "10"), "6.8", "8", "7.9", comment if n % 3 == 0 else "")

    rows = tuple(
        books.SubjectRow(person(n), (term(n), term(n)), "7.9" if scored else "Đ")
        for n in range(1, pupils + 1)
    )
    subject = "Toán" if scored else "Nghệ thuật"
    return books.SubjectBook(
        SECONDARY, head(7, "7A2"), subject, scored, 4 if scored else 2, ("Trần Thị Diễm Quỳnh",), rows, STAMP
    )


def register(pupils: int = 5) -> books.Register:
    rows = tuple(
        books.RegisterRow(
            f"{n:04d}/2025" if n != 3 else "",
            person(n),
            "Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh",
            "12/4 đường Phan Văn Trị, khu phố 3, phường Bình Thạnh, Thành phố Hồ Chí Minh",
            "Nguyễn Văn Hải",
            "Trần Thị Mỹ Duyên",
            "",
            "2025-09-05",
            "1A",
            "Trường Tiểu học Ban Mai" if n == 2 else "",
            "2026-01-12" if n == 5 else "",
            "Chuyển trường" if n == 5 else "",
        )
        for n in range(1, pupils + 1)
    )
    return books.Register(SCHOOL, YEAR, rows, STAMP, "Võ Đặng Quốc Hưng")


def homeroom(pupils: int = 5) -> books.HomeroomBook:
    rows = tuple(
        books.HomeroomRow(
            person(n),
            "12/4 đường Phan Văn Trị, phường Bình Thạnh",
            "0903123456",
            "Nguyễn Văn Hải",
            "Thợ điện",
            "0903123457",
            "Trần Thị Mỹ Duyên",
            "Buôn bán",
            "0903123458",
            absent_excused=n % 4,
            absent_unexcused=0,
            result=books.HomeroomResult(("Khá", "Tốt", "Tốt", "Tốt", "Tốt", "Tốt")),
            comment="Ngoan, chăm học, tiến bộ đều.",
        )
        for n in range(1, pupils + 1)
    )
    columns = (
        "Học tập HKI",
        "Rèn luyện HKI",
        "Học tập HKII",
        "Rèn luyện HKII",
        "Học tập cả năm",
        "Rèn luyện cả năm",
    )
    teachers = tuple((name, "Trần Thị Diễm Quỳnh") for _code, name in SUBJECTS)
    return books.HomeroomBook(SECONDARY, head(7, "7A2"), rows, columns, teachers, STAMP, "buổi")


def entry(pupils: int = 5) -> tuple[books.EntrySheet, ...]:
    marks = tuple(books.EntryColumn(h, "0 đến 10") for h in ("TX1", "TX2", "TX3", "TX4", "GK", "CK"))
    rows = tuple(books.EntryRow(person(n), "miễn học" if n == 2 else "") for n in range(1, pupils + 1))
    code = books.PageCode("128-7QF3K", "https://hocbaso.example/truong/so-sach/ma/128-7QF3K")
    one = books.EntrySheet(
        SECONDARY,
        head(7, "7A2"),
        "Toán",
        "Học kỳ I",
        "Trần Thị Diễm Quỳnh",
        (*marks, books.EntryColumn("Nhận xét", "", True)),
        rows,
        code,
        STAMP,
    )
    table = programme_for(4, SchoolYear.parse(YEAR)).grade(4)
    traits = tuple(books.EntryColumn(t.name, "T, Đ hoặc C") for t in table.traits)
    two = books.EntrySheet(
        SCHOOL, head(4, "4A"), "Phẩm chất, năng lực", "Cuối năm học", "", traits, rows, code, STAMP
    )
    return one, two


def slips(pupils: int = 5, per_page: int = 2, *, secondary: bool = True) -> books.Slips:
    if secondary:
        columns = ("Học kỳ I", "Học kỳ II", "Cả năm")
        lines = [
            lambda n, code=code, name=name: books.SlipLine(
                name,
                tuple(results(n + i)[code].replace(".", ",") for i in range(3)),
                "Có tiến bộ, cần trình bày cẩn thận hơn." if name == "Toán" else "",
            )
            for code, name in SUBJECTS
        ]
        facts = (
            ("Kết quả học tập cả năm", "Khá"),
            ("Kết quả rèn luyện cả năm", "Tốt"),
            ("Số buổi nghỉ", "3 (có phép 3, không phép 0)"),
            ("Kết luận", "Được lên lớp 8"),
        )
        traits: tuple[tuple[str, str], ...] = ()
    else:
        table = programme_for(4, SchoolYear.parse(YEAR)).grade(4)
        columns = ("Mức đạt được", "Điểm KTĐK")
        lines = [
            lambda n, line=line: books.SlipLine(
                line.name, ("THC"[n % 3], "9" if line.tested else ""), "Đọc tốt, viết rõ ràng."
            )
            for line in table.compulsory
        ]
        traits = tuple((t.name, "T") for t in table.traits)
        facts = (("Đánh giá kết quả giáo dục", "Hoàn thành tốt"),)
    made = tuple(
        books.Slip(
            person(n), tuple(line(n) for line in lines), traits, facts, "Ngoan, chăm học, tiến bộ đều."
        )
        for n in range(1, pupils + 1)
    )
    return books.Slips(
        SECONDARY if secondary else SCHOOL,
        head(7, "7A2") if secondary else head(4),
        "Cả năm",
        columns,
        made,
        STAMP,
        per_page,
    )
