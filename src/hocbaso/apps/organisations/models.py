"""Units of the sector with the time in which each fact was true."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q


class Kind(models.TextChoices):
    MINISTRY = "bo", "Bộ Giáo dục và Đào tạo"
    DEPARTMENT = "so", "Sở Giáo dục và Đào tạo"
    DISTRICT_OFFICE = "phong", "Phòng Giáo dục và Đào tạo"  # until 30/06/2025, kept for history
    COMMUNE = "xa", "Ủy ban nhân dân cấp xã"
    SCHOOL = "truong", "Trường"


class Level(models.TextChoices):
    """Cấp học of a school; a multi-level school has several."""

    KINDERGARTEN = "mam_non", "Mầm non"
    PRIMARY = "tieu_hoc", "Tiểu học"
    LOWER_SECONDARY = "thcs", "Trung học cơ sở"
    UPPER_SECONDARY = "thpt", "Trung học phổ thông"
    CONTINUING = "gdtx", "Giáo dục thường xuyên"


class Ownership(models.TextChoices):
    PUBLIC = "public", "Công lập"
    PRIVATE = "private", "Tư thục"


def valid_on(day: date) -> Q:
    """Rows with ``valid_from``/``valid_to`` (both inclusive) that hold on ``day``."""
    return Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day))


class Organisation(models.Model):
    """One unit. Where it lies (codes) and who manages it are different facts."""

    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=200)
    levels = models.JSONField(default=list, blank=True)  # of Level, for schools
    ownership = models.CharField(max_length=8, choices=Ownership, default=Ownership.PUBLIC)
    province_code = models.CharField(max_length=2, blank=True)
    commune_code = models.CharField(max_length=5, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="organisation_dates",
            ),
        ]
        indexes = [models.Index(fields=["kind", "province_code", "commune_code"])]

    def __str__(self) -> str:
        return self.name

    @property
    def is_school(self) -> bool:
        return self.kind == Kind.SCHOOL


class Management(models.Model):
    """Who manages a unit, from when to when."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="managements")
    manager = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="managed")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    decision = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(valid_to__isnull=True), name="one_present_manager"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="management_dates",
            ),
        ]


class FormerName(models.Model):
    """A name that a unit no longer bears (the year sheet shows the school with its history)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="former_names")
    name = models.CharField(max_length=200)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField()
    decision = models.CharField(max_length=200, blank=True)


class DatedSetting(models.Model):
    """A choice of policy of a unit, with its time and legal basis; the nearest unit above decides."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="settings")
    key = models.CharField(max_length=60)
    value = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    legal_basis = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "key", "valid_from"], name="one_setting_a_day"),
        ]
