"""The entries of a trust bundle: what each says, how it is written and how strictly it is read.

One kind of entry after the other; the whole and its versions stand in :mod:`.bundle`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.engines.ledger.entries import LogEntry
from hocbaso.engines.ledger.proofs import InclusionProof
from hocbaso.engines.trust.strict_json import Fault, JsonObject, pem_text

#: Label of RFC 7468: what other people's tools read stands in the form in which they read it.
CERTIFICATE = "CERTIFICATE"
ENVIRONMENTS = ("chinh_thuc", "thu_nghiem")
STATES = ("current", "replaced", "revoked")
#: As in a validation policy.
_MOST_SKEW = 3600
ROLES = ("gvbm", "gvcn", "hieu_truong", "con_dau")


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


@dataclass(frozen=True, slots=True)
class CarriedPolicy:
    """What a reader that has no validation policy of its own (the offline page) must ask by."""

    id: str
    version: str
    sha256: str  # of the policy file, lower-case hex, as verdicts name it
    clock_skew_seconds: int
    algorithms: tuple[tuple[str, date | None], ...]  # name, last day (UTC) on which it counts


def certificate_digest(der: bytes) -> str:
    """Lower-case hex SHA-256 of a DER certificate, as the authority register names it."""
    return hashlib.sha256(der).hexdigest()


def serial_hex(serial: int) -> str:
    """A certificate serial as the register and the verdict write it."""
    return f"{serial:x}"


# --- writing -----------------------------------------------------------------------------------------------


def time_text(value: datetime) -> str:
    """An aware moment as the bundle writes it: UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, bytes):
        return _b64(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def fields(item: Any, *, renamed: dict[str, str] | None = None) -> dict[str, Any]:
    """The stated fields of an entry as JSON data; ``renamed``: where JSON names a field otherwise."""
    names = renamed or {}
    pairs = ((name, getattr(item, name)) for name in item.__slots__)
    return {names.get(name, name): _plain(value) for name, value in pairs if value is not None}


def authority_fields(entry: AuthorityEntry) -> dict[str, Any]:
    """An entry of the register as JSON data."""
    return fields(entry, renamed={"class_name": "class"})


def certified_fields(item: Anchor | CodeSigner) -> dict[str, Any]:
    """What names a certificate, as JSON data: the certificate in PEM."""
    return fields(item) | {"certificate": pem_text(item.certificate, CERTIFICATE)}


def policy_fields(policy: CarriedPolicy) -> dict[str, Any]:
    """A carried policy as JSON data."""
    algorithms = [
        {"name": name} | ({"until": until.isoformat()} if until is not None else {})
        for name, until in policy.algorithms
    ]
    return fields(policy) | {"algorithms": algorithms}


def register_digest(entries: tuple[AuthorityEntry, ...]) -> str:
    """Lower-case hex SHA-256 of an authority register: entries as in the bundle, sorted, canonical JSON."""
    texts = sorted(json.dumps(authority_fields(e), sort_keys=True, separators=(",", ":")) for e in entries)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


# --- reading -----------------------------------------------------------------------------------------------


def read_anchor(item: JsonObject) -> Anchor:
    """An anchor.

    :raises Fault: naming the place.
    """
    return Anchor(
        certificate=item.pem("certificate", CERTIFICATE),
        family=item.take("family", str),
        environment=item.choice("environment", ENVIRONMENTS),
        valid_from=item.time("valid_from"),
        valid_to=item.time("valid_to"),
    )


def read_authority(item: JsonObject) -> AuthorityEntry:
    """An entry of the register, as version 1 writes it.

    :raises Fault: naming the place.
    """
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


def read_authority_2(item: JsonObject) -> AuthorityEntry:
    """The same with what version 2 adds.

    :raises Fault: naming the place.
    """
    subjects, staff_code = item.maybe_texts("subjects"), item.maybe("staff_code", str)
    return replace(read_authority(item), subjects=subjects, staff_code=staff_code)


def read_code_signer(item: JsonObject) -> CodeSigner:
    """A signer of codes.

    :raises Fault: naming the place.
    """
    return CodeSigner(
        certificate=item.pem("certificate", CERTIFICATE),
        name=item.take("name", str),
        provinces=item.maybe_texts("provinces") or (),
        valid_from=item.time("valid_from"),
        valid_to=item.maybe_time("valid_to"),
    )


def read_log(item: JsonObject) -> LogInfo:
    """A log.

    :raises Fault: naming the place.
    """
    info = LogInfo(
        name=item.take("name", str),
        public_key=item.binary("public_key"),
        checkpoint=item.take("checkpoint", str),
    )
    if len(info.public_key) != 32:
        raise Fault(f"{item.place}.public_key phải dài 32 byte")
    return info


def read_evidence(item: JsonObject) -> LogEvidence:
    """A log entry with its proof.

    :raises Fault: naming the place.
    """
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


def read_status(item: JsonObject) -> StatusEntry:
    """What became of a version.

    :raises Fault: naming the place.
    """
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


def read_carried_policy(item: JsonObject) -> CarriedPolicy:
    """A carried policy: every algorithm once, at least one.

    :raises Fault: naming the place.
    """
    found = CarriedPolicy(
        id=item.take("id", str),
        version=item.take("version", str),
        sha256=item.digest("sha256"),
        clock_skew_seconds=item.natural("clock_skew_seconds"),
        algorithms=item.objects("algorithms", _read_algorithm),
    )
    item.end()
    if not found.algorithms or len(dict(found.algorithms)) != len(found.algorithms):
        raise Fault(f"{item.place}.algorithms phải có tên, không lặp")
    if found.clock_skew_seconds > _MOST_SKEW:
        raise Fault(f"{item.place}.clock_skew_seconds không được quá {_MOST_SKEW} giây")
    return found


def _read_algorithm(item: JsonObject) -> tuple[str, date | None]:
    name, until = item.take("name", str), item.maybe("until", str)
    try:
        last = None if until is None else date.fromisoformat(until)
    except ValueError:
        last = None
    if until is not None and (last is None or last.isoformat() != until):
        raise Fault(f"{item.place}.until phải là ngày dạng 2026-06-02")
    return name, last
