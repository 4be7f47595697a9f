"""Entry periods, the locks they leave, unlock cases and reviews.

Words (see docs/periods.md): *part* of a class's gradebook, *moment*, *column* (attribute of the stored row).
An empty value in a scope means "all".
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import Condition, guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass


class Act(models.TextChoices):
    """What a row of a period's history did."""

    SET = "set", "Đặt đợt nhập"
    EXTEND = "extend", "Gia hạn"
    CLOSE = "close", "Đóng sớm"
    CANCEL = "cancel", "Hủy"


class EntryPeriod(models.Model):
    """From when to when a scope may be entered, as one act of somebody said it. Append-only.

    A later act on the same period is a new row that names the one it takes the place of; the row that nobody
    has replaced is the one that holds, unless it is a cancellation.
    """

    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="entry_periods")
    school_year = models.CharField(max_length=9)
    levels = models.JSONField(default=list, blank=True)  # of organisations.Level
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.PROTECT, related_name="entry_periods"
    )
    part = models.CharField(max_length=40, blank=True)
    moment = models.CharField(max_length=4, blank=True)
    columns = models.JSONField(default=list, blank=True)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    act = models.CharField(max_length=8, choices=Act, default=Act.SET)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    reason = models.CharField(max_length=300, blank=True)
    decision = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["unit", "school_year"])]
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gte=F("opens_at")), name="period_dates"),
        ]


guard(EntryPeriod)


class ColumnLock(models.Model):
    """A fact: this column of this class is closed. Written when a period ends; nobody takes it away.

    The database's own guard on marks reads it (``lock_guard.py``). Empty part or column: all of them.
    """

    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="column_locks")
    moment = models.CharField(max_length=4)
    part = models.CharField(max_length=40, blank=True)
    column = models.CharField(max_length=40, blank=True, db_column="col")
    closed_at = models.DateTimeField()  # when the period ended
    period = models.ForeignKey(EntryPeriod, on_delete=models.PROTECT, related_name="locks")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school_class", "moment", "part", "column"], name="one_lock_a_column"
            ),
        ]


guard(ColumnLock)


class CaseState(models.TextChoices):
    """See ``states.py`` for the transitions."""

    REQUESTED = "requested", "Chờ duyệt"
    GRANTED = "granted", "Đã cho phép, chưa mở"
    IN_FORCE = "in_force", "Đang mở"
    CLOSED = "closed", "Đã khóa lại"
    REFUSED = "refused", "Không cho phép"
    WITHDRAWN = "withdrawn", "Đã rút"


class UnlockCase(models.Model):
    """Who wants to change which locked cells, why, until when; who allowed it; how it ended."""

    number = models.CharField(max_length=40, unique=True)  # MK-2025-79000201-0007
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="unlock_cases")
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="unlock_cases")
    school_year = models.CharField(max_length=9)
    part = models.CharField(max_length=40)
    moment = models.CharField(max_length=4)
    columns = models.JSONField(default=list, blank=True)  # empty: all
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="unlock_requests")
    requested_role = models.CharField(max_length=20)
    requested_at = models.DateTimeField()
    why = models.CharField(max_length=1000)  # what is wrong and how it came about
    minutes = models.TextField(max_length=4000)  # what the minutes say shall be changed
    until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.REQUESTED)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="unlock_decisions"
    )
    decided_role = models.CharField(max_length=20, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=500, blank=True)
    #: The managing level has to agree, because a sheet with these cells was issued.
    needs_manager = models.BooleanField(default=False)
    agreed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="unlock_agreements"
    )
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreement_note = models.CharField(max_length=500, blank=True)
    #: The signed minutes have to be here before the cells open.
    needs_minutes = models.BooleanField(default=True)
    in_force_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)
    end_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            models.Index(fields=["school", "state"]),
            models.Index(fields=["school_class", "state"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="unlock_two_people",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True)
                | (~Q(agreed_by=F("requested_by")) & ~Q(agreed_by=F("decided_by"))),
                name="unlock_manager_is_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_force")
                | (
                    Q(decided_by__isnull=False)
                    & Q(in_force_at__isnull=False)
                    & (Q(needs_manager=False) | Q(agreed_by__isnull=False))
                ),
                name="unlock_in_force_was_allowed",
            ),
        ]


_FIXED = (
    *("number", "school_id", "school_class_id", "part", "moment", "requested_by_id", "requested_at"),
    *("why", "minutes", "school_year", "requested_role"),
)
_ILLEGAL_STEP = """
    OLD.state IN ('closed', 'refused', 'withdrawn')
    OR (OLD.state = 'requested' AND NEW.state NOT IN ('requested', 'granted', 'refused', 'withdrawn'))
    OR (OLD.state = 'granted' AND NEW.state NOT IN ('granted', 'in_force', 'refused', 'withdrawn', 'closed'))
    OR (OLD.state = 'in_force' AND NEW.state NOT IN ('in_force', 'closed'))
    OR NEW.until > OLD.until OR (OLD.state <> 'requested' AND NEW.until <> OLD.until)
    OR (OLD.state <> 'requested' AND (NEW.needs_manager <> OLD.needs_manager
        OR NEW.needs_minutes <> OLD.needs_minutes))
    OR (OLD.decided_by_id IS NOT NULL AND (NEW.decided_by_id IS NULL
        OR NEW.decided_by_id <> OLD.decided_by_id))
    OR (OLD.agreed_by_id IS NOT NULL AND (NEW.agreed_by_id IS NULL
        OR NEW.agreed_by_id <> OLD.agreed_by_id))
    OR (NEW.state = 'in_force' AND NEW.needs_minutes
        AND NOT EXISTS (SELECT 1 FROM periods_caseminutes m WHERE m.case_id = NEW.id))
"""
_CASE_RULE = " OR ".join([*(f"NEW.{name} <> OLD.{name}" for name in _FIXED), _ILLEGAL_STEP])

