"""Pupils, their classes and enrolment."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation


class SchoolClass(models.Model):
    """One class of one school in one school year."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="classes")
    school_year = models.CharField(max_length=9)
    name = models.CharField(max_length=20)
    grade = models.PositiveSmallIntegerField()
    campus = models.CharField(max_length=120, blank=True)  # điểm trường, where the school has several
    closed_on = models.DateField(null=True, blank=True)  # the class was dissolved in mid-year

    class Meta:
        ordering = ["grade", "name"]
        constraints = [
            models.UniqueConstraint(fields=["school", "school_year", "name"], name="one_class_name_a_year"),
        ]

    def __str__(self) -> str:
        return self.name


class Photo(models.Model):
    """A 3×4 portrait, found by the SHA-256 of its bytes; never changed, only replaced by another."""

    digest = models.CharField(max_length=64, primary_key=True)
    media_type = models.CharField(max_length=20)
    content = models.BinaryField()
    created_at = models.DateTimeField()


guard(Photo)


class IdentityState(models.TextChoices):
    """States of the check against the population database (domain 2.4)."""

    NO_NUMBER = "no_number", "Chưa có số định danh"
    NOT_SENT = "not_sent", "Chưa gửi xác thực"
    SENT = "sent", "Đang xác thực"
    VERIFIED = "verified", "Đã xác thực"
    MISMATCH = "mismatch", "Sai lệch"
    NOT_FOUND = "not_found", "Không tìm thấy"
    MULTIPLE = "multiple", "Nhiều kết quả"
    ERROR = "error", "Lỗi kết nối"
    REVERIFY = "reverify", "Cần xác thực lại"


class Pupil(models.Model):
    """The pupil's file. Values are as the school gave them (NFC); nothing is corrected in silence."""

    code = models.CharField(max_length=20, unique=True)  # mã học sinh, opaque
    full_name = models.CharField(max_length=120)
    sort_key = models.CharField(max_length=400, blank=True)  # Vietnamese order: given name first
    birth_date = models.CharField(max_length=10)  # ISO, possibly only year or month
    sex = models.CharField(max_length=3)
    ethnic_group = models.CharField(max_length=40, blank=True)
    religion = models.CharField(max_length=60, blank=True)
    nationality = models.CharField(max_length=60, blank=True)
    personal_number = models.CharField(max_length=12, blank=True)
    province = models.CharField(max_length=80, blank=True)  # permanent residence, as typed
    province_code = models.CharField(max_length=2, blank=True)
    commune = models.CharField(max_length=80, blank=True)
    commune_code = models.CharField(max_length=5, blank=True)
    hamlet = models.CharField(max_length=160, blank=True)
    birth_place = models.CharField(max_length=200, blank=True)
    home_town = models.CharField(max_length=200, blank=True)
    current_address = models.CharField(max_length=240, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    disability = models.CharField(max_length=80, blank=True)
    father_name = models.CharField(max_length=120, blank=True)
    father_occupation = models.CharField(max_length=80, blank=True)
    father_birth_year = models.CharField(max_length=10, blank=True)
    father_phone = models.CharField(max_length=20, blank=True)
    mother_name = models.CharField(max_length=120, blank=True)
    mother_occupation = models.CharField(max_length=80, blank=True)
    mother_birth_year = models.CharField(max_length=10, blank=True)
    mother_phone = models.CharField(max_length=20, blank=True)
    guardian_name = models.CharField(max_length=120, blank=True)
    photo = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT)
    identity_state = models.CharField(max_length=12, choices=IdentityState, default=IdentityState.NOT_SENT)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["personal_number"],
                condition=~models.Q(personal_number=""),
                name="one_pupil_a_personal_number",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name


class Enrolment(models.Model):
    """A pupil in a class in a school year."""

    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="enrolments")
    school_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="enrolments")
    status = models.CharField(max_length=40)  # text of the sector's list of twelve (domain 9.3)
    active = models.BooleanField(default=True)
    status_date = models.CharField(max_length=10, blank=True)
    order = models.PositiveSmallIntegerField(default=0)  # STT of the school's list
    register_number = models.CharField(max_length=40, blank=True)  # số đăng bộ

    class Meta:
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pupil", "school_class"], name="once_in_a_class"),
        ]


class ClassMove(models.Model):
    """A pupil changed the class within the school and year; the enrolment (and what hangs on it) stayed.

    Append-only: taking a move back is a move of its own that names the one it undoes.
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="moves")
    from_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="moves_out")
    to_class = models.ForeignKey(SchoolClass, on_delete=models.PROTECT, related_name="moves_in")
    moved_on = models.DateField()
    reason = models.CharField(max_length=300)
    decision = models.CharField(max_length=120, blank=True)
    undoes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(ClassMove)


class StatusChange(models.Model):
    """The pupil's status of the year changed (domain 9.3). Append-only."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="status_changes")
    old = models.CharField(max_length=40, blank=True)
    new = models.CharField(max_length=40)
    day = models.DateField()
    reason_code = models.CharField(max_length=2, blank=True)  # lý do thôi học 01–08
    reason = models.CharField(max_length=300, blank=True)
    decision = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]


guard(StatusChange)


