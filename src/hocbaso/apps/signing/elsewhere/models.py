"""Where keys are, what was handed out to be signed elsewhere, and runs beside a request.

Rows are only added (the sum of refused values grows for an hour); whether an item is signed, the item says.
No content is kept here: an entry holds the digest that its value must sign. When the value comes, what is
signed is prepared anew from the frozen sheet; had anything changed meanwhile, the digest would be another.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.signing.models import Certificate, SigningBatch, SigningItem


class HandedOut(models.Model):
    """One list for one person and one key, for a few minutes."""

    batch = models.ForeignKey(SigningBatch, on_delete=models.PROTECT, related_name="handed_out")
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT)
    chain = models.JSONField(default=list)  # digests of the issuing certificates, nearest first
    signing_time = models.DateTimeField()  # to the second: it is signed
    list_digest = models.CharField(max_length=64)  # SHA-256 over the digests in order
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()


guard(HandedOut)


class Entry(models.Model):
    """One item of the list and the digest of its ``ds:SignedInfo``."""

    handed_out = models.ForeignKey(HandedOut, on_delete=models.PROTECT, related_name="entries")
    item = models.ForeignKey(SigningItem, on_delete=models.PROTECT, related_name="handed_out")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handed_out", "item"], name="handed_out_once_a_list"),
        ]


guard(Entry)


class Place(models.TextChoices):
    """Where somebody's key is."""

    NODE = "node", "Khóa thử nghiệm ở máy chủ"
    TOKEN = "token", "Thiết bị ký cắm ở máy chủ của trường"
    REMOTE = "remote", "Ký số từ xa"
    AGENT = "agent", "USB ký số cắm ở máy tính của thầy cô"


class KeyPlace(models.Model):
    """Somebody's choice, or the choice for a school's seal; the newest row counts."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="key_places")
    seal = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="seal_places"
    )
    place = models.CharField(max_length=8, choices=Place)
    service = models.CharField(max_length=60, blank=True)  # of a remote key: as keys.toml names it
    credential = models.CharField(max_length=120, blank=True)  # and the key's name there
    certificate = models.ForeignKey(Certificate, null=True, blank=True, on_delete=models.PROTECT)
    chosen_by = models.CharField(max_length=200)
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(seal__isnull=True), name="key_place_of_one"
            ),
        ]


guard(KeyPlace)


class Run(models.Model):
    """One run over a batch in the process that holds the open session; the page reads how far it is."""

    batch = models.ForeignKey(SigningBatch, on_delete=models.PROTECT, related_name="runs")
    place = models.CharField(max_length=8, choices=Place)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    stop_code = models.CharField(max_length=60, blank=True)  # why it ended before its end
    stop_text = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch"], condition=Q(ended_at__isnull=True), name="one_run_a_batch"
            ),
        ]


guard(Run, update_when="OLD.ended_at IS NOT NULL")


class RefusedValues(models.Model):
    """Refused values of one batch in one hour: how many events of their own there are, and the sum of the
    others until it stands in the chain (``refusals.py``); from then on the row never changes."""

    batch = models.ForeignKey(SigningBatch, on_delete=models.PROTECT, related_name="refused_values")
    hour = models.DateTimeField()
    singly = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # code of the refusal → values
    lists = models.JSONField(default=list)  # the first digits of their digests
    who = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "hour"], name="refused_values_once_an_hour"),
        ]


guard(RefusedValues, update_when="OLD.told_at IS NOT NULL")
