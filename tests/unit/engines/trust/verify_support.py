"""A little public-key infrastructure for tests, with every time and flaw under control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from hocbaso.core.document.emit import digest, emit
from hocbaso.core.document.model import SignerRole, YearSheet
from hocbaso.core.document.names import document_bytes, sheet_canonical
from hocbaso.core.document.parse import parse_sheet, split_document
from hocbaso.engines.ledger.entries import EntryType, LogEntry, code_hash
from hocbaso.engines.ledger.log import Ledger, MemoryStore
from hocbaso.engines.ledger.notes import NoteSigner
from hocbaso.engines.trust.bundle import (
    Anchor,
    AuthorityEntry,
    LogEvidence,
    LogInfo,
    StatusEntry,
    TrustBundle,
    certificate_digest,
    serial_hex,
)
from hocbaso.engines.trust.keys import SoftwareSigner
from hocbaso.engines.trust.xades import (
    Reference,
    data_object,
    prepare,
    sheet_object,
    sign,
    signature_value_digest,
    with_unsigned,
)
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.core.document.sheets import grade_three

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
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Nơi cấp chứng thư mẫu"),
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
        reason: x509.ReasonFlags | None = x509.ReasonFlags.key_compromise,
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
            )
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
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


# --- a school that signs -----------------------------------------------------------------------------------

SIGN_TIMES = {
    SignerRole.SUBJECT_TEACHER: T0 + timedelta(hours=1),
    SignerRole.HOMEROOM: T0 + timedelta(hours=2),
    SignerRole.PRINCIPAL: T0 + timedelta(hours=3),
    SignerRole.SEAL: T0 + timedelta(hours=4),
}
STAMPED = T0 + timedelta(hours=5)
NOW = T0 + timedelta(days=10)
CHAIN = (SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL)


def sheet_of(**changes: object) -> YearSheet:
    """The full sheet of the document tests, frozen before anybody here signs."""
    return replace(grade_three(), **({"frozen_at": "2026-05-01T00:00:00Z"} | changes))  # type: ignore[arg-type]


@dataclass
class School:
    """Signers of one school under one PKI; signs sheets, stamps seals, makes bundles."""

    pki: Pki
    ends: datetime = T0 + YEAR  # of the certificates
    holders: dict[SignerRole, Holder] = field(init=False)
    tsa: Holder = field(init=False)

    def __post_init__(self) -> None:
        names = {"gvbm": "Phạm Bộ Môn", "gvcn": "Trần Chủ Nhiệm", "hieu_truong": "Lê Hiệu Trưởng"}
        self.holders = {
            role: self.pki.issue(names.get(role.value, "Trường Tiểu học Hoa Mai"), ends=self.ends)
            for role in SignerRole
        }
        self.tsa = self.pki.issue("Dấu thời gian", time_stamping=True, ends=self.ends)

    def signer(self, holder: Holder) -> SoftwareSigner:
        return SoftwareSigner(holder.key, holder.certificate, (self.pki.sub.certificate,))

    def sign(
        self,
        sheet: bytes,
        role: SignerRole,
        previous: Sequence[bytes] = (),
        *,
        holder: Holder | None = None,
        at: datetime | None = None,
        subject: str | None = None,
        signature_id: str | None = None,
    ) -> bytes:
        signer = self.signer(holder or self.holders[role])
        objects = [sheet_object(sheet)] if subject is None else [subject_object(sheet, subject)]
        prepared = prepare(
            role=role,
            objects=objects,
            signing_time=at or SIGN_TIMES[role],
            certificate=signer.certificate,
            chain=signer.chain,
            previous=previous,
            subject=subject,
            signature_id=signature_id,
        )
        return sign(prepared, signer)

    def stamp(self, seal: bytes, at: datetime = STAMPED, tsa: Holder | None = None) -> bytes:
        holder = tsa or self.tsa
        chain = (holder.certificate, self.pki.sub.certificate)
        token = SandboxStamper(holder.key, chain, lambda: at).stamp(signature_value_digest(seal))
        return with_unsigned(seal, token)

    def signatures(
        self,
        sheet: bytes,
        *,
        subjects: Sequence[str] = (),
        holders: Mapping[SignerRole, Holder] | None = None,
        times: Mapping[SignerRole, datetime] | None = None,
        stamped: datetime | None = STAMPED,
    ) -> list[bytes]:
        """All signatures of an issued sheet, in order."""
        who, when = self.holders | dict(holders or {}), SIGN_TIMES | dict(times or {})
        teacher = SignerRole.SUBJECT_TEACHER
        made = [self.sign(sheet, teacher, holder=who[teacher], at=when[teacher], subject=s) for s in subjects]
        previous = list(made)
        for role in CHAIN:
            made.append(self.sign(sheet, role, previous, holder=who[role], at=when[role]))
            previous = [made[-1]]
        if stamped is not None:
            made[-1] = self.stamp(made[-1], stamped)
        return made

    def issue(self, sheet: YearSheet | None = None, **options: object) -> bytes:
        """An issued document."""
        text = emit(sheet or sheet_of())
        return document_bytes(text, self.signatures(text, **options))  # type: ignore[arg-type]

    def bundle(self, *documents: bytes, **changes: object) -> TrustBundle:
        """A bundle that knows everything about these documents, but for ``changes``."""
        anchor = Anchor(self.pki.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, T0 + 10 * YEAR)
        sheets = [(parse_sheet(item), digest(split_document(item).sheet)) for item in documents]
        status = [StatusEntry(s.code, s.version, d, "current", STAMPED) for s, d in sheets]
        latest = {s.code: s.version for s, _ in sheets}
        parts: dict[str, object] = {
            "created": NOW,
            "as_of": NOW,
            "anchors": (anchor,),
            "intermediates": (self.pki.sub.der,),
            "crls": self.pki.lists(this_update=NOW - DAY, next_update=NOW + 9 * DAY),
            "authority": self.register(),
            "status": tuple(status),
            "latest": tuple(latest.items()),
        } | log_evidence([(s, d) for s, d in sheets])
        return TrustBundle(**(parts | changes))  # type: ignore[arg-type]

    def register(self, **changes: object) -> tuple[AuthorityEntry, ...]:
        """The authority register: every holder in the own role at the own school."""
        entries = (
            AuthorityEntry(
                certificate_sha256=certificate_digest(holder.der),
                serial=serial_hex(holder.certificate.serial_number),
                role=role.value,
                school="79000101",
                valid_from=T0 - DAY,
                valid_to=None,
                name=holder.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value,
            )
            for role, holder in self.holders.items()
        )
        return tuple(replace(entry, **changes) for entry in entries)  # type: ignore[arg-type]


def subject_object(sheet: bytes, subject: str) -> Reference:
    """The data object of one ``MonHoc``, by the canonicaliser of lxml and not by the product's slices."""
    root = etree.fromstring(sheet_canonical(sheet))
    node = root.find(f".//{{*}}MonHoc[@Id='mon-{subject}']")
    apart = etree.fromstring(etree.tostring(node, with_tail=False))
    return data_object(f"mon-{subject}", etree.tostring(apart, method="c14n"))


