"""What was handed out to be signed elsewhere. Rows are only added; whether an item is signed, the item says.

No content is kept here: an entry holds the digest that its value must sign. When the value comes, what is
signed is prepared anew from the frozen sheet; had anything changed meanwhile, the digest would be another.
"""

from __future__ import annotations

from django.db import models

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
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
