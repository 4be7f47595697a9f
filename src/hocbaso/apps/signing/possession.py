"""Registering a certificate by proof that its key is held: challenge, answer, the second person.

The challenge names the school, the holder, the certificate and the seats; it lives ten minutes and is taken
once. What is registered is what it names, whatever the page says afterwards.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import transaction
from django.db.models import F

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Role, StaffMember, User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.queries import setting
from hocbaso.apps.signing.authority import register_seats, revocation_of
from hocbaso.apps.signing.certificate_models import Possession, ProofState
from hocbaso.apps.signing.families import check_family
from hocbaso.apps.signing.key_events import hold_log
from hocbaso.apps.signing.models import Certificate
from hocbaso.apps.signing.ports import KeyProvider, key_provider
from hocbaso.apps.signing.register import check_holder, digest_of, store
from hocbaso.apps.signing.seats import Place, must_sign
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import check_certificate_for_signing
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.path_rules import Purpose
from hocbaso.engines.trust.paths import PathChecker, PathState
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.possession import Challenge, check_answer, require_legible

register(
    {
        "certificate_not_trusted": (
            "Chứng thư số này không do Ban Cơ yếu Chính phủ hay một CA công cộng được cấp phép phát hành. "
            "Thầy cô chọn chứng thư số khác.",
            "No trusted authority stands behind the certificate.",
        ),
        "certificate_no_seat": (
            "{name} hiện không có phân công nào cần ký ở trường. Phân công trước rồi đăng ký chứng thư số.",
            "{name} has no post that signs.",
        ),
        "certificate_not_yours": (
            "Thầy cô chỉ đăng ký chứng thư số của mình. Nhân viên dữ liệu hoặc hiệu trưởng đăng ký giúp "
            "đồng nghiệp.",
            "Only the clerk or the principal registers for others.",
        ),
        "possession_over": (
            "Chuỗi thử thách này đã dùng, đã hết hạn hoặc sai quá nhiều lần. Thầy cô bắt đầu lại để có "
            "chuỗi mới.",
            "The challenge is used, expired or was failed too often.",
        ),
        "possession_not_waiting": (
            "Hồ sơ đăng ký này không còn chờ xác nhận.",
            "The proof does not wait for a confirmation.",
        ),
        "possession_waited_too_long": (
            "Hồ sơ này chờ xác nhận quá {days} ngày. Người giữ khóa đăng ký lại để có chữ ký mới.",
            "The proof has waited for more than {days} days.",
        ),
        "possession_seats_changed": (
            "Phân công của {name} đã thay đổi từ khi bắt đầu đăng ký. Thầy cô đăng ký lại theo phân công "
            "hiện nay.",
            "The posts of {name} have changed since the proof began.",
        ),
        "possession_too_many": (
            "Thầy cô vừa bắt đầu {n} lần đăng ký. Hãy làm xong hoặc chờ mười phút rồi bắt đầu lại.",
            "{n} challenges were begun within ten minutes.",
        ),
        "possession_not_here": (
            "Máy chủ chỉ ký thay thiết bị khi chính người giữ khóa đang dùng tài khoản của mình. "
            "Thầy cô ký chuỗi thử thách bằng thiết bị rồi gửi chữ ký.",
            "Only the holder signs with a key that this node keeps.",
        ),
        "certificate_number_twice": (
            "Số định danh của {name} cũng đứng ở hồ sơ của người khác trong trường. Sửa hồ sơ cán bộ cho "
            "đúng rồi đăng ký chứng thư số.",
            "The personal number of {name} is in somebody else's staff file too.",
        ),
        "possession_refusal_needs_reason": (
            "Ghi lý do không xác nhận để người đăng ký biết phải làm gì.",
            "A refusal needs a reason.",
        ),
    }
)

LIVES = timedelta(minutes=10)
#: How long a proof waits for the second person; posts, numbers and certificates change.
WAITS = timedelta(days=14)
_TRIES = 5
_MOST = 20  # challenges that one person begins within their ten minutes


@transaction.atomic
def begin(
    actor: Actor, school: Organisation, holder: User | None, certificate: x509.Certificate
) -> Possession:
    """Check the certificate as far as that goes without its key, and ask for a signature.

    :param holder: whose certificate it is; None: the school's seal.
    :raises NotAllowed: policy ``certificates.prove``.
    :raises DomainError: ``certificate_not_yours``, ``certificate_no_seat``, ``certificate_not_trusted``,
        ``certificate_family``, ``certificate_of_another``, ``certificate_blocked``,
        ``certificate_number_twice``, ``possession_too_many``, and those of
        ``check_certificate_for_signing``.
    """
    require(actor, "certificates.prove", school)
    assert actor.user is not None
    require_legible(certificate)
    if not _may_bring(actor, holder):
        raise DomainError("certificate_not_yours")
    places = places_of(school, holder)
    name = holder.full_name if holder else school.name
    if not places:
        raise DomainError("certificate_no_seat", name=name)
    now = clock.now()
    family = _check(school, holder, certificate, places, now)
    begun = Possession.objects.filter(started_by=actor.user, started_at__gt=now - LIVES)
    if begun.count() >= _MOST:
        raise DomainError("possession_too_many", n=_MOST)
    row = store(certificate, family)
    expires = (now + LIVES).replace(microsecond=0)
    challenge = Challenge(
        node=settings.HOCBASO_PUBLIC_URL,
        school=school.code,
        holder=holder.username if holder else "",
        certificate=row.digest,
        seats=[str(place) for place in places],
        nonce=secrets.token_hex(32),
        expires=expires,
    )
    return Possession.objects.create(
        school=school,
        holder=holder,
        certificate=row,
        challenge=challenge.text(),
        seats=[place.as_list() for place in places],
        family=family,
        started_by=actor.user,
        started_at=now,
        expires_at=expires,
    )


def _may_bring(actor: Actor, holder: User | None) -> bool:
    if holder is None:
        return actor.role in (Role.SEAL_KEEPER, Role.PRINCIPAL, Role.DATA_CLERK)
    return holder == actor.user or actor.role in (Role.DATA_CLERK, Role.PRINCIPAL)


def places_of(school: Organisation, holder: User | None) -> list[Place]:
    """The seats of somebody today, sorted. Two queries."""
    wanted = holder.pk if holder else None
    lines = must_sign([school], clock.today())
    return sorted(p for line in lines if (line.user.pk if line.user else None) == wanted for p in line.places)


def owner_of(school: Organisation, holder: User | None) -> str:
    """What the certificate must name: the staff file's personal number, or the account where the file has
    none; the school's code for its seal."""
    if holder is None:
        return school.code
    staff = StaffMember.objects.filter(organisation=school, user=holder).first()
    return (staff.personal_number if staff else "") or holder.username


