"""The one form in which revisions behind a seal are written: objects, cross-reference table, trailer.

What a revision says follows from the bytes before it and from the DER that it brings: ``pades_revisions.py``.
Sources: ISO 32000-2 sections 7.5.6 (incremental updates), 12.8.4.3 (DSS), 12.8.5 (DocTimeStamp);
EN 319 142-1 clauses 5.4.2 and 5.4.3; ISO 19005-3 sections 6.1.3 to 6.1.9 (form of objects), 6.3.3 (marks).
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import (
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import PdfFileReader

#: What the streams of a file may unpack to.
_LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_ratio=600, max_output_size=16 * 1024 * 1024),
    document_budget=DocumentDecodeBudget(base_allowance=24 * 1024 * 1024, max_ratio=2),
)
#: A rendition takes some 60 000 steps and 50 objects, and has no object streams at all.
_MOST_READS = 2_000_000
_MOST_LOOKUPS = 50_000
_MOST_PACKED = 2 * 1024 * 1024
_FIELD = "DauThoiGian"
#: Space for the three numbers of a byte range, as they become known last.
_RANGE_WIDTH = 40


@dataclass(frozen=True, slots=True)
class StoreRevision:
    """Validation data that one revision added, DER; nothing in the file signs them."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    end: int = 0  # offset behind the revision

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls or self.ocsps)


@dataclass(frozen=True, slots=True)
class State:
    """What the next revision is written from. Entries of dictionaries are in their written form."""

    length: int
    table: int  # offset of the newest cross-reference table
    size: int  # the next free object number
    root: int
    catalog: dict[bytes, bytes]
    form: int
    form_entries: dict[bytes, bytes]
    fields: tuple[int, ...]
    page: int
    page_entries: dict[bytes, bytes]
    annotations: tuple[bytes, ...]
    info: bytes
    identity: bytes
    store: int | None = None  # object number of the DSS
    certificates: tuple[int, ...] = ()
    crls: tuple[int, ...] = ()
    ocsps: tuple[int, ...] = ()
    stamps: int = 0


def open_pdf(pdf: bytes) -> PdfFileReader:
    """The one reader of PDF: strict, with limits on what streams may unpack to.

    :raises PdfError, ValueError, …: whatever pyHanko raises on hostile files.
    """
    return _BoundedReader(_Counted(pdf), strict=True, decode_limits=_LIMITS)


class _Counted(io.BytesIO):
    """The octets of a file, to be read in so many steps and no more: parsing costs by the step, and a file
    may hold a list of a million entries, or two lists that lead into each other."""

    left = _MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise ValueError("too much to parse")
        return super().read(size)


class _BoundedReader(PdfFileReader):
    """Counts what a file makes a reader do: objects looked up, and octets of object streams."""

    _lookups = 0
    _packed = 0

    def get_object(self, *args: Any, **options: Any) -> Any:
        self._lookups += 1
        if self._lookups > _MOST_LOOKUPS:
            raise ValueError("too many objects")
        return super().get_object(*args, **options)  # type: ignore[no-untyped-call]

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        stream = generic.Reference(stmnum, 0, self).get_object()
        if isinstance(stream, generic.StreamObject):
            packed = stream.read_data(DecodePurpose.OBJECT_STREAM)
            self._packed += len(packed)
        if self._packed > _MOST_PACKED:
            raise ValueError("too much in object streams")
        return super()._get_object_from_stream(idnum, stmnum, idx)  # type: ignore[no-untyped-call]


# --- reading what the seal covers --------------------------------------------------------------------------


