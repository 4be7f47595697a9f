"""What a pupil chooses and what a school adjusts within the programme.

Sources: Thông tư 32/2018 as amended by 13/2022 (four of nine subjects, three topic clusters); domain sheet
4.1: the subject set belongs to the pupil and the year, not to the class alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from hocbaso.core.errors import DomainError, register
from hocbaso.core.regulation.secondary_model import OPTIONAL, Form, SecondaryGrade, SecondarySubject

ELECTIVES_NEEDED = 4
TOPICS_NEEDED = 3

register(
    {
        "electives.count": (
            "Học sinh cần chọn đúng 4 môn học lựa chọn.",
            "Exactly four elective subjects must be chosen.",
        ),
        "electives.unknown": (
            "Có môn đã chọn không thuộc các môn học lựa chọn của khối lớp.",
            "A chosen subject is not an elective of the grade.",
        ),
        "electives.none": (
            "Khối lớp này không có môn học lựa chọn và chuyên đề học tập.",
            "The grade has no electives.",
        ),
        "topics.count": (
            "Học sinh cần chọn đúng 3 cụm chuyên đề học tập.",
            "Exactly three topic clusters must be chosen.",
        ),
        "topics.unknown": (
            "Có cụm chuyên đề đã chọn không có trong chương trình của khối lớp.",
            "A chosen topic cluster does not exist in the grade.",
        ),
        "topics.subject": (
            "Có cụm chuyên đề của môn mà học sinh không học.",
            "A topic cluster belongs to a subject the pupil does not take.",
        ),
        "programme.not_chosen": (
            "“{subject}” không phải là môn {kind} của lớp {grade}.",
            "{subject} is not a subject of that kind in grade {grade}.",
        ),
        "adjust.compulsory": (
            "“{name}” là môn học bắt buộc của lớp {grade} nên nhà trường không bỏ được.",
            "{name} is compulsory in grade {grade}.",
        ),
        "adjust.form": (
            "Hình thức đánh giá môn “{name}” do Điều 5 Thông tư 22/2021/TT-BGDĐT quy định; "
            "nhà trường không đổi được.",
            "The form of assessment of {name} is fixed by the circular.",
        ),
        "adjust.periods": (
            "Số tiết một năm học của môn “{name}” phải lớn hơn 0.",
            "{name} needs a positive number of periods.",
        ),
        "adjust.regular": (
            "Số lần đánh giá thường xuyên của môn “{name}” mỗi học kỳ ít nhất là 2.",
            "{name} needs at least two regular assessments a semester.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class SchoolAdjustment:
    """One decision of the school's education plan; what is ``None`` stays as the programme says.

    ``regular`` sets the number of regular marks a semester (where the plan spreads the periods so that the
    count by periods a year does not fit); the reason is kept with the record.
    """

    subject_code: str
    periods: int | None = None
    enabled: bool | None = None  # False: the school does not offer it
    form: Form | None = None
    regular: int | None = None
    reason: str = ""


def adjusted(
    grade: SecondaryGrade, adjustments: Iterable[SchoolAdjustment], *, min_scored: int | None = None
) -> SecondaryGrade:
    """The grade as the school teaches it.

    :param min_scored: another number of subjects for the study levels (programmes with fewer subjects, A2).
    :raises DomainError: ``programme.subject`` for an unknown code; ``adjust.compulsory``, ``adjust.form``,
        ``adjust.periods``, ``adjust.regular`` for what the law does not leave to the school.
    """
    table = {subject.code: subject for subject in grade.subjects}
    for change in adjustments:
        subject = grade.subject(change.subject_code)
        if change.enabled is False:
            if subject.compulsory:
                raise DomainError("adjust.compulsory", name=subject.name, grade=grade.grade)
            table.pop(subject.code, None)
        elif subject.code in table:
            table[subject.code] = _changed(table[subject.code], change)
    return replace(
        grade,
        subjects=tuple(table.values()),
        topics=tuple(topic for topic in grade.topics if topic.subject_code in table),
        min_scored=grade.min_scored if min_scored is None else min_scored,
    )


def _changed(subject: SecondarySubject, change: SchoolAdjustment) -> SecondarySubject:
    if change.periods is not None and change.periods <= 0:
        raise DomainError("adjust.periods", name=subject.name)
    if change.regular is not None and change.regular < 2:
        raise DomainError("adjust.regular", name=subject.name)
    fixed = subject.elective_group != OPTIONAL
    if change.form is not None and change.form is not subject.form and fixed:
        raise DomainError("adjust.form", name=subject.name)
    return replace(
        subject,
        periods=subject.periods if change.periods is None else change.periods,
        form=subject.form if change.form is None else change.form,
        regular=subject.regular if change.regular is None else change.regular,
    )


def pupil_subjects(
    grade: SecondaryGrade,
    *,
    electives: Collection[str] = (),
    optional: Collection[str] = (),
    exempt: Collection[str] = (),
) -> tuple[SecondarySubject, ...]:
    """What one pupil is assessed in, in the order of the form.

    :raises DomainError: ``programme.subject`` for an unknown code, ``programme.not_chosen`` for a code of
        another kind (a compulsory subject given as elective).
    """
    for codes, group, kind in (
        (electives, grade.electives, "lựa chọn"),
        (optional, grade.optional, "tự chọn"),
    ):
        for code in codes:
            if grade.subject(code) not in group:
                raise DomainError("programme.not_chosen", subject=code, kind=kind, grade=grade.grade)
    for code in exempt:
        grade.subject(code)
    taken = {*electives, *optional}
    return tuple(
        subject
        for subject in grade.subjects
        if (subject.compulsory or subject.code in taken) and subject.code not in exempt
    )


def check_electives(
    grade: SecondaryGrade, electives: Collection[str], topics: Collection[str] = ()
) -> tuple[str, ...]:
    """Problems of a pupil's choice in grades 10-12, as error codes whose sentences take no parameters.

    :param topics: subject codes of the chosen topic clusters.
    """
    if not grade.electives:
        return ("electives.none",) if electives or topics else ()
    problems = []
    offered = {subject.code for subject in grade.electives}
    if len(set(electives)) != ELECTIVES_NEEDED or len(electives) != ELECTIVES_NEEDED:
        problems.append("electives.count")
    if not set(electives) <= offered:
        problems.append("electives.unknown")
    with_topics = {topic.subject_code for topic in grade.topics}
    if len(set(topics)) != TOPICS_NEEDED or len(topics) != TOPICS_NEEDED:
        problems.append("topics.count")
    if not set(topics) <= with_topics:
        problems.append("topics.unknown")
    elif not set(topics) <= {subject.code for subject in grade.compulsory} | set(electives):
        problems.append("topics.subject")
    return tuple(problems)
