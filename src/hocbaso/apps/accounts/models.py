"""Users and what they are assigned to do."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from hocbaso.apps.common.secret_field import SecretField
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState


class Role(models.TextChoices):
    """Roles that an assignment gives (domain A18). The right comes from the assignment, never the title."""

    PRINCIPAL = "hieu_truong", "Hiệu trưởng"
    DEPUTY_PRINCIPAL = "pho_hieu_truong", "Phó hiệu trưởng"
    SEAL_KEEPER = "van_thu", "Văn thư giữ con dấu"
    GROUP_HEAD = "to_truong", "Tổ trưởng chuyên môn"
    GROUP_DEPUTY = "to_pho", "Tổ phó chuyên môn"
    HOMEROOM = "gvcn", "Giáo viên chủ nhiệm"
    SUBJECT_TEACHER = "gvbm", "Giáo viên dạy môn học"
    DATA_CLERK = "du_lieu", "Nhân viên dữ liệu"
    COMMUNE_OFFICER = "can_bo_xa", "Cán bộ UBND cấp xã"
    DEPARTMENT_OFFICER = "can_bo_so", "Cán bộ Sở"
    MINISTRY_OFFICER = "can_bo_bo", "Cán bộ Bộ"
    AUDITOR = "kiem_toan", "Kiểm toán viên"
    SYSTEM_ADMIN = "quan_tri", "Quản trị hệ thống"


#: Roles that sign or seal: a second factor is required.
SIGNING_ROLES = frozenset(
    {Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.HOMEROOM, Role.SUBJECT_TEACHER}
)


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """A person who signs in."""

    username = models.CharField(max_length=60, unique=True)
    full_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    totp_secret = SecretField(max_length=200, blank=True)
    totp_confirmed_at = models.DateTimeField(null=True, blank=True)
    totp_last_step = models.BigIntegerField(default=0)  # a code is taken once (RFC 6238 section 5.2)
    must_change_password = models.BooleanField(default=False)

    USERNAME_FIELD = "username"
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.full_name


class StaffMember(models.Model):
    """A member of staff in the personnel file of one school."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="staff")
    code = models.CharField(max_length=40)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="staff_records"
    )
    full_name = models.CharField(max_length=120)
    birth_date = models.CharField(max_length=10, blank=True)
    sex = models.CharField(max_length=3, blank=True)
    personal_number = models.CharField(max_length=12, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=20, blank=True)
    status = models.CharField(max_length=60, blank=True)
    position = models.CharField(max_length=80, blank=True)
    position_group = models.CharField(max_length=80, blank=True)
    subject = models.CharField(max_length=80, blank=True)
    #: Verified like the pupils' (seed 002); set through identity.states alone.
    identity_state = models.CharField(max_length=12, choices=IdentityState, default=IdentityState.NOT_SENT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="one_staff_code_a_school")
        ]


class Assignment(models.Model):
    """Who may do what, where, from when to when, and by which decision."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=20, choices=Role)
    school_year = models.CharField(max_length=9, blank=True)  # empty for posts that are not tied to a year
    school_class = models.ForeignKey(
        "pupils.SchoolClass", null=True, blank=True, on_delete=models.PROTECT, related_name="assignments"
    )
    #: Subject code of the programme; "*" = every subject of the class that nobody else is assigned to.
    subject_code = models.CharField(max_length=40, blank=True)
    group_name = models.CharField(max_length=80, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    decision_number = models.CharField(max_length=80, blank=True)
    decision_date = models.DateField(null=True, blank=True)
    decision_signer = models.CharField(max_length=120, blank=True)
    #: Designated by the principal to sign the subject where several teach it (KHTN, LS&ĐL, Nghệ thuật).
    signs = models.BooleanField(default=False)
    #: A substitute signer (domain A5): signs this subject of the class instead of the teacher of
    #: ``stands_in_for``; ``subject_code`` is then empty, so that the post enters no marks.
    sign_subject = models.CharField(max_length=40, blank=True)
    #: The post that this one stands in for, for a time (substitute teacher) or in signing.
    stands_in_for = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="stand_ins"
    )
    reason = models.CharField(max_length=200, blank=True)  # why somebody stands in or takes over

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="assignment_dates",
            ),
            models.UniqueConstraint(
                fields=["school_class"],
                condition=Q(role=Role.HOMEROOM, valid_to__isnull=True),
                name="one_homeroom_teacher_a_class",
            ),
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(role=Role.PRINCIPAL, valid_to__isnull=True),
                name="one_principal_a_school",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "role"]), models.Index(fields=["user"])]

    @property
    def decision_is_missing(self) -> bool:
        """A listed gap: an assignment ought to name the decision it rests on."""
        return not (self.decision_number and self.decision_date and self.decision_signer)


class AssignmentProposal(models.Model):
    """A post copied from last year's class: gives no right until somebody confirms it as an assignment."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="proposed_posts")
    school_class = models.ForeignKey(
        "pupils.SchoolClass", on_delete=models.PROTECT, related_name="proposed_posts"
    )
    role = models.CharField(max_length=20, choices=Role)
    subject_code = models.CharField(max_length=40, blank=True)
    signs = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school_class", "role", "subject_code", "user"], name="one_proposal_a_post"
            ),
        ]


class SignInAttempt(models.Model):
    """For throttling: failures by account and by address (an address is kept hashed)."""

    username = models.CharField(max_length=60)
    address = models.CharField(max_length=64)
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["username", "at"]), models.Index(fields=["address", "at"])]
