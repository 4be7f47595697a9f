"""The building blocks of EN 319 102-1 clause 5.2, told one by one out of what the verification saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocbaso.engines.trust.verification.examined import Examined
from hocbaso.engines.trust.verification.people import STAMPER, Judged
from hocbaso.engines.trust.verification.policy import main_indication
from hocbaso.engines.trust.verification.signatures import Fault, Finding
from hocbaso.engines.trust.verification.verdict import Check, Result

PASSED, FAILED, INDETERMINATE = "PASSED", "FAILED", "INDETERMINATE"
#: In the order in which the standard runs them (clause 5.3.4).
BLOCKS = (
    "format_checking",
    "identification_of_signing_certificate",
    "validation_context_initialization",
    "x509_certificate_validation",
    "cryptographic_verification",
    "signature_acceptance_validation",
)
_CRYPTOGRAPHY = ("HASH_FAILURE", "SIG_CRYPTO_FAILURE")
Block = dict[str, Any]
_SKIPPED: Block = {"performed": False, "indication": None, "sub_indication": None, "sentence": None}


def _block(sub_indication: str | None, sentence: str | None, *, passed: bool = False) -> Block:
    total = PASSED if passed else main_indication(sub_indication).removeprefix("TOTAL-")
    return {
        "performed": True,
        "indication": total,
        "sub_indication": None if passed else sub_indication,
        "sentence": sentence,
    }


def _good(sentence: str | None = None) -> Block:
    return _block(None, sentence, passed=True)


def _of_check(check: Check) -> Block:
    if check.result is Result.OK:
        return _good(check.sentence)
    return _block(check.sub_indication, check.sentence)


def signature_blocks(number: int, seen: Examined) -> dict[str, Block]:
    """The blocks of one signature, every one named, those that were not run as well."""
    finding, judged = seen.findings[number], seen.judged.get(number)
    fault = finding.fault
    found = dict.fromkeys(BLOCKS, _SKIPPED)
    if finding.parts is None:
        assert fault is not None
        weak = fault.sub_indication != "FORMAT_FAILURE"
        found["format_checking"] = _good() if weak else _block(fault.sub_indication, fault.sentence)
        if weak:
            found["signature_acceptance_validation"] = _block(fault.sub_indication, fault.sentence)
        return found
    found["format_checking"] = _good()
    found["identification_of_signing_certificate"] = _good()
    found["validation_context_initialization"] = _good()
    if judged is not None:
        found["x509_certificate_validation"] = _of_check(judged.path)
    found["cryptographic_verification"] = _cryptography(finding)
    found["signature_acceptance_validation"] = _acceptance(fault, judged, seen.algorithms.get(number))
    return found


def _cryptography(finding: Finding) -> Block:
    """Clause 5.2.7: digests of what is signed, and the value."""
    fault = finding.fault
    if fault is None:
        return _good("Nội dung đã ký không đổi; giá trị chữ ký đúng.")
    if fault.sub_indication in _CRYPTOGRAPHY:
        return _block(fault.sub_indication, fault.sentence)
    return _SKIPPED


def _acceptance(fault: Fault | None, judged: Judged | None, algorithms: Check | None) -> Block:
    """Clause 5.2.8: what the policy asks of a signature: its place and role, authority, algorithms."""
    if fault is not None:
        own = fault.sub_indication not in _CRYPTOGRAPHY
        return _block(fault.sub_indication, fault.sentence) if own else _SKIPPED
    if algorithms is not None:
        return _of_check(algorithms)
    if judged is None:
        return _SKIPPED
    if judged.authority.result is not Result.OK and judged.authority.sub_indication is None:
        return _block("SIG_CONSTRAINTS_FAILURE", judged.authority.sentence)
    return _of_check(judged.authority)


def stamp_blocks(number: int, seen: Examined) -> dict[str, Block]:
    """The blocks of a time stamp (clause 5.4): number 0 is the seal's own, archive time stamps follow.

    The fault is that of the first one that is not right.
    """
    found = dict.fromkeys(BLOCKS, _SKIPPED)
    stamps = [token for token in (seen.token,) if token is not None] + list(seen.archive)
    fault = seen.stamp_fault if number == len(stamps) else None
    judged = seen.judged.get(STAMPER - number)
    if number < len(stamps):
        for name in (*BLOCKS[:3], "cryptographic_verification", "signature_acceptance_validation"):
            found[name] = _good()
        if judged is not None:
            found["x509_certificate_validation"] = _of_check(judged.path)
    if fault is not None:
        found[_place_of(fault.sub_indication)] = _of_check(fault)
    return found


def _place_of(sub_indication: str | None) -> str:
    """The block that finds a fault of a token."""
    if sub_indication == "FORMAT_FAILURE":
        return "format_checking"
    if sub_indication == "NO_SIGNING_CERTIFICATE_FOUND":
        return "identification_of_signing_certificate"
    if sub_indication in _CRYPTOGRAPHY:
        return "cryptographic_verification"
    if sub_indication in ("CHAIN_CONSTRAINTS_FAILURE", "EXPIRED", "NOT_YET_VALID"):
        return "x509_certificate_validation"
    return "signature_acceptance_validation"


def summary(blocks: Mapping[str, Block], seen: Examined) -> tuple[str, str | None, str | None]:
    """Main indication, sub-indication and sentence of a signature (clause 5.6.3).

    What is refused counts before what is open; a block that could not be run leaves the signature open.
    """
    for wanted in (FAILED, INDETERMINATE):
        for name in BLOCKS:
            block = blocks[name]
            if block["indication"] == wanted:
                total = "TOTAL-FAILED" if wanted == FAILED else INDETERMINATE
                return total, block["sub_indication"], block["sentence"]
    if seen.token is None:
        return INDETERMINATE, "NO_POE", "Chưa có dấu thời gian nào chứng minh chữ ký có từ trước."
    stamper = seen.judged.get(STAMPER)
    if stamper is None:
        sentence = "Chưa xét được đường dẫn chứng thư số: thiếu gói tin cậy, hoặc nội dung không nguyên vẹn."
        return INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND", sentence
    if stamper.path.result is not Result.OK and blocks["x509_certificate_validation"]["performed"]:
        return INDETERMINATE, "NO_POE", stamper.path.sentence
    return "TOTAL-PASSED", None, None
