"""The pupil's portrait: whatever picture comes in, a plain 3×4 JPEG without any metadata is kept."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, Photo, Pupil
from hocbaso.apps.pupils.use_cases.here import require_here
from hocbaso.engines.images import MAX_BYTES as MAX_BYTES
from hocbaso.engines.images import cut, prepare


def set_photo(actor: Actor, *, enrolment: Enrolment, content: bytes, name: str = "") -> Photo:
    """Keep the portrait and show it from now on; earlier ones stay for the sheets that were made with them.

    :param enrolment: with its pupil and class. :param name: of the file, for its extension.
    :raises DomainError: ``photo_*``, ``pupil_not_ours``
    :raises NotAllowed: policy ``pupils.photos``
    """
    require(actor, "pupils.photos", enrolment.school_class)
    require_here(enrolment)
    made = cut(prepare(content, name)).content  # outside the transaction: decoding takes long
    with transaction.atomic():
        return keep(actor, enrolment, made, clock.now())


def keep(
    actor: Actor, enrolment: Enrolment, made: bytes, now: datetime, *, batch: int | None = None
) -> Photo:
    """Store a finished portrait by its digest and let the pupil show it. Inside the caller's transaction.

    :param batch: the batch it came in, for the history.
    """
    digest = hashlib.sha256(made).hexdigest()
    photo, _created = Photo.objects.get_or_create(
        digest=digest, defaults={"media_type": "image/jpeg", "content": made, "created_at": now}
    )
    before = Pupil.objects.values_list("photo_id", flat=True).get(pk=enrolment.pupil_id)
    Pupil.objects.filter(pk=enrolment.pupil_id).update(photo=photo, updated_at=now)
    details = {"before": before or "", "after": digest}
    if batch is not None:
        details["batch"] = str(batch)
    chain.record(actor, "pupils.set_photo", enrolment.pupil.code, **details)
    enrolment.pupil.photo = photo
    return photo