def opened(sealed: bytes) -> State:
    """Catalog, form and first page of the sealed revision, in the form in which they are written again."""
    reader = open_pdf(sealed)
    trailer = reader.trailer
    root, form = trailer.raw_get("/Root"), reader.root.raw_get("/AcroForm")
    page = reader.find_page_for_modification(0)[0]  # type: ignore[no-untyped-call]
    numbers = [_number(reference) for reference in (root, form, page)]
    catalog, fields = _dictionary(reader.root), form.get_object()["/Fields"]
    first = page.get_object()
    if b"/DSS" in catalog or not sealed.endswith(b"%%EOF\n"):
        raise ValueError("the sealed revision is not of our form")
    table = re.search(rb"startxref\n([0-9]{1,10})\n%%EOF\n\Z", sealed[-40:])
    if table is None:
        raise ValueError("no cross-reference table")
    return State(
        length=len(sealed),
        table=int(table[1]),
        size=int(trailer["/Size"]),
        root=numbers[0],
        catalog=catalog,
        form=numbers[1],
        form_entries=_dictionary(form.get_object(), without="/Fields"),
        fields=tuple(_number(fields.raw_get(at)) for at in range(len(fields))),
        page=numbers[2],
        page_entries=_dictionary(first, without="/Annots"),
        annotations=_items(first["/Annots"]),
        info=_written(trailer.raw_get("/Info")) if "/Info" in trailer else b"",
        identity=_octets(trailer["/ID"][0]),
    )


def _number(reference: Any) -> int:
    if not isinstance(reference, generic.IndirectObject) or reference.generation != 0:
        raise ValueError("an object of the form stands not by itself")
    return int(reference.idnum)


def _dictionary(found: Any, without: str = "") -> dict[bytes, bytes]:
    if not isinstance(found, generic.DictionaryObject) or isinstance(found, generic.StreamObject):
        raise ValueError("not a dictionary")
    return {_written(key): _written(found.raw_get(key)) for key in found if key != without}


def _items(found: Any) -> tuple[bytes, ...]:
    if not isinstance(found, generic.ArrayObject):
        raise ValueError("not an array")
    return tuple(_written(found.raw_get(at)) for at in range(len(found)))


def _octets(found: Any) -> bytes:
    if isinstance(found, generic.ByteStringObject | generic.TextStringObject):
        octets: bytes = found.original_bytes
        return octets
    raise ValueError("not a string")


def _written(value: Any, depth: int = 0) -> bytes:
    """A PDF value in the one form in which we write it."""
    if depth > 16:
        raise ValueError("nested too deeply")
    match value:
        case generic.IndirectObject():
            return b"%d %d R" % (value.idnum, value.generation)
        case generic.StreamObject():
            raise ValueError("a stream inside a dictionary")
        case generic.DictionaryObject():
            parts = [_written(key) + b" " + _written(value.raw_get(key), depth + 1) for key in value]
            return b"<<" + b"".join(parts) + b">>"
        case generic.ArrayObject():
            return b"[" + b" ".join(_written(value.raw_get(at), depth + 1) for at in range(len(value))) + b"]"
        case generic.NameObject():
            return b"/" + b"".join(_name_octet(octet) for octet in value[1:].encode("utf-8"))
        case generic.BooleanObject():
            return b"true" if value else b"false"
        case generic.NullObject():
            return b"null"
        case generic.NumberObject():
            return b"%d" % int(value)
        case generic.FloatObject():
            return format(Decimal(str(value)), "f").encode("ascii")
        case _:
            return b"<" + _octets(value).hex().upper().encode("ascii") + b">"


def _name_octet(octet: int) -> bytes:
    plain = 0x21 <= octet <= 0x7E and octet not in b"#%()/<>[]{}"
    return bytes([octet]) if plain else b"#%02X" % octet


# --- writing -----------------------------------------------------------------------------------------------


def write_store(before: bytes, state: State, added: StoreRevision) -> tuple[bytes, State]:
    """The octets of a revision of validation data, and the state after it."""
    number, objects = state.size, list[tuple[int, bytes]]()
    numbers: list[tuple[int, ...]] = []
    for group in (added.certificates, added.crls, added.ocsps):
        for der in group:
            objects.append(
                (number + len(objects), b"<</Length %d>>\nstream\n%s\nendstream" % (len(der), der))
            )
        numbers.append(tuple(range(number + len(objects) - len(group), number + len(objects))))
    number += len(objects)
    after = replace(
        state,
        certificates=state.certificates + numbers[0],
        crls=state.crls + numbers[1],
        ocsps=state.ocsps + numbers[2],
    )
    if after.store is None:
        after = replace(after, store=number)
        number += 1
    assert after.store is not None
    lists = (after.certificates, after.crls, after.ocsps)
    objects.append(
        (after.store, b"<</Type/DSS/Certs[%s]/CRLs[%s]/OCSPs[%s]>>" % tuple(map(_references, lists)))
    )
    if state.store is None:
        after = replace(after, catalog=after.catalog | {b"/DSS": b"%d 0 R" % after.store})
        objects.append((after.root, _joined(after.catalog)))
    return _finish(before, replace(after, size=number), objects)


