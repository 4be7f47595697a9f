"""The sandbox's certificate authorities: two families like the real ones, with revocation and time stamps.

"VGCA thử nghiệm" serves public bodies (organisation seals, managers), "CA công cộng thử nghiệm" persons.
All state is PEM and JSON under one directory (0700, files 0600), created once and safe against kills and
concurrent processes (:mod:`hocbaso.sandbox.vault`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hocbaso.engines.trust.keys import PrivateKey, SoftwareSigner
from hocbaso.sandbox import profiles, revocation
from hocbaso.sandbox.outages import Outages, SwitchedStamper
from hocbaso.sandbox.profiles import FAMILIES, Issuer, KeyKind, Urls, utc
from hocbaso.sandbox.tsa import SandboxStamper
from hocbaso.sandbox.vault import Vault

Clock = Callable[[], datetime]

#: Time-stamp authorities by the last part of their address, and the units that they are.
STAMPERS = {"tsa": "tsa", "tsa2": "cong_cong-tsa"}
DEFAULT_BASE_URL = "http://127.0.0.1:8089"
#: Authorities begin years before the first use, so that sheets of earlier school years can be signed.
_BACK = timedelta(days=5 * 365)
_ROOT_YEARS, _ISSUING_YEARS = 25, 15
_HOLDER_PERIOD = (timedelta(days=1), timedelta(days=2 * 365))
_PEM, _PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def wall_clock() -> datetime:
    """The present, for a sandbox that was given no clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class StoredCredential:
    """A certificate of a holder, its path and where its key is kept."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    path: Path
    family: str

    @cached_property
    def _signer(self) -> SoftwareSigner:
        return SoftwareSigner(_load_key(self.path.read_bytes()), self.certificate, self.chain)

    def signer(self) -> SoftwareSigner:
        """A signer whose key object is loaded once."""
        return self._signer

    def private_key(self) -> PrivateKey:
        """The key itself, for tests that need a PKCS#12 file or another tool's input."""
        return _load_key(self.path.read_bytes())

    def valid_at(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in the certificate's validity."""
        return self.certificate.not_valid_before_utc <= moment <= self.certificate.not_valid_after_utc


class SandboxAuthority:
    """Both families, the time-stamp authority and the revocation services over one directory.

    :param clock: the present; every method that depends on it takes ``now`` too.
    :param key_kind: of the authorities and, unless said otherwise, of holders (rsa2048, rsa3072, p256).
    :param base_url: where :mod:`hocbaso.sandbox.server` will answer; written into the certificates.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        clock: Clock = wall_clock,
        key_kind: KeyKind = "rsa3072",
        base_url: str = DEFAULT_BASE_URL,
    ) -> None:
        self.vault = Vault(directory)
        self.clock = clock
        self.key_kind: KeyKind = key_kind
        self.base_url = base_url
        self._units: dict[str, Issuer] = {}
        self._credentials: dict[str, StoredCredential] = {}

    # --- authorities -------------------------------------------------------------------------------------

    def roots(self) -> tuple[x509.Certificate, ...]:
        """The self-signed certificates of both families, to be trusted as environment ``thu_nghiem``."""
        return tuple(self.unit(f"{family}-root").certificate for family in FAMILIES)

    def issuing(self) -> tuple[x509.Certificate, ...]:
        """The issuing authorities below the roots."""
        return tuple(self.unit(f"{family}-issuing").certificate for family in FAMILIES)

    def authorities(self) -> dict[str, x509.Certificate]:
        """Every authority by its file name stem, as in CRL and AIA addresses."""
        return {
            f"{family}-{level}": self.unit(f"{family}-{level}").certificate
            for family in FAMILIES
            for level in ("root", "issuing")
        }

    def unit(self, stem: str) -> Issuer:
        """An authority, responder or stamper: ``vgca-root``, ``vgca-issuing``, ``vgca-ocsp``, ``tsa``,
        ``cong_cong-tsa``, …"""
        if stem not in self._units:
            stored = self.vault.read(f"ca/{stem}.pem")
            if stored is None:
                parent = self._parent(stem)  # made before the lock is taken: it is not re-entrant
                stored = self.vault.read_or_make(f"ca/{stem}.pem", lambda: self._make_unit(stem, parent))
            self._units[stem] = Issuer(x509.load_pem_x509_certificate(stored), _load_key(stored))
        return self._units[stem]

    def _parent(self, stem: str) -> Issuer | None:
        family, _, level = stem.rpartition("-")
        if level == "root":
            return None
        if level == "issuing":
            return self.unit(f"{family}-root")
        return self.unit(f"{family or 'vgca'}-issuing")

    def _make_unit(self, stem: str, parent: Issuer | None) -> bytes:
        family_code, _, level = stem.rpartition("-")
        family = FAMILIES[family_code or "vgca"]
        key = profiles.new_key(self.key_kind)
        now = utc(self.clock())
        begin = parent.certificate.not_valid_before_utc if parent else now - _BACK
        years = _ROOT_YEARS if level == "root" else _ISSUING_YEARS
        period = (begin, begin + timedelta(days=365 * years))
        if level in ("root", "issuing"):
            common_name = family.root_name if level == "root" else family.issuing_name
            subject = profiles.name(common_name, family.organisation)
            made = profiles.authority_certificate(
                subject, key, parent, period, self._urls(family.code, "root")
            )
        else:
            assert parent is not None
            period = (begin, begin + timedelta(days=365 * (years - 1)))
            build = profiles.stamper_certificate if level == "tsa" else profiles.responder_certificate
            title = "Dấu thời gian thử nghiệm" if level == "tsa" else f"OCSP {family.organisation}"
            subject = profiles.name(f"{title} - {profiles.MARKER}", family.organisation)
            made = build(subject, key, parent, period, self._urls(family.code, "issuing"))
        return _pem(key, made)

    def _urls(self, family: str, level: str) -> Urls:
        return Urls(self.base_url, f"{family}-{level}", has_responder=level == "issuing")

    # --- holders -----------------------------------------------------------------------------------------

    def issue_person(
        self,
        name: str,
        personal_number: str,
        organisation: str,
        *,
        family: str = "cong_cong",
        key_kind: KeyKind | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        now: datetime | None = None,
    ) -> StoredCredential:
        """A person's certificate: CN full name, UID=CCCD:number, O school. Asked again, the same one.

        :param personal_number: 12 digits; anything else is written as ``UID=MCB:`` (staff code).
        :param not_before: with ``not_after`` fixes the validity (default: a day back, two years on).
        """
        kind = "CCCD" if len(personal_number) == 12 and personal_number.isdigit() else "MCB"
        subject = profiles.name(name, organisation, f"{kind}:{personal_number}")
        return self._holder(subject, family, key_kind, (not_before, not_after), now)

    def issue_organisation(
        self,
        code: str,
        name: str,
        *,
        family: str = "vgca",
        key_kind: KeyKind | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        now: datetime | None = None,
    ) -> StoredCredential:
        """An organisation's seal: CN and O its name, UID=MDV:its code. Asked again, the same one."""
        subject = profiles.name(name, name, f"MDV:{code}")
        return self._holder(subject, family, key_kind, (not_before, not_after), now)

    def _holder(
        self,
        subject: x509.Name,
        family: str,
        key_kind: KeyKind | None,
        period: tuple[datetime | None, datetime | None],
        now: datetime | None,
    ) -> StoredCredential:
        moment = utc(now or self.clock())
        issuer = self.unit(f"{FAMILIES[family].code}-issuing")
        fixed = period != (None, None)
        begin = utc(period[0] or moment - _HOLDER_PERIOD[0])
        end = utc(period[1] or begin + _HOLDER_PERIOD[1])
        if begin < issuer.certificate.not_valid_before_utc or end > issuer.certificate.not_valid_after_utc:
            raise ValueError("the wanted validity lies outside that of the issuing authority")
        kind = key_kind or self.key_kind
        folder = f"holders/{_digest(subject.rfc4514_string(), family, kind)}"
        if fixed:
            folder += "-" + _digest(begin.isoformat(), end.isoformat())[:12]
        found = self._find(folder, family, None if fixed else moment)
        if found is not None:
            return found
        with self.vault.locked():
            found = self._find(folder, family, None if fixed else moment)
            return found or self._issue(folder, family, subject, profiles.new_key(kind), issuer, (begin, end))

    def _find(self, folder: str, family: str, moment: datetime | None) -> StoredCredential | None:
        for name in self.vault.names(folder, ".pem"):
            credential = self._credentials.get(name)
            if credential is None:
                certificate = x509.load_pem_x509_certificate(self.vault.path(name).read_bytes())
                chain = (self.unit(f"{family}-issuing").certificate,)
                credential = StoredCredential(certificate, chain, self.vault.path(name), family)
                self._credentials[name] = credential
            if moment is None or credential.valid_at(moment):
                return credential
        return None

    def _issue(
        self,
        folder: str,
        family: str,
        subject: x509.Name,
        key: PrivateKey,
        issuer: Issuer,
        period: tuple[datetime, datetime],
    ) -> StoredCredential:
        made = profiles.holder_certificate(subject, key, issuer, period, self._urls(family, "issuing"))
        name = f"{folder}/{made.serial_number:040x}.pem"
        # The register first: a certificate that is in use is always known to the responder.
        self.vault.write(f"issued/{made.serial_number:040x}.crt", made.public_bytes(_PEM))
        self.vault.write(name, _pem(key, made))
        credential = StoredCredential(made, (issuer.certificate,), self.vault.path(name), family)
        self._credentials[name] = credential
        return credential

    # --- revocation --------------------------------------------------------------------------------------

    def revoke(
        self,
        certificate: x509.Certificate | int,
        when: datetime,
        reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
    ) -> None:
        """Revoke a certificate (or its serial number) from ``when`` on; a second revocation changes nothing.

        :raises KeyError: no certificate with that serial number was issued here.
        """
        serial = certificate if isinstance(certificate, int) else certificate.serial_number
        issuer = self._issuer_of(serial)
        with self.vault.locked():
            stem = f"revoked/{serial:040x}.json"
            if not self.vault.exists(stem):
                entry = {"issuer": issuer, "when": utc(when).isoformat(), "reason": reason.value}
                self.vault.write(stem, json.dumps(entry).encode())

    def _issuer_of(self, serial: int) -> str:
        stored = self.vault.read(f"issued/{serial:040x}.crt")
        pool = [self.unit(stem).certificate for stem in (*self.authorities(), *STAMPERS.values())]
        certificate = next((item for item in pool if item.serial_number == serial), None)
        if stored is not None:
            certificate = x509.load_pem_x509_certificate(stored)
        if certificate is None:
            raise KeyError(serial)
        return next(s for s, item in self.authorities().items() if item.subject == certificate.issuer)

    def revocations(self, stem: str, at: datetime) -> dict[int, revocation.Revoked]:
        """What the authority ``stem`` has revoked as of ``at``, by serial number."""
        found = {}
        for name in self.vault.names("revoked", ".json"):
            entry = json.loads(self.vault.path(name).read_bytes())
            when = datetime.fromisoformat(entry["when"])
            if entry["issuer"] == stem and when <= at:
                serial = int(name.rpartition("/")[2].removesuffix(".json"), 16)
                found[serial] = revocation.Revoked(when, x509.ReasonFlags(entry["reason"]))
        return found

    def crl(self, stem: str, now: datetime | None = None) -> x509.CertificateRevocationList:
        """The revocation list of one authority (``vgca-root``, ``vgca-issuing``, …) as of ``now``."""
        moment = utc(now or self.clock())
        return revocation.build_crl(self.unit(stem), self.revocations(stem, moment), moment)

    def crls(self, now: datetime | None = None) -> tuple[x509.CertificateRevocationList, ...]:
        """The revocation lists of both roots and both issuing authorities."""
        return tuple(self.crl(stem, now) for stem in self.authorities())

    def ocsp(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate | None = None,
        at: datetime | None = None,
    ) -> bytes:
        """A DER OCSP response about a holder's certificate as of ``at``."""
        issuer = issuer or next(item for item in self.issuing() if item.subject == certificate.issuer)
        return self.ocsp_for(revocation.question(certificate, issuer), at)

    def ocsp_for(self, request: bytes, at: datetime | None = None) -> bytes:
        """The DER answer to a DER OCSP request (RFC 6960)."""
        return revocation.answer(self, request, utc(at or self.clock()))

    def knows(self, serial: int) -> bool:
        """Whether a certificate with that serial number was issued to a holder or to a stamper."""
        return self.vault.exists(f"issued/{serial:040x}.crt") or any(
            serial == self.unit(stem).certificate.serial_number for stem in STAMPERS.values()
        )

    # --- time stamps -------------------------------------------------------------------------------------

    def stamper(self, clock: Clock | None = None, name: str = "tsa") -> SandboxStamper:
        """An in-process time-stamp authority: ``tsa`` of the first family, ``tsa2`` of the second."""
        unit = self.unit(STAMPERS[name])
        issuing = self._parent(STAMPERS[name])
        assert issuing is not None
        return SandboxStamper(unit.key, (unit.certificate, issuing.certificate), clock or self.clock)

    @cached_property
    def outages(self) -> Outages:
        """The switch for bad days of the time-stamp authorities."""
        return Outages(self.vault)

    def stampers(self) -> tuple[SwitchedStamper, ...]:
        """Both time-stamp authorities, in order of preference, behind the switch."""
        titles = (family.organisation for family in FAMILIES.values())
        return tuple(
            SwitchedStamper(
                name,
                title,
                self.outages,
                partial(self.stamper, name=name),
                partial(self._strange_stamper, name),
            )
            for name, title in zip(STAMPERS, titles, strict=True)
        )

    def _strange_stamper(self, name: str) -> SandboxStamper:
        other = SandboxAuthority(self.vault.path("foreign"), clock=self.clock, key_kind=self.key_kind)
        return other.stamper(name=name)


def _digest(*parts: str) -> str:
    """File names never hold a personal number."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _pem(key: PrivateKey, certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(_PEM) + key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption())


def _load_key(pem: bytes) -> PrivateKey:
    """Our own file, 0600: the arithmetic check of an RSA key (tens of milliseconds) is left out."""
    start = pem.index(b"-----BEGIN PRIVATE KEY")
    key = serialization.load_pem_private_key(pem[start:], None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key
