"""A sandbox of cheap keys and a document with the three signatures of a primary school."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.keys import SoftwareSigner
from hocbaso.sandbox.ca import SandboxAuthority
from hocbaso.sandbox.profiles import KeyKind

NOW = datetime(2026, 5, 26, 8, 0, tzinfo=UTC)
SHEET = (
    '<ToNamHoc Id="tnh"><Ma>HB-1-79-79000101</Ma><HoTen>Nguyễn Thị "Ánh" &amp; &lt;Đào&gt;</HoTen>'
    '<MonHoc Id="mon-toan"><Muc>T</Muc><Diem>10</Diem></MonHoc>'
    '<MonHoc Id="mon-tieng-viet"><Muc>H</Muc><NhanXet></NhanXet></MonHoc></ToNamHoc>'
).encode()
#: Fixed for the process; removed with it.
_HOME = tempfile.TemporaryDirectory(prefix="hbs-sandbox-")
STEPS = (SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL)


@dataclass(frozen=True)
class SignedCase:
    """A document, its signatures in order and who made them."""

    document: bytes
    signatures: tuple[bytes, ...]
    signers: tuple[SoftwareSigner, ...]
    authority: SandboxAuthority


@lru_cache
def sandbox(kind: KeyKind = "p256") -> SandboxAuthority:
    """The sandbox of one key kind, shared by the tests of a process; tests that revoke make their own."""
    return SandboxAuthority(Path(_HOME.name) / kind, clock=lambda: NOW, key_kind=kind)


@lru_cache
def signers(kind: KeyKind = "p256") -> tuple[SoftwareSigner, ...]:
    """Homeroom teacher, principal, seal."""
    authority = sandbox(kind)
    return (
        authority.issue_person("Đặng Bảo Linh", "080195112649", "Trường Tiểu học Hoa Mai").signer(),
        authority.issue_person(
            "Võ Tuấn Đạt", "079094815407", "Trường Tiểu học Hoa Mai", family="vgca"
        ).signer(),
        authority.issue_organisation("79000101", "Trường Tiểu học Hoa Mai").signer(),
    )


def prepare_step(
    role: SignerRole, signer: SoftwareSigner, previous: tuple[bytes, ...] = (), sheet: bytes = SHEET
) -> xades.Prepared:
    """What ``role`` is asked to sign."""
    return xades.prepare(
        role=role,
        objects=[xades.sheet_object(sheet)],
        signing_time=NOW,
        certificate=signer.certificate,
        chain=signer.chain,
        previous=previous,
    )


@lru_cache
def signed(kind: KeyKind = "p256", sheet: bytes = SHEET) -> SignedCase:
    """The document signed by all three."""
    made: list[bytes] = []
    for role, signer in zip(STEPS, signers(kind), strict=True):
        made.append(xades.sign(prepare_step(role, signer, tuple(made[-1:]), sheet), signer))
    return SignedCase(document_bytes(sheet, made), tuple(made), signers(kind), sandbox(kind))


def der(item: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """DER of a certificate or list."""
    return item.public_bytes(Encoding.DER)


def pem(item: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """PEM of a certificate or list."""
    return item.public_bytes(Encoding.PEM)
