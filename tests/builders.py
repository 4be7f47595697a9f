"""Small schools for tests, made straight from models; the journeys go through the ordinary doors instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.assessment.models import Moment, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.regulation.programme import programme_for
from hocbaso.core.vietnamese.school_year import SchoolYear

YEAR = "2025-2026"
START = date(2025, 8, 1)


@dataclass
class School:
    """A primary school with its people."""

    unit: Organisation
    principal: User
    seal_keeper: User
    clerk: User
    classes: dict[str, SchoolClass] = field(default_factory=dict)
    homeroom: dict[str, User] = field(default_factory=dict)

    def actor(self, role: Role, class_name: str | None = None, *, second_factor: bool = True) -> Actor:
        """Somebody of the school in that post."""
        posts = Assignment.objects.filter(organisation=self.unit, role=role).select_related(
            "user", "organisation", "school_class"
        )
        if class_name:
            posts = posts.filter(school_class=self.classes[class_name])
        return Actor.of(posts.first(), second_factor=second_factor)


def make_user(username: str, full_name: str) -> User:
    user = User(username=username, full_name=full_name)
    user.set_unusable_password()
    user.save()
    return user


def make_school(
    code: str = "79000101", name: str = "Trường Tiểu học Hoa Mai", classes: tuple[str, ...] = ("3A",)
) -> School:
    """A school with principal, seal keeper, clerk and a homeroom teacher a class."""
    unit = Organisation.objects.create(
        code=code,
        kind=Kind.SCHOOL,
        name=name,
        levels=["tieu_hoc"],
        province_code="79",
        commune_code="25747",
        valid_from=START,
    )
    people = [
        make_user(f"{code}-{n}", full)
        for n, full in (("ht", "Võ Đặng Quốc Hưng"), ("vt", "Mai Thị Ngọc Lan"), ("dl", "Lý Gia Hân"))
    ]
    for user, role in zip(people, (Role.PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK), strict=True):
        Assignment.objects.create(user=user, organisation=unit, role=role, valid_from=START)
    school = School(unit, *people)
    for class_name in classes:
        school_class = SchoolClass.objects.create(
            school=unit, school_year=YEAR, name=class_name, grade=int(class_name[0])
        )
        teacher = make_user(f"{code}-{class_name}".lower(), f"Lê Nguyễn Phương {class_name}")
        for role, subject in ((Role.HOMEROOM, ""), (Role.SUBJECT_TEACHER, "*")):
            Assignment.objects.create(
                user=teacher,
                organisation=unit,
                role=role,
                school_class=school_class,
                subject_code=subject,
                valid_from=START,
            )
        school.classes[class_name] = school_class
        school.homeroom[class_name] = teacher
    return school


def make_pupil(
    school: School, class_name: str, number: int, full_name: str = "Nguyễn Phúc Bảo Quỳnh Hương"
) -> Enrolment:
    pupil = Pupil.objects.create(
        code=f"{school.unit.code[-4:]}{number:06d}",
        full_name=full_name,
        birth_date="2017-02-09",
        sex="Nữ",
        ethnic_group="Kinh",
        nationality="Việt Nam",
        updated_at=clock.now(),
    )
    return Enrolment.objects.create(
        pupil=pupil,
        school_class=school.classes[class_name],
        status="Đang học",
        status_date="2025-09-05",
        order=number,
    )


def give_results(enrolment: Enrolment, *, level: str = "T", score: int = 9, trait: str = "T") -> None:
    """Year-end results in every compulsory subject and trait."""
    grade = enrolment.school_class.grade
    table = programme_for(grade, SchoolYear.parse(enrolment.school_class.school_year)).grade(grade)
    common = {"moment": Moment.YEAR_END, "updated_at": clock.now(), "updated_by": "test", "source": "test"}
    SubjectResult.objects.bulk_create(
        SubjectResult(
            enrolment=enrolment,
            subject_code=line.code,
            level=level,
            score=score if line.tested else None,
            **common,
        )
        for line in table.compulsory
    )
    TraitResult.objects.bulk_create(
        TraitResult(enrolment=enrolment, trait_code=t.code, level=trait, **common) for t in table.traits
    )
    YearRecord.objects.create(
        enrolment=enrolment,
        absent_excused=2,
        absent_unexcused=0,
        homeroom_comment="Ngoan, chăm học, tiến bộ đều.",
        updated_at=clock.now(),
        updated_by="test",
        source="test",
    )


def finished_class(school: School, class_name: str, count: int) -> list[Enrolment]:
    """Pupils with all results of the year."""
    rows = [make_pupil(school, class_name, n + 1) for n in range(count)]
    for row in rows:
        give_results(row)
    return rows