def _check(
    school: Organisation,
    holder: User | None,
    certificate: x509.Certificate,
    places: list[Place],
    now: datetime,
) -> str:
    """Everything but the key. Asks the provider about revocation now.

    :returns: the family of the anchor that stands behind it.
    """
    provider = key_provider()
    family = family_of(provider, certificate, now)  # first: a stranger's certificate names no address to ask
    owner = owner_of(school, holder)
    answer = revocation_of(certificate, now)
    check_certificate_for_signing(certificate, now, answer, registered_to=owner, seal=holder is None)
    twins = StaffMember.objects.filter(organisation=school, personal_number=owner, user__isnull=False)
    if holder is not None and twins.exclude(user=holder).exists():
        raise DomainError("certificate_number_twice", name=holder.full_name)
    for role in sorted({place.role for place in places}):
        check_family(family, role, school.ownership, clock.today())
    check_holder(certificate, holder)
    return family


#: What the path itself says; revocation of the certificate was asked above, from the provider.
_ABOUT_REVOCATION = (PathState.OK, PathState.REVOCATION_UNKNOWN)


def family_of(provider: KeyProvider, certificate: x509.Certificate, now: datetime) -> str:
    """The family of the trusted root behind a certificate.

    :raises DomainError: ``certificate_not_trusted``.
    """
    trust = provider.trust()
    bundle = TrustBundle(
        created=now,
        as_of=now,
        anchors=tuple(Anchor.of(a.certificate, a.family, a.environment) for a in trust.anchors),
        intermediates=tuple(c.public_bytes(Encoding.DER) for c in trust.intermediates),
        crls=trust.crls,
    )
    result = PathChecker(bundle).check(certificate.public_bytes(Encoding.DER), now, Purpose.SIGN)
    if result.state not in _ABOUT_REVOCATION or result.family is None:
        raise DomainError("certificate_not_trusted")
    return result.family


def answer(actor: Actor, case: Possession, value: bytes) -> Possession:
    """Take the holder's signature of the challenge: once, in time, by that key and nothing else.

    A wrong value counts and is remembered; the certificate is checked anew, as it may have been revoked
    meanwhile.

    :raises NotAllowed: policy ``certificates.prove``.
    :raises DomainError: ``possession_over``, ``possession_not_shown``, ``possession_seats_changed``, and
        those of :func:`begin`.
    """
    require(actor, "certificates.prove", case.school)
    now = clock.now()
    with transaction.atomic():  # a wrong value stays counted, whatever is raised below
        taken = Possession.objects.filter(
            pk=case.pk, state=ProofState.OPEN, expires_at__gt=now, attempts__lt=_TRIES, started_by=actor.user
        ).update(attempts=F("attempts") + 1)
    if not taken:
        raise DomainError("possession_over")
    certificate = x509.load_der_x509_certificate(bytes(case.certificate.der))
    check_answer(certificate, case.challenge.encode(), value)
    return _proven(actor, case, value, now)


def _again(case: Possession) -> None:
    """What was true when the proof began must be true still: posts, number, certificate, holder of the key.

    Two registrations of one key wait for each other on its certificate's row.
    """
    row = Certificate.objects.select_for_update(no_key=True).get(pk=case.certificate_id)
    places = [Place(*seat) for seat in case.seats]
    if not set(places) <= set(places_of(case.school, case.holder)):
        raise DomainError("possession_seats_changed", name=_name(case))
    certificate = x509.load_der_x509_certificate(bytes(row.der))
    _check(case.school, case.holder, certificate, places, clock.now())


