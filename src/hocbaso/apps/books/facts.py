"""What every book shows of a school and a class, read once: the school, the people, the pupils."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.policies import ALL_OTHERS
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Management, Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core import codelists
from hocbaso.engines.rendering import books


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """One class: school, people, subject teachers by code ("*": all that nobody is named for)."""

    school: books.School
    head: books.ClassHead
    teachers: dict[str, tuple[str, ...]]

    def teachers_of(self, code: str) -> tuple[str, ...]:
        return self.teachers.get(code) or self.teachers.get(ALL_OTHERS, ())


def school_facts(school: Organisation) -> books.School:
    """Name, the unit above, the place. One query."""
    link = (
        Management.objects.filter(valid_on(clock.today()), organisation=school)
        .select_related("manager")
        .first()
    )
    commune = codelists.commune(school.commune_code)
    return books.School(school.name, link.manager.name if link else "", commune.name if commune else "")


def _posts(school: Organisation, school_class: SchoolClass | None) -> list[Assignment]:
    wanted = Q(organisation=school, role=Role.PRINCIPAL)
    if school_class is not None:
        wanted |= Q(school_class=school_class, role__in=(Role.HOMEROOM, Role.SUBJECT_TEACHER))
    return list(
        Assignment.objects.filter(valid_on(clock.today()))
        .filter(wanted)
        .select_related("user")
        .order_by("pk")
    )


def principal_of(school: Organisation) -> str:
    """Full name of the present principal, empty without one. One query."""
    return next((post.user.full_name for post in _posts(school, None)), "")


def class_facts(school_class: SchoolClass) -> ClassFacts:
    """School and people of one class today. Two queries."""
    posts = _posts(school_class.school, school_class)
    names: dict[str, list[str]] = {}
    for post in posts:
        if post.role == Role.SUBJECT_TEACHER:
            names.setdefault(post.subject_code, []).append(post.user.full_name)

    def one(role: Role) -> str:
        return next((post.user.full_name for post in posts if post.role == role), "")

    head = books.ClassHead(
        school_class.name,
        school_class.grade,
        school_class.school_year,
        one(Role.HOMEROOM),
        one(Role.PRINCIPAL),
    )
    teachers = {code: tuple(dict.fromkeys(people)) for code, people in names.items()}
    return ClassFacts(school_facts(school_class.school), head, teachers)


def person(enrolment: Enrolment, number: int) -> books.Person:
    """A pupil as the lists name him."""
    pupil, note = enrolment.pupil, ""
    if not enrolment.active:
        day = books.vn_date(enrolment.status_date)
        note = enrolment.status.lower() + (f" từ {day}" if day else "")
    return books.Person(
        number,
        pupil.code,
        pupil.full_name,
        pupil.birth_date,
        pupil.sex,
        pupil.ethnic_group,
        left=not enrolment.active,
        left_note=note,
    )


def numbered(enrolments: Iterable[Enrolment]) -> list[tuple[Enrolment, books.Person]]:
    """Pupils in class order with their number: the list's own, else the place in it."""
    return [(e, person(e, e.order or n)) for n, e in enumerate(enrolments, 1)]


def pupils_of(school_class: SchoolClass) -> list[tuple[Enrolment, books.Person]]:
    """Everybody of the class, those who left included. One query."""
    return numbered(
        school_class.enrolments.select_related("pupil").defer("pupil__photo").order_by("order", "pk")
    )
