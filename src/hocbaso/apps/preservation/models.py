"""Validation data and archive time stamps of issued sheets: append-only, each item kept once.

Thousands of sheets share their lists and chains, so a sheet points at a set, and a set at items that are
known by their SHA-256. Everything here is public data of certification and time-stamp authorities.
"""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import guard
from hocbaso.apps.transcripts.models import YearSheet


class ItemKind(models.TextChoices):
    """What an item is; always DER."""

    CERTIFICATE = "certificate", "Chứng thư"
    CRL = "crl", "Danh sách thu hồi"
    OCSP = "ocsp", "Câu trả lời OCSP"


class ValidationItem(models.Model):
    """One certificate, revocation list or OCSP answer."""

    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the content
    kind = models.CharField(max_length=12, choices=ItemKind)
    content = models.BinaryField()
    at = models.DateTimeField()


guard(ValidationItem)


class ValidationSet(models.Model):
    """Items that stand together in a signature, in order; the same set is kept once."""

    digest = models.CharField(max_length=64, unique=True)  # SHA-256 over the digests of its items
    at = models.DateTimeField()


guard(ValidationSet)


class SetItem(models.Model):
    """An item's place in a set."""

    set = models.ForeignKey(ValidationSet, on_delete=models.PROTECT, related_name="places")
    item = models.ForeignKey(ValidationItem, on_delete=models.PROTECT, related_name="places")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["set", "position"], name="one_item_a_place"),
            models.UniqueConstraint(fields=["set", "item"], name="an_item_once_a_set"),
        ]


guard(SetItem)


class LongTermSheet(models.Model):
    """A sheet that reached B-LT, with what its signature time stamp rests on."""

    sheet = models.OneToOneField(
        YearSheet, primary_key=True, on_delete=models.PROTECT, related_name="long_term"
    )
    signers = models.ForeignKey(ValidationSet, on_delete=models.PROTECT, related_name="+")
    stamp = models.ForeignKey(ValidationSet, on_delete=models.PROTECT, related_name="+")
    stamped_at = models.DateTimeField()
    certificate_ends = models.DateTimeField()  # of the authority that stamped
    algorithms = models.CharField(max_length=80)  # names of the policy, by one blank
    policy = models.PositiveSmallIntegerField()  # version
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["certificate_ends", "algorithms"])]


guard(LongTermSheet)


class ArchiveTimeStamp(models.Model):
    """One archive time stamp of a sheet's seal (B-LTA)."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="archive_stamps")
    number = models.PositiveSmallIntegerField()  # 1, 2, …
    token = models.BinaryField()
    stamped_at = models.DateTimeField()
    certificate_ends = models.DateTimeField()
    algorithms = models.CharField(max_length=80)
    reason = models.CharField(max_length=20)  # "tsa_ends" | "algorithm_ends" | "asked"
    policy = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "number"], name="one_archive_stamp_a_number")]
        indexes = [models.Index(fields=["certificate_ends", "algorithms"])]


guard(ArchiveTimeStamp)


class StampValidation(models.Model):
    """What validates an archive time stamp: gathered soon after it, while its issuers still answer for it."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()  # of the stamp
    data = models.ForeignKey(ValidationSet, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "number"], name="one_validation_a_stamp"),
        ]


guard(StampValidation)


class Setback(models.Model):
    """Why a sheet could not be extended or renewed at the last try; goes when it succeeds."""

    sheet = models.OneToOneField(YearSheet, primary_key=True, on_delete=models.PROTECT, related_name="+")
    deed = models.CharField(max_length=8)  # "extend" | "renew" | "prove"
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=400)
    tries = models.PositiveSmallIntegerField(default=1)
    since = models.DateTimeField()
    last_at = models.DateTimeField()
