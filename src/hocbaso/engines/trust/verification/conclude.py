"""From the separate answers to one verdict and the one sentence that leads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hocbaso.core.document.model import YearSheet
from hocbaso.engines.trust.tokens import TimeStampInfo
from hocbaso.engines.trust.verification.examined import Examined
from hocbaso.engines.trust.verification.people import Judged
from hocbaso.engines.trust.verification.policy import ValidationPolicy
from hocbaso.engines.trust.verification.sentences import ENVIRONMENT_WARNING, day
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import (
    NOT_ASKED,
    Check,
    Conclusion,
    Question,
    Result,
    SignatureAnswer,
    Verdict,
)


def settle(check: Check, policy: ValidationPolicy) -> Check:
    """A failure that the standard calls indeterminate refuses only where the policy says so."""
    if check.result is Result.FAILED and not policy.refuses(check.sub_indication):
        return replace(check, result=Result.UNKNOWN, headline=None)
    return check


def weigh(checks: Sequence[Check]) -> Conclusion:
    """One failed answer makes invalid; one unknown answer makes indeterminate; only all good is valid."""
    results = {check.result for check in checks}
    if Result.FAILED in results:
        return Conclusion.INVALID
    return Conclusion.INDETERMINATE if Result.UNKNOWN in results else Conclusion.VALID


def conclude(
    *,
    file: str,
    policy: ValidationPolicy,
    sheet: YearSheet | None,
    hint: str | None,
    environment: str | None,
    digest: str | None,
    checks: Mapping[Question, Check],
    findings: Sequence[Finding],
    judged: Mapping[int, Judged],
    token: TimeStampInfo | None,
    examined: Examined | None = None,
) -> Verdict:
    """Put a verdict together.

    :param hint: the code that stands in the file, when the sheet itself could not be read.
    :param judged: what is known of the signer of each finding, by its number.
    """
    full = {question: settle(checks.get(question, NOT_ASKED), policy) for question in Question}
    conclusion = weigh(list(full.values()))
    decisive = _decisive(conclusion, full)
    reason = _valid_sentence(sheet, token) if decisive is None else decisive.headline or decisive.sentence
    if decisive is not None and conclusion is Conclusion.INDETERMINATE:
        reason = f"Chưa kết luận được. {decisive.sentence}"
    if environment == "thu_nghiem":
        reason = f"{ENVIRONMENT_WARNING}. {reason}"
    return Verdict(
        file=file,
        conclusion=conclusion,
        reason=reason,
        environment=environment,
        code=sheet.code if sheet is not None else hint,
        version=sheet.version if sheet is not None else None,
        digest=digest,
        checks=full,
        signatures=tuple(
            _answer(finding, judged.get(number), token) for number, finding in enumerate(findings)
        ),
        sub_indication=decisive.sub_indication if decisive is not None else None,
        best_signature_time=token.time if token is not None else None,
        sheet=sheet,
        policy=policy,
        examined=examined,
    )


def _decisive(conclusion: Conclusion, checks: Mapping[Question, Check]) -> Check | None:
    wanted = Result.FAILED if conclusion is Conclusion.INVALID else Result.UNKNOWN
    return next((check for check in checks.values() if check.result is wanted), None)


def _valid_sentence(sheet: YearSheet | None, token: TimeStampInfo | None) -> str:
    if sheet is None or token is None:
        return "Học bạ hợp lệ."
    issued = day(token.time)
    return f"Học bạ hợp lệ: bản đang có hiệu lực, do {sheet.school.name} phát hành ngày {issued}."


def _answer(finding: Finding, judged: Judged | None, token: TimeStampInfo | None) -> SignatureAnswer:
    parts = finding.parts
    claimed = parts.signing_time if parts is not None else None
    sealed = finding.role == "con_dau" and token is not None
    valid, reason = _signature_reason(finding, judged)
    return SignatureAnswer(
        role=finding.role,
        signer=(judged.registered_name if judged else None) or finding.subject_name,
        valid=valid,
        reason=reason,
        time=token.time if sealed and token is not None else claimed,
        serial=finding.serial,
        subjects=finding.subjects,
    )


def _signature_reason(finding: Finding, judged: Judged | None) -> tuple[bool, str]:
    if finding.fault is not None:
        return False, finding.fault.sentence
    if judged is None:
        return False, "Giá trị chữ ký khớp nội dung; chưa xét được chứng thư số và thẩm quyền của người ký."
    for check in (judged.path, judged.authority):
        if check.result is not Result.OK:
            return False, check.sentence
    good = "Chữ ký đúng, chứng thư số còn hiệu lực, ký đúng quyền."
    return True, " ".join(filter(None, (good, judged.authority.note)))
