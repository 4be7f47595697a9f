"""Somebody else's year sheet against every rule: all violations, not only the first.

The strict verifier is asked last. Where it refuses what this tolerant reading found nothing wrong with, the
catch-all rules (HBS-1.24, HBS-4.24, HBS-7.08 …) say so: what conforms is never invalid for the verifier.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.names import NS
from hocbaso.core.document.parse import (
    MAX_SIGNATURES,
    SplitDocument,
    hardened_parser,
    parse_sheet,
    split_document,
)
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust.conformance.canonical import ds
from hocbaso.engines.trust.conformance.octets import check_octets, check_sheet_octets
from hocbaso.engines.trust.conformance.relations import (
    check_archive,
    check_order,
    check_targets,
    check_teachers,
    check_times,
)
from hocbaso.engines.trust.conformance.report import Findings, Report
from hocbaso.engines.trust.conformance.sheet import check_sheet, text_at
from hocbaso.engines.trust.conformance.signature import View, read_view
from hocbaso.engines.trust.conformance.standing import (
    check_archive_paths,
    check_evidence,
    check_paths,
    check_people,
    check_records,
)
from hocbaso.engines.trust.paths import NO_EVIDENCE, X509_FAILURES, Evidence
from hocbaso.engines.trust.tokens import TimeStampInfo
from hocbaso.engines.trust.verification.archived import evidence_of_seal
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.plan import repeated_id, slice_sheet
from hocbaso.engines.trust.verification.signatures import Finding, read_signatures
from hocbaso.engines.trust.verification.verdict import Question, Result, Verdict

_Q = f"{{{NS}}}"
_CODE = re.compile(r"HB-[0-9A-Z-]{1,60}")
_HOSTILE = (*X509_FAILURES, etree.LxmlError, DomainError, IndexError, AssertionError, UnicodeError)
_FORM = (Question.INTACT, Question.SCHEMA, Question.SIGNATURES)
_BACKSTOPS = (
    (Question.INTACT, "HBS-1.24", ("HBS-",)),
    (Question.SCHEMA, "HBS-1.24", ("HBS-1.", "HBS-2", "HBS-3")),
    (Question.SIGNATURES, "HBS-4.24", ("HBS-",)),
    (Question.CHAIN, "HBS-7.08", ("HBS-7", "HBS-8")),
    (Question.AUTHORITY, "HBS-7.09", ("HBS-7",)),
    (Question.STATUS, "HBS-9.02", ("HBS-9",)),
)


@dataclass
class _Case:
    """A document on its way through the rules."""

    data: bytes
    now: datetime
    found: Findings = field(default_factory=Findings)
    root: etree._Element | None = None
    sheet: etree._Element | None = None
    views: list[View] = field(default_factory=list)
    split: SplitDocument | None = None
    model: YearSheet | None = None
    findings: tuple[Finding, ...] = ()
    token: TimeStampInfo | None = None
    archive: tuple[TimeStampInfo, ...] = ()


def check_document(data: bytes, using: Verifier, *, now: datetime, file: str = "") -> Report:
    """Judge one XML document by every rule that can be asked.

    :param using: the verifier of a bundle, or of none: then areas 7 and 9 are asked of the document alone.
    :param now: the present, aware.
    :raises Unreadable: ``verify_empty``, ``verify_not_transcript``: no XML at all. Nothing else is raised.
    """
    if not data.strip():
        raise Unreadable("verify_empty")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"<":
        raise Unreadable("verify_not_transcript")
    case = _Case(data, now)
    if check_octets(data, case.found):
        for step in (_parse, _frame, _sheet, _strict, _signatures, _relations):
            _guarded(lambda step=step: step(case), case.found)  # type: ignore[misc]
        if using.bundle is not None:
            _guarded(lambda: _bundle(case, using), case.found)
    verdict = _verdict(case, using)
    return _report(case, using, verdict, file)


def _guarded(step: Callable[[], None], found: Findings) -> None:
    """A stranger's document must not stop the check: what breaks a step is a fault of the document."""
    try:
        step()
    except _HOSTILE as error:
        found.add("HBS-1.24", "", type(error).__name__)


