"""The time stamps of a sealed PDF, judged from the newest back (EN 319 102-1 clause 5.6, EN 319 142-1).

The newest must prove something now: its authority's certificate has not ended, its algorithms still count.
Each earlier one is judged as of the next one's time, because the next one proves that it existed then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.pades_check import PdfSealResult
from hocbaso.engines.trust.paths import NO_EVIDENCE, Evidence, PathChecker, PathResult, PathState, Purpose
from hocbaso.engines.trust.tokens import TimeStampInfo, TokenFault, read_token
from hocbaso.engines.trust.verification.evidence import Vouching
from hocbaso.engines.trust.verification.policy import ValidationPolicy
from hocbaso.engines.trust.verification.sentences import day, path_sentence
from hocbaso.engines.trust.verification.verdict import Check, Result


@dataclass(frozen=True, slots=True)
class Archive:
    """What the time stamps of a PDF prove together.

    ``existed``: the time at which the whole sealed revision is known to have existed, attachments included;
    ``None`` when the chain of time stamps is broken. ``check`` is the answer about that chain.
    """

    check: Check
    level: str
    stamps: tuple[datetime, ...] = ()  # of the archive time stamps that were readable, oldest first
    existed: datetime | None = None
    holds_until: datetime | None = None  # end of the newest authority's certificate
    evidence: Evidence = NO_EVIDENCE  # of the file's store, every item of it vouched for


def judge_archive(
    result: PdfSealResult, bundle: TrustBundle, checker: PathChecker, policy: ValidationPolicy, now: datetime
) -> Archive:
    """Judge all time stamps of a file whose seal was found intact and whole.

    :param result: with a readable time stamp of the seal (:attr:`PdfSealResult.stamp`).
    """
    file = result.file
    level = file.level if file is not None else "B-T"
    if result.stamp is None:
        return Archive(Check(Result.UNKNOWN, "Con dấu không có dấu thời gian đọc được.", "NO_POE"), level)
    tokens, fault = [result.stamp], None
    for number, stamp in enumerate(file.stamps if file is not None else (), start=1):
        try:
            tokens.append(read_token(stamp.token, stamp.imprint, now, policy.time_stamps.skew))
        except TokenFault as error:
            fault = Check(
                Result.FAILED, f"Dấu thời gian lưu trữ số {number}: {error.sentence}", error.sub_indication
            )
            break
    times = tuple(token.time for token in tokens[1:])
    end = tokens[-1].certificate.not_valid_after_utc
    answer = Archive(Check(Result.OK, _fine(tokens, end)), level, times, None, end)
    spare = tuple(der for token in tokens for der in (token.certificate_der, *token.other_ders))
    evidence = replace(result.evidence, certificates=(*result.evidence.certificates, *spare))
    fault = fault or _vouched(evidence, result, tokens, bundle)
    if fault is not None:
        return replace(answer, check=fault)
    answer = replace(answer, evidence=result.evidence)
    fault = _chain(tokens, evidence, checker, policy, now)
    if fault is not None:
        return replace(answer, check=fault)
    first = stamp_path(result, checker, times[0] if times else None)
    return replace(answer, existed=tokens[0].time if first is not None and first.ok else None)


def _fine(tokens: Sequence[TimeStampInfo], end: datetime) -> str:
    if len(tokens) == 1:
        return f"Dấu thời gian của con dấu còn giá trị chứng minh đến ngày {day(end)}."
    return (
        f"Có {len(tokens) - 1} dấu thời gian lưu trữ, mới nhất ngày {day(tokens[-1].time)}, "
        f"còn giá trị chứng minh đến ngày {day(end)}."
    )


def _vouched(
    evidence: Evidence, result: PdfSealResult, tokens: Sequence[TimeStampInfo], bundle: TrustBundle
) -> Check | None:
    """Nothing in the store is signed by the document: each item must answer for itself."""
    if result.file is None or not bundle.anchors:
        return None
    bound = (result.certificate or b"", *(token.certificate_der for token in tokens))
    return _vouching(bundle).check(evidence, bound)


@lru_cache(maxsize=4)
def _vouching(bundle: TrustBundle) -> Vouching:
    return Vouching(bundle)


def _chain(
    tokens: Sequence[TimeStampInfo],
    evidence: Evidence,
    checker: PathChecker,
    policy: ValidationPolicy,
    now: datetime,
) -> Check | None:
    """From the newest back; the first thing that is wrong, or ``None``."""
    moment = now
    for number in range(len(tokens) - 1, -1, -1):
        token = tokens[number]
        who = f"dấu thời gian lưu trữ số {number}" if number else "dấu thời gian của con dấu"
        if token.time > moment + policy.time_stamps.skew:
            sentence = f"Giờ của {who} muộn hơn dấu thời gian đứng sau nó."
            return Check(Result.FAILED, sentence, "TIMESTAMP_ORDER_FAILURE")
        path = _path(checker, token, evidence, moment)
        if number and not path.ok:  # the path of the seal's own stamp is told with the seal
            unsettled = path.state in (
                PathState.UNKNOWN_ISSUER,
                PathState.REVOCATION_UNKNOWN,
                PathState.COMPROMISED,
            )
            kind = Result.UNKNOWN if unsettled else Result.FAILED
            return Check(kind, path_sentence(path, f"nơi cấp {who}"), path.sub_indication)
        late = _ended(token, who, moment, policy)
        if late is None and number < len(tokens) - 1:
            late = _unwatched(checker, token, who, evidence, moment)
        if late is not None:
            return late
        moment = token.time
    return None


def stamp_path(
    result: PdfSealResult, checker: PathChecker, archive_begins: datetime | None
) -> PathResult | None:
    """The path of the seal's own authority; a compromise after the first archive stamp does not harm."""
    if result.stamp is None or archive_begins is None:
        return result.stamp_path
    return _path(checker, result.stamp, result.evidence, archive_begins)