def write_stamp(before: bytes, state: State, filled: bytes) -> tuple[bytes, tuple[int, int], State]:
    """The octets of a revision with a document time stamp, where its value stands, and the state after."""
    signature, field = state.size, state.size + 1
    after = replace(
        state,
        size=state.size + 2,
        stamps=state.stamps + 1,
        fields=(*state.fields, field),
        annotations=(*state.annotations, b"%d 0 R" % field),
    )
    head = (
        b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/V 0/ByteRange[%s]/Contents"
        % bytes(b" " * _RANGE_WIDTH)
    )
    value = b"<" + filled.hex().upper().encode("ascii") + b">"
    name = f"{_FIELD}{after.stamps}".encode()
    # No place on the page (an empty rectangle needs no appearance), printed and locked, as the seal's own.
    widget = b"<</FT/Sig/T(%s)/Type/Annot/Subtype/Widget/F 132/Rect[0 0 0 0]/P %d 0 R/V %d 0 R>>"
    objects = [
        (signature, head + value + b">>"),
        (field, widget % (name, state.page, signature)),
        (
            state.form,
            _joined(after.form_entries | {b"/Fields": b"[" + _references(after.fields) + b"]"}),
        ),
        (
            state.page,
            _joined(after.page_entries | {b"/Annots": b"[" + b" ".join(after.annotations) + b"]"}),
        ),
    ]
    text, after = _finish(before, after, objects)
    gap = text.index(value)
    gap_end = gap + len(value)
    start = len(before)
    numbers = b"0 %d %d %d" % (start + gap, start + gap_end, len(text) - gap_end)
    place = text.index(b" " * _RANGE_WIDTH)
    text = text[:place] + numbers.ljust(_RANGE_WIDTH) + text[place + _RANGE_WIDTH :]
    return text, (gap, gap_end), after


def _references(numbers: Iterable[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _joined(entries: dict[bytes, bytes]) -> bytes:
    return b"<<" + b"".join(key + b" " + value for key, value in entries.items()) + b">>"


def _finish(before: bytes, state: State, objects: list[tuple[int, bytes]]) -> tuple[bytes, State]:
    """Objects, their cross-reference table and the trailer."""
    text, places = bytearray(), dict[int, int]()
    for number, body in objects:
        places[number] = len(before) + len(text)
        text += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(before) + len(text)
    text += b"xref\n" + _table(places)
    # The second identifier names this very revision (ISO 32000-2 section 14.4).
    names = (state.identity, hashlib.sha256(before).digest()[:16])
    identity = b"".join(b"<" + name.hex().upper().encode("ascii") + b">" for name in names)
    info = b"/Info " + state.info if state.info else b""
    text += b"trailer\n<</Size %d/Root %d 0 R%s/ID[%s]/Prev %d>>\n" % (
        state.size,
        state.root,
        info,
        identity,
        state.table,
    )
    text += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(text), replace(state, table=table, length=len(before) + len(text))


def _table(places: dict[int, int]) -> bytes:
    """Cross-reference subsections: runs of neighbouring numbers."""
    lines, run = bytearray(), list[int]()
    for number in [*sorted(places), -1]:
        if run and number != run[-1] + 1:
            lines += b"%d %d\n" % (run[0], len(run))
            lines += b"".join(b"%010d 00000 n \n" % places[item] for item in run)
            run = []
        run.append(number)
    return bytes(lines)
