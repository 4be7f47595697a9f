"""One workbook that somebody sent in, what was found in it, and what it changed."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.organisations.models import Organisation


class WorkbookFile(models.Model):
    """The bytes as they came, kept once by digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    created_at = models.DateTimeField()


class Kind(models.TextChoices):
    PUPILS = "pupils", "Danh sách học sinh"
    STAFF = "staff", "Danh sách cán bộ, giáo viên"
    RESULTS = "results", "Kết quả, sổ điểm"


class State(models.TextChoices):
    UPLOADED = "uploaded", "Đã tải lên"
    CHECKING = "checking", "Đang kiểm tra"
    CHECKED = "checked", "Đã kiểm tra, chưa ghi"
    APPLYING = "applying", "Đang ghi"
    APPLIED = "applied", "Đã ghi vào hệ thống"
    FAILED = "failed", "Không đọc được"
    CANCELLED = "cancelled", "Đã hủy"
    UNDONE = "undone", "Đã hoàn tác"


class Batch(models.Model):
    """An import from upload to confirmation (experience.md 6.3)."""

    kind = models.CharField(max_length=10, choices=Kind)
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="intake_batches")
    school_year = models.CharField(max_length=9)
    file = models.ForeignKey(WorkbookFile, on_delete=models.PROTECT)
    file_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    done = models.PositiveIntegerField(default=0)  # progress: rows done …
    total = models.PositiveIntegerField(default=0)  # … of so many
    heartbeat = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=dict)  # counts, issues, changes, skipped rows: see intake.reports
    decisions = models.JSONField(default=dict)  # {"row:code": true|false}: answers to questions
    failure = models.CharField(max_length=400, blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]


class Change(models.Model):
    """One row of the database that a batch made or changed: what undo puts back."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="changes")
    model = models.CharField(max_length=60)  # "pupils.Pupil"
    object_id = models.BigIntegerField()
    before = models.JSONField(null=True)  # None = the batch created it
    after = models.JSONField()

    class Meta:
        ordering = ["id"]
