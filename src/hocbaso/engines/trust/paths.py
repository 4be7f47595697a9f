"""Was this certificate good at that time? Certification paths by pyhanko-certvalidator, never the network.

A path runs from the certificate over intermediates to an anchor of the trust bundle and is judged at the
best signature time (RFC 5280 section 6, EN 319 102-1 section 5.2.6). Revocation must be known: what no list
covers is ``REVOCATION_UNKNOWN``, not good. A revocation after the best signature time does not harm.
"""

from __future__ import annotations

import hashlib
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.path_outcomes import SUB_INDICATIONS, PathResult, PathState, run
from hocbaso.engines.trust.path_rules import (
    Purpose,
    answer_begins,
    brings_no_stranger,
    expiry_limits,
    fits,
    issued_below,
    issuers_of,
    leaves_old_tokens,
    list_begins,
    speaks,
    told_by_delta,
)

if TYPE_CHECKING:
    from hocbaso.engines.trust.verification.policy import RevocationRules

_CACHE_ENTRIES = 20_000
#: A root that says this of itself is never taken for genuine, whatever a bundle calls it.
SANDBOX_MARKER = "THỬ NGHIỆM"
#: What reading hostile certificates, lists and answers may raise (not all of it is a ``ValueError``).
X509_FAILURES = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    RecursionError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Certificates and revocation answers that came with the document itself (B-LT), all DER."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def joined(self, other: Evidence) -> Evidence:
        """This evidence with the other's."""
        if not (other.certificates or other.crls or other.ocsps):
            return self
        return Evidence(
            (*self.certificates, *other.certificates),
            (*self.crls, *other.crls),
            (*self.ocsps, *other.ocsps),
        )

    @property
    def fingerprint(self) -> bytes:
        """A digest that tells two sets of evidence apart."""
        digest = hashlib.sha256()
        for group in (self.certificates, self.crls, self.ocsps):
            digest.update(len(group).to_bytes(4, "big"))
            for item in group:
                digest.update(hashlib.sha256(item).digest())
        return digest.digest()


NO_EVIDENCE = Evidence()


