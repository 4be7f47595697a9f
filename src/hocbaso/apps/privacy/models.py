"""Who looked at whom, and what left the system."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.accounts.models import StaffMember, User
from hocbaso.apps.common.guards import Condition, guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil, SchoolClass

#: No setting may delete younger rows (domain A20): the database itself refuses.
LEAST_MONTHS = 24


class ViewKind(models.TextChoices):
    """What was seen of the person."""

    FILE = "file", "Xem hồ sơ"
    LIST = "list", "Xem danh sách"
    REVEAL = "reveal", "Xem đủ số định danh"
    EXPORT = "export", "Tải dữ liệu về"


class Purpose(models.TextChoices):
    """Why somebody needs a whole number."""

    COMPARE = "doi_chieu", "Đối chiếu với giấy khai sinh hoặc thẻ căn cước"
    CORRECT = "sua_sai", "Sửa số định danh sai"
    PROCEDURE = "thu_tuc", "Làm thủ tục cho học sinh hoặc cán bộ (bảo hiểm, tuyển sinh, chuyển trường)"
    FAMILY = "gia_dinh", "Gia đình hỏi số của con"
    OTHER = "khac", "Việc khác (ghi rõ)"


class ViewEntry(models.Model):
    """One opening of one page with personal data: one person, or a list in one row. Append-only.

    ``people`` holds the ids of a list as ``,3,15,`` (staff: ``,s3,``): found with one LIKE on both databases;
    the class, where the list is one class, narrows the search by index.
    """

    at = models.DateTimeField()
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=200)
    role = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=10)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=8, choices=ViewKind)
    where = models.CharField(max_length=40)  # the page, by its short name (places.py)
    purpose = models.CharField(max_length=300, blank=True)
    pupil = models.ForeignKey(Pupil, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    school_class = models.ForeignKey(
        SchoolClass, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    people = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation", "-at"], name="view_of_school"),
            models.Index(fields=["user", "kind", "-at"], name="view_by_user"),
        ]


guard(
    ViewEntry,
    delete_when=Condition(
        sqlite=f"OLD.at > datetime('now', '-{LEAST_MONTHS} months')",
        postgresql=f"OLD.at > now() - interval '{LEAST_MONTHS} months'",
    ),
)


class Export(models.Model):
    """A file with personal data that left the system; its number stands in the file. Append-only."""

    number = models.CharField(max_length=20, unique=True)  # XD-26-7K3QF: short enough to read out
    at = models.DateTimeField()
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=200)
    role = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=10)
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    what = models.CharField(max_length=60)  # book, mark book, list, by its short name
    purpose = models.CharField(max_length=300)
    persons = models.PositiveIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of the file as it was handed out

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organisation", "-at"], name="export_of_school")]


guard(Export)
