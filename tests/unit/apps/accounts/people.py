"""Small synthetic worlds: a school under its units, people, posts, classes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.core.vietnamese.names import sort_key

YEAR = "2025-2026"
START = date(2025, 9, 1)
DAY = datetime(2026, 5, 20, 3, 45, tzinfo=UTC)  # 10:45 in Vietnam, a Wednesday
PASSWORD = "mưa bay trên đồi 7"


def school(code: str = "79000101", name: str = "Trường Tiểu học Sao Khuê", **fields: object) -> Organisation:
    arguments = {"levels": ["tieu_hoc"], "province_code": "79", "commune_code": "26929", **fields}
    return create_school(actor=Actor.operator(), code=code, name=name, **arguments)  # type: ignore[arg-type]


def user(username: str = "quynhttd", full_name: str = "Trần Thị Diễm Quỳnh", **fields: object) -> User:
    return User.objects.create_user(username, PASSWORD, full_name=full_name, **fields)


def school_class(unit: Organisation, name: str = "1A", grade: int = 1, year: str = YEAR) -> SchoolClass:
    return SchoolClass.objects.get_or_create(
        school=unit, school_year=year, name=name, defaults={"grade": grade}
    )[0]


def post(
    person: User, unit: Organisation, role: str, in_class: SchoolClass | None = None, **fields: object
) -> Assignment:
    values = {"valid_from": START, "school_year": YEAR if in_class else "", **fields}
    return Assignment.objects.create(
        user=person, organisation=unit, role=role, school_class=in_class, **values
    )


def actor(role: str, unit: Organisation, in_class: SchoolClass | None = None, **fields: object) -> Actor:
    """Somebody new in that role, with the second factor confirmed."""
    n = User.objects.count()
    person = User.objects.create(username=f"u{n}", full_name=f"Người Thứ {n}")
    return Actor.of(post(person, unit, Role(role), in_class, **fields), second_factor=True)


def enrol(in_class: SchoolClass, number: int, name: str = "Bùi Minh An", **fields: object) -> Enrolment:
    pupil = Pupil.objects.create(
        code=f"HS{in_class.pk:03d}{number:04d}",
        full_name=name,
        sort_key=sort_key(name),
        birth_date="2019-02-09",
        sex="Nam",
        updated_at=DAY,
        **fields,
    )
    return Enrolment.objects.create(pupil=pupil, school_class=in_class, status="Đang học", order=number)
