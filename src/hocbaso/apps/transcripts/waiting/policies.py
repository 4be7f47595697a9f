"""Who is told of seals that wait, and who may have them completed now."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.policies import administers
from hocbaso.apps.organisations.models import Organisation


@rule("timestamps.watch", "xem học bạ chờ dấu thời gian của đơn vị này", operator=True)
def may_watch(actor: Actor, unit: Organisation) -> bool:
    """The leaders and the seal keeper of the school; who administers it."""
    school = holds(actor, unit.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER)
    return school or administers(actor, unit)


@rule("timestamps.complete", "hoàn tất học bạ chờ dấu thời gian", operator=True)
def may_complete(actor: Actor, target: object) -> bool:
    """The node's clockwork and its operator: nothing is decided, what was sealed is finished."""
    return False
