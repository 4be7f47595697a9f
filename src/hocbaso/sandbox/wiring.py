"""The sandbox as the node's key provider (``apps.signing.ports.KeyProvider``); named by settings only."""

from __future__ import annotations

import os
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.common import clock
from hocbaso.apps.signing.ports import Anchor, Trust
from hocbaso.apps.signing.stamping.node import configured, failover
from hocbaso.engines.trust.authority import Revocation, RevocationAnswer
from hocbaso.engines.trust.ports import Signer, TimeStamper
from hocbaso.engines.trust.stampers import FailoverStamper, Named
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.profiles import FAMILIES, KeyKind
from hocbaso.sandbox.provider import SandboxKeyProvider

_KINDS: dict[str, KeyKind] = {"rsa3072": "rsa3072", "rsa2048": "rsa2048", "p256": "p256"}


class NodeKeys:
    """Sandbox keys for the accounts of this node. Everything signed is environment ``thu_nghiem``."""

    def __init__(self) -> None:
        if settings.HOCBASO_ENVIRONMENT != "thu_nghiem":
            raise ImproperlyConfigured(
                "the sandbox gives no keys to a node with HOCBASO_ENVIRONMENT=chinh_thuc"
            )
        named = os.environ.get("HOCBASO_SANDBOX_KEY", "rsa3072")
        kind = _KINDS.get(named)
        if kind is None:
            known = ", ".join(_KINDS)
            raise ImproperlyConfigured(f"HOCBASO_SANDBOX_KEY must be one of {known}, not {named!r}")
        directory = settings.HOCBASO_HOME / "sandbox"
        self.authority = SandboxAuthority(directory, clock=clock.now, key_kind=kind)
        self._provider = SandboxKeyProvider(self.authority)

    def person(
        self, *, account: str, name: str, personal_number: str, school_code: str, school: str
    ) -> Signer:
        """A person's certificate carries the personal number, or the account where that is not known."""
        return self._provider.person(personal_number or account, name, school)

    def organisation(self, *, code: str, name: str) -> Signer:
        return self._provider.organisation(code, name)

    def codes(self, *, name: str) -> Signer:
        """The node's own P-256 key for QR codes and status lists, whatever kind the schools' keys are."""
        return self.authority.issue_organisation("NUT", name, key_kind="p256").signer()

    def stamper(self) -> TimeStamper:
        """Both authorities of the sandbox, or those that ``HOCBASO_TSA`` names, one after the other."""
        return self._stamper

    @cached_property
    def _stamper(self) -> FailoverStamper:
        own = (Named(one.title, one) for one in self.authority.stampers())
        return failover(
            configured() or tuple(own),
            anchors=self.authority.roots(),
            intermediates=self.authority.issuing(),
            revocation=self.revocation,
        )

    def revocation(self, certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
        for stem, issuer in self.authority.authorities().items():
            if issuer.subject == certificate.issuer and self.authority.knows(certificate.serial_number):
                found = self.authority.revocations(stem, at).get(certificate.serial_number)
                return (
                    RevocationAnswer(Revocation.REVOKED, found.when)
                    if found
                    else RevocationAnswer(Revocation.GOOD)
                )
        return RevocationAnswer(Revocation.UNKNOWN)

    def answer(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """A DER OCSP response of the sandbox's responders, for validation data of the archive."""
        if issuer not in self.authority.issuing():
            return None
        return self.authority.ocsp(certificate, issuer, clock.now())

    def trust(self) -> Trust:
        return Trust(
            anchors=tuple(
                Anchor(root, "vgca" if code == "vgca" else "public", "thu_nghiem")
                for code, root in zip(FAMILIES, self.authority.roots(), strict=True)
            ),
            intermediates=self.authority.issuing(),
            crls=tuple(crl.public_bytes(Encoding.DER) for crl in self.authority.crls()),
        )


def provider() -> NodeKeys:
    """What ``HOCBASO_KEY_PROVIDER`` names by default."""
    return NodeKeys()
