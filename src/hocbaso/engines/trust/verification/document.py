"""One signed XML document against one bundle: every decision is taken on the bytes that were hashed.

Order of work: limits before anything is parsed; the document is taken apart on its raw bytes; the sheet must
be what the emitter writes for its own content; the signatures are read strictly and compared with what their
places must sign; only then are people, times, status and log asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.parse import SplitDocument, parse_sheet, split_document
from hocbaso.core.document.signers import signatures_of_subject
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.paths import NO_EVIDENCE, Evidence, PathChecker
from hocbaso.engines.trust.verification import conclude
from hocbaso.engines.trust.verification.archived import evidence_of_seal, judge_stamps
from hocbaso.engines.trust.verification.constraints import (
    check_algorithms,
    check_evidence,
    check_signature_policy,
    check_size,
)
from hocbaso.engines.trust.verification.evidence import Vouching
from hocbaso.engines.trust.verification.examined import Examined
from hocbaso.engines.trust.verification.logged import LogReader
from hocbaso.engines.trust.verification.named import check_everyone_signed
from hocbaso.engines.trust.verification.people import Judged, People, worst
from hocbaso.engines.trust.verification.plan import repeated_id, slice_sheet, teachers_missing
from hocbaso.engines.trust.verification.policy import ValidationPolicy, policy_in_force
from hocbaso.engines.trust.verification.signatures import (
    Finding,
    check_intact,
    check_signatures,
    read_signatures,
)
from hocbaso.engines.trust.verification.standing import NO_BUNDLE, check_latest, check_status
from hocbaso.engines.trust.verification.times import (
    Stamped,
    claimed_times_fault,
    read_stamp,
    stray_properties,
)
from hocbaso.engines.trust.verification.verdict import NOT_ASKED, Check, Question, Result, Verdict

_CODE_HINT = re.compile(rb"<MaHocBa>(HB-[0-9A-Z-]{1,60})</MaHocBa>")
_TEST_HINT = b"<MoiTruong>thu_nghiem</MoiTruong>"
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?<HocBaSo[\s>/]")


@dataclass(frozen=True, slots=True)
class _Case:
    """What was read of a document, before anybody outside it is asked."""

    split: SplitDocument
    sheet: YearSheet | None
    digest: str
    findings: tuple[Finding, ...]
    stamped: Stamped
    now: datetime
    proved: datetime  # until then the document's own time stamps must prove something
    beside: Evidence  # what came along outside the document


class Verifier:
    """Verifies documents against one bundle and keeps what a class of documents shares.

    :param bundle: ``None`` answers mathematics only; such a verdict is never ``valid``.
    :param policy: what is asked for; ``None``: the policy of the package that was in force when the bundle
        was made (the newest of all without a bundle).
    :raises Unreadable: ``bundle_unreadable``.
    """

    def __init__(self, bundle: TrustBundle | None, policy: ValidationPolicy | None = None) -> None:
        self.bundle = bundle
        self.policy = policy or policy_in_force(bundle.created if bundle is not None else None)
        self.checker = PathChecker(bundle, self.policy.revocation) if bundle is not None else None
        self._people = People(bundle, self.checker) if bundle and self.checker else None
        self._vouching = Vouching(bundle) if bundle is not None else None
        self.log = LogReader(bundle)

    def verify(
        self,
        data: bytes,
        *,
        now: datetime,
        file: str = "",
        existed: datetime | None = None,
        beside: Evidence = NO_EVIDENCE,
    ) -> Verdict:
        """Judge one XML document.

        :param now: the present, aware; only a time stamp from the future is measured by it.
        :param existed: a time at which the document is proved to have existed by something around it (the
            time stamps of a PDF); its own newest time stamp is judged as of then instead of now.
        :param beside: certificates and revocation answers from around it, vouched for by the caller.
        :raises Unreadable: not a transcript at all, or beyond the limits (``document_too_large``,
            ``document_forbidden_markup``, ``verify_not_transcript``, ``verify_empty``).
        """
        try:
            split = split_document(data)
        except Unreadable as error:
            return _not_ours(data, error, file, self.policy)
        check_size(data, split, self.policy.limits)
        check_evidence(beside, self.policy.limits)
        repeated = repeated_id(data)
        if repeated is not None:
            return _altered(
                data, f"Mã định danh “{repeated}” xuất hiện hai lần trong tệp.", file, self.policy
            )
        slices = slice_sheet(split.sheet)
        findings = read_signatures(split.signatures, slices)
        stamped = read_stamp(split.sheet, split.signatures, findings, now, self.policy)
        sheet, schema = _read_sheet(split.sheet)
        case = _Case(split, sheet, slices.digest.hex(), findings, stamped, now, existed or now, beside)
        checks = {
            Question.INTACT: check_intact(findings),
            Question.SCHEMA: schema,
            Question.SIGNATURES: self._signatures(case, list(slices.subjects)),
        }
        judged = self._judge(case, checks)
        checks |= judged[1]
        return conclude.conclude(
            file=file,
            sheet=sheet,
            hint=_code_hint(data),
            environment=self._environment(case, judged[0], data),
            digest=case.digest,
            checks=checks,
            findings=findings,
            judged=judged[0],
            token=stamped.token,
            policy=self.policy,
            examined=self._examined(case, judged[0], data),
        )

    def _examined(self, case: _Case, judged: dict[int, Judged], data: bytes) -> Examined:
        """For a report."""
        return Examined(
            now=case.now,
            octets=data,
            texts=case.split.signatures,
            findings=case.findings,
            token=case.stamped.token,
            stamp_fault=case.stamped.fault,
            judged=judged,
            algorithms=self._algorithms(case),
            evidence=_evidence(case),
            archive=case.stamped.archive,
        )

    def _algorithms(self, case: _Case) -> dict[int, Check]:
        """What the policy says against a signature's own policy or its algorithms, by number."""
        if case.stamped.token is None:
            return {}
        at = case.stamped.token.time
        found = (
            (n, check_signature_policy(f, self.policy) or check_algorithms(f, at, self.policy))
            for n, f in enumerate(case.findings)
        )
        return {number: check for number, check in found if check is not None}

    def _signatures(self, case: _Case, subjects: list[str]) -> Check:
        found = check_signatures(case.findings, subjects, self.policy.required)
        if found.result is not Result.OK:
            return found
        sheet, stamped = case.sheet, case.stamped
        faults = [stray_properties(case.findings), stamped.fault, self._vouched(case)]
        frozen = _instant(sheet.frozen_at) if sheet is not None else None
        time = stamped.token.time if stamped.token is not None else None
        faults.append(claimed_times_fault(case.findings, frozen, time, self.policy))
        if sheet is not None:
            faults.append(_missing_teachers(sheet, case.findings))
        faults += self._algorithms(case).values()
        known = [fault for fault in faults if fault is not None]
        fine = f"Đủ {len(case.findings)} chữ ký, đúng thứ tự; con dấu có dấu thời gian."
        return worst(known, Check(Result.OK, fine))

    def _vouched(self, case: _Case) -> Check | None:
        if self._vouching is None:
            return None
        bound = {der for finding in case.findings for der in _chain(finding)}
        return self._vouching.check(_evidence(case), bound)

    def _judge(
        self, case: _Case, checks: dict[Question, Check]
    ) -> tuple[dict[int, Judged], dict[Question, Check]]:
        """People, status and log; only of a content that is what was signed."""
        judged: dict[int, Judged] = {}
        if self._people is None:
            rest = (Question.CHAIN, Question.AUTHORITY, Question.STATUS, Question.LOGGED, Question.LATEST)
            return judged, dict.fromkeys(rest, NO_BUNDLE)
        answers = dict.fromkeys((Question.CHAIN, Question.AUTHORITY), NOT_ASKED)
        sound = checks[Question.INTACT].result is Result.OK and case.sheet is not None
        if sound and case.sheet is not None and case.stamped.token is not None:
            answers |= self._ask_people(self._people, case, case.sheet, judged)
        answers |= self._ask_records(case)
        return judged, answers

    def _ask_people(
        self, people: People, case: _Case, sheet: YearSheet, judged: dict[int, Judged]
    ) -> dict[Question, Check]:
        token = case.stamped.token
        assert token is not None
        evidence = _evidence(case).joined(case.beside)
        for number, finding in enumerate(case.findings):
            if finding.parts is not None:
                chain = Evidence((*_chain(finding), *evidence.certificates), evidence.crls, evidence.ocsps)
                judged[number] = people.judge_signer(finding, sheet, token.time, chain)
        # A sandbox that could stamp genuine documents could give them any time: it counts as a signer.
        judged |= judge_stamps(people, case.stamped.all, evidence, case.proved, self.policy)
        fine = Check(Result.OK, "Chứng thư số của mọi người ký và của dấu thời gian còn hiệu lực lúc ký.")
        chain_check = worst([item.path for item in judged.values()], fine)
        if sheet.environment == "chinh_thuc" and any(j.environment == "thu_nghiem" for j in judged.values()):
            sentence = "Tờ ghi là chính thức nhưng chữ ký hoặc dấu thời gian thuộc môi trường thử nghiệm."
            chain_check = Check(Result.FAILED, sentence, "CHAIN_CONSTRAINTS_FAILURE", sentence)
        right = Check(Result.OK, "Mỗi người được giao đúng vai trò ở trường này vào ngày ký.")
        authority = worst([item.authority for item in judged.values()], right)
        if authority.result is Result.OK:
            notes = [item.authority.note for item in judged.values() if item.authority.note]
            teachers = [
                (finding, judged[number].staff_codes)
                for number, finding in enumerate(case.findings)
                if finding.role == "gvbm" and number in judged
            ]
            told = replace(right, sentence=" ".join([right.sentence, *notes]))
            authority = check_everyone_signed(sheet, teachers) or told
        return {Question.CHAIN: chain_check, Question.AUTHORITY: authority}

    def _ask_records(self, case: _Case) -> dict[Question, Check]:
        sheet = case.sheet
        if sheet is None:
            return dict.fromkeys((Question.STATUS, Question.LOGGED, Question.LATEST), NOT_ASKED)
        issued = case.stamped.token.time if case.stamped.token is not None else None
        return {
            Question.STATUS: check_status(self.bundle, sheet.code, sheet.version, case.digest, issued),
            Question.LOGGED: self.log.check(case.digest, sheet.school.code, sheet.code, sheet.version),
            Question.LATEST: check_latest(self.bundle, sheet.code, sheet.version, issued),
        }

    def _environment(self, case: _Case, judged: dict[int, Judged], data: bytes) -> str | None:
        """``chinh_thuc`` only when every path proves it; ``thu_nghiem`` on the slightest sign of it."""
        worlds = {item.environment for item in judged.values()}
        if not worlds and self._people is not None:
            worlds = {self._people.environment_of(f.certificate, case.now) for f in case.findings if f.parts}
        claimed = case.sheet.environment if case.sheet is not None else None
        if "thu_nghiem" in worlds or claimed == "thu_nghiem" or (claimed is None and _TEST_HINT in data):
            return "thu_nghiem"
        proved = judged and all(item.path.result is Result.OK for item in judged.values())
        return "chinh_thuc" if proved and worlds == {"chinh_thuc"} else None


