"""COSE_Sign1 (RFC 9052 section 4.2) with ES256 (RFC 9053 section 2.1) and nothing else.

The protected header holds the algorithm and, as ``kid``, the first 64 bits of the SHA-256 of the signer's
certificate: with the trust bundle, which holds the certificate itself, that is all a verifier needs.
The unprotected header is empty, so that no byte of a message is left unsigned.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust import cbor
from hocbaso.engines.trust.ports import Signer

register(
    {
        "cose_needs_p256": (
            "Khóa ký mã QR phải là ECDSA P-256. Quản trị viên của nút cần đăng ký khóa P-256 cho việc này.",
            "QR codes and status lists are signed with an ECDSA P-256 key only.",
        )
    }
)

SIGN1 = 18
ES256 = -7
_ALGORITHM, _KID = 1, 4
THUMBPRINT_BYTES = 8
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Sign1:
    """A message taken apart; nothing is believed yet."""

    thumbprint: bytes  # first 8 bytes of the SHA-256 of the signer's certificate (DER)
    payload: bytes
    signature: bytes  # r||s, 64 bytes
    digest: bytes  # SHA-256 of the Sig_structure, which is what was signed


def thumbprint(certificate_der: bytes) -> bytes:
    """How a message names its signer: the first 64 bits of SHA-256 over the DER certificate."""
    return hashlib.sha256(certificate_der).digest()[:THUMBPRINT_BYTES]


def require_p256(certificate: x509.Certificate) -> None:
    """:raises DomainError: ``cose_needs_p256``."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DomainError("cose_needs_p256")


def sign1(payload: bytes, signer: Signer) -> bytes:
    """The tagged message over ``payload``.

    :raises DomainError: ``cose_needs_p256``.
    """
    require_p256(signer.certificate)
    der = signer.certificate.public_bytes(Encoding.DER)
    protected = cbor.encode({_ALGORITHM: ES256, _KID: thumbprint(der)})
    signature = signer.sign_digest(_digest(protected, payload))
    return cbor.encode(cbor.Tag(SIGN1, [protected, {}, payload, signature]))


def read1(data: bytes) -> Sign1:
    """Take a message apart.

    :raises ValueError: not a tagged COSE_Sign1 in exactly the form that :func:`sign1` writes.
    """
    message = cbor.decode(data)
    if not isinstance(message, cbor.Tag) or message.number != SIGN1 or not isinstance(message.value, list):
        raise ValueError("not a COSE_Sign1")
    if len(message.value) != 4:
        raise ValueError("not a COSE_Sign1")
    protected, unprotected, payload, signature = message.value
    if not isinstance(protected, bytes) or not isinstance(payload, bytes) or not isinstance(signature, bytes):
        raise ValueError("not a COSE_Sign1")
    if unprotected != {} or len(signature) != _SIGNATURE_BYTES:
        raise ValueError("another header or signature length")
    return Sign1(_named_signer(protected), payload, signature, _digest(protected, payload))


def _named_signer(protected: bytes) -> bytes:
    header = cbor.decode(protected)
    if not isinstance(header, dict) or set(header) != {_ALGORITHM, _KID} or header[_ALGORITHM] != ES256:
        raise ValueError("another protected header")
    named = header[_KID]
    if not isinstance(named, bytes) or len(named) != THUMBPRINT_BYTES:
        raise ValueError("another thumbprint")
    return named


def _digest(protected: bytes, payload: bytes) -> bytes:
    """SHA-256 over the Sig_structure (RFC 9052 section 4.4) with empty external data."""
    return hashlib.sha256(cbor.encode(["Signature1", protected, b"", payload])).digest()
