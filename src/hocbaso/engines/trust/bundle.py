"""``trust-bundle.json``: everything a verifier needs who has neither the database nor the network.

The bundle is trusted input, like a store of root certificates: whoever verifies chooses which bundle to
believe. It never makes a document valid by what it lacks (``trust.md`` section 3). Its parts are anchors,
intermediates, CRLs, the authority register, logs with a checkpoint, inclusion proofs by document digest,
status by transcript code and version, the latest version by code, and the time as of which all this holds.
The format is described in ``docs/trust-bundle.md``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.ledger.entries import LogEntry
from hocbaso.engines.ledger.proofs import InclusionProof
from hocbaso.engines.trust.strict_json import Fault, JsonObject, no_doubles, pem_text, refuse_constant

#: The first is written as long as it can say everything, so that verifiers of before read on.
FORMAT = "hocbaso-trust-bundle/1"
#: Adds ``subjects`` and ``staff_code`` to entries of the authority register.
FORMAT_2 = "hocbaso-trust-bundle/2"
#: Adds ``code_signers``, ``status_lists`` and ``authority_digest``: what codes need that verify offline.
FORMAT_3 = "hocbaso-trust-bundle/3"
#: Labels of RFC 7468: what other people's tools read stands in the form in which they read it.
CERTIFICATE, CRL = "CERTIFICATE", "X509 CRL"
MAX_BYTES = 64 * 1024 * 1024
ENVIRONMENTS = ("chinh_thuc", "thu_nghiem")
STATES = ("current", "replaced", "revoked")
ROLES = ("gvbm", "gvcn", "hieu_truong", "con_dau")

register(
    {
        "bundle_unreadable": (
            "Không đọc được gói tin cậy (trust-bundle.json): {what}. "
            "Thầy cô hãy tải lại gói từ nơi đã cấp học bạ.",
            "The trust bundle cannot be read: {what}.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A root that may be believed, from when to when, and for which world it speaks."""

    certificate: bytes  # DER; PEM in the file
    family: str  # "vgca", "ca_cong_cong", "tsa", "hop_cat", …
    environment: str  # "chinh_thuc" | "thu_nghiem"
    valid_from: datetime
    valid_to: datetime

    @classmethod
    def of(cls, root: x509.Certificate, family: str, environment: str) -> Anchor:
        """An anchor for as long as the root certificate itself is valid."""
        der = root.public_bytes(Encoding.DER)
        return cls(der, family, environment, root.not_valid_before_utc, root.not_valid_after_utc)


@dataclass(frozen=True, slots=True)
class AuthorityEntry:
    """Which certificate may sign in which role for which school, from when to when (both included)."""

    certificate_sha256: str  # lower-case hex over the DER certificate
    serial: str  # lower-case hex, no leading zeros
    role: str  # "gvbm" | "gvcn" | "hieu_truong" | "con_dau"
    school: str
    valid_from: datetime
    valid_to: datetime | None
    name: str  # person, or the school for its seal
    subject: str | None = None  # only this subject code (gvbm)
    class_name: str | None = None  # only this class (gvcn, gvbm)
    subjects: tuple[str, ...] | None = None  # only these subject codes (gvbm); beside ``subject``
    staff_code: str | None = None  # compared with the sheet's list of responsible people

    @property
    def allowed_subjects(self) -> frozenset[str] | None:
        """The only subject codes that this entry allows; ``None``: any."""
        if self.subject is None and self.subjects is None:
            return None
        return frozenset((*((self.subject,) if self.subject is not None else ()), *(self.subjects or ())))


@dataclass(frozen=True, slots=True)
class LogInfo:
    """A public log: its key and the checkpoint that the proofs of this bundle lead to."""

    name: str
    public_key: bytes  # raw Ed25519, 32 bytes
    checkpoint: str  # C2SP signed note


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """The log entry of one issued document, with its inclusion proof up to the log's checkpoint."""

    digest: str  # document digest, lower-case hex
    log: str  # name of the log
    index: int
    entry: bytes  # the entry whose leaf hash is proved
    proof: tuple[bytes, ...]  # 32-byte hashes, leaf side first

    @classmethod
    def of(cls, entry: LogEntry, proof: InclusionProof) -> LogEvidence:
        """The evidence of an entry; ``proof`` must lead to the checkpoint that stands in :class:`LogInfo`."""
        return cls(entry.digest, proof.log, proof.index, entry.to_bytes(), proof.hashes)


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """What became of one version of a transcript code (``trust.md`` section 4)."""

    code: str
    version: int
    digest: str
    state: str  # "current" | "replaced" | "revoked"
    since: datetime | None = None
    reason: str | None = None
    decision: str | None = None
    by_version: int | None = None
    by_digest: str | None = None


