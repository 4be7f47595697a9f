"""What no rendition of a transcript has in it: actions that run, layers that hide, fields to fill in, film.

A seal covers such things like any other octet, and a viewer that obeys them shows after the check what it did
not show before (shadow attacks "hide" and "replace" prepared before sealing). PDF/A forbids most of them
(ISO 19005-3 sections 6.4 and 6.5); whoever seals renditions with this program makes none. So a sealed PDF
that holds one is refused, whoever sealed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic

from hocbaso.engines.trust.pades_objects import open_pdf

#: Far more than a rendition or a booklet has.
_MOST_OBJECTS = 20_000
_MOST_DEPTH = 64
#: Keys that only such things have, wherever they stand.
_KEYS = {
    "/JS": "mã JavaScript",
    "/JavaScript": "mã JavaScript",
    "/OpenAction": "hành động tự chạy",
    "/AA": "hành động tự chạy",
    "/OCProperties": "lớp ẩn hiện",
    "/OCGs": "lớp ẩn hiện",
    "/XFA": "biểu mẫu động",
    "/RichMediaContent": "phim hoặc âm thanh",
    "/Movie": "phim hoặc âm thanh",
}
#: Kinds of actions (``/S``) and of things on a page (``/Subtype``).
_ACTIONS = (
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/ResetForm",
    "/Rendition",
    "/GoToE",
    "/GoToR",
    "/SetOCGState",
    "/Hide",
    "/Movie",
    "/Sound",
    "/RichMediaExecute",
)
_MARKS = ("/Movie", "/Sound", "/Screen", "/RichMedia", "/3D", "/FreeText", "/Stamp", "/Redact", "/Popup")


def active_content(sealed: bytes) -> str | None:
    """In Vietnamese what was found first in any object of a sealed revision, or ``None``.

    :raises PdfError, ValueError, …: what the reader raises on hostile files.
    """
    reader: Any = open_pdf(sealed)
    table, known, freed = reader.xrefs, set[Any](), set[Any]()
    for revision in range(table.total_revisions):
        known |= table.explicit_refs_in_revision(revision)
        freed |= table.refs_freed_in_revision(revision)
    if len(known) > _MOST_OBJECTS:
        raise ValueError("too many objects")
    for reference in sorted(known - freed, key=lambda one: (one.idnum, one.generation)):
        for word in _words(reader.get_object(reference), 0):
            return word
    return None


def _name(value: generic.DictionaryObject, key: str) -> str:
    """A name, also where another object holds it."""
    found = value.get(key, "")
    return str(found) if isinstance(found, str) else ""


def _words(value: Any, depth: int) -> Iterator[str]:
    if depth > _MOST_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, generic.DictionaryObject):
        yield from (word for key, word in _KEYS.items() if key in value)
        if _name(value, "/S") in _ACTIONS:
            yield "hành động tự chạy"
        if _name(value, "/Subtype") in _MARKS:
            yield "vật chèn lên trang"
        if "/FT" in value and _name(value, "/FT") != "/Sig":
            yield "ô biểu mẫu"
        for key in value:
            yield from _words(value.raw_get(key), depth + 1)
    elif isinstance(value, generic.ArrayObject):
        for at in range(len(value)):
            yield from _words(value.raw_get(at), depth + 1)
