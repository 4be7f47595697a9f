"""Campaigns with every change made to them, who reached the target when, reminders, frozen results."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation


class CampaignState(models.TextChoices):
    OPEN = "open", "Đang chạy"
    CLOSED = "closed", "Đã kết thúc"
    CANCELLED = "cancelled", "Đã hủy"


class Campaign(models.Model):
    """A campaign as it stands now (đợt xác thực); how it came to be so is in :class:`CampaignAct`."""

    owner = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="identity_campaigns")
    title = models.CharField(max_length=120)
    pupils = models.BooleanField(default=True)
    staff = models.BooleanField(default=False)
    levels = models.JSONField(default=list, blank=True)  # of organisations.Level; empty: all
    units = models.JSONField(default=list, blank=True)  # codes of units below the owner; empty: all
    starts_on = models.DateField()
    deadline = models.DateField()  # the last day in time
    target = models.PositiveSmallIntegerField(default=100)  # per cent
    note = models.CharField(max_length=500, blank=True)
    reminds = models.BooleanField(default=True)  # by the rule: 7, 3, 1 days before, when late
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.OPEN)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["deadline", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(deadline__gte=F("starts_on")), name="campaign_days"),
            models.CheckConstraint(condition=Q(target__gte=1, target__lte=100), name="campaign_target"),
            models.CheckConstraint(condition=Q(pupils=True) | Q(staff=True), name="campaign_of_somebody"),
        ]
        indexes = [models.Index(fields=["state"], name="campaign_state")]

    def __str__(self) -> str:
        return self.title


class Act(models.TextChoices):
    SET = "set", "Mở đợt"
    CHANGE = "change", "Thay đổi"
    CLOSE = "close", "Kết thúc"
    CANCEL = "cancel", "Hủy"


class CampaignAct(models.Model):
    """One change of a campaign: by whom, why, and the values from then on. Append-only."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="acts")
    act = models.CharField(max_length=8, choices=Act)
    values = models.JSONField()
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(CampaignAct)


class Reached(models.Model):
    """The day on which a school was first seen at the target. Append-only: a later fall changes nothing."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="reached")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "school"], name="reached_once")]


guard(Reached)


class Result(models.Model):
    """How one school stood when the campaign was closed. Append-only."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="results")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    school_name = models.CharField(max_length=200)  # as they were called then
    manager_name = models.CharField(max_length=200, blank=True)
    numbers = models.JSONField()  # watching.models.NUMBERS
    reached_on = models.DateField(null=True, blank=True)
    counted_at = models.DateTimeField(null=True, blank=True)  # none: never counted

    class Meta:
        ordering = ["manager_name", "school_name", "id"]
        constraints = [models.UniqueConstraint(fields=["campaign", "school"], name="one_result_a_school")]


guard(Result)


class RuleRun(models.Model):
    """The rule of a campaign has sent its reminders of one step: it never does so twice."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="rule_runs")
    step = models.CharField(max_length=8)  # "7", "3", "1": days before; "+1", "+8", …: days late
    day = models.DateField()
    sent = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "step"], name="rule_once_a_step")]


class Reminder(models.Model):
    """One school was told that it lags, once on that day: a copy of what it was told stays."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="identity_reminders")
    day = models.DateField()
    sender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="reminders"
    )
    step = models.CharField(max_length=8, blank=True)  # of the rule; "" when somebody chose the school
    message = models.CharField(max_length=500, blank=True)
    facts = models.JSONField()  # {"pupils": numbers, "staff": numbers}, as the figures were
    sent_at = models.DateTimeField()
    by = models.CharField(max_length=200)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)  # nothing was left to do

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["school", "day"], name="one_reminder_a_day")]
        indexes = [
            models.Index(fields=["sender", "-id"], name="reminders_of_sender"),
            models.Index(
                fields=["school"],
                condition=Q(acknowledged_at__isnull=True, done_at__isnull=True),
                name="reminders_open",
            ),
        ]


guard(
    Reminder,
    update_when="OLD.school_id <> NEW.school_id OR OLD.day <> NEW.day OR OLD.sender_id <> NEW.sender_id "
    'OR OLD.message <> NEW.message OR OLD.sent_at <> NEW.sent_at OR OLD."by" <> NEW."by" '
    "OR OLD.acknowledged_at IS NOT NULL AND (NEW.acknowledged_at IS NULL "
    "OR NEW.acknowledged_at <> OLD.acknowledged_at OR NEW.acknowledged_by <> OLD.acknowledged_by)",
)