class PathChecker:
    """Answers about certificates under one bundle; keeps answers, so that one class costs one validation.

    An answer changes only at the instants when a certificate, an anchor or a list begins or ends, or a
    certificate is revoked. Answers are kept per interval between those instants: exact, not rounded.

    :param rules: of the validation policy; ``None``: those of the newest policy of the package.
    :raises Unreadable: ``bundle_unreadable`` when an anchor, intermediate or list of the bundle is no DER.
    """

    def __init__(self, bundle: TrustBundle, rules: RevocationRules | None = None) -> None:
        self._rules = rules or _default_rules()
        try:
            self._anchors = [_KnownAnchor(anchor) for anchor in bundle.anchors]
            self._intermediates = [_load_certificate(der) for der in bundle.intermediates]
            ders = (*(anchor.certificate for anchor in bundle.anchors), *bundle.intermediates)
            self._known = [x509.load_der_x509_certificate(der) for der in ders]
            self._crls = _load_all(asn1_crl.CertificateList, bundle.crls)
            self._fast_crls = [x509.load_der_x509_crl(der) for der in bundle.crls]
            self._common_instants = self._instants_of_bundle(bundle)
        except X509_FAILURES as error:
            what = "chứng thư hoặc danh sách thu hồi trong gói bị hỏng"
            raise Unreadable("bundle_unreadable", what=what) from error
        self._instants: dict[bytes, list[datetime]] = {}
        self._answers: dict[tuple[bytes, ...], PathResult] = {}

    @property
    def environments(self) -> frozenset[str]:
        """The worlds of the bundle's anchors."""
        return frozenset(known.environment for known in self._anchors)

    def check(
        self, certificate: bytes, at: datetime, purpose: Purpose, evidence: Evidence = NO_EVIDENCE
    ) -> PathResult:
        """Judge a DER certificate at the aware time ``at``.

        Evidence of the document is asked only when the bundle alone does not know. Never raises on hostile
        input: what cannot be read is ``BAD_CHAIN``.
        """
        key = hashlib.sha256(certificate).digest()
        bucket = self._bucket(key, certificate, at)
        result = self._kept((key, purpose.encode(), bucket), certificate, at, purpose, NO_EVIDENCE)
        unsettled = result.state in (PathState.UNKNOWN_ISSUER, PathState.REVOCATION_UNKNOWN)
        suspended = result.when is not None  # an older list beside the document says nothing against that
        if unsettled and not suspended and evidence != NO_EVIDENCE:
            stamp = at.isoformat().encode()
            full = (key, purpose.encode(), stamp, evidence.fingerprint)
            result = self._kept(full, certificate, at, purpose, evidence)
        return result

    def _kept(
        self,
        key: tuple[bytes, ...],
        certificate: bytes,
        at: datetime,
        purpose: Purpose,
        evidence: Evidence,
    ) -> PathResult:
        answer = self._answers.get(key)
        if answer is None:
            answer = self._judge(certificate, at, purpose, evidence)
            if len(self._answers) >= _CACHE_ENTRIES:
                self._answers.clear()
            self._answers[key] = answer
        return answer

    def _judge(self, der: bytes, at: datetime, purpose: Purpose, evidence: Evidence) -> PathResult:
        try:
            certificate = asn1_x509.Certificate.load(der, strict=True)
            brought = issued_below(self._known, evidence.certificates)
            others = [*self._intermediates, *_load_all(asn1_x509.Certificate, brought)]
            known = [*self._known, *map(x509.load_der_x509_certificate, brought)]
            crls, ocsps = self._answers_of(evidence, certificate, at, known)
            if not fits(certificate, purpose):
                return self._named(PathResult(PathState.BAD_USAGE), certificate, others, at)
            limits = expiry_limits(certificate, others)
            lists = [c for c in (*self._crls, *crls) if speaks(c, limits)]
            result = self._validate(certificate, at, others, lists, ocsps)
            if result.ok and told_by_delta(issuers_of(certificate, others), lists, at):
                result = replace(result, state=PathState.REVOCATION_UNKNOWN, detail="told by a delta list")
            if result.ok and purpose is Purpose.TIME_STAMP:
                result = self._still_good(result, certificate, at, others, lists)
        except X509_FAILURES as error:
            return PathResult(PathState.BAD_CHAIN, detail=f"unreadable certificate: {error}")
        return result if result.ok else self._named(result, certificate, others, at)

    def _answers_of(
        self,
        evidence: Evidence,
        certificate: asn1_x509.Certificate,
        at: datetime,
        known: list[x509.Certificate],
    ) -> tuple[list[asn1_crl.CertificateList], list[asn1_ocsp.OCSPResponse]]:
        """Lists and answers that came with a document, if they are young enough and bring no strangers.

        Whoever holds the document chose them: an answer from before a revocation stays genuine for weeks.
        """
        crls = _load_all(asn1_crl.CertificateList, evidence.crls)
        answers = [der for der in evidence.ocsps if brings_no_stranger(der, known)]
        ocsps = _load_all(asn1_ocsp.OCSPResponse, answers)
        if self._rules.oldest is None:
            return crls, ocsps
        earliest = at - self._rules.oldest
        issuer = certificate.issuer.hashable
        return [c for c in crls if c.issuer.hashable != issuer or list_begins(c) >= earliest], [
            answer for answer in ocsps if answer_begins(answer) >= earliest
        ]

    def _validate(
        self,
        certificate: asn1_x509.Certificate,
        at: datetime,
        others: list[asn1_x509.Certificate],
        crls: list[asn1_crl.CertificateList],
        ocsps: list[asn1_ocsp.OCSPResponse],
    ) -> PathResult:
        trusted = [anchor.parsed for anchor in self._anchors if anchor.holds(at)]
        if not trusted:
            return PathResult(PathState.UNKNOWN_ISSUER, detail="no anchor at that time")
        # The library finds a certificate revoked when the date lies strictly before the moment; a
        # revocation in the very instant of signing must count, hence the microsecond.
        moment = at + timedelta(microseconds=1)
        context = ValidationContext(
            trust_roots=trusted,
            other_certs=others,
            crls=crls,
            ocsps=ocsps,
            moment=moment,
            best_signature_time=at,
            allow_fetching=False,
            revocation_mode="require",
            retroactive_revinfo=True,
            time_tolerance=timedelta(0),
        )
        result, root = run(
            CertificateValidator(certificate, (), context),
            hold_is_indeterminate=self._rules.hold_is_indeterminate,
        )
        if root is None:
            return result
        anchor = next(known for known in self._anchors if known.parsed.dump() == root)
        return replace(result, environment=anchor.environment, family=anchor.anchor.family)

    def _still_good(
        self,
        good: PathResult,
        certificate: asn1_x509.Certificate,
        at: datetime,
        others: list[asn1_x509.Certificate],
        crls: list[asn1_crl.CertificateList],
    ) -> PathResult:
        """The time is the authority's own claim, so a revocation for compromise harms whenever it came.

        The same holds for whoever issued its certificate: another one could be made, and dated at will.
        """
        worst: PathResult | None = None
        for member in issuers_of(certificate, others):
            for crl in crls:
                if crl.issuer.hashable != member.issuer.hashable:
                    continue
                entry = x509.load_der_x509_crl(crl.dump()).get_revoked_certificate_by_serial_number(
                    member.serial_number
                )
                if entry is None or leaves_old_tokens(entry):
                    continue
                later = self._validate(certificate, max(at, entry.revocation_date_utc), others, crls, [])
                if later.state is not PathState.REVOKED or later.when is None:
                    continue
                if worst is None or worst.when is None or later.when < worst.when:  # the earliest counts
                    worst = replace(later, environment=good.environment, family=good.family)
        return good if worst is None else replace(worst, state=PathState.COMPROMISED)

    def _named(
        self,
        result: PathResult,
        certificate: asn1_x509.Certificate,
        others: list[asn1_x509.Certificate],
        at: datetime,
    ) -> PathResult:
        """Name the world of a path that is not good, by issuer names: to be said, never to be trusted."""
        known = self._anchor_by_name(certificate, others)
        if known is None:
            return result
        ended = not known.holds(at)
        return replace(result, environment=known.environment, family=known.anchor.family, anchor_ended=ended)

    def _anchor_by_name(
        self, certificate: asn1_x509.Certificate, others: list[asn1_x509.Certificate]
    ) -> _KnownAnchor | None:
        wanted = certificate.issuer.hashable
        for _ in range(8):
            for known in self._anchors:
                if known.parsed.subject.hashable == wanted:
                    return known
            above = [c for c in others if c.subject.hashable == wanted and c.issuer.hashable != wanted]
            if not above:
                return None
            wanted = above[0].issuer.hashable
        return None

    def _bucket(self, key: bytes, certificate: bytes, at: datetime) -> bytes:
        instants = self._instants.get(key)
        if instants is None:
            if len(self._instants) >= _CACHE_ENTRIES:
                self._instants.clear()
            instants = self._instants[key] = self._instants_of(certificate)
        return f"{bisect_left(instants, at)}:{bisect_right(instants, at)}".encode()

    def _instants_of_bundle(self, bundle: TrustBundle) -> set[datetime]:
        instants: set[datetime] = set()
        for der in bundle.intermediates:
            instants.update(self._instants_of_certificate(der))
        for anchor in self._anchors:
            instants.update((anchor.begins, anchor.ends))
        for fast in self._fast_crls:
            instants.add(fast.last_update_utc)
            if fast.next_update_utc is not None:
                instants.add(fast.next_update_utc)
        return instants

    def _instants_of_certificate(self, der: bytes) -> Iterable[datetime]:
        certificate = x509.load_der_x509_certificate(der)
        yield certificate.not_valid_before_utc
        yield certificate.not_valid_after_utc
        for fast in self._fast_crls:
            entry = fast.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None:
                yield entry.revocation_date_utc

    def _instants_of(self, der: bytes) -> list[datetime]:
        try:
            return sorted(self._common_instants.union(self._instants_of_certificate(der)))
        except X509_FAILURES:
            return []