@lru_cache(maxsize=4)
def verifier(bundle: TrustBundle | None, policy: ValidationPolicy | None = None) -> Verifier:
    """The verifier of a bundle and a policy, kept for the next documents."""
    return Verifier(bundle, policy)


def verify_document(
    data: bytes,
    bundle: TrustBundle | None,
    *,
    now: datetime,
    file: str = "",
    policy: ValidationPolicy | None = None,
) -> Verdict:
    """Judge one signed XML document; see :meth:`Verifier.verify`.

    :param policy: ``None``: that of the package which is in force at ``now``.
    """
    return verifier(bundle, policy or policy_in_force(now)).verify(data, now=now, file=file)


def _read_sheet(text: bytes) -> tuple[YearSheet | None, Check]:
    try:
        sheet = parse_sheet(text)
    except DomainError as error:
        return None, Check(Result.FAILED, error.message, "FORMAT_FAILURE")
    return sheet, Check(Result.OK, "Đúng cấu trúc tờ học bạ số phiên bản 1.0.")


def _not_ours(data: bytes, error: Unreadable, file: str, policy: ValidationPolicy) -> Verdict:
    """Hostile or foreign input is refused; a transcript whose wrapper was touched gets a verdict."""
    if not data.strip():
        raise Unreadable("verify_empty")
    if error.code == "document_too_large" or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise error
    if not _ROOT.match(data.removeprefix(b"\xef\xbb\xbf")):
        raise Unreadable("verify_not_transcript")
    return _altered(data, error.message, file, policy)


