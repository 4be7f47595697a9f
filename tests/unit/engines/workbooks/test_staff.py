# ruff: noqa: E501 (tables: one case, one line)
"""Staff lists: posts become roles, the teaching assignment is read, doubles are found."""

from __future__ import annotations

from typing import Any

import pytest

from hocbaso.engines.workbooks import ALL_OTHER, Reading, StaffRow, Teaching, read_staff
from tests.unit.engines.workbooks.build import SAMPLES, YEAR, workbook

HEADERS = ["STT", "Mã cán bộ", "Họ tên", "Ngày sinh", "Giới tính", "Số định danh cá nhân", "Email",
           "Vị trí việc làm", "Lớp chủ nhiệm", "Phân công giảng dạy"]  # fmt: skip


def staff(*rows: list[Any]) -> Reading[StaffRow]:
    return read_staff(workbook(headers=HEADERS, rows=list(rows)), year=YEAR)


def teacher(number: int = 1, *, post: str = "Giáo viên", home: str = "", teaching: str = "") -> list[Any]:
    return [number, f"79000101GV{number:03}", "Võ Thị Hoa", "29/05/1994", "Nữ", f"0791940000{number:02}",
            f"gv{number}@example.vn", post, home, teaching]  # fmt: skip


def test_the_primary_sample_reads_without_errors() -> None:
    reading = read_staff((SAMPLES / "tieu_hoc" / "danh_sach_can_bo.xlsx").read_bytes(), year=YEAR)
    assert reading.errors == []
    # The sample assigns Tin học in grade 1, which has no such subject: told, and of no effect.
    assert [(i.row, i.code) for i in reading.warnings] == [(15, "subject_not_in_grade")] * 2
    roles = {row.roles for row in reading.rows}
    assert {("principal",), ("deputy_principal",), ("seal_keeper", "data_clerk"), ("group_head",)} < roles
    homeroom = [row for row in reading.rows if row.homeroom_class == "3A"]
    assert [row.teaching for row in homeroom] == [(Teaching("3A", ALL_OTHER),)]
    assert homeroom[0].roles == ("homeroom_teacher", "subject_teacher")
    (music,) = [row for row in reading.rows if row.subject == "Âm nhạc"]
    assert music.teaching[0] == Teaching("1A", "Âm nhạc", "am-nhac")
    assert len(music.teaching) == 6


def test_the_secondary_sample_reads_without_issues_and_keeps_commas_inside_a_subject() -> None:
    reading = read_staff((SAMPLES / "thcs" / "danh_sach_can_bo.xlsx").read_bytes(), year=YEAR)
    assert reading.issues == []
    assert reading.rows[-1].teaching == (
        Teaching("6A1", "Hoạt động trải nghiệm, hướng nghiệp", "hoat-dong-trai-nghiem"),
        Teaching("9A1", "Hoạt động trải nghiệm, hướng nghiệp", "hoat-dong-trai-nghiem"),
    )


@pytest.mark.parametrize(
    ("post", "roles"),
    [
        ("Hiệu trưởng", ("principal",)),
        ("PHÓ HIỆU TRƯỞNG", ("deputy_principal",)),
        ("Văn thư", ("seal_keeper", "data_clerk")),
        ("Tổ phó chuyên môn", ("group_deputy",)),
        ("Tổ trưởng; Giáo viên", ("group_head",)),
        ("Giáo viên", ()),
    ],
)
def test_a_post_brings_its_roles(post: str, roles: tuple[str, ...]) -> None:
    reading = staff(teacher(post=post))
    assert reading.rows[0].roles == roles
    assert reading.issues == []


def test_an_unknown_post_brings_no_role_and_is_told() -> None:
    reading = staff(teacher(post="Bảo vệ"))
    assert [(i.code, i.severity) for i in reading.issues] == [("unknown_position", "warning")]
    assert reading.rows[0].roles == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1A: Âm nhạc; 1B: Mỹ thuật", (Teaching("1A", "Âm nhạc", "am-nhac"), Teaching("1B", "Mỹ thuật", "mi-thuat"))),
        ("1A, 1B: Âm nhạc", (Teaching("1A", "Âm nhạc", "am-nhac"), Teaching("1B", "Âm nhạc", "am-nhac"))),
        ("1A: Âm nhạc\n1B : Âm nhạc;", (Teaching("1A", "Âm nhạc", "am-nhac"), Teaching("1B", "Âm nhạc", "am-nhac"))),
        ("1A: TẤT CẢ trừ môn chuyên", (Teaching("1A", ALL_OTHER),)),
        ("không", ()),
    ],
)  # fmt: skip
def test_a_teaching_assignment_is_read(text: str, expected: tuple[Teaching, ...]) -> None:
    reading = staff(teacher(teaching=text))
    assert reading.rows[0].teaching == expected
    assert reading.issues == []


@pytest.mark.parametrize("text", ["Âm nhạc lớp 1A", "1A Âm nhạc", "A1: Toán", ": Toán"])
def test_an_assignment_that_cannot_be_read_is_refused(text: str) -> None:
    reading = staff(teacher(teaching=text))
    assert [(i.code, i.severity) for i in reading.issues] == [("bad_teaching", "error")]
    assert not reading.rows[0].ok


def test_doubles_are_found() -> None:
    second = teacher(2, home="1A")
    second[6] = "GV1@example.vn"
    third = teacher(1)
    third[6] = "khac@example.vn"
    reading = staff(teacher(1, home="1A"), second, third)
    assert [(i.row, i.code, i.severity) for i in reading.issues] == [
        (5, "duplicate_number", "warning"),
        (6, "shared_email", "warning"),
        (6, "homeroom_twice", "error"),
        (7, "duplicate_code", "error"),
        (7, "duplicate_number", "error"),
    ]


def test_secondary_subjects_get_the_programmes_code_and_a_part_is_asked_for_the_whole() -> None:
    reading = staff(teacher(teaching="6A1: KHTN; 6A1: Âm nhạc; 10A2: Vật lý; 6A1: Bơi lội"))
    assert [one.subject_code for one in reading.rows[0].teaching] == [
        "khoa-hoc-tu-nhien",
        "nghe-thuat",
        "vat-li",
        None,
    ]
    assert [(i.code, i.severity, i.proposal) for i in reading.issues] == [
        ("part_of_subject", "warning", "Nghệ thuật"),
        ("subject_not_in_grade", "warning", None),
    ]
