"""Time-stamp tokens to the byte: every byte is either signed by the authority or pinned here.

RFC 3161 and RFC 5652 leave much of a token outside its signature: versions, algorithm identifiers, lengths,
spare certificates, unsigned attributes. The known parts are put together again and must give the same bytes.
The mathematics are pyHanko's, over the signed attributes as they stand in the token.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from hocbaso.engines.trust.paths import X509_FAILURES
from hocbaso.engines.trust.timestamps import CLOCK_TOLERANCE, MAX_TOKEN_OCTETS

_HASHES = ("sha256", "sha384", "sha512")
_SIGNATURES = ("rsassa_pkcs1v15", *(f"{name}_{kind}" for name in _HASHES for kind in ("rsa", "ecdsa")))
_SEQUENCE, _SET, _CONTEXT0, _OCTETS = 0x30, 0x31, 0xA0, 0x04
_VERSION_1, _VERSION_3 = b"\x02\x01\x01", b"\x02\x01\x03"
_NULL = b"\x05\x00"
_SIGNED_DATA = cms.ContentType("signed_data").dump()
_TST_INFO = cms.ContentType("tst_info").dump()


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose own mathematics are right; whether its authority is believed is asked elsewhere."""

    time: datetime
    certificate: bytes  # DER of the time-stamp authority
    others: tuple[bytes, ...]  # DER of further certificates that no signature of the token binds


class TokenFault(Exception):
    """Why a token does not count: ``sub_indication`` of EN 319 102-1 and a Vietnamese sentence."""

    def __init__(self, sub_indication: str, sentence: str) -> None:
        super().__init__(sentence)
        self.sub_indication = sub_indication
        self.sentence = sentence


def read_token(token: bytes, imprint: bytes, now: datetime) -> Token:
    """Check a DER TimeStampToken over the SHA-256 ``imprint``.

    :param now: the present; a token from the future does not count.
    :raises TokenFault: malformed, about something else, or not signed by the certificate it names.
    """
    if len(token) > MAX_TOKEN_OCTETS:
        raise _malformed()
    try:
        found = _read(token, imprint)
    except (*X509_FAILURES, IndexError):
        raise _malformed() from None
    except SignatureValidationError:
        raise TokenFault("SIG_CRYPTO_FAILURE", "Dấu thời gian không khớp chứng thư của nơi cấp.") from None
    if found.time > now + CLOCK_TOLERANCE:
        raise TokenFault("TIMESTAMP_ORDER_FAILURE", "Dấu thời gian ghi thời điểm muộn hơn lúc kiểm tra.")
    return found


def _malformed() -> TokenFault:
    return TokenFault("FORMAT_FAILURE", "Dấu thời gian không đúng quy cách.")


def _read(token: bytes, imprint: bytes) -> Token:
    signed = cms.ContentInfo.load(token, strict=True)["content"]
    if len(signed["signer_infos"]) != 1:
        raise _malformed()
    info = signed["signer_infos"][0]
    content = signed["encap_content_info"]["content"].contents
    ders = [choice.chosen.dump() for choice in signed["certificates"]]
    own = _own_certificate(ders, info)
    if _rebuilt(signed, info, content, ders, own) != token:
        raise _malformed()
    stated = tsp.TSTInfo.load(content, strict=True)
    imprinted = stated["message_imprint"]
    if imprinted["hash_algorithm"]["algorithm"].native != "sha256" or stated["version"].native != "v1":
        raise _malformed()
    if imprinted["hashed_message"].native != imprint:
        raise TokenFault("HASH_FAILURE", "Dấu thời gian được cấp cho một chữ ký khác.")
    digest = hashlib.new(info["digest_algorithm"]["algorithm"].native, content).digest()
    intact, valid = validate_sig_integrity(info, _parsed(own), "tst_info", digest)
    if not (intact and valid):
        raise TokenFault("SIG_CRYPTO_FAILURE", "Chữ ký của dấu thời gian không đúng.")
    time: datetime = stated["gen_time"].native
    return Token(time, own, tuple(item for item in ders if item != own))


def _own_certificate(ders: list[bytes], info: cms.SignerInfo) -> bytes:
    """The certificate that the signer info names; the signed ESSCertIDv2 binds its every byte."""
    if "signing_certificate_v2" not in {item["type"].native for item in info["signed_attrs"]}:
        raise _malformed()
    named = info["sid"].chosen.dump()
    for der in ders:
        if _named(der) == named:
            return der
    raise TokenFault("NO_SIGNING_CERTIFICATE_FOUND", "Dấu thời gian thiếu chứng thư của nơi cấp.")


@lru_cache(maxsize=64)
def _parsed(certificate: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate, strict=True)


@lru_cache(maxsize=64)
def _named(certificate: bytes) -> bytes:
    """The SignerIdentifier of a certificate: issuer and serial number."""
    own = _parsed(certificate)
    issuer: bytes = own.issuer.dump()
    return _tlv(_SEQUENCE, issuer + own["tbs_certificate"]["serial_number"].dump())


def _rebuilt(
    signed: cms.SignedData, info: cms.SignerInfo, content: bytes, ders: list[bytes], own: bytes
) -> bytes:
    """The token as DER writes it from its known parts; anything else in it makes a difference."""
    signer = [
        _VERSION_1,
        _named(own),
        _algorithm(info["digest_algorithm"], algos.DigestAlgorithmId, _HASHES),
        _tlv(_CONTEXT0, info["signed_attrs"].contents),
        _algorithm(info["signature_algorithm"], algos.SignedDigestAlgorithmId, _SIGNATURES),
        _tlv(_OCTETS, info["signature"].native),
    ]
    hashes = (_algorithm(item, algos.DigestAlgorithmId, _HASHES) for item in signed["digest_algorithms"])
    body = [
        _VERSION_3,
        _tlv(_SET, b"".join(hashes)),
        _tlv(_SEQUENCE, _TST_INFO + _tlv(_CONTEXT0, _tlv(_OCTETS, content))),
        _tlv(_CONTEXT0, b"".join(ders)),
        _tlv(_SET, _tlv(_SEQUENCE, b"".join(signer))),
    ]
    return _tlv(_SEQUENCE, _SIGNED_DATA + _tlv(_CONTEXT0, _tlv(_SEQUENCE, b"".join(body))))


def _algorithm(item: algos.AlgorithmIdentifier, kind: type, allowed: tuple[str, ...]) -> bytes:
    """A known algorithm whose parameters are absent or NULL, nothing else."""
    name = item["algorithm"].native
    if name not in allowed:
        raise ValueError(name)
    bare = _tlv(_SEQUENCE, kind(name).dump())
    return bare if item.dump() == bare else _tlv(_SEQUENCE, kind(name).dump() + _NULL)


def _tlv(tag: int, content: bytes) -> bytes:
    """DER of one value: tag, shortest length, content."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
