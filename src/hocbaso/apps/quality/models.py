"""Findings and scores, the homeroom teacher's checks, slips to guardians and what they answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil, SchoolClass


class State(models.TextChoices):
    """What became of a finding."""

    OPEN = "open", "Cần xử lý"
    EXPLAINED = "explained", "Chờ duyệt giải trình"
    ACCEPTED = "accepted", "Đã chấp nhận giải trình"
    SOLVED = "solved", "Đã xong"


#: Somebody still has to do something.
WAITING = (State.OPEN, State.EXPLAINED)


class Finding(models.Model):
    """One rule that does not hold for one pupil, member of staff or class in a school year.

    The row stays when the rule holds again (``solved``) and opens anew when it breaks again.
    """

    subject = models.CharField(max_length=24)  # "p12", "s7", "c3"
    school_year = models.CharField(max_length=9)
    rule = models.CharField(max_length=8)
    dimension = models.CharField(max_length=4)
    severity = models.CharField(max_length=5)
    owner = models.CharField(max_length=12)
    params = models.JSONField(default=dict)  # what the sentence names; never a personal number
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="quality_findings")
    #: Where the pupil studies; the class itself where the rule speaks of a class.
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.CASCADE, related_name="quality_findings"
    )
    pupil = models.ForeignKey(
        Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="quality_findings"
    )
    staff = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="quality_findings"
    )
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    opened_on = models.DateField()
    due_on = models.DateField()
    times = models.PositiveSmallIntegerField(default=1)  # how often it opened
    solved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "school_year", "rule"], name="one_finding_a_rule"),
        ]
        indexes = [
            models.Index(fields=["school", "school_year", "state", "owner"], name="quality_worklist"),
            models.Index(fields=["school_class", "state"], name="quality_of_class"),
        ]


class Act(models.TextChoices):
    EXPLAIN = "explain", "Giải trình"
    ACCEPT = "accept", "Chấp nhận giải trình"
    RETURN = "return", "Trả lại giải trình"


class Step(models.Model):
    """What somebody said about a finding. Append-only."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="steps")
    act = models.CharField(max_length=8, choices=Act)
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    name = models.CharField(max_length=200)  # of the person, as people know it

    class Meta:
        ordering = ["id"]


guard(Step)


class Counts(models.Model):
    """Items that hold, and items that ought to, in the four dimensions."""

    dung = models.PositiveIntegerField(default=0)
    dung_all = models.PositiveIntegerField(default=0)
    du = models.PositiveIntegerField(default=0)
    du_all = models.PositiveIntegerField(default=0)
    sach = models.PositiveIntegerField(default=0)
    sach_all = models.PositiveIntegerField(default=0)
    song = models.PositiveIntegerField(default=0)
    song_all = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    queries = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class Mark(Counts):
    """The score of one pupil, member of staff or class."""

    subject = models.CharField(max_length=24)
    school_year = models.CharField(max_length=9)
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="quality_marks")
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.CASCADE, related_name="quality_marks"
    )
    pupil = models.ForeignKey(
        Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="quality_marks"
    )
    identity_state = models.CharField(max_length=12, blank=True)  # as it was computed with
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "school_year"], name="one_quality_mark"),
        ]
        indexes = [models.Index(fields=["school", "school_year"], name="quality_marks_of_school")]


class DayScore(Counts):
    """A school's score at the end of a day: the trend."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="quality_days")
    school_year = models.CharField(max_length=9)
    day = models.DateField()
    pupils = models.PositiveIntegerField(default=0)
    flawless = models.PositiveIntegerField(default=0)  # pupils of whom nothing is open
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["school", "school_year", "day"], name="one_quality_row_a_day"),
        ]


class PaperCheck(models.Model):
    """The homeroom teacher compared a group of fields with a paper, or takes that back. Append-only.

    It holds for the values of ``digest`` only.
    """

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="paper_checks")
    item = models.CharField(max_length=12)  # of core.quality.ITEMS
    held = models.BooleanField(default=True)  # False: taken back
    source = models.CharField(max_length=120)
    checked_on = models.DateField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["pupil", "item"], name="quality_checks_of_pupil")]


guard(PaperCheck)


class Slip(models.Model):
    """A confirmation slip of one pupil. The token stands on the paper alone; here is its hash."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="slips")
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="slips")
    token_hash = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=200)
    expires_at = models.DateTimeField()
    wrong = models.PositiveSmallIntegerField(default=0)  # wrong birth dates
    voided_at = models.DateTimeField(null=True, blank=True)  # a newer slip, or too many wrong dates
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["school_class", "-id"], name="slips_of_class")]
        constraints = [
            models.UniqueConstraint(
                fields=["pupil"],
                condition=Q(voided_at__isnull=True, answered_at__isnull=True),
                name="one_open_slip_a_pupil",
            ),
        ]


class Channel(models.TextChoices):
    PHONE = "phone", "Phụ huynh trả lời trên điện thoại"
    PAPER = "paper", "Phụ huynh ghi trên phiếu giấy"


class Answer(models.Model):
    """What a guardian said. Append-only; it never changes the file."""

    slip = models.OneToOneField(Slip, on_delete=models.PROTECT, related_name="answer")
    channel = models.CharField(max_length=5, choices=Channel)
    relation = models.CharField(max_length=20)  # cha, mẹ, người giám hộ
    name = models.CharField(max_length=120)
    right = models.JSONField(default=list)  # fields that were confirmed
    said_on = models.DateField()
    at = models.DateTimeField()
    by = models.CharField(max_length=200)  # "phụ huynh", or who wrote the paper's answer down

    class Meta:
        ordering = ["id"]


guard(Answer)


class ProposalState(models.TextChoices):
    WAITING = "waiting", "Chờ nhà trường xem"
    TAKEN = "taken", "Nhà trường đã sửa"
    REJECTED = "rejected", "Nhà trường chưa sửa"


class Proposal(models.Model):
    """One field as the guardian says it is."""

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="proposals")
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="quality_proposals")
    field = models.CharField(max_length=40)
    before = models.CharField(max_length=240, blank=True)  # masked where it is a personal number
    value = models.CharField(max_length=240)
    state = models.CharField(max_length=8, choices=ProposalState, default=ProposalState.WAITING)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # shown to the guardian

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["pupil", "state"], name="quality_proposals_of_pupil")]
