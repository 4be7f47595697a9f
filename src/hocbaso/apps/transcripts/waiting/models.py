"""A seal that was made and has no time stamp yet."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hocbaso.apps.common.guards import guard
from hocbaso.apps.signing.models import Certificate, SigningItem
from hocbaso.apps.transcripts.fields import SignatureTextField
from hocbaso.apps.transcripts.models import YearSheet


class SealState(models.TextChoices):
    WAITING = "waiting", "Đã đóng dấu, chờ dấu thời gian"
    ISSUED = "issued", "Đã có dấu thời gian và phát hành"
    REFUSED = "refused", "Không hoàn tất được"
    VOIDED = "voided", "Đã hủy cùng học bạ trả lại"


class WaitingSeal(models.Model):
    """What the key made, exactly; it is issued, refused or voided once, and stays as it was."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="waiting_seals")
    item = models.OneToOneField(SigningItem, on_delete=models.PROTECT, related_name="waiting_seal")
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT)
    text = SignatureTextField()  # the seal's ds:Signature as the key made it
    digest = models.CharField(max_length=64)  # of the sheet that it seals
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=SealState, default=SealState.WAITING)
    reason_code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)  # a worker has it in hand

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sheet"], condition=Q(state="waiting"), name="one_waiting_seal_a_sheet"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True)
                | (~Q(state="waiting") & Q(ended_at__isnull=False)),
                name="waiting_seal_ends",
            ),
        ]
        indexes = [models.Index(fields=["state", "made_at"])]


_FIXED = ("sheet_id", "item_id", "certificate_id", "text", "digest", "made_at", "made_by")
guard(
    WaitingSeal,
    update_when=" OR ".join(["OLD.state <> 'waiting'", *(f"NEW.{name} <> OLD.{name}" for name in _FIXED)]),
)
