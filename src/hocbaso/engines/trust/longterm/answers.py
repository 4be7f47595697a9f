"""Revocation lists and OCSP answers: who signed them, and what they say of one certificate.

What is not said about this very certificate by whoever may say it is no answer: a list of another scope, an
answer about another authority's certificate of the same number, an answer that a teacher's key signed.
Sources: RFC 5280 sections 5 and 6.3 (CRL), RFC 6960 (OCSP).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

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
    named = (authority for authority in authorities if authority.subject == crl.issuer)
    issuers = [authority for authority in named if _signs_lists(authority)]
    for issuer in issuers:
        key = issuer.public_key()
        if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and crl.is_signature_valid(key):
            return True
    if issuers:
        raise InvalidSignature
    return False


def _signs_lists(authority: x509.Certificate) -> bool:
    """RFC 5280 section 6.3.3 (f): where key usage is stated, it must name the signing of lists."""
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def answer_is_signed(response: ocsp.OCSPResponse, authorities: Sequence[x509.Certificate]) -> bool:
    """RFC 6960 section 4.2.2.2: by an authority itself, or by a responder that it made for that.

    Any other certificate of the authority (a teacher's) answers for nobody.
    """
    responders = [
        c for c in response.certificates if any(is_issued_by(c, authority) for authority in authorities)
    ]
    if len(responders) != len(response.certificates):
        return False
    stranger = False
    for certificate in (*responders, *authorities):
        if not _is_responder(response, certificate):
            continue  # never by trial: answers and certificates of a hostile file multiply
        try:
            _verify_answer(response, certificate)
        except InvalidSignature:
            continue
        if certificate in authorities or _answers_for_others(response, certificate):
            return True
        stranger = True
    if stranger:
        return False
    raise InvalidSignature


def _answers_for_others(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """Made for answering (id-kp-OCSPSigning), and neither before nor after its own time."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    within = certificate.not_valid_before_utc <= response.this_update_utc <= certificate.not_valid_after_utc
    return within and ExtendedKeyUsageOID.OCSP_SIGNING in usage


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
    scope = _scope(der)
    if scope is None or not scope.covers(certificate):
        return None
    entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    revoked = entry.revocation_date_utc if entry is not None else None
    return Answer(der, True, crl.last_update_utc, crl.next_update_utc, revoked, keeps_expired=scope.keeps)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which certificates of its issuer a whole list speaks about."""

    point: x509.IssuingDistributionPoint | None = None
    keeps: bool = False  # expiredCertsOnCRL

    def covers(self, certificate: x509.Certificate) -> bool:
        """RFC 5280 section 6.3.3 (b): authorities or holders only, and the place the certificate names."""
        point = self.point
        if point is None:
            return True
        if (point.only_contains_ca_certs, point.only_contains_user_certs)[_is_authority(certificate)]:
            return False
        return point.full_name is None or not _places(certificate).isdisjoint(point.full_name)


@lru_cache(maxsize=256)
def _scope(der: bytes) -> _Scope | None:
    """``None``: a list that is not read: additions to another one (delta), of several issuers (indirect), for
    some reasons only, about attributes, or with something critical that nobody here knows."""
    point: x509.IssuingDistributionPoint | None = None
    keeps = False
    for extension in load_list(der).extensions:
        keeps = keeps or extension.oid == _EXPIRED_CERTS_ON_CRL
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            point = extension.value
        elif extension.critical or extension.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            return None
    if point is not None and (
        point.indirect_crl
        or point.only_contains_attribute_certs
        or point.only_some_reasons is not None
        or point.relative_name is not None
    ):
        return None
    return _Scope(point, keeps)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _places(certificate: x509.Certificate) -> frozenset[x509.GeneralName]:
    """Where the certificate says that its issuer publishes lists about it, for every reason."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return frozenset()
    whole = (point for point in points if point.reasons is None and point.crl_issuer is None)
    return frozenset(name for point in whole for name in point.full_name or ())


def ask_response(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer | None:
    """What an OCSP response says; ``None``: no good answer about this certificate.

    An answer about a certificate that the responder does not know is none.
    """
    response = ocsp.load_der_ocsp_response(der)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    if not _is_about(response, certificate, issuer):
        return None
    if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return None
    if not answer_is_signed(response, [issuer]):
        return None
    own = [c for c in response.certificates if c != issuer]
    needy = next((c for c in own if not _unchecked(c)), None)
    revoked = response.revocation_time_utc
    return Answer(der, False, response.this_update_utc, response.next_update_utc, revoked, needy)


def _is_about(response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """CertID (RFC 6960 section 4.1.1): a number alone names no certificate, each issuer has its own."""
    if response.serial_number != certificate.serial_number:
        return False
    algorithm = response.hash_algorithm.name
    name = hashlib.new(algorithm, issuer.subject.public_bytes()).digest()
    key = hashlib.new(algorithm, _key_bits(issuer)).digest()
    return (response.issuer_name_hash, response.issuer_key_hash) == (name, key)


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The content of the bit string of its public key. :raises ValueError: a kind that is not used."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    raise ValueError("kind of key")


def _unchecked(responder: x509.Certificate) -> bool:
    """id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1): good as long as it lives."""
    try:
        responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    except x509.ExtensionNotFound:
        return False
    return True
