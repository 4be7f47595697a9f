"""Keep seals while no time-stamp authority answers; void them when their sheet is returned."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.signing import key_infos
from hocbaso.apps.signing.models import Certificate, SigningBatch, SigningItem
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.signature_store import Made, Outcome, fail
from hocbaso.apps.transcripts.states import STEPS
from hocbaso.apps.transcripts.waiting.models import SealState, WaitingSeal
from hocbaso.apps.transcripts.waiting.queries import SEALED, waiting
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.engines.trust import xades

_log = logging.getLogger(__name__)
_BEFORE = STEPS[SignerRole.SEAL].before
register(
    {
        "seal_voided": (
            "Học bạ đã được trả lại trong lúc chờ dấu thời gian; con dấu đã đóng bị hủy, không dùng lại.",
            "The sheet was returned while its seal waited for the time stamp; the seal is void.",
        ),
    }
)


def keep_seals(
    actor: Actor,
    batch: SigningBatch,
    certificate: Certificate,
    made: Sequence[tuple[SigningItem, Made]],
    why: DomainError,
    outcome: Outcome,
) -> None:
    """Store what the key made; the sheets are not issued, their items say that the time stamp is waited for.

    :param why: what the authorities said.
    """
    now, first = clock.now(), not waiting().count
    with transaction.atomic():
        wanted = {one.sheet.pk: item.digest for item, one in made}
        sheets = YearSheet.objects.select_for_update(no_key=True)
        rows = sheets.filter(pk__in=wanted, state=_BEFORE).order_by("pk")
        there = {pk for pk, digest in rows.values_list("pk", "digest") if digest == wanted[pk]}
        there -= set(
            WaitingSeal.objects.filter(sheet__in=there, state=SealState.WAITING).values_list(
                "sheet_id", flat=True
            )
        )
        kept = [(item, one) for item, one in made if one.sheet.pk in there]
        if kept:
            key_infos.keep({xades.pack_signature(one.text)[1] for _, one in kept})
            WaitingSeal.objects.bulk_create(
                WaitingSeal(
                    sheet=one.sheet,
                    item=item,
                    certificate=certificate,
                    text=one.text,
                    digest=item.digest,
                    made_at=now,
                    made_by=actor.label,
                )
                for item, one in kept
            )
            keys = [item.pk for item, _ in kept]
            SigningItem.objects.filter(pk__in=keys).update(state=SEALED, reason="", at=now)
            record(
                actor,
                "transcripts.seal_waits",
                f"batch:{batch.pk}",
                organisation=batch.school.code,
                why=str(why.params.get("detail", why.code)),
                sheets=[item.digest for item, _ in kept],
            )
    outcome.sealed += len(kept)
    if kept:
        level = logging.ERROR if first else logging.INFO  # aloud when it begins, not for every chunk
        _log.log(
            level, "no time-stamp authority answers: %d sealed sheets wait (%s)", len(kept), why.message_en
        )
    for item, one in made:
        if one.sheet.pk not in there:
            fail(item, DomainError("sheet_moved_on"), outcome)


def void_seals(sheets: Sequence[YearSheet]) -> int:
    """The seals of returned sheets are void: on record, never to be completed. Inside the caller's
    transaction, which holds the sheets' rows.

    :returns: how many there were.
    """
    rows = WaitingSeal.objects.filter(sheet__in=sheets, state=SealState.WAITING)
    items = list(rows.values_list("item_id", flat=True))
    if not items:
        return 0
    reason, now = sentence("seal_voided"), clock.now()
    rows.update(state=SealState.VOIDED, reason_code="seal_voided", reason=reason, ended_at=now)
    SigningItem.objects.filter(pk__in=items).update(state="failed", reason=reason, at=now)
    return len(items)
