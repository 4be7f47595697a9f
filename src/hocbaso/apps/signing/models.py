"""Certificates, the authority register, and batches of signing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation


class Certificate(models.Model):
    """A certificate as bytes, kept once."""

    digest = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the DER
    der = models.BinaryField()
    subject = models.CharField(max_length=300)
    issuer = models.CharField(max_length=300)
    serial = models.CharField(max_length=60)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    family = models.CharField(max_length=20)  # "vgca" | "public"


guard(Certificate)


class KeyInfo(models.Model):
    """The certificates of a signer as they stand in every signature of his, kept once."""

    digest = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the element
    content = models.BinaryField()


guard(KeyInfo)


class Registration(models.Model):
    """Authority register: this certificate may sign in this role for this school from when to when."""

    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="registrations")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="registrations")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)  # None: the school's seal
    role = models.CharField(max_length=12)  # core.document.model.SignerRole
    class_name = models.CharField(max_length=20, blank=True)
    school_year = models.CharField(max_length=9, blank=True)
    subject_code = models.CharField(max_length=40, blank=True)  # of a subject teacher; one row a subject
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    registered_by = models.CharField(max_length=200)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "certificate",
                    "school",
                    "role",
                    "class_name",
                    "school_year",
                    "subject_code",
                    "valid_from",  # a seat that was ended and opened again keeps both periods
                ],
                name="one_registration",
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="registration_dates",
            ),
        ]


class BatchState(models.TextChoices):
    RUNNING = "running", "Đang ký"
    PAUSED = "paused", "Tạm dừng"
    DONE = "done", "Đã xong"


class SigningBatch(models.Model):
    """One authorisation over exactly one list of sheets (trust.md section 2)."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    school_class = models.ForeignKey("pupils.SchoolClass", null=True, blank=True, on_delete=models.PROTECT)
    role = models.CharField(max_length=12)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    assignment = models.ForeignKey("accounts.Assignment", on_delete=models.PROTECT)
    certificate = models.ForeignKey(Certificate, null=True, blank=True, on_delete=models.PROTECT)
    list_digest = models.CharField(max_length=64)  # SHA-256 over the sorted sheet digests
    authorised_at = models.DateTimeField()
    method = models.CharField(max_length=20)  # "totp" | "cli"
    state = models.CharField(max_length=8, choices=BatchState, default=BatchState.RUNNING)
    finished_at = models.DateTimeField(null=True, blank=True)


class SigningItem(models.Model):
    """One sheet of a batch."""

    batch = models.ForeignKey(SigningBatch, on_delete=models.PROTECT, related_name="items")
    sheet = models.ForeignKey("transcripts.YearSheet", on_delete=models.PROTECT, related_name="signing_items")
    digest = models.CharField(max_length=64)  # what the signer saw and authorised
    state = models.CharField(max_length=8, default="waiting")  # waiting | signed | failed
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "sheet"], name="once_in_a_batch")]


from hocbaso.apps.signing import certificate_models as certificate_models  # noqa: E402  the same app's tables
