"""The validation policy: what a verifier asks for, as dated data with an identifier and a digest.

A policy is a JSON file (``policies/*.json``; ETSI EN 319 102-1 clause 5.1.4 names such inputs "constraints").
It says which algorithms count and until when, which roles must have signed, how far clocks may differ, what
revocation and time stamps must prove, which sub-indications refuse a document although the standard leaves
them open, and what is too large to be read. Every verdict names the policy by identifier, version and
SHA-256, so that two answers can be compared years later.

A policy of somebody else's can be stricter than the code, never laxer: it names only algorithms that are
implemented, only limits up to the ones below which reading is safe, and never fewer required signatures.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.trust.bundle_entries import CarriedPolicy
from hocbaso.engines.trust.strict_json import Fault, JsonObject, no_doubles, refuse_constant

FORMAT = "hocbaso-validation-policy/1"
MAX_BYTES = 64 * 1024
ORDER = ("gvbm", "gvcn", "hieu_truong", "con_dau")
#: The signatures without which a sheet is not issued (``trust.md`` section 2).
LEAST_REQUIRED = ("gvcn", "hieu_truong", "con_dau")
#: What the code can check at all.
ALGORITHMS = ("sha256", "sha384", "sha512", "rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521")
#: EN 319 102-1 V1.4.1 table 6: what refuses a signature, and what leaves it open.
TOTAL_FAILED = (
    "FORMAT_FAILURE",
    "HASH_FAILURE",
    "SIG_CRYPTO_FAILURE",
    "REVOKED",
    "EXPIRED",
    "NOT_YET_VALID",
)
INDETERMINATE = (
    "SIG_CONSTRAINTS_FAILURE",
    "CHAIN_CONSTRAINTS_FAILURE",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE",
    "POLICY_PROCESSING_ERROR",
    "SIGNATURE_POLICY_NOT_AVAILABLE",
    "TIMESTAMP_ORDER_FAILURE",
    "NO_SIGNING_CERTIFICATE_FOUND",
    "NO_CERTIFICATE_CHAIN_FOUND",
    "NO_CERTIFICATE_CHAIN_FOUND_NO_POE",
    "REVOKED_NO_POE",
    "REVOKED_CA_NO_POE",
    "OUT_OF_BOUNDS_NOT_REVOKED",
    "OUT_OF_BOUNDS_NO_POE",
    "REVOCATION_OUT_OF_BOUNDS_NO_POE",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    "NO_POE",
    "TRY_LATER",
    "SIGNED_DATA_NOT_FOUND",
    "CUSTOM",
)
_HOUR = 3600
_ID = re.compile(r"urn:[a-z0-9][a-z0-9-]{1,31}:[A-Za-z0-9.:_-]{1,200}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}", re.ASCII)

register(
    {
        "policy_unreadable": (
            "Không đọc được chính sách xác thực: {what}.",
            "The validation policy cannot be read: {what}.",
        ),
        "policy_unknown": (
            "Không có chính sách xác thực nào tên “{name}”. Các chính sách có sẵn: {known}.",
            "There is no validation policy {name}; known: {known}.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too large or too many to be read; octets unless the name says otherwise."""

    document_octets: int
    sheet_octets: int
    signature_octets: int
    key_info_octets: int
    elements: int
    depth: int
    signatures: int
    references: int  # of one signature, its own properties included (a limit of the JDK)
    evidence_items: int  # certificates, lists and answers that travel beside a signature or in a PDF
    token_octets: int
    package_octets: int
    package_entries: int
    package_unpacked_octets: int
    package_ratio: int  # unpacked to packed, of one entry
    picture_octets: int
    picture_pixels: int
    pdf_octets: int
    pdf_attachments: int
    pdf_stream_octets: int
    pdf_stream_ratio: int


@dataclass(frozen=True, slots=True)
class TimeStampRules:
    """What a time stamp must be; ``authority_must_be_valid_now``: otherwise NO_POE, unless a later archive
    time stamp proves the earlier one (EN 319 102-1 clause 5.6)."""

    required: bool
    skew: timedelta  # a token dated later than this after the present is refused
    authority_must_be_valid_now: bool


@dataclass(frozen=True, slots=True)
class RevocationRules:
    """Which revocation answers count.

    ``oldest``: an answer about a signer that travels with the document was made at most so long before the
    best signature time (whoever holds the document chose it); ``None``: as long as the answer itself says
    (nextUpdate), as for those of the bundle, which the verifier chose.
    """

    required: bool
    oldest: timedelta | None
    hold_is_indeterminate: bool  # EN 319 102-1 clause 5.2.6.4: a suspended certificate is asked about later


