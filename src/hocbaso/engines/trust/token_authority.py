"""A time-stamp authority's certificate, read once for all the tokens that it signed."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from hocbaso.engines.trust.der import CONTEXT_0, INTEGER, SEQUENCE, Der, tagged
from hocbaso.engines.trust.keys import is_strong_rsa
from hocbaso.engines.trust.longterm.policy import key_algorithm


class Authority(NamedTuple):
    """A time-stamp authority's certificate, read once."""

    der: bytes
    certificate: x509.Certificate
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | None  # None: of a kind that does not count
    signer_name: bytes  # issuer and serial number in DER, as a SignerIdentifier has them
    stamps: bool  # its extended key usage is time stamping, critical, and nothing else
    begins: datetime
    ends: datetime
    algorithm: str  # of its key, in the names of the long-term policy


@lru_cache(maxsize=64)
def authority_of(der: bytes) -> Authority:
    """Read a certificate in DER; the last few are kept.

    :raises ValueError: and whatever the library raises on hostile input (``tokens`` turns it into a fault).
    """
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key()
    fits = isinstance(key, ec.EllipticCurvePublicKey) or is_strong_rsa(certificate, key)
    usages = [item for item in certificate.extensions if isinstance(item.value, x509.ExtendedKeyUsage)]
    return Authority(
        der=der,
        certificate=certificate,
        key=key if fits and isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else None,
        signer_name=_issuer_and_serial(certificate.tbs_certificate_bytes),
        stamps=[(u.critical, list(u.value)) for u in usages] == [(True, [ExtendedKeyUsageOID.TIME_STAMPING])],
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        algorithm=key_algorithm(key),
    )


def _issuer_and_serial(tbs: bytes) -> bytes:
    body = Der(tbs).inside(SEQUENCE)
    if body.peek() == CONTEXT_0:
        body.skip()
    serial = body.whole(INTEGER)
    body.skip()  # signature algorithm
    return tagged(SEQUENCE, body.whole(SEQUENCE) + serial)
