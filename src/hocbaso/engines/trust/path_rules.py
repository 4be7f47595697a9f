"""What a certificate is for, and which revocation list speaks about it: rules beside path validation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

#: Revoked for one of these, a time-stamp authority's earlier tokens stay good (RFC 3161 section 4); for any
#: other or no stated reason its key may be in wrong hands, which can date a token back at will.
_HARMLESS = {
    x509.ReasonFlags.unspecified,
    x509.ReasonFlags.affiliation_changed,
    x509.ReasonFlags.superseded,
    x509.ReasonFlags.cessation_of_operation,
}
_MOST_INSIDE = 8
#: The list keeps expired certificates (X.509 expiredCertsOnCRL).
_EXPIRED_CERTS_ON_CRL = "2.5.29.60"
#: Extended key usages that have nothing to do with signing a document.
_FOREIGN_USAGES = {"time_stamping", "ocsp_signing", "code_signing", "server_auth"}


class Purpose(StrEnum):
    """What the certificate was used for."""

    SIGN = "sign"
    TIME_STAMP = "time_stamp"


def fits(certificate: asn1_x509.Certificate, purpose: Purpose) -> bool:
    """Key usage of a document signer, or of a time-stamp authority (RFC 3161 section 2.3)."""
    usage = certificate.key_usage_value
    if usage is None or not usage.native & {"digital_signature", "non_repudiation"}:
        return False
    extended = certificate.extended_key_usage_value
    names = set(extended.native) if extended is not None else set()
    if purpose is Purpose.TIME_STAMP:
        return names == {"time_stamping"} and "extended_key_usage" in certificate.critical_extensions
    return not bool(certificate.ca) and not (names and names <= _FOREIGN_USAGES)


def leaves_old_tokens(entry: x509.RevokedCertificate) -> bool:
    """Whether tokens from before this revocation of a time-stamp authority stay good."""
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason in _HARMLESS
    except x509.ExtensionNotFound:
        return False


def expiry_limits(
    certificate: asn1_x509.Certificate, others: list[asn1_x509.Certificate]
) -> dict[str, datetime]:
    """Per issuer name: when the certificate that it must answer for expires, from the leaf upwards."""
    limits: dict[str, datetime] = {}
    current: asn1_x509.Certificate | None = certificate
    while current is not None and current.issuer.hashable not in limits:
        limits[current.issuer.hashable] = current.not_valid_after
        wanted = current.issuer.hashable
        current = next((c for c in others if c.subject.hashable == wanted), None)
    return limits


def speaks(crl: asn1_crl.CertificateList, limits: dict[str, datetime]) -> bool:
    """A list made after a certificate expired may have dropped it, unless it says that it keeps such."""
    body = crl["tbs_cert_list"]
    limit = limits.get(crl.issuer.hashable)
    if limit is None or body["this_update"].native <= limit:
        return True
    return any(item["extn_id"].dotted == _EXPIRED_CERTS_ON_CRL for item in body["crl_extensions"])


def issuers_of(
    certificate: asn1_x509.Certificate, others: list[asn1_x509.Certificate]
) -> list[asn1_x509.Certificate]:
    """The certificate and those above it by name, nearest first, without self-issued ones; at most eight."""
    found = [certificate]
    names = {certificate.issuer.hashable}
    while len(found) < 8:
        above = [c for c in others if c.subject.hashable in names and c not in found]
        above = [c for c in above if c.subject.hashable != c.issuer.hashable]
        if not above:
            break
        found += above[:8]
        names = {c.issuer.hashable for c in above}
    return found


def issued_below(known: Sequence[x509.Certificate], ders: Iterable[bytes]) -> list[bytes]:
    """Of certificates that a stranger brought those that an authority below a trusted root really issued.

    Only these may take part in building paths: a dozen certificates that issue each other in every way lead a
    path builder through all their orders.

    :param known: trusted roots and intermediates. :param ders: at most some hundreds.
    """
    authorities = list(known)
    waiting = [(der, x509.load_der_x509_certificate(der)) for der in dict.fromkeys(ders)]
    admitted: list[bytes] = []
    while waiting:
        new = [item for item in waiting if any(_issued(item[1], authority) for authority in authorities)]
        if not new:
            break
        admitted += [der for der, _ in new]
        authorities = [certificate for _, certificate in new]  # the others were asked before
        taken = {der for der, _ in new}
        waiting = [item for item in waiting if item[0] not in taken]
    return admitted


def brings_no_stranger(answer: bytes, known: Sequence[x509.Certificate]) -> bool:
    """Whether every certificate inside an OCSP answer was issued below the known ones; at most eight."""
    inside = [c.public_bytes(Encoding.DER) for c in ocsp.load_der_ocsp_response(answer).certificates]
    return len(inside) <= _MOST_INSIDE and len(issued_below(known, inside)) == len(set(inside))


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    if certificate.issuer != authority.subject:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def told_by_delta(
    members: list[asn1_x509.Certificate], crls: list[asn1_crl.CertificateList], at: datetime
) -> bool:
    """Whether a delta list tells of a revocation up to ``at`` that the whole lists may not have yet.

    The library reads deltas only where a whole list points to them (RFC 5280 section 5.2.6).
    """
    for crl in crls:
        if crl.delta_crl_indicator_value is None:
            continue
        for member in members:
            if crl.issuer.hashable != member.issuer.hashable:
                continue
            entry = x509.load_der_x509_crl(crl.dump()).get_revoked_certificate_by_serial_number(
                member.serial_number
            )
            if entry is not None and entry.revocation_date_utc <= at:
                return True
    return False


def list_begins(crl: asn1_crl.CertificateList) -> datetime:
    """When a revocation list was made."""
    begins: datetime = crl["tbs_cert_list"]["this_update"].native
    return begins


def answer_begins(answer: asn1_ocsp.OCSPResponse) -> datetime:
    """As of when an OCSP answer speaks: the earliest of its answers; without any, never."""
    times = [item["this_update"].native for item in answer.response_data["responses"]]
    return min(times, default=datetime.min.replace(tzinfo=UTC))
