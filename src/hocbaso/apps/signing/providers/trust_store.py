"""The trust store of a real node: roots of both families as dated data, their authorities, their lists.

``trust.toml`` in the node's home names the roots (Ban Cơ yếu, licensed public authorities), from when to when
each is believed and on what basis, the issuing authorities below them, and where their revocation lists are
published. It holds no key: people's and seals' keys are in tokens and remote services, whose ``keys.toml``
names :func:`provider` as ``others`` (docs/keys.md).
"""

from __future__ import annotations

import hashlib
import os
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.common import clock
from hocbaso.apps.signing.ports import Anchor, Trust
from hocbaso.apps.signing.stamping.node import configured, failover
from hocbaso.core.errors import DomainError, ServiceUnavailable
from hocbaso.engines.trust.addresses import check_address
from hocbaso.engines.trust.authority import RevocationAnswer
from hocbaso.engines.trust.longterm.answers import list_is_signed, load_list
from hocbaso.engines.trust.longterm.fetching import HttpAnswers
from hocbaso.engines.trust.paths import SANDBOX_MARKER, X509_FAILURES
from hocbaso.engines.trust.ports import Signer, TimeStamper
from hocbaso.engines.trust.revocation_answers import AuthorityAnswers

FILE, LISTS = "trust.toml", "trust-lists"
FAMILIES = ("vgca", "public")
ENVIRONMENTS = ("chinh_thuc", "thu_nghiem")
#: A list is asked for again when the one at hand is this old, or about to end.
REFRESH = timedelta(hours=6)
_AHEAD, _AGAIN = timedelta(hours=12), timedelta(hours=1)
_CLOCKS = timedelta(minutes=5)  # clocks differ
_ROOT = {"file", "family", "environment", "sha256", "valid_from", "valid_to", "basis", "crl"}
_AUTHORITY = {"file", "crl"}

#: Gives the octets at an address, or None.
Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Root:
    """A root that the node believes from ``valid_from`` to ``valid_to`` (both included)."""

    certificate: x509.Certificate
    family: str
    environment: str
    valid_from: date
    valid_to: date
    crl: str = ""  # address of the list about the authorities below it

    def believed(self, on: date) -> bool:
        return self.valid_from <= on <= self.valid_to

    def anchor(self) -> Anchor:
        """As the rest of the program knows it; days are those of Viet Nam, both included."""
        begins = datetime.combine(self.valid_from, time.min, clock.VIETNAM)
        last = datetime.combine(self.valid_to, time(23, 59, 59), clock.VIETNAM)
        return Anchor(self.certificate, self.family, self.environment, begins, last)


@dataclass(frozen=True, slots=True)
class Store:
    """What ``trust.toml`` says."""

    roots: tuple[Root, ...]
    authorities: tuple[tuple[x509.Certificate, str], ...] = ()  # with the address of the list that it issues

    def issuers(self) -> tuple[tuple[x509.Certificate, str], ...]:
        """Everybody who issues a list, with its address."""
        return (*((root.certificate, root.crl) for root in self.roots), *self.authorities)


@dataclass
class Refreshed:
    """What asking for lists brought."""

    taken: int = 0
    silent: list[str] = field(default_factory=list)  # addresses that gave nothing that counts


