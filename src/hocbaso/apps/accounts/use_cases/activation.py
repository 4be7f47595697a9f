"""First codes for accounts that a staff list made: printed by the school, replaced at the first sign-in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, StaffMember
from hocbaso.apps.audit.chain import record
from hocbaso.apps.organisations.models import Organisation

#: No letter or digit that is read as another (0 and o, 1 and l and i, 5 and s, 2 and z).
_ALPHABET = "abcdefghjkmnpqrtuvwxy346789"
_GROUPS, _LENGTH = 3, 4  # 27^12: 57 bits
#: The code has enough randomness of its own; Argon2 hashes the password that replaces it.
_ITERATIONS = 1_000


@dataclass(frozen=True, slots=True)
class Activation:
    """One slip: who, under which name, with which code."""

    staff_code: str
    full_name: str
    position: str
    username: str
    code: str


def waiting(school: Organisation) -> list[StaffMember]:
    """Staff whose account nobody has taken into use. One query.

    An account that also works elsewhere, or has a second factor, is never among them: whoever prints the
    codes of one school must not come into another's.
    """
    members = (
        StaffMember.objects.filter(organisation=school, user__is_active=True, user__totp_confirmed_at=None)
        .exclude(user__assignments__in=Assignment.objects.exclude(organisation=school))
        .select_related("user")
        .order_by("code")
    )
    return [
        m for m in members if m.user and (m.user.must_change_password or not m.user.has_usable_password())
    ]


def activation_codes(actor: Actor, school: Organisation) -> list[Activation]:
    """Make a code for every account not yet in use; earlier codes end.

    The code is a first password that has to be changed at once. It is shown here and kept only as a hash.

    :raises NotAllowed: the actor may not assign people in this school.
    """
    require(actor, "accounts.assign", school)
    hasher = PBKDF2PasswordHasher()
    slips = []
    with transaction.atomic():
        for member in waiting(school):
            user = member.user
            assert user is not None
            code = "-".join(
                "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(_GROUPS)
            )
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
