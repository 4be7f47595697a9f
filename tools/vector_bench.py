"""The bench of the vectors: a test PKI, signers, a time-stamp authority and a log, all from fixed seeds."""

from __future__ import annotations

import hashlib
import random
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import digest, emit
from hocbaso.core.document.model import SchoolLevel, SignerRole, YearSheet
from hocbaso.core.document.names import HEAD, TAIL, document_bytes
from hocbaso.core.document.parse import parse_sheet, split_document
from hocbaso.core.document.signers import subject_signatures
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
from hocbaso.engines.trust.xades import (
    profile,
    signature_value_digest,
    signature_value_reference,
    subject_objects,
    with_unsigned,
)
from hocbaso.engines.trust.xades.signing import assemble, render, xml_time
from hocbaso.sandbox.tsa import SandboxStamper

T0 = datetime(2026, 5, 26, 9, tzinfo=UTC)
STAMPED = T0 + timedelta(hours=5)
NOW = datetime(2026, 6, 10, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
GVBM, GVCN, HT, CD = SignerRole
HOURS = {GVBM: 1, GVCN: 2, HT: 3, CD: 4}
LOG = "so-mau.hocbaso.example/2025"
Edit = Callable[[bytes], bytes]


def same(text: bytes) -> bytes:
    """No change."""
    return text


def seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"hocbaso vectors 1: {name}".encode()).digest(), "big")


@cache
def curve(name: str, kind: str = "P-256") -> ec.EllipticCurvePrivateKey:
    which = ec.SECP256R1() if kind == "P-256" else ec.SECP384R1()
    return ec.derive_private_key(seed(name) >> 8, which)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """A key from fixed primes; for test vectors only."""
    dice = random.Random(seed(f"RSA {bits}"))  # noqa: S311 - must be the same in every run
    p, q = _prime(bits // 2, dice), _prime(bits // 2, dice)
    e, phi = 65537, (p - 1) * (q - 1)
    d = pow(e, -1, phi)
    public = rsa.RSAPublicNumbers(e, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key()


_SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def _prime(bits: int, dice: random.Random) -> int:
    while True:
        n = dice.getrandbits(bits) | 3 << (bits - 2) | 1
        if all(n % small for small in _SMALL) and pow(2, n - 1, n) == 1 and pow(3, n - 1, n) == 1:
            return n


@dataclass(frozen=True)
class Holder:
    """A certificate, its key and the chain that goes with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def path(self) -> tuple[x509.Certificate, ...]:
        return (self.certificate, *self.chain)

    def value(self, octets: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(
            self.key.sign(octets, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        )
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class _Stamper(SandboxStamper):
    """The sandbox's authority with repeatable signatures."""

    def _sign(self, attributes: bytes) -> bytes:
        assert isinstance(self._key, ec.EllipticCurvePrivateKey)
        return self._key.sign(attributes, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class Pki:
    """Root, issuing authority and certificates; serial numbers count up."""

    def __init__(self, label: str) -> None:
        self.label, self.serial = label, 7000
        self.root = self.make(f"Gốc thử nghiệm {label} (THỬ NGHIỆM)", None, ca=True)
        self.sub = self.make(f"Nơi cấp thử nghiệm {label}", self.root, ca=True)

    def make(
        self,
        common: str,
        issuer: Holder | None,
        *,
        ca: bool = False,
        tsa: bool = False,
        signing: bool = True,
        begins: datetime = T0 - 30 * DAY,
        ends: datetime = T0 + 2 * YEAR,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    ) -> Holder:
        key = key or curve(f"{self.label}/{common}")
        self.serial += 1
        signer = issuer.key if issuer else key
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bộ mẫu thử học bạ số"),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )
        usage = {"key_cert_sign": ca, "crl_sign": ca, "digital_signature": signing and not ca}
        rest = ("content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
        flags = usage | dict.fromkeys(rest, False) | {"key_encipherment": not signing}
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.certificate.subject if issuer else name)
            .public_key(key.public_key())
            .serial_number(self.serial)
            .not_valid_before(T0 - YEAR if ca else begins)
            .not_valid_after(T0 + 9 * YEAR if ca else ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**flags), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
        )
        if tsa:
            stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(stamping, critical=True)
        made = builder.sign(signer, hashes.SHA256(), ecdsa_deterministic=True)
        return Holder(made, key, (self.sub.certificate,) if issuer and not ca else ())

    def crl(self, issuer: Holder, revoked: Sequence[tuple[Holder, datetime]] = ()) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(NOW - DAY)
            .next_update(NOW + 300 * DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
            )
        )
        for holder, when in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
            entry = entry.revocation_date(when).add_extension(
                x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False
            )
            builder = builder.add_revoked_certificate(entry.build())
        made = builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)
        return made.public_bytes(Encoding.DER)