def _path(checker: PathChecker, token: TimeStampInfo, evidence: Evidence, moment: datetime) -> PathResult:
    """The authority's path at the token's own time, as far as what happened up to ``moment`` matters."""
    path = checker.check(token.certificate_der, token.time, Purpose.TIME_STAMP, evidence)
    if path.state is PathState.COMPROMISED and path.when is not None and path.when > moment:
        return replace(path, state=PathState.OK, when=None, reason=None)
    return path


def _unwatched(
    checker: PathChecker, token: TimeStampInfo, who: str, evidence: Evidence, moment: datetime
) -> Check | None:
    """Whether nobody says what became of an authority's key until the next stamp was made.

    Without that, who stole the key after the last answer could have made the token and had it stamped again.
    """
    path = checker.check(token.certificate_der, moment, Purpose.TIME_STAMP, evidence)
    if path.state is not PathState.REVOCATION_UNKNOWN:
        return None
    sentence = f"Thiếu thông tin thu hồi về nơi cấp {who} vào lúc có dấu thời gian lưu trữ kế tiếp."
    return Check(Result.UNKNOWN, sentence, path.sub_indication)


def _ended(token: TimeStampInfo, who: str, moment: datetime, policy: ValidationPolicy) -> Check | None:
    """Whether a stamp proved nothing any more when the next one was made over it, or now."""
    end = token.certificate.not_valid_after_utc
    lacking = "mà không có dấu thời gian lưu trữ nào nối tiếp kịp"
    if end < moment and policy.time_stamps.authority_must_be_valid_now:
        sentence = f"Chứng thư của nơi cấp {who} đã hết hạn ngày {day(end)} {lacking}."
        return Check(Result.UNKNOWN, sentence, "NO_POE")
    weak = next((name for name in token.algorithms if not policy.accepts(name, moment)), None)
    if weak is None:
        return None
    sentence = f"Thuật toán {weak} của {who} đã hết thời hạn tin cậy {lacking}."
    return Check(Result.UNKNOWN, sentence, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
