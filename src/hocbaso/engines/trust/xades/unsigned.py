"""Unsigned properties: put in on export only, without touching a signed byte.

A stored signature never holds any; B-T adds the signature time stamp over ``ds:SignatureValue``, B-LT the
certificates and revocation answers (EN 319 132-1 clauses 5.3, 5.4 and 6.3).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.xades import profile

register(
    {
        "xades_already_extended": (
            "Chữ ký này đã có dấu thời gian; không thêm lần nữa vào văn bản đã xuất.",
            "The signature holds unsigned properties already.",
        ),
        "xades_not_our_form": (
            "Chữ ký không đúng dạng quy định của học bạ số ({detail}).",
            "The signature is not exactly in the emitted form ({detail}).",
        ),
    }
)

_OPEN = b"<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
_CLOSE = b"</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
_STAMP_TOKEN = f'<xades:EncapsulatedTimeStamp Encoding="{profile.DER_ENCODING}">'.encode()
_STAMP_CLOSE = b"</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
_ITEM = re.compile(rb"<xades:(Encapsulated[A-Za-z0-9]+)(?: Encoding=\"[^\"<>]*\")?>([A-Za-z0-9+/=]+)</")


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What stands beside the signature: DER of each."""

    time_stamp: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def with_unsigned(
    signature: bytes,
    time_stamp: bytes | None,
    certificates: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
) -> bytes:
    """The same signature with its evidence: every byte of ``signature`` stays, in place.

    :param signature: emitted signature without unsigned properties.
    :param time_stamp: DER TimeStampToken over :func:`signature_value_digest`.
    :param certificates: DER certificates (B-LT), issuing authorities and those of the time stamp.
    :param crls: DER revocation lists.
    :param ocsps: DER OCSP responses.
    :raises DomainError: ``xades_already_extended``, ``xades_not_our_form``.
    """
    tail = profile.PROPERTIES_CLOSE + profile.QUALIFYING_CLOSE
    if _OPEN in signature:
        raise DomainError("xades_already_extended")
    if not signature.endswith(tail):
        raise DomainError("xades_not_our_form", detail="QualifyingProperties")
    signature_id = _signature_id(signature)
    unsigned = Unsigned(time_stamp, tuple(certificates), tuple(crls), tuple(ocsps))
    cut = len(signature) - len(profile.QUALIFYING_CLOSE)
    return signature[:cut] + render_unsigned(signature_id, unsigned) + profile.QUALIFYING_CLOSE


def without_unsigned(signature: bytes) -> bytes:
    """The stored form of an exported signature: its unsigned properties taken out again."""
    start = signature.find(profile.PROPERTIES_CLOSE + _OPEN)
    if start < 0:
        return signature
    return signature[: start + len(profile.PROPERTIES_CLOSE)] + profile.QUALIFYING_CLOSE


def render_unsigned(signature_id: str, unsigned: Unsigned) -> bytes:
    """The ``UnsignedProperties`` element, or nothing when there is nothing to say."""
    parts: list[bytes] = []
    if unsigned.time_stamp is not None:
        parts += (
            b'<xades:SignatureTimeStamp Id="%s-ts">' % signature_id.encode(),
            profile.C14N_METHOD,
            _STAMP_TOKEN,
            b64encode(unsigned.time_stamp),
            _STAMP_CLOSE,
        )
    if unsigned.certificates:
        parts.append(
            _group(b"CertificateValues", _items(b"EncapsulatedX509Certificate", unsigned.certificates))
        )
    revocation: list[bytes] = []
    if unsigned.crls:
        revocation.append(_group(b"CRLValues", _items(b"EncapsulatedCRLValue", unsigned.crls)))
    if unsigned.ocsps:
        revocation.append(_group(b"OCSPValues", _items(b"EncapsulatedOCSPValue", unsigned.ocsps)))
    if revocation:
        parts.append(_group(b"RevocationValues", revocation))
    return b"".join([_OPEN, *parts, _CLOSE]) if parts else b""


def read_unsigned(signature_id: str, text: bytes) -> Unsigned:
    """The parts of an ``UnsignedProperties`` text (empty: none); only our emitted form is read.

    :raises DomainError: ``xades_not_our_form``.
    """
    if not text:
        return Unsigned()
    found: dict[bytes, list[bytes]] = {}
    try:
        for tag, value in _ITEM.findall(text):
            found.setdefault(tag, []).append(b64decode(value, validate=True))
    except ValueError as error:
        raise DomainError("xades_not_our_form", detail="UnsignedProperties") from error
    stamps = found.get(b"EncapsulatedTimeStamp", [None])
    unsigned = Unsigned(
        stamps[0],
        tuple(found.get(b"EncapsulatedX509Certificate", ())),
        tuple(found.get(b"EncapsulatedCRLValue", ())),
        tuple(found.get(b"EncapsulatedOCSPValue", ())),
    )
    # What was read must give the same bytes again: nothing else can stand between the parts.
    if render_unsigned(signature_id, unsigned) != text:
        raise DomainError("xades_not_our_form", detail="UnsignedProperties")
    return unsigned


def _items(tag: bytes, values: Iterable[bytes]) -> list[bytes]:
    return [b"<xades:%s>%s</xades:%s>" % (tag, b64encode(value), tag) for value in values]


def _group(tag: bytes, items: Iterable[bytes]) -> bytes:
    return b"<xades:%s>%s</xades:%s>" % (tag, b"".join(items), tag)


def _signature_id(signature: bytes) -> str:
    head = profile.HEAD.match(signature)
    if head is None:
        raise DomainError("xades_not_our_form", detail="Signature")
    return head[1].decode()
