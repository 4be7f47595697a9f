"""May this certificate sign now? The guards before every signature.

Everything is judged as of a time that is passed in. Sources: NĐ 23/2025/NĐ-CP Điều 17 and TT 15/2025/TT-BKHCN
Điều 5 (software checks the certificate before signing and refuses otherwise).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import NameOID

from hocbaso.core.errors import DomainError, register, sentence
from hocbaso.engines.trust.keys import signing_public_key

register(
    {
        "certificate_expired": (
            "Chứng thư số của {name} đã hết hạn ngày {date}. Thầy cô gia hạn chứng thư số rồi ký lại.",
            "The certificate of {name} expired on {date}.",
        ),
        "certificate_not_yet_valid": (
            "Chứng thư số của {name} chưa có hiệu lực (bắt đầu từ ngày {date}). Thầy cô ký được từ ngày đó.",
            "The certificate of {name} is valid from {date} only.",
        ),
        "certificate_revoked": (
            "Chứng thư số của {name} đã bị thu hồi ngày {date}, không dùng để ký được nữa. "
            "Thầy cô cần đăng ký chứng thư số mới.",
            "The certificate of {name} was revoked on {date}.",
        ),
        "certificate_revocation_unknown": (
            "Chưa hỏi được tình trạng thu hồi của chứng thư số của {name}, nên chưa ký. "
            "Thầy cô thử lại sau ít phút; nếu vẫn vậy, báo nơi cấp chứng thư số.",
            "The revocation state of the certificate of {name} is unknown.",
        ),
        "certificate_of_somebody_else": (
            "Chứng thư số đang cắm là của {name}, không phải của người đang đăng nhập. "
            "Thầy cô dùng chứng thư số của chính mình.",
            "The certificate belongs to {name}, not to this account.",
        ),
        "certificate_not_registered": (
            "Chứng thư số của {name} (số hiệu {serial}) chưa được đăng ký cho tài khoản này. "
            "Thầy cô đăng ký chứng thư số trước khi ký.",
            "The certificate of {name} (serial {serial}) is not registered for this account.",
        ),
        "certificate_key_too_small": (
            "Khóa trong chứng thư số của {name} không đủ mạnh: cần RSA từ 2048 bit hoặc ECDSA P-256. "
            "Thầy cô đề nghị nơi cấp đổi chứng thư số.",
            "The key of the certificate of {name} is too weak: RSA of 2048 bits or ECDSA P-256 is needed.",
        ),
        "certificate_not_for_signing": (
            "Chứng thư số của {name} không được cấp để ký số. Thầy cô chọn chứng thư số dùng để ký.",
            "The certificate of {name} was not issued for signing.",
        ),
        "certificate_expires_soon": (
            "Chứng thư số của {name} còn {days} ngày nữa là hết hạn (ngày {date}). Thầy cô nên gia hạn sớm.",
            "The certificate of {name} expires in {days} days, on {date}.",
        ),
    }
)

#: Schemes of the subject's UID that name a body, not a person.
ORGANISATION_SCHEMES = frozenset({"MDV"})
#: Days before expiry at which the holder is warned.
WARNING_DAYS = (60, 30, 7)
_VIETNAM = timedelta(hours=7)  # dates in sentences are those of the reader


class Revocation(StrEnum):
    """What is known about revocation."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RevocationAnswer:
    """What OCSP or a CRL answered; ``since`` is aware and goes with ``REVOKED``."""

    state: Revocation
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate names.

    ``number`` is the personal number (``scheme`` CCCD), a tax number (MST), an organisation's code (MDV) or a
    staff code (MCB), as Vietnamese authorities write into the subject's UID; None when there is none.
    """

    name: str
    organisation: str | None
    scheme: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class SigningWarning:
    """A certificate that may sign but ends soon. ``threshold`` is 60, 30 or 7; ``days`` what is left."""

    code: str
    threshold: int
    days: int
    message: str


def holder_of(certificate: x509.Certificate) -> Holder:
    """The person or organisation in the subject (CN, O, ``UID=CCCD:…``)."""
    number = _first(certificate, NameOID.USER_ID)
    scheme, _, value = (number or "").partition(":")
    return Holder(
        name=_first(certificate, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string(),
        organisation=_first(certificate, NameOID.ORGANIZATION_NAME),
        scheme=scheme if value else None,
        number=value or None,
    )


def check_certificate_for_signing(
    certificate: x509.Certificate,
    at: datetime,
    revocation: RevocationAnswer,
    *,
    registered_to: str,
    registered_serials: Collection[int] | None = None,
    seal: bool | None = None,
) -> SigningWarning | None:
    """Refuse a certificate that must not sign at ``at``; warn of one that ends soon.

    :param at: aware.
    :param registered_to: the account's personal number (or organisation code, for the seal): the certificate
        must name the same one. Names are not compared: they are not unique.
    :param registered_serials: serial numbers registered for the account; None where none are kept.
    :param seal: it must name an organisation (its code, ``UID=MDV:…``), or must not; None: not asked.
    :returns: the narrowest warning (60, 30 or 7 days), or None.
    :raises DomainError: ``certificate_of_somebody_else``, ``certificate_not_registered``,
        ``certificate_not_for_signing``, ``certificate_key_too_small``, ``certificate_not_yet_valid``,
        ``certificate_expired``, ``certificate_revoked``, ``certificate_revocation_unknown``.
    """
    holder = holder_of(certificate)
    _check_owner(certificate, holder, registered_to, registered_serials)
    if seal is not None and (holder.scheme in ORGANISATION_SCHEMES) is not seal:
        raise DomainError("certificate_of_somebody_else", name=holder.name)
    _check_key(certificate, holder)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if at < begins:
        raise DomainError("certificate_not_yet_valid", name=holder.name, date=_date(begins))
    if at > ends:
        raise DomainError("certificate_expired", name=holder.name, date=_date(ends))
    _check_revocation(holder, at, revocation)
    return _expiry_warning(holder, at, ends)


def _check_owner(
    certificate: x509.Certificate, holder: Holder, registered_to: str, serials: Collection[int] | None
) -> None:
    numbers = certificate.subject.get_attributes_for_oid(NameOID.USER_ID)
    if not registered_to or holder.number != registered_to or len(numbers) != 1:  # two numbers name nobody
        raise DomainError("certificate_of_somebody_else", name=holder.name)
    if serials is not None and certificate.serial_number not in serials:
        serial = f"{certificate.serial_number:x}"
        raise DomainError("certificate_not_registered", name=holder.name, serial=serial)


def _check_key(certificate: x509.Certificate, holder: Holder) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is None or not (usage.digital_signature or usage.content_commitment) or usage.key_cert_sign:
        raise DomainError("certificate_not_for_signing", name=holder.name)
    try:
        signing_public_key(certificate)
    except DomainError as error:
        raise DomainError("certificate_key_too_small", name=holder.name) from error


def _check_revocation(holder: Holder, at: datetime, revocation: RevocationAnswer) -> None:
    if revocation.state is Revocation.GOOD:
        return
    since = revocation.since
    if revocation.state is Revocation.REVOKED and (since is None or since <= at):
        raise DomainError("certificate_revoked", name=holder.name, date=_date(since) if since else "?")
    if revocation.state is Revocation.UNKNOWN:
        raise DomainError("certificate_revocation_unknown", name=holder.name)


def _expiry_warning(holder: Holder, at: datetime, ends: datetime) -> SigningWarning | None:
    left = (ends - at).days
    passed = [days for days in WARNING_DAYS if ends - at <= timedelta(days=days)]
    if not passed:
        return None
    code = "certificate_expires_soon"
    message = sentence(code, name=holder.name, days=left, date=_date(ends))
    return SigningWarning(code, min(passed), left, message)


def _date(moment: datetime) -> str:
    return (moment + _VIETNAM).strftime("%d/%m/%Y")


def _first(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> str | None:
    found = certificate.subject.get_attributes_for_oid(kind)
    return str(found[0].value) if found else None
