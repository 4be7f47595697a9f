"""A batch that stopped: go on with it under a new confirmation, or give up what is left of it."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.signing.models import BatchState, SigningBatch
from hocbaso.apps.transcripts.use_cases.sign_sheets import require_own


@transaction.atomic
def resume_batch(actor: Actor, batch: SigningBatch, *, method: str) -> None:
    """Put on record that the signer has confirmed the rest of ``batch`` anew; ``run_batch`` then signs it.

    :param method: how the person confirmed, as for ``authorise``.
    :raises NotAllowed: the role is no longer the actor's; :raises DomainError: somebody else's batch.
    """
    require_own(actor, batch)
    left = batch.items.filter(state="waiting").count()
    target = f"batch:{batch.pk}"
    record(actor, "signing.resumed", target, organisation=batch.school.code, left=left, method=method)


@transaction.atomic
def stop_batch(actor: Actor, batch: SigningBatch) -> int:
    """End ``batch``: signed sheets stay signed, the others are free for another authorisation.

    :returns: how many sheets were dropped.
    :raises NotAllowed: the role is no longer the actor's; :raises DomainError: somebody else's batch.
    """
    require_own(actor, batch)
    dropped = batch.items.filter(state="waiting").update(state="dropped", at=clock.now())
    batch.state, batch.finished_at = BatchState.DONE, clock.now()
    batch.save(update_fields=["state", "finished_at"])
    record(actor, "signing.stopped", f"batch:{batch.pk}", organisation=batch.school.code, dropped=dropped)
    return dropped
