"""Bitstring status lists (W3C Recommendation, two bits an entry) as signed ``vc+jwt`` texts.

Entry ``i`` stands in bits ``2i`` and ``2i+1``, counted from the left: 00 current, 01 replaced, 10 revoked; 11
is not used and never good. The string is compressed with GZIP and written as multibase base64url ("u…"). The
credential around it is a JWS in compact form (RFC 7515) with ES256, as "Securing Verifiable Credentials using
JOSE and COSE" (W3C) describes it; ``x5t#S256`` names the signer's certificate.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.errors import Unreadable, register
from hocbaso.engines.trust import cose
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.strict_json import Fault, no_doubles, refuse_constant

register(
    {
        "status_list_unreadable": (
            "Danh sách tình trạng học bạ không đúng quy cách ({what}). Thầy cô hãy tải lại gói tin cậy.",
            "The status list is not of its form: {what}.",
        )
    }
)

BITS = 2
#: Fewer entries would let somebody guess whose entry it is (W3C: at least 131 072).
LEAST_LENGTH = 131_072
MOST_LENGTH = 1 << 26
#: 15 minutes: how long anybody may keep an answer.
TTL_SECONDS = 900
_TYPES = ["VerifiableCredential", "BitstringStatusListCredential"]
_MESSAGES = (("0x0", "current"), ("0x1", "replaced"), ("0x2", "revoked"))
_MAX_TEXT = 32 * 1024 * 1024


class Status(IntEnum):
    """What two bits say."""

    CURRENT = 0
    REPLACED = 1
    REVOKED = 2
    RESERVED = 3


@dataclass(frozen=True, slots=True)
class StatusList:
    """One list as of one moment."""

    name: str  # "2025-1": year in which the school year begins, number of the list
    issuer: str  # address of the node
    made: datetime
    valid_to: datetime
    bits: bytes

    @property
    def length(self) -> int:
        """How many entries the list has."""
        return len(self.bits) * 8 // BITS

    def status(self, index: int) -> Status:
        """What entry ``index`` says.

        :raises IndexError: beyond the list.
        """
        if not 0 <= index < self.length:
            raise IndexError(index)
        return Status(self.bits[index >> 2] >> 6 - 2 * (index & 3) & 3)


def bitstring(length: int, entries: Mapping[int, Status]) -> bytes:
    """The uncompressed string of ``length`` entries; those not named are current.

    :raises ValueError: fewer than :data:`LEAST_LENGTH`, not a multiple of 4, an index beyond the length.
    """
    if not LEAST_LENGTH <= length <= MOST_LENGTH or length % 4:
        raise ValueError("length of the status list")
    bits = bytearray(length * BITS // 8)
    for index, status in entries.items():
        if not 0 <= index < length:
            raise ValueError("index beyond the status list")
        bits[index >> 2] |= status << 6 - 2 * (index & 3)
    return bytes(bits)


def compress(bits: bytes) -> str:
    """Multibase base64url of the GZIP; the same bits give the same text (no time stands in it)."""
    return "u" + _b64(gzip.compress(bits, compresslevel=9, mtime=0))


def expand(text: str) -> bytes:
    """The bits of an ``encodedList``.

    :raises ValueError: another encoding, a damaged or oversized string, bytes after its end.
    """
    if not text.startswith("u"):
        raise ValueError("encodedList")
    unpack = zlib.decompressobj(wbits=31)
    try:
        bits = unpack.decompress(_unb64(text[1:]), MOST_LENGTH * BITS // 8)
    except zlib.error as error:
        raise ValueError("gzip") from error
    if not unpack.eof or unpack.unused_data or len(bits) * 8 // BITS < LEAST_LENGTH:
        raise ValueError("length of the status list")
    return bits


def sign_list(found: StatusList, signer: Signer) -> str:
    """The signed list as published.

    :raises DomainError: ``cose_needs_p256``.
    """
    cose.require_p256(signer.certificate)
    der = signer.certificate.public_bytes(Encoding.DER)
    header = {"alg": "ES256", "typ": "vc+jwt", "x5t#S256": _b64(hashlib.sha256(der).digest())}
    signed = f"{_json(header)}.{_json(_credential(found))}"
    value = signer.sign_digest(hashlib.sha256(signed.encode()).digest())
    return f"{signed}.{_b64(value)}"


def _credential(found: StatusList) -> dict[str, Any]:
    address = f"{found.issuer}/status/{found.name}"
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": address,
        "type": _TYPES,
        "issuer": found.issuer,
        "validFrom": _time(found.made),
        "validUntil": _time(found.valid_to),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "message",
            "statusSize": BITS,
            "statusMessage": [{"status": value, "message": message} for value, message in _MESSAGES],
            "ttl": TTL_SECONDS * 1000,
            "encodedList": compress(found.bits),
        },
    }


@dataclass(frozen=True, slots=True)
class SignedList:
    """A signed list taken apart; nothing is believed yet."""

    token: str
    thumbprint: bytes  # whole SHA-256 of the signer's certificate
    digest: bytes  # of what was signed
    signature: bytes  # r||s
    content: StatusList

    @property
    def log_digest(self) -> str:
        """What the log's ``status_list`` entry speaks of: SHA-256 of the whole text, hex."""
        return list_digest(self.token)


def list_digest(token: str) -> str:
    """SHA-256 over the compact JWS in ASCII, lower-case hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_list(token: str) -> SignedList:
    """Take a signed list apart, strictly.

    :raises Unreadable: ``status_list_unreadable``.
    """
    try:
        if len(token) > _MAX_TEXT:
            raise ValueError("quá lớn")
        head, body, value = token.split(".")
        header, claims, signature = _object(head), _object(body), _unb64(value)
        named = header.pop("x5t#S256")
        if header != {"alg": "ES256", "typ": "vc+jwt"} or len(signature) != 64:
            raise ValueError("phần đầu")
        digest = hashlib.sha256(f"{head}.{body}".encode()).digest()
        return SignedList(token, _unb64(named), digest, signature, _content(claims))
    except Fault as error:
        raise Unreadable("status_list_unreadable", what=str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("status_list_unreadable", what="phong bì hoặc nội dung") from error


def _content(claims: dict[str, Any]) -> StatusList:
    subject = claims["credentialSubject"]
    issuer, prefix, name = claims["id"].rpartition("/status/")
    found = StatusList(
        name,
        issuer,
        _instant(claims["validFrom"]),
        _instant(claims["validUntil"]),
        expand(subject["encodedList"]),
    )
    if not prefix or not name or _credential(found) | {"credentialSubject": subject} != claims:
        raise ValueError("credential")
    expected = _credential(found)["credentialSubject"] | {"encodedList": subject["encodedList"]}
    if subject != expected:
        raise ValueError("credentialSubject")
    return found


def _json(value: dict[str, Any]) -> str:
    return _b64(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _object(text: str) -> dict[str, Any]:
    value = json.loads(_unb64(text), object_pairs_hook=no_doubles, parse_constant=refuse_constant)
    if not isinstance(value, dict):
        raise ValueError("object")
    return value


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unb64(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _b64(data) != text:  # spare bits
        raise ValueError("base64url")
    return data


def _time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
