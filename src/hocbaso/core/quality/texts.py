"""Small questions about cells."""

from __future__ import annotations

import re

from hocbaso.core.vietnamese.letters import INVISIBLE, collapse, nfc

NO = "không"
_PLACEHOLDERS = frozenset(
    {"x", "xx", "xxx", "-", "--", ".", "..", "...", "?", "??", "0", "abc", "test", "123", "n/a", "na", "null"}
    | {"chưa rõ", "không rõ", "chưa có", "chưa biết", "đang cập nhật"}
)
_PHONE = re.compile(r"^0[0-9]{9,10}$")


def filled(text: str) -> bool:
    """Something is written; "Không" is something."""
    return bool(text.strip())


def says_no(text: str) -> bool:
    """The cell says that there is none."""
    return text.strip().casefold() == NO


def names_somebody(text: str) -> bool:
    """A person's name stands there."""
    return filled(text) and not says_no(text)


def placeholder(text: str) -> bool:
    """Something that only fills the cell."""
    return text.strip().casefold() in _PLACEHOLDERS


def untidy(text: str) -> bool:
    """Not in normal form: decomposed letters, spaces too many, invisible characters."""
    if text.isascii() and "  " not in text and text == text.strip():
        return False
    return nfc(text) != text or collapse(text) != text or any(char in INVISIBLE for char in text)


def phone_looks_right(text: str) -> bool:
    """Vietnamese: 0 and nine or ten more digits; spaces and dots between them are allowed."""
    return bool(_PHONE.match(re.sub(r"[ .\-]", "", text).replace("+84", "0")))