class _KnownAnchor:
    """An anchor with its parsed certificate; trusted only while both the bundle and the root say so."""

    def __init__(self, anchor: Anchor) -> None:
        self.anchor = anchor
        self.parsed = _load_certificate(anchor.certificate)
        self.begins: datetime = max(anchor.valid_from, self.parsed.not_valid_before)
        self.ends: datetime = min(anchor.valid_to, self.parsed.not_valid_after)
        shown = unicodedata.normalize("NFKC", str(self.parsed.subject.human_friendly))
        marked = SANDBOX_MARKER in shown.upper()
        self.environment = "thu_nghiem" if marked else anchor.environment

    def holds(self, at: datetime) -> bool:
        return self.begins <= at <= self.ends


def _default_rules() -> RevocationRules:
    from hocbaso.engines.trust.verification.policy import policy_in_force  # the package imports this module

    return policy_in_force().revocation


def _load_certificate(der: bytes) -> asn1_x509.Certificate:
    x509.load_der_x509_certificate(der)  # reads all of it at once; asn1crypto reads what is asked for
    return asn1_x509.Certificate.load(der, strict=True)


def _load_all(kind: Any, items: Iterable[bytes]) -> list[Any]:
    return [kind.load(item, strict=True) for item in items]


__all__ = [
    "NO_EVIDENCE",
    "SUB_INDICATIONS",
    "X509_FAILURES",
    "Evidence",
    "PathChecker",
    "PathResult",
    "PathState",
    "Purpose",
]