@dataclass(frozen=True)
class ValidationPolicy:
    """One version of the policy. Two are equal when their files are, octet by octet."""

    digest: str  # SHA-256 of the file, lower-case hex
    id: str = field(compare=False)
    version: str = field(compare=False)
    valid_from: date = field(compare=False)
    title: str = field(compare=False)
    title_en: str = field(compare=False)
    basis: tuple[str, ...] = field(compare=False)
    algorithms: tuple[tuple[str, date | None], ...] = field(compare=False)  # name, last day
    signature_policies: tuple[str, ...] = field(compare=False)
    required: tuple[str, ...] = field(compare=False)  # roles, in the order of signing
    skew: timedelta = field(compare=False)  # between the clocks of signers
    revocation: RevocationRules = field(compare=False)
    time_stamps: TimeStampRules = field(compare=False)
    rejected: frozenset[str] = field(compare=False)  # refuse, though open in the standard
    limits: Limits = field(compare=False)

    def accepts(self, algorithm: str, on: datetime) -> bool:
        """Whether an algorithm counts on a day (UTC).

        :param algorithm: ``sha256``, ``p256``, ``rsa2048`` … as ``longterm.policy.key_algorithm`` names them.
        """
        return self.accepts_on(algorithm, on.astimezone(UTC).date())

    def accepts_on(self, algorithm: str, day: date) -> bool:
        """The same of a day in UTC; the last day counts to its end."""
        return any(until is None or day <= until for until in self._ends(algorithm))

    def knows(self, algorithm: str) -> bool:
        """Whether an algorithm counts or ever counted."""
        return bool(self._ends(algorithm))

    def _ends(self, algorithm: str) -> list[date | None]:
        return [until for name, until in self.algorithms if name == algorithm]

    def refuses(self, sub_indication: str | None) -> bool:
        """Whether a failure with this sub-indication makes a document invalid rather than indeterminate.

        A failure without one (status, log) is this system's own question, and refuses.
        """
        return sub_indication is None or sub_indication in TOTAL_FAILED or sub_indication in self.rejected

    def to_json(self) -> dict[str, str]:
        """How verdicts and reports name it."""
        return {"id": self.id, "version": self.version, "sha256": self.digest}

    def carried(self) -> CarriedPolicy:
        """What of it a trust bundle carries for readers without a policy of their own."""
        seconds = int(self.skew.total_seconds())
        return CarriedPolicy(self.id, self.version, self.digest, seconds, self.algorithms)


def main_indication(sub_indication: str | None) -> str:
    """``TOTAL-FAILED`` or ``INDETERMINATE`` as EN 319 102-1 table 6 pairs them with a sub-indication."""
    return "TOTAL-FAILED" if sub_indication in TOTAL_FAILED else "INDETERMINATE"


