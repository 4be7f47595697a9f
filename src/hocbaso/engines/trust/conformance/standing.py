"""What only a trust bundle can answer: paths, authority, log and status (areas 7 and 9)."""

from __future__ import annotations

from collections.abc import Sequence

from hocbaso.core.document.model import YearSheet
from hocbaso.engines.trust.bundle import TrustBundle, certificate_digest
from hocbaso.engines.trust.conformance.report import Findings
from hocbaso.engines.trust.conformance.signature import View
from hocbaso.engines.trust.path_rules import Purpose
from hocbaso.engines.trust.paths import NO_EVIDENCE, Evidence, PathChecker, PathState
from hocbaso.engines.trust.tokens import TimeStampInfo
from hocbaso.engines.trust.verification.evidence import Vouching
from hocbaso.engines.trust.verification.named import check_everyone_signed, compare_named
from hocbaso.engines.trust.verification.people import People
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.verdict import Question, Result, Verdict

_PATH_RULES = {
    PathState.EXPIRED: "HBS-7.05",
    PathState.NOT_YET_VALID: "HBS-7.05",
    PathState.REVOKED: "HBS-7.06",
    PathState.UNKNOWN_ISSUER: "HBS-7.04",
    PathState.BAD_CHAIN: "HBS-7.08",
    PathState.BAD_USAGE: "HBS-7.03",
}
#: A time stamp that proves nothing any more and is followed by none.
_ENDED = ("NO_POE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
_OPEN_QUESTIONS = {
    Question.CHAIN: "HBS-7.07",
    Question.AUTHORITY: "HBS-7.09",
    Question.STATUS: "HBS-9.03",
    Question.LOGGED: "HBS-9.01",
    Question.LATEST: "HBS-9.04",
}


def check_paths(
    views: Sequence[View],
    token: TimeStampInfo,
    checker: PathChecker,
    evidence: Evidence,
    sheet: YearSheet | None,
    found: Findings,
) -> None:
    """Every signer's path and the time-stamp authority's, at the seal's time."""
    worlds = set()
    for view in views:
        if view.key is None:
            continue
        own = Evidence((*view.certificates[1:], *evidence.certificates), evidence.crls, evidence.ocsps)
        result = checker.check(view.certificates[0], token.time, Purpose.SIGN, own)
        worlds.add(result.environment)
        if result.state in (PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED):
            found.undecided.add("HBS-7.07")
        elif not result.ok:
            found.at(
                _PATH_RULES.get(result.state, "HBS-7.08"), view.node, result.reason or result.detail or ""
            )
    stamper = checker.check(token.certificate_der, token.time, Purpose.TIME_STAMP, evidence)
    worlds.add(stamper.environment)
    if stamper.state in (PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED):
        found.undecided.add("HBS-8.07")
    elif not stamper.ok:
        found.add("HBS-8.07", "SignatureTimeStamp", stamper.reason or stamper.detail or "")
    if sheet is not None and sheet.environment == "chinh_thuc" and "thu_nghiem" in worlds:
        found.add("HBS-7.10", "ThongTinChung/MoiTruong")


def check_archive_paths(
    stamps: Sequence[TimeStampInfo], checker: PathChecker, evidence: Evidence, found: Findings
) -> None:
    """The authorities of the archive time stamps, each at the time that it states."""
    for stamp in stamps:
        result = checker.check(stamp.certificate_der, stamp.time, Purpose.TIME_STAMP, evidence)
        if result.state in (PathState.REVOCATION_UNKNOWN, PathState.COMPROMISED):
            found.undecided.add("HBS-8.07")
        elif not result.ok:
            found.add("HBS-8.07", "ArchiveTimeStamp", result.reason or result.detail or "")


def check_people(
    findings: Sequence[Finding],
    token: TimeStampInfo,
    bundle: TrustBundle,
    checker: PathChecker,
    sheet: YearSheet,
    found: Findings,
) -> None:
    """The authority register as of the seal's time."""
    people = People(bundle, checker)
    teachers = []
    for finding in findings:
        if finding.parts is None:
            continue
        judged = people.judge_signer(finding, sheet, token.time, NO_EVIDENCE)
        place = f"Signature[@Id='{finding.parts.signature_id}']"
        if finding.role == "gvbm":
            teachers.append((finding, judged.staff_codes))
        if judged.authority.result is Result.UNKNOWN:
            found.undecided.add("HBS-7.09")
        elif judged.authority.result is Result.FAILED:
            known = bundle.authority_by_certificate.get(certificate_digest(finding.certificate), [])
            here = [e for e in known if e.role == finding.role and e.school == sheet.school.code]
            named = compare_named(finding, here, sheet) if here and finding.role == "gvbm" else None
            other = named is not None and named.sentence == judged.authority.sentence
            found.add("HBS-7.11" if other else "HBS-7.09", place, judged.authority.sentence)
    missing = check_everyone_signed(sheet, teachers)
    if missing is not None and missing.result is Result.FAILED and not found.broken("HBS-7.11"):
        found.add("HBS-7.11", "DSCKS", missing.sentence)


def check_evidence(evidence: Evidence, bound: set[bytes], bundle: TrustBundle, found: Findings) -> None:
    """What stands unsigned beside the seal."""
    answer = Vouching(bundle).check(evidence, bound)
    if answer is not None:
        found.add("HBS-8.09", "UnsignedProperties", answer.sentence)


def check_records(verdict: Verdict, bundle: TrustBundle, found: Findings) -> None:
    """Log, status and latest version, as the verifier finds them."""
    for question, rule in _OPEN_QUESTIONS.items():
        check = verdict.check(question)
        if check.result is Result.UNKNOWN:
            ended = question is Question.CHAIN and check.sub_indication in _ENDED
            found.undecided.add("HBS-8.11" if ended else rule)
    if verdict.check(Question.LOGGED).result is Result.FAILED:
        found.add("HBS-9.01", "", verdict.check(Question.LOGGED).sentence)
    if verdict.check(Question.LATEST).result is Result.FAILED:
        found.add("HBS-9.04", "", verdict.check(Question.LATEST).sentence)
    status = verdict.check(Question.STATUS)
    if status.result is Result.FAILED and verdict.code is not None and verdict.version is not None:
        entry = bundle.status_by_version.get((verdict.code, verdict.version))
        other = entry is not None and verdict.digest is not None and entry.digest != verdict.digest
        found.add("HBS-9.02" if other else "HBS-9.03", "", status.sentence)
