"""Evidence that travels unsigned beside the seal (B-LT): each item must answer for itself.

Nothing there is covered by a signature of the document. An item counts only when it is a certificate that
the bundle or a signature binds already, or when an authority known so far signed it: its every byte is fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.x509 import ocsp

from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.der import basic_response, check_signed
from hocbaso.engines.trust.longterm.answers import answer_is_signed, is_issued_by, list_is_signed
from hocbaso.engines.trust.paths import X509_FAILURES, Evidence
from hocbaso.engines.trust.verification.policy import HARD_LIMITS
from hocbaso.engines.trust.verification.verdict import Check, Result

_STRANGE = Check(
    Result.UNKNOWN,
    "Con dấu kèm theo chứng cứ không rõ ai cấp, nên chưa kết luận được.",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE",
)
_BROKEN = Check(Result.FAILED, "Chứng cứ kèm theo con dấu đã bị sửa hoặc không đọc được.", "FORMAT_FAILURE")
_TOO_MANY = Check(Result.UNKNOWN, "Kèm theo quá nhiều chứng cứ nên không được xét.")
_KEPT = 4096


class Vouching:
    """Answers whether evidence is vouched for under one bundle; keeps answers, as one class shares lists."""

    def __init__(self, bundle: TrustBundle) -> None:
        roots = (anchor.certificate for anchor in bundle.anchors)
        self._known = tuple(x509.load_der_x509_certificate(der) for der in (*roots, *bundle.intermediates))
        self._known_ders = frozenset((*(a.certificate for a in bundle.anchors), *bundle.intermediates))
        self._answers: dict[bytes, Check | None] = {}

    def check(self, evidence: Evidence, bound: Iterable[bytes]) -> Check | None:
        """``None`` when every item is vouched for, else the answer to give.

        :param bound: DER certificates that a signature of the document binds by their digest.
        """
        items = len(evidence.certificates) + len(evidence.crls) + len(evidence.ocsps)
        if items > HARD_LIMITS["evidence_items"]:
            return _TOO_MANY
        fixed = self._known_ders.union(bound)
        if not (evidence.crls or evidence.ocsps) and fixed.issuperset(evidence.certificates):
            return None
        digest = hashlib.sha256(b"".join(sorted(fixed - self._known_ders)))
        key = evidence.fingerprint + digest.digest()
        if key not in self._answers:
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            self._answers[key] = self._judge(evidence, fixed)
        return self._answers[key]

    def _judge(self, evidence: Evidence, fixed: frozenset[bytes]) -> Check | None:
        try:
            authorities = self._admit(evidence.certificates, fixed)
            if authorities is None:
                return _STRANGE
            for der in (*(set(evidence.certificates) - fixed), *evidence.crls):
                check_signed(der)
            for der in evidence.crls:
                if not list_is_signed(x509.load_der_x509_crl(der), authorities):
                    return _STRANGE
            for der in evidence.ocsps:
                check_signed(basic_response(der))
                if not answer_is_signed(ocsp.load_der_ocsp_response(der), authorities):
                    return _STRANGE
        except X509_FAILURES:
            return _BROKEN
        return None

    def _admit(self, ders: Iterable[bytes], fixed: frozenset[bytes]) -> list[x509.Certificate] | None:
        """Known certificates with those of the evidence that a known one issued; ``None``: a stranger."""
        known = list(self._known)
        waiting = [x509.load_der_x509_certificate(der) for der in ders if der not in self._known_ders]
        bound = [x509.load_der_x509_certificate(der) for der in fixed - self._known_ders]
        strangers = [certificate for certificate in waiting if certificate not in bound]
        while strangers:
            admitted = [c for c in strangers if any(is_issued_by(c, authority) for authority in known)]
            if not admitted:
                return None
            known += admitted
            strangers = [certificate for certificate in strangers if certificate not in admitted]
        return [*known, *(c for c in bound if any(is_issued_by(c, authority) for authority in known))]
