"""Searches for a number, pairs of files that may be one person, merge cases, former and temporary codes.

Nothing here holds what the register knows of a citizen: of an offer the masked words stand until somebody has
decided about it, then they go.
"""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import StaffMember, User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.common.secret_field import SecretField
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil


class SearchState(models.TextChoices):
    ASKING = "asking", "Chưa có trả lời"
    ONE = "one", "Có một người phù hợp, chờ xác nhận"
    SEVERAL = "several", "Nhiều kết quả"
    NONE = "none", "Không tìm thấy"
    ACCEPTED = "accepted", "Đã nhận số"
    DECLINED = "declined", "Không phải người này"
    DUPLICATE = "duplicate", "Số đã thuộc hồ sơ khác"
    UNDISCLOSED = "undisclosed", "Dịch vụ không trả số"
    LAPSED = "lapsed", "Hết hiệu lực"


class NumberSearch(models.Model):
    """One search without number; its id is committed before anything is asked under it."""

    pupil = models.ForeignKey(
        Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="number_searches"
    )
    staff = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="number_searches"
    )
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=SearchState, default=SearchState.ASKING)
    request_id = models.UUIDField(unique=True, default=uuid4)
    accept_id = models.UUIDField(unique=True, default=uuid4)  # under which the offer is accepted
    snapshot_hash = models.CharField(max_length=64)  # of the fields as they were asked
    token = SecretField(max_length=400, blank=True)
    #: Masked by the register; empty once somebody has decided: name, number, birth_year, sex, commune.
    offered = models.JSONField(default=dict)
    soft = models.JSONField(default=list)  # compared fields that differ in writing only
    reason = models.CharField(max_length=20, blank=True)  # what the register could not read
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    by = models.CharField(max_length=200)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(pupil__isnull=False, staff__isnull=True)
                | Q(pupil__isnull=True, staff__isnull=False),
                name="search_of_one_person",
            ),
        ]
        indexes = [models.Index(fields=["school", "state"])]


class PairKind(models.TextChoices):
    EXACT = "exact", "Trùng hoàn toàn"
    LIKELY = "likely", "Nghi trùng"
    NUMBER = "number", "Cùng một số định danh"


class PairState(models.TextChoices):
    OPEN = "open", "Chờ xem xét"
    DIFFERENT = "different", "Không phải một người"
    PROPOSED = "proposed", "Đã đề nghị gộp"
    MERGED = "merged", "Đã gộp"
    LAPSED = "lapsed", "Không còn giống nhau"


class Pair(models.Model):
    """Two files that may be one person. ``first`` has the smaller id."""

    first = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="pairs_as_first")
    second = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="pairs_as_second")
    kind = models.CharField(max_length=8, choices=PairKind)
    state = models.CharField(max_length=10, choices=PairState, default=PairState.OPEN)
    score = models.PositiveSmallIntegerField()  # 0 to 100
    explanation = models.JSONField(default=list)  # [{"field", "verdict", "points", "text"}], no values
    digest = models.CharField(max_length=64)  # of what was compared: a judgement holds while it is the same
    found_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # why they are two persons
    #: Schools that said so while the other side has not yet: [{"school", "by", "at", "reason"}].
    said_different = models.JSONField(default=list)

    class Meta:
        ordering = ["-score", "id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_row_a_pair"),
            models.CheckConstraint(condition=Q(first__lt=models.F("second")), name="pair_in_order"),
        ]
        indexes = [models.Index(fields=["state", "-score"])]


class Scan(models.Model):
    """One run over the files of a unit, for the page's "looked at …"."""

    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    files = models.PositiveIntegerField()
    compared = models.PositiveBigIntegerField()  # pairs that shared a key
    opened = models.PositiveIntegerField()  # pairs new or open again
    lapsed = models.PositiveIntegerField()  # pairs that are alike no more
    skipped = models.PositiveIntegerField(default=0)  # files in blocks too long to compare
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["unit", "-id"])]


