"""Revocation lists and OCSP answers of the sandbox (RFC 5280 section 5, RFC 6960)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from hocbaso.sandbox.profiles import Issuer

if TYPE_CHECKING:
    from hocbaso.sandbox.ca import SandboxAuthority

CRL_PERIOD = timedelta(days=7)
OCSP_PERIOD = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Revoked:
    """Since when, and why, a certificate is revoked."""

    when: datetime
    reason: x509.ReasonFlags


def build_crl(issuer: Issuer, revoked: dict[int, Revoked], now: datetime) -> x509.CertificateRevocationList:
    """The list of ``issuer`` as of ``now``; its number is the time, so that it only grows."""
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + CRL_PERIOD)
        .add_extension(x509.CRLNumber(int(now.timestamp())), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
    )
    for serial, entry in sorted(revoked.items()):
        item = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(entry.when)
        if entry.reason is not x509.ReasonFlags.unspecified:
            item = item.add_extension(x509.CRLReason(entry.reason), False)
        builder = builder.add_revoked_certificate(item.build())
    return builder.sign(issuer.key, hashes.SHA256())


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """A DER OCSP request about one certificate, without nonce."""
    # SHA-1 only names the issuer here (RFC 6960 allows any hash); it protects nothing.
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303
    return request.public_bytes(serialization.Encoding.DER)


def answer(authority: SandboxAuthority, request: bytes, now: datetime) -> bytes:
    """The DER answer to a DER request: good, revoked, or unknown for what was never issued here."""
    try:
        asked = ocsp.load_der_ocsp_request(request)
        serial, key_hash, algorithm = asked.serial_number, asked.issuer_key_hash, asked.hash_algorithm
    except (ValueError, NotImplementedError):
        return _refusal(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    for stem, certificate in authority.authorities().items():
        if stem.endswith("-issuing") and _key_hash(certificate, algorithm) == key_hash:
            break
    else:
        return _refusal(ocsp.OCSPResponseStatus.UNAUTHORIZED)
    found = authority.revocations(stem, now).get(serial)
    status = ocsp.OCSPCertStatus.GOOD if authority.knows(serial) else ocsp.OCSPCertStatus.UNKNOWN
    responder = authority.unit(stem.replace("-issuing", "-ocsp"))
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.issuer_name_hash,
        issuer_key_hash=key_hash,
        serial_number=serial,
        algorithm=algorithm,
        cert_status=ocsp.OCSPCertStatus.REVOKED if found else status,
        this_update=now,
        next_update=now + OCSP_PERIOD,
        revocation_time=found.when if found else None,
        revocation_reason=found.reason if found else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
    builder = builder.certificates([responder.certificate])
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, False)
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _refusal(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)


def _key_hash(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> bytes:
    identifier = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    from asn1crypto.keys import PublicKeyInfo

    digest = hashes.Hash(algorithm)
    key = PublicKeyInfo.load(identifier)["public_key"]
    digest.update(key.contents[1:])  # the bit string without its count of unused bits
    return digest.finalize()
