"""The grade that a class's name tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.engines.workbooks.class_names import grade_of, school_age


@pytest.mark.parametrize(
    ("name", "grade"),
    [
        ("1A", 1),
        ("6A1", 6),
        ("10A1", 10),
        ("12.6", 12),
        ("Lá 1", 18),
        ("LÁ1", 18),
        ("Chồi 3", 17),
        ("choi", 17),
        ("Mầm 2", 16),
        ("Mẫu giáo lớn A", 18),
        ("MG bé", 16),
        ("5 tuổi A", 18),
        ("MG 4-5 tuổi B", 17),
        ("Lớp 3 tuổi", 16),
        ("Nhà trẻ 25-36 tháng", 15),
        ("Nhóm trẻ 13 - 24", 14),
        ("NT 3-12 tháng A", 13),
        ("Nhà trẻ A", None),  # three codes are possible
        ("Lan Anh", None),
        ("13A", None),
        ("123", None),
        ("0A", None),
        ("", None),
        (None, None),
    ],
)
def test_numbered_and_kindergarten_classes(name, grade):
    assert grade_of(name) == grade


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_code_of_the_list_or_nothing(name):
    grade = grade_of(name)
    assert grade is None or 1 <= grade <= 18


def test_a_kindergarten_child_is_younger_year_by_year():
    assert [school_age(grade) for grade in (16, 17, 18, 1)] == [-2, -1, 0, 1]
