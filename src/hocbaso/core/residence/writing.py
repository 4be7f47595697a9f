"""How people write places: separators, abbreviations, order, missing marks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic

from hocbaso.core.codelists.search import KINDS, N, index_places, place_key
from hocbaso.core.vietnamese.letters import collapse, fold, nfc, strip_marks

#: Kinds that stand above a commune; a part that begins with one is never a street or hamlet.
ABOVE_COMMUNE = ("quận", "huyện", "thị xã", "thành phố", "tỉnh")
_SEPARATORS = re.compile(r"[,;/|()\n]+")
_DASHES = re.compile(r"\s+[-\u2010-\u2014]\s+")
_SHORT_KINDS = r"tp|tx|tt|đk|[tqhpxf]"
#: Where a new unit begins in running text: "Xã Phước Lợi Huyện Bến Lức Tỉnh Long An".
_KIND_STARTS = re.compile(
    rf"(?<=\S)(?<!thị)\s+(?=(?:{'|'.join(KINDS)})\s|(?:{_SHORT_KINDS})\.\s*\S|(?:{_SHORT_KINDS})\s|[pqf]\d|(?:tp\.?\s?)?hcm\b)",
    re.IGNORECASE,
)
_BARE_KINDS = ("thi tran", "thi xa", "thanh pho", "quan", "huyen", "tinh", "phuong", "xa", "dac khu")
#: The same where nobody wrote a mark; "Quan" with marks around is part of a name.
_BARE_KIND_STARTS = re.compile(
    rf"(?<=\S)(?<!thi)\s+(?=(?:{'|'.join(_BARE_KINDS)})\s|(?:{_SHORT_KINDS})\.\s*\S|[pqf]\d|(?:tp\.?\s?)?hcm\b)",
    re.IGNORECASE,
)
_PADDED = re.compile(r"\b0+(?=[0-9])")
_NUMBERED = re.compile(r"^([pqf])[.\s]*0*(\d+)$", re.IGNORECASE)
_SHORT = re.compile(rf"^({_SHORT_KINDS})[.\s]+(?=\S)", re.IGNORECASE)
_SPELT = {
    "tp": "thành phố",
    "tx": "thị xã",
    "tt": "thị trấn",
    "đk": "đặc khu",
    "t": "tỉnh",
    "q": "quận",
    "h": "huyện",
    "p": "phường",
    "f": "phường",
    "x": "xã",
}
#: What people write for a few provinces.
_ALIASES = {
    "hcm": "hồ chí minh",
    "tphcm": "hồ chí minh",
    "hochiminhcity": "hồ chí minh",
    "saigon": "hồ chí minh",
    "hn": "hà nội",
    "tphn": "hà nội",
    "brvt": "bà rịa - vũng tàu",
    "tthue": "thừa thiên huế",
}
_COUNTRY = frozenset({"vietnam", "vn", "nuocvietnam"})


def parts(text: str) -> list[str]:
    """Parts between commas and the like, without the country."""
    found = (collapse(part).strip(" .-") for part in _SEPARATORS.split(nfc(text)))
    return [part for part in found if part and strip_marks(part) not in _COUNTRY]


def finer(written: Iterable[str]) -> list[str]:
    """Parts split before words that begin a unit."""
    return [piece for part in written for piece in _at_kinds(part)]


def _at_kinds(part: str) -> list[str]:
    starts = _BARE_KIND_STARTS if part.isascii() else _KIND_STARTS
    pieces: list[str] = []
    for piece in filter(None, map(collapse, starts.split(part))):
        if pieces and piece.casefold() in KINDS:  # "Xã Tân Xã": the word belongs to the name
            pieces[-1] += f" {piece}"
        else:
            pieces.append(piece)
    return pieces


def finest(written: Iterable[str]) -> list[str]:
    """The same, split at dashes between spaces too."""
    return finer(piece for part in written for piece in _DASHES.split(part))


@lru_cache(maxsize=65536)
def readings(part: str) -> tuple[str, ...]:
    """The part as written, and with its abbreviation spelt out."""
    found = [part]
    alias = _ALIASES.get(strip_marks(part))
    if alias:
        found.append(alias)
    numbered = _NUMBERED.match(part)
    short = _SHORT.match(part)
    if numbered:
        found.append(f"{_SPELT[numbered[1].lower()]} {numbered[2]}")
    elif short:
        found.append(f"{_SPELT[short[1].lower()]} {part[short.end() :]}")
    return tuple(found)


@lru_cache(maxsize=65536)
def skeleton(text: str) -> str:
    """Text without marks, with i for y: what is left when somebody writes without accents."""
    return strip_marks(_PADDED.sub("", text)).replace("y", "i")


_ABOVE = tuple(fold(kind) + " " for kind in ABOVE_COMMUNE)
_ABOVE_BARE = ("quan ", "huyen ", "thi xa ", "thanh pho ", "tinh ")


def above_commune(part: str) -> bool:
    """Whether the part says that it is a unit above the commune."""
    return any(place_key(text).startswith(_ABOVE) for text in readings(part)) or (
        part.isascii() and part.casefold().startswith(_ABOVE_BARE)
    )


def _without_kind(name: str) -> str:
    lowered = name.casefold()
    return next((name[len(kind) + 1 :] for kind in KINDS if lowered.startswith(f"{kind} ")), name)


class Index(Generic[N]):
    """Places by what people write: exactly, else without marks."""

    def __init__(self, items: Iterable[N]) -> None:
        listed = tuple(items)
        self._exact = index_places(listed)
        self._loose: dict[str, list[N]] = {}
        for item in listed:
            for form in {skeleton(item.name), skeleton(_without_kind(item.name))}:
                self._loose.setdefault(form, []).append(item)

    def find(self, part: str) -> tuple[tuple[N, ...], bool]:
        """(entries, whether the writing was exact)."""
        written = readings(part)
        for text in written:
            key = place_key(text)
            if key in self._exact:
                return tuple(self._exact[key]), True
        for text in written:
            found = self._loose.get(skeleton(text))
            if found:
                return tuple(found), False
        return (), True
