"""Who may read the audit chain."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, rule
from hocbaso.apps.accounts.models import Role


@rule("audit.read", "xem nhật ký hệ thống", operator=True)
def may_read(actor: Actor, target: object) -> bool:
    """Auditors read the chain of their unit; the operator checks it from the command line."""
    return actor.role == Role.AUDITOR
