"""School years: August begins a new one."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.core.vietnamese.school_year import SchoolYear


@given(st.dates(min_value=date(1902, 1, 1), max_value=date(2097, 12, 31)))
def test_every_day_belongs_to_exactly_one_school_year(day: date) -> None:
    year = SchoolYear.of(day)
    assert year.first_day <= day <= year.last_day
    assert day in year
    assert day not in year.next()
    assert year.last_day + timedelta(days=1) == year.next().first_day
    assert SchoolYear.parse(str(year)) == year
    assert year.next().previous() == year
    assert year.previous() < year < year.next()


def test_july_ends_and_august_begins_a_year() -> None:
    assert str(SchoolYear.of(date(2026, 7, 31))) == "2025-2026"
    assert str(SchoolYear.of(date(2026, 8, 1))) == "2026-2027"


@pytest.mark.parametrize("text", ["2025-2027", "2025", "2026-2025", "2025/2026", "25-26", "", "1800-1801"])
def test_other_writings_are_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        SchoolYear.parse(text)
    assert caught.value.code == "school_year.format"
