"""Revocation lists and OCSP answers: who signed them, and what they say of one certificate.

Sources: RFC 5280 section 5 (CRL), RFC 6960 (OCSP).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp

_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether ``authority`` signed it; a wrong signature under the right name raises ``InvalidSignature``."""
    if certificate.issuer != authority.subject:
        return False
    certificate.verify_directly_issued_by(authority)
    return True


def list_is_signed(crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]) -> bool:
    """Whether one of the authorities signed the list; under the right name by a wrong key it raises
    ``InvalidSignature``."""
    issuers = [authority for authority in authorities if authority.subject == crl.issuer]
    for issuer in issuers:
        key = issuer.public_key()
        if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and crl.is_signature_valid(key):
            return True
    if issuers:
        raise InvalidSignature
    return False


def answer_is_signed(response: ocsp.OCSPResponse, authorities: Sequence[x509.Certificate]) -> bool:
    """RFC 6960: by an authority itself, or by a responder whose certificate comes along and is its own."""
    responders = [
        c for c in response.certificates if any(is_issued_by(c, authority) for authority in authorities)
    ]
    if len(responders) != len(response.certificates):
        return False
    for certificate in (*responders, *authorities):
        if not _is_responder(response, certificate):
            continue  # never by trial: answers and certificates of a hostile file multiply
        try:
            _verify_answer(response, certificate)
        except InvalidSignature:
            continue
        return True
    raise InvalidSignature


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """Whether the answer names the certificate as its responder, by name or by key (RFC 6960 4.2.1)."""
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    own = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return response.responder_key_hash == own


def _verify_answer(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> None:
    algorithm = response.signature_hash_algorithm
    key = certificate.public_key()
    if algorithm is None:
        raise InvalidSignature
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
    else:
        raise InvalidSignature


@dataclass(frozen=True, slots=True)
class Answer:
    """What a list or an OCSP response says of one certificate; ``der`` is the whole of it."""

    der: bytes
    is_list: bool
    made: datetime  # thisUpdate
    expires: datetime | None  # nextUpdate
    revoked: datetime | None = None
    responder: x509.Certificate | None = None  # a delegated responder whose own revocation must be known
    keeps_expired: bool = False  # a list with expiredCertsOnCRL (X.509 section 8.5.2.5)


@lru_cache(maxsize=256)
def load_list(der: bytes) -> x509.CertificateRevocationList:
    """A revocation list, read once.

    :raises ValueError: no such thing.
    """
    return x509.load_der_x509_crl(der)


@lru_cache(maxsize=1024)
def _signed_list(der: bytes, issuer: x509.Certificate) -> bool:
    try:
        return list_is_signed(load_list(der), [issuer])
    except InvalidSignature:
        return False


def ask_list(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer | None:
    """What a revocation list of ``issuer`` says; ``None``: it is not the issuer's, or not for this."""
    crl = load_list(der)
    if crl.issuer != certificate.issuer or not _signed_list(der, issuer):
        return None
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    revoked = entry.revocation_date_utc if entry is not None else None
    keeps = any(extension.oid == _EXPIRED_CERTS_ON_CRL for extension in crl.extensions)
    return Answer(der, True, crl.last_update_utc, crl.next_update_utc, revoked, keeps_expired=keeps)


def ask_response(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer | None:
    """What an OCSP response says; ``None``: no good answer about this certificate.

    An answer about a certificate that the responder does not know is none.
    """
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    about = response.serial_number == certificate.serial_number
    if not about or response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return None
    if not answer_is_signed(response, [issuer]):
        return None
    own = [c for c in response.certificates if c != issuer]
    needy = next((c for c in own if not _unchecked(c)), None)
    revoked = response.revocation_time_utc
    return Answer(der, False, response.this_update_utc, response.next_update_utc, revoked, needy)


def _unchecked(responder: x509.Certificate) -> bool:
    """id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1): good as long as it lives."""
    try:
        responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True