class ArrivalTerm(models.TextChoices):
    """When in the year a pupil came."""

    ONE = "hk1", "Trong học kỳ I"
    TWO = "hk2", "Trong học kỳ II"
    SUMMER = "he", "Trong hè"


class Arrival(models.Model):
    """Where a pupil who came in the course of the year studied before (domain A4, A19)."""

    enrolment = models.OneToOneField(Enrolment, on_delete=models.PROTECT, related_name="arrival")
    term = models.CharField(max_length=4, choices=ArrivalTerm)
    arrived_on = models.DateField()
    source_school = models.CharField(max_length=200)
    source_code = models.CharField(max_length=20, blank=True)
    source_place = models.CharField(max_length=160, blank=True)
    from_abroad = models.BooleanField(default=False)
    papers_number = models.CharField(max_length=120)  # giấy giới thiệu chuyển trường, hồ sơ
    papers_date = models.DateField(null=True, blank=True)
    #: What the old school assessed and this school's programme does not know: [{"name", "value"}].
    unmatched = models.JSONField(default=list, blank=True)
    #: Only one semester can be assessed: the people's decision, with its reason.
    single_term_reason = models.CharField(max_length=300, blank=True)
    single_term_by = models.CharField(max_length=200, blank=True)
    single_term_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)


class RegisterSeries(models.Model):
    """How a school numbers the pupils of a level in its register (sổ đăng bộ)."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="register_series")
    level = models.CharField(max_length=12)  # tieu_hoc | thcs | thpt
    pattern = models.CharField(max_length=40)  # "{so:4}", "TH-{so}", "{nam}/{so:3}"
    first = models.PositiveIntegerField(default=1)  # where the paper register ended, plus one

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "level"], name="one_register_series_a_level"),
        ]


class RegisterEntry(models.Model):
    """A number of the register belongs to one pupil for ever, even when no longer shown. Append-only."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="register_entries")
    level = models.CharField(max_length=12)
    number = models.CharField(max_length=40)
    serial = models.PositiveIntegerField(null=True, blank=True)  # none: written by hand
    pupil = models.ForeignKey(Pupil, on_delete=models.PROTECT, related_name="register_entries")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["school", "number"], name="register_number_never_reused"),
        ]


guard(RegisterEntry)


class RollOverState(models.TextChoices):
    PREPARED = "prepared", "Phương án, chưa kết chuyển"
    APPLIED = "applied", "Đã kết chuyển"
    UNDONE = "undone", "Đã hoàn tác"


class RollOver(models.Model):
    """One roll-over of a school from a year to the next: prepared by the clerk, applied by the principal."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="roll_overs")
    from_year = models.CharField(max_length=9)
    state = models.CharField(max_length=10, choices=RollOverState, default=RollOverState.PREPARED)
    choices = models.JSONField(default=dict)  # see use_cases.plan_roll_over.Choices
    report = models.JSONField(default=dict)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    applied_by = models.CharField(max_length=200, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "from_year"],
                condition=models.Q(state="prepared"),
                name="one_prepared_roll_over",
            ),
        ]


class RollOverChange(models.Model):
    """One row that a roll-over made: what undo takes away again."""

    batch = models.ForeignKey(RollOver, on_delete=models.CASCADE, related_name="changes")
    model = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField()

    class Meta:
        ordering = ["id"]


class PhotoBatchState(models.TextChoices):
    OPEN = "open", "Đang xem lại, chưa lưu"
    CONFIRMED = "confirmed", "Đã lưu"
    CANCELLED = "cancelled", "Đã hủy"


class PhotoBatch(models.Model):
    """Portraits that somebody sent in together, from upload to confirmation."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="photo_batches")
    school_year = models.CharField(max_length=9)
    #: Only this class's pupils may be matched; empty: the whole school.
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.PROTECT, related_name="photo_batches"
    )
    state = models.CharField(max_length=10, choices=PhotoBatchState, default=PhotoBatchState.OPEN)
    saved = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]


class PhotoItemState(models.TextChoices):
    MATCHED = "matched", "Đã khớp học sinh"
    ASKED = "asked", "Cần chọn học sinh"
    REFUSED = "refused", "Không nhận"
    SKIPPED = "skipped", "Bỏ qua"


class PhotoItem(models.Model):
    """One file of a batch. The clean picture stays only until the batch is closed."""

    batch = models.ForeignKey(PhotoBatch, on_delete=models.CASCADE, related_name="items")
    name = models.CharField(max_length=160)  # the file's, numbers of persons masked
    digest = models.CharField(max_length=64)  # of the file as sent: the same file twice is one
    state = models.CharField(max_length=8, choices=PhotoItemState)
    code = models.CharField(max_length=40, blank=True)  # why it is refused, or what is asked
    message = models.CharField(max_length=400, blank=True)
    how = models.CharField(max_length=8, blank=True)  # code | number | name | chosen
    enrolment = models.ForeignKey(
        Enrolment, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    candidates = models.JSONField(default=list, blank=True)  # ids of enrolments that the name may mean
    source = models.BinaryField(default=b"")
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    frame = models.JSONField(default=list, blank=True)  # engines.images.Frame: x, y, size
    portrait = models.BinaryField(default=b"")
    warnings = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "digest"], name="a_file_once_in_a_batch"),
        ]
