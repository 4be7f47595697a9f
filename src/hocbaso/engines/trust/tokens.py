"""Time-stamp tokens to the byte: every byte is either signed by the authority or pinned here.

RFC 3161 and RFC 5652 leave much of a token outside its signature: versions, algorithm identifiers, lengths,
spare certificates, unsigned attributes. So the known parts are read in order, in DER, with nothing between
them and nothing after. Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS), EN 319 422.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from hocbaso.core.errors import DomainError, register
from hocbaso.core.shown import shown
from hocbaso.engines.trust.der import (
    CONTEXT_0,
    CONTEXT_1,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    TIME,
    Der,
    dotted,
    tagged,
)
from hocbaso.engines.trust.token_authority import Authority, authority_of

register(
    {
        "timestamp_invalid": (
            "Dấu thời gian không dùng được. {sentence}",
            "The time stamp is not valid ({detail}).",
        ),
    }
)

#: A token dated later than this after the present cannot be true.
CLOCK_TOLERANCE = timedelta(minutes=5)
MAX_TOKEN_OCTETS = 256 * 1024
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
#: Name of the hash whose values have so many octets; what is asked to be stamped is its value, so its length
#: says which it is.
HASH_BY_OCTETS = {32: "sha256", 48: "sha384", 64: "sha512"}
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_ALGORITHM_PROTECTION = bytes.fromhex("2a864886f70d010934")
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


_DIGEST_ALGORITHMS = _identifiers(
    {"608648016503040201": "sha256", "608648016503040202": "sha384", "608648016503040203": "sha512"}
)
#: Name of the hash, or nothing where the digest algorithm says it; and the kind of key.
_SIGNATURE_ALGORITHMS = _identifiers(
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
_HOSTILE = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)


class TokenFault(DomainError):
    """Why a token does not count: ``sub_indication`` of EN 319 102-1 and a Vietnamese sentence."""

    def __init__(self, sub_indication: str, detail: str, sentence: str) -> None:
        super().__init__("timestamp_invalid", detail=detail, sentence=sentence)
        self.sub_indication = sub_indication
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class TimeStampInfo:
    """What a token says, once its signature was found good; whether its authority is believed is asked apart.

    ``time`` is aware (UTC). ``certificate_der`` is the authority's own, bound by ESSCertIDv2; ``other_ders``
    are further certificates that came with the token: nothing binds them, and none is trusted. ``nonce`` is
    that of the request it answers, where it states one.
    """

    time: datetime
    certificate_der: bytes
    other_ders: tuple[bytes, ...]
    serial: int
    policy: str
    nonce: int | None = None
    #: What the token rests on, in the names of the long-term policy: hashes and the authority's key.
    algorithms: tuple[str, ...] = ()

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's certificate."""
        return authority_of(self.certificate_der).certificate

    @property
    def others(self) -> tuple[x509.Certificate, ...]:
        """The further certificates.

        :raises ValueError: one of them is no certificate.
        """
        return tuple(map(x509.load_der_x509_certificate, self.other_ders))

    @property
    def tsa_name(self) -> str:
        """The authority's common name."""
        subject = self.certificate.subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return shown(str(names[0].value) if names else subject.rfc4514_string(), 200)


def read_token(
    token: bytes, imprint: bytes, at: datetime, tolerance: timedelta = CLOCK_TOLERANCE
) -> TimeStampInfo:
    """Read a DER TimeStampToken over ``imprint`` (SHA-256, SHA-384 or SHA-512) and check its signature.

    :param at: the present, aware; a token of a later time (beyond ``tolerance``) is refused.
    :raises TokenFault: (``timestamp_invalid``) malformed, about something else, from the future, or not
        signed by the certificate that it names. Hostile input raises nothing else.
    """
    if len(token) > MAX_TOKEN_OCTETS:
        raise malformed("size")
    try:
        parts = _take_apart(token)
        stated = _Stated.read(parts.content)
        authority = authority_of(_bound(parts))
        if parts.signer_name != authority.signer_name:
            raise _without_certificate()
    except _HOSTILE as error:
        raise malformed(type(error).__name__) from None
    if stated.imprint != imprint:
        raise TokenFault("HASH_FAILURE", "imprint", "Dấu thời gian được cấp cho một chữ ký khác.")
    _check_signature(parts, authority)
    if stated.time > at + tolerance:
        sentence = "Dấu thời gian ghi thời điểm muộn hơn lúc kiểm tra."
        raise TokenFault("TIMESTAMP_ORDER_FAILURE", "time in the future", sentence)
    _check_authority(authority, stated.time)
    others = tuple(der for der in parts.certificates if der != authority.der)
    used = (HASH_BY_OCTETS[len(imprint)], parts.digest, parts.algorithm.split(" ")[0], authority.algorithm)
    algorithms = tuple(dict.fromkeys(name for name in used if name))
    return TimeStampInfo(
        stated.time, authority.der, others, stated.serial, stated.policy, stated.nonce, algorithms
    )


def imprint_algorithm(token: bytes) -> str:
    """The hash that a token says its imprint was made with: ``sha256``, ``sha384`` or ``sha512``.

    Nothing else about the token is judged here.

    :raises TokenFault: (``timestamp_invalid``) malformed.
    """
    return HASH_BY_OCTETS[len(stated_imprint(token))]


def stated_imprint(token: bytes) -> bytes:
    """What a token says it is about; nothing else about it is judged here.

    :raises TokenFault: (``timestamp_invalid``) malformed.
    """
    if len(token) > MAX_TOKEN_OCTETS:
        raise malformed("size")
    try:
        return _Stated.read(_take_apart(token).content).imprint
    except _HOSTILE as error:
        raise malformed(type(error).__name__) from None


