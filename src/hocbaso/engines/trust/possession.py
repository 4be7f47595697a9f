"""Does somebody hold the key of a certificate? Reading the certificate, the challenge, the answer to it.

The holder signs the bytes of a challenge that names him, the certificate, what it is for and a random value;
the value comes back bare (RSA PKCS#1 v1.5 or ECDSA over SHA-256) or as CMS SignedData (RFC 5652). Nothing
here reads a clock or a key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtensionOID

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust.keys import verify_digest

#: More than any certificate with its chain, or any answer, takes.
MAX_BYTES = 64 * 1024
_READING = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    IndexError,
    RecursionError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_PEM_SECRETS = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY|PKCS12|ENCRYPTED [A-Z0-9 ]+)-----")
_SHA256 = "sha256"

register(
    {
        "certificate_file_holds_key": (
            "Tệp này chứa khóa bí mật. Khóa bí mật không được rời thiết bị của thầy cô: hãy xuất riêng "
            "chứng thư số (tệp .cer, .crt, .pem hoặc .p7b) rồi tải lên.",
            "The file holds a private key; upload the certificate alone.",
        ),
        "certificate_file_unreadable": (
            "Không đọc được chứng thư số trong tệp này. Thầy cô tải lên tệp .cer, .crt, .pem hoặc .p7b.",
            "No certificate can be read from the file.",
        ),
        "certificate_file_several": (
            "Tệp có {n} chứng thư số của người ký, không biết dùng cái nào. Hãy tải lên tệp chỉ có một.",
            "The file holds {n} end-entity certificates.",
        ),
        "possession_not_shown": (
            "Chữ ký gửi lại không phải do khóa của chứng thư số này ký trên chuỗi thử thách. "
            "Thầy cô ký lại đúng chuỗi đang hiện, bằng đúng thiết bị.",
            "The value does not sign this challenge with the certificate's key.",
        ),
    }
)


def read_certificate(data: bytes) -> x509.Certificate:
    """The one end-entity certificate in a file: PEM, DER, or PKCS#7 with certificates alone.

    :raises Unreadable: ``certificate_file_holds_key`` (PKCS#12, PEM keys), ``certificate_file_unreadable``,
        ``certificate_file_several``.
    """
    if len(data) > MAX_BYTES or not data:
        raise Unreadable("certificate_file_unreadable")
    if _PEM_SECRETS.search(data) or _is_pkcs12(data):
        raise Unreadable("certificate_file_holds_key")
    try:
        found = list({one.fingerprint(hashes.SHA256()): one for one in _certificates(data)}.values())
        ends = [one for one in found if not _is_authority(one)]
        for one in ends:
            _read_through(one)
    except _READING as error:
        raise Unreadable("certificate_file_unreadable") from error
    if not ends:
        raise Unreadable("certificate_file_unreadable")
    if len(ends) > 1:
        raise Unreadable("certificate_file_several", n=len(ends))
    return ends[0]


def _is_pkcs12(data: bytes) -> bool:
    """RFC 7292: SEQUENCE { INTEGER 3, ContentInfo }. A key in PKCS#8 or PKCS#1 begins with INTEGER 0."""
    body = _skip_head(data)
    return body[:3] in (b"\x02\x01\x03", b"\x02\x01\x00")


def _skip_head(data: bytes) -> bytes:
    if data[:1] != b"\x30" or len(data) < 4:
        return b""
    return data[2 + (data[1] & 0x7F if data[1] & 0x80 else 0) :]


def _certificates(data: bytes) -> list[x509.Certificate]:
    if b"-----BEGIN CERTIFICATE-----" in data:
        return x509.load_pem_x509_certificates(data)
    if b"-----BEGIN PKCS7-----" in data:
        return pkcs7.load_pem_pkcs7_certificates(data)
    try:
        return [x509.load_der_x509_certificate(data)]
    except ValueError:
        return pkcs7.load_der_pkcs7_certificates(data)


def require_legible(certificate: x509.Certificate) -> None:
    """Refuse a certificate, however it came, some part of which cannot be read.

    :raises Unreadable: ``certificate_file_unreadable``.
    """
    try:
        _read_through(certificate)
    except _READING as error:
        raise Unreadable("certificate_file_unreadable") from error


def _read_through(certificate: x509.Certificate) -> None:
    """Everything that is asked of it later; a part that cannot be read is said here, not in mid-work."""
    certificate.subject.rfc4514_string()
    certificate.issuer.rfc4514_string()
    list(certificate.extensions)
    certificate.public_key()
    if certificate.not_valid_before_utc > certificate.not_valid_after_utc:
        raise ValueError("it ends before it begins")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        found = certificate.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
    except x509.ExtensionNotFound:
        return False
    return isinstance(found, x509.BasicConstraints) and found.ca


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a proof is bound to. ``nonce``: 64 hex digits nobody could foresee; ``expires``: aware."""

    node: str
    school: str
    holder: str  # account, or "" for the school's seal
    certificate: str  # SHA-256 of the DER, hex
    seats: Sequence[str]
    nonce: str
    expires: datetime

    def text(self) -> str:
        """The bytes to sign, as text: one ``name=value`` a line, no line can be made by a value."""
        lines = ["hocbaso:chung-minh-giu-khoa:1"]
        values = {
            "node": self.node,
            "truong": self.school,
            "nguoi-giu": self.holder or "con-dau",
            "chung-thu": self.certificate,
            "vai-tro": ";".join(sorted(self.seats)),
            "ngau-nhien": self.nonce,
            "het-han": self.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        lines += [f"{name}={' '.join(value.split())}" for name, value in values.items()]
        return "\n".join(lines) + "\n"


def decode_answer(text: str) -> bytes:
    """The bytes of an answer pasted as base64, hex or PEM.

    :raises Unreadable: ``possession_not_shown``.
    """
    bare = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    bare = "".join(bare.split())
    try:
        if len(bare) >= 128 and re.fullmatch(r"[0-9a-fA-F]+", bare, re.ASCII) and len(bare) % 2 == 0:
            return bytes.fromhex(bare)
        return base64.b64decode(bare, validate=True)
    except (ValueError, binascii.Error) as error:
        raise Unreadable("possession_not_shown") from error


def check_answer(certificate: x509.Certificate, challenge: bytes, answer: bytes) -> None:
    """Refuse an answer that the certificate's key did not make over exactly these bytes.

    :param answer: a bare value (ECDSA as r||s or DER), or CMS SignedData with one signer.
    :raises DomainError: ``possession_not_shown``, ``key_kind_not_allowed``.
    """
    digest = hashlib.sha256(challenge).digest()
    if not 32 <= len(answer) <= MAX_BYTES:
        raise DomainError("possession_not_shown")
    if any(verify_digest(certificate, digest, value) for value in _shapes(answer)):
        return
    try:
        good = _cms_holds(certificate, challenge, digest, answer)
    except _READING as error:
        raise DomainError("possession_not_shown") from error
    if not good:
        raise DomainError("possession_not_shown")


def _shapes(value: bytes) -> list[bytes]:
    """The value as it came, and r||s when it is ECDSA in DER (PKCS#11 gives one, CMS the other)."""
    shapes = [value]
    if value[:1] == b"\x30" and len(value) <= 80:
        try:
            r, s = utils.decode_dss_signature(value)
            shapes.append(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        except (ValueError, OverflowError):
            pass
    return shapes


def _cms_holds(certificate: x509.Certificate, challenge: bytes, digest: bytes, answer: bytes) -> bool:
    """RFC 5652 section 5.4: over the content itself, or over signed attributes that name its digest."""
    outer = cms.ContentInfo.load(answer, strict=True)
    if outer["content_type"].native != "signed_data":
        return False
    signed = outer["content"]
    inner = signed["encap_content_info"]
    if inner["content_type"].native != "data":  # anything else would be parsed, and means something else
        return False
    if inner["content"].native is not None and inner["content"].native != challenge:
        return False
    if len(signed["signer_infos"]) != 1:
        return False
    signer = signed["signer_infos"][0]
    if signer["digest_algorithm"]["algorithm"].native != _SHA256:
        return False
    algorithm = signer["signature_algorithm"]["algorithm"].native
    if algorithm not in ("rsassa_pkcs1v15", "sha256_rsa", "sha256_ecdsa", "ecdsa"):
        return False
    attributes = signer["signed_attrs"]
    if attributes.native:
        named = {one["type"].native: one["values"] for one in attributes}
        if len(named) != len(attributes) or "content_type" not in named:
            return False
        if [one.native for one in named["content_type"]] != ["data"]:
            return False
        digests = named.get("message_digest")
        if digests is None or [one.native for one in digests] != [digest]:
            return False
        digest = hashlib.sha256(attributes.untag().dump()).digest()
    value = signer["signature"].native
    return any(verify_digest(certificate, digest, shape) for shape in _shapes(value))
