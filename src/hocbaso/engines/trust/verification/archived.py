"""Archive time stamps (B-LTA): judged from the newest back, each as of the time of the one after it.

A time stamp proves something as long as its authority's certificate and its algorithms hold. What ended
before the present still proves what it says when a later stamp was made over it in time; so the newest stamp
is judged as of now, every other one as of the stamp that follows (EN 319 102-1 clauses 5.5 and 5.6.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.paths import NO_EVIDENCE, Evidence
from hocbaso.engines.trust.tokens import TimeStampInfo, TokenFault, imprint_algorithm, read_token
from hocbaso.engines.trust.verification.people import STAMPER, Judged, People
from hocbaso.engines.trust.verification.policy import ValidationPolicy
from hocbaso.engines.trust.verification.sentences import day
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check, Result
from hocbaso.engines.trust.xades import SignatureParts, archive_digest


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive stamps as far as they are right, oldest first; ``fault``: what is wrong with the next."""

    stamps: tuple[TimeStampInfo, ...] = ()
    fault: Check | None = None


def read_archive(
    parts: SignatureParts,
    targets: Mapping[str, bytes],
    first: TimeStampInfo,
    now: datetime,
    policy: ValidationPolicy,
) -> Archive:
    """Read the archive stamps of the seal; each must cover everything that stands before it.

    :param targets: canonical octets of what the seal may refer to (:func:`xades.referable`).
    :param first: the signature time stamp.
    """
    found: list[TimeStampInfo] = []
    before = first.time
    for number, stamp in enumerate(parts.unsigned.archive):
        try:
            imprint = archive_digest(parts, targets, number, imprint_algorithm(stamp.token))
            token = read_token(stamp.token, imprint, now, policy.time_stamps.skew)
        except TokenFault as fault:
            sentence = fault.sentence
            if fault.sub_indication == "HASH_FAILURE":
                sentence = "Phần đứng trước nó đã bị sửa, bớt hoặc đổi chỗ."
            return Archive(tuple(found), _fault(number, fault.sub_indication, sentence))
        except DomainError:
            return Archive(
                tuple(found), _fault(number, "FORMAT_FAILURE", "Không đọc được phần đứng trước nó.")
            )
        if token.time < before:
            sentence = "Nó ghi thời điểm sớm hơn dấu thời gian đứng trước."
            return Archive(tuple(found), _fault(number, "TIMESTAMP_ORDER_FAILURE", sentence))
        before = token.time
        found.append(token)
    return Archive(tuple(found))


def _fault(number: int, sub_indication: str, sentence: str) -> Check:
    said = f"Dấu thời gian lưu trữ thứ {number + 1} không đúng: {sentence}"
    return Check(Result.FAILED, said, sub_indication, f"Học bạ không hợp lệ. {said}")


def evidence_of_seal(findings: Sequence[Finding], stamps: Sequence[TimeStampInfo]) -> Evidence:
    """What stands unsigned beside the seal, with the spare certificates of its tokens."""
    seal = next((f.parts for f in findings if f.role == "con_dau" and f.parts is not None), None)
    if seal is None:
        return NO_EVIDENCE
    data = seal.unsigned.everything
    spare = dict.fromkeys(der for stamp in stamps for der in stamp.other_ders)
    return Evidence(tuple(dict.fromkeys((*spare, *data.certificates))), data.crls, data.ocsps)


def judge_stamps(
    people: People,
    stamps: Sequence[TimeStampInfo],
    evidence: Evidence,
    now: datetime,
    policy: ValidationPolicy,
) -> dict[int, Judged]:
    """Every time stamp's authority, by number: the signature stamp is ``STAMPER``, archive stamps below it.

    :param stamps: the signature time stamp, then the archive stamps, oldest first.
    """
    judged: dict[int, Judged] = {}
    until = now
    for number in reversed(range(len(stamps))):
        stamp = stamps[number]
        answer = people.judge_stamper(stamp.certificate_der, stamp.time, evidence, until=until)
        if answer.path.result is Result.OK:
            ended = _ended(stamp, number, until, policy, last=number == len(stamps) - 1)
            answer = answer if ended is None else answer.with_path(ended)
        judged[STAMPER - number] = answer
        until = stamp.time
    return dict(sorted(judged.items(), reverse=True))


def _ended(
    stamp: TimeStampInfo, number: int, until: datetime, policy: ValidationPolicy, *, last: bool
) -> Check | None:
    """Whether a stamp had ended before the next was made over it (or before now, for the newest)."""
    name = f"dấu thời gian lưu trữ thứ {number}" if number else "dấu thời gian của con dấu"
    lacking = "chưa có dấu thời gian lưu trữ nối tiếp" if last else "dấu thời gian nối tiếp được cấp quá muộn"
    ends = stamp.certificate.not_valid_after_utc
    if ends < until and policy.time_stamps.authority_must_be_valid_now:
        sentence = f"Chứng thư của nơi cấp {name} đã hết hạn ngày {day(ends)} mà {lacking}."
        return Check(Result.UNKNOWN, sentence, "NO_POE")
    weak = next((name for name in stamp.algorithms if not policy.accepts(name, until)), None)
    if weak is not None:
        sentence = f"Thuật toán {weak} của {name} đã hết thời hạn tin cậy mà {lacking}."
        return Check(Result.UNKNOWN, sentence, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    return None
