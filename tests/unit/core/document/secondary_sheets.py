"""Synthetic year sheets of the secondary form: grade 6 (THCS) and grade 10 (THPT), full ones by hand."""

from __future__ import annotations

from dataclasses import replace

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.model import (
    Decision,
    ResponsiblePerson,
    School,
    SchoolLevel,
    SecondaryResult,
    SecondarySubjectLine,
    SignerRole,
    StudyYear,
    YearSheet,
)

from .sheets import grade_three

#: Code, name, marks of the two semesters and the year, teacher (by number, see TEACHERS).
GRADE_6 = [
    ("ngu-van", "Ngữ văn", ("7.5", "8", "7.8"), 0),
    ("toan", "Toán", ("9", "9.5", "9.3"), 1),
    ("ngoai-ngu-1", "Ngoại ngữ 1 (Tiếng Anh)", ("8.3", "8.6", "8.5"), 2),
    ("giao-duc-cong-dan", "Giáo dục công dân", ("9", "9", "9"), 0),
    ("lich-su-va-dia-li", "Lịch sử và Địa lí", ("8", "8.1", "8.1"), 3),
    ("khoa-hoc-tu-nhien", "Khoa học tự nhiên", ("4.5", "10", "8.2"), 4),
    ("cong-nghe", "Công nghệ", ("8", "8", "8"), 5),
    ("tin-hoc", "Tin học", ("10", "9.8", "9.9"), 5),
    ("giao-duc-the-chat", "Giáo dục thể chất", ("Đ", "Đ", "Đ"), 6),
    ("nghe-thuat", "Nghệ thuật (Âm nhạc, Mĩ thuật)", ("Đ", "Đ", "Đ"), 7),
    ("hoat-dong-trai-nghiem", "Hoạt động trải nghiệm, hướng nghiệp", ("CĐ", "Đ", "Đ"), 8),
    ("giao-duc-dia-phuong", "Nội dung giáo dục của địa phương", ("Đ", "Đ", "Đ"), 3),
]
GRADE_10 = [
    ("ngu-van", "Ngữ văn", ("7.5", "8", "7.8"), 0),
    ("toan", "Toán", ("9", "9.5", "9.3"), 1),
    ("ngoai-ngu-1", "Ngoại ngữ 1 (Tiếng Anh)", ("8.3", "8.6", "8.5"), 2),
    ("lich-su", "Lịch sử", ("8", "8.1", "8.1"), 3),
    ("dia-li", "Địa lí", ("6.5", "7", "6.8"), 4),
    ("giao-duc-kinh-te-va-phap-luat", "Giáo dục kinh tế và pháp luật", ("9", "9", "9"), 5),
    ("vat-li", "Vật lí", ("7", "7.2", "7.1"), 6),
    ("hoa-hoc", "Hóa học", ("6.5", "6.5", "6.5"), 7),
    ("tin-hoc", "Tin học", ("10", "9.8", "9.9"), 8),
    ("giao-duc-the-chat", "Giáo dục thể chất", ("Đ", "Đ", "Đ"), 9),
    ("giao-duc-quoc-phong-va-an-ninh", "Giáo dục quốc phòng và an ninh", ("8", "8", "8"), 10),
    ("hoat-dong-trai-nghiem", "Hoạt động trải nghiệm, hướng nghiệp", ("Đ", "Đ", "Đ"), 11),
    ("giao-duc-dia-phuong", "Nội dung giáo dục của địa phương", ("Đ", "Đ", "Đ"), 12),
]
TEACHERS = [
    "Công Tằng Tôn Nữ Thị Hoàng Phương Thảo",
    "Nguyễn Bá Toàn",
    "Phan Thị Anh Thư",
    "Đỗ Quốc Sử",
    "Huỳnh Thị Khoa",
    "Bùi Tin",
    "Ngô Thể Thao",
    "Trịnh Mĩ Nhạc",
    "Hồ Trải Nghiệm",
    "Võ Văn Lực",
    "Đinh Công An",
    "Lý Hướng Dương",
    "Mai Địa Phương",
]
COMMENT = "Em tiến bộ rõ, giải thích được vì sao 3 < 5 & 7 > 4; cần trình bày cẩn thận hơn."
_CLAUSE = "TT 22/2021 Điều 9 khoản 2 điểm a"
_CODES = {
    6: new_code(SchoolLevel.LOWER_SECONDARY, "79", "79000202", 2025, bytes.fromhex("1f1e2d3c4b5a6978")),
    10: new_code(SchoolLevel.UPPER_SECONDARY, "79", "79000303", 2025, bytes.fromhex("2f1e2d3c4b5a6978")),
}
_SCHOOLS = {
    6: School(
        "79000202",
        "Trường Trung học cơ sở Phượng Vĩ",
        "26929",
        "Phường Bình Thạnh",
        "79",
        "Thành phố Hồ Chí Minh",
    ),
    10: School(
        "79000303",
        "Trường Trung học phổ thông Bằng Lăng",
        "26929",
        "Phường Bình Thạnh",
        "79",
        "Thành phố Hồ Chí Minh",
    ),
}


