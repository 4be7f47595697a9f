"""A case: one pupil whose identity the school cannot settle, before the unit that has to answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil


class State(models.TextChoices):
    """See ``states.py`` for the transitions and for who must act."""

    WAITING = "waiting", "Chờ trả lời"
    ACCEPTED = "accepted", "Đã tiếp nhận, chuyển công an"
    RETURNED = "returned", "Trả lại kèm hướng dẫn"
    SOLVED = "solved", "Đã giải quyết, chờ xác thực lại"
    RECORDED = "recorded", "Đã ghi nhận đặc biệt"
    CLOSED = "closed", "Đã xác thực, khép lại"
    WITHDRAWN = "withdrawn", "Trường đã rút"


class Special(models.TextChoices):
    """Why a pupil has no number although nobody made a mistake (domain 2.4)."""

    NONE = "", "Không phải trường hợp đặc biệt"
    FOREIGNER = "foreigner", "Người nước ngoài"
    STREET_CHILD = "street_child", "Trẻ em lang thang, không nơi cư trú ổn định"
    NO_BIRTH_RECORD = "no_birth_record", "Chưa đăng ký khai sinh"
    OTHER = "other", "Lý do khác, ghi ở phần trình bày"


class Case(models.Model):
    """The case as it stands; what was said and done about it are its messages."""

    number = models.CharField(max_length=40, unique=True)  # KN-2025-79000101-0007
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="escalations")
    school_year = models.CharField(max_length=9)
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="escalations")
    class_name = models.CharField(max_length=20)
    special = models.CharField(max_length=16, choices=Special, blank=True, default=Special.NONE)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    #: The managing unit that has it, or had it last.
    holder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="held_escalations")
    #: The holder's term; none while the holder has nothing to do.
    due_on = models.DateField(null=True, blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="escalations")
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["opened_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pupil"],
                condition=~Q(state__in=["closed", "withdrawn"]),
                name="one_open_escalation_a_pupil",
            ),
            models.CheckConstraint(
                condition=Q(due_on__isnull=True) | Q(state__in=["waiting", "accepted"]),
                name="escalation_clock_of_the_holder",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=False, state__in=["closed", "withdrawn"])
                | (Q(closed_at__isnull=True) & ~Q(state__in=["closed", "withdrawn"])),
                name="escalation_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["school", "state"], name="escalation_of_school"),
            models.Index(fields=["holder", "state"], name="escalation_of_holder"),
        ]


_FIXED = ("number", "school_id", "school_year", "pupil_id", "special", "opened_by_id", "opened_at")
guard(
    Case,
    update_when=" OR ".join(
        [*(f"NEW.{name} <> OLD.{name}" for name in _FIXED), "OLD.state IN ('closed', 'withdrawn')"]
    ),
    insert_when="NEW.state <> 'waiting'",
)


class Act(models.TextChoices):
    """What a message did."""

    OPENED = "opened", "Gửi kiến nghị"
    REPLY = "reply", "Trao đổi"
    ACCEPTED = "accepted", "Tiếp nhận, chuyển công an"
    RETURNED = "returned", "Trả lại kèm hướng dẫn"
    SOLVED = "solved", "Báo đã giải quyết"
    PASSED_ON = "passed_on", "Chuyển lên cấp trên"
    RECORDED = "recorded", "Ghi nhận trường hợp đặc biệt"
    EXTENDED = "extended", "Gia hạn trả lời"
    RESUBMITTED = "resubmitted", "Gửi lại kiến nghị"
    WITHDRAWN = "withdrawn", "Rút kiến nghị"
    CLOSED = "closed", "Khép lại vì đã xác thực"


class Message(models.Model):
    """One act on a case, with its words. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    act = models.CharField(max_length=12, choices=Act)
    text = models.CharField(max_length=2000, blank=True)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40, blank=True)
    unit = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    to_unit = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)  # the term that the act set
    #: What lay before the unit: see use_cases.open_case.evidence_of. Never a register's value or a number.
    evidence = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]


guard(Message)
