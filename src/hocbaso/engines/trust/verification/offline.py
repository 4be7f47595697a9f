"""QR 2 against a trust bundle, without network: the same eight questions, the same verdict.

What the bundle lacks makes the answer indeterminate, never valid. The time at which a code says it was signed
proves nothing: a signer that was revoked by the time of the bundle is not believed at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509

from hocbaso.core.document.codes import parse_code
from hocbaso.core.errors import DomainError
from hocbaso.engines.ledger.entries import EntryType, LogEntry
from hocbaso.engines.trust.bundle import CodeSigner, TrustBundle
from hocbaso.engines.trust.cose import thumbprint
from hocbaso.engines.trust.keys import PublicKey, signing_public_key, verify_with_key
from hocbaso.engines.trust.offline_code import OfflineCode, SignedCode, read_code
from hocbaso.engines.trust.paths import X509_FAILURES, PathResult, PathState, Purpose
from hocbaso.engines.trust.status_list import SignedList, Status, read_list
from hocbaso.engines.trust.verification.conclude import settle, weigh
from hocbaso.engines.trust.verification.constraints import check_key
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.logged import LogReader
from hocbaso.engines.trust.verification.policy import ValidationPolicy
from hocbaso.engines.trust.verification.sentences import (
    ENVIRONMENT_WARNING,
    day,
    day_and_time,
    path_sentence,
)
from hocbaso.engines.trust.verification.standing import NO_BUNDLE
from hocbaso.engines.trust.verification.verdict import (
    NOT_ASKED,
    Check,
    Conclusion,
    Question,
    Result,
    SignatureAnswer,
    Verdict,
)

_WHO = "nơi ký mã QR"
_NO_SIGNER = Check(Result.UNKNOWN, "Gói tin cậy không có chứng thư số của nơi ký mã QR này.")
_UNSETTLED = (PathState.UNKNOWN_ISSUER, PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED)


@dataclass(frozen=True, slots=True)
class _Signer:
    entry: CodeSigner
    key: PublicKey
    not_after: datetime
    serial: str


@dataclass(frozen=True, slots=True)
class _List:
    """A status list of the bundle, and what is wrong with it."""

    signed: SignedList
    fault: Check | None
    node: str = ""  # name of the node whose certificate signed it; a node's certificates share the name


class _Offline:
    """What all codes share that are verified against one bundle."""

    def __init__(self, using: Verifier, bundle: TrustBundle) -> None:
        self.using = using
        self.bundle = bundle
        signers = ((thumbprint(entry.certificate), _signer(entry)) for entry in bundle.code_signers)
        self.signers = {name: signer for name, signer in signers if signer is not None}
        listed = [one for one in map(self._list, bundle.status_lists) if one is not None]
        listed.sort(key=lambda one: one.signed.content.made)  # of several the newest counts
        self.lists = {(one.node, one.signed.content.name): one for one in listed}

    def _list(self, token: str) -> _List | None:
        try:
            signed = read_list(token)
        except DomainError:
            return None
        signer = self.signers.get(signed.thumbprint[:8])
        if signer is None:
            sentence = "Gói tin cậy không có chứng thư số của nơi ký danh sách tình trạng."
            return _List(signed, Check(Result.UNKNOWN, sentence))
        if not verify_with_key(signer.key, signed.digest, signed.signature):
            return _List(signed, Check(Result.UNKNOWN, "Danh sách tình trạng trong gói tin cậy sai chữ ký."))
        entry, made = signer.entry, signed.content.made
        path = self.path(signer, made)
        held = entry.valid_from <= made and (entry.valid_to is None or made <= entry.valid_to)
        if not path.ok or not held:
            sentence = "Chứng thư số của nơi ký danh sách tình trạng không được tin cậy."
            return _List(signed, Check(Result.UNKNOWN, sentence, path.sub_indication))
        return _List(signed, None, signer.entry.name)

    def path(self, signer: _Signer, at: datetime) -> PathResult:
        """The signer's certificate at the claimed time, and not revoked up to the bundle's own time."""
        assert self.using.checker is not None
        first = self.using.checker.check(signer.entry.certificate, at, Purpose.SIGN)
        until = min(self.bundle.as_of, signer.not_after)
        if not first.ok or until <= at:
            return first
        later = self.using.checker.check(signer.entry.certificate, until, Purpose.SIGN)
        return first if later.ok else later


def _signer(entry: CodeSigner) -> _Signer | None:
    try:
        certificate = x509.load_der_x509_certificate(entry.certificate)
        serial = f"{certificate.serial_number:x}"
        return _Signer(entry, signing_public_key(certificate), certificate.not_valid_after_utc, serial)
    except (*X509_FAILURES, DomainError):
        return None


@lru_cache(maxsize=4)
def _offline(using: Verifier) -> _Offline | None:
    return _Offline(using, using.bundle) if using.bundle is not None else None


def verify_code(text: str, using: Verifier, *, now: datetime, file: str = "") -> tuple[Verdict, OfflineCode]:
    """Judge the text of a QR 2.

    :param now: the present, aware: a code or list from the future and a list past its end are measured by it.
    :returns: the verdict, and what the code says (to be shown only with the verdict beside it).
    :raises Unreadable: ``offline_code_unreadable``.
    """
    code = read_code(text.strip())
    checks = dict.fromkeys(Question, NOT_ASKED)
    checks[Question.SCHEMA] = Check(Result.OK, "Đúng cấu trúc mã QR xác thực ngoại tuyến HBS1.")
    offline = _offline(using)
    signer = offline.signers.get(code.envelope.thumbprint) if offline is not None else None
    environment = None
    if offline is None:
        checks |= dict.fromkeys((q for q in Question if q is not Question.SCHEMA), NO_BUNDLE)
    elif signer is None:
        checks |= dict.fromkeys((Question.INTACT, Question.SIGNATURES, Question.CHAIN), _NO_SIGNER)
    else:
        asked = _ask(offline, signer, code, now)
        checks |= asked[0]
        environment = asked[1]
    return _conclude(file, code, checks, signer, environment, using.policy), code.content


def _ask(
    offline: _Offline, signer: _Signer, code: SignedCode, now: datetime
) -> tuple[dict[Question, Check], str | None]:
    content = code.content
    if not verify_with_key(signer.key, code.envelope.digest, code.envelope.signature):
        sentence = "Nội dung mã QR không khớp chữ ký: mã đã bị sửa hoặc bị làm giả."
        failed = Check(Result.FAILED, sentence, "SIG_CRYPTO_FAILURE", f"Mã QR không hợp lệ. {sentence}")
        return {Question.INTACT: failed, Question.SIGNATURES: failed}, None
    path = offline.path(signer, content.signed_at)
    weak = check_key(signer.entry.certificate, _WHO, now, offline.using.policy)
    checks = {
        Question.INTACT: Check(Result.OK, "Nội dung mã QR còn nguyên như khi được ký."),
        Question.SIGNATURES: _signed(signer, content, now + offline.using.policy.skew),
        Question.CHAIN: weak if path.ok and weak is not None else _chain(path),
        Question.AUTHORITY: _authority(signer.entry, content),
    }
    return checks | _records(offline, signer, content, now), path.environment


def _signed(signer: _Signer, content: OfflineCode, latest: datetime) -> Check:
    """``latest``: the present and what the policy lets clocks differ; telephones are often a little slow."""
    if content.signed_at > latest or content.issued_at > content.signed_at:
        sentence = "Mã QR ghi thời điểm ký không thể có: ở tương lai hoặc trước khi phát hành."
        return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")
    return Check(Result.OK, f"{signer.entry.name} đã ký mã QR này ngày {day(content.signed_at)}.")


def _chain(path: PathResult) -> Check:
    if path.ok:
        return Check(Result.OK, "Chứng thư số của nơi ký mã QR được tin cậy, không bị thu hồi.")
    unsettled = path.state in _UNSETTLED
    sentence = path_sentence(path, _WHO)
    if path.state is PathState.REVOKED:
        when = f" ngày {day(path.when)}" if path.when else ""
        sentence = f"Chứng thư số của {_WHO} đã bị thu hồi{when} ({path.reason}); không tin mã QR này được."
    elif path.state is PathState.EXPIRED:
        sentence = f"Chứng thư số của {_WHO} đã hết hạn trước khi mã QR được ký."
    return Check(Result.UNKNOWN if unsettled else Result.FAILED, sentence, path.sub_indication)


def _authority(entry: CodeSigner, content: OfflineCode) -> Check:
    province = parse_code(content.code).province
    if province not in entry.provinces:
        return _refusal(f"{entry.name} không được ký mã QR cho học bạ của tỉnh có mã {province}.")
    at = content.signed_at
    if at < entry.valid_from or (entry.valid_to is not None and at > entry.valid_to):
        return _refusal(f"{entry.name} không có quyền ký mã QR vào ngày {day(at)}.")
    return Check(Result.OK, f"{entry.name} được ký mã QR cho học bạ của tỉnh có mã {province}.")


def _refusal(sentence: str) -> Check:
    return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")


def _records(
    offline: _Offline, signer: _Signer, content: OfflineCode, now: datetime
) -> dict[Question, Check]:
    name = content.place.list  # lists of several nodes may share it; one of nobody's only tells what is wrong
    found = offline.lists.get((signer.entry.name, name)) or offline.lists.get(("", name))
    lacking = _lacking(found, content, now, offline.using.policy.skew)
    if found is None or lacking is not None:
        unknown = lacking or NOT_ASKED
        return dict.fromkeys((Question.STATUS, Question.LOGGED, Question.LATEST), unknown)
    status = found.signed.content.status(content.place.index)
    as_of = day_and_time(found.signed.content.made)
    return _standing(status, content.version, as_of) | {
        Question.LOGGED: _logged(offline, found.signed, content)
    }


def _lacking(found: _List | None, content: OfflineCode, now: datetime, skew: timedelta) -> Check | None:
    if found is None:
        name = content.place.list
        return Check(Result.UNKNOWN, f"Gói tin cậy không có danh sách tình trạng {name} của học bạ này.")
    if found.fault is not None:
        return found.fault
    listed = found.signed.content
    if listed.made < content.issued_at:
        return Check(Result.UNKNOWN, "Gói tin cậy được lập trước khi học bạ này được phát hành.")
    if now > listed.valid_to or listed.made > now + skew:
        return Check(
            Result.UNKNOWN,
            f"Danh sách tình trạng chỉ dùng đến {day_and_time(listed.valid_to)}; hãy tải gói tin cậy mới.",
        )
    if content.place.index >= listed.length:
        return Check(Result.UNKNOWN, "Danh sách tình trạng không có mục của học bạ này.")
    return None


def _standing(status: Status, version: int, as_of: str) -> dict[Question, Check]:
    if status is Status.CURRENT:
        fine = Check(Result.OK, f"Phiên bản {version} đang có hiệu lực, không bị thu hồi (tính đến {as_of}).")
        return {
            Question.STATUS: fine,
            Question.LATEST: Check(Result.OK, f"Chưa có phiên bản nào thay phiên bản {version}."),
        }
    if status is Status.REPLACED:
        sentence = f"Phiên bản {version} đã được thay bằng phiên bản mới hơn (tính đến {as_of})."
        headline = "Học bạ thật, nhưng đã được thay bằng phiên bản mới hơn; hãy dùng phiên bản mới."
        failed = Check(Result.FAILED, sentence, headline=headline)
        return {Question.STATUS: failed, Question.LATEST: failed}
    if status is Status.REVOKED:
        sentence = f"Phiên bản {version} đã bị thu hồi (tính đến {as_of})."
        failed = Check(Result.FAILED, sentence, headline="Học bạ đã bị thu hồi. Đừng dùng mã này.")
        return {Question.STATUS: failed, Question.LATEST: NOT_ASKED}
    unknown = Check(Result.UNKNOWN, "Danh sách tình trạng ghi giá trị chưa được quy định.")
    return {Question.STATUS: unknown, Question.LATEST: unknown}


def _logged(offline: _Offline, signed: SignedList, content: OfflineCode) -> Check:
    if content.digest in offline.bundle.evidence_by_digest:
        return offline.using.log.check(content.digest, None, content.code, content.version)
    return list_logged(offline.using.log, offline.bundle, signed)


def list_logged(log: LogReader, bundle: TrustBundle, signed: SignedList) -> Check:
    """Whether the status list itself stands in the public log up to the bundle's checkpoint."""
    evidence = bundle.evidence_by_digest.get(signed.log_digest)
    info = bundle.log_by_name.get(evidence.log) if evidence is not None else None
    if evidence is None or info is None:
        sentence = "Gói tin cậy không có bằng chứng ghi sổ công khai của danh sách tình trạng."
        return Check(Result.UNKNOWN, sentence)
    try:
        entry = LogEntry.from_bytes(evidence.entry)
    except DomainError:
        entry = None
    if entry is None or entry.type is not EntryType.STATUS_LIST or entry.digest != signed.log_digest:
        return Check(Result.FAILED, "Mục sổ công khai đi kèm không nói về danh sách tình trạng này.")
    if not log.proved(evidence, info):
        return Check(Result.FAILED, "Bằng chứng ghi sổ công khai của danh sách tình trạng không đúng.")
    sentence = f"Danh sách tình trạng đã ghi sổ công khai {info.name}; tờ học bạ tra sổ được khi có mạng."
    return Check(Result.OK, sentence)


