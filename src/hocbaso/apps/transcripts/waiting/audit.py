"""Audit of seals that wait or waited: rows, items, issued sheets and the chain of events tell the same."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F

from hocbaso.apps.audit.models import Event
from hocbaso.apps.signing.models import SigningItem
from hocbaso.apps.transcripts.models import SheetSignature
from hocbaso.apps.transcripts.states import STEPS
from hocbaso.apps.transcripts.waiting.models import SealState, WaitingSeal
from hocbaso.apps.transcripts.waiting.queries import SEALED
from hocbaso.core.document.model import SignerRole

WAITS = "transcripts.seal_waits"


def audit_waiting() -> Iterator[str]:
    """A sentence for whatever does not fit. Five queries."""
    rows = WaitingSeal.objects.filter(state=SealState.WAITING)
    right = rows.filter(
        sheet__state=STEPS[SignerRole.SEAL].before, sheet__digest=F("digest"), item__state=SEALED
    )
    wrong = rows.exclude(pk__in=right.values("pk"))
    for code in wrong.values_list("sheet__code", flat=True):
        yield f"Học bạ {code}: con dấu chờ dấu thời gian không khớp học bạ hoặc lần ký."
    alone = SigningItem.objects.filter(state=SEALED).exclude(waiting_seal__state=SealState.WAITING)
    for code in alone.values_list("sheet__code", flat=True):
        yield f"Học bạ {code}: lần ký ghi chờ dấu thời gian nhưng không còn con dấu đang chờ."
    yield from _issued()
    known = set(WaitingSeal.objects.values_list("digest", flat=True))
    events = Event.objects.filter(action=WAITS).values_list("sequence", "details")
    for sequence, details in events.order_by("sequence").iterator():
        lost = len(set(details.get("sheets", ())) - known)
        if lost:
            yield f"Sự kiện {sequence}: {lost} con dấu chờ dấu thời gian đã ghi không còn trong dữ liệu."


def _issued() -> Iterator[str]:
    """What was issued after waiting bears exactly the seal that waited."""
    done = WaitingSeal.objects.filter(state=SealState.ISSUED).select_related("sheet").defer("sheet__body")
    seals = SheetSignature.objects.filter(role=SignerRole.SEAL, sheet__waiting_seals__state=SealState.ISSUED)
    texts = {one.sheet_id: bytes(one.text) for one in seals.filter(voided_at__isnull=True)}
    for row in done:
        if texts.get(row.sheet_id) != bytes(row.text):
            yield f"Học bạ {row.sheet.code}: con dấu đã phát hành khác con dấu đã chờ dấu thời gian."
