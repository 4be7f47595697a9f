"""The log is public to read; only issuing writes to it."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, rule


@rule("ledger.audit", "kiểm toán nhật ký công khai", operator=True)
def may_audit(actor: Actor, target: object) -> bool:
    """Anybody signed in may check what is public anyhow."""
    return True
