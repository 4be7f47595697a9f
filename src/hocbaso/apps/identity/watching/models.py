"""The roll-up: what a school's files say, counted. Derived; every row can be made again from the source."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.identity.states import FAILED
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState
from hocbaso.engines.population import FIELDS


class Who(models.TextChoices):
    PUPILS = "pupils", "Học sinh"
    STAFF = "staff", "Cán bộ, giáo viên"


#: The columns of a figure that are numbers of people: all, each state, and who differs in which field.
STATES: tuple[str, ...] = tuple(state.value for state in IdentityState)
DIFFERS: dict[str, str] = {name: f"differs_{name}" for name in FIELDS}
NUMBERS: tuple[str, ...] = ("total", *STATES, *DIFFERS.values())
#: States whose files somebody must look into; the oldest of them is what "open longest" means.
OPEN_STATES: tuple[str, ...] = tuple(state.value for state in FAILED)


class Figure(models.Model):
    """One school's people of one kind and level of schooling, counted at one moment.

    A school has at least one row a kind once it was counted, if only with zeros.
    """

    school = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="identity_figures")
    who = models.CharField(max_length=6, choices=Who)
    level = models.CharField(max_length=12, blank=True)  # of organisations.Level; "" for staff
    school_year = models.CharField(max_length=9, blank=True)  # whose classes were counted
    total = models.PositiveIntegerField(default=0)
    no_number = models.PositiveIntegerField(default=0)
    not_sent = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    verified = models.PositiveIntegerField(default=0)
    mismatch = models.PositiveIntegerField(default=0)
    not_found = models.PositiveIntegerField(default=0)
    multiple = models.PositiveIntegerField(default=0)
    error = models.PositiveIntegerField(default=0)
    reverify = models.PositiveIntegerField(default=0)
    differs_ho_ten = models.PositiveIntegerField(default=0)
    differs_ngay_sinh = models.PositiveIntegerField(default=0)
    differs_gioi_tinh = models.PositiveIntegerField(default=0)
    differs_so_dinh_danh = models.PositiveIntegerField(default=0)
    differs_thuong_tru = models.PositiveIntegerField(default=0)
    oldest = models.DateTimeField(null=True, blank=True)  # since when the oldest open case is open
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["school", "who", "level"], name="one_identity_figure")]
        indexes = [models.Index(fields=["counted_at"], name="identity_figure_age")]


class Day(models.Model):
    """How a unit (school, commune, department, ministry) stood at the last count of a day: the trend."""

    unit = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="identity_days")
    day = models.DateField()
    who = models.CharField(max_length=6, choices=Who)
    total = models.PositiveIntegerField(default=0)
    verified = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)  # differs, not found, several
    waiting = models.PositiveIntegerField(default=0)  # asked, or to be asked again
    unsent = models.PositiveIntegerField(default=0)
    no_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "who", "day"], name="one_identity_day")]
