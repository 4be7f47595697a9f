"""A little public-key infrastructure for tests, with every time and flaw under control."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

T0 = datetime(2026, 5, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def key_named(name: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key kept for the whole run."""
    return ec.generate_private_key(ec.SECP256R1())


@lru_cache(maxsize=2)
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hộp cát thử nghiệm"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@dataclass
class Holder:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return der(self.certificate)


@dataclass
class Pki:
    """Root → sub CA → holders; lists made on demand."""

    label: str = "A"
    begins: datetime = T0 - YEAR
    ends: datetime = T0 + 10 * YEAR
    serial: int = 1000
    root: Holder = field(init=False)
    sub: Holder = field(init=False)

    def __post_init__(self) -> None:
        self.root = self._authority(f"Gốc {self.label}", None)
        self.sub = self._authority(f"Trung gian {self.label}", self.root)

    def _authority(self, common: str, issuer: Holder | None) -> Holder:
        key = key_named(common)
        usage = _usage(key_cert_sign=True, crl_sign=True)
        return self._make(common, key, issuer, usage, ca=True, begins=self.begins, ends=self.ends)

    def issue(
        self,
        common: str,
        *,
        begins: datetime = T0 - DAY,
        ends: datetime = T0 + YEAR,
        time_stamping: bool = False,
        signing: bool = True,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    ) -> Holder:
        usage = _usage(digital_signature=signing, key_encipherment=not signing)
        key = key or key_named(f"{self.label}/{common}")
        return self._make(common, key, self.sub, usage, begins=begins, ends=ends, tsa=time_stamping)

    def _make(
        self,
        common: str,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
        issuer: Holder | None,
        usage: x509.KeyUsage,
        *,
        begins: datetime,
        ends: datetime,
        ca: bool = False,
        tsa: bool = False,
    ) -> Holder:
        self.serial += 1
        signing_key = issuer.key if issuer else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common))
            .issuer_name(issuer.certificate.subject if issuer else _name(common))
            .public_key(key.public_key())
            .serial_number(self.serial)
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
            )
        )
        if tsa:
            stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(stamping, critical=True)
        return Holder(builder.sign(signing_key, hashes.SHA256()), key)

    def crl(
        self,
        revoked: dict[Holder, datetime] | list[tuple[Holder, datetime]] = (),
        *,
        issuer: Holder | None = None,
        this_update: datetime = T0 - DAY,
        next_update: datetime = T0 + 60 * DAY,
        reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
    ) -> bytes:
        """A DER list of the sub CA (or of ``issuer``)."""
        issuer = issuer or self.sub
        self.serial += 1
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(this_update)
            .next_update(next_update)
            .add_extension(x509.CRLNumber(self.serial), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
            )
        )
        for holder, when in revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(holder.certificate.serial_number)
                .revocation_date(when)
                .add_extension(x509.CRLReason(reason), critical=False)
                .build()
            )
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def lists(self, revoked: list[tuple[Holder, datetime]] = (), **times: datetime) -> tuple[bytes, ...]:
        """The list of the sub CA and the list of the root."""
        return (self.crl(revoked, **times), self.crl(issuer=self.root, **times))


def _usage(**flags: bool) -> x509.KeyUsage:
    names = (
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
    return x509.KeyUsage(**{name: flags.get(name, False) for name in names})


def public_raw(key: object) -> bytes:
    """Raw bytes of an Ed25519 public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)  # type: ignore[attr-defined]
