"""The data objects of one issued sheet: what a record protects together, as one group (section 4.2).

They are the sealed document (the exported file without its ``UnsignedProperties``: the bytes as stored) and,
each in DER as it stands there in base64, everything inside them: the seal's time-stamp token, certificates,
revocation lists and answers, archive time stamps. Whoever holds the exported file can make each of them with
``sed``, ``base64`` and ``openssl dgst``; docs/evidence-records.md shows how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import MAX_DOCUMENT, split_document
from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.longterm.records.model import digest
from hocbaso.engines.trust.xades.reading import read_signature

register(
    {
        "object_without_stamp": (
            "Học bạ chưa có dấu thời gian của con dấu, nên chưa đưa vào bản ghi bằng chứng được.",
            "The seal has no time stamp yet.",
        ),
    }
)


class Kind(StrEnum):
    """What a data object is."""

    DOCUMENT = "document"
    TIME_STAMP = "time_stamp"
    CERTIFICATE = "certificate"
    CRL = "crl"
    OCSP = "ocsp"
    ARCHIVE_STAMP = "archive_time_stamp"
    FILE = "file"  # given as it is


@dataclass(frozen=True, slots=True)
class DataObject:
    """One data object; ``name`` is what people are told about it."""

    kind: Kind
    name: str
    content: bytes

    def hash(self, algorithm: str) -> bytes:
        """Its hash, which stands in the first list of the reduced tree."""
        return digest(algorithm, self.content)


def objects_of_document(document: bytes, name: str = "") -> tuple[DataObject, ...]:
    """The data objects of an exported document, each content once.

    A document without unsigned properties gives itself alone.

    :raises Unreadable: not of our form. :raises DomainError: a signature is not of our form.
    """
    parts = split_document(document)
    bare = [xades.without_unsigned(text) for text in parts.signatures]
    found = [DataObject(Kind.DOCUMENT, name or "hocba.xml", document_bytes(parts.sheet, bare))]
    seal_id = f'Id="{xades.signature_id_for(SignerRole.SEAL)}"'.encode()
    for text, without in zip(parts.signatures, bare, strict=True):
        if text != without:
            if seal_id not in text[:200]:
                raise DomainError("xades_not_our_form", detail="UnsignedProperties")
            found += _inside(read_signature(text).unsigned)
    return tuple({item.content: item for item in reversed(found)}.values())[::-1]


def _inside(unsigned: xades.Unsigned) -> Iterator[DataObject]:
    if unsigned.time_stamp is not None:
        yield DataObject(Kind.TIME_STAMP, "dấu thời gian của con dấu", unsigned.time_stamp)
    data = unsigned.everything
    for kind, title, ders in (
        (Kind.CERTIFICATE, "chứng thư", data.certificates),
        (Kind.CRL, "danh sách thu hồi", data.crls),
        (Kind.OCSP, "trả lời thu hồi", data.ocsps),
        (Kind.ARCHIVE_STAMP, "dấu thời gian lưu trữ", tuple(stamp.token for stamp in unsigned.archive)),
    ):
        for number, der in enumerate(ders, 1):
            yield DataObject(kind, f"{title} {number}", der)


def objects_of_file(
    name: str, data: bytes, wanted: Callable[[DataObject], bool] = lambda _: True
) -> tuple[DataObject, ...]:
    """The data objects of a file that somebody holds: an exported XML or PDF, or one object as it is.

    :param wanted: of a PDF with the sheets of several years, which documents count; all, when none does.
    :raises Unreadable: a PDF without our XML, or beyond a limit.
    """
    if b"%PDF-" in data[:1024]:
        # Read by the verifier's own limits; imported late, because a PDF reader is heavy and rarely wanted.
        from hocbaso.engines.trust.verification.pdf import attached_documents

        documents, _ = attached_documents(data)
        groups = [objects_of_document(text, name) for text in documents.values()]
        chosen = [group for group in groups if wanted(group[0])] or groups
        return tuple(item for group in chosen for item in group)
    if data.startswith(b"<HocBaSo"):
        return objects_of_document(data, name)
    if len(data) > MAX_DOCUMENT:
        raise Unreadable("document_too_large", what="số byte", limit=MAX_DOCUMENT)
    return (DataObject(Kind.FILE, name, data),)


def member_hashes(objects: tuple[DataObject, ...], algorithm: str) -> tuple[bytes, ...]:
    """The hashes of a sheet's group in ascending order.

    :raises DomainError: ``object_without_stamp``: a group is a document with its time stamp at least.
    """
    if not any(item.kind is Kind.TIME_STAMP for item in objects):
        raise DomainError("object_without_stamp")
    return tuple(sorted(item.hash(algorithm) for item in objects))
