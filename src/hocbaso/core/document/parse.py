"""Reading documents: strict, bounded before anything is parsed, exact inverse of the emitter.

Whole documents are taken apart on their raw bytes with every byte outside ``ToNamHoc`` and the signatures
pinned, because no signature covers those (``trust.md`` sections 1 and 3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from lxml import etree

from hocbaso.core.document.emit import emit
from hocbaso.core.document.forms import check_whole, form_of_text
from hocbaso.core.document.model import YearSheet
from hocbaso.core.document.names import (
    HEAD,
    SHEET_ID,
    SIGNATURES_CLOSE,
    SIGNATURES_OPEN,
    TAIL,
    sheet_canonical,
)
from hocbaso.core.errors import DomainError, Unreadable, register

#: Greatest sizes in bytes. Certificates, revocation lists and archive stamps make up most of a document.
MAX_DOCUMENT = 8 * 1024 * 1024
MAX_SHEET = 512 * 1024
MAX_ELEMENTS = 20_000
MAX_DEPTH = 24
MAX_SIGNATURES = 30

SHEET_OPEN = f'<ToNamHoc Id="{SHEET_ID}">'.encode()
SHEET_CLOSE = b"</ToNamHoc>"
_SIGNATURE_CLOSE = b"</ds:Signature>"
_SIGNATURE_OPEN = re.compile(rb"<ds:Signature[\s>/]")
_TAG_ENDS = re.compile(rb"</|/>|<")
_DEPTH = {b"<": 1, b"</": -1, b"/>": -1}

register(
    {
        "document_too_large": (
            "Tệp quá lớn hoặc quá phức tạp so với một tờ học bạ ({what} vượt {limit}).",
            "The document exceeds a limit: {what} over {limit}.",
        ),
        "document_forbidden_markup": (
            "Tệp chứa thành phần XML không được phép (DTD, CDATA, chú thích hoặc chỉ thị xử lý).",
            "The document holds a DTD, CDATA, a comment or a processing instruction.",
        ),
        "document_wrapper": (
            "Phần bao ngoài của tệp học bạ không đúng từng byte như khi phát hành; tệp đã bị sửa hoặc không "
            "phải học bạ số.",
            "The bytes outside the signed parts are not those of an issued document ({what}).",
        ),
        "document_not_xml": (
            "Không đọc được tệp: nội dung không phải XML hợp lệ.",
            "The content is not well-formed XML in UTF-8.",
        ),
        "document_not_canonical": (
            "Nội dung tệp đọc được nhưng không đúng từng byte như hệ thống phát hành; tệp đã bị sửa.",
            "The text is not what the emitter writes for its own content.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class SplitDocument:
    """A document's bytes: the signed sheet and each ``ds:Signature``, in order; all else is fixed."""

    sheet: bytes
    signatures: tuple[bytes, ...]


