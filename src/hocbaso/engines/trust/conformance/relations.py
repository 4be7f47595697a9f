"""What signatures refer to, their order, their times, and who signed (areas 5 to 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.names import NS, SHEET_ID
from hocbaso.core.document.parse import SplitDocument
from hocbaso.core.document.signers import in_signing_order, signatures_of_subject, subject_signature_id
from hocbaso.engines.trust.conformance.canonical import canonical, digest_of
from hocbaso.engines.trust.conformance.report import Findings
from hocbaso.engines.trust.conformance.signature import View
from hocbaso.engines.trust.tokens import TimeStampInfo, TokenFault, read_token
from hocbaso.engines.trust.verification.plan import (
    Place,
    SheetSlices,
    Target,
    expected_targets,
    teachers_missing,
)
from hocbaso.engines.trust.verification.policy import policy_in_force
from hocbaso.engines.trust.verification.signatures import Finding
from hocbaso.engines.trust.verification.times import read_stamp

_CHAIN = ("gvcn", "hieu_truong", "con_dau")
_ROLES = ("gvbm", *_CHAIN)
_TOKEN_RULES = {
    "FORMAT_FAILURE": "HBS-8.02",
    "NO_SIGNING_CERTIFICATE_FOUND": "HBS-8.02",
    "HASH_FAILURE": "HBS-8.03",
    "TIMESTAMP_ORDER_FAILURE": "HBS-8.04",
    "SIG_CRYPTO_FAILURE": "HBS-8.08",
    "CHAIN_CONSTRAINTS_FAILURE": "HBS-8.07",
}


def check_targets(views: list[View], sheet: etree._Element, found: Findings) -> None:
    """Digests of what is signed, and whether each role signs exactly what it must."""
    subjects = {str(node.get("Id")): node for node in sheet.iterfind(f"{{{NS}}}MonHocs/{{{NS}}}MonHoc")}
    nodes = {SHEET_ID: sheet, **subjects}
    nodes |= {f"{v.signature_id}-sv": n for v in views if (n := v.node.find("{*}SignatureValue")) is not None}
    slices = SheetSlices(b"", dict.fromkeys(subjects, b""))
    known: dict[tuple[str, str | None, str | None], bytes | None] = {}
    for number, view in enumerate(views):
        names = [target for target, *_ in view.targets]
        others = [other for other in views if other is not view and other.place is not None]
        if view.place is not None and view.place.role == "gvbm":
            others = [other for other in views[:number] if other.place is not None]
        before = [(o.place, (f"{o.signature_id}-sv", b"")) for o in others if o.place is not None]
        expected = _expected(view, slices, names, before)
        if view.place is not None and expected != names:
            found.at("HBS-5.05", view.node, ", ".join(names[:6]))
        for target, digest, method, transform in view.targets:
            node = nodes.get(target)
            if node is None:
                continue
            key = (target, method, transform)
            if key not in known:
                known[key] = digest_of(canonical(node, transform), method)
            if known[key] is not None and known[key] != digest:
                rule = "HBS-5.01" if target == SHEET_ID else "HBS-5.02" if target in subjects else "HBS-5.04"
                found.at(rule, view.node, target)


def _expected(
    view: View, slices: SheetSlices, names: list[str], before: list[tuple[Place, Target]]
) -> list[str] | None:
    if view.place is None:
        return names
    wanted = expected_targets(view.place, slices, names, before)
    return None if wanted is None else [name for name, _ in wanted]


def check_order(views: list[View], codes: list[str], found: Findings) -> None:
    """Order, doubled and missing roles; places of subject teachers."""
    roles = [view.place.role for view in views if view.place is not None]
    counted = Counter(roles)
    for role in _CHAIN:
        if counted[role] > 1:
            found.add("HBS-6.02", role)
        if not counted[role]:
            found.add("HBS-6.03", role)
    ranks = [_ROLES.index(role) for role in roles]
    if ranks != sorted(ranks):
        found.add("HBS-6.01", "DSCKS", ", ".join(roles[:30]))
    teachers = [view.place for view in views if view.place is not None and view.place.role == "gvbm"]
    ids = [subject_signature_id(place.subject or "", place.number) for place in teachers]
    if not in_signing_order(ids, codes):
        found.add("HBS-6.04", "DSCKS", ", ".join(ids[:30]))


def check_teachers(views: list[View], sheet: YearSheet, found: Findings) -> None:
    """Whether every subject that must be signed has enough signatures of different people."""
    signed = [
        (
            view.certificates[0] if view.certificates else b"",
            [t.removeprefix("mon-") for t, *_ in view.targets],
        )
        for view in views
        if view.place is not None and view.place.role == "gvbm"
    ]
    for code in teachers_missing(signatures_of_subject(sheet), signed):
        found.add("HBS-6.05", f"mon-{code}")


def check_times(
    views: list[View], frozen: datetime | None, now: datetime, found: Findings
) -> TimeStampInfo | None:
    """The seal's time stamp and the claimed times; gives what the token says when it is right."""
    token: TimeStampInfo | None = None
    seals = [view for view in views if view.place is not None and view.place.role == "con_dau"]
    for seal in seals:
        if seal.stamp is None or seal.value_digest is None:
            found.at("HBS-8.01", seal.node)
            continue
        try:
            token = read_token(seal.stamp, seal.value_digest, now)
        except TokenFault as fault:
            found.at(_TOKEN_RULES.get(fault.sub_indication, "HBS-8.08"), seal.node, fault.sentence)
    _check_claims(views, frozen, token, found)
    return token


def check_archive(
    split: SplitDocument, findings: Sequence[Finding], now: datetime, found: Findings
) -> tuple[TimeStampInfo, ...]:
    """The archive time stamps, of a document that the strict readers can read."""
    policy = policy_in_force(now)
    stamped = read_stamp(split.sheet, split.signatures, findings, now, policy)
    if stamped.token is not None and stamped.fault is not None:
        found.add("HBS-8.10", "ArchiveTimeStamp", stamped.fault.sentence)
    return stamped.archive


def _check_claims(
    views: list[View], frozen: datetime | None, token: TimeStampInfo | None, found: Findings
) -> None:
    latest, skew = frozen, policy_in_force().skew
    for role in _ROLES:
        own = [v for v in views if v.place is not None and v.place.role == role and v.time is not None]
        for view in own:
            assert view.time is not None
            if latest is not None and latest - view.time > skew:
                found.at("HBS-8.05", view.node, view.time.isoformat())
            if token is not None and view.time - token.time > skew:
                found.at("HBS-8.06", view.node, view.time.isoformat())
        claims = [view.time for view in own if view.time is not None]
        latest = max([*claims, *([latest] if latest is not None else [])], default=None)
