"""The signer of a person whose key is somewhere else: its certificate is known, it signs nothing here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from hocbaso.apps.signing.models import Certificate, Registration
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import Seat, digest_of, serial_text
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.keys import issuing_path

register(
    {
        "key_elsewhere": (
            "Khóa ký của thầy cô không nằm ở máy chủ này. Thầy cô ký theo cách đã chọn ở trang Nơi giữ "
            "khóa ký.",
            "The key is not held by this node.",
        ),
        "elsewhere_unregistered": (
            "Chứng thư số {serial} chưa có trong sổ đăng ký chứng thư số của trường. Thầy cô đăng ký chứng "
            "thư số ở trang Chứng thư số rồi ký.",
            "Certificate {serial} is not in the authority register.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class AbsentKey:
    """A :class:`~hocbaso.engines.trust.ports.Signer` in name: certificate and chain without the key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    def sign_digest(self, digest: bytes) -> bytes:
        """:raises DomainError: ``key_elsewhere``, always."""
        raise DomainError("key_elsewhere")


def absent_key(certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()) -> AbsentKey:
    """The key of ``certificate`` with its issuers: those this node trusts, else those of ``chain``."""
    return AbsentKey(certificate, issuing_path(certificate, [*chain, *key_provider().trust().intermediates]))


def check_known(certificate: x509.Certificate, seat: Seat) -> None:
    """A key that somebody else names must stand in the authority register already, whatever the environment.

    Which seats it may sign from, the register says afterwards.

    :raises DomainError: ``elsewhere_unregistered``.
    """
    rows = Registration.objects.filter(certificate=digest_of(certificate), user=seat.user, school=seat.school)
    if not rows.exists():
        raise DomainError("elsewhere_unregistered", serial=serial_text(certificate))


def stored_certificates(digests: Sequence[str]) -> list[x509.Certificate]:
    """Certificates by digest, in that order. One query."""
    found = Certificate.objects.in_bulk(list(digests))
    return [x509.load_der_x509_certificate(bytes(found[digest].der)) for digest in digests]
