"""The fonts of the form, and which characters they can print.

PDF/A embeds every glyph: a character without one makes the export fail. It is therefore refused where it
enters (``trust.md`` section 1), by :func:`require_printable`, with a sentence that names it.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from hocbaso.core.errors import DomainError, register

register(
    {
        "character_not_printable": (
            "{field} có ký tự không in được trên học bạ: {characters}. Thầy cô hãy xóa hoặc viết lại bằng "
            "chữ cái, chữ số và dấu câu thông thường.",
            "{field} holds characters that the form's font lacks: {characters}.",
        )
    }
)

FONT_DIR = Path(__file__).parent / "fonts"
#: Faces that print data. The monospaced face prints codes and digests only, which are ASCII.
TEXT_FACES = ("Regular", "Bold", "Italic", "BoldItalic")

_NOT_TEXT = frozenset({0x2028, 0x2029, 0xFFFC})


def _table(font: bytes, tag: bytes) -> bytes:
    """One table of an sfnt file (OpenType 1.9, "Organization of an OpenType font")."""
    (count,) = struct.unpack_from(">H", font, 4)
    for index in range(count):
        name, _, offset, length = struct.unpack_from(">4sIII", font, 12 + 16 * index)
        if name == tag:
            return font[offset : offset + length]
    raise ValueError(f"the font has no table {tag!r}")


def _segments(subtable: bytes) -> Iterable[tuple[int, int, int]]:
    """(first, last, segment) of a format 4 character map."""
    (doubled,) = struct.unpack_from(">H", subtable, 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", subtable, 14)
    starts = struct.unpack_from(f">{count}H", subtable, 16 + doubled)
    return zip(starts, ends, range(count), strict=True)


def _glyph(subtable: bytes, character: int, start: int, segment: int) -> int:
    """Glyph number of ``character`` in a segment of a format 4 map, 0 = none (OpenType 1.9, cmap)."""
    (doubled,) = struct.unpack_from(">H", subtable, 6)
    delta: int = struct.unpack_from(">H", subtable, 16 + 2 * doubled + 2 * segment)[0]
    at = 16 + 3 * doubled + 2 * segment
    (range_offset,) = struct.unpack_from(">H", subtable, at)
    if range_offset == 0:
        return (character + delta) & 0xFFFF
    glyph: int = struct.unpack_from(">H", subtable, at + range_offset + 2 * (character - start))[0]
    return (glyph + delta) & 0xFFFF if glyph else 0


def codepoints(font: bytes) -> frozenset[int]:
    """Characters of the basic plane for which a TrueType file has a glyph (cmap format 4, platform 3/1)."""
    cmap = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", cmap, 2)
    for index in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", cmap, 4 + 8 * index)
        if (platform, encoding) == (3, 1) and struct.unpack_from(">H", cmap, offset) == (4,):
            subtable = cmap[offset:]
            return frozenset(
                character
                for start, end, segment in _segments(subtable)
                for character in range(start, end + 1)
                if character != 0xFFFF and _glyph(subtable, character, start, segment)
            )
    raise ValueError("the font has no format 4 character map for Unicode")


@lru_cache(maxsize=1)
def printable_codepoints() -> frozenset[int]:
    """Characters that every text face prints, and the line feed.

    Control, format and private characters, other line ends and the placeholder U+FFFC are left out even where
    a font maps them: they print nothing, so what is signed would differ from what is seen.
    """
    faces = [codepoints((FONT_DIR / f"LiberationSerif-{face}.ttf").read_bytes()) for face in TEXT_FACES]
    common = frozenset.intersection(*faces)
    unseen = {c for c in common if unicodedata.category(chr(c))[0] == "C" or c in _NOT_TEXT}
    return (common - unseen) | {0x0A}


def unprintable(text: str) -> tuple[str, ...]:
    """Characters of ``text`` that the form cannot print, each once, in order."""
    known = printable_codepoints()
    return tuple(dict.fromkeys(c for c in text if ord(c) not in known))


def describe(character: str) -> str:
    """``"☐" (U+2610)``; characters that print nothing are named by number only."""
    number = f"U+{ord(character):04X}"
    return number if unicodedata.category(character)[0] in "CZ" else f"“{character}” ({number})"


def require_printable(field: str, text: str) -> None:
    """Refuse text that the form cannot print.

    :param field: what the user calls it, e.g. ``"Nhận xét môn Toán"``.
    :raises DomainError: ``character_not_printable``.
    """
    if missing := unprintable(text):
        raise DomainError(
            "character_not_printable", field=field, characters=", ".join(describe(c) for c in missing[:10])
        )