# A case moves only as states.py says; what was asked for stays as it was asked.
guard(
    UnlockCase,
    update_when=Condition(_CASE_RULE, _CASE_RULE),
    insert_when="NEW.state <> 'requested' OR NEW.decided_by_id IS NOT NULL OR NEW.agreed_by_id IS NOT NULL",
)


class UnlockCell(models.Model):
    """Which cells a case is about: a column (empty: all) of a pupil (none: the whole class)."""

    case = models.ForeignKey(UnlockCase, on_delete=models.PROTECT, related_name="cells")
    column = models.CharField(max_length=40, blank=True, db_column="col")
    enrolment = models.ForeignKey(
        Enrolment, null=True, blank=True, on_delete=models.PROTECT, related_name="unlock_cells"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "enrolment", "column"], name="one_unlock_cell"),
            models.UniqueConstraint(
                fields=["case", "column"], condition=Q(enrolment__isnull=True), name="one_unlock_column"
            ),
        ]


# Nobody widens a case after it was asked for.
_DECIDED = "EXISTS (SELECT 1 FROM periods_unlockcase k WHERE k.id = NEW.case_id AND k.state <> 'requested')"
guard(UnlockCell, insert_when=Condition(_DECIDED, _DECIDED))


class MinutesFile(models.Model):
    """Bytes of signed minutes, found by their SHA-256."""

    digest = models.CharField(max_length=64, primary_key=True)
    media_type = models.CharField(max_length=20)
    content = models.BinaryField()
    created_at = models.DateTimeField()


guard(MinutesFile)


class CaseMinutes(models.Model):
    """Signed minutes that somebody put to a case; a better scan is a further row."""

    case = models.ForeignKey(UnlockCase, on_delete=models.PROTECT, related_name="signed_minutes")
    file = models.ForeignKey(MinutesFile, on_delete=models.PROTECT, related_name="cases")
    name = models.CharField(max_length=120)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]


guard(CaseMinutes)


class ReviewMethod(models.TextChoices):
    BLIND = "blind", "Nhập lại từ bài, không xem điểm"
    CHECKLIST = "checklist", "Đối chiếu từng bài"


class ReviewState(models.TextChoices):
    """See ``states.py`` for the transitions."""

    ASSIGNED = "assigned", "Đã giao"
    STARTED = "started", "Đang kiểm tra"
    CONFIRMED = "confirmed", "Đã xác nhận"
    RETURNED = "returned", "Trả lại giáo viên"
    CANCELLED = "cancelled", "Đã hủy"


class Review(models.Model):
    """A check of test papers against marks: a drawn sample of one class, part, moment and test column."""

    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="reviews")
    part = models.CharField(max_length=40)
    moment = models.CharField(max_length=4)
    column = models.CharField(max_length=40, db_column="col")  # "score" | "gk" | "ck" | "retest"
    method = models.CharField(max_length=10, choices=ReviewMethod)
    checker = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    assigned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews_assigned")
    assigned_at = models.DateTimeField()
    due = models.DateField(null=True, blank=True)
    seed = models.CharField(max_length=32)  # with it anybody can draw the same sample again
    previous = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="next"
    )
    state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.ASSIGNED)
    checked = models.PositiveSmallIntegerField(default=0)  # papers compared, at the end
    mismatches = models.PositiveSmallIntegerField(default=0)
    comment = models.CharField(max_length=1000, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-assigned_at", "-id"]
        indexes = [models.Index(fields=["school_class", "state"]), models.Index(fields=["checker", "state"])]


guard(
    Review,
    update_when="OLD.state IN ('confirmed', 'returned', 'cancelled') OR NEW.seed <> OLD.seed",
)


class ReviewItem(models.Model):
    """One paper of the sample."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="items")
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="review_items")
    order = models.PositiveSmallIntegerField()
    #: What the checker found on the paper, canonical text; "-" = there is no paper.
    paper = models.CharField(max_length=4, blank=True)
    agrees = models.BooleanField(null=True)  # check list: ticked; blind: computed at the end
    #: What the system held when the review ended: the comparison stays as it was.
    recorded = models.CharField(max_length=4, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["review", "enrolment"], name="once_in_a_sample")]


_ENDED = """EXISTS (SELECT 1 FROM periods_review r WHERE r.id = OLD.review_id
    AND r.state IN ('confirmed', 'returned', 'cancelled'))"""
guard(ReviewItem, update_when=Condition(_ENDED, _ENDED))