def hardened_parser() -> etree.XMLParser:
    """A parser that loads nothing, expands nothing and keeps libxml2's own limits."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def check_limits(document: bytes) -> None:
    """Refuse by its raw bytes what must not reach a parser; applies to any XML of the profile.

    ``<`` cannot stand in text or attribute values, so counting it counts tags.

    :raises Unreadable: ``document_too_large``, ``document_forbidden_markup``.
    """
    _check_bytes(document)
    if document.count(b"<") > 2 * MAX_ELEMENTS:
        raise Unreadable("document_too_large", what="số phần tử", limit=MAX_ELEMENTS)
    steps = map(_DEPTH.__getitem__, _TAG_ENDS.findall(document))
    if max(accumulate(steps), default=0) > MAX_DEPTH:
        raise Unreadable("document_too_large", what="số tầng", limit=MAX_DEPTH)


def _check_bytes(document: bytes) -> None:
    if len(document) > MAX_DOCUMENT:
        raise Unreadable("document_too_large", what="số byte", limit=MAX_DOCUMENT)
    for mark in (b"!", b"?"):  # a single byte is looked for ten times faster, and is rarely there
        if mark in document and b"<" + mark in document:
            raise Unreadable("document_forbidden_markup")


def split_document(document: bytes) -> SplitDocument:
    """Take a whole document apart on its raw bytes; ``document_bytes(sheet, signatures)`` is its inverse.

    The slices are not parsed: a signature's well-formedness is for whoever verifies it.

    :raises Unreadable: ``document_wrapper`` (any byte outside differs), ``document_too_large``,
        ``document_forbidden_markup``.
    """
    _check_bytes(document)
    if not document.startswith(HEAD + SHEET_OPEN):
        raise Unreadable("document_wrapper", what="head")
    end = document.find(SHEET_CLOSE)
    if end < 0 or not document.startswith(SIGNATURES_OPEN, end + len(SHEET_CLOSE)):
        raise Unreadable("document_wrapper", what="sheet")
    sheet = document[len(HEAD) : end + len(SHEET_CLOSE)]
    if len(sheet) > MAX_SHEET:
        raise Unreadable("document_too_large", what="số byte", limit=MAX_SHEET)
    closing = SIGNATURES_CLOSE + TAIL
    if not document.endswith(closing):
        raise Unreadable("document_wrapper", what="tail")
    inside = document[end + len(SHEET_CLOSE) + len(SIGNATURES_OPEN) : -len(closing)]
    return SplitDocument(sheet, _split_signatures(inside))


def _split_signatures(inside: bytes) -> tuple[bytes, ...]:
    pieces = inside.split(_SIGNATURE_CLOSE)
    if pieces.pop():
        raise Unreadable("document_wrapper", what="signatures")
    if len(pieces) > MAX_SIGNATURES:
        raise Unreadable("document_too_large", what="số chữ ký", limit=MAX_SIGNATURES)
    # every piece opens one signature and there are no more: none stands inside another
    named, method, value = (inside.count(b"<ds:Signature" + rest) for rest in (b"", b"Method", b"Value"))
    if named - method - value != len(pieces) or not all(map(_SIGNATURE_OPEN.match, pieces)):
        raise Unreadable("document_wrapper", what="signatures")
    return tuple(piece + _SIGNATURE_CLOSE for piece in pieces)


def parse_sheet(document: bytes) -> YearSheet:
    """Read a year sheet from a whole document or from the text of its ``ToNamHoc``.

    What is returned writes exactly the bytes read: ``emit(parse_sheet(text)) == text``.

    :raises Unreadable: the codes of :func:`split_document` and of ``emit``, and ``document_not_xml``,
        ``document_structure``, ``document_not_canonical``.
    """
    sheet = document if document.startswith(SHEET_OPEN) else split_document(document).sheet
    if len(sheet) > MAX_SHEET:
        raise Unreadable("document_too_large", what="số byte", limit=MAX_SHEET)
    read = form_of_text(sheet)[1].read(sheet)
    if read is None or not isinstance(read, YearSheet):
        return parse_carefully(sheet)
    try:
        check_whole(read)
    except DomainError as error:
        raise Unreadable(error.code, **error.params) from error
    return read


def parse_carefully(sheet: bytes) -> YearSheet:
    """:func:`parse_sheet` of a ``ToNamHoc`` text with a real XML parser, and by writing it once more.

    It decides wherever the quick way is in doubt, and names what is wrong.
    """
    check_limits(sheet)
    try:
        root = etree.fromstring(sheet_canonical(sheet), hardened_parser())
    except etree.XMLSyntaxError as error:
        raise Unreadable("document_not_xml") from error
    try:
        read = form_of_text(sheet)[0].read(root)
        text = emit(read)
    except Unreadable:
        raise
    except DomainError as error:
        raise Unreadable(error.code, **error.params) from error
    if text != sheet or not isinstance(read, YearSheet):
        raise Unreadable("document_not_canonical")
    return read