class CaseState(models.TextChoices):
    PROPOSED = "proposed", "Chờ duyệt"
    MERGED = "merged", "Đã gộp"
    REFUSED = "refused", "Không duyệt"
    WITHDRAWN = "withdrawn", "Đã rút"
    UNDONE = "undone", "Đã tách lại"


class MergeCase(models.Model):
    """Two files are one person: proposed by one, agreed to by another, undoable until the next issue.

    While ``merged`` the file ``merged`` is an alias: whoever looks for it is led to ``survivor``.
    """

    number = models.CharField(max_length=20, unique=True)
    pair = models.ForeignKey(Pair, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    survivor = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="merges_kept")
    merged = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="merges_gone")
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.PROPOSED)
    evidence = models.CharField(max_length=500)  # papers seen, who was asked
    choices = models.JSONField(default=dict)  # see use_cases.preview.Choices
    #: What was seen when it was proposed; the approver decides about exactly that.
    digest = models.CharField(max_length=64)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    ended_by = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # merged, refused, withdrawn
    note = models.CharField(max_length=500, blank=True)
    undone_by = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], condition=Q(state="merged"), name="merged_into_one_file"
            ),
            models.UniqueConstraint(
                fields=["pair"], condition=Q(state="proposed"), name="one_open_case_a_pair"
            ),
            models.CheckConstraint(condition=~Q(survivor=models.F("merged")), name="merge_of_two_files"),
        ]


class Opinion(models.Model):
    """Somebody else than the proposer looked at it and said yes or no. Append-only: guard each kind."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["id"]


class Agreement(Opinion):
    """About a merge."""

    case = models.ForeignKey(MergeCase, on_delete=models.PROTECT, related_name="agreements")


guard(Agreement)


class UndoState(models.TextChoices):
    """What became of the wish to take a merge apart."""

    PROPOSED = "proposed", "Chờ duyệt"
    DONE = "done", "Đã tách lại"
    REFUSED = "refused", "Không duyệt"
    WITHDRAWN = "withdrawn", "Đã rút"


class UndoRequest(models.Model):
    """Somebody asks that a merge be taken apart; others decide, as about the merge itself."""

    case = models.ForeignKey(MergeCase, on_delete=models.PROTECT, related_name="undo_requests")
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=UndoState, default=UndoState.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    ended_by = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="proposed"), name="one_open_undo_a_case"
            ),
        ]


guard(UndoRequest, update_when="OLD.state <> 'proposed'")


class UndoAgreement(Opinion):
    """About taking a merge apart."""

    request = models.ForeignKey(UndoRequest, on_delete=models.PROTECT, related_name="agreements")


guard(UndoAgreement)


class MergeChange(models.Model):
    """One row that a merge changed: what taking it apart puts back. Append-only."""

    case = models.ForeignKey(MergeCase, on_delete=models.PROTECT, related_name="changes")
    model = models.CharField(max_length=60)  # "pupils.Enrolment"
    object_id = models.BigIntegerField()
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        ordering = ["id"]


guard(MergeChange)


class FormerCode(models.Model):
    """A code that a pupil bore once: it finds the pupil for ever. Append-only."""

    code = models.CharField(max_length=20, unique=True)
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="former_codes")
    replaced_by = models.CharField(max_length=20)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(FormerCode)


class WhyTemporary(models.TextChoices):
    """Why a child has neither a ministry code nor a number (domain 2.4, last line)."""

    FOREIGNER = "foreigner", "Người nước ngoài"
    STREET = "street", "Trẻ lang thang, không nơi nương tựa"
    NO_BIRTH_PAPER = "no_paper", "Chưa có giấy khai sinh"
    WAITING = "waiting", "Chờ Bộ cấp mã học sinh"


class TemporaryCode(models.Model):
    """A random local code, never made from the person's data; the pupil's code until a real one comes."""

    code = models.CharField(max_length=20, unique=True)
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="temporary_codes")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")  # that gave it
    why = models.CharField(max_length=12, choices=WhyTemporary)
    evidence = models.CharField(max_length=300)  # paper of the commune, passport, …
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(TemporaryCode)
