"""How a class's gradebook is divided: parts, moments, and when a field of the record is written."""

from __future__ import annotations

from hocbaso.apps.assessment.models import Moment
from hocbaso.apps.pupils.models import SchoolClass

#: Pages of a class that are no subject.
TRAITS = "pham-chat-nang-luc"
RECORD = "nhan-xet"

LAST_PRIMARY_GRADE = 5
PRIMARY_MOMENTS = (Moment.MID_ONE, Moment.END_ONE, Moment.MID_TWO, Moment.YEAR_END, Moment.SUMMER)
SECONDARY_MOMENTS = (Moment.TERM_ONE, Moment.TERM_TWO, Moment.SUMMER)
TERMS = (Moment.TERM_ONE.value, Moment.TERM_TWO.value)

#: What of the record the year sheet's own moments ask for in secondary; the rest belongs to semester II.
_RECORD_MOMENTS = {"conduct_1": Moment.TERM_ONE.value, "conduct_summer": Moment.SUMMER.value}


def is_secondary(grade: int) -> bool:
    """Whether Thông tư 22/2021 rules (grades 6 to 12)."""
    return grade > LAST_PRIMARY_GRADE


def moments_of(school_class: SchoolClass) -> tuple[Moment, ...]:
    """Moments of a class's gradebook in their order; the last is the re-assessment in summer."""
    return SECONDARY_MOMENTS if is_secondary(school_class.grade) else PRIMARY_MOMENTS


def year_moments(grade: int) -> frozenset[str]:
    """Moments whose values stand on the year sheet: closing the year closes them."""
    if is_secondary(grade):
        return frozenset(m.value for m in SECONDARY_MOMENTS)
    return frozenset({Moment.YEAR_END.value, Moment.SUMMER.value})


def record_moment(grade: int, column: str) -> str:
    """The moment at which a field of the year record is written, whatever the entry says."""
    if not is_secondary(grade):
        return Moment.YEAR_END.value
    return _RECORD_MOMENTS.get(column, Moment.TERM_TWO.value)