def _decided(value: str, clause: str = _CLAUSE) -> Decision:
    return Decision(value, clause, f"Đạt mức {value}: mọi điều kiện của khoản này đều thỏa.")


def staff_code(number: int) -> str:
    """The staff code of teacher ``number``."""
    return f"CB{number + 1:04d}"


def teacher(number: int, *subjects: str) -> ResponsiblePerson:
    """A subject teacher who signs these subjects."""
    return ResponsiblePerson(
        SignerRole.SUBJECT_TEACHER,
        TEACHERS[number],
        staff_code(number),
        "Giáo viên bộ môn",
        subjects=subjects,
    )


def secondary(grade: int = 6) -> YearSheet:
    """A full sheet: grade 6 with 12 subjects and 9 teachers, or grade 10 with 13 subjects and as many."""
    table = GRADE_6 if grade == 6 else GRADE_10
    primary = grade_three()
    lower = grade == 6
    school = _SCHOOLS[grade]
    numbers = sorted({number for *_, number in table})
    signed = {number: [code for code, *_, by in table if by == number] for number in numbers}
    return replace(
        primary,
        code=_CODES[grade],
        rule_set="tt22-2021",
        template="thcs-1" if lower else "thpt-1",
        school=school,
        school_level=SchoolLevel.LOWER_SECONDARY if lower else SchoolLevel.UPPER_SECONDARY,
        grade=grade,
        class_name=f"{grade}A1",
        pupil=replace(
            primary.pupil,
            code="79000202250001",
            birth_date="2014-02-09",
            father_occupation="Thợ điện",
            mother_occupation="Giáo viên",
            policy_family="Con thương binh",
        ),
        history=(StudyYear("2025-2026", f"{grade}A1", school.name, "112/2025", "2025-09-05"),),
        subjects=(
            *(
                SecondarySubjectLine(
                    code,
                    name,
                    "nhan_xet" if marks[0] in ("Đ", "CĐ") else "diem",
                    *marks,
                    comment=COMMENT,
                    teachers=(TEACHERS[number],),
                )
                for code, name, marks, number in table
            ),
            SecondarySubjectLine(
                "ngoai-ngu-2",
                "Ngoại ngữ 2 (Tiếng Pháp)",
                "diem",
                None,
                None,
                None,
                exempt="Học sinh không đăng ký học",
            ),
        ),
        traits=None,
        days_absent_excused=3,
        days_absent_unexcused=1,
        height_cm=None,
        weight_kg=None,
        result=SecondaryResult(
            study1=_decided("Khá"),
            study2=_decided("Tốt"),
            study_year=_decided("Tốt"),
            conduct1=_decided("Khá", "TT 22/2021 Điều 8 khoản 2"),
            conduct2=_decided("Tốt", "TT 22/2021 Điều 8 khoản 2"),
            conduct_year=_decided("Tốt", "TT 22/2021 Điều 8 khoản 2"),
            completed=True,
            promoted=True,
            completion=Decision(
                f"Được lên lớp {grade + 1}",
                "TT 22/2021 Điều 12",
                "Rèn luyện và học tập cả năm từ mức Đạt; nghỉ 4 buổi ≤ 45 buổi.",
            ),
            title=_decided("Học sinh Giỏi", "TT 22/2021 Điều 15 khoản 1 điểm b"),
            other_awards=("Giấy khen của phường: nhặt được của rơi trả người mất.",),
            certificates=("Chứng chỉ Tin học ứng dụng cơ bản",),
            contests=("Giải Ba cuộc thi Toán cấp phường",),
            discipline=(),
        ),
        homeroom_comment="Em chăm ngoan, học tốt; cần mạnh dạn hơn khi phát biểu.",
        responsible=(
            *(teacher(number, *signed[number]) for number in numbers),
            ResponsiblePerson(SignerRole.HOMEROOM, TEACHERS[1], staff_code(1), "Giáo viên chủ nhiệm"),
            ResponsiblePerson(SignerRole.PRINCIPAL, "Lê Thị Hồng Gấm", "CB0102", "Hiệu trưởng"),
        ),
    )
