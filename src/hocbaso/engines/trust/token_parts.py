"""The octets of a time-stamp token: every part in its place, in DER, nothing between and nothing after.

Nothing is judged here but the form; what is wrong with it is one of :data:`HOSTILE`, of which :mod:`.tokens`
makes a :class:`TokenFault`. Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS).
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.der import CONTEXT_0, INTEGER, OCTETS, OID, SEQUENCE, SET, TIME, Der, dotted

register(
    {
        "timestamp_invalid": (
            "Dấu thời gian không dùng được. {sentence}",
            "The time stamp is not valid ({detail}).",
        ),
    }
)

#: Name of the hash whose values have so many octets; what is asked to be stamped is its value, so its length
#: says which it is.
HASH_BY_OCTETS = {32: "sha256", 48: "sha384", 64: "sha512"}
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
ALGORITHM_PROTECTION = bytes.fromhex("2a864886f70d010934")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
_NULL = b"\x05\x00"
_MOMENT = re.compile(rb"(\d{14})(?:\.(\d{1,6})\d{0,6})?Z")


def _identifiers(known: dict[str, str]) -> dict[bytes, str]:
    """AlgorithmIdentifier in DER with absent or NULL parameters → name; no other way of writing is read."""
    found = {}
    for oid, name in known.items():
        bare = bytes([OID, len(oid) // 2]) + bytes.fromhex(oid)
        for content in (bare, bare + _NULL):
            found[bytes([SEQUENCE, len(content)]) + content] = name
    return found


DIGEST_ALGORITHMS = _identifiers(
    {"608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512"}
)
#: Name of the hash, or nothing where the digest algorithm says it; and the kind of key.
SIGNATURE_ALGORITHMS = _identifiers(
    {
        "2a864886f70d010101": " rsa",
        "2a864886f70d01010b": "sha256 rsa",
        "2a864886f70d01010c": "sha384 rsa",
        "2a864886f70d01010d": "sha512 rsa",
        "2a8648ce3d040302": "sha256 ec",
        "2a8648ce3d040303": "sha384 ec",
        "2a8648ce3d040304": "sha512 ec",
    }
)
#: What reading a hostile certificate may raise (:class:`DerFault` is a ``ValueError``).
HOSTILE = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)


class TokenFault(DomainError):
    """Why a token does not count: ``sub_indication`` of EN 319 102-1 and a Vietnamese sentence."""

    def __init__(self, sub_indication: str, detail: str, sentence: str) -> None:
        super().__init__("timestamp_invalid", detail=detail, sentence=sentence)
        self.sub_indication = sub_indication
        self.sentence = sentence


def malformed(detail: str) -> TokenFault:
    """The fault of a token that is not of the known form."""
    return TokenFault("FORMAT_FAILURE", detail, "Dấu thời gian không đúng quy cách.")


def without_certificate() -> TokenFault:
    """The fault of a token that names no certificate that came with it."""
    sentence = "Dấu thời gian thiếu chứng thư của nơi cấp."
    return TokenFault("NO_SIGNING_CERTIFICATE_FOUND", "certificate", sentence)


class Parts(NamedTuple):
    """A token's octets."""

    content: bytes  # TSTInfo
    certificates: tuple[bytes, ...]
    signer_name: bytes  # SignerIdentifier: issuer and serial number
    digest: str  # name of the hash of the content
    attributes: bytes  # content of the signed attributes
    algorithm: str
    digest_identifier: bytes
    algorithm_identifier: bytes
    value: bytes


