"""Signing in three steps, so that keys stay where they are.

:func:`prepare` says what will be signed; the key holder signs :attr:`Prepared.digest`; :func:`complete`
checks the returned value against the certificate and that very digest and only then gives the signature.
A value that was swapped, replayed or made by another key is refused.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import MAX_SUBJECT_SIGNATURES, SHEET_ID, SIGNATURE_IDS, sheet_digest
from hocbaso.core.document.signers import read_subject_signature_id
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.xades import profile

register(
    {
        "xades_value_refused": (
            "Chữ ký trả về không khớp với nội dung đã gửi đi ký hoặc không do khóa của chứng thư số {serial} "
            "tạo ra. Tờ chưa được ký; thầy cô hãy ký lại.",
            "The returned value does not sign the prepared digest with the key of certificate {serial}.",
        ),
        "xades_wrong_order": (
            "Chưa thể ký ở bước này: chữ ký của bước trước còn thiếu hoặc không đúng thứ tự "
            "(giáo viên môn học, giáo viên chủ nhiệm, hiệu trưởng, con dấu).",
            "The signatures of the steps before are missing or out of order.",
        ),
        "xades_too_many_references": (
            "Một chữ ký chỉ được phủ tối đa {limit} phần tử; thầy cô hãy chia thành nhiều lần ký.",
            "A signature holds at most {limit} references.",
        ),
        "xades_too_many_teachers": (
            "Tờ này có {count} chữ ký giáo viên môn học; tối đa là {limit}. Với môn nhiều người dạy, "
            "hiệu trưởng chỉ định một người ký.",
            "{count} signatures of subject teachers; a document holds {limit}.",
        ),
        "xades_not_signable": (
            "Không thể ký: nội dung đưa vào không phải dạng văn bản chuẩn của học bạ số.",
            "What was handed over to sign is not in the emitted form.",
        ),
    }
)

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,79}")
_ORDER: dict[str, str] = {
    SignerRole.HOMEROOM: SIGNATURE_IDS["gvbm"],
    SignerRole.PRINCIPAL: SIGNATURE_IDS["gvcn"],
    SignerRole.SEAL: SIGNATURE_IDS["hieu_truong"],
}


class Prepared(NamedTuple):
    """What one key holder is asked to sign; everything is known but the signature value."""

    form: profile.Form
    references: tuple[profile.Reference, ...]
    signed_info: bytes  # canonical octets; ``digest`` is their SHA-256
    digest: bytes
    properties: bytes  # emitted SignedProperties

    @property
    def role(self) -> str:
        """The claimed role."""
        return self.form.role

    @property
    def signature_id(self) -> str:
        """The ``Id`` of the signature."""
        return self.form.signature_id

    @property
    def parts(self) -> profile.SignerParts:
        """What depends on the signer only."""
        return self.form.parts

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own certificate."""
        return self.form.parts.path[0]

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuing certificates, as the signer ordered them."""
        return self.form.parts.path[1:]


def data_object(element_id: str, canonical: bytes) -> profile.Reference:
    """An element to be signed, from its canonical octets (C14N 1.0, namespace in its start tag)."""
    return profile.Reference(element_id, hashlib.sha256(canonical).digest())


def sheet_object(sheet: bytes) -> profile.Reference:
    """The whole year sheet as an element to be signed, from its emitted ``ToNamHoc`` text.

    :raises DomainError: ``xades_not_signable``.
    """
    try:
        return profile.Reference(SHEET_ID, sheet_digest(sheet))
    except ValueError as error:
        raise DomainError("xades_not_signable") from error


def signature_value_reference(signature: bytes) -> profile.Reference:
    """The reference to a signature's ``ds:SignatureValue`` element, from the signature's emitted text.

    Its digest is also the imprint of the signature time stamp (EN 319 132-1 clause 5.3).

    :raises DomainError: ``xades_not_signable``.
    """
    target, canonical = signature_value_octets(signature)
    return profile.Reference(target, hashlib.sha256(canonical).digest())


def signature_value_octets(signature: bytes) -> tuple[str, bytes]:
    """Id and C14N of a signature's ``ds:SignatureValue`` element, from the signature's emitted text.

    :raises DomainError: ``xades_not_signable``.
    """
    name, tag = _value_tag(signature[: signature.find(b">") + 1])
    start = signature.find(profile.VALUE_TAG)
    end = signature.find(profile.VALUE_CLOSE, start)
    if start < 0 or end < 0 or not signature.startswith(tag, start):
        raise DomainError("xades_not_signable")
    rest = signature[start + len(profile.VALUE_TAG) : end + len(profile.VALUE_CLOSE)]
    return name, profile.VALUE_TAG_CANONICAL + rest


@lru_cache(maxsize=1024)
def _value_tag(head: bytes) -> tuple[str, bytes]:
    """The Id and the start tag of ``ds:SignatureValue`` in the signature with this start tag."""
    found = profile.HEAD.fullmatch(head)
    if found is None:
        raise DomainError("xades_not_signable")
    return f"{found[1].decode()}-sv", profile.value_open(found[1])


def signature_value_digest(signature: bytes) -> bytes:
    """SHA-256 of the C14N of ``ds:SignatureValue``: the imprint of the signature time stamp.

    :raises DomainError: ``xades_not_signable``.
    """
    return signature_value_reference(signature).digest


def prepare(
    *,
    role: SignerRole,
    objects: Sequence[profile.Reference],
    signing_time: datetime,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    previous: Sequence[bytes] = (),
    subject: str | None = None,
    number: int = 1,
    signature_id: str | None = None,
) -> Prepared:
    """Step 1: what ``role`` will sign.

    :param objects: the signed elements, in the order of the document.
    :param signing_time: aware; kept to the second, in UTC.
    :param chain: issuing certificates below the root, nearest first; they stand in ``KeyInfo``.
    :param previous: emitted signatures of the step just before (homeroom teacher: those of every subject
        teacher; principal: the homeroom teacher's; seal: the principal's), referenced by their value.
    :param subject: code of the first subject, for a subject teacher's signature (see ``subjects.py``).
    :param number: 2 and more for further teachers whose signatures begin with the same subject.
    :param signature_id: overrides the Id that the role gives (documents other than a year sheet).
    :raises DomainError: ``xades_wrong_order``, ``xades_too_many_references``, ``xades_too_many_teachers``,
        ``xades_not_signable``, ``key_kind_not_allowed``.
    :raises ValueError: ``signing_time`` is naive (a programming error).
    """
    for item in objects:
        if len(item.digest) != 32:
            raise DomainError("xades_not_signable")
    references = (*objects, *map(signature_value_reference, previous))
    targets = tuple([item.target for item in references])
    parts = profile.signer_parts((certificate, *chain))
    form = _form(parts, role, signature_id, subject, number, targets, len(objects))
    return _filled(form, references, xml_time(signing_time))


def complete(prepared: Prepared, value: bytes) -> bytes:
    """Step 3: the emitted ``<ds:Signature>`` text with ``value`` (RSA PKCS#1 v1.5, or ECDSA r||s).

    :raises DomainError: ``xades_value_refused`` unless ``value`` signs ``prepared.digest`` with the key of
        ``prepared.certificate``.
    """
    if not prepared.form.parts.verify(prepared.digest, value):
        raise DomainError("xades_value_refused", serial=f"{prepared.certificate.serial_number:x}")
    return prepared.form.signature(prepared.signed_info, b64encode(value), prepared.properties)


def sign(prepared: Prepared, signer: Signer) -> bytes:
    """Steps 2 and 3 with a signer at hand.

    :raises DomainError: ``xades_value_refused``, and what the signer raises.
    """
    return complete(prepared, signer.sign_digest(prepared.digest))


def render(prepared: Prepared, value: bytes, unsigned: bytes = b"") -> bytes:
    """The signature's text around the base64 ``value``; ``unsigned`` goes behind the signed properties."""
    return prepared.form.signature(prepared.signed_info, value, prepared.properties, unsigned)


@lru_cache(maxsize=64)
def xml_time(moment: datetime) -> str:
    """``moment`` as xs:dateTime in UTC, to the second.

    :raises ValueError: ``moment`` is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("signing time must be aware")
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def assemble(
    role: str,
    signature_id: str,
    references: tuple[profile.Reference, ...],
    signing_time: str,
    parts: profile.SignerParts,
) -> Prepared:
    """``SignedInfo`` over the references and the signed properties."""
    targets = tuple([item.target for item in references])
    return _filled(profile.compiled(signature_id, role, targets, parts), references, signing_time)


def _filled(form: profile.Form, references: tuple[profile.Reference, ...], signing_time: str) -> Prepared:
    properties, digest = form.properties(signing_time)
    info = form.signed_info([b64encode(item.digest) for item in references], digest)
    return Prepared(form, references, info, hashlib.sha256(info).digest(), properties)


@lru_cache(maxsize=1024)
def _form(
    parts: profile.SignerParts,
    role: SignerRole,
    signature_id: str | None,
    subject: str | None,
    number: int,
    targets: tuple[str, ...],
    count: int,
) -> profile.Form:
    """What :func:`prepare` decides by names alone; a class of sheets repeats them.

    :param targets: Ids of the signed elements, ``count`` of them, then of the values of the step before.
    """
    sid = signature_id or profile.signature_id_for(role, subject, number)
    _check_targets(role, sid, targets[:count], targets[count:])
    return profile.compiled(sid, role.value, targets, parts)


def _check_targets(
    role: SignerRole, signature_id: str, data: tuple[str, ...], bound: tuple[str, ...]
) -> None:
    if role is SignerRole.HOMEROOM and len(bound) > MAX_SUBJECT_SIGNATURES:
        raise DomainError("xades_too_many_teachers", count=len(bound), limit=MAX_SUBJECT_SIGNATURES)
    _check_order(role, data, bound, signature_id)
    targets = (*data, *bound)
    if len(targets) + 1 > profile.MAX_REFERENCES:
        raise DomainError("xades_too_many_references", limit=profile.MAX_REFERENCES)
    named = all(_ID.fullmatch(name) for name in (signature_id, *targets))
    if not targets or not named or len(set(targets)) != len(targets):
        raise DomainError("xades_not_signable")
    if role is SignerRole.SUBJECT_TEACHER:
        _check_first_subject(signature_id, targets[0])


def _check_order(role: SignerRole, data: tuple[str, ...], bound: tuple[str, ...], signature_id: str) -> None:
    """The order of a year sheet; other documents (package, receipt) have no steps before the seal."""
    if role is SignerRole.SUBJECT_TEACHER:
        allowed = not bound and read_subject_signature_id(signature_id) is not None
    elif SHEET_ID not in data:
        allowed = True
    elif role is SignerRole.HOMEROOM:
        allowed = all(target.startswith(_ORDER[role]) for target in bound)
    else:
        allowed = bound == (_ORDER[role] + "-sv",)
    if not allowed:
        raise DomainError("xades_wrong_order")


def _check_first_subject(signature_id: str, target: str) -> None:
    """The Id names the first subject that is signed: one content, one Id."""
    place = read_subject_signature_id(signature_id)
    if place is None or target != f"mon-{place[0]}":
        raise DomainError("xades_not_signable")
