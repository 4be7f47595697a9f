"""An issued document on the shelf: its sheet by dictionary, its signatures packed, nothing else.

What stands between is fixed by the format, so the document comes back to the byte:
``unpack_document(pack_document(d)) == d`` for every document of our form.
"""

from __future__ import annotations

import hashlib

from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import Unreadable
from hocbaso.engines.storage.sheets import pack_text, unpack_text
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.xades.packing import KeyInfoReader

#: First octet of a packed document.
PACKED = 1


def pack_document(document: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """The packed document, and the ``KeyInfo`` elements it needs, by their SHA-256.

    :param document: as sealed, without unsigned properties.
    :raises Unreadable: not of our form (``split_document``).
    :raises DomainError: a signature is not of our form.
    """
    split = split_document(document)
    key_infos: dict[bytes, bytes] = {}
    pieces = [pack_text(split.sheet)]
    for text in split.signatures:
        packed, key_info = xades.pack_signature(text)
        key_infos[hashlib.sha256(key_info).digest()] = key_info
        pieces.append(packed)
    framed = (len(piece).to_bytes(4, "big") + piece for piece in pieces)
    return bytes([PACKED]) + b"".join(framed), key_infos


def unpack_document(stored: bytes, key_info: KeyInfoReader) -> bytes:
    """What :func:`pack_document` was given.

    :raises Unreadable: ``stored_bytes_damaged``.
    :raises DomainError: ``xades_not_our_form``.
    """
    if stored[:1] != bytes([PACKED]):
        raise Unreadable("stored_bytes_damaged")
    pieces: list[bytes] = []
    place = 1
    while place < len(stored):
        end = place + 4 + int.from_bytes(stored[place : place + 4], "big")
        pieces.append(stored[place + 4 : end])
        if end > len(stored) or end == place + 4:
            raise Unreadable("stored_bytes_damaged")
        place = end
    if not pieces:
        raise Unreadable("stored_bytes_damaged")
    signatures = [xades.unpack_signature(piece, key_info) for piece in pieces[1:]]
    return document_bytes(unpack_text(pieces[0]), signatures)
