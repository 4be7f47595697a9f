"""Small synthetic worlds: a school under its units, people, posts, classes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.assessment.models import Moment, SubjectResult
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.apps.oversight.progress import required_subjects
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.signing.models import Certificate
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, YearSheet
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


def results(enrolment: Enrolment, *, but: int = 0, at: datetime = DAY) -> None:
    """Year-end results in every compulsory subject (but so many)."""
    grade = enrolment.school_class.grade
    codes = sorted(required_subjects(grade, enrolment.school_class.school_year))
    SubjectResult.objects.bulk_create(
        SubjectResult(
            enrolment=enrolment,
            moment=Moment.YEAR_END,
            subject_code=code,
            level="H",
            updated_at=at,
            updated_by="x",
            source="screen",
        )
        for code in codes[: len(codes) - but]
    )


def sheet(enrolment: Enrolment, state: str, *, version: int = 1, at: datetime = DAY) -> YearSheet:
    """A year sheet as far as ``state``, signed by whoever comes before."""
    in_class = enrolment.school_class
    made = YearSheet.objects.create(
        code=f"HB-1-79-79000101-2025-{enrolment.pk:012d}-X",
        version=version,
        enrolment=enrolment,
        pupil=enrolment.pupil,
        school=in_class.school,
        school_class=in_class,
        school_year=in_class.school_year,
        body=b"x",
        digest=f"{enrolment.pk:060x}{version:04x}",
        result={},
        state=state,
        frozen_at=at,
        frozen_by="x",
    )
    rank = (
        ["frozen", "homeroom_signed", "principal_signed", "issued"].index(state) if state != "voided" else 0
    )
    certificate, _ = Certificate.objects.get_or_create(
        digest="c" * 64,
        defaults={"der": b"x", "serial": "1", "not_before": DAY, "not_after": DAY, "family": "public"},
    )
    for role in ("gvcn", "hieu_truong")[:rank]:
        SheetSignature.objects.create(
            sheet=made,
            role=role,
            signature_id=f"ck-{role}",
            signer_name="x",
            certificate=certificate,
            text=b"x",
            signed_at=at,
        )
    if state == "issued":
        IssuedSheet.objects.create(
            sheet=made,
            code=made.code,
            version=version,
            digest=made.digest,
            document=b"x",
            issued_at=at,
            issued_by="x",
            log=in_class.school_year,
            log_index=made.pk,
        )
    return made