def malformed(detail: str) -> TokenFault:
    """The fault of a token that is not of the known form."""
    return TokenFault("FORMAT_FAILURE", detail, "Dấu thời gian không đúng quy cách.")


def _without_certificate() -> TokenFault:
    sentence = "Dấu thời gian thiếu chứng thư của nơi cấp."
    return TokenFault("NO_SIGNING_CERTIFICATE_FOUND", "certificate", sentence)


class _Parts(NamedTuple):
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


def _take_apart(token: bytes) -> _Parts:
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
    announced = _name(_DIGEST_ALGORITHMS, algorithms.whole(SEQUENCE))
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
    _same(announced.encode(), _name(_DIGEST_ALGORITHMS, digest).encode())
    digest_name, algorithm_name = _name(_DIGEST_ALGORITHMS, digest), _name(_SIGNATURE_ALGORITHMS, algorithm)
    return _Parts(
        content, tuple(ders), name, digest_name, attributes, algorithm_name, digest, algorithm, value
    )


def _content(encapsulated: Der) -> bytes:
    _same(encapsulated.content(OID), _TST_INFO)
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


class _Stated(NamedTuple):
    """What the authority states (TSTInfo, RFC 3161 section 2.4.2)."""

    imprint: bytes
    time: datetime
    serial: int
    policy: str
    nonce: int | None

    @classmethod
    def read(cls, content: bytes) -> _Stated:
        walk = Der(content)
        info = walk.inside(SEQUENCE)
        walk.end()
        _same(info.content(INTEGER), b"\x01")
        policy = dotted(info.content(OID))
        imprint = info.inside(SEQUENCE)
        algorithm = _name(_DIGEST_ALGORITHMS, imprint.whole(SEQUENCE))
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


def _bound(parts: _Parts) -> bytes:
    """The certificate that the signed attributes bind by its digest (the first ESSCertIDv2)."""
    walk = Der(_attribute(parts, _SIGNING_CERTIFICATE_V2))
    identifiers = walk.inside(SEQUENCE).inside(SEQUENCE)
    walk.end()
    first = identifiers.inside(SEQUENCE)
    kind = _name(_DIGEST_ALGORITHMS, first.whole(SEQUENCE)) if first.peek() == SEQUENCE else "sha256"
    digest = first.content(OCTETS)
    found = [der for der in parts.certificates if hashlib.new(kind, der).digest() == digest]
    if len(found) != 1:
        raise _without_certificate()
    return found[0]


def _attribute(parts: _Parts, wanted: bytes) -> bytes:
    """The value of a signed attribute that must stand exactly once (RFC 5652 section 11)."""
    found = _attributes(parts.attributes).get(wanted)
    if found is None:
        raise ValueError("signed attributes")
    return found


def _attributes(content: bytes) -> dict[bytes, bytes]:
    walk, found = Der(content), dict[bytes, bytes]()
    while walk.more():
        attribute = walk.inside(SEQUENCE)
        kind, values = attribute.content(OID), attribute.content(SET)
        attribute.end()
        if kind in found:
            raise ValueError("signed attribute twice")
        found[kind] = values
    return found


def _check_signature(parts: _Parts, authority: Authority) -> None:
    """RFC 5652 section 5.4: what is signed is the SET OF, not the implicit tag that stands in the token."""
    attributes = _attributes(parts.attributes)
    expected = {
        _CONTENT_TYPE: tagged(OID, _TST_INFO),
        _MESSAGE_DIGEST: tagged(OCTETS, hashlib.new(parts.digest, parts.content).digest()),
    }
    protected = attributes.get(_ALGORITHM_PROTECTION)
    if any(attributes.get(kind) != value for kind, value in expected.items()) or (
        protected is not None and protected != _protection(parts)
    ):
        raise TokenFault("SIG_CRYPTO_FAILURE", "signed attributes", "Chữ ký của dấu thời gian không đúng.")
    chosen, kind = parts.algorithm.split(" ")
    digest = _HASHES[chosen or parts.digest]()
    message = tagged(SET, parts.attributes)
    try:
        if isinstance(authority.key, rsa.RSAPublicKey) and kind == "rsa":
            authority.key.verify(parts.value, message, padding.PKCS1v15(), digest)
            return
        if isinstance(authority.key, ec.EllipticCurvePublicKey) and kind == "ec":
            authority.key.verify(parts.value, message, ec.ECDSA(digest))
            return
    except (InvalidSignature, ValueError):
        sentence = "Chữ ký của dấu thời gian không đúng."
        raise TokenFault("SIG_CRYPTO_FAILURE", "signature", sentence) from None
    sentence = "Khóa của nơi cấp dấu thời gian không thuộc loại được phép."
    raise TokenFault("CRYPTO_CONSTRAINTS_FAILURE", "signature algorithm", sentence)


def _protection(parts: _Parts) -> bytes:
    """CMSAlgorithmProtection (RFC 6211) of the algorithms that stand unsigned beside it."""
    body = Der(parts.algorithm_identifier).content(SEQUENCE)
    return tagged(SEQUENCE, parts.digest_identifier + tagged(CONTEXT_1, body))


def _check_authority(authority: Authority, time: datetime) -> None:
    """RFC 3161 section 2.3; and a token dated outside its certificate cannot be true."""
    if not authority.stamps:
        sentence = "Chứng thư số của nơi cấp dấu thời gian không được cấp cho việc này."
        raise TokenFault("CHAIN_CONSTRAINTS_FAILURE", "extended key usage", sentence)
    if not authority.begins <= time <= authority.ends:
        sub = "NOT_YET_VALID" if time < authority.begins else "EXPIRED"
        sentence = "Dấu thời gian ghi thời điểm ngoài hạn của chứng thư nơi cấp."
        raise TokenFault(sub, "certificate not valid at that time", sentence)
