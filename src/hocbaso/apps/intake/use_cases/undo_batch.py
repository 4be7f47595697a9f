"""Undo an import within 24 hours, as long as nothing depends on it."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.intake.importers import IMPORTERS
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.policies import may_handle, require_import
from hocbaso.apps.intake.states import UNDO_WITHIN, move
from hocbaso.apps.intake.use_cases.write_plan import lock_school
from hocbaso.core.errors import DomainError, NotFound, register

register(
    {
        "intake_undo_late": (
            "Chỉ hoàn tác được trong 24 giờ sau khi ghi. Lần nhập này đã quá hạn.",
            "An import can be undone within 24 hours only.",
        ),
    }
)


def find_batch(actor: Actor, batch_id: int) -> Batch:
    """The batch, if the actor may import its kind into its school.

    :raises NotFound: no such batch, or not for this actor to know.
    """
    batch = Batch.objects.select_related("school").filter(pk=batch_id).first()
    if batch is None or not may_handle(actor, batch):
        raise NotFound("not_found", what=f"lần nhập số {batch_id}")
    return batch


def undo_batch(actor: Actor, batch_id: int) -> Batch:
    """Put every row back as it was before the import.

    :raises NotFound: no such batch for this actor.
    :raises DomainError: ``intake_state`` (nothing was written), ``intake_undo_late``,
        ``intake_undo_depends`` (rows were used or changed since; nothing is undone then).
    """
    batch = find_batch(actor, batch_id)
    require_import(actor, Kind(batch.kind), batch.school)
    with transaction.atomic():
        lock_school(batch.school)
        batch = Batch.objects.select_for_update().select_related("school").defer("report").get(pk=batch_id)
        move(batch, State.UNDONE)
        now = clock.now()
        if batch.applied_at is None or now - batch.applied_at > UNDO_WITHIN:
            raise DomainError("intake_undo_late")
        changes = list(batch.changes.order_by("id"))
        IMPORTERS[Kind(batch.kind)].put_back(changes, actor, f"undo:{batch.pk}")
        batch.undone_at = now
        batch.save(update_fields=["state", "undone_at"])
        record(
            actor,
            "intake.undo",
            f"batch:{batch.pk}",
            organisation=batch.school.code,
            kind=batch.kind,
            rows=len(changes),
        )
    return batch
