"""A batch that stopped: go on with it under a new confirmation, or give up what is left of it."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.signing.models import BatchState, SigningBatch
from hocbaso.apps.transcripts.use_cases.sign_sheets import PERMISSIONS
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError


def _require_own(actor: Actor, batch: SigningBatch) -> None:
    role = SignerRole(batch.role)
    require(actor, PERMISSIONS[role], batch.school_class if role is SignerRole.HOMEROOM else batch.school)
    if actor.user is None or actor.user.pk != batch.user_id:
        raise DomainError("sheet_moved_on")


@transaction.atomic
def resume_batch(actor: Actor, batch: SigningBatch, *, method: str) -> None:
    """Put on record that the signer has confirmed the rest of ``batch`` anew; ``run_batch`` then signs it.

    :param method: how the person confirmed, as for ``authorise``.
    :raises NotAllowed: the role is no longer the actor's; :raises DomainError: somebody else's batch.
    """
    _require_own(actor, batch)
    left = batch.items.filter(state="waiting").count()
    target = f"batch:{batch.pk}"
    record(actor, "signing.resumed", target, organisation=batch.school.code, left=left, method=method)


@transaction.atomic
def stop_batch(actor: Actor, batch: SigningBatch) -> int:
    """End ``batch``: signed sheets stay signed, the others are free for another authorisation.

    :returns: how many sheets were dropped.
    :raises NotAllowed: the role is no longer the actor's; :raises DomainError: somebody else's batch.
    """
    _require_own(actor, batch)
    dropped = batch.items.filter(state="waiting").update(state="dropped", at=clock.now())
    batch.state, batch.finished_at = BatchState.DONE, clock.now()
    batch.save(update_fields=["state", "finished_at"])
    record(actor, "signing.stopped", f"batch:{batch.pk}", organisation=batch.school.code, dropped=dropped)
    return dropped
