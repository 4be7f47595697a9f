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