def _parse(case: _Case) -> None:
    if case.found.broken("HBS-1.05"):
        return
    try:
        case.root = etree.fromstring(case.data, hardened_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        case.found.add("HBS-1.17", "", str(error)[:120], line)


def _frame(case: _Case) -> None:
    root, found = case.root, case.found
    if root is None:
        return
    if root.tag != _Q + "HocBaSo":
        found.at("HBS-2.01", root, str(root.tag))
    sheets = list(root.iter(_Q + "ToNamHoc"))
    children = [child for child in root if isinstance(child.tag, str)]
    first = children[0] if children else None
    if len(sheets) != 1 or sheets[0] is not first or first.get("Id") != "tnh":
        found.at("HBS-2.02", root, f"{len(sheets)}")
    lists = list(root.iter(_Q + "DSCKS"))
    inside = [child for item in lists for child in item if isinstance(child.tag, str)]
    strange = [child for child in inside if child.tag != ds("Signature")]
    foreign = [child for child in children[1:] if child.tag not in (_Q + "DSCKS", _Q + "ToNamHoc")]
    if len(lists) != 1 or lists[0] is not children[-1] or strange or foreign:
        found.at("HBS-2.03", root, f"{len(lists)}")
    repeated = repeated_id(case.data)
    if repeated is not None:
        found.add("HBS-2.04", f"Id {repeated}")
    if sheets:
        case.sheet = sheets[0]


def _sheet(case: _Case) -> None:
    if case.sheet is None:
        return
    check_sheet_octets(case.data, case.found)
    check_sheet(case.sheet, case.found)


def _strict(case: _Case) -> None:
    """The strict readers, for what only an exact document can be asked."""
    try:
        case.split = split_document(case.data)
        case.model = parse_sheet(case.split.sheet)
    except DomainError:
        return


def _signatures(case: _Case) -> None:
    if case.root is None:
        return
    nodes = [node for item in case.root.iterfind(_Q + "DSCKS") for node in item.iterfind(ds("Signature"))]
    if len(nodes) > MAX_SIGNATURES:
        case.found.add("HBS-4.01", "DSCKS", str(len(nodes)))
    strict = _strict_findings(case)
    for number, node in enumerate(nodes[:MAX_SIGNATURES]):
        before = len(case.found.violations)
        case.views.append(read_view(node, case.found))
        if not strict or len(case.found.violations) > before:
            continue
        fault = strict[number].fault if strict[number].parts is None else None
        if fault is not None:
            case.found.at("HBS-4.24", node, fault.sentence)


def _strict_findings(case: _Case) -> tuple[Finding, ...]:
    if case.split is not None:
        case.findings = read_signatures(case.split.signatures, slice_sheet(case.split.sheet))
    return case.findings


def _relations(case: _Case) -> None:
    if case.sheet is None or case.root is None:
        return
    found = case.found
    check_targets(case.views, case.sheet, found)
    codes = [text_at(node, "MaMon") or "" for node in case.sheet.iterfind(f"{_Q}MonHocs/{_Q}MonHoc")]
    check_order(case.views, codes, found)
    if case.model is not None:
        check_teachers(case.views, case.model, found)
    case.token = check_times(case.views, _frozen(case.sheet), case.now, found)
    if case.split is not None and case.token is not None:
        case.archive = check_archive(case.split, case.findings, case.now, found)


def _frozen(sheet: etree._Element) -> datetime | None:
    text = text_at(sheet, "ThongTinChung/ThoiDiemChot") or ""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None  # the walk over the sheet said so


def _bundle(case: _Case, using: Verifier) -> None:
    bundle, checker, token = using.bundle, using.checker, case.token
    if bundle is None or checker is None or token is None:
        return
    evidence = _evidence(case, token)
    check_paths(case.views, token, checker, evidence, case.model, case.found)
    check_archive_paths(case.archive, checker, evidence, case.found)
    check_evidence(
        evidence, {der for view in case.views for der in view.certificates[1:]}, bundle, case.found
    )
    if case.model is not None and case.findings:
        check_people(case.findings, token, bundle, checker, case.model, case.found)


def _evidence(case: _Case, token: TimeStampInfo) -> Evidence:
    stamps = (token, *case.archive)
    found = evidence_of_seal(case.findings, stamps)
    return found if found != NO_EVIDENCE else Evidence(token.other_ders)


def _verdict(case: _Case, using: Verifier) -> Verdict | None:
    """The strict verifier's answer, and the rules for what it alone refuses."""
    found = case.found
    try:
        verdict = using.verify(case.data, now=case.now)
    except Unreadable as error:
        if not found.violations:
            found.add("HBS-1.24", "", error.message)
        return None
    if using.bundle is not None:
        check_records(verdict, using.bundle, found)
    for question, rule, prefixes in _BACKSTOPS:
        check = verdict.check(question)
        refused = check.result is Result.FAILED or (question in _FORM and check.result is not Result.OK)
        if refused and not found.broken(*prefixes):
            found.add(rule, "", check.sentence)
    return verdict


def _report(case: _Case, using: Verifier, verdict: Verdict | None, file: str) -> Report:
    code = text_at(case.sheet, "ThongTinChung/MaHocBa") if case.sheet is not None else None
    version = text_at(case.sheet, "ThongTinChung/PhienBan") if case.sheet is not None else None
    return Report(
        file=file,
        violations=tuple(case.found.violations),
        undecided=tuple(sorted(case.found.undecided)),
        code=code if code is not None and _CODE.fullmatch(code) else None,
        version=int(version)
        if version and version.isascii() and version.isdigit() and len(version) < 4
        else None,
        digest=verdict.digest if verdict is not None else None,
        asked_bundle=using.bundle is not None,
    )
