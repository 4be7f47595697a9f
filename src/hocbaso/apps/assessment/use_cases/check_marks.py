"""What a row of secondary marks may hold: subject, columns, form, moment (TT 22/2021 Điều 5 to 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.models import MARK_COLUMNS, REGULAR_COLUMNS, Moment
from hocbaso.apps.assessment.parts import TERMS
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.core.regulation.secondary import Form, SecondarySubject
from hocbaso.core.regulation.tt22 import Rating, read_mark

register(
    {
        "marks_not_studied": (
            "Học sinh không học môn {name} theo chương trình đã ghi. Thầy cô xem lại ở trang Chương trình.",
            "The pupil does not study {name}.",
        ),
        "marks_column": (
            "{name}: sổ có {n} cột ĐĐGtx mỗi học kỳ, không có cột này.",
            "{name} has {n} columns of regular marks.",
        ),
        "marks_moment": (
            "{name}: mục này không ghi ở {moment}.",
            "{name}: not written at this moment.",
        ),
        "marks_form": (
            "{name}: “{value}” không phải là điểm hay mức hợp lệ; môn này ghi {allowed}.",
            "{name}: {value!r} does not fit the form of assessment.",
        ),
        "marks_carried_term": (
            "Kết quả ở trường cũ chỉ ghi cho học kỳ I.",
            "Results of another school are carried for semester I only.",
        ),
        "marks_carried_school": (
            "Kết quả ở trường cũ cần ghi kèm tên trường đó.",
            "A carried result needs the name of the school.",
        ),
        "marks_decided": (
            "Kết quả do Hiệu trưởng quyết định cần ghi kèm lý do.",
            "A decided result needs its reason.",
        ),
        "marks_rating": (
            "Kết quả rèn luyện chỉ ghi Tốt, Khá, Đạt hoặc Chưa đạt.",
            "Conduct is Tốt, Khá, Đạt or Chưa đạt.",
        ),
        "marks_record_field": (
            "Mục này không có trong sổ của cấp học.",
            "The level of the school keeps no such field.",
        ),
    }
)

_ALLOWED = {
    Form.SCORED: "điểm từ 0 đến 10 (một chữ số thập phân), V hoặc M",
    Form.COMMENT: "Đ, CĐ, V hoặc M",
}
RATINGS = frozenset({"", *(rating.value for rating in Rating)})
CONDUCT = ("conduct_1", "conduct_2", "conduct_summer")
#: Of the year record: what only one of the levels keeps.
PRIMARY_ONLY = frozenset({"qualities_comment", "general_comment", "specific_comment", "stated_overall"})
SECONDARY_ONLY = frozenset({*CONDUCT, "certificates", "contests"})
_BY_MOMENT = {
    Moment.SUMMER.value: frozenset({"retest", "comment"}),
    **dict.fromkeys(
        TERMS,
        frozenset(
            {*MARK_COLUMNS, "comment", "exempt_reason", "stated", "carried", "carried_school"}
            | {"decided", "decided_reason"}
        ),
    ),
}


def marks_complaint(
    programme: ClassProgramme, enrolment_id: int, code: str, moment: str, values: Mapping[str, Any]
) -> str:
    """Why the values cannot be, in one sentence; empty when they can."""
    try:
        subject = programme.subject(code)
    except DomainError as error:
        return error.message
    if not programme.studies(enrolment_id, code):
        return sentence("marks_not_studied", name=subject.short_name)
    allowed = _BY_MOMENT.get(moment)
    if allowed is None or not allowed.issuperset(values):
        label = str(Moment(moment).label).lower() if moment in Moment.values else moment
        return sentence("marks_moment", name=subject.short_name, moment=label)
    offered = programme.columns(code)
    for name, value in values.items():
        if name in REGULAR_COLUMNS and name not in offered and value:
            return sentence("marks_column", name=subject.short_name, n=len(offered))
        if name in (*MARK_COLUMNS, "retest", "stated", "carried", "decided") and not fits(value, subject):
            allowed_words = _ALLOWED[subject.form]
            return sentence("marks_form", name=subject.short_name, value=value, allowed=allowed_words)
    return _decided(moment, values)


def fits(value: Any, subject: SecondarySubject) -> bool:
    """Whether the value is canonical text of the subject's form, or empty."""
    if value == "":
        return True
    if not isinstance(value, str):
        return False
    reading = read_mark(value, subject.form)
    return reading.exact and reading.value == value


def _decided(moment: str, values: Mapping[str, Any]) -> str:
    """What needs a word beside it, and its own semester."""
    carried = values.get("carried") or values.get("carried_school")
    if carried and moment != Moment.TERM_ONE:
        return sentence("marks_carried_term")
    if values.get("carried") and not values.get("carried_school"):
        return sentence("marks_carried_school")
    if values.get("decided") and (not values.get("decided_reason") or moment != Moment.TERM_TWO):
        return sentence("marks_decided")
    return ""


def record_complaint(secondary: bool, values: Mapping[str, Any]) -> str:
    """Why fields of the year record cannot be at a level; empty when they can."""
    strange = PRIMARY_ONLY if secondary else SECONDARY_ONLY
    if any(values.get(name) for name in strange.intersection(values)):
        return sentence("marks_record_field")
    if any(values.get(name, "") not in RATINGS for name in CONDUCT):
        return sentence("marks_rating")
    return ""
