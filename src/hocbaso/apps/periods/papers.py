"""Test marks as the system holds them and as somebody reads them from a paper, written alike."""

from __future__ import annotations

from collections.abc import Collection

from hocbaso.apps.assessment.class_programme import plain_grade
from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.core.regulation.tt22 import read_mark

#: The checker found no paper of this pupil.
NO_PAPER = "-"
_NO_TEST = ("", "V", "M")


def recorded_marks(
    school_class: SchoolClass,
    part: str,
    moment: str,
    column: str,
    enrolments: Collection[int] | None = None,
) -> dict[int, str]:
    """Canonical marks of a test column by enrolment, as the class list goes. One query.

    :param enrolments: only these, whatever stands there; None: every pupil of the class who has written the
        test (not absent, not exempt).
    """
    model = SubjectResult if school_class.grade in PRIMARY_GRADES else SubjectMarks
    rows = model._default_manager.filter(
        enrolment__school_class=school_class, subject_code=part, moment=moment
    ).order_by("enrolment__order", "enrolment_id")
    rows = (
        rows.filter(enrolment__active=True) if enrolments is None else rows.filter(enrolment__in=enrolments)
    )
    marks = {
        key: "" if value is None else str(value) for key, value in rows.values_list("enrolment_id", column)
    }
    if enrolments is not None:
        return marks
    return {key: mark for key, mark in marks.items() if mark not in _NO_TEST}


def read_paper(school_class: SchoolClass, part: str, raw: str) -> str | None:
    """What a checker typed, as the system would hold it; "-" = no paper; None: no mark can be read from it.

    Primary: a whole number from 1 to 10 (TT 27/2020 Điều 7). Secondary: the grammar of marks (TT 22/2021).
    """
    text = " ".join(raw.split())
    if text in ("", NO_PAPER):
        return text
    if school_class.grade in PRIMARY_GRADES:
        return text if text.isascii() and text.isdigit() and 1 <= int(text) <= 10 and text[0] != "0" else None
    form = plain_grade(school_class).subject(part).form
    reading = read_mark(text, form)
    return reading.value if reading.certain else None
