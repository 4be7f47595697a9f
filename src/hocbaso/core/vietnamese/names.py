"""Personal names: normal form with a report, Vietnamese order, soft equality, initials.

Sources: domain sheet 2.1 rule 6 and A22. A Vietnamese name is written family, middle, given; lists are
ordered by given name (the last word), then family, then middle.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hocbaso.core.errors import register
from hocbaso.core.vietnamese.letters import (
    ALPHABET,
    INVISIBLE,
    LOOKALIKES,
    TONES,
    collapse,
    nfc,
    split_syllable,
)
from hocbaso.core.vietnamese.reading import Finding, Severity, finding

register(
    {
        "name.empty": ("Chưa có họ tên.", "The name is empty."),
        "name.changed": (
            "Họ tên “{written}” có {what}; dạng chuẩn là “{value}”. Thầy cô xác nhận giúp.",
            "The name was written with {what}; its normal form is {value}.",
        ),
        "name.characters": (
            "Họ tên “{value}” có ký tự không dùng trong tên: {characters}. "
            "Họ tên chỉ gồm chữ cái, dấu cách, dấu nối và dấu phẩy trên.",
            "The name {value} holds characters that names do not use: {characters}.",
        ),
        "name.one_word": (
            "Họ tên “{value}” chỉ có một từ. Thầy cô kiểm tra đã đủ cả họ và tên chưa.",
            "The name {value} has one word only.",
        ),
    }
)


class NameChange(StrEnum):
    """What normalising had to change."""

    UNICODE_FORM = "unicode_form"
    SPACING = "spacing"
    INVISIBLE = "invisible"
    LOOKALIKE = "lookalike"


_CHANGE_WORDS = {
    NameChange.UNICODE_FORM: "dấu gõ kiểu tổ hợp (Unicode tổ hợp)",
    NameChange.SPACING: "dấu cách thừa",
    NameChange.INVISIBLE: "ký tự ẩn",
    NameChange.LOOKALIKE: "chữ Đ lấy từ bảng chữ khác",
}


@dataclass(frozen=True, slots=True)
class NormalisedName:
    """A name in normal form with what was changed and what is wrong with it."""

    value: str
    changes: tuple[NameChange, ...]
    findings: tuple[Finding, ...]


def normalise(written: str) -> NormalisedName:
    """Normal form of a name: NFC, single spaces, no invisible characters, Latin đ.

    :returns: the value with a report; letters and case are never changed. Findings: ``name.empty`` and
        ``name.characters`` are errors, ``name.one_word`` a warning, ``name.changed`` tells the changes.
    """
    changes: list[NameChange] = []
    text = written
    if any(char in INVISIBLE for char in text):
        text = "".join(char for char in text if char not in INVISIBLE)
        changes.append(NameChange.INVISIBLE)
    if nfc(text) != text:
        text = nfc(text)
        changes.append(NameChange.UNICODE_FORM)
    if any(char in LOOKALIKES for char in text):
        text = "".join(LOOKALIKES.get(char, char) for char in text)
        changes.append(NameChange.LOOKALIKE)
    if collapse(text) != text:
        text = collapse(text)
        changes.append(NameChange.SPACING)
    return NormalisedName(text, tuple(changes), _name_findings(written, text, changes))


def _name_findings(written: str, text: str, changes: list[NameChange]) -> tuple[Finding, ...]:
    if not text:
        return (finding("name.empty", Severity.ERROR),)
    found: list[Finding] = []
    if changes:
        what = ", ".join(_CHANGE_WORDS[change] for change in changes)
        severity = Severity.WARNING if NameChange.LOOKALIKE in changes else Severity.INFO
        found.append(
            finding("name.changed", severity, proposal=text, written=written.strip(), what=what, value=text)
        )
    strange = sorted({char for char in text if not (char.isalpha() or char in " -'’.")})
    if strange:
        found.append(
            finding("name.characters", Severity.ERROR, value=text, characters=" ".join(map(repr, strange)))
        )
    if " " not in text:
        found.append(finding("name.one_word", Severity.WARNING, value=text))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NameParts:
    """Family (họ), middle (đệm) and given name (tên); a single word is the given name."""

    family: str
    middle: str
    given: str


def parts(full_name: str) -> NameParts:
    """First word, the words between, last word; compound family names stay with the middle."""
    words = collapse(nfc(full_name)).split(" ")
    if len(words) == 1:
        return NameParts("", "", words[0])
    return NameParts(words[0], " ".join(words[1:-1]), words[-1])


_FIELD_END, _WORD_END, _OTHER = "00", "01", "02"
_ORDINALS = {char: f"{number:02d}" for number, char in enumerate("0123456789", start=3)}
_ORDINALS |= {char: f"{number:02d}" for number, char in enumerate(ALPHABET, start=13)}


def sort_key(full_name: str) -> str:
    """Key of Vietnamese order: given name, then family, then middle; letters first, then tones.

    A string of digits, so that it orders alike in Python, SQLite and any PostgreSQL collation, and may be
    stored in a column (2 digits a letter, about 4 n characters for a name of n). Names that differ only in
    case, spacing or the place of the tone mark share one key: break ties by birth date.
    """
    name = parts(full_name)
    return "".join(_field_key(field) for field in (name.given, name.family, name.middle))


def _field_key(field: str) -> str:
    letter_keys: list[str] = []
    tone_keys: list[str] = []
    for word in field.casefold().split():
        letters, tones = split_syllable(word)
        letter_keys.append("".join(_ORDINALS.get(char, _OTHER) for char in letters))
        tone_keys.append("".join(f"{10 + tone}" for tone in tones))
    return _WORD_END.join(letter_keys) + _FIELD_END + _WORD_END.join(tone_keys) + _FIELD_END


class Equality(StrEnum):
    """How two names compare."""

    EXACT = "exact"
    SOFT = "soft"  # the same name written otherwise: shown, not blocking
    DIFFERENT = "different"


class SoftReason(StrEnum):
    """In what two softly equal names differ."""

    CASE = "case"
    SPACING = "spacing"
    TONE_POSITION = "tone_position"  # hoà / hòa
    I_OR_Y = "i_or_y"  # quý / quí
    LOOKALIKE = "lookalike"  # Ð for Đ


@dataclass(frozen=True, slots=True)
class Comparison:
    """Outcome of :func:`soft_equal`; ``reasons`` only when soft."""

    equality: Equality
    reasons: tuple[SoftReason, ...] = ()

    @property
    def same(self) -> bool:
        """Exactly or softly equal."""
        return self.equality is not Equality.DIFFERENT


#: A syllable whose rhyme is just i or y after one of these initials is written both ways
#: (quý/quí, lý/lí, Mỹ/Mĩ, sỹ/sĩ); thúy/thúi and hay/hai differ in sound, Thy and Thi are two names.
_BARE_I = re.compile(r"^(?:qu|[hklmstv])[iy]$")


def _spacing(text: str) -> str:
    return collapse("".join(char for char in text if char not in INVISIBLE))


def _lookalike(text: str) -> str:
    return "".join(LOOKALIKES.get(char, char) for char in text)


def _i_or_y(text: str) -> str:
    return " ".join(_i_word(word) for word in text.split(" "))


def _i_word(word: str) -> str:
    letters, _ = split_syllable(word)
    if not _BARE_I.match(letters.casefold()):
        return word
    return nfc(unicodedata.normalize("NFD", word).replace("y", "i").replace("Y", "I"))


def _tone_position(text: str) -> str:
    split = (split_syllable(word) for word in text.split(" "))
    return " ".join(letters + "".join(map(str, tones)) for letters, tones in split)


_FOLDINGS: dict[SoftReason, Callable[[str], str]] = {
    SoftReason.SPACING: _spacing,
    SoftReason.LOOKALIKE: _lookalike,
    SoftReason.CASE: str.casefold,
    SoftReason.I_OR_Y: _i_or_y,
    SoftReason.TONE_POSITION: _tone_position,
}


def _folded(text: str, without: SoftReason | None = None) -> str:
    for reason, folding in _FOLDINGS.items():
        if reason is not without:
            text = folding(text)
    return text


def soft_equal(a: str, b: str) -> Comparison:
    """Compare two names after NFC.

    :returns: ``EXACT``; ``SOFT`` with every reason (case, spacing, place of the tone mark, i for y, a
        look-alike of Đ); or ``DIFFERENT``. A missing tone or another letter is a difference.
    """
    left, right = nfc(a), nfc(b)
    if left == right:
        return Comparison(Equality.EXACT)
    if _folded(left) != _folded(right):
        return Comparison(Equality.DIFFERENT)
    # A reason applies when the names stay apart if only that folding is left out.
    reasons = tuple(r for r in _FOLDINGS if _folded(left, without=r) != _folded(right, without=r))
    return Comparison(Equality.SOFT, reasons)


#: Rhymes whose tone mark is written on either vowel (hoà/hòa, khoẻ/khỏe, thuý/thúy); not after q.
_TWO_PLACES = re.compile(r"(?:^|[^q])(?:oa|oe|uy)$")


def other_spellings(full_name: str) -> tuple[tuple[str, str], ...]:
    """Words of a name that are also written otherwise, each with its other writing.

    ``Nguyễn Thị Hoà`` → ``(("Hoà", "Hòa"),)``; ``Lê Quý`` → ``(("Quý", "Quí"),)``. What the name is in the
    civil papers is for a person to see: nothing is changed here.
    """
    pairs = ((word, _otherwise(word)) for word in collapse(nfc(full_name)).split(" "))
    return tuple((word, other) for word, other in pairs if other != word)


def _otherwise(word: str) -> str:
    letters, tones = split_syllable(word)
    if _BARE_I.match(letters.casefold()):
        swapped = {"i": "y", "y": "i", "I": "Y", "Y": "I"}
        decomposed = unicodedata.normalize("NFD", word)
        end = max(index for index, char in enumerate(decomposed) if char in swapped)
        return nfc(decomposed[:end] + swapped[decomposed[end]] + decomposed[end + 1 :])
    if len(tones) != 1 or not _TWO_PLACES.search(letters.casefold()):
        return word
    mark = next(char for char, tone in TONES.items() if tone == tones[0])
    moved = nfc(letters[:-1] + mark + letters[-1:]), nfc(letters + mark)
    return moved[0] if nfc(word) == moved[1] else moved[1]


def initials(full_name: str) -> str:
    """First letter of each word as the public verification page shows it: ``N. H. B. T.``"""
    return " ".join(f"{word[0].upper()}." for word in collapse(nfc(full_name)).split(" ") if word)
