"""Orders to verify, the queue they fill, and the evidence of every answer.

Nothing here holds what the register knows of a citizen: an answer is kept as flags, digests and numbers.
"""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil, SchoolClass


def _one_person(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(pupil__isnull=False, staff__isnull=True) | Q(pupil__isnull=True, staff__isnull=False),
        name=name,
    )


class Scope(models.TextChoices):
    SCHOOL = "school", "Cả trường"
    CLASS = "class", "Cả lớp"
    CHOSEN = "chosen", "Học sinh được chọn"
    STAFF = "staff", "Cán bộ, giáo viên"
    ARRIVAL = "arrival", "Học sinh mới chuyển đến"


class Sending(models.Model):
    """One order to verify (menu 4.1.7): who asked for whom, and who could not be sent."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="identity_sendings")
    school_year = models.CharField(max_length=9)
    scope = models.CharField(max_length=8, choices=Scope)
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_sendings"
    )
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    queued = models.PositiveIntegerField(default=0)
    already = models.PositiveIntegerField(default=0)  # verified with the same values, or waiting already
    #: Not sent: [{"person": code, "missing": [field, …], "confirm": [finding code, …]}]
    incomplete = models.JSONField(default=list)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]


class JobState(models.TextChoices):
    QUEUED = "queued", "Chờ gửi"
    SENT = "sent", "Đã gửi, chờ trả lời"
    DONE = "done", "Đã trả lời"
    FAILED = "failed", "Không gửi nữa"


#: Somebody waits for an answer.
OPEN_JOBS = (JobState.QUEUED, JobState.SENT)


class Wait(models.TextChoices):
    """Why a job waits for its time."""

    NONE = "", ""
    UNAVAILABLE = "unavailable", "Hệ thống dân cư không trả lời"
    LIMITED = "limited", "Hết hạn mức hoặc ngoài giờ nhận yêu cầu"


class Job(models.Model):
    """One person waiting to be verified; the id stands here, committed, before anything is asked under it."""

    sending = models.ForeignKey(Sending, on_delete=models.CASCADE, related_name="jobs")
    pupil = models.ForeignKey(
        Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_jobs"
    )
    staff = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_jobs"
    )
    state = models.CharField(max_length=8, choices=JobState, default=JobState.QUEUED)
    request_id = models.UUIDField(unique=True, default=uuid4)  # the idempotency key at the registry
    batch = models.UUIDField(null=True, blank=True)  # asked together with
    worker = models.BigIntegerField(null=True, blank=True)  # who asks now: see identity.workers
    snapshot_hash = models.CharField(max_length=64)  # of the fields as they are asked
    #: The school's own values as they are asked, until the answer is there: the same id, the same question.
    asked = models.JSONField()
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    wait = models.CharField(max_length=12, choices=Wait, blank=True, default=Wait.NONE)
    sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            _one_person("job_of_one_person"),
            models.UniqueConstraint(
                fields=["pupil"], condition=Q(state__in=["queued", "sent"]), name="one_open_job_a_pupil"
            ),
            models.UniqueConstraint(
                fields=["staff"], condition=Q(state__in=["queued", "sent"]), name="one_open_job_a_staff"
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                condition=Q(state__in=["queued", "sent"]),
                name="identity_open_jobs",
            ),
            models.Index(fields=["worker"], condition=Q(worker__isnull=False), name="identity_jobs_at_work"),
        ]


class Outcome(models.TextChoices):
    """Final answers of the registry (domain 2.4), worded for people."""

    MATCHED = "matched", "Khớp"
    MISMATCH = "mismatch", "Sai lệch"
    NOT_FOUND = "not_found", "Không tìm thấy"
    MULTIPLE = "multiple", "Nhiều kết quả"
    INVALID_INPUT = "invalid_input", "Dữ liệu gửi không hợp lệ"


class Check(models.Model):
    """Evidence of one answered question. Append-only; digests and flags, never the register's values."""

    pupil = models.ForeignKey(
        Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_checks"
    )
    staff = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_checks"
    )
    request_id = models.UUIDField(unique=True)
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")  # who asked
    purpose = models.CharField(max_length=40)
    legal_basis = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    answered_at = models.DateTimeField()  # by the registry's clock
    recorded_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    differences = models.JSONField(default=list)  # of engines.population.FIELDS
    soft = models.JSONField(default=list)  # those of them that differ in writing only
    not_compared = models.JSONField(default=list)  # likewise of FIELDS
    reason = models.CharField(max_length=20, blank=True)  # what is wrong, with invalid_input
    result_id = models.CharField(max_length=80, blank=True)
    request_digest = models.CharField(max_length=64)
    answer_digest = models.CharField(max_length=64)
    snapshot_hash = models.CharField(max_length=64)  # of the fields that were asked about
    attempt = models.PositiveSmallIntegerField(default=1)
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [_one_person("check_of_one_person")]


guard(Check)


class ConfirmationKind(models.TextChoices):
    WARNING = "warning", "Xác nhận cảnh báo về số định danh, ngày sinh"
    DIFFERENCE = "difference", "Đã đối chiếu giấy tờ về điểm sai lệch"


class Confirmation(models.Model):
    """Somebody looked at a paper and stands by the values as they are. Append-only.

    It holds for the values of ``snapshot_hash`` only: a later change of the file lapses it.
    """

    pupil = models.ForeignKey(
        Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_confirmations"
    )
    staff = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="identity_confirmations"
    )
    kind = models.CharField(max_length=12, choices=ConfirmationKind)
    subjects = models.JSONField()  # finding codes (warning) or FIELDS (difference)
    snapshot_hash = models.CharField(max_length=64)
    paper = models.CharField(max_length=120)  # "Giấy khai sinh", "Thông báo số định danh cá nhân", …
    paper_date = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [_one_person("confirmation_of_one_person")]


guard(Confirmation)


class LetterKind(models.TextChoices):
    NUMBER = "number", "Xin số định danh cá nhân"
    DIFFERENCE = "difference", "Mang giấy tờ để đối chiếu điểm sai lệch"
    NOT_FOUND = "not_found", "Mang giấy báo số định danh để đối chiếu"
    POLICE = "police", "Liên hệ công an để chỉnh dữ liệu dân cư"


class Letter(models.Model):
    """A letter to a guardian was printed. Append-only; the text follows from kind and fields."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="identity_letters")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=LetterKind)
    fields = models.JSONField(default=list)  # of engines.population.FIELDS
    until = models.DateField()  # bring the papers by
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(Letter)


class ExpectedArrival(models.Model):
    """Somebody came by import from another school and is to be checked, as soon as the import stands.

    Names its enrolment by number alone: whoever undoes the import takes the enrolment away, and this row with
    nothing behind it is dropped when its time comes.
    """

    enrolment_id = models.BigIntegerField(unique=True)
    due_at = models.DateTimeField(db_index=True)
