"""A lost password or telephone: a new first code, and the second factor is set up again."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import User
from hocbaso.apps.accounts.use_cases.activation import new_code
from hocbaso.apps.audit import chain


def reset_access(actor: Actor, *, user: User) -> str:
    """Take password and second factor away; every open session of the user ends with them.

    :returns: the first password, to hand over in person; it must be changed at once; only its hash is kept.
    :raises NotAllowed: policy ``accounts.reset_access``
    """
    require(actor, "accounts.reset_access", user)
    code = new_code()
    user.set_password(code)
    user.must_change_password = True
    user.totp_secret, user.totp_confirmed_at, user.totp_last_step = "", None, 0
    with transaction.atomic():
        user.save(
            update_fields=[
                "password",
                "must_change_password",
                "totp_secret",
                "totp_confirmed_at",
                "totp_last_step",
            ]
        )
        chain.record(actor, "accounts.reset_access", user.username)
    return code
