"""Short codes of printed entry sheets: ``128-7QF1K`` leads back to class, part and moment.

The class's number, three characters that name the part, one for the moment, one check character, in
Crockford's base32 (no I, L, O, U). Nothing about a pupil stands in a code, and it opens nothing by itself:
the page behind it asks the policy as always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from hocbaso.core.errors import NotFound, register

register(
    {
        "page_code_unknown": (
            "Mã phiếu “{code}” không đúng. Mã có dạng 128-7QF1K, in ở góc phải của phiếu; thầy cô kiểm "
            "tra lại từng ký tự.",
            "{code} is not the code of an entry sheet.",
        )
    }
)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKE = str.maketrans("OIL", "011")
_MOMENTS = ("ghk1", "chk1", "ghk2", "cn", "hk1", "hk2", "he")
_PART = 3


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a printed sheet is typed in."""

    class_id: int
    part_mark: str  # compare with :func:`part_mark`
    moment: str


def _characters(text: str, count: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    found = ""
    for _ in range(count):
        number, rest = divmod(number, 32)
        found += _ALPHABET[rest]
    return found


def part_mark(part: str) -> str:
    """Three characters that name a part; of no programme do two parts share them (a test asks all)."""
    return _characters(part, _PART)


def page_code(class_id: int, part: str, moment: str) -> str:
    """The code printed on the sheet.

    :raises ValueError: an unknown moment.
    """
    body = f"{class_id}-{part_mark(part)}{_ALPHABET[_MOMENTS.index(moment)]}"
    return body + _characters(body, 1)


def read_page_code(typed: str) -> PagePlace:
    """Take a typed code apart; small letters, spaces and look-alikes are read.

    :raises NotFound: ``page_code_unknown``.
    """
    text = "".join(typed.split()).upper().replace("–", "-").translate(_LOOKALIKE)
    class_id, _, rest = text.partition("-")
    body, check = text[:-1], text[-1:]
    right = class_id.isascii() and class_id.isdecimal() and len(class_id) <= 9 and len(rest) == _PART + 2
    if not right or _characters(body, 1) != check or rest[_PART] not in _ALPHABET[: len(_MOMENTS)]:
        raise NotFound("page_code_unknown", code=typed[:40])
    return PagePlace(int(class_id), rest[:_PART], _MOMENTS[_ALPHABET.index(rest[_PART])])


def find_part(place: PagePlace, parts: Iterable[str]) -> str:
    """The part that the code names, among those of the class.

    :raises NotFound: ``page_code_unknown``: the class no longer has it.
    """
    for part in parts:
        if part_mark(part) == place.part_mark:
            return part
    raise NotFound("page_code_unknown", code=place.part_mark)
