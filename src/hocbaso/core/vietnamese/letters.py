"""Vietnamese letters taken apart: a syllable is its letters (with â, ơ, đ …) and one tone.

Source of order: the Vietnamese alphabet of 29 letters and the tone order of Vietnamese dictionaries and of
CLDR ``vi`` (ngang, huyền, hỏi, ngã, sắc, nặng); f, j, w, z stand at their Latin places.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
#: Combining marks of the tones in dictionary order; a syllable without a mark has tone 0.
TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
#: Letters of other alphabets that look like đ and are typed for it.
LOOKALIKES = {"\u00d0": "Đ", "\u0189": "Đ", "\u00f0": "đ", "\u0256": "đ"}
#: Code points that show as a space or as nothing.
INVISIBLE = {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u200f"}

_DASH = re.compile(" ?[-\u2010-\u2014\u2212] ?")


def nfc(text: str) -> str:
    """Unicode Normalisation Form C."""
    return unicodedata.normalize("NFC", text)


def collapse(text: str) -> str:
    """Runs of any white space become one space; none at the ends."""
    return " ".join(text.split())


@lru_cache(maxsize=65536)
def split_syllable(syllable: str) -> tuple[str, tuple[int, ...]]:
    """Letters without tone (NFC, as written) and the tones found, e.g. ``Hoà`` -> ("Hoa", (1,)).

    Normal Vietnamese has at most one tone in a syllable; foreign names may have more.
    """
    letters: list[str] = []
    tones: list[int] = []
    for char in unicodedata.normalize("NFD", syllable):
        tone = TONES.get(char)
        if tone is None:
            letters.append(char)
        else:
            tones.append(tone)
    return nfc("".join(letters)), tuple(tones)


def fold(text: str) -> str:
    """A key for look-ups that keeps what tells names apart: NFC, lower case, one space, tone at the end.

    ``Hoà  Bình`` and ``Hòa bình`` fold alike; ``Hoa Binh`` does not. Dashes of any length fold to ``-``
    without spaces around.
    """
    words = nfc(text).casefold().split()
    if not "".join(words).isalpha():
        words = _DASH.sub("-", " ".join(words)).split(" ")
    return " ".join(map(_fold_word, words))


@lru_cache(maxsize=65536)
def _fold_word(word: str) -> str:
    letters, tones = split_syllable(word)
    return letters + "".join(map(str, tones))


def strip_marks(text: str) -> str:
    """ASCII-like skeleton for similarity: no marks, đ -> d, letters and digits only, lower case."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(char for char in decomposed if char.isalnum())
