"""The constraints of the policy on size and on cryptography (EN 319 102-1 clauses 5.2.2 and 5.2.8.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import accumulate

from cryptography import x509

from hocbaso.core.document.parse import SplitDocument
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.longterm.policy import key_algorithm
from hocbaso.engines.trust.paths import X509_FAILURES, Evidence
from hocbaso.engines.trust.verification.policy import HARD_LIMITS, Limits, ValidationPolicy
from hocbaso.engines.trust.verification.sentences import day, role_name
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check, Result


def check_size(document: bytes, split: SplitDocument, limits: Limits) -> None:
    """Refuse what a policy stricter than the readers calls too large.

    The readers' own limits have been applied by :func:`split_document` before anything was copied; how much
    evidence there may be is asked here alone.

    :raises Unreadable: ``document_too_large``.
    """
    for name in _SIZES:
        limit = getattr(limits, name)
        own = limit < HARD_LIMITS[name] or name == "evidence_items"
        if own and _size(name, document, split) > limit:
            raise Unreadable("document_too_large", what=_SIZES[name], limit=limit)


_SIZES = {
    "document_octets": "số byte",
    "sheet_octets": "số byte",
    "signature_octets": "số byte của một chữ ký",
    "signatures": "số chữ ký",
    "references": "số tham chiếu",
    "evidence_items": "số chứng cứ kèm theo",
    "elements": "số phần tử",
    "depth": "số tầng",
}


_ENCAPSULATED = b"<xades:Encapsulated"


def check_evidence(evidence: Evidence, limits: Limits) -> None:
    """The same for what stands around a document.

    :raises Unreadable: ``document_too_large``.
    """
    if len(evidence.certificates) + len(evidence.crls) + len(evidence.ocsps) > limits.evidence_items:
        what = _SIZES["evidence_items"]
        raise Unreadable("document_too_large", what=what, limit=limits.evidence_items)


def _size(name: str, document: bytes, split: SplitDocument) -> int:
    texts = split.signatures
    if name == "document_octets":
        return len(document)
    if name == "sheet_octets":
        return len(split.sheet)
    if name == "signature_octets":
        return max(map(len, texts), default=0)
    if name == "signatures":
        return len(texts)
    if name == "references":
        return max((text.count(b"<ds:Reference ") for text in texts), default=0)
    if name == "evidence_items":
        return max((text.count(_ENCAPSULATED) for text in texts), default=0)
    if name == "elements":
        return document.count(b"<") - document.count(b"</")
    return _depth(split.sheet)


def _depth(sheet: bytes) -> int:
    """How deep elements stand in each other; markup other than elements was refused before."""
    steps = (-1 if part.startswith(b"/") else 1 for part in sheet.split(b"<")[1:])
    return max(accumulate(steps), default=0)


def check_algorithms(finding: Finding, at: datetime, policy: ValidationPolicy) -> Check | None:
    """Whether every algorithm of a signature counts at the time at which it is known to have existed.

    :param at: best signature time: what proves existence (POE).
    :returns: ``None``: all do.
    """
    if finding.parts is None:
        return None
    names = ("sha256", *key_names(finding.parts.ders))
    weak = _first_weak(names, at.astimezone(UTC).date(), policy)
    return None if weak is None else _weak_check(weak, role_name(finding.role), at, policy)


def check_signature_policy(finding: Finding, policy: ValidationPolicy) -> Check | None:
    """Whether the text that a signer committed to is one that the policy accepts (EN 319 102-1, 5.2.4)."""
    if finding.parts is None or finding.parts.policy in policy.signature_policies:
        return None
    sentence = (
        f"Chính sách xác thực không nhận chính sách ký {finding.parts.policy} của {role_name(finding.role)}."
    )
    return Check(Result.FAILED, sentence, "SIGNATURE_POLICY_NOT_AVAILABLE")


def check_key(certificate: bytes, who: str, now: datetime, policy: ValidationPolicy) -> Check | None:
    """The same for a signature whose existence nothing proves but that it is here now."""
    names = ("sha256", *key_names((certificate,)))
    weak = _first_weak(names, now.astimezone(UTC).date(), policy)
    return None if weak is None else _weak_check(weak, who, now, policy)


@lru_cache(maxsize=1024)
def _first_weak(names: tuple[str, ...], on: date, policy: ValidationPolicy) -> str | None:
    """The first algorithm that does not count on a day (UTC)."""
    return next((name for name in names if not policy.accepts_on(name, on)), None)


@lru_cache(maxsize=1024)
def key_names(ders: tuple[bytes, ...]) -> tuple[str, ...]:
    """The kinds of the keys of certificates, as the policy names them."""
    return tuple(map(_key_name, ders))


def _key_name(der: bytes) -> str:
    try:
        return key_algorithm(x509.load_der_x509_certificate(der).public_key())
    except X509_FAILURES:
        return "unknown"


def _weak_check(weak: str, who: str, at: datetime, policy: ValidationPolicy) -> Check:
    if not policy.knows(weak):
        sentence = f"Chính sách xác thực không nhận thuật toán {weak} của {who}."
        return Check(Result.FAILED, sentence, "CRYPTO_CONSTRAINTS_FAILURE")
    sentence = (
        f"Thuật toán {weak} của {who} không còn được coi là đủ mạnh vào ngày {day(at)}, "
        "và không có dấu thời gian nào chứng minh chữ ký có từ trước đó."
    )
    return Check(Result.UNKNOWN, sentence, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
