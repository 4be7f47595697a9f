"""A small secondary school for tests: a teacher for every subject, marks that give an ordinary year."""

from __future__ import annotations

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.models import REGULAR_COLUMNS, SubjectMarks, YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation.secondary import SecondarySubject, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from tests.builders import START, YEAR, School, make_pupil, make_school, make_user


def subjects_of(grade: int) -> tuple[SecondarySubject, ...]:
    return secondary_grade(grade, SchoolYear.parse(YEAR)).compulsory


def make_secondary_school(
    code: str = "79000201", name: str = "Trường THCS Sao Khuê", classes: tuple[str, ...] = ("6A1",)
) -> School:
    """A school with principal, seal keeper, clerk, and in each class a homeroom teacher and one teacher a
    subject (``<code>-<subject>``, the same in every class)."""
    school = make_school(code, name, ())
    school.unit.levels = ["thcs"]
    school.unit.save()
    for class_name in classes:
        school_class = SchoolClass.objects.create(
            school=school.unit, school_year=YEAR, name=class_name, grade=int(class_name[0])
        )
        teacher = make_user(f"{code}-{class_name}".lower(), f"Phạm Hoàng Khánh {class_name}")
        common = {"organisation": school.unit, "school_class": school_class, "valid_from": START}
        Assignment.objects.create(user=teacher, role=Role.HOMEROOM, **common)
        for subject in subjects_of(school_class.grade):
            known = Assignment.objects.filter(organisation=school.unit, subject_code=subject.code).first()
            user = known.user if known else make_user(f"{code}-{subject.code}", f"Trần Thị {subject.name}")
            Assignment.objects.create(
                user=user, role=Role.SUBJECT_TEACHER, subject_code=subject.code, **common
            )
        school.classes[class_name] = school_class
        school.homeroom[class_name] = teacher
    return school


def give_marks(enrolment: Enrolment, *, score: str = "8.2", passed: str = "Đ", conduct: str = "Tốt") -> None:
    """The same mark in every column of both semesters."""
    stamp = {"updated_at": clock.now(), "updated_by": "test", "source": "test"}
    rows = []
    for subject in subjects_of(enrolment.school_class.grade):
        mark = score if subject.scored else passed
        columns = dict.fromkeys((*REGULAR_COLUMNS[: subject.regular_count], "gk", "ck"), mark)
        rows += [
            SubjectMarks(
                enrolment=enrolment,
                moment=moment,
                subject_code=subject.code,
                comment="Có nhiều tiến bộ." if moment == "hk2" else "",
                **columns,
                **stamp,
            )
            for moment in ("hk1", "hk2")
        ]
    SubjectMarks.objects.bulk_create(rows)
    YearRecord.objects.create(
        enrolment=enrolment,
        conduct_1=conduct,
        conduct_2=conduct,
        absent_excused=3,
        absent_unexcused=1,
        homeroom_comment="Chăm ngoan, hòa đồng.",
        **stamp,
    )


def finished_secondary_class(school: School, class_name: str, count: int) -> list[Enrolment]:
    """Pupils with all results of the year."""
    rows = [make_pupil(school, class_name, n + 1) for n in range(count)]
    for row in rows:
        give_marks(row)
    return rows
