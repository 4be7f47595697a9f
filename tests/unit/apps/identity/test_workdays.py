from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.identity.escalation.workdays import (
    after_working_days,
    is_working_day,
    working_days_between,
)

TERMS = (
    (date(2026, 5, 20), 5, date(2026, 5, 27)),  # Wednesday to Wednesday
    (date(2026, 2, 13), 1, date(2026, 2, 23)),  # over Tết: 16 to 20/02 are off
    (date(2026, 4, 24), 1, date(2026, 4, 28)),  # Giỗ Tổ falls on Sunday 26/04, made up for on Monday
    (date(2026, 4, 29), 1, date(2026, 5, 4)),
    (date(2026, 8, 31), 1, date(2026, 9, 3)),
)


@pytest.mark.parametrize(("start", "days", "end"), TERMS)
def test_a_term_runs_over_working_days_only(start, days, end):
    assert after_working_days(start, days) == end
    assert working_days_between(start, end) == days


@given(st.dates(date(2024, 1, 1), date(2034, 12, 31)), st.integers(1, 30))
def test_a_term_ends_on_a_working_day_and_holds_as_many_as_it_says(start, days):
    end = after_working_days(start, days)
    assert is_working_day(end)
    assert working_days_between(start, end) == days
    assert working_days_between(end, start) == -days
    assert sum(is_working_day(start + timedelta(n)) for n in range(1, (end - start).days + 1)) == days
