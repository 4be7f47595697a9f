"""A small lower secondary school with marks, for tests of the door and the pages."""

from __future__ import annotations

from datetime import date

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.assessment.entries import Door, Entry, Sort
from hocbaso.apps.assessment.models import MARK_COLUMNS, PupilProgramme, SubjectMarks, YearRecord
from hocbaso.apps.assessment.use_cases.record_results import Answer, record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.regulation.secondary import secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from tests.unit.apps.intake import books

YEAR = books.YEAR
START = date(2025, 8, 1)
ELECTIVES = ("dia-li", "vat-li", "hoa-hoc", "tin-hoc")


def school(code: str = "79000201", levels: tuple[str, ...] = ("thcs", "thpt")) -> Organisation:
    return books.school(code, levels)


def make_class(unit: Organisation, name: str = "6A1") -> SchoolClass:
    grade = int("".join(c for c in name[:2] if c.isdigit()))
    return SchoolClass.objects.create(school=unit, school_year=YEAR, name=name, grade=grade)


def pupil(school_class: SchoolClass, number: int = 1, name: str = "Lê Minh An") -> Enrolment:
    made = Pupil.objects.create(
        code=f"{school_class.pk:04d}{number:06d}",
        full_name=name,
        birth_date="2014-01-01",
        sex="Nam",
        updated_at=clock.now(),
    )
    return Enrolment.objects.create(pupil=made, school_class=school_class, status="Đang học", order=number)


def somebody(
    name: str, unit: Organisation, role: str, in_class: SchoolClass | None = None, **more: str
) -> Actor:
    user, _ = User.objects.get_or_create(username=name, defaults={"full_name": f"Cô {name}"})
    post = Assignment.objects.create(
        user=user, organisation=unit, role=role, school_class=in_class, valid_from=START, **more
    )
    return Actor.of(post)


def teacher(in_class: SchoolClass, subject: str = "toan", name: str = "hoa") -> Actor:
    return somebody(name, in_class.school, Role.SUBJECT_TEACHER, in_class, subject_code=subject)


def homeroom(in_class: SchoolClass, name: str = "lan") -> Actor:
    return somebody(name, in_class.school, Role.HOMEROOM, in_class)


def marks(
    who: Enrolment,
    code: str = "toan",
    moment: str = "hk1",
    *,
    base: int | None = None,
    seen: dict[str, str] | None = None,
    **values: str,
) -> Entry:
    return Entry(who.pk, Sort.MARKS, values, code, moment, base, seen)


def save(actor: Actor, *entries: Entry, door: Door = Door.SCREEN, **more: str) -> list[Answer]:
    return record(actor, list(entries), door=door, source="screen", **more)


def choose(who: Enrolment, electives: tuple[str, ...] = ELECTIVES, **more: object) -> PupilProgramme:
    return PupilProgramme.objects.create(
        enrolment=who, electives=list(electives), updated_at=clock.now(), updated_by="test", **more
    )


def fill_year(who: Enrolment, *, mark: str = "8", passed: str = "Đ", **by_subject: str) -> None:
    """One mark in every column of every compulsory subject, conduct Tốt; ``toan="3"`` for one subject."""
    common = {"updated_at": clock.now(), "updated_by": "test", "source": "test"}
    grade = secondary_grade(who.school_class.grade, SchoolYear.parse(YEAR))
    chosen = set(who.programme.electives) if hasattr(who, "programme") else set()
    for subject in grade.subjects:
        if not subject.compulsory and subject.code not in chosen:
            continue
        value = by_subject.get(subject.code.replace("-", "_"), mark if subject.scored else passed)
        columns = (*MARK_COLUMNS[: subject.regular_count], "gk", "ck")
        for moment in ("hk1", "hk2"):
            SubjectMarks.objects.create(
                enrolment=who,
                subject_code=subject.code,
                moment=moment,
                **dict.fromkeys(columns, value),
                **common,
            )
    YearRecord.objects.create(
        enrolment=who,
        conduct_1="Tốt",
        conduct_2="Tốt",
        absent_excused=2,
        absent_unexcused=0,
        homeroom_comment="Chăm, ngoan.",
        **common,
    )
