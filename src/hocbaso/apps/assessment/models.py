"""What teachers entered, by moment; every change leaves a line that nobody can take away."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import guard
from hocbaso.apps.pupils.models import Enrolment

#: A locked row may only be unlocked (which needs a case); its content cannot change while it is locked.
_LOCKED = {"update_when": "OLD.locked AND NEW.locked", "delete_when": "OLD.locked"}


class Moment(models.TextChoices):
    """The four moments of TT 27/2020 Điều 7; the values of ``core.regulation.programme.Moment``."""

    MID_ONE = "ghk1", "Giữa học kỳ I"
    END_ONE = "chk1", "Cuối học kỳ I"
    MID_TWO = "ghk2", "Giữa học kỳ II"
    YEAR_END = "cn", "Cuối năm học"


class Entry(models.Model):
    """What subject and trait results share."""

    moment = models.CharField(max_length=4, choices=Moment)
    level = models.CharField(max_length=1, blank=True)
    version = models.PositiveIntegerField(default=1)  # for conflicts: every write counts up
    locked = models.BooleanField(default=False)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=200)
    source = models.CharField(max_length=40)  # "screen" | "import:<batch>"

    class Meta:
        abstract = True


class SubjectResult(Entry):
    """Level, test score and comment of one pupil in one subject at one moment."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="subject_results")
    subject_code = models.CharField(max_length=40)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    exempt_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "moment", "subject_code"], name="one_result_a_subject"
            ),
            models.CheckConstraint(condition=models.Q(level__in=["", "T", "H", "C"]), name="subject_level"),
            models.CheckConstraint(
                condition=models.Q(score__isnull=True) | models.Q(score__lte=10), name="subject_score"
            ),
        ]


guard(SubjectResult, **_LOCKED)


class TraitResult(Entry):
    """Level of one quality or competence."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="trait_results")
    trait_code = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "moment", "trait_code"], name="one_result_a_trait"),
            models.CheckConstraint(condition=models.Q(level__in=["", "T", "Đ", "C"]), name="trait_level"),
        ]


guard(TraitResult, **_LOCKED)


class YearRecord(models.Model):
    """What else the year sheet holds of one pupil: absences, body, comments, proposals, decisions."""

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="year_record")
    absent_excused = models.PositiveSmallIntegerField(null=True, blank=True)
    absent_unexcused = models.PositiveSmallIntegerField(null=True, blank=True)
    height_cm = models.PositiveSmallIntegerField(null=True, blank=True)
    weight_kg = models.PositiveSmallIntegerField(null=True, blank=True)
    homeroom_comment = models.CharField(max_length=500, blank=True)
    qualities_comment = models.CharField(max_length=500, blank=True)
    general_comment = models.CharField(max_length=500, blank=True)
    specific_comment = models.CharField(max_length=500, blank=True)
    #: What the workbook said; compared with the rule and shown, never used as the result.
    stated_overall = models.CharField(max_length=4, blank=True)
    stated_completed = models.BooleanField(null=True)
    stated_promoted = models.BooleanField(null=True)
    #: "Học sinh Tiêu biểu" is proposed by people (TT 27/2020 Điều 13), with the reason.
    title_proposed_by = models.CharField(max_length=200, blank=True)
    title_reason = models.CharField(max_length=300, blank=True)
    title_grounds = models.JSONField(default=list, blank=True)  # codes of subjects and traits
    #: The principal's decision for a pupil who has not completed (Điều 11 khoản 2).
    promoted_by_principal = models.BooleanField(null=True)
    promotion_reason = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)
    locked = models.BooleanField(default=False)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=200)
    source = models.CharField(max_length=40)


guard(YearRecord, **_LOCKED)


class ResultChange(models.Model):
    """One line of history: who changed which field of whom from what to what, and through which door."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="result_changes")
    moment = models.CharField(max_length=4, choices=Moment)
    #: "subject:toan:level", "trait:pc-yeu-nuoc:level", "record:homeroom_comment"
    field = models.CharField(max_length=80)
    old = models.CharField(max_length=500, blank=True)
    new = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    source = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["enrolment", "field"])]


guard(ResultChange)
