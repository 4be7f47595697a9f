"""Who: certificate paths at the best signature time, and the authority register as of that time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hocbaso.core.document.model import YearSheet
from hocbaso.engines.trust.bundle import AuthorityEntry, TrustBundle, certificate_digest
from hocbaso.engines.trust.paths import Evidence, PathChecker, PathResult, PathState, Purpose
from hocbaso.engines.trust.verification.named import compare_named
from hocbaso.engines.trust.verification.sentences import day, path_sentence, role_name
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Check, Result

#: The number under which the time-stamp authority stands among the signers of a document.
STAMPER = -1
#: A path in one of these states is not known to be bad: a fuller bundle could still make it good.
_UNSETTLED = (PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one certificate: its path, and the register's answer."""

    path: Check
    authority: Check
    environment: str | None = None
    registered_name: str | None = None
    staff_codes: frozenset[str] = frozenset()  # of the certificate in this role, as the register knows them

    def with_path(self, path: Check) -> Judged:
        """The same with another answer about the path."""
        return replace(self, path=path)


class People:
    """Answers about certificates under one bundle."""

    def __init__(self, bundle: TrustBundle, checker: PathChecker) -> None:
        self._bundle = bundle
        self._checker = checker

    def judge_signer(self, finding: Finding, sheet: YearSheet, at: datetime, evidence: Evidence) -> Judged:
        """A signer's path and authority at the best signature time."""
        result = self._checker.check(finding.certificate, at, Purpose.SIGN, evidence)
        entries = self._bundle.authority_by_certificate.get(certificate_digest(finding.certificate), [])
        path = self._path_check(result, self._who(finding, entries), known=bool(entries))
        authority = self._authority(finding, entries, sheet, at)
        own = [entry for entry in entries if entry.role == finding.role]
        codes = frozenset(
            e.staff_code for e in own if e.staff_code is not None and e.school == sheet.school.code
        )
        return Judged(path, authority, result.environment, own[0].name if own else None, codes)

    def judge_stamper(
        self, certificate: bytes, at: datetime, evidence: Evidence, until: datetime | None = None
    ) -> Judged:
        """The path of the time-stamp authority at the time that it states; it needs no registration.

        :param until: when a later time stamp was made over this one (default: never): what became of the
            authority's key after that does no harm to this token.
        """
        result = self._checker.check(certificate, at, Purpose.TIME_STAMP, evidence)
        later = until is not None and result.when is not None and result.when > until
        if result.state is PathState.COMPROMISED and later:
            result = replace(result, state=PathState.OK, when=None, reason=None)
        path = self._path_check(result, "nơi cấp dấu thời gian", known=False)
        return Judged(path, Check(Result.OK, "Không cần đăng ký."), result.environment)

    def environment_of(self, certificate: bytes, at: datetime) -> str | None:
        """The world of the certificate's root by name: to warn, never to trust."""
        return self._checker.check(certificate, at, Purpose.SIGN).environment

    def _path_check(self, result: PathResult, who: str, *, known: bool) -> Check:
        if result.ok:
            return Check(Result.OK, f"Chứng thư số của {who} còn hiệu lực lúc ký.")
        sentence = path_sentence(result, who)
        lacking = result.state in _UNSETTLED
        if result.state is PathState.UNKNOWN_ISSUER and (known or not self._bundle.anchors):
            # The register knows this certificate, so it is the bundle that lacks the anchor.
            lacking = True
            sentence = f"Gói tin cậy thiếu chứng thư gốc để xét chứng thư số của {who}."
        return Check(Result.UNKNOWN if lacking else Result.FAILED, sentence, result.sub_indication)

    @staticmethod
    def _who(finding: Finding, entries: Sequence[AuthorityEntry]) -> str:
        name = entries[0].name if entries else finding.subject_name
        return f"{role_name(finding.role)} ({name})"

    def _authority(
        self, finding: Finding, entries: Sequence[AuthorityEntry], sheet: YearSheet, at: datetime
    ) -> Check:
        who = self._who(finding, entries)
        school = sheet.school
        here = [entry for entry in entries if entry.school == school.code]
        if not here:
            if school.code not in self._bundle.authority_by_school:
                sentence = f"Gói tin cậy không có danh bạ thẩm quyền của {school.name}."
                return Check(Result.UNKNOWN, sentence)
            return _refusal(f"Chứng thư số của {who} không được đăng ký để ký cho {school.name}.")
        in_role = [entry for entry in here if entry.role == finding.role]
        if not in_role:
            other = ", ".join(dict.fromkeys(role_name(entry.role) for entry in here))
            return _refusal(f"{_upper(who)} chỉ được đăng ký ký với vai trò: {other}.")
        in_time = [e for e in in_role if e.valid_from <= at and (e.valid_to is None or at <= e.valid_to)]
        if not in_time:
            return _refusal(f"{_upper(who)} không có quyền ký vào ngày {day(at)}.")
        lacking = _not_covered(in_time, finding, sheet)
        if lacking is None:
            return _refusal(f"{_upper(who)} không được giao ký lớp {sheet.class_name}.")
        if lacking:
            names = ", ".join(line.name for line in sheet.subjects if line.code in lacking)
            what = f"ký môn {names}" if names else "ký lớp hoặc môn học này"
            return _refusal(f"{_upper(who)} không được giao {what}.")
        named = compare_named(finding, in_time, sheet)
        if named is not None and named.result is not Result.OK:
            return named
        note = named.sentence if named is not None else None
        return Check(Result.OK, f"{_upper(who)} ký đúng vai trò được giao.", note=note)


def _not_covered(
    entries: Sequence[AuthorityEntry], finding: Finding, sheet: YearSheet
) -> frozenset[str] | None:
    """What of the signature the entries together do not allow in this class: subject codes, or ``{"tnh"}``.

    ``None``: nothing at all in this class.
    """
    here = [entry for entry in entries if entry.class_name in (None, sheet.class_name)]
    if not here:
        return None
    allowed: set[str] = set()
    for entry in here:
        if entry.allowed_subjects is None:
            return frozenset()
        allowed |= entry.allowed_subjects
    assert finding.parts is not None
    return frozenset(ref.target.removeprefix("mon-") for ref in finding.parts.references) - allowed


def _refusal(sentence: str) -> Check:
    return Check(Result.FAILED, sentence, "SIG_CONSTRAINTS_FAILURE")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def worst(checks: Sequence[Check], fine: Check) -> Check:
    """The first failed answer, else the first unknown one, else ``fine``."""
    for result in (Result.FAILED, Result.UNKNOWN):
        for check in checks:
            if check.result is result:
                return check
    return fine
