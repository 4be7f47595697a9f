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


class CertificateKey(models.Model):
    """The public key of a certificate by its digest: one key serves one holder, whatever certificates say."""

    certificate = models.OneToOneField(
        "signing.Certificate", on_delete=models.PROTECT, primary_key=True, related_name="key"
    )
    digest = models.CharField(max_length=64, db_index=True)  # SHA-256 of the SubjectPublicKeyInfo


guard(CertificateKey)


class RevocationNote(models.Model):
    """What an authority last answered about a certificate; lists read this, whoever signs asks again.

    An authority that does not answer leaves the last answer and the time since when nothing is known; a
    revocation once told stays.
    """

    certificate = models.OneToOneField(
        "signing.Certificate", on_delete=models.PROTECT, related_name="revocation"
    )
    state = models.CharField(max_length=8)  # engines.trust.authority.Revocation
    since = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    unknown_since = models.DateTimeField(null=True, blank=True)


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


class EndingState(models.TextChoices):
    OPEN = "open", "Chờ người thứ hai xác nhận"
    ENDED = "ended", "Đã kết thúc"
    REFUSED = "refused", "Không xác nhận"


class Ending(models.Model):
    """A decision that a certificate signs nothing more for a school: who asked, why, who confirmed."""

    school = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    certificate = models.ForeignKey("signing.Certificate", on_delete=models.PROTECT, related_name="endings")
    holder = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    seats = models.JSONField(default=list)  # of [role, class, school year, subject], when it was asked for
    reason = models.CharField(max_length=300)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=EndingState, default=EndingState.OPEN)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["school", "certificate"], condition=models.Q(state="open"), name="one_open_ending"
            )
        ]


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


class SchoolReadiness(models.Model):
    """The roll-up that managing levels read: one school's signers in numbers. Derived; made again at will."""

    school = models.OneToOneField(
        Organisation, on_delete=models.CASCADE, primary_key=True, related_name="certificate_figures"
    )
    required = models.PositiveIntegerField(default=0)  # people and the seal who must sign
    able = models.PositiveIntegerField(default=0)
    none = models.PositiveIntegerField(default=0)  # never registered, or ended
    lost = models.PositiveIntegerField(default=0)  # revoked or blocked
    expired = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)  # of another holder
    soon = models.PositiveIntegerField(default=0)  # ends within 30 days
    later = models.PositiveIntegerField(default=0)  # within 60 days, or before the sheets are signed
    unknown = models.PositiveIntegerField(default=0)  # nobody said lately whether it is revoked
    seal = models.BooleanField(default=False)  # the school's seal can be used
    principal = models.BooleanField(default=False)  # the principal can sign
    counted_at = models.DateTimeField(db_index=True)
