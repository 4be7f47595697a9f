"""Signers for the accounts of a demo or a test: credentials are made on first use."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from hocbaso.engines.trust.keys import SoftwareSigner
from hocbaso.sandbox.ca import Clock, SandboxAuthority, StoredCredential, wall_clock
from hocbaso.sandbox.profiles import KeyKind, utc
from hocbaso.sandbox.tsa import SandboxStamper


class SandboxKeyProvider:
    """What a token, an HSM or a remote-signing provider is in the real world.

    Key objects stay in memory; a certificate that does not cover ``at`` is followed by a new one.
    """

    def __init__(
        self,
        directory: Path | str | SandboxAuthority,
        *,
        clock: Clock = wall_clock,
        key_kind: KeyKind = "rsa3072",
    ) -> None:
        if isinstance(directory, SandboxAuthority):
            self.authority = directory
        else:
            self.authority = SandboxAuthority(directory, clock=clock, key_kind=key_kind)
        self._known: dict[tuple[str, ...], StoredCredential] = {}

    def person(
        self,
        personal_number: str,
        name: str,
        organisation: str,
        *,
        at: datetime | None = None,
        family: str = "cong_cong",
    ) -> SoftwareSigner:
        """The signer of a person.

        :param personal_number: 12 digits, or the staff code of somebody whose number is not known.
        :param organisation: name of the school as it shall stand in the certificate.
        :param at: when the certificate must be valid (default: the clock).
        """
        moment = utc(at or self.authority.clock())
        key = ("person", personal_number, name, organisation, family)
        found = self._known.get(key)
        if found is None or not found.valid_at(moment):
            found = self.authority.issue_person(
                name, personal_number, organisation, family=family, now=moment
            )
            self._known[key] = found
        return found.signer()

    def organisation(
        self, code: str, name: str, *, at: datetime | None = None, family: str = "vgca"
    ) -> SoftwareSigner:
        """The signer of an organisation's seal (con dấu)."""
        moment = utc(at or self.authority.clock())
        key = ("organisation", code, name, family)
        found = self._known.get(key)
        if found is None or not found.valid_at(moment):
            found = self.authority.issue_organisation(code, name, family=family, now=moment)
            self._known[key] = found
        return found.signer()

    def stamper(self) -> SandboxStamper:
        """The in-process time-stamp authority."""
        return self.authority.stamper()

    # --- credentials that must be refused ----------------------------------------------------------------

    def expired(self, personal_number: str, name: str, organisation: str, *, at: datetime) -> SoftwareSigner:
        """A signer whose certificate ended the day before ``at``."""
        moment = utc(at)
        return self.authority.issue_person(
            name,
            personal_number,
            organisation,
            not_before=moment - timedelta(days=366),
            not_after=moment - timedelta(days=1),
        ).signer()

    def not_yet_valid(
        self, personal_number: str, name: str, organisation: str, *, at: datetime
    ) -> SoftwareSigner:
        """A signer whose certificate begins the day after ``at``."""
        moment = utc(at)
        return self.authority.issue_person(
            name,
            personal_number,
            organisation,
            not_before=moment + timedelta(days=1),
            not_after=moment + timedelta(days=366),
        ).signer()

    def revoked(self, personal_number: str, name: str, organisation: str, *, at: datetime) -> SoftwareSigner:
        """A signer whose certificate was revoked the day before ``at``."""
        moment = utc(at)
        credential = self.authority.issue_person(
            name,
            personal_number,
            organisation,
            not_before=moment - timedelta(days=30),
            not_after=moment + timedelta(days=700),
        )
        self.authority.revoke(
            credential.certificate, moment - timedelta(days=1), x509.ReasonFlags.key_compromise
        )
        return credential.signer()

    def foreign(
        self, personal_number: str, name: str, organisation: str, *, at: datetime | None = None
    ) -> SoftwareSigner:
        """A signer of the same name and number under roots that nobody trusts."""
        other = SandboxAuthority(
            self.authority.vault.path("foreign"),
            clock=self.authority.clock,
            key_kind=self.authority.key_kind,
            base_url=self.authority.base_url,
        )
        return other.issue_person(name, personal_number, organisation, now=at).signer()
