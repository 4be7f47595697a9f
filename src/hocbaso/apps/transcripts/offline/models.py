"""Where the status of each issued sheet stands, which lists were published, and with which certificates."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import guard
from hocbaso.apps.signing.models import Certificate


class StatusPlace(models.Model):
    """The entry of an issued sheet in a status list: drawn by lot when it is issued, never changed."""

    code = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    list = models.CharField(max_length=12)  # "2025-1"
    index = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="one_status_place_a_version"),
            models.UniqueConstraint(fields=["list", "index"], name="one_sheet_a_status_place"),
        ]


guard(StatusPlace)


class PublishedList(models.Model):
    """One signed list as published and logged. The newest of a name counts."""

    list = models.CharField(max_length=12)
    token = models.TextField()
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token, as in the log
    bits_digest = models.CharField(max_length=64)  # tells whether anything changed
    places = models.PositiveIntegerField()  # sheets that had a place when it was made
    log = models.CharField(max_length=20)
    log_index = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["list", "at"])]


guard(PublishedList)


class CodeKey(models.Model):
    """A certificate with which this node signs codes and lists; kept in the bundle after its time, too."""

    certificate = models.OneToOneField(Certificate, primary_key=True, on_delete=models.PROTECT)
    valid_from = models.DateTimeField()


guard(CodeKey)