@dataclass(frozen=True, slots=True)
class CodeSigner:
    """A node whose certificate may sign offline codes and status lists, and for which provinces."""

    certificate: bytes  # DER; PEM in the file
    name: str
    provinces: tuple[str, ...]  # two digits each, as in transcript codes
    valid_from: datetime
    valid_to: datetime | None = None


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


def certificate_digest(der: bytes) -> str:
    """Lower-case hex SHA-256 of a DER certificate, as the authority register names it."""
    return hashlib.sha256(der).hexdigest()


def serial_hex(serial: int) -> str:
    """A certificate serial as the register and the verdict write it."""
    return f"{serial:x}"


_T = TypeVar("_T")


def _grouped(items: tuple[_T, ...], key: Callable[[_T], str]) -> dict[str, list[_T]]:
    groups: defaultdict[str, list[_T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


# --- writing -----------------------------------------------------------------------------------------------


def _time_text(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _time_text(value)
    if isinstance(value, bytes):
        return _b64(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _fields(item: Any, *, renamed: dict[str, str] | None = None) -> dict[str, Any]:
    names = renamed or {}
    pairs = ((name, getattr(item, name)) for name in item.__slots__)
    return {names.get(name, name): _plain(value) for name, value in pairs if value is not None}


def _anchor_data(anchor: Anchor) -> dict[str, Any]:
    return _fields(anchor) | {"certificate": pem_text(anchor.certificate, CERTIFICATE)}


def _as_data(bundle: TrustBundle) -> dict[str, Any]:
    data = {
        "format": _format_of(bundle),
        "created": _time_text(bundle.created),
        "as_of": _time_text(bundle.as_of),
        "anchors": [_anchor_data(item) for item in bundle.anchors],
        "intermediates": [pem_text(item, CERTIFICATE) for item in bundle.intermediates],
        "crls": [pem_text(item, CRL) for item in bundle.crls],
        "authority": [_fields(item, renamed={"class_name": "class"}) for item in bundle.authority],
        "logs": [_fields(item) for item in bundle.logs],
        "evidence": [_fields(item) for item in bundle.evidence],
        "status": [_fields(item) for item in bundle.status],
        "latest": [{"code": code, "version": version} for code, version in bundle.latest],
    }
    return data | _offline_data(bundle) if data["format"] == FORMAT_3 else data


def _offline_data(bundle: TrustBundle) -> dict[str, Any]:
    signers = [
        _fields(item) | {"certificate": pem_text(item.certificate, CERTIFICATE)}
        for item in bundle.code_signers
    ]
    carried: dict[str, Any] = {"code_signers": signers, "status_lists": list(bundle.status_lists)}
    if bundle.authority_digest is not None:
        carried["authority_digest"] = bundle.authority_digest
    return carried


def register_digest(entries: tuple[AuthorityEntry, ...]) -> str:
    """Lower-case hex SHA-256 of an authority register: entries as in the bundle, sorted, canonical JSON."""
    texts = sorted(
        json.dumps(_fields(e, renamed={"class_name": "class"}), sort_keys=True, separators=(",", ":"))
        for e in entries
    )
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _format_of(bundle: TrustBundle) -> str:
    if bundle.code_signers or bundle.status_lists or bundle.authority_digest is not None:
        return FORMAT_3
    newer = any(item.subjects is not None or item.staff_code is not None for item in bundle.authority)
    return FORMAT_2 if newer else FORMAT


# --- reading -----------------------------------------------------------------------------------------------


def _read_bundle(value: Any) -> TrustBundle:
    top = JsonObject(value, "gói")
    known = {FORMAT: _read_authority, FORMAT_2: _read_authority_2, FORMAT_3: _read_authority_2}
    named = top.take("format", str)
    read_authority = known.get(named)
    if read_authority is None:
        raise Fault(f"gói không phải định dạng {FORMAT}, {FORMAT_2} hoặc {FORMAT_3}")
    bundle = TrustBundle(
        created=top.time("created"),
        as_of=top.time("as_of"),
        anchors=top.objects("anchors", _read_anchor),
        intermediates=top.pems("intermediates", CERTIFICATE),
        crls=top.pems("crls", CRL),
        authority=top.objects("authority", read_authority),
        logs=top.objects("logs", _read_log),
        evidence=top.objects("evidence", _read_evidence),
        status=top.objects("status", _read_status),
        latest=top.objects("latest", lambda item: (item.take("code", str), item.natural("version", 1))),
    )
    if named == FORMAT_3:
        bundle = replace(
            bundle,
            code_signers=top.objects("code_signers", _read_code_signer),
            status_lists=top.maybe_texts("status_lists") or (),
            authority_digest=top.digest("authority_digest") if "authority_digest" in top.left else None,
        )
    top.end()
    _check_unique("evidence", len(bundle.evidence), len(bundle.evidence_by_digest))
    _check_unique("status", len(bundle.status), len(bundle.status_by_version))
    _check_unique("latest", len(bundle.latest), len(bundle.latest_by_code))
    _check_unique("logs", len(bundle.logs), len(bundle.log_by_name))
    return bundle


def _check_unique(name: str, listed: int, distinct: int) -> None:
    if listed != distinct:
        raise Fault(f"{name} có mục bị lặp")


def _read_anchor(item: JsonObject) -> Anchor:
    return Anchor(
        certificate=item.pem("certificate", CERTIFICATE),
        family=item.take("family", str),
        environment=item.choice("environment", ENVIRONMENTS),
        valid_from=item.time("valid_from"),
        valid_to=item.time("valid_to"),
    )


def _read_authority(item: JsonObject) -> AuthorityEntry:
    return AuthorityEntry(
        certificate_sha256=item.digest("certificate_sha256"),
        serial=item.take("serial", str),
        role=item.choice("role", ROLES),
        school=item.take("school", str),
        valid_from=item.time("valid_from"),
        valid_to=item.maybe_time("valid_to"),
        name=item.take("name", str),
        subject=item.maybe("subject", str),
        class_name=item.maybe("class", str),
    )


def _read_authority_2(item: JsonObject) -> AuthorityEntry:
    subjects, staff_code = item.maybe_texts("subjects"), item.maybe("staff_code", str)
    return replace(_read_authority(item), subjects=subjects, staff_code=staff_code)


def _read_code_signer(item: JsonObject) -> CodeSigner:
    return CodeSigner(
        certificate=item.pem("certificate", CERTIFICATE),
        name=item.take("name", str),
        provinces=item.maybe_texts("provinces") or (),
        valid_from=item.time("valid_from"),
        valid_to=item.maybe_time("valid_to"),
    )


def _read_log(item: JsonObject) -> LogInfo:
    info = LogInfo(
        name=item.take("name", str),
        public_key=item.binary("public_key"),
        checkpoint=item.take("checkpoint", str),
    )
    if len(info.public_key) != 32:
        raise Fault(f"{item.place}.public_key phải dài 32 byte")
    return info


def _read_evidence(item: JsonObject) -> LogEvidence:
    found = LogEvidence(
        digest=item.digest("digest"),
        log=item.take("log", str),
        index=item.natural("index"),
        entry=item.binary("entry"),
        proof=item.binaries("proof"),
    )
    if len(found.proof) > 64 or any(len(node) != 32 for node in found.proof):
        raise Fault(f"{item.place}.proof sai độ dài")
    return found


def _read_status(item: JsonObject) -> StatusEntry:
    return StatusEntry(
        code=item.take("code", str),
        version=item.natural("version", 1),
        digest=item.digest("digest"),
        state=item.choice("state", STATES),
        since=item.maybe_time("since"),
        reason=item.maybe("reason", str),
        decision=item.maybe("decision", str),
        by_version=item.natural("by_version", 1) if item.left.get("by_version") is not None else None,
        by_digest=item.digest("by_digest") if item.left.get("by_digest") is not None else None,
    )
