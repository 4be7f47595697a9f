"""Certificates on their way into the authority register: proofs, requests, blocks, revocation answers."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common.guards import guard
from hocbaso.apps.organisations.models import Organisation


class ProofState(models.TextChoices):
    OPEN = "open", "Chờ chữ ký của người giữ khóa"
    PROVEN = "proven", "Chờ người thứ hai xác nhận"
    REGISTERED = "registered", "Đã đăng ký"
    REFUSED = "refused", "Không xác nhận"


class Possession(models.Model):
    """One challenge to whoever holds a key, and what came of it (trust.md section 2)."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    holder = models.ForeignKey(  # None: the school's seal
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="possessions"
    )
    certificate = models.ForeignKey("signing.Certificate", on_delete=models.PROTECT)
    #: Exactly the bytes that are signed: school, holder, certificate, seats, random value, end.
    challenge = models.TextField()
    seats = models.JSONField(default=list)  # of [role, class, school year, subject]
    family = models.CharField(max_length=20)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=12, choices=ProofState, default=ProofState.OPEN)
    proven_at = models.DateTimeField(null=True, blank=True)
    value_digest = models.CharField(max_length=64, blank=True)  # of the value that was taken
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_possessions"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["school", "state"])]


class CertificateBlock(models.Model):
    """A certificate that this node lets sign nothing any more (lost token), whatever its issuer says yet."""

    certificate = models.OneToOneField("signing.Certificate", on_delete=models.PROTECT, related_name="block")
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()


guard(CertificateBlock)


class RevocationNote(models.Model):
    """The provider's last answer about a certificate; lists read this, whoever signs asks again."""

    certificate = models.OneToOneField(
        "signing.Certificate", on_delete=models.PROTECT, related_name="revocation"
    )
    state = models.CharField(max_length=8)  # engines.trust.authority.Revocation
    since = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField()


class KeyAct(models.TextChoices):
    REGISTERED = "registered", "Đăng ký"
    ENDED = "ended", "Kết thúc"
    REVOKED = "revoked", "Thu hồi"


class KeyEvent(models.Model):
    """What happened to a certificate at a school, and where the public log says so."""

    certificate = models.ForeignKey("signing.Certificate", on_delete=models.PROTECT)
    school = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    act = models.CharField(max_length=12, choices=KeyAct)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    log = models.CharField(max_length=20)
    log_index = models.BigIntegerField()


guard(KeyEvent)


class RequestKind(models.TextChoices):
    NEW = "new", "Cấp mới"
    RENEW = "renew", "Gia hạn"
    CHANGE = "change", "Thay đổi nội dung"
    REVOKE = "revoke", "Thu hồi"


class LineState(models.TextChoices):
    DRAFT = "draft", "Soạn"
    SENT = "sent", "Đã gửi"
    ISSUED = "issued", "Nơi cấp đã làm"
    REGISTERED = "registered", "Đã đăng ký"
    REFUSED = "refused", "Nơi cấp từ chối"
    WITHDRAWN = "withdrawn", "Đã rút"


class CertificateRequest(models.Model):
    """One letter of a school to an issuer of certificates, with its list of people."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    number = models.CharField(max_length=24, unique=True)  # CTS-2026-0001
    kind = models.CharField(max_length=8, choices=RequestKind)
    family = models.CharField(max_length=20)  # "vgca" | "public"
    reason = models.CharField(max_length=300)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    dispatch = models.CharField(max_length=80, blank=True)  # number of the letter in the school's register
    sent_at = models.DateTimeField(null=True, blank=True)


class RequestLine(models.Model):
    """One person (or the seal) of a request; ``state`` follows its events."""

    request = models.ForeignKey(CertificateRequest, on_delete=models.PROTECT, related_name="lines")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)  # None: the seal
    name = models.CharField(max_length=200)
    post = models.CharField(max_length=200)
    certificate = models.ForeignKey(
        "signing.Certificate", null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    state = models.CharField(max_length=12, choices=LineState, default=LineState.DRAFT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "user"], name="once_in_a_request"),
        ]


class RequestEvent(models.Model):
    """A step of one line: what, when, by whom."""

    line = models.ForeignKey(RequestLine, on_delete=models.PROTECT, related_name="events")
    state = models.CharField(max_length=12, choices=LineState)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]


guard(RequestEvent)
