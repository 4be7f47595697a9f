"""Look a batch of portraits through: who is who, where the frame stands, what is left out; then save all."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import (
    Enrolment,
    PhotoBatch,
    PhotoBatchState,
    PhotoItem,
    PhotoItemState,
)
from hocbaso.apps.pupils.use_cases.here import elsewhere
from hocbaso.apps.pupils.use_cases.photos_batch import close, require_open, scope, set_frame
from hocbaso.apps.pupils.use_cases.set_photo import keep
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.images import Frame

register(
    {
        "photo_none_ready": (
            "Đợt này chưa có ảnh nào đã khớp học sinh để lưu. Thầy cô chọn học sinh cho từng ảnh trước.",
            "No photo of the batch is matched.",
        ),
    }
)


def choose(actor: Actor, item: PhotoItem, enrolment_id: int) -> None:
    """The person says whose photo it is; another photo of the same pupil in the batch is left out.

    :raises DomainError: ``photo_batch_closed``, ``photo_not_in_batch``
    """
    require_open(actor, item.batch)
    found: Enrolment | None = scope(item.batch).filter(pk=enrolment_id).first()
    if found is None or item.state == PhotoItemState.REFUSED:
        raise DomainError("photo_not_in_batch")
    with transaction.atomic():
        others = item.batch.items.filter(enrolment=found, state=PhotoItemState.MATCHED).exclude(pk=item.pk)
        others.update(state=PhotoItemState.SKIPPED, enrolment=None)
        item.state, item.how, item.enrolment = PhotoItemState.MATCHED, "chosen", found
        item.code = item.message = ""
        item.save(update_fields=["state", "how", "enrolment", "code", "message"])


def skip(actor: Actor, item: PhotoItem) -> None:
    """Leave a photo out. :raises DomainError: ``photo_batch_closed``"""
    require_open(actor, item.batch)
    if item.state != PhotoItemState.REFUSED:
        item.state, item.enrolment = PhotoItemState.SKIPPED, None
        item.save(update_fields=["state", "enrolment"])


def adjust(actor: Actor, item: PhotoItem, frame: Frame) -> None:
    """Move the frame. :raises DomainError: ``photo_batch_closed``"""
    require_open(actor, item.batch)
    if item.state != PhotoItemState.REFUSED:
        set_frame(item, frame)
        item.save(update_fields=["frame", "portrait", "warnings"])


def _locked(batch: PhotoBatch) -> PhotoBatch:
    """The batch as it stands now, held until the transaction ends."""
    rows = PhotoBatch.objects.select_for_update(of=("self",)).select_related("school", "school_class")
    return rows.get(pk=batch.pk)


def confirm(actor: Actor, batch: PhotoBatch) -> int:
    """Every matched portrait becomes its pupil's photo, in one transaction; earlier ones stay for the sheets
    made with them. Whoever went to another school while the batch lay open is left out.

    :return: how many were saved.
    :raises NotAllowed: policy ``pupils.photos``
    :raises DomainError: ``photo_batch_closed``, ``photo_none_ready``
    """
    with transaction.atomic():
        locked = _locked(batch)
        require_open(actor, locked)
        items = list(
            locked.items.filter(state=PhotoItemState.MATCHED)
            .select_related("enrolment__pupil", "enrolment__school_class")
            .defer("source")
        )
        left = elsewhere([item.enrolment.pupil_id for item in items if item.enrolment], locked.school_id)
        items = [item for item in items if item.enrolment and item.enrolment.pupil_id not in left]
        if not items:
            raise DomainError("photo_none_ready")
        now = clock.now()
        for item in items:
            assert item.enrolment is not None, "matched"
            keep(actor, item.enrolment, bytes(item.portrait), now, batch=locked.pk)
        close(locked, PhotoBatchState.CONFIRMED, len(items))
        chain.record(
            actor,
            "pupils.photo_batch",
            f"batch:{locked.pk}",
            organisation=locked.school.code,
            saved=len(items),
        )
    return len(items)


def cancel(actor: Actor, batch: PhotoBatch) -> None:
    """Nothing of the batch is saved. :raises DomainError: ``photo_batch_closed``"""
    with transaction.atomic():
        locked = _locked(batch)
        require_open(actor, locked)
        close(locked, PhotoBatchState.CANCELLED)
