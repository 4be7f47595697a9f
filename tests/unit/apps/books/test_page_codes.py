"""Codes of printed entry sheets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.assessment.parts import RECORD, TRAITS
from hocbaso.apps.books.page_codes import find_part, page_code, part_mark, read_page_code
from hocbaso.core.errors import NotFound
from hocbaso.core.regulation.programme import PROGRAMMES
from hocbaso.core.regulation.secondary import SECONDARY_GRADES, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear

MOMENTS = ("ghk1", "chk1", "ghk2", "cn", "hk1", "hk2", "he")


def parts() -> set[str]:
    primary = {line.code for p in PROGRAMMES for grade in p.grades.values() for line in grade.lines}
    grades = [
        secondary_grade(grade, SchoolYear(2025), continuing=continuing)
        for grade in SECONDARY_GRADES
        for continuing in (False, True)
    ]
    return primary | {s.code for grade in grades for s in grade.subjects} | {TRAITS, RECORD}


def test_no_two_parts_share_their_mark():
    marks = [part_mark(part) for part in parts()]
    assert len(set(marks)) == len(marks) > 20


@given(st.integers(1, 10**8), st.sampled_from(sorted(parts())), st.sampled_from(MOMENTS))
def test_a_code_leads_back_to_its_page(class_id, part, moment):
    code = page_code(class_id, part, moment)
    for typed in (code, code.lower(), f" {code[:3]} {code[3:]} "):
        place = read_page_code(typed)
        assert (place.class_id, place.moment) == (class_id, moment)
        assert find_part(place, sorted(parts())) == part


@given(st.integers(1, 9999), st.data())
def test_nearly_every_wrong_character_is_noticed(class_id, data):
    code = page_code(class_id, "toan", "cn")
    place = data.draw(st.integers(len(str(class_id)) + 1, len(code) - 1))
    other = data.draw(st.sampled_from([c for c in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if c != code[place]]))
    wrong = code[:place] + other + code[place + 1 :]
    try:
        found = read_page_code(wrong)
    except NotFound:
        return
    # One of 32 passes the check character; it then names no part of the class, or another moment.
    assert found.part_mark != part_mark("toan") or found.moment != "cn"


@pytest.mark.parametrize(
    "typed", ["", "abc", "12", "12-", "-7QF1K", "１２-7QF1K", "9" * 40 + "-7QF1K", "1/../x"]
)
def test_what_is_no_code_is_said_to_be_none(typed):
    with pytest.raises(NotFound) as refused:
        read_page_code(typed)
    assert refused.value.code == "page_code_unknown"
