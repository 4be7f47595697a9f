"""School years (năm học): ``2025-2026``; a date from August on belongs to the year that starts then.

Source: domain sheet 1.4 (month >= 8, as field software does).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse

register(
    {
        "school_year.format": (
            "“{written}” không phải là năm học. Cách ghi đúng: 2025-2026, hai năm liền nhau.",
            "{written!r} is not a school year.",
        ),
    }
)

_FORM = re.compile(r"^([0-9]{4})-([0-9]{4})$")
_FIRST_MONTH = 8


@dataclass(frozen=True, slots=True, order=True)
class SchoolYear:
    """A school year by the calendar year in which it starts; orders in time."""

    start: int

    def __post_init__(self) -> None:
        if not 1900 <= self.start <= 2099:
            raise DomainError("school_year.format", written=f"{self.start}-{self.start + 1}")

    def __str__(self) -> str:
        return f"{self.start}-{self.start + 1}"

    @classmethod
    def parse(cls, text: str) -> SchoolYear:
        """``2025-2026`` only (surrounding spaces allowed).

        :raises DomainError: ``school_year.format``.
        """
        match = _FORM.match(collapse(text))
        if match is None or int(match[2]) != int(match[1]) + 1:
            raise DomainError("school_year.format", written=text)
        return cls(int(match[1]))

    @classmethod
    def of(cls, day: date) -> SchoolYear:
        """The school year a day belongs to."""
        return cls(day.year if day.month >= _FIRST_MONTH else day.year - 1)

    def __contains__(self, day: date) -> bool:
        return SchoolYear.of(day) == self

    def next(self) -> SchoolYear:
        """The year after."""
        return SchoolYear(self.start + 1)

    def previous(self) -> SchoolYear:
        """The year before."""
        return SchoolYear(self.start - 1)

    @property
    def first_day(self) -> date:
        """1 August of the starting year."""
        return date(self.start, _FIRST_MONTH, 1)

    @property
    def last_day(self) -> date:
        """31 July of the following year."""
        return date(self.start + 1, _FIRST_MONTH - 1, 31)
