"""Seed the demo province: three schools, every row brought in through the ordinary use cases.

A finished school, one in the middle of signing, and an empty one. Running it again changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases.set_photo import set_photo
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.core import codelists
from hocbaso.core.document.model import SignerRole
from hocbaso.sandbox.demo.portraits import portrait
from hocbaso.sandbox.demo.workbooks import (
    DemoSchool,
    pupil_workbook,
    pupils_of,
    result_workbook,
    staff_workbook,
)

PASSWORD = "hoc-ba-thu-nghiem"  # noqa: S105  printed by `hocbaso demo`; the node is a sandbox
YEAR = "2025-2026"
PROVINCE = "79"

FINISHED = DemoSchool(
    "79000901", "Trường Tiểu học Hoa Phượng", "26929", "", {"1A": 24, "3A": 26, "5A": 25}, YEAR
)
SIGNING = DemoSchool(
    "79000902", "Trường Tiểu học Bình Minh", "26929", "", {"1B": 22, "2A": 45, "4A": 28}, YEAR
)
EMPTY = DemoSchool("79000903", "Trường Tiểu học Hướng Dương", "26929", "", {}, YEAR)

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Account:
    """One demo account as it is printed."""

    school: str
    post: str
    username: str
    name: str
    secret: str  # TOTP secret, empty where no second factor is needed


def seed(tell: Step) -> list[Account]:
    """Make the demo province; :returns: the accounts to show."""
    with clock.standing_at(datetime(2026, 5, 20, 2, 0, tzinfo=UTC)):
        for school in (FINISHED, SIGNING, EMPTY):
            tell(f"{school.name}: đơn vị, cán bộ, học sinh")
            _populate(_with_commune(school))
    with clock.standing_at(datetime(2026, 5, 26, 7, 30, tzinfo=UTC)):
        tell(f"{FINISHED.name}: chốt, ký, phát hành")
        _issue_everything(FINISHED)
        tell(f"{SIGNING.name}: đang ký dở")
        _sign_half(SIGNING)
    return demo_accounts()


def _with_commune(school: DemoSchool) -> DemoSchool:
    found = codelists.commune(school.commune_code)
    assert found is not None
    return replace(school, commune=found.name)


def _unit(school: DemoSchool) -> Organisation:
    found = Organisation.objects.filter(code=school.code).first()
    return found or create_school(
        Actor.operator(),
        code=school.code,
        name=school.name,
        levels=["tieu_hoc"],
        province_code=PROVINCE,
        commune_code=school.commune_code,
    )


def _populate(school: DemoSchool) -> None:
    unit, operator = _unit(school), Actor.operator()
    pupils = pupils_of(school)
    files = [(Kind.STAFF, staff_workbook(school), "danh_sach_can_bo.xlsx")]
    if pupils:
        files.insert(0, (Kind.PUPILS, pupil_workbook(school, pupils), "danh_sach_hoc_sinh.xlsx"))
        # The first class of the school in the middle is left to its teacher.
        done = [
            c for c in school.classes if not (school is SIGNING or school.code == SIGNING.code) or c != "1B"
        ]
        files.append((Kind.RESULTS, result_workbook(school, pupils, done), "ket_qua_cuoi_nam.xlsx"))
    for kind, data, name in files:
        import_workbook(operator, kind=kind, school=unit, year=YEAR, data=data, file_name=name)
    _passwords(unit)
    _photos(unit)


def totp_secret(username: str) -> str:
    """A fixed secret of a demo account, so that what was printed stays true."""
    return base64.b32encode(hashlib.sha256(f"demo:{username}".encode()).digest()[:20]).decode()


def _passwords(unit: Organisation) -> None:
    for user in User.objects.filter(assignments__organisation=unit, totp_secret="").distinct():
        user.set_password(PASSWORD)
        user.totp_secret = totp_secret(user.username)
        user.totp_confirmed_at = clock.now()
        user.must_change_password = False
        user.save()


def _photos(unit: Organisation) -> None:
    clerk = Assignment.objects.filter(organisation=unit, role=Role.DATA_CLERK).select_related(
        "user", "organisation"
    )
    actor = Actor.of(clerk.get())
    missing = Enrolment.objects.filter(school_class__school=unit, pupil__photo__isnull=True)
    for enrolment in missing.select_related("pupil", "school_class", "school_class__school").order_by("pk"):
        pupil = enrolment.pupil
        if enrolment.order % 9 != 0:  # a few are missing, as in every school
            set_photo(actor, enrolment=enrolment, content=portrait(pupil.code, pupil.sex))


def _signers(unit: Organisation, role: Role, school_class: SchoolClass | None = None) -> Actor:
    posts = Assignment.objects.filter(organisation=unit, role=role).select_related(
        "user", "organisation", "school_class"
    )
    if school_class is not None:
        posts = posts.filter(school_class=school_class)
    return Actor.of(posts.get(), channel="cli", second_factor=True)


def _sign(
    unit: Organisation, role: SignerRole, school_class: SchoolClass | None = None, limit: int | None = None
) -> None:
    sheets = ready_sheets(unit, YEAR, role, school_class)
    if not sheets:
        return
    posts = {
        SignerRole.HOMEROOM: Role.HOMEROOM,
        SignerRole.PRINCIPAL: Role.PRINCIPAL,
        SignerRole.SEAL: Role.SEAL_KEEPER,
    }
    actor = _signers(unit, posts[role], school_class)
    batch = authorise(actor, role=role, school=unit, sheets=sheets, school_class=school_class, method="cli")
    run_batch(actor, batch, limit=limit)


def _classes(school: DemoSchool) -> list[SchoolClass]:
    return list(
        SchoolClass.objects.filter(school__code=school.code, school_year=YEAR).select_related("school")
    )


def _issue_everything(school: DemoSchool) -> None:
    unit = _unit(school)
    for school_class in _classes(school):
        close_class(_signers(unit, Role.PRINCIPAL), school_class=school_class)
        _sign(unit, SignerRole.HOMEROOM, school_class)
    _sign(unit, SignerRole.PRINCIPAL)
    _sign(unit, SignerRole.SEAL)


def _sign_half(school: DemoSchool) -> None:
    """4A waits for the principal; 2A's teacher stopped after 17; 1B is still being entered."""
    unit = _unit(school)
    if YearSheet.objects.filter(school=unit).exists():
        return
    by_name = {c.name: c for c in _classes(school)}
    for name in ("4A", "2A"):
        close_class(_signers(unit, Role.HOMEROOM, by_name[name]), school_class=by_name[name])
    _sign(unit, SignerRole.HOMEROOM, by_name["4A"])
    _sign(unit, SignerRole.HOMEROOM, by_name["2A"], limit=17)


def demo_accounts() -> list[Account]:
    """One account for each post worth trying, school by school."""
    wanted = [Role.DATA_CLERK, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.PRINCIPAL, Role.SEAL_KEEPER]
    found: list[Account] = []
    for school in (SIGNING, FINISHED, EMPTY):
        posts = Assignment.objects.filter(organisation__code=school.code).select_related(
            "user", "organisation", "school_class"
        )
        for role in wanted:
            names = {"2A", "3A"} if role == Role.HOMEROOM else {"1B", "1A"}
            rows = [
                p
                for p in posts
                if p.role == role and (p.school_class is None or p.school_class.name in names)
            ]
            for post in rows[:1]:
                where = f" {post.school_class.name}" if post.school_class else ""
                secret = post.user.totp_secret if role in SIGNING_ROLES else ""
                label = f"{Role(role).label}{where}"
                found.append(Account(school.name, label, post.user.username, post.user.full_name, secret))
    return found
