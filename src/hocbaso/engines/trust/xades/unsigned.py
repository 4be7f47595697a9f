"""Unsigned properties: put in on export only, without touching a signed byte.

A stored signature never holds any; B-T adds the signature time stamp over ``ds:SignatureValue``, B-LT the
certificates and revocation answers, B-LTA archive time stamps, each followed by what validates it
(EN 319 132-1 clauses 5.3, 5.4, 5.5 and 6.3). The order is fixed::

    SignatureTimeStamp [TimeStampValidationData] [CertificateValues] [RevocationValues]
    (ArchiveTimeStamp [TimeStampValidationData])*
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hocbaso.core.document.names import XADES141
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
_XMLNS_141 = f' xmlns:xades141="{XADES141}"'.encode()
#: Renewals in a row: one in ten years would need a thousand years for so many.
MAX_ARCHIVE_STAMPS = 100
_PART = re.compile(
    rb"<(xades141:ArchiveTimeStamp|/?xades141:TimeStampValidationData|xades:Encapsulated[A-Za-z0-9]{1,20})"
    rb"(?: [^<>]*)?>([A-Za-z0-9+/=]*)"
)


@dataclass(frozen=True, slots=True)
class ValidationData:
    """What proves certificates: further certificates and revocation answers, DER of each."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls or self.ocsps)


