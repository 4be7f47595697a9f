"""Who may build, renew and hand out evidence records: the node's operator; a school's own office may look."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation


@rule("records.build", "lập và gia hạn bản ghi bằng chứng", operator=True)
def may_build(actor: Actor, school: Organisation | None) -> bool:
    """The worker and the node's operator; people of a school need not care."""
    return False


@rule("records.export", "xuất bản ghi bằng chứng", operator=True)
def may_export(actor: Actor, school: Organisation | None) -> bool:
    """Whoever may hand out the school's issued sheets."""
    return school is not None and holds(actor, school.pk, Role.PRINCIPAL, Role.SEAL_KEEPER)
