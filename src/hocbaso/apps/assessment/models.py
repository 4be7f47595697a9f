"""What teachers entered, by moment; every change leaves a line that nobody can take away."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment

#: A locked row may only be unlocked (which needs a case); its content cannot change while it is locked.
_LOCKED = {"update_when": "OLD.locked AND NEW.locked", "delete_when": "OLD.locked"}


class Moment(models.TextChoices):
    """When a result was given.

    Primary: the four moments of TT 27/2020 Điều 7 (the values of ``core.regulation.programme.Moment``).
    Secondary: the two semesters. Both: the re-assessment in summer.
    """

    MID_ONE = "ghk1", "Giữa học kỳ I"
    END_ONE = "chk1", "Cuối học kỳ I"
    MID_TWO = "ghk2", "Giữa học kỳ II"
    YEAR_END = "cn", "Cuối năm học"
    TERM_ONE = "hk1", "Học kỳ I"
    TERM_TWO = "hk2", "Học kỳ II"
    SUMMER = "he", "Đánh giá lại trong hè"


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


#: Columns of a secondary mark page in their order: ĐĐGtx 1 to 6, ĐĐGgk, ĐĐGck.
REGULAR_COLUMNS = ("tx1", "tx2", "tx3", "tx4", "tx5", "tx6")
MARK_COLUMNS = (*REGULAR_COLUMNS, "gk", "ck")


class SubjectMarks(models.Model):
    """Secondary (TT 22/2021): marks and comment of one pupil in one subject in one semester, or the re-test.

    A mark is canonical text as ``core.regulation.tt22.read_mark`` gives it: "7.5", "10", "Đ", "CĐ", "V"
    (absent), "M" (exempt), "" (none).
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="subject_marks")
    subject_code = models.CharField(max_length=40)
    moment = models.CharField(max_length=4, choices=Moment)  # hk1 | hk2 | he
    tx1 = models.CharField(max_length=4, blank=True)
    tx2 = models.CharField(max_length=4, blank=True)
    tx3 = models.CharField(max_length=4, blank=True)
    tx4 = models.CharField(max_length=4, blank=True)
    tx5 = models.CharField(max_length=4, blank=True)
    tx6 = models.CharField(max_length=4, blank=True)
    gk = models.CharField(max_length=4, blank=True)
    ck = models.CharField(max_length=4, blank=True)
    retest = models.CharField(max_length=4, blank=True)  # only at "he"
    comment = models.CharField(max_length=500, blank=True)
    exempt_reason = models.CharField(max_length=200, blank=True)
    #: What the workbook gave as ĐTBmhk: compared with the rule and shown, never used as the result.
    stated = models.CharField(max_length=4, blank=True)
    #: Result of the semester at the sending school (domain A4), with that school's name.
    carried = models.CharField(max_length=4, blank=True)
    carried_school = models.CharField(max_length=200, blank=True)
    #: The year's result where the rules give none (domain A4), decided by the principal; stands at "hk2".
    decided = models.CharField(max_length=4, blank=True)
    decided_reason = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    locked = models.BooleanField(default=False)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=200)
    source = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "moment", "subject_code"], name="one_row_of_marks_a_subject"
            ),
            models.CheckConstraint(condition=models.Q(moment__in=["hk1", "hk2", "he"]), name="marks_moment"),
        ]


guard(SubjectMarks, **_LOCKED)


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
    conduct_1 = models.CharField(max_length=8, blank=True)  # rèn luyện HKI: Tốt | Khá | Đạt | Chưa đạt
    conduct_2 = models.CharField(max_length=8, blank=True)
    conduct_summer = models.CharField(max_length=8, blank=True)  # after training in summer (Điều 13)
    awards = models.CharField(max_length=500, blank=True)  # other awards, one a line
    certificates = models.CharField(max_length=500, blank=True)
    contests = models.CharField(max_length=500, blank=True)
    discipline = models.CharField(max_length=500, blank=True)
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


class PupilProgramme(models.Model):
    """What one pupil studies that the class does not decide: electives, topics, an individual plan.

    Every change stands in :class:`ResultChange` as ``programme:<field>``.
    """

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="programme")
    electives = models.JSONField(default=list, blank=True)  # subject codes chosen of the nine (THPT)
    topics = models.JSONField(default=list, blank=True)  # subject codes with a cụm chuyên đề
    optional = models.JSONField(default=list, blank=True)  # tiếng dân tộc thiểu số, ngoại ngữ 2
    individual_plan = models.BooleanField(default=False)  # kế hoạch giáo dục cá nhân (disability)
    plan_note = models.CharField(max_length=300, blank=True)
    decision = models.CharField(max_length=120, blank=True)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=200)


class ProgrammeAdjustment(models.Model):
    """The school's own choice within the law for a grade and subject in a year, with its reason."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="programme_adjustments")
    school_year = models.CharField(max_length=9)
    grade = models.PositiveSmallIntegerField()
    subject_code = models.CharField(max_length=40)
    periods = models.PositiveSmallIntegerField(null=True, blank=True)
    #: None: as the programme says; True: the whole grade studies it; False: not offered (electives).
    enabled = models.BooleanField(null=True)
    #: Columns of regular marks (ĐĐGtx) that the page offers, up to six; empty: as the circular asks.
    regular_columns = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300)
    decision = models.CharField(max_length=120, blank=True)
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "school_year", "grade", "subject_code"], name="one_adjustment_a_subject"
            ),
            models.CheckConstraint(
                condition=models.Q(regular_columns__isnull=True) | models.Q(regular_columns__range=(1, 6)),
                name="adjusted_columns",
            ),
        ]


class CommentTemplate(models.Model):
    """A sentence of the comment bank: a person's own, or the whole school's."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="comment_bank")
    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="comment_bank"
    )  # none: the school's
    subject_code = models.CharField(max_length=40, blank=True)  # empty: any page
    code = models.CharField(max_length=12)  # what the teacher types: "T1"
    text = models.CharField(max_length=500)  # may hold {ten} (given name), {ho_ten}, {mon}, {muc}
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "owner", "subject_code", "code"], name="one_comment_code"
            ),
            models.UniqueConstraint(  # a missing owner equals no other for the rule above
                fields=["school", "subject_code", "code"],
                condition=models.Q(owner__isnull=True),
                name="one_school_comment_code",
            ),
        ]


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
    case_number = models.CharField(max_length=40, blank=True)  # the unlock case it was made under

    class Meta:
        indexes = [models.Index(fields=["enrolment", "field"])]


guard(ResultChange)