def _altered(data: bytes, sentence: str, file: str, policy: ValidationPolicy) -> Verdict:
    headline = "Học bạ không hợp lệ: tệp không còn đúng từng byte như khi phát hành. Đừng dùng tệp này."
    return conclude.conclude(
        file=file,
        policy=policy,
        sheet=None,
        hint=_code_hint(data),
        environment="thu_nghiem" if _TEST_HINT in data else None,
        digest=None,
        checks={Question.INTACT: Check(Result.FAILED, sentence, "FORMAT_FAILURE", headline)},
        findings=(),
        judged={},
        token=None,
    )


def _code_hint(data: bytes) -> str | None:
    match = _CODE_HINT.search(data)
    return match[1].decode("ascii") if match else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def _chain(finding: Finding) -> tuple[bytes, ...]:
    """The issuing certificates that the signature itself binds."""
    if finding.parts is None:
        return ()
    return finding.parts.ders[1:]


def _evidence(case: _Case) -> Evidence:
    """What stands unsigned beside the seal, with the spare certificates of its tokens."""
    return evidence_of_seal(case.findings, case.stamped.all)


def _missing_teachers(sheet: YearSheet, findings: tuple[Finding, ...]) -> Check | None:
    signed = [(finding.certificate, finding.subjects) for finding in findings if finding.role == "gvbm"]
    missing = teachers_missing(signatures_of_subject(sheet), signed)
    if not missing:
        return None
    names = {line.code: line.name for line in sheet.subjects}
    sentence = f"Thiếu chữ ký giáo viên môn học: {', '.join(names[code] for code in missing)}."
    headline = f"Học bạ không hợp lệ. {sentence}"
    return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE", headline)