def _name(case: Possession) -> str:
    return case.holder.full_name if case.holder else case.school.name


@transaction.atomic
def _proven(actor: Actor, case: Possession, value: bytes, now: datetime) -> Possession:
    """:raises DomainError: ``possession_over``: another answer was taken meanwhile; as :func:`_again`."""
    _again(case)
    digest = hashlib.sha256(value).hexdigest()
    taken = Possession.objects.filter(pk=case.pk, state=ProofState.OPEN).update(
        state=ProofState.PROVEN, proven_at=now, value_digest=digest
    )
    if not taken:
        raise DomainError("possession_over")
    case.refresh_from_db()
    details = {"certificate": case.certificate_id, "holder": _holder(case)}
    alone = setting(case.school, "certificate_second_person") == "no"
    if alone:
        hold_log()
    record(actor, "signing.possession_proven", f"proof:{case.pk}", organisation=case.school.code, **details)
    if alone:
        _register(actor, case)
    return case


def _holder(case: Possession) -> str:
    return case.holder.username if case.holder else "con_dau"


def sign_here(case: Possession, actor: Actor | None = None) -> bytes:
    """The holder's signature from the provider that keeps the key (one click in the sandbox).

    :param actor: who clicks. Outside the sandbox the holder alone: an open session of a colleague's token
        proves nothing for whoever sits at the keyboard.
    :raises DomainError: ``possession_not_here``; ``no_key``: the provider's key is that of another
        certificate.
    """
    own = actor is not None and actor.user is not None and actor.user.pk == case.holder_id
    if not (keys_are_here() or own):
        raise DomainError("possession_not_here")
    provider, school = key_provider(), case.school
    signer = signer_for(provider, school, case.holder)
    if digest_of(signer.certificate) != case.certificate_id:
        raise DomainError("no_key", name=case.holder.full_name if case.holder else school.name)
    return signer.sign_digest(hashlib.sha256(case.challenge.encode()).digest())


def signer_for(provider: KeyProvider, school: Organisation, holder: User | None) -> Signer:
    """The provider's signer for a person or the seal. :raises DomainError: ``no_key``"""
    if holder is None:
        return provider.organisation(code=school.code, name=school.name)
    staff = StaffMember.objects.filter(organisation=school, user=holder).first()
    return provider.person(
        account=holder.username,
        name=holder.full_name,
        personal_number=staff.personal_number if staff else "",
        school_code=school.code,
        school=school.name,
    )


def keys_are_here() -> bool:
    """Whether the node's provider signs by itself (the sandbox)."""
    return bool(settings.HOCBASO_ENVIRONMENT == "thu_nghiem")


@transaction.atomic
def confirm(actor: Actor, case: Possession) -> Possession:
    """The second person: the proof becomes rows of the authority register and an entry of the public log.

    :raises NotAllowed: policy ``certificates.confirm``; :raises DomainError: ``possession_not_waiting``,
        ``possession_waited_too_long``, ``possession_seats_changed``, and those of :func:`begin` when
        something changed since the proof.
    """
    case = _waiting(actor, case)
    if case.proven_at is None or case.proven_at < clock.now() - WAITS:
        raise DomainError("possession_waited_too_long", days=WAITS.days)
    _again(case)
    _register(actor, case)
    return case


@transaction.atomic
def refuse(actor: Actor, case: Possession, reason: str) -> Possession:
    """The second person does not confirm.

    :raises NotAllowed: policy ``certificates.confirm``;
    :raises DomainError: ``possession_not_waiting``, ``possession_refusal_needs_reason``.
    """
    case = _waiting(actor, case)
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise DomainError("possession_refusal_needs_reason")
    _decide(actor, case, ProofState.REFUSED, reason)
    record(actor, "signing.possession_refused", f"proof:{case.pk}", organisation=case.school.code, why=reason)
    return case


def _waiting(actor: Actor, case: Possession) -> Possession:
    case = (
        Possession.objects.select_for_update(of=("self",))
        .select_related("school", "certificate")
        .get(pk=case.pk)
    )
    require(actor, "certificates.confirm", case)
    if case.state != ProofState.PROVEN:
        raise DomainError("possession_not_waiting")
    return case


def _decide(actor: Actor, case: Possession, state: ProofState, note: str = "") -> None:
    case.state, case.note = state, note
    case.decided_by, case.decided_at = actor.user, clock.now()
    case.save(update_fields=["state", "note", "decided_by", "decided_at"])


def _register(actor: Actor, case: Possession) -> None:
    from hocbaso.apps.signing.requests import mark_registered

    register_seats(
        actor, case.school, case.holder, case.certificate, [Place(*seat) for seat in case.seats], case.pk
    )
    _decide(actor, case, ProofState.REGISTERED)
    mark_registered(actor, case.school, case.holder, case.certificate)
