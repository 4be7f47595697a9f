"""Addresses in words: one line, and whether two writings of house and street say the same."""

from __future__ import annotations

import re

from hocbaso.core.codelists.search import place_key
from hocbaso.core.vietnamese.letters import collapse, fold, nfc

_PUNCTUATION = re.compile(r"[\s,.;:/-]+")


def full_address(detail: str, commune: str, province: str) -> str:
    """House and street, commune, province; units that the detail repeats at its end stand once."""
    pieces = [collapse(piece) for piece in nfc(detail).split(",") if piece.strip()]
    for unit in (province, commune):
        if unit and pieces and place_key(pieces[-1]) == place_key(unit):
            pieces.pop()
    return ", ".join([*pieces, *(unit for unit in (commune, province) if unit)])


def same_detail(one: str, other: str, *, commune: str = "", province: str = "") -> bool:
    """Whether two writings of house and street agree but for case, spaces, punctuation and repeated units."""
    keys = {
        _PUNCTUATION.sub(" ", fold(full_address(text, commune, province))).strip() for text in (one, other)
    }
    return len(keys) == 1