class StoredTrust:
    """A :class:`~hocbaso.apps.signing.ports.KeyProvider` without keys: trust, revocation, time stamps.

    :param home: where ``trust.toml`` and the lists are. :param fetch: how a list is fetched.
    """

    def __init__(self, home: Path, fetch: Fetch | None = None) -> None:
        self._home, self._fetch = home, fetch
        self.store = read_store(home / FILE)
        self._answers = AuthorityAnswers([certificate for certificate, _ in self.store.authorities])

    def person(
        self, *, account: str, name: str, personal_number: str, school_code: str, school: str
    ) -> Signer:
        """:raises DomainError: ``no_key``: keys are elsewhere."""
        raise DomainError("no_key", name=name)

    def organisation(self, *, code: str, name: str) -> Signer:
        """:raises DomainError: ``no_key``: keys are elsewhere."""
        raise DomainError("no_key", name=name)

    def stamper(self) -> TimeStamper:
        """The authorities that ``HOCBASO_TSA`` and ``tsa.toml`` name.

        :raises ServiceUnavailable: ``timestamp_unavailable``: none is named.
        """
        if not configured():
            raise ServiceUnavailable("timestamp_unavailable", detail="HOCBASO_TSA")
        return self._stamper

    @cached_property
    def _stamper(self) -> TimeStamper:
        return failover(
            configured(),
            anchors=lambda: [anchor.certificate for anchor in self._anchors()],
            intermediates=[certificate for certificate, _ in self.store.authorities],
            revocation=self.revocation,
        )

    def revocation(self, certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
        return self._answers.revocation(certificate, at)

    def trust(self) -> Trust:
        """Roots of today and former ones, authorities, and the lists at hand (no network: somebody waits)."""
        today = clock.today()
        return Trust(
            anchors=self._anchors(),
            intermediates=tuple(certificate for certificate, _ in self.store.authorities),
            crls=tuple(self._kept()),
            former=tuple(root.anchor() for root in self.store.roots if root.valid_to < today),
        )

    def _anchors(self) -> tuple[Anchor, ...]:
        today = clock.today()
        return tuple(root.anchor() for root in self.store.roots if root.believed(today))

    def refresh_lists(self) -> Refreshed:
        """Ask for the lists that are old or about to end; one that is not its issuer's is never kept."""
        done, now = Refreshed(), clock.now()
        fetch = self._fetch or HttpAnswers(10.0).fetch_list  # anew: it remembers who was silent
        for issuer, url in self.store.issuers():
            if not url or self._fresh(url, now):
                continue
            der = fetch(url)
            if der is None or not _is_of(der, issuer, now) or self._older(url, der):
                done.silent.append(url)
                continue
            try:
                self._keep(url, der, now)
            except OSError:  # a full disk: the list at hand stays, the others have their turn
                done.silent.append(url)
                continue
            done.taken += 1
        return done

    def _older(self, url: str, der: bytes) -> bool:
        """A list from before the one at hand, still in its time: played again, it would hide a revocation."""
        try:
            there = load_list(self._place(url).read_bytes())
        except (OSError, *X509_FAILURES):
            return False
        return load_list(der).last_update_utc < there.last_update_utc

    def _place(self, url: str) -> Path:
        return self._home / LISTS / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.crl"

    def _kept(self) -> list[bytes]:
        found = []
        for issuer, url in self.store.issuers():
            place = self._place(url)
            der = place.read_bytes() if url and place.is_file() else None
            if der is not None and _is_of(der, issuer, None):
                found.append(der)
        return found

    def _fresh(self, url: str, now: datetime) -> bool:
        place = self._place(url)
        try:
            ends = load_list(place.read_bytes()).next_update_utc
        except (OSError, *X509_FAILURES):
            return False
        age = now - datetime.fromtimestamp(place.stat().st_mtime, UTC)
        # One that was taken in the future was taken while the clock was wrong.
        return timedelta() <= age < (_AGAIN if ends is not None and ends - now < _AHEAD else REFRESH)

    def _keep(self, url: str, der: bytes, now: datetime) -> None:
        """Whole or not at all."""
        place = self._place(url)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as stream:
                stream.write(der)
                stream.flush()
                os.fsync(stream.fileno())
            os.utime(temporary, (now.timestamp(), now.timestamp()))
            temporary.replace(place)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _is_of(der: bytes, issuer: x509.Certificate, now: datetime | None) -> bool:
    """Whether a list is its issuer's own and, at ``now``, neither over nor from the future."""
    try:
        crl = load_list(der)
        ends = crl.next_update_utc
        if now is not None and (crl.last_update_utc > now + _CLOCKS or (ends is not None and ends <= now)):
            return False
        return list_is_signed(crl, [issuer])
    except X509_FAILURES:
        return False


def read_store(file: Path) -> Store:
    """Read ``trust.toml``, strictly.

    :raises ImproperlyConfigured: the file is missing or wrong; the message names the entry.
    """
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {type(error).__name__}") from None
    except ValueError as error:
        raise ImproperlyConfigured(f"{file}: {error}") from None
    if set(values) - {"roots", "authorities"} or not values.get("roots"):
        raise ImproperlyConfigured(f"{file}: wants [[roots]] and [[authorities]] and nothing else")
    roots = tuple(_root(entry, file, number) for number, entry in enumerate(values["roots"], start=1))
    known = [root.certificate for root in roots]
    authorities: list[tuple[x509.Certificate, str]] = []
    for number, entry in enumerate(values.get("authorities", []), start=1):
        where = f"{file}: [[authorities]] {number}"
        _only(entry, _AUTHORITY, where)
        certificate = _certificate(entry, file, where)
        if not _issued_by_any([*known, *(one for one, _ in authorities)], certificate):
            raise ImproperlyConfigured(f"{where}: no root or authority above it in this file issued it")
        authorities.append((certificate, _address(entry, where)))
    return Store(roots, tuple(authorities))


def _root(entry: Any, file: Path, number: int) -> Root:
    where = f"{file}: [[roots]] {number}"
    _only(entry, _ROOT, where)
    certificate = _certificate(entry, file, where)
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    if entry.get("sha256", "").lower() != digest:
        raise ImproperlyConfigured(f"{where}: sha256 must be {digest}, as its owner publishes it")
    if certificate.issuer != certificate.subject or not _issued_by_any([certificate], certificate):
        raise ImproperlyConfigured(f"{where}: not a root certificate")
    if entry.get("family") not in FAMILIES or entry.get("environment") not in ENVIRONMENTS:
        raise ImproperlyConfigured(f"{where}: family one of {FAMILIES}, environment one of {ENVIRONMENTS}")
    if entry["environment"] == "chinh_thuc" and SANDBOX_MARKER in _shown(certificate):
        raise ImproperlyConfigured(f"{where}: its name says {SANDBOX_MARKER}: environment is thu_nghiem")
    begin = entry.get("valid_from", certificate.not_valid_before_utc.date())
    end = entry.get("valid_to", certificate.not_valid_after_utc.date())
    if type(begin) is not date or type(end) is not date or begin > end:
        raise ImproperlyConfigured(f"{where}: valid_from and valid_to are dates in order")
    return Root(certificate, entry["family"], entry["environment"], begin, end, _address(entry, where))


def _shown(certificate: x509.Certificate) -> str:
    """The subject as every verifier reads it when it looks for the mark of a sandbox."""
    return unicodedata.normalize("NFKC", certificate.subject.rfc4514_string()).upper()


def _only(entry: Any, known: set[str], where: str) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or set(entry) - known:
        raise ImproperlyConfigured(f"{where}: wants `file`; known are {', '.join(sorted(known))}")


def _address(entry: dict[str, Any], where: str) -> str:
    url = entry.get("crl", "")
    try:
        if url:
            check_address(url)
    except (ValueError, TypeError, AttributeError):
        told = "crl must be an http or https address without user or password"
        raise ImproperlyConfigured(f"{where}: {told}") from None
    return str(url)


def _certificate(entry: dict[str, Any], file: Path, where: str) -> x509.Certificate:
    try:
        data = (file.parent / entry["file"]).read_bytes()
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except (OSError, *X509_FAILURES) as error:
        problem = type(error).__name__
        raise ImproperlyConfigured(f"{where}: {entry['file']} cannot be read: {problem}") from None


def _issued_by_any(issuers: list[x509.Certificate], certificate: x509.Certificate) -> bool:
    for issuer in issuers:
        if issuer.subject == certificate.issuer:
            try:
                certificate.verify_directly_issued_by(issuer)
            except X509_FAILURES:
                continue
            return True
    return False


def provider() -> StoredTrust:
    """What ``keys.toml`` names as ``others``, or ``HOCBASO_KEY_PROVIDER`` where a node signs nothing."""
    return StoredTrust(settings.HOCBASO_HOME)
