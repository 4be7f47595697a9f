"""The school adjusts the programme of a grade within the law: what it offers, periods, columns of marks."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.class_programme import as_rule, is_continuing
from hocbaso.apps.assessment.models import ProgrammeAdjustment, PupilProgramme, SubjectMarks
from hocbaso.apps.assessment.parts import is_secondary
from hocbaso.apps.assessment.use_cases.set_programmes import plain
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.secondary import SecondarySubject, adjusted, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "adjust_has_marks": (
            "Khối {grade} đã có điểm môn {name} ở cột hoặc môn sẽ bỏ; thầy cô xử lý điểm đó trước.",
            "Grade {grade} has marks there.",
        ),
        "adjust_nothing": (
            "Chưa có thay đổi nào so với chương trình.",
            "Nothing differs from the programme.",
        ),
        "adjust_columns": (
            "Sổ điểm có từ 2 đến 6 cột ĐĐGtx mỗi học kỳ.",
            "Two to six columns of regular marks.",
        ),
    }
)
LEAST, MOST = 2, 6


@transaction.atomic
def adjust_programme(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    grade: int,
    subject_code: str,
    enabled: bool | None = None,
    periods: int | None = None,
    regular_columns: int | None = None,
    reason: str,
    decision: str = "",
) -> ProgrammeAdjustment:
    """Set the school's own choice for a subject of a grade in a year; it takes the place of an earlier one.

    :param enabled: True: the whole grade studies it (an elective, an optional subject); False: not offered;
        None: as the programme says. A compulsory subject cannot be taken out.
    :param regular_columns: columns of regular marks; fewer than the circular counts is the school's plan and
        needs its reason, more are offered and not demanded.
    :raises NotAllowed: neither principal nor clerk of the school.
    :raises DomainError: ``adjust.*`` and ``programme.*`` of the rules, ``adjust_columns``,
        ``adjust_has_marks``, ``adjust_nothing``, ``programme_reason``.
    """
    require(actor, "assessment.programmes", school)
    reason, decision = plain(reason, 300), plain(decision, 120)
    if not reason:
        raise DomainError("programme_reason")
    if not is_secondary(grade):
        raise DomainError("programme_secondary_only")
    if regular_columns is not None and not LEAST <= regular_columns <= MOST:
        raise DomainError("adjust_columns")
    if enabled is None and periods is None and regular_columns is None:
        raise DomainError("adjust_nothing")
    values: dict[str, Any] = {
        "enabled": enabled,
        "periods": periods,
        "regular_columns": regular_columns,
        "reason": reason,
        "decision": decision,
    }
    law = secondary_grade(grade, SchoolYear.parse(year), continuing=is_continuing(school, grade))
    subject = law.subject(subject_code)
    key: dict[str, Any] = {
        "school": school,
        "school_year": year,
        "grade": grade,
        "subject_code": subject_code,
    }
    table = adjusted(law, [as_rule(ProgrammeAdjustment(**key, **values), subject)])
    offered = regular_columns or table.subject(subject_code).regular_count if table.has(subject_code) else 0
    _refuse_lost_marks(key, offered, subject.short_name)
    if enabled is None:
        _refuse_lost_subject(key, subject)
    values |= {"updated_at": clock.now(), "updated_by": actor.label}
    made, _new = ProgrammeAdjustment.objects.update_or_create(defaults=values, **key)
    _audit(actor, made, "assessment.adjust_programme")
    return made


def _refuse_lost_marks(key: dict[str, Any], offered: int, name: str) -> None:
    """No mark may fall out of sight because its column or subject goes."""
    marks = _marks(key)
    beyond = marks.none() if offered else marks
    for number in range(offered + 1, MOST + 1) if offered else ():
        beyond = beyond | marks.exclude(**{f"tx{number}": ""})
    if beyond.exists():
        raise DomainError("adjust_has_marks", grade=key["grade"], name=name)


def _refuse_lost_subject(key: dict[str, Any], subject: SecondarySubject) -> None:
    """A subject that the whole grade studied becomes a choice: marks of who has not chosen it would go."""
    if subject.compulsory:
        return
    marked = set(_marks(key).values_list("enrolment", flat=True))
    own = PupilProgramme.objects.filter(enrolment__in=marked)
    chosen = {row.enrolment_id for row in own if subject.code in (*row.electives, *row.optional)}
    if marked - chosen:
        raise DomainError("adjust_has_marks", grade=key["grade"], name=subject.short_name)


def _marks(key: dict[str, Any]) -> QuerySet[SubjectMarks]:
    return SubjectMarks.objects.filter(
        enrolment__school_class__school=key["school"],
        enrolment__school_class__school_year=key["school_year"],
        enrolment__school_class__grade=key["grade"],
        subject_code=key["subject_code"],
    )


@transaction.atomic
def drop_adjustment(actor: Actor, *, adjustment: ProgrammeAdjustment, reason: str) -> None:
    """Go back to the programme as it is.

    :raises NotAllowed: neither principal nor clerk of the school.
    :raises DomainError: ``programme_reason``, ``adjust_has_marks``.
    """
    require(actor, "assessment.programmes", adjustment.school)
    if not plain(reason, 300):
        raise DomainError("programme_reason")
    school, grade = adjustment.school, adjustment.grade
    year = SchoolYear.parse(adjustment.school_year)
    law = secondary_grade(grade, year, continuing=is_continuing(school, grade))
    subject = law.subject(adjustment.subject_code)
    key: dict[str, object] = {
        "school": school,
        "school_year": adjustment.school_year,
        "grade": grade,
        "subject_code": subject.code,
    }
    _refuse_lost_marks(key, subject.regular_count, subject.short_name)
    _refuse_lost_subject(key, subject)
    _audit(actor, adjustment, "assessment.drop_adjustment", why=reason)
    adjustment.delete()


def _audit(actor: Actor, made: ProgrammeAdjustment, action: str, **more: str) -> None:
    audit(
        actor,
        action,
        f"grade:{made.school_year}:{made.grade}:{made.subject_code}",
        organisation=made.school.code,
        enabled=made.enabled,
        periods=made.periods,
        regular_columns=made.regular_columns,
        reason=made.reason,
        decision=made.decision,
        **more,
    )