def read_policy(data: bytes) -> ValidationPolicy:
    """Read a policy file strictly: unknown, doubled or missing keys and laxer values are refused.

    :raises Unreadable: ``policy_unreadable`` with place and fault.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable("policy_unreadable", what=f"tệp lớn hơn {MAX_BYTES // 1024} KB")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=no_doubles, parse_constant=refuse_constant)
        return _read(JsonObject(value, "chính sách"), hashlib.sha256(data).hexdigest())
    except Fault as fault:
        raise Unreadable("policy_unreadable", what=str(fault)) from None
    except (ValueError, RecursionError):
        raise Unreadable("policy_unreadable", what="không phải JSON UTF-8 đúng quy cách") from None


@lru_cache(maxsize=1)
def packaged_policies() -> tuple[ValidationPolicy, ...]:
    """The policies of the package, oldest first."""
    folder = resources.files(__package__) / "policies"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".json")), key=lambda i: i.name)
    return tuple(sorted((read_policy(item.read_bytes()) for item in files), key=lambda p: p.valid_from))


def policy_in_force(on: datetime | None = None) -> ValidationPolicy:
    """The newest policy of the package that is in force at ``on``; before the first one, the first.

    :param on: aware; ``None``: the newest of all.
    """
    known = packaged_policies()
    begun = [policy for policy in known if on is None or policy.valid_from <= on.astimezone(UTC).date()]
    return begun[-1] if begun else known[0]


def policy_named(name: str) -> ValidationPolicy:
    """A policy of the package by its identifier, or by identifier and version (``urn:…:1@1.0``).

    :raises Unreadable: ``policy_unknown``.
    """
    for policy in reversed(packaged_policies()):
        if name in (policy.id, f"{policy.id}@{policy.version}"):
            return policy
    raise Unreadable("policy_unknown", name=name[:80], known=", ".join(p.id for p in packaged_policies()))


def _read(whole: JsonObject, digest: str) -> ValidationPolicy:
    if whole.take("format", str) != FORMAT:
        raise Fault(f"format phải là {FORMAT}")
    title = whole.take("title", dict)
    titles = JsonObject(title, "title")
    signatures = JsonObject(whole.take("signatures", dict), "signatures")
    if tuple(_texts(signatures, "order")) != ORDER:
        raise Fault(f"signatures.order phải là {', '.join(ORDER)}")
    if signatures.take("best_signature_time_of", str) != "con_dau":
        raise Fault("signatures.best_signature_time_of phải là con_dau")
    policy = ValidationPolicy(
        digest=digest,
        id=_matching(whole, "id", _ID),
        version=_matching(whole, "version", _VERSION),
        valid_from=_day(whole.take("valid_from", str), "valid_from"),
        title=titles.take("vi", str),
        title_en=titles.take("en", str),
        basis=_texts(whole, "basis"),
        algorithms=_algorithms(whole),
        signature_policies=_texts(signatures, "policies"),
        required=_required(signatures),
        skew=_seconds(signatures, "clock_skew_seconds"),
        revocation=_revocation(JsonObject(whole.take("revocation", dict), "revocation")),
        time_stamps=_time_stamps(JsonObject(whole.take("time_stamps", dict), "time_stamps")),
        rejected=_rejected(whole),
        limits=_limits(JsonObject(whole.take("limits", dict), "limits")),
    )
    for part in (titles, signatures, whole):
        part.end()
    return policy


def _texts(place: JsonObject, key: str) -> tuple[str, ...]:
    values = place.maybe_texts(key)
    if not values or len(set(values)) != len(values):
        raise Fault(f"{place.place}.{key} phải là danh sách không rỗng, không lặp")
    return values


def _matching(place: JsonObject, key: str, pattern: re.Pattern[str]) -> str:
    value = place.take(key, str)
    if not pattern.fullmatch(value):
        raise Fault(f"{place.place}.{key} sai quy cách")
    return value


def _day(text: str, place: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Fault(f"{place} phải là ngày dạng 2026-06-02") from None
    if found.isoformat() != text:
        raise Fault(f"{place} phải là ngày dạng 2026-06-02")
    return found


def _algorithms(whole: JsonObject) -> tuple[tuple[str, date | None], ...]:
    def one(item: JsonObject) -> tuple[str, date | None]:
        until = item.maybe("until", str)
        name = item.choice("name", ALGORITHMS)
        return name, None if until is None else _day(until, f"{item.place}.until")

    found = whole.objects("algorithms", one)
    if len(dict(found)) != len(found) or not found:
        raise Fault("algorithms phải có tên, không lặp")
    return found


def _required(signatures: JsonObject) -> tuple[str, ...]:
    roles = _texts(signatures, "required")
    if not set(LEAST_REQUIRED) <= set(roles) <= set(ORDER):
        raise Fault(f"signatures.required phải gồm {', '.join(LEAST_REQUIRED)}")
    return tuple(role for role in ORDER if role in roles)


def _seconds(place: JsonObject, key: str) -> timedelta:
    seconds = place.natural(key)
    if seconds > _HOUR:
        raise Fault(f"{place.place}.{key} không được quá {_HOUR} giây")
    return timedelta(seconds=seconds)


def _flag(place: JsonObject, key: str) -> bool:
    value = place.left.pop(key, None)
    if not isinstance(value, bool):
        raise Fault(f"{place.place}.{key} phải là true hoặc false")
    return value


def _must(place: JsonObject, key: str) -> bool:
    if not _flag(place, key):
        raise Fault(f"{place.place}.{key} không được bỏ")
    return True


def _revocation(place: JsonObject) -> RevocationRules:
    required = _must(place, "required")
    seconds = place.maybe("evidence_at_most_before_signing_seconds", int)
    if seconds is not None and not 0 <= seconds < 10**9:
        raise Fault(f"{place.place}.evidence_at_most_before_signing_seconds ngoài phạm vi")
    oldest = None if seconds is None else timedelta(seconds=seconds)
    rules = RevocationRules(required, oldest, _flag(place, "hold_is_indeterminate"))
    place.end()
    return rules


def _time_stamps(place: JsonObject) -> TimeStampRules:
    rules = TimeStampRules(
        required=_must(place, "required"),
        skew=_seconds(place, "clock_skew_seconds"),
        authority_must_be_valid_now=_flag(place, "authority_must_be_valid_now"),
    )
    place.end()
    return rules


def _rejected(whole: JsonObject) -> frozenset[str]:
    found = whole.maybe_texts("rejected") or ()
    strange: Sequence[str] = [name for name in found if name not in INDETERMINATE]
    if strange:
        raise Fault(f"rejected: “{strange[0]}” không phải chỉ dấu INDETERMINATE của EN 319 102-1")
    return frozenset(found)


def _limits(place: JsonObject) -> Limits:
    values = {}
    for item in fields(Limits):
        value, most = place.natural(item.name, 1), HARD_LIMITS.get(item.name, 0)
        if value > most:
            raise Fault(f"limits.{item.name} không được quá {most}")
        values[item.name] = value
    place.end()
    return Limits(**values)


#: Up to these the readers are known to be safe; a policy may only go below.
HARD_LIMITS = {
    "document_octets": 8 * 1024 * 1024,
    "sheet_octets": 512 * 1024,
    "signature_octets": 16 * 1024 * 1024,
    "key_info_octets": 24 * 1024,
    "elements": 20_000,
    "depth": 24,
    "signatures": 30,
    "references": 30,
    "evidence_items": 600,
    "token_octets": 256 * 1024,
    "package_octets": 64 * 1024 * 1024,
    "package_entries": 5_000,
    "package_unpacked_octets": 512 * 1024 * 1024,
    "package_ratio": 200,
    "picture_octets": 16 * 1024 * 1024,
    "picture_pixels": 40_000_000,
    "pdf_octets": 16 * 1024 * 1024,
    "pdf_attachments": 16,
    "pdf_stream_octets": 16 * 1024 * 1024,
    "pdf_stream_ratio": 600,
}
