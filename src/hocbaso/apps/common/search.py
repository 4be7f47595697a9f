"""Finding people and schools by what somebody types: by words, with or without the Vietnamese marks."""

from __future__ import annotations

import unicodedata

from hocbaso.core.vietnamese.letters import nfc, strip_marks


def _has_marks(text: str) -> bool:
    return any(char in "đĐ" or unicodedata.combining(char) for char in unicodedata.normalize("NFD", text))


def matches(typed: str, text: str) -> bool:
    """Whether every word typed begins a word of ``text``.

    Words typed without marks find words with any marks (``anh`` finds ``Ánh``); words typed with marks mean
    exactly these. Done here and not in the database: SQLite knows no case of letters like Đ.
    """
    words = nfc(text).casefold().split()
    plain = [strip_marks(word) for word in words]
    for wanted in nfc(typed).casefold().split():
        if _has_marks(wanted):
            found = any(word.startswith(wanted) for word in words)
        else:
            bare = strip_marks(wanted)
            found = bool(bare) and any(word.startswith(bare) for word in plain)
        if not found:
            return False
    return True