def _conclude(
    file: str,
    code: SignedCode,
    checks: dict[Question, Check],
    signer: _Signer | None,
    environment: str | None,
    policy: ValidationPolicy,
) -> Verdict:
    content = code.content
    ordered = {question: settle(checks[question], policy) for question in Question}
    conclusion = weigh(list(ordered.values()))
    wanted = Result.FAILED if conclusion is Conclusion.INVALID else Result.UNKNOWN
    decisive = next((check for check in ordered.values() if check.result is wanted), None)
    if decisive is None:
        compare = "kết quả" if content.results is not None else "mã tóm lược"
        reason = (
            f"Mã QR hợp lệ: {content.school} phát hành ngày {day(content.issued_at)}, còn hiệu lực. "
            f"Hãy so họ tên, ngày sinh và {compare} với giấy."
        )
    elif conclusion is Conclusion.INVALID:
        reason = decisive.headline or decisive.sentence
    else:
        reason = f"Chưa kết luận được. {decisive.sentence}"
    if environment == "thu_nghiem":
        reason = f"{ENVIRONMENT_WARNING}. {reason}"
    return Verdict(
        file=file,
        conclusion=conclusion,
        reason=reason,
        environment=environment,
        code=content.code,
        version=content.version,
        digest=content.digest,
        checks=ordered,
        signatures=_answers(content, ordered, signer),
        sub_indication=decisive.sub_indication if decisive is not None else None,
        policy=policy,
    )


def _answers(
    content: OfflineCode, checks: dict[Question, Check], signer: _Signer | None
) -> tuple[SignatureAnswer, ...]:
    if signer is None:
        return ()
    asked = [checks[q] for q in (Question.SIGNATURES, Question.CHAIN, Question.AUTHORITY)]
    wrong = next((check for check in asked if check.result is not Result.OK), None)
    return (
        SignatureAnswer(
            role="ma_qr",
            signer=signer.entry.name,
            valid=wrong is None,
            reason=(wrong or asked[-1]).sentence,
            time=content.signed_at,
            serial=signer.serial,
        ),
    )
