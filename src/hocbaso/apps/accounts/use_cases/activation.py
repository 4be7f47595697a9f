"""First codes for accounts that a staff list made: printed by the school, replaced at the first sign-in."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.engines.workbooks.staff import ROLE_OF_POSITION
from hocbaso.engines.workbooks.text import bare

#: No letter or digit that is read as another (0 and o, 1 and l and i, 5 and s, 2 and z).
_ALPHABET = "abcdefghjkmnpqrtuvwxy346789"
_GROUPS, _LENGTH = 3, 4  # 27^12: 57 bits
#: The code has enough randomness of its own; Argon2 hashes the password that replaces it.
_ITERATIONS = 1_000
#: What a position of the personnel file claims, whether or not somebody has given the post yet.
_CLAIMED = {
    "principal": Role.PRINCIPAL,
    "deputy_principal": Role.DEPUTY_PRINCIPAL,
    "seal_keeper": Role.SEAL_KEEPER,
    "data_clerk": Role.DATA_CLERK,
}


@dataclass(frozen=True, slots=True)
class Activation:
    """One slip: who, under which name, with which code."""

    staff_code: str
    full_name: str
    position: str
    username: str
    code: str


def waiting(school: Organisation, actor: Actor | None = None) -> list[StaffMember]:
    """Staff whose account nobody has taken into use. Two queries.

    An account that also works elsewhere, or has a second factor, is never among them: whoever prints the
    codes of one school must not come into another's.

    :param actor: only those whose codes he may print (policy ``accounts.activate`` on every role of theirs).
    """
    members = (
        StaffMember.objects.filter(organisation=school, user__is_active=True, user__totp_confirmed_at=None)
        .exclude(user__assignments__in=Assignment.objects.exclude(organisation=school))
        .select_related("user")
        .order_by("code")
    )
    idle = [
        m for m in members if m.user and (m.user.must_change_password or not m.user.has_usable_password())
    ]
    if actor is None or actor.is_operator:
        return idle
    roles = _roles(school, idle, clock.today())
    return [m for m in idle if _may_print(actor, school, roles[m.pk])]


def _roles(school: Organisation, members: list[StaffMember], day: date) -> dict[int, set[str]]:
    """What each account may do or is said to be: posts that hold now or later, and the file's position."""
    given: dict[int, set[str]] = {}
    still = Q(valid_to__isnull=True) | Q(valid_to__gte=day)
    posts = Assignment.objects.filter(still, organisation=school, user__in=[m.user_id for m in members])
    for user_id, role in posts.values_list("user_id", "role"):
        given.setdefault(user_id, set()).add(role)
    return {m.pk: given.get(m.user_id or 0, set()) | _claimed(m.position) for m in members}


def _claimed(position: str) -> set[str]:
    words = (bare(part) for part in re.split(r"[;,+/]", position))
    return {str(_CLAIMED[r]) for word in words for r in ROLE_OF_POSITION.get(word, ()) if r in _CLAIMED}


def _may_print(actor: Actor, school: Organisation, roles: set[str]) -> bool:
    """An account without any role waits until it has one: it may become a leader's."""
    roles = roles or {Role.PRINCIPAL}
    return all(allowed(actor, "accounts.activate", (school, role)) for role in roles)


def new_code() -> str:
    """A first password: three groups of four letters and digits that nobody misreads."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def activation_codes(actor: Actor, school: Organisation) -> list[Activation]:
    """Make a code for every account not yet in use that the actor may open; earlier codes end.

    The code is a first password that has to be changed at once. It is shown here and kept only as a hash.
    The codes of leaders come from the operator or the system administrator alone.

    :raises NotAllowed: the actor may not assign people in this school.
    """
    require(actor, "accounts.assign", school)
    hasher = PBKDF2PasswordHasher()
    slips = []
    with transaction.atomic():
        for member in waiting(school, actor):
            user = member.user
            assert user is not None
            code = new_code()
            user.password = hasher.encode(code, hasher.salt(), _ITERATIONS)
            user.must_change_password = True
            user.save(update_fields=["password", "must_change_password"])
            slips.append(Activation(member.code, member.full_name, member.position, user.username, code))
        record(
            actor,
            "accounts.activation_codes",
            organisation=school.code,
            accounts=[slip.username for slip in slips],
        )
    return slips
