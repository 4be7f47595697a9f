"""Certificates of the node and the authority register: which may sign in which role for which school."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.signing.certificate_models import CertificateBlock, CertificateKey
from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.ports import Signer

register(
    {
        "signer_not_registered": (
            "Chứng thư số {serial} của {name} chưa được đăng ký cho vai trò này ở trường. "
            "Hiệu trưởng đăng ký chứng thư số trước khi ký.",
            "Certificate {serial} of {name} is not registered for this role at the school.",
        ),
        "seat_not_registered": (
            "Chưa có chứng thư số nào của {name} được đăng ký cho vai trò này ở trường. "
            "Thầy cô đăng ký chứng thư số trước, rồi quay lại ký.",
            "No certificate of {name} is registered for this role at the school.",
        ),
        "certificate_of_another": (
            "Chứng thư số {serial} đã đăng ký cho người khác. Hãy dùng chứng thư số của chính mình.",
            "Certificate {serial} is registered to somebody else.",
        ),
        "certificate_blocked": (
            "Chứng thư số {serial} đã bị khóa ở trường vì báo mất hoặc không dùng nữa. "
            "Thầy cô dùng chứng thư số khác đã đăng ký.",
            "Certificate {serial} is blocked at this node.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Seat:
    """In what capacity somebody signs."""

    role: SignerRole
    school: Organisation
    user: User | None  # None: the school's seal
    name: str
    owner: str = (
        ""  # what the certificate must name: personal number or account; the school's code for the seal
    )
    class_name: str = ""
    school_year: str = ""
    subjects: frozenset[str] = frozenset()  # codes that a subject teacher signs


def digest_of(certificate: x509.Certificate) -> str:
    """Lower-case hex SHA-256 over the DER."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def serial_text(certificate: x509.Certificate) -> str:
    """Serial as people read it: ``54 0A 1F …``."""
    digits = f"{certificate.serial_number:X}"
    digits = digits.zfill(len(digits) + len(digits) % 2)
    return " ".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def key_digest(certificate: x509.Certificate) -> str:
    """Lower-case hex SHA-256 over the SubjectPublicKeyInfo: the key, whichever certificate names it."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def store(certificate: x509.Certificate, family: str = "") -> Certificate:
    """Keep the certificate's bytes and its key's digest once.

    :param family: as its path says ("vgca", "public"); "": read off the issuer's name (the sandbox's).
    """
    digest = digest_of(certificate)
    row = Certificate.objects.filter(digest=digest).first()
    if row is None:
        with transaction.atomic():  # both or neither: the key decides who may not use it
            row = _keep(certificate, digest, family)
    return row


def _keep(certificate: x509.Certificate, digest: str, family: str) -> Certificate:
    row, new = Certificate.objects.get_or_create(
        digest=digest,
        defaults={
            "der": certificate.public_bytes(Encoding.DER),
            "subject": certificate.subject.rfc4514_string()[:300],
            "issuer": certificate.issuer.rfc4514_string()[:300],
            "serial": f"{certificate.serial_number:x}",
            "not_before": certificate.not_valid_before_utc,
            "not_after": certificate.not_valid_after_utc,
            "family": family or ("vgca" if "VGCA" in certificate.issuer.rfc4514_string() else "public"),
        },
    )
    if new:
        CertificateKey.objects.get_or_create(certificate=row, defaults={"digest": key_digest(certificate)})
    return row


def check_holder(certificate: x509.Certificate, holder: User | None) -> None:
    """The certificate and its key are this holder's alone, and neither was reported lost. Two queries.

    A key that a former certificate of somebody else named is somebody else's, whatever the new one says.

    :raises DomainError: ``certificate_of_another``, ``certificate_blocked``.
    """
    same_key = Q(certificate__key__digest=key_digest(certificate)) | Q(certificate=digest_of(certificate))
    if Registration.objects.filter(same_key).exclude(user=holder).exists():
        raise DomainError("certificate_of_another", serial=serial_text(certificate))
    if CertificateBlock.objects.filter(same_key).exists():
        raise DomainError("certificate_blocked", serial=serial_text(certificate))


def nothing_registered(seat: Seat) -> bool:
    """Whether no certificate at all may sign from ``seat`` today. One query."""
    return not Registration.objects.filter(
        valid_on(clock.today()),
        school=seat.school,
        user=seat.user,
        role=seat.role,
        class_name=seat.class_name,
        school_year=seat.school_year,
    ).exists()


def registered(actor: Actor, signer: Signer, seat: Seat) -> Registration:
    """The registration that lets ``signer``'s certificate sign from ``seat`` today; of a subject teacher one
    for every subject.

    In the sandbox the first use registers; elsewhere a principal has registered it before.

    :raises DomainError: ``signer_not_registered``, ``certificate_of_another``, ``certificate_blocked``.
    """
    wanted = sorted(seat.subjects) or [""]
    row, found = _present(signer, seat, wanted)
    if all(code in found for code in wanted):
        return found[wanted[0]]
    with transaction.atomic():  # as it stands under the lock
        row, found = _present(signer, seat, wanted)
        for code in wanted:
            if code not in found:
                found[code] = _register(actor, signer, seat, row, code)
    return found[wanted[0]]


def _present(signer: Signer, seat: Seat, wanted: list[str]) -> tuple[Certificate, dict[str, Registration]]:
    row = store(signer.certificate)
    check_holder(signer.certificate, seat.user)
    present = Registration.objects.filter(
        valid_on(clock.today()),
        certificate=row,
        school=seat.school,
        role=seat.role,
        class_name=seat.class_name,
        school_year=seat.school_year,
        subject_code__in=wanted,
    )
    return row, {entry.subject_code: entry for entry in present}


def _register(actor: Actor, signer: Signer, seat: Seat, row: Certificate, subject: str) -> Registration:
    """The sandbox registers at the first use, but nothing that somebody has ended.

    :raises DomainError: ``signer_not_registered``.
    """
    ended = Registration.objects.filter(
        certificate=row,
        school=seat.school,
        role=seat.role,
        class_name=seat.class_name,
        school_year=seat.school_year,
        subject_code=subject,
    )
    if settings.HOCBASO_ENVIRONMENT != "thu_nghiem" or ended.exists():
        raise DomainError("signer_not_registered", serial=serial_text(signer.certificate), name=seat.name)
    made = Registration.objects.create(
        certificate=row,
        school=seat.school,
        user=seat.user,
        role=seat.role,
        class_name=seat.class_name,
        school_year=seat.school_year,
        subject_code=subject,
        valid_from=clock.today(),
        registered_by=actor.label,
        registered_at=clock.now(),
    )
    record(
        actor,
        "signing.registered",
        row.digest,
        organisation=seat.school.code,
        role=str(seat.role),
        class_name=seat.class_name,
        subject=subject,
        serial=row.serial,
    )
    return made


def expiring(school: Organisation, at: datetime) -> list[tuple[Registration, int]]:
    """Present registrations with the days their certificate has left, soonest first. One query."""
    rows = (
        Registration.objects.filter(valid_on(clock.today()), school=school)
        .select_related("certificate", "user")
        .order_by("certificate__not_after")
    )
    return [(row, (row.certificate.not_after - at).days) for row in rows]
