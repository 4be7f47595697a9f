"""Builders of pupils for the tests of Circular 22/2021."""

from collections.abc import Sequence
from typing import Any

from hocbaso.core.regulation.tt22 import (
    Rating,
    SecondaryGrade,
    SecondarySubject,
    SubjectYear,
    TermMarks,
    YearInput,
    pupil_subjects,
    secondary_grade,
)
from hocbaso.core.vietnamese.school_year import SchoolYear

YEAR = SchoolYear(2025)
ELECTIVES = ("dia-li", "vat-li", "hoa-hoc", "tin-hoc")


def grade(number: int, *, continuing: bool = False) -> SecondaryGrade:
    return secondary_grade(number, YEAR, continuing=continuing)


def flat(subject: SecondarySubject, text: str) -> TermMarks:
    """Every column holds the same mark, so the semester's average is this mark."""
    return TermMarks((text,) * subject.regular_count, text, text)


def taken(table: SecondaryGrade, electives: Sequence[str] = ELECTIVES) -> tuple[SecondarySubject, ...]:
    return pupil_subjects(table, electives=electives if table.electives else ())


def steady(subject: SecondarySubject, text: str, **kept: Any) -> SubjectYear:
    """The same mark in both semesters."""
    return SubjectYear(subject, flat(subject, text), flat(subject, text), **kept)


def pupil(
    number: int = 6,
    scores: Sequence[str] = (),
    comments: Sequence[str] = (),
    *,
    continuing: bool = False,
    electives: Sequence[str] = ELECTIVES,
    retests: dict[str, str] | None = None,
    **kept: Any,
) -> YearInput:
    """A pupil whose scored and comment subjects get the given marks in the order of the form."""
    table = grade(number, continuing=continuing)
    subjects = taken(table, electives)
    marks = {True: iter(scores), False: iter(comments)}
    years = tuple(
        steady(
            one, next(marks[one.scored], "8" if one.scored else "Đ"), retest=(retests or {}).get(one.code, "")
        )
        for one in subjects
    )
    values: dict[str, Any] = {"conduct1": Rating.GOOD, "conduct2": Rating.GOOD, "absences": 0, **kept}
    return YearInput(table, years, **values)
