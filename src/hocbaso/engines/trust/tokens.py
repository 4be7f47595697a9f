"""Time-stamp tokens to the byte: every byte is either signed by the authority or pinned here.

RFC 3161 and RFC 5652 leave much of a token outside its signature: versions, algorithm identifiers, lengths,
spare certificates, unsigned attributes. So the known parts are read in order, in DER, with nothing between
them and nothing after (:mod:`.token_parts`). Sources: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652 (CMS),
EN 319 422.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from hocbaso.core.shown import shown
from hocbaso.engines.trust.der import CONTEXT_1, OCTETS, OID, SEQUENCE, SET, Der, tagged
from hocbaso.engines.trust.token_authority import Authority, authority_of
from hocbaso.engines.trust.token_parts import (
    ALGORITHM_PROTECTION,
    CONTENT_TYPE,
    HASH_BY_OCTETS,
    HOSTILE,
    MESSAGE_DIGEST,
    TST_INFO,
    Parts,
    Stated,
    TokenFault,
    bound_certificate,
    malformed,
    signed_attributes,
    take_apart,
    without_certificate,
)

__all__ = [
    "HASH_BY_OCTETS",
    "TimeStampInfo",
    "TokenFault",
    "imprint_algorithm",
    "malformed",
    "read_token",
    "stated_imprint",
]

#: A token dated later than this after the present cannot be true.
CLOCK_TOLERANCE = timedelta(minutes=5)
MAX_TOKEN_OCTETS = 256 * 1024
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


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
        parts = take_apart(token)
        stated = Stated.read(parts.content)
        authority = authority_of(bound_certificate(parts))
        if parts.signer_name != authority.signer_name:
            raise without_certificate()
    except HOSTILE as error:
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
        return Stated.read(take_apart(token).content).imprint
    except HOSTILE as error:
        raise malformed(type(error).__name__) from None


def _check_signature(parts: Parts, authority: Authority) -> None:
    """RFC 5652 section 5.4: what is signed is the SET OF, not the implicit tag that stands in the token."""
    attributes = signed_attributes(parts.attributes)
    expected = {
        CONTENT_TYPE: tagged(OID, TST_INFO),
        MESSAGE_DIGEST: tagged(OCTETS, hashlib.new(parts.digest, parts.content).digest()),
    }
    protected = attributes.get(ALGORITHM_PROTECTION)
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


def _protection(parts: Parts) -> bytes:
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