def take_apart(token: bytes) -> Parts:
    """ContentInfo, SignedData and its only SignerInfo (RFC 5652 sections 3, 5.1, 5.3)."""
    walk = Der(token)
    outer = walk.inside(SEQUENCE)
    walk.end()
    _same(outer.content(OID), _SIGNED_DATA)
    wrapper = outer.inside(CONTEXT_0)
    outer.end()
    signed = wrapper.inside(SEQUENCE)
    wrapper.end()
    _same(signed.content(INTEGER), b"\x03")
    algorithms = signed.inside(SET)
    announced = _name(DIGEST_ALGORITHMS, algorithms.whole(SEQUENCE))
    algorithms.end()
    content = _content(signed.inside(SEQUENCE))
    certificates = signed.inside(CONTEXT_0)
    ders = []
    while certificates.more():
        ders.append(certificates.whole(SEQUENCE))
    signers = signed.inside(SET)
    signed.end()
    signer = signers.inside(SEQUENCE)
    signers.end()
    _same(signer.content(INTEGER), b"\x01")
    name = signer.whole(SEQUENCE)
    digest = signer.whole(SEQUENCE)
    attributes = signer.content(CONTEXT_0)
    algorithm = signer.whole(SEQUENCE)
    value = signer.content(OCTETS)
    signer.end()
    # There is one signer; nobody signs the set of hashes that is announced for all.
    _same(announced.encode(), _name(DIGEST_ALGORITHMS, digest).encode())
    digest_name, algorithm_name = _name(DIGEST_ALGORITHMS, digest), _name(SIGNATURE_ALGORITHMS, algorithm)
    return Parts(
        content, tuple(ders), name, digest_name, attributes, algorithm_name, digest, algorithm, value
    )


def _content(encapsulated: Der) -> bytes:
    _same(encapsulated.content(OID), TST_INFO)
    wrapper = encapsulated.inside(CONTEXT_0)
    encapsulated.end()
    content = wrapper.content(OCTETS)
    wrapper.end()
    return content


def _same(found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise ValueError("not a time-stamp token")


def _name(known: dict[bytes, str], identifier: bytes) -> str:
    name = known.get(identifier)
    if name is None:
        raise ValueError("algorithm")
    return name


class Stated(NamedTuple):
    """What the authority states (TSTInfo, RFC 3161 section 2.4.2)."""

    imprint: bytes
    time: datetime
    serial: int
    policy: str
    nonce: int | None

    @classmethod
    def read(cls, content: bytes) -> Stated:
        """Out of the content of the token. :raises ValueError: malformed."""
        walk = Der(content)
        info = walk.inside(SEQUENCE)
        walk.end()
        _same(info.content(INTEGER), b"\x01")
        policy = dotted(info.content(OID))
        imprint = info.inside(SEQUENCE)
        algorithm = _name(DIGEST_ALGORITHMS, imprint.whole(SEQUENCE))
        digest = imprint.content(OCTETS)
        if HASH_BY_OCTETS.get(len(digest)) != algorithm:
            raise ValueError("imprint algorithm")
        imprint.end()
        serial = info.number()
        time = _moment(info.content(TIME))
        nonce = None
        while info.more():  # accuracy, ordering, name, extensions: signed, and of no account here
            if info.peek() == INTEGER and nonce is None:
                nonce = info.number()
            else:
                info.skip()
        return cls(digest, time, serial, policy, nonce)


def _moment(text: bytes) -> datetime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("time")
    digits, fraction = match[1].decode(), match[2] or b"0"
    moment = datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
    return moment.replace(microsecond=int(fraction.ljust(6, b"0")), tzinfo=UTC)


def bound_certificate(parts: Parts) -> bytes:
    """The certificate that the signed attributes bind by its digest (the first ESSCertIDv2)."""
    walk = Der(_attribute(parts, _SIGNING_CERTIFICATE_V2))
    identifiers = walk.inside(SEQUENCE).inside(SEQUENCE)
    walk.end()
    first = identifiers.inside(SEQUENCE)
    kind = _name(DIGEST_ALGORITHMS, first.whole(SEQUENCE)) if first.peek() == SEQUENCE else "sha256"
    digest = first.content(OCTETS)
    found = [der for der in parts.certificates if hashlib.new(kind, der).digest() == digest]
    if len(found) != 1:
        raise without_certificate()
    return found[0]


def _attribute(parts: Parts, wanted: bytes) -> bytes:
    """The value of a signed attribute that must stand exactly once (RFC 5652 section 11)."""
    found = signed_attributes(parts.attributes).get(wanted)
    if found is None:
        raise ValueError("signed attributes")
    return found


def signed_attributes(content: bytes) -> dict[bytes, bytes]:
    """Values by object identifier, each once. :raises ValueError: malformed, or one stands twice."""
    walk, found = Der(content), dict[bytes, bytes]()
    while walk.more():
        attribute = walk.inside(SEQUENCE)
        kind, values = attribute.content(OID), attribute.content(SET)
        attribute.end()
        if kind in found:
            raise ValueError("signed attribute twice")
        found[kind] = values
    return found