class Bench:
    """Signers of three schools, their sheets, and what the bundle shall know."""

    def __init__(self, golden: Path) -> None:
        self.sheets = {g: parse_sheet((golden / f"to-nam-hoc-lop-{g}.xml").read_bytes()) for g in (3, 6, 10)}
        self.pki, self.stranger = Pki("A"), Pki("lạ")
        make = self.pki.make
        names = {GVCN: "Trần Chủ Nhiệm", HT: "Lê Hiệu Trưởng", CD: "Con dấu nhà trường"}
        self.holders = {role: make(name, self.pki.sub) for role, name in names.items()}
        self.teachers: dict[str, Holder] = {}
        self.teacher_names: dict[str, str] = {}
        self.tsa = make("Dấu thời gian mẫu", self.pki.sub, tsa=True)
        self.extra: list[AuthorityEntry] = []
        self.revoked: list[tuple[Holder, datetime]] = []
        self.issued: list[tuple[YearSheet, str, str]] = []  # sheet, digest, state
        self.unlogged: set[str] = set()
        self._count = 0
        self.dice = random.Random(seed("stamps"))  # noqa: S311 - must be the same in every run

    # --- sheets

    def sheet(self, grade: int = 3, **changes: object) -> YearSheet:
        """A sheet with a code of its own."""
        self._count += 1
        base = self.sheets[grade]
        level = changes.get("school_level", base.school_level)
        school = changes.get("school", base.school)
        code = new_code(
            SchoolLevel(level), "79", school.code, 2025, seed(f"code {self._count}").to_bytes(32, "big")[:8]
        )  # type: ignore[attr-defined]
        return replace(base, **({"code": code} | changes))  # type: ignore[arg-type]

    def teacher(self, code: str, name: str) -> Holder:
        if code not in self.teachers:
            self.teachers[code] = self.pki.make(f"Giáo viên {code}", self.pki.sub)
            self.teacher_names[code] = name
        return self.teachers[code]

    # --- signatures

    def sign(
        self,
        role: SignerRole,
        objects: Sequence[tuple[str, bytes]],
        previous: Sequence[bytes] = (),
        *,
        holder: Holder | None = None,
        at: datetime | None = None,
        sid: str | None = None,
        claimed: str | None = None,
        properties: Edit = same,
        info: Edit = same,
        text: Edit = same,
    ) -> bytes:
        """One signature; ``properties`` and ``info`` are changed before, ``text`` after the value is made."""
        who = holder or self.holders[role]
        refs = [profile.Reference(*item) for item in objects]
        refs += [signature_value_reference(item) for item in previous]
        prepared = assemble(
            claimed or role.value,
            sid or profile.signature_id_for(role),
            tuple(refs),
            xml_time(at or T0 + timedelta(hours=HOURS[role])),
            profile.signer_parts(who.path),
        )
        changed = properties(prepared.properties)
        old, new = (
            b64encode(hashlib.sha256(profile.canonical_properties(p)).digest())
            for p in (prepared.properties, changed)
        )
        signed_info = info(prepared.signed_info.replace(old, new))
        prepared = prepared._replace(properties=changed, signed_info=signed_info)
        return text(render(prepared, b64encode(who.value(signed_info))))

    def stamp(
        self, seal: bytes, at: datetime = STAMPED, tsa: Holder | None = None, imprint: bytes = b""
    ) -> bytes:
        """The seal with its time stamp."""
        return with_unsigned(seal, self.token(imprint or signature_value_digest(seal), at, tsa))

    def token(self, imprint: bytes, at: datetime = STAMPED, tsa: Holder | None = None) -> bytes:
        """A time stamp over an imprint."""
        who = tsa or self.tsa
        stamper = _Stamper(who.key, who.path, lambda: at)
        with patch("secrets.randbits", self.dice.getrandbits):
            return stamper.stamp(imprint)

    def teach(
        self, text: bytes, codes: Sequence[str], holder: Holder, number: int = 1, **options: object
    ) -> bytes:
        """A subject teacher's signature."""
        sid = profile.signature_id_for(GVBM, codes[0], number)
        return self.sign(GVBM, subject_objects(text, codes), holder=holder, sid=sid, **options)  # type: ignore[arg-type]

    def teachers_of(self, sheet: YearSheet, text: bytes) -> list[bytes]:
        return [
            self.teach(text, w.subjects, self.teacher(w.person.staff_code, w.person.name), w.number)
            for w in subject_signatures(sheet)
        ]

    def chain(
        self, text: bytes, teachers: Sequence[bytes] = (), stamp: bool = True, **options: dict[str, object]
    ) -> list[bytes]:
        """Homeroom teacher, principal, stamped seal; options by role: ``gvcn={…}``."""
        objects = [("tnh", hashlib.sha256(canonical_sheet(text)).digest())]
        previous, made = list(teachers), []
        for role in (GVCN, HT, CD):
            made.append(self.sign(role, objects, previous, **options.get(role.value, {})))  # type: ignore[arg-type]
            previous = made[-1:]
        if stamp:
            made[-1] = self.stamp(made[-1], **options.get("stamp", {}))  # type: ignore[arg-type]
        return made

    def issue(
        self, sheet: YearSheet, edit: Edit = same, known: str = "", **options: dict[str, object]
    ) -> bytes:
        """A whole document; ``edit`` changes the sheet's text before it is signed.

        :param known: the state under which the bundle shall know it; empty: not at all.
        """
        text = edit(emit(sheet))
        teachers = self.teachers_of(sheet, text)
        document = document_bytes(text, [*teachers, *self.chain(text, teachers, **options)])
        if known:
            self.know(sheet, document, known)
        return document

    def know(self, sheet: YearSheet, document: bytes, state: str) -> None:
        self.issued.append((sheet, digest(split_document(document).sheet), state))

    # --- the bundle

    def bundle(self) -> TrustBundle:
        """Everything known: register, lists, status, log."""
        anchor = Anchor(self.pki.root.der, "mau_thu", "thu_nghiem", T0 - YEAR, T0 + 9 * YEAR)
        status = [
            StatusEntry(
                s.code, s.version, d, state, STAMPED, **({} if state == "current" else {"reason": "mẫu thử"})
            )  # type: ignore[arg-type]
            for s, d, state in self.issued
        ]
        latest = {s.code: s.version + (state == "replaced") for s, _, state in self.issued}
        logged = [item for item in self.issued if item[1] not in self.unlogged]
        entries = [self._entry(sheet, value) for sheet, value, _ in logged]
        key = NoteSigner(LOG, Ed25519PrivateKey.from_private_bytes(seed("log").to_bytes(32, "big")))
        ledger = Ledger(MemoryStore(), LOG)
        ledger.append([entry.to_bytes() for entry in entries])
        note = ledger.sign(key)
        proofs = ledger.prove(list(range(len(entries))), note)
        return TrustBundle(
            created=NOW,
            as_of=NOW,
            anchors=(anchor,),
            intermediates=(self.pki.sub.der,),
            crls=(self.pki.crl(self.pki.sub, self.revoked), self.pki.crl(self.pki.root)),
            authority=self._register(),
            logs=(LogInfo(LOG, key.verifier.public, note),),
            evidence=tuple(LogEvidence.of(e, p) for e, p in zip(entries, proofs, strict=True)),
            status=tuple(status),
            latest=tuple(latest.items()),
        )

    def _entry(self, sheet: YearSheet, value: str) -> LogEntry:
        return LogEntry(
            type=EntryType.ISSUE,
            digest=value,
            school=sheet.school.code,
            time="2026-05-26T14:00:01Z",
            code=code_hash(sheet.code),
            sheet_version=sheet.version,
        )

    def register_holder(
        self, holder: Holder, role: SignerRole, name: str, school: str, **more: object
    ) -> AuthorityEntry:
        serial = serial_hex(holder.certificate.serial_number)
        values = {"valid_from": T0 - 30 * DAY, "valid_to": None} | more
        return AuthorityEntry(certificate_digest(holder.der), serial, role.value, school, name=name, **values)  # type: ignore[arg-type]

    def _register(self) -> tuple[AuthorityEntry, ...]:
        schools = [sheet.school.code for sheet in self.sheets.values()]
        made = [
            self.register_holder(holder, role, "Người ký mẫu", school)
            for role, holder in self.holders.items()
            for school in schools
        ]
        made += [
            self.register_holder(holder, GVBM, self.teacher_names[code], school, staff_code=code)
            for code, holder in self.teachers.items()
            for school in schools
        ]
        return (*made, *self.extra)


def canonical_sheet(text: bytes) -> bytes:
    """C14N 1.0 of a ``ToNamHoc`` text inside its document, by lxml, whatever its spelling."""
    root = etree.fromstring(HEAD + text + TAIL)
    apart = etree.fromstring(etree.tostring(root[0], with_tail=False))
    return etree.tostring(apart, method="c14n", with_comments=False)
