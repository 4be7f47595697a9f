"""Schools whose classes stand at a chosen step, and clients of their people."""

from __future__ import annotations

import html
import re

import pyotp

from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.sign_sheets import authorise, ready_sheets, run_batch
from hocbaso.core.document.model import SignerRole
from tests.builders import YEAR, School, finished_class, make_school

ROLES = {
    SignerRole.HOMEROOM: Role.HOMEROOM,
    SignerRole.PRINCIPAL: Role.PRINCIPAL,
    SignerRole.SEAL: Role.SEAL_KEEPER,
}
JSON = {"accept": "application/json"}


def text(response) -> str:
    return html.unescape(response.content.decode())


def post_of(school: School, role: Role, class_name: str | None = None) -> Assignment:
    """The assignment behind a role, with a second factor enrolled."""
    actor = school.actor(role, class_name)
    User.objects.filter(pk=actor.user.pk, totp_secret="").update(
        totp_secret=pyotp.random_base32(), totp_confirmed_at=clock.now()
    )
    actor.assignment.user.refresh_from_db()
    return actor.assignment


def code_of(post: Assignment) -> str:
    """A code that has not been used yet."""
    User.objects.filter(pk=post.user_id).update(totp_last_step=0)
    return pyotp.TOTP(User.objects.get(pk=post.user_id).totp_secret).at(clock.now())


def closed_school(count: int = 3, classes: tuple[str, ...] = ("3A",), finished: int = 1) -> School:
    """A school; of its classes, the first ``finished`` have ``count`` closed pupils each."""
    school = make_school(classes=classes)
    for name in classes[:finished]:
        finished_class(school, name, count)
        close_class(school.actor(Role.PRINCIPAL), school_class=school.classes[name])
    return school


def sign(school: School, role: SignerRole, name: str = "3A", limit: int | None = None) -> None:
    homeroom = role is SignerRole.HOMEROOM
    school_class = school.classes[name] if homeroom else None
    actor = school.actor(ROLES[role], name if homeroom else None)
    sheets = ready_sheets(school.unit, YEAR, role, school_class)
    batch = authorise(
        actor, role=role, school=school.unit, sheets=sheets, school_class=school_class, method="totp"
    )
    run_batch(actor, batch, limit=limit)


def issued_school(count: int = 2) -> School:
    school = closed_school(count)
    for role in ROLES:
        sign(school, role)
    return school


def form_of(page: str) -> dict[str, object]:
    """What the signing form would post as it stands: hidden list digest and the ticked sheets."""
    digest = re.search(r'name="danh-sach" value="([0-9a-f]{64})"', page)
    assert digest is not None
    return {
        "danh-sach": digest[1],
        "hoc-ba": re.findall(r'name="hoc-ba" value="(\d+)"', page),
    }
