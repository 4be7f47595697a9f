"""When: the seal's time stamp is the best signature time of everyone; claims must not contradict it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hocbaso.engines.trust.tokens import TimeStampInfo, TokenFault, read_token
from hocbaso.engines.trust.verification.archived import read_archive
from hocbaso.engines.trust.verification.policy import ValidationPolicy
from hocbaso.engines.trust.verification.sentences import day_and_time, role_name
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check, Result
from hocbaso.engines.trust.xades import SignatureParts, Unsigned, referable, signature_value_digest


@dataclass(frozen=True, slots=True)
class Stamped:
    """The seal's time stamp as far as it is right; ``fault`` says why there is no best signature time, or
    what is wrong with an archive time stamp. ``archive`` are those, oldest first.
    """

    token: TimeStampInfo | None
    fault: Check | None
    archive: tuple[TimeStampInfo, ...] = ()

    @property
    def all(self) -> tuple[TimeStampInfo, ...]:
        """Every time stamp, oldest first."""
        return () if self.token is None else (self.token, *self.archive)


def read_stamp(
    sheet: bytes,
    texts: Sequence[bytes],
    findings: Sequence[Finding],
    now: datetime,
    policy: ValidationPolicy,
) -> Stamped:
    """The time stamps of the seal; persons' signatures may carry no unsigned property at all.

    :param sheet: emitted ``ToNamHoc``.
    """
    for text, finding in zip(texts, findings, strict=True):
        if finding.parts is not None and finding.role == "con_dau":
            stamped = _read_seal(text, finding.parts, now, policy)
            if stamped.token is None or not finding.parts.unsigned.archive:
                return _unstamped(stamped, finding.parts)
            readable = [t for t, f in zip(texts, findings, strict=True) if f.parts is not None]
            targets = referable(sheet, readable)
            archive = read_archive(finding.parts, targets, stamped.token, now, policy)
            return Stamped(stamped.token, archive.fault, archive.stamps)
    return Stamped(None, Check(Result.UNKNOWN, "Chưa có con dấu nên chưa có dấu thời gian.", "NO_POE"))


def _read_seal(text: bytes, parts: SignatureParts, now: datetime, policy: ValidationPolicy) -> Stamped:
    stamp = parts.unsigned.time_stamp
    if stamp is None:
        sentence = "Con dấu chưa có dấu thời gian nên chưa xác định được thời điểm phát hành."
        return Stamped(None, Check(Result.UNKNOWN, sentence, "NO_POE"))
    try:
        token = read_token(stamp, signature_value_digest(text), now, policy.time_stamps.skew)
    except TokenFault as fault:
        return Stamped(None, Check(Result.FAILED, fault.sentence, fault.sub_indication))
    return Stamped(token, None)


def _unstamped(stamped: Stamped, parts: SignatureParts) -> Stamped:
    """Archive time stamps without the signature time stamp are no form of the profile."""
    if stamped.token is None and parts.unsigned.archive and parts.unsigned.time_stamp is None:
        sentence = "Con dấu có dấu thời gian lưu trữ mà không có dấu thời gian của chữ ký."
        return Stamped(None, Check(Result.FAILED, sentence, "FORMAT_FAILURE"))
    return stamped


def stray_properties(findings: Sequence[Finding]) -> Check | None:
    """Unsigned additions beside a person's signature: nobody answers for them."""
    for finding in findings:
        if finding.parts is None or finding.role == "con_dau":
            continue
        if finding.parts.unsigned != Unsigned():
            sentence = f"Chữ ký của {role_name(finding.role)} có phần thêm vào mà không ai ký."
            return Check(Result.FAILED, sentence, "FORMAT_FAILURE")
    return None


def claimed_times_fault(
    findings: Sequence[Finding], frozen: datetime | None, stamped: datetime | None, policy: ValidationPolicy
) -> Check | None:
    """A claimed signing time that contradicts the order of signing, the freezing or the time stamp.

    Clocks of signers' computers may differ by as much as the policy says.
    """
    latest = frozen
    for role in ("gvbm", "gvcn", "hieu_truong", "con_dau"):
        claims = [f.parts.signing_time for f in findings if f.role == role and f.parts is not None]
        for claim in claims:
            # Differences: the last second of the year 9999 has nothing to be added to.
            if latest is not None and latest - claim > policy.skew:
                return _contradiction(role, claim, "sớm hơn bước trước")
            if stamped is not None and claim - stamped > policy.skew:
                return _contradiction(role, claim, "muộn hơn dấu thời gian của con dấu")
        latest = max(claims, default=latest) if latest is None else max([latest, *claims])
    return None


def _contradiction(role: str, claim: datetime, how: str) -> Check:
    sentence = f"Giờ ký của {role_name(role)} ({day_and_time(claim)}) {how}, trái với thứ tự ký."
    return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")
