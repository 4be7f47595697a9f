"""A year sheet's text, compressed with a dictionary of what all year sheets have in common.

A dictionary never changes: a frame names the one it was made with (RFC 8878 section 3.1.1.1.3), and what was
stored with an old one stays readable for ever. A better one gets the next number.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from typing import Final

import zstandard

from hocbaso.core.document.parse import MAX_SHEET
from hocbaso.core.errors import Unreadable, register

register(
    {
        "stored_bytes_damaged": (
            "Nội dung lưu trữ bị hỏng nên không đọc được. Hãy báo quản trị hệ thống.",
            "The stored bytes are damaged.",
        ),
    }
)

#: Dictionary number → file. Trained by ``tools/train_dictionary.py`` on synthetic sheets of all forms.
_FILES: Final = {50_001: "to-nam-hoc-1.zdict"}
_CURRENT: Final = 50_001
_LEVEL: Final = 9


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    data = (resources.files(__package__) / "dictionaries" / _FILES[number]).read_bytes()
    return zstandard.ZstdCompressionDict(data)


class _Shelf(threading.local):
    """A compressor is no thing for several threads at a time, and takes a while to read its dictionary."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=_dictionary(_CURRENT), write_checksum=True
        )


_SHELF = _Shelf()


@cache
def _decompressor(number: int) -> zstandard.ZstdDecompressor:
    if not number:
        return zstandard.ZstdDecompressor()
    return zstandard.ZstdDecompressor(dict_data=_dictionary(number))


def pack_text(text: bytes) -> bytes:
    """The text as one zstd frame with a checksum; the same text always gives the same bytes."""
    return _SHELF.compressor.compress(text)


def unpack_text(stored: bytes) -> bytes:
    """What :func:`pack_text` was given.

    :raises Unreadable: ``stored_bytes_damaged``.
    """
    try:
        number = zstandard.get_frame_parameters(stored).dict_id
        if number and number not in _FILES:
            raise Unreadable("stored_bytes_damaged")
        return _decompressor(number).decompress(stored, max_output_size=MAX_SHEET)
    except zstandard.ZstdError as error:
        raise Unreadable("stored_bytes_damaged") from error
