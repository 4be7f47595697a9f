"""Certificate profiles of the sandbox, shaped like those of the real authorities (RFC 5280).

Names carry "THỬ NGHIỆM" so that nobody takes them for genuine. Times are whole seconds in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hocbaso.engines.trust.keys import PrivateKey

KeyKind = Literal["rsa2048", "rsa3072", "p256", "rsa1024"]
#: rsa1024 exists only to show that a weak key is refused.
KEY_KINDS: dict[KeyKind, int] = {"rsa1024": 1024, "rsa2048": 2048, "rsa3072": 3072, "p256": 0}
MARKER = "THỬ NGHIỆM"

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Family:
    """One family of certificates: a root and its issuing authority."""

    code: str
    root_name: str
    issuing_name: str
    organisation: str


FAMILIES: dict[str, Family] = {
    "vgca": Family(
        "vgca", "VGCA thử nghiệm Root - THỬ NGHIỆM", "VGCA thử nghiệm SubCA - THỬ NGHIỆM", "VGCA thử nghiệm"
    ),
    "cong_cong": Family(
        "cong_cong",
        "CA công cộng thử nghiệm Root - THỬ NGHIỆM",
        "CA công cộng thử nghiệm SubCA - THỬ NGHIỆM",
        "CA công cộng thử nghiệm",
    ),
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority's certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey


def new_key(kind: KeyKind) -> PrivateKey:
    """A fresh private key."""
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_KINDS[kind])


def name(common_name: str, organisation: str, uid: str | None = None) -> x509.Name:
    """A subject as Vietnamese authorities write it: C, O, CN and, for holders, UID."""
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, _short(organisation)),
        x509.NameAttribute(NameOID.COMMON_NAME, _short(common_name)),
    ]
    if uid is not None:
        attributes.append(x509.NameAttribute(NameOID.USER_ID, uid))
    return x509.Name(attributes)


def authority_certificate(
    subject: x509.Name, key: PrivateKey, issuer: Issuer | None, period: tuple[datetime, datetime], urls: Urls
) -> x509.Certificate:
    """A root (``issuer`` None) or an issuing authority with path length 0."""
    builder = _start(subject, key, issuer, period)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0 if issuer else None), True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), True)
    if issuer is not None:
        builder = urls.add(builder)
    return builder.sign((issuer.key if issuer else key), hashes.SHA256())


def holder_certificate(
    subject: x509.Name, key: PrivateKey, issuer: Issuer, period: tuple[datetime, datetime], urls: Urls
) -> x509.Certificate:
    """A signing certificate of a person or an organisation."""
    builder = _start(subject, key, issuer, period)
    builder = builder.add_extension(_usage("digital_signature", "content_commitment"), True)
    return urls.add(builder).sign(issuer.key, hashes.SHA256())


def stamper_certificate(
    subject: x509.Name, key: PrivateKey, issuer: Issuer, period: tuple[datetime, datetime], urls: Urls
) -> x509.Certificate:
    """A time-stamp authority: critical extended key usage, timeStamping only (RFC 3161 section 2.3)."""
    builder = _start(subject, key, issuer, period)
    builder = builder.add_extension(_usage("digital_signature", "content_commitment"), True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
    return urls.add(builder).sign(issuer.key, hashes.SHA256())


def responder_certificate(
    subject: x509.Name, key: PrivateKey, issuer: Issuer, period: tuple[datetime, datetime], urls: Urls
) -> x509.Certificate:
    """A delegated OCSP responder (RFC 6960 section 4.2.2.2) that needs no revocation check of its own."""
    builder = _start(subject, key, issuer, period)
    builder = builder.add_extension(_usage("digital_signature"), True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    builder = builder.add_extension(x509.OCSPNoCheck(), False)
    builder = builder.add_extension(urls.authority_access(ocsp=False), False)
    return builder.sign(issuer.key, hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the issuer of a certificate publishes: written into the certificates that it issues."""

    base: str
    issuer: str  # file name stem, e.g. "vgca-root"
    has_responder: bool

    def add(self, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        """Add authority information access and the CRL distribution point."""
        builder = builder.add_extension(self.authority_access(ocsp=self.has_responder), False)
        point = x509.DistributionPoint([_uri(f"{self.base}/crl/{self.issuer}.crl")], None, None, None)
        return builder.add_extension(x509.CRLDistributionPoints([point]), False)

    def authority_access(self, *, ocsp: bool) -> x509.AuthorityInformationAccess:
        """The address of the issuer's certificate and, when wanted, of its responder."""
        found = [x509.AccessDescription(Access.CA_ISSUERS, _uri(f"{self.base}/aia/{self.issuer}.cer"))]
        if ocsp:
            found.append(x509.AccessDescription(Access.OCSP, _uri(f"{self.base}/ocsp")))
        return x509.AuthorityInformationAccess(found)


def utc(moment: datetime) -> datetime:
    """``moment`` in UTC, whole seconds.

    :raises ValueError: it is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("an aware datetime is needed")
    return moment.astimezone(UTC).replace(microsecond=0)


def _start(
    subject: x509.Name, key: PrivateKey, issuer: Issuer | None, period: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    public = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc(period[0]))
        .not_valid_after(utc(period[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    )
    if issuer is None:
        return builder
    identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False
    )


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in names for usage in _USAGES})


def _uri(address: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(address)


def _short(text: str) -> str:
    """At most 64 octets, cut between words (RFC 5280 says characters, libraries count octets)."""
    if len(text.encode()) <= 64:
        return text
    words = text.split()
    while words and len(" ".join(words).encode()) > 64 - len("…".encode()):
        words.pop()
    return " ".join(words) + "…"
