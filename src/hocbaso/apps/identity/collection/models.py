"""A workbook that came back: what was found in it, what was answered, what became of it."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.identity.models import Sending
from hocbaso.apps.organisations.models import Organisation


class State(models.TextChoices):
    CHECKED = "checked", "Đã kiểm tra, chưa ghi"
    APPLIED = "applied", "Đã ghi vào hồ sơ"
    ENDED = "ended", "Đã bỏ"


class Upload(models.Model):
    """One upload of the collection workbook. Its bytes hold personal numbers: they are kept only as long as
    the school works on them (until every row is written, the next upload, or the end).
    """

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="collections")
    school_year = models.CharField(max_length=9)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)  # SHA-256 of the workbook, kept for ever
    content = models.BinaryField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.CHECKED)
    answers = models.JSONField(default=dict)  # question key → true | false
    report = models.JSONField(default=dict)  # counts, changes, issues; numbers masked: see report.py
    sending = models.ForeignKey(
        Sending, null=True, blank=True, on_delete=models.PROTECT, related_name="collections"
    )
    by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["school", "school_year"], name="collection_of_school")]
