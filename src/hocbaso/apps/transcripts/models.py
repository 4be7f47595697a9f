"""Year sheets from freezing to issue. Everything after "frozen" is bytes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.signing.models import Certificate
from hocbaso.apps.transcripts.fields import SheetTextField, SignatureTextField


class SheetState(models.TextChoices):
    """See ``states.py`` for the transitions."""

    AWAITING_SUBJECTS = "subjects", "Chờ giáo viên môn học ký"
    FROZEN = "frozen", "Chờ giáo viên chủ nhiệm ký"
    HOMEROOM_SIGNED = "homeroom_signed", "Chờ hiệu trưởng ký"
    PRINCIPAL_SIGNED = "principal_signed", "Chờ phát hành"
    ISSUED = "issued", "Đã phát hành"
    VOIDED = "voided", "Đã hủy trước khi phát hành"


class YearSheet(models.Model):
    """One frozen year sheet: its canonical bytes and where it stands."""

    code = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField(default=1)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="sheets")
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="sheets")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sheets")
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="sheets")
    school_year = models.CharField(max_length=9)
    body = SheetTextField()  # emitted ToNamHoc text
    digest = models.CharField(max_length=64, unique=True)
    result = models.JSONField()  # {"overall", "completed", "promoted", "title"} as in the sheet
    state = models.CharField(max_length=20, choices=SheetState, default=SheetState.FROZEN)
    return_reason = models.CharField(max_length=300, blank=True)
    frozen_at = models.DateTimeField()
    frozen_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "version"], condition=~Q(state="voided"), name="one_live_sheet_a_version"
            ),
            models.UniqueConstraint(
                fields=["code", "version"], condition=~Q(state="voided"), name="one_code_a_version"
            ),
        ]
        indexes = [models.Index(fields=["school", "school_year", "state"]), models.Index(fields=["code"])]


# The bytes never change; an issued or voided row does not change at all.
guard(
    YearSheet,
    update_when="OLD.state IN ('issued', 'voided') OR NEW.body <> OLD.body OR NEW.digest <> OLD.digest",
)


class SubjectDuty(models.Model):
    """Who must sign which subjects of a sheet: a copy of what the frozen bytes say, for signers' lists."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="duties")
    signer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="subject_duties")
    subjects = models.JSONField()  # codes in the order of the form
    signature_id = models.CharField(max_length=80)
    number = models.PositiveSmallIntegerField(default=1)  # of several whose first subject is the same
    position = models.PositiveSmallIntegerField()  # place among the signatures of the sheet
    signed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "signature_id"], name="one_duty_a_signature"),
            models.UniqueConstraint(fields=["sheet", "signer"], name="one_duty_a_signer"),
        ]
        indexes = [models.Index(fields=["signer", "signed"])]


class SheetSignature(models.Model):
    """One ds:Signature text over a sheet. A voided one stays, with the time."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="signatures")
    role = models.CharField(max_length=12)
    signature_id = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=100)  # subject teachers sign in any order
    signer = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)
    signer_name = models.CharField(max_length=120)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT)
    text = SignatureTextField()
    signed_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "signature_id"], condition=Q(voided_at__isnull=True), name="signed_once"
            ),
        ]


guard(SheetSignature, update_when="OLD.voided_at IS NOT NULL OR NEW.text <> OLD.text")


class IssuedSheet(models.Model):
    """The issued document. Append-only; an issue is finished when its log entry stands."""

    sheet = models.OneToOneField(YearSheet, primary_key=True, on_delete=models.PROTECT, related_name="issued")
    code = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64, unique=True)
    document = models.BinaryField()  # engines.storage: the whole document, signatures as signed (B-B)
    issued_at = models.DateTimeField()  # the seal's time-stamp time
    issued_by = models.CharField(max_length=200)
    log = models.CharField(max_length=20)
    log_index = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="issued_once"),
            models.UniqueConstraint(fields=["log", "log_index"], name="one_issue_a_leaf"),
        ]


guard(IssuedSheet)


class Evidence(models.Model):
    """What is added after signing and put into UnsignedProperties on export."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20)  # "signature_timestamp", …
    signature_id = models.CharField(max_length=80, blank=True)
    content = models.BinaryField()
    at = models.DateTimeField()


guard(Evidence)


class FreshStamp(models.Model):
    """An issued sheet whose long-term proofs are not kept yet: the work list of preservation.

    Made with the issue, gone when the sheet is B-LT: a worker finds the few that are left without looking
    through millions. What truly lacks its proofs is told by the tables themselves.
    """

    sheet = models.OneToOneField(YearSheet, primary_key=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_index=True)  # of the seal's time stamp


class StatusEvent(models.Model):
    """Replaced or revoked: a fact about an issued sheet, never a change of it."""

    code = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10)  # "replaced" | "revoked"
    replaced_by = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    decision = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["code", "version"])]


guard(StatusEvent)


class Rendition(models.Model):
    """A sealed PDF, cached by what it was made from."""

    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="renditions")
    key = models.CharField(max_length=64, unique=True)  # SHA-256 over document, template version, kind
    content = models.BinaryField()
    at = models.DateTimeField()
