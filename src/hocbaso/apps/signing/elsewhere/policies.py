"""Who may say where a key is: its holder alone; of the seal its keeper."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import SIGNING_ROLES, Role
from hocbaso.apps.signing.elsewhere.places import Owner


@rule("signing.key_place", "chọn nơi giữ khóa ký này")
def may_choose_place(actor: Actor, owner: Owner) -> bool:
    """With the second factor: whoever takes over a session must not move a key."""
    if not actor.second_factor or actor.user is None:
        return False
    if owner.seal is not None:
        return holds(actor, owner.seal.pk, Role.SEAL_KEEPER)
    return owner.user is not None and owner.user.pk == actor.user.pk and actor.role in SIGNING_ROLES