LOG_NAME = "so.hocbaso.example/2025"


@lru_cache(maxsize=1)
def log_key() -> NoteSigner:
    return NoteSigner(LOG_NAME, Ed25519PrivateKey.generate())


def entry_of(sheet: YearSheet, document_digest: str, **changes: object) -> LogEntry:
    values: dict[str, object] = {
        "type": EntryType.ISSUE,
        "digest": document_digest,
        "school": sheet.school.code,
        "time": "2026-05-01T05:00:01Z",
        "code": code_hash(sheet.code),
        "sheet_version": sheet.version,
    }
    return LogEntry(**(values | changes))  # type: ignore[arg-type]


def log_evidence(sheets: Sequence[tuple[YearSheet, str]]) -> dict[str, object]:
    """A log that holds these sheets after some others: ``logs`` and ``evidence`` of a bundle."""
    others = [entry_of(sheet_of(), f"{number:064x}") for number in range(5)]
    entries = [*others, *(entry_of(sheet, document_digest) for sheet, document_digest in sheets)]
    return evidence_of(entries, range(len(others), len(entries)))


def evidence_of(entries: Sequence[LogEntry], wanted: Sequence[int]) -> dict[str, object]:
    ledger = Ledger(MemoryStore(), LOG_NAME)
    ledger.append([entry.to_bytes() for entry in entries])
    note = ledger.sign(log_key())
    proofs = ledger.prove(list(wanted), note)
    evidence = [LogEvidence.of(entries[i], proof) for i, proof in zip(wanted, proofs, strict=True)]
    return {
        "logs": (LogInfo(LOG_NAME, log_key().verifier.public, note),),
        "evidence": tuple(evidence),
    }
