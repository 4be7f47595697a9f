"""What a mark, a level or a comment may be: grade, subject, moment, scale (TT 27/2020 Điều 7, TT 22/2021)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.models import Moment
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.use_cases.check_marks import marks_complaint, record_complaint
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation.programme import GradeProgramme, programme_for
from hocbaso.core.regulation.programme import Moment as TestMoment
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "entry_level": (
            "{name}: chỉ ghi {allowed}.",
            "{name}: only {allowed}.",
        ),
        "entry_score": (
            "{name}: điểm chỉ là số nguyên từ 1 đến 10.",
            "{name}: a whole number from 1 to 10.",
        ),
        "entry_no_test": (
            "{name}: {moment} không có bài kiểm tra định kỳ nên không ghi điểm.",
            "{name} has no periodic test at this moment.",
        ),
        "entry_too_long": (
            "Nội dung dài {length} ký tự, chỉ được nhiều nhất {limit} ký tự.",
            "{length} characters, at most {limit}.",
        ),
        "entry_number": ("Chỉ ghi số nguyên từ {low} đến {high}.", "A whole number from {low} to {high}."),
        "entry_level_of_school": (
            "Lớp {name} không ghi kết quả theo mẫu này; thầy cô mở đúng trang của lớp.",
            "Class {name} is assessed by another circular.",
        ),
        "entry_field": ("Không có mục này trong biểu.", "No such field."),
    }
)

_SUBJECT_LEVELS = {"", "T", "H", "C"}
_TRAIT_LEVELS = {"", "T", "Đ", "C"}
_COMMENT, _REASON = 500, 200
TEXT_LIMITS = {
    "comment": _COMMENT,
    "homeroom_comment": _COMMENT,
    "qualities_comment": _COMMENT,
    "general_comment": _COMMENT,
    "specific_comment": _COMMENT,
    "awards": _COMMENT,
    "certificates": _COMMENT,
    "contests": _COMMENT,
    "discipline": _COMMENT,
    "exempt_reason": _REASON,
    "carried_school": _REASON,
    "decided_reason": _REASON,
    "stated_overall": 4,
}
RANGES = {
    "absent_excused": (0, 250),
    "absent_unexcused": (0, 250),
    "height_cm": (60, 220),
    "weight_kg": (8, 180),
}


@lru_cache(maxsize=64)
def grade_programme(grade: int, year: str) -> GradeProgramme:
    """What a grade studies in a year.

    :raises DomainError: ``programme.grade``, ``programme.year``.
    """
    return programme_for(grade, SchoolYear.parse(year)).grade(grade)


def complaint(
    school_class: SchoolClass,
    sort: str,
    code: str,
    moment: str,
    values: Mapping[str, Any],
    *,
    programme: ClassProgramme | None = None,
    enrolment_id: int = 0,
) -> str:
    """Why the values cannot be, in one sentence; empty when they can.

    :param programme: what a secondary class and the pupil study; None in primary.
    """
    secondary = is_secondary(school_class.grade)
    if sort in (("subject", "trait") if secondary else ("marks",)):
        return sentence("entry_level_of_school", name=school_class.name)
    if sort == "marks":
        assert programme is not None
        return marks_complaint(programme, enrolment_id, code, moment, values) or _texts(values)
    if sort == "record":
        return record_complaint(secondary, values) or _texts(values) or _numbers(values)
    return _primary(school_class, sort, code, moment, values)


def _primary(school_class: SchoolClass, sort: str, code: str, moment: str, values: Mapping[str, Any]) -> str:
    try:
        programme = grade_programme(school_class.grade, school_class.school_year)
        if sort == "subject":
            return _subject(programme, code, moment, values) or _texts(values)
        name = programme.trait(code).name
        if values.get("level", "") not in _TRAIT_LEVELS:
            return sentence("entry_level", name=name, allowed="T (Tốt), Đ (Đạt), C (Cần cố gắng)")
        return "" if set(values) <= {"level"} else sentence("entry_field")
    except DomainError as error:
        return error.message


def test_moment(moment: str) -> TestMoment:
    """The periodic test that a moment speaks of; the re-assessment repeats the year's (Điều 11 khoản 1 b)."""
    return TestMoment.END_YEAR if moment == Moment.SUMMER else TestMoment(moment)


def _subject(programme: GradeProgramme, code: str, moment: str, values: Mapping[str, Any]) -> str:
    line = programme.line(code)
    if values.get("level", "") not in _SUBJECT_LEVELS:
        allowed = "T (Hoàn thành tốt), H (Hoàn thành), C (Chưa hoàn thành)"
        return sentence("entry_level", name=line.short_name, allowed=allowed)
    score = values.get("score")
    if score is None:
        return ""
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 10:
        return sentence("entry_score", name=line.short_name)
    if test_moment(moment) not in line.tests:
        label = str(Moment(moment).label).lower()
        return sentence("entry_no_test", name=line.short_name, moment=label)
    return ""


def _texts(values: Mapping[str, Any]) -> str:
    for name, limit in TEXT_LIMITS.items():
        value = values.get(name)
        if isinstance(value, str) and len(value) > limit:
            return sentence("entry_too_long", length=len(value), limit=limit)
    return ""


def _numbers(values: Mapping[str, Any]) -> str:
    for name, (low, high) in RANGES.items():
        value = values.get(name)
        if value is not None and (not isinstance(value, int) or not low <= value <= high):
            return sentence("entry_number", low=low, high=high)
    return ""
