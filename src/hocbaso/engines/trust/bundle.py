"""``trust-bundle.json``: everything a verifier needs who has neither the database nor the network.

The bundle is trusted input, like a store of root certificates: whoever verifies chooses which bundle to
believe. It never makes a document valid by what it lacks (``trust.md`` section 3). Its parts are anchors,
intermediates, CRLs, the authority register, logs with a checkpoint, inclusion proofs by document digest,
status by transcript code and version, the latest version by code, and the time as of which all this holds.
The format is described in ``docs/trust-bundle.md``; the entries stand in :mod:`.bundle_entries`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.trust.bundle_entries import (
    CERTIFICATE,
    Anchor,
    AuthorityEntry,
    CarriedPolicy,
    CodeSigner,
    LogEvidence,
    LogInfo,
    StatusEntry,
    authority_fields,
    certificate_digest,
    certified_fields,
    fields,
    policy_fields,
    read_anchor,
    read_authority,
    read_authority_2,
    read_carried_policy,
    read_code_signer,
    read_evidence,
    read_log,
    read_status,
    register_digest,
    serial_hex,
    time_text,
)
from hocbaso.engines.trust.strict_json import Fault, JsonObject, no_doubles, pem_text, refuse_constant

#: The first is written as long as it can say everything, so that verifiers of before read on.
FORMAT = "hocbaso-trust-bundle/1"
#: Adds ``subjects`` and ``staff_code`` to entries of the authority register.
FORMAT_2 = "hocbaso-trust-bundle/2"
#: Adds ``code_signers``, ``status_lists`` and ``authority_digest``: what codes need that verify offline.
FORMAT_3 = "hocbaso-trust-bundle/3"
#: Adds ``policy``: the dated rules that a reader follows who has none of its own (the offline page).
FORMAT_4 = "hocbaso-trust-bundle/4"
_FORMATS = (FORMAT, FORMAT_2, FORMAT_3, FORMAT_4)
#: Label of RFC 7468 for lists; that of certificates stands with the entries.
CRL = "X509 CRL"
MAX_BYTES = 64 * 1024 * 1024

__all__ = [
    "FORMAT",
    "FORMAT_2",
    "FORMAT_3",
    "FORMAT_4",
    "Anchor",
    "AuthorityEntry",
    "CarriedPolicy",
    "CodeSigner",
    "LogEvidence",
    "LogInfo",
    "StatusEntry",
    "TrustBundle",
    "certificate_digest",
    "register_digest",
    "serial_hex",
]

register(
    {
        "bundle_unreadable": (
            "Không đọc được gói tin cậy (trust-bundle.json): {what}. "
            "Thầy cô hãy tải lại gói từ nơi đã cấp học bạ.",
            "The trust bundle cannot be read: {what}.",
        ),
    }
)


@dataclass(frozen=True)
class TrustBundle:
    """See the module; all times are aware and in UTC."""

    created: datetime
    as_of: datetime
    anchors: tuple[Anchor, ...] = ()
    intermediates: tuple[bytes, ...] = ()  # DER
    crls: tuple[bytes, ...] = ()  # DER
    authority: tuple[AuthorityEntry, ...] = ()
    logs: tuple[LogInfo, ...] = ()
    evidence: tuple[LogEvidence, ...] = ()
    status: tuple[StatusEntry, ...] = ()
    latest: tuple[tuple[str, int], ...] = ()  # (transcript code, latest version)
    code_signers: tuple[CodeSigner, ...] = ()
    status_lists: tuple[str, ...] = ()  # signed lists (``status_list.py``), the newest of each name
    authority_digest: str | None = None  # of the whole register, where it is not carried itself
    policy: CarriedPolicy | None = None  # for readers without one; a verifier's own is never replaced by it

    def __hash__(self) -> int:
        """Cheap: a bundle is the key under which its verifier is kept, and may hold a whole school."""
        return hash((self.created, self.as_of, len(self.evidence), len(self.status)))

    @cached_property
    def authority_by_certificate(self) -> dict[str, list[AuthorityEntry]]:
        """Register entries by certificate digest (hex)."""
        return _grouped(self.authority, lambda entry: entry.certificate_sha256)

    @cached_property
    def authority_by_school(self) -> dict[str, list[AuthorityEntry]]:
        """Register entries by school code."""
        return _grouped(self.authority, lambda entry: entry.school)

    @cached_property
    def evidence_by_digest(self) -> dict[str, LogEvidence]:
        """Inclusion proofs by document digest."""
        return {item.digest: item for item in self.evidence}

    @cached_property
    def status_by_version(self) -> dict[tuple[str, int], StatusEntry]:
        """Status entries by code and version."""
        return {(item.code, item.version): item for item in self.status}

    @cached_property
    def status_by_code(self) -> dict[str, list[StatusEntry]]:
        """Status entries of all versions by code."""
        return _grouped(self.status, lambda entry: entry.code)

    @cached_property
    def latest_by_code(self) -> dict[str, int]:
        """The latest issued version by code."""
        return dict(self.latest)

    @cached_property
    def log_by_name(self) -> dict[str, LogInfo]:
        """Logs by name."""
        return {item.name: item for item in self.logs}

    def to_json(self) -> str:
        """The bundle as text; the same bundle gives the same text."""
        return json.dumps(_as_data(self), ensure_ascii=False, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, data: bytes | str) -> TrustBundle:
        """Read a bundle strictly: unknown keys, doubled keys, wrong types and wrong encodings are refused.

        :raises Unreadable: ``bundle_unreadable`` naming the place and the fault.
        """
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MAX_BYTES:
            raise Unreadable("bundle_unreadable", what=f"tệp lớn hơn {MAX_BYTES // 2**20} MB")
        try:
            value = json.loads(
                raw.decode("utf-8"), object_pairs_hook=no_doubles, parse_constant=refuse_constant
            )
            return _read_bundle(value)
        except Fault as fault:
            raise Unreadable("bundle_unreadable", what=str(fault)) from None
        except (ValueError, RecursionError):
            raise Unreadable("bundle_unreadable", what="không phải JSON UTF-8 đúng quy cách") from None


_T = TypeVar("_T")


def _grouped(items: tuple[_T, ...], key: Callable[[_T], str]) -> dict[str, list[_T]]:
    groups: defaultdict[str, list[_T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


# --- writing -----------------------------------------------------------------------------------------------


def _as_data(bundle: TrustBundle) -> dict[str, Any]:
    data = {
        "format": _format_of(bundle),
        "created": time_text(bundle.created),
        "as_of": time_text(bundle.as_of),
        "anchors": [certified_fields(item) for item in bundle.anchors],
        "intermediates": [pem_text(item, CERTIFICATE) for item in bundle.intermediates],
        "crls": [pem_text(item, CRL) for item in bundle.crls],
        "authority": [authority_fields(item) for item in bundle.authority],
        "logs": [fields(item) for item in bundle.logs],
        "evidence": [fields(item) for item in bundle.evidence],
        "status": [fields(item) for item in bundle.status],
        "latest": [{"code": code, "version": version} for code, version in bundle.latest],
    }
    return data | _offline_data(bundle) if data["format"] in (FORMAT_3, FORMAT_4) else data


def _offline_data(bundle: TrustBundle) -> dict[str, Any]:
    signers = [certified_fields(item) for item in bundle.code_signers]
    carried: dict[str, Any] = {"code_signers": signers, "status_lists": list(bundle.status_lists)}
    if bundle.authority_digest is not None:
        carried["authority_digest"] = bundle.authority_digest
    if bundle.policy is not None:
        carried["policy"] = policy_fields(bundle.policy)
    return carried


def _format_of(bundle: TrustBundle) -> str:
    if bundle.policy is not None:
        return FORMAT_4
    if bundle.code_signers or bundle.status_lists or bundle.authority_digest is not None:
        return FORMAT_3
    newer = any(item.subjects is not None or item.staff_code is not None for item in bundle.authority)
    return FORMAT_2 if newer else FORMAT


# --- reading -----------------------------------------------------------------------------------------------


def _read_bundle(value: Any) -> TrustBundle:
    top = JsonObject(value, "gói")
    named = top.take("format", str)
    if named not in _FORMATS:
        raise Fault(f"gói không phải một trong các định dạng {', '.join(_FORMATS)}")
    authority_reader = read_authority if named == FORMAT else read_authority_2
    bundle = TrustBundle(
        created=top.time("created"),
        as_of=top.time("as_of"),
        anchors=top.objects("anchors", read_anchor),
        intermediates=top.pems("intermediates", CERTIFICATE),
        crls=top.pems("crls", CRL),
        authority=top.objects("authority", authority_reader),
        logs=top.objects("logs", read_log),
        evidence=top.objects("evidence", read_evidence),
        status=top.objects("status", read_status),
        latest=top.objects("latest", lambda item: (item.take("code", str), item.natural("version", 1))),
    )
    if named in (FORMAT_3, FORMAT_4):
        bundle = replace(
            bundle,
            code_signers=top.objects("code_signers", read_code_signer),
            status_lists=top.maybe_texts("status_lists") or (),
            authority_digest=top.digest("authority_digest") if "authority_digest" in top.left else None,
        )
    if named == FORMAT_4:
        carried = JsonObject(top.take("policy", dict), "policy")
        bundle = replace(bundle, policy=read_carried_policy(carried))
    top.end()
    _check_unique("evidence", len(bundle.evidence), len(bundle.evidence_by_digest))
    _check_unique("status", len(bundle.status), len(bundle.status_by_version))
    _check_unique("latest", len(bundle.latest), len(bundle.latest_by_code))
    _check_unique("logs", len(bundle.logs), len(bundle.log_by_name))
    return bundle


def _check_unique(name: str, listed: int, distinct: int) -> None:
    if listed != distinct:
        raise Fault(f"{name} có mục bị lặp")
