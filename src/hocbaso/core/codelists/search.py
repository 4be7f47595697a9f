"""Reading the shipped lists and finding entries by what people write."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from importlib.resources import files
from typing import Protocol, TypeVar

from hocbaso.core.vietnamese.letters import fold, strip_marks


class Named(Protocol):
    """Anything with a code and an official name."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)

#: Kinds of place that may stand before its name, longest first within one initial word.
KINDS = ("tỉnh", "thành phố", "thị xã", "thị trấn", "quận", "huyện", "phường", "xã", "đặc khu")
_FOLDED_KINDS = tuple(fold(kind) + " " for kind in KINDS)
#: Abbreviations in use before a name. Only whole prefixes: a name never begins with them.
_SHORT = {
    "tp": "thành phố",
    "t": "tỉnh",
    "tx": "thị xã",
    "tt": "thị trấn",
    "q": "quận",
    "h": "huyện",
    "p": "phường",
    "x": "xã",
    "đk": "đặc khu",
}
_SHORT_PREFIX = re.compile(r"^(tp|tx|tt|đk|[tqhpx])\.\s*(?=\S)|^(tp|tx|tt)\s+(?=\S)")
_PADDED_NUMBER = re.compile(r"\b0+(?=[0-9])")


def read_rows(name: str) -> list[list[str]]:
    """Rows of ``data/{name}.csv`` without the header."""
    text = files("hocbaso.core.codelists").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines()))[1:]


def place_key(text: str) -> str:
    """Folded text of a place with its kind spelt out: ``TP.  Huế`` -> fold of ``thành phố Huế``."""
    lowered = text.strip().casefold()
    match = _SHORT_PREFIX.match(lowered)
    if match:
        lowered = f"{_SHORT[match[1] or match[2]]} {lowered[match.end() :]}"
    return _PADDED_NUMBER.sub("", fold(lowered))


def bare_key(key: str) -> str:
    """A place key without the kind in front."""
    for kind in _FOLDED_KINDS:
        if key.startswith(kind):
            return key[len(kind) :]
    return key


def index_places(items: Iterable[N]) -> dict[str, list[N]]:
    """Index by the full name and by the name without its kind.

    A look-up with a kind in front can only meet a full name, so a kind that is given must match.
    """
    index: dict[str, list[N]] = {}
    for item in items:
        key = place_key(item.name)
        bare = bare_key(key)
        index.setdefault(key, []).append(item)
        if bare != key:
            index.setdefault(bare, []).append(item)
    return index


def only(found: list[N] | None) -> N | None:
    """The one entry found; none when there are several, since nothing is guessed."""
    return found[0] if found is not None and len(found) == 1 else None


def propose(items: Iterable[N], text: str, *, limit: int = 3, cutoff: float = 0.75) -> tuple[N, ...]:
    """Entries whose name is nearly what was written, best first; a person chooses.

    Compares letters without marks first (``Khơ me`` -> Khơ-me, ``Kinhh`` -> Kinh), marks break ties. The kind
    of a place counts only as a tie-break.
    """
    wanted_key = place_key(text)
    wanted = strip_marks(bare_key(wanted_key))
    if not wanted:
        return ()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    scored: list[tuple[float, float, N]] = []
    for item in items:
        key = place_key(item.name)
        matcher.set_seq1(strip_marks(bare_key(key)))
        if matcher.real_quick_ratio() < cutoff or matcher.quick_ratio() < cutoff:
            continue
        ratio = matcher.ratio()
        if ratio >= cutoff:
            scored.append((ratio, SequenceMatcher(None, key, wanted_key, autojunk=False).ratio(), item))
    scored.sort(key=lambda entry: (-entry[0], -entry[1], entry[2].code))
    return tuple(item for _, _, item in scored[:limit])
