"""What every demo school goes through, by the ordinary use cases; each step again changes nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace

from django.contrib.auth.hashers import make_password

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.intake.use_cases.import_workbook import import_workbook
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.use_cases.create_school import create_school
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.pupils.use_cases.set_photo import set_photo
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.core import codelists
from hocbaso.core.document.model import SignerRole
from hocbaso.sandbox.demo.portraits import portrait
from hocbaso.sandbox.demo.workbooks import DemoSchool

PASSWORD = "hoc-ba-thu-nghiem"  # noqa: S105  printed by `hocbaso demo`; the node is a sandbox
PROVINCE = "79"

Step = Callable[[str], None]

_POSTS = {
    SignerRole.HOMEROOM: Role.HOMEROOM,
    SignerRole.PRINCIPAL: Role.PRINCIPAL,
    SignerRole.SEAL: Role.SEAL_KEEPER,
}


def with_commune(school: DemoSchool) -> DemoSchool:
    """The school with the name of its commune, from the code list."""
    found = codelists.commune(school.commune_code)
    assert found is not None
    return replace(school, commune=found.name)


def unit_of(school: DemoSchool) -> Organisation:
    """The school's unit, made when it is not there yet."""
    found = Organisation.objects.filter(code=school.code).first()
    return found or create_school(
        Actor.operator(),
        code=school.code,
        name=school.name,
        levels=[school.level],
        province_code=PROVINCE,
        commune_code=school.commune_code,
    )


def bring_in(school: DemoSchool, files: Iterable[tuple[Kind, bytes, str]]) -> None:
    """Import workbooks in their order."""
    unit = unit_of(school)
    for kind, data, name in files:
        import_workbook(Actor.operator(), kind=kind, school=unit, year=school.year, data=data, file_name=name)


def totp_secret(username: str) -> str:
    """A fixed secret of a demo account, so that what was printed stays true."""
    return base64.b32encode(hashlib.sha256(f"demo:{username}".encode()).digest()[:20]).decode()


def open_accounts(unit: Organisation) -> None:
    """The shared password and a second factor for everybody of the school who has none."""
    users = User.objects.filter(assignments__organisation=unit, totp_secret="").distinct()
    hashed = make_password(PASSWORD)  # once: it is the same for all and stands on the sign-in page
    for user in users:
        user.password = hashed
        user.totp_secret = totp_secret(user.username)
        user.totp_confirmed_at = clock.now()
        user.must_change_password = False
        user.save()


def give_photos(unit: Organisation, classes: Iterable[str] | None = None) -> None:
    """Drawn portraits; a few are missing, as in every school.

    :param classes: names; None: the whole school.
    """
    actor = actor_of(unit, Role.DATA_CLERK)
    missing = Enrolment.objects.filter(school_class__school=unit, pupil__photo__isnull=True)
    if classes is not None:
        missing = missing.filter(school_class__name__in=list(classes))
    for enrolment in missing.select_related("pupil", "school_class", "school_class__school").order_by("pk"):
        pupil = enrolment.pupil
        if enrolment.order % 9 != 0:
            set_photo(actor, enrolment=enrolment, content=portrait(pupil.code, pupil.sex))


def actor_of(
    unit: Organisation, role: Role, school_class: SchoolClass | None = None, subject: str = ""
) -> Actor:
    """Who holds the one post."""
    posts = Assignment.objects.filter(organisation=unit, role=role).select_related(
        "user", "organisation", "school_class"
    )
    if school_class is not None:
        posts = posts.filter(school_class=school_class)
    if subject:
        posts = posts.filter(subject_code=subject)
    return Actor.of(posts.get(), channel="cli", second_factor=True)


def classes_of(school: DemoSchool) -> dict[str, SchoolClass]:
    """The school's classes of the year by name."""
    rows = SchoolClass.objects.filter(school__code=school.code, school_year=school.year)
    return {row.name: row for row in rows.select_related("school")}


def sign(
    unit: Organisation,
    year: str,
    role: SignerRole,
    school_class: SchoolClass | None = None,
    limit: int | None = None,
) -> None:
    """Sign what waits for homeroom teacher, principal or seal.

    :param limit: stop after so many sheets.
    """
    if sheets := ready_sheets(unit, year, role, school_class):
        actor = actor_of(unit, _POSTS[role], school_class)
        batch = authorise(
            actor, role=role, school=unit, sheets=sheets, school_class=school_class, method="cli"
        )
        run_batch(actor, batch, limit=limit)


def sign_subjects(school_class: SchoolClass, subjects: Iterable[str]) -> None:
    """The teachers of these subjects sign what they have on the class's sheets."""
    unit, role = school_class.school, SignerRole.SUBJECT_TEACHER
    for subject in subjects:
        actor = actor_of(unit, Role.SUBJECT_TEACHER, school_class, subject)
        if sheets := ready_sheets(unit, school_class.school_year, role, school_class, actor.user):
            batch = authorise(
                actor, role=role, school=unit, sheets=sheets, school_class=school_class, method="cli"
            )
            run_batch(actor, batch)
