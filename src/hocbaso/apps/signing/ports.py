"""Where keys come from: the provider that the settings name (sandbox, PKCS#12, later HSM and remote)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from django.conf import settings
from django.utils.module_loading import import_string

from hocbaso.core.errors import register
from hocbaso.engines.trust.authority import RevocationAnswer
from hocbaso.engines.trust.ports import Signer, TimeStamper

register(
    {
        "no_key": (
            "{name} chưa có chứng thư số dùng được để ký. Hãy đăng ký chứng thư số trước.",
            "{name} has no certificate to sign with.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One trusted root, and from when to when it is believed (``None``: as long as its certificate says)."""

    certificate: x509.Certificate
    family: str  # "vgca" | "public"
    environment: str  # "chinh_thuc" | "thu_nghiem"
    begins: datetime | None = None
    ends: datetime | None = None  # the last moment


@dataclass(frozen=True, slots=True)
class Trust:
    """What verifiers need to know of the authorities behind the keys.

    ``former``: roots that are believed no more. Nothing new rests on them, and what was signed and stamped in
    their time stays provable by them, for as long as archives live.
    """

    anchors: tuple[Anchor, ...]
    intermediates: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]  # DER
    former: tuple[Anchor, ...] = ()


class KeyProvider(Protocol):
    """Gives signers; a key never leaves it."""

    def person(
        self, *, account: str, name: str, personal_number: str, school_code: str, school: str
    ) -> Signer:
        """The signer of a person. :raises DomainError: ``no_key``"""

    def organisation(self, *, code: str, name: str) -> Signer:
        """The signer of a school's seal. :raises DomainError: ``no_key``"""

    def stamper(self) -> TimeStamper:
        """The time-stamp authority."""

    def revocation(self, certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
        """Whether the certificate is revoked; ``UNKNOWN`` when nobody can say (then it may not sign)."""

    def trust(self) -> Trust:
        """Anchors, intermediates and fresh CRLs."""


@lru_cache(maxsize=1)
def key_provider() -> KeyProvider:
    """The provider that ``HOCBASO_KEY_PROVIDER`` names."""
    provider: KeyProvider = import_string(settings.HOCBASO_KEY_PROVIDER)()
    return provider
