"""Working days: Monday to Friday without the public holidays of Bộ luật Lao động 2019 Điều 112.

A holiday that falls on a weekend is made up for on the next working day (Điều 111 khoản 3). The two holidays
of the lunar year stand in a table; beyond it only weekends and solar holidays count, which makes a term no
longer than the law would.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

#: Day 1 of the lunar year, and 10/3 of it (Giỗ Tổ Hùng Vương), by the calendar of Viet Nam.
_LUNAR = {
    2025: (date(2025, 1, 29), date(2025, 4, 7)),
    2026: (date(2026, 2, 17), date(2026, 4, 26)),
    2027: (date(2027, 2, 6), date(2027, 4, 16)),
    2028: (date(2028, 1, 26), date(2028, 4, 4)),
    2029: (date(2029, 2, 13), date(2029, 4, 23)),
    2030: (date(2030, 2, 2), date(2030, 4, 12)),
}
_ONE = timedelta(days=1)


@lru_cache(maxsize=32)
def holidays(year: int) -> frozenset[date]:
    """Days off of a year, with those that make up for a weekend."""
    days = [date(year, 1, 1), date(year, 4, 30), date(year, 5, 1), date(year, 9, 1), date(year, 9, 2)]
    if year in _LUNAR:
        tet, hung_kings = _LUNAR[year]
        days += [tet + _ONE * n for n in range(-1, 4)] + [hung_kings]
    off = set(days)
    for day in sorted(days):
        if day.weekday() >= 5:
            instead = day + _ONE
            while instead.weekday() >= 5 or instead in off:
                instead += _ONE
            off.add(instead)
    return frozenset(off)


def is_working_day(day: date) -> bool:
    """Monday to Friday and no holiday."""
    return day.weekday() < 5 and day not in holidays(day.year)


def after_working_days(day: date, count: int) -> date:
    """The last day of a term of ``count`` working days that begins on the day after ``day``."""
    while count > 0:
        day += _ONE
        count -= is_working_day(day)
    return day


def working_days_between(day: date, until: date) -> int:
    """Working days after ``day`` up to ``until``; negative when ``until`` is past."""
    if until < day:
        return -working_days_between(until, day)
    return sum(is_working_day(day + _ONE * n) for n in range(1, (until - day).days + 1))