NO_DATA = ValidationData()


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """One archive time stamp: DER of its token, and what validates that token."""

    token: bytes
    data: ValidationData = NO_DATA


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What stands beside the signature: DER of each.

    ``certificates``, ``crls`` and ``ocsps`` are those of the signers, ``stamp_data`` those of the signature
    time stamp; ``archive`` are the archive time stamps, oldest first.
    """

    time_stamp: bytes | None = None
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    stamp_data: ValidationData = NO_DATA
    archive: tuple[ArchiveStamp, ...] = ()

    @property
    def groups(self) -> tuple[ValidationData, ...]:
        """Every group of validation data, in the order of the text."""
        own = ValidationData(self.certificates, self.crls, self.ocsps)
        return (self.stamp_data, own, *(stamp.data for stamp in self.archive))

    @property
    def everything(self) -> ValidationData:
        """All validation data together, each item once."""
        groups = self.groups
        return ValidationData(
            tuple(dict.fromkeys(der for group in groups for der in group.certificates)),
            tuple(dict.fromkeys(der for group in groups for der in group.crls)),
            tuple(dict.fromkeys(der for group in groups for der in group.ocsps)),
        )


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
    unsigned = Unsigned(time_stamp, tuple(certificates), tuple(crls), tuple(ocsps))
    return with_properties(signature, unsigned)


def with_properties(signature: bytes, unsigned: Unsigned) -> bytes:
    """:func:`with_unsigned` for everything that B-LT and B-LTA want.

    :raises DomainError: ``xades_already_extended``, ``xades_not_our_form``.
    """
    tail = profile.PROPERTIES_CLOSE + profile.QUALIFYING_CLOSE
    if _OPEN in signature:
        raise DomainError("xades_already_extended")
    if not signature.endswith(tail):
        raise DomainError("xades_not_our_form", detail="QualifyingProperties")
    cut = len(signature) - len(profile.QUALIFYING_CLOSE)
    return signature[:cut] + render_unsigned(_signature_id(signature), unsigned) + profile.QUALIFYING_CLOSE


def without_unsigned(signature: bytes) -> bytes:
    """The stored form of an exported signature: its unsigned properties taken out again."""
    start = signature.find(profile.PROPERTIES_CLOSE + _OPEN)
    if start < 0:
        return signature
    return signature[: start + len(profile.PROPERTIES_CLOSE)] + profile.QUALIFYING_CLOSE


def render_unsigned(signature_id: str, unsigned: Unsigned) -> bytes:
    """The ``UnsignedProperties`` element, or nothing when there is nothing to say."""
    parts = [*_before_archive(signature_id, unsigned)]
    for number, stamp in enumerate(unsigned.archive, 1):
        parts += _archive_parts(signature_id, number, stamp)
    return b"".join([_OPEN, *parts, _CLOSE]) if parts else b""


def canonical_properties_before(signature_id: str, unsigned: Unsigned, archived: int) -> Iterator[bytes]:
    """C14N 1.0 of each unsigned property that stands before the archive stamp number ``archived + 1``.

    The emitted text of a property is canonical but for the namespaces in scope, which its start tag gets.
    """
    parts = [*_before_archive(signature_id, unsigned)]
    for number, stamp in enumerate(unsigned.archive[:archived], 1):
        parts += _archive_parts(signature_id, number, stamp)
    scope = profile.XMLNS + profile.XMLNS_DS + profile.XMLNS_XADES
    for part in parts:
        name = _NAME.match(part)
        assert name is not None
        yield part[: name.end()] + scope + part[name.end() :]


_NAME = re.compile(rb"<[a-z0-9]+:[A-Za-z0-9]+")


def _before_archive(signature_id: str, unsigned: Unsigned) -> Iterator[bytes]:
    if unsigned.time_stamp is not None:
        head = b'<xades:SignatureTimeStamp Id="%s-ts">' % signature_id.encode()
        yield _stamp(head, unsigned.time_stamp, b"</xades:SignatureTimeStamp>")
    if unsigned.stamp_data:
        yield _data_of_stamp(unsigned.stamp_data)
    own = ValidationData(unsigned.certificates, unsigned.crls, unsigned.ocsps)
    yield from _values(own)


def _archive_parts(signature_id: str, number: int, stamp: ArchiveStamp) -> Iterator[bytes]:
    head = b'<xades141:ArchiveTimeStamp%s Id="%s-ats-%d">' % (_XMLNS_141, signature_id.encode(), number)
    yield _stamp(head, stamp.token, b"</xades141:ArchiveTimeStamp>")
    if stamp.data:
        yield _data_of_stamp(stamp.data)


def _stamp(head: bytes, token: bytes, close: bytes) -> bytes:
    parts = (head, profile.C14N_METHOD, _STAMP_TOKEN, b64encode(token), b"</xades:EncapsulatedTimeStamp>")
    return b"".join(parts) + close


def _data_of_stamp(data: ValidationData) -> bytes:
    """Without ``URI``: it stands right behind the stamp that it validates (EN 319 132-1 clause 5.5.1)."""
    tag = b"xades141:TimeStampValidationData"
    return b"<%s%s>%s</%s>" % (tag, _XMLNS_141, b"".join(_values(data)), tag)


def _values(data: ValidationData) -> Iterator[bytes]:
    if data.certificates:
        yield _group(b"CertificateValues", _items(b"EncapsulatedX509Certificate", data.certificates))
    revocation: list[bytes] = []
    if data.crls:
        revocation.append(_group(b"CRLValues", _items(b"EncapsulatedCRLValue", data.crls)))
    if data.ocsps:
        revocation.append(_group(b"OCSPValues", _items(b"EncapsulatedOCSPValue", data.ocsps)))
    if revocation:
        yield _group(b"RevocationValues", revocation)


def read_unsigned(signature_id: str, text: bytes) -> Unsigned:
    """The parts of an ``UnsignedProperties`` text (empty: none); only our emitted form is read.

    :raises DomainError: ``xades_not_our_form``.
    """
    if not text:
        return Unsigned()
    try:
        unsigned = _collect(_PART.findall(text))
    except ValueError as error:
        raise DomainError("xades_not_our_form", detail="UnsignedProperties") from error
    # What was read must give the same bytes again: nothing else can stand between the parts.
    if render_unsigned(signature_id, unsigned) != text:
        raise DomainError("xades_not_our_form", detail="UnsignedProperties")
    return unsigned


def _collect(parts: list[tuple[bytes, bytes]]) -> Unsigned:
    """Put found values where they belong; whether they stood there rightly, rendering anew will tell.

    :raises ValueError: no base64, or more than the form allows.
    """
    signers: dict[bytes, list[bytes]] = {}
    datas: dict[int, dict[bytes, list[bytes]]] = {}  # by the number of the stamp
    stamps: list[bytes | None] = [None]  # of the signature, then archive stamps
    of_stamp = False
    for tag, value in parts:
        if tag == b"xades141:ArchiveTimeStamp":
            stamps.append(None)
            if len(stamps) > MAX_ARCHIVE_STAMPS + 1:
                raise ValueError("archive time stamps")
        elif tag == b"xades141:TimeStampValidationData":
            of_stamp = True
        elif tag == b"/xades141:TimeStampValidationData":
            of_stamp = False
        elif tag == b"xades:EncapsulatedTimeStamp":
            stamps[-1] = b64decode(value, validate=True)
        else:
            group = datas.setdefault(len(stamps) - 1, {}) if of_stamp else signers
            group.setdefault(tag, []).append(b64decode(value, validate=True))
    own = _data_from(signers)
    return Unsigned(
        stamps[0],
        own.certificates,
        own.crls,
        own.ocsps,
        _data_from(datas.get(0, {})),
        tuple(
            ArchiveStamp(token or b"", _data_from(datas.get(number, {})))
            for number, token in enumerate(stamps[1:], 1)
        ),
    )


def _data_from(found: dict[bytes, list[bytes]]) -> ValidationData:
    return ValidationData(
        tuple(found.get(b"xades:EncapsulatedX509Certificate", ())),
        tuple(found.get(b"xades:EncapsulatedCRLValue", ())),
        tuple(found.get(b"xades:EncapsulatedOCSPValue", ())),
    )


def _items(tag: bytes, values: Iterable[bytes]) -> list[bytes]:
    return [b"<xades:%s>%s</xades:%s>" % (tag, b64encode(value), tag) for value in values]


def _group(tag: bytes, items: Iterable[bytes]) -> bytes:
    return b"<xades:%s>%s</xades:%s>" % (tag, b"".join(items), tag)


def _signature_id(signature: bytes) -> str:
    head = profile.HEAD.match(signature)
    if head is None:
        raise DomainError("xades_not_our_form", detail="Signature")
    return head[1].decode()
