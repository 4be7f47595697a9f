"""Keys of the demo's signers at the trial signing service, and the register of those worth trying.

Everybody who signs may choose the service; homeroom teachers, principal and seal of the school in the middle
of signing stand in the register already, so that a visitor signs at once. The others go the way of a real
school: proof of possession, and a second person who confirms.
"""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, Role, User
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.authority import register_seats
from hocbaso.apps.signing.models import Registration
from hocbaso.apps.signing.possession import owner_of, places_of
from hocbaso.apps.signing.register import digest_of, store
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.csc.enrolments import Enrolment, credential_of, keep
from hocbaso.sandbox.demo import steps
from hocbaso.sandbox.demo.keys import PIN
from hocbaso.sandbox.wiring import provider

#: Whose certificates at the service the register knows.
_READY = (Role.HOMEROOM, Role.PRINCIPAL)


def seed(schools: list[Organisation], ready: Organisation) -> None:
    """Enrol the signers and seals of ``schools``; register those of ``ready``. Again, nothing changes."""
    authority = provider().authority
    people = [one for school in schools for one in _signers(school)]
    keep(authority.vault, [one for _, one in people])
    posts = Assignment.objects.filter(organisation=ready, role__in=_READY).select_related("user")
    for user in {post.user for post in posts}:
        _register(authority, ready, user)
    _register(authority, ready, None)


def _signers(school: Organisation) -> list[tuple[User | None, Enrolment]]:
    posts = Assignment.objects.filter(organisation=school, role__in=SIGNING_ROLES)
    users = {post.user for post in posts.exclude(role=Role.SEAL_KEEPER).select_related("user")}
    return [(user, _enrolment(school, user)) for user in (*sorted(users, key=lambda u: u.pk), None)]


def _enrolment(school: Organisation, user: User | None) -> Enrolment:
    number = owner_of(school, user)
    return Enrolment(number, user.full_name if user else school.name, school.name, PIN, seal=user is None)


@transaction.atomic
def _register(authority: SandboxAuthority, school: Organisation, user: User | None) -> None:
    certificate = credential_of(authority, _enrolment(school, user)).certificate
    if not Registration.objects.filter(certificate=digest_of(certificate), school=school).exists():
        actor = steps.actor_of(school, Role.PRINCIPAL)
        register_seats(actor, school, user, store(certificate), places_of(school, user), 0)
