"""Transcript codes: ``HB-{level}-{province}-{school}-{start year}-{12 random}-{check}``.

The random part is 60 bits in Crockford's base32 (no I, L, O, U). The check character is ISO/IEC 7064
MOD 37-2 over the characters between ``HB-`` and the check, hyphens left out: a pure system with a prime
modulus, so every single wrong character and every exchange of neighbours is caught. The thirty-seventh
check value (``*``) and the letters that are mistaken for digits never occur: :func:`new_code` moves the last
random character on until the check character is an unambiguous one.

No personal number stands in a code. It is not a secret either: it opens nothing by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, Unreadable, register

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {character: value for value, character in enumerate(_VALUES)}
_RANDOM = 12

#: The grammar; the XSD holds the same pattern.
CODE_PATTERN = (
    r"HB-(?P<level>[123])-(?P<province>[0-9]{2})-(?P<school>[0-9A-Z]{1,20})-(?P<year>[12][0-9]{3})"
    rf"-(?P<random>[{ALPHABET}]{{{_RANDOM}}})-(?P<check>[{ALPHABET}])"
)
_CODE = re.compile(CODE_PATTERN, re.ASCII)
_TYPED = re.compile(
    r"HB([0-9A-Z])([0-9A-Z]{2})([0-9A-Z]{1,20})([0-9A-Z]{4})([0-9A-Z]{12})([0-9A-Z])", re.ASCII
)
_LOOKALIKE = str.maketrans("OIL", "011")
_SEPARATORS = re.compile(r"[\s.\-_/‐-―−]+")

register(
    {
        "transcript_code_invalid": (
            "Mã học bạ “{code}” không đúng. Mã có dạng HB-1-79-79000101-2025-XXXXXXXXXXXX-X; hãy kiểm "
            "tra lại từng ký tự.",
            "{code} is not a transcript code, or a character of it is wrong.",
        ),
        "transcript_code_part": (
            "Không tạo được mã học bạ: {part} “{value}” không đúng quy định.",
            "No transcript code can be made: {part} {value} is not allowed.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class TranscriptCode:
    """A code taken apart; ``str()`` puts it together again."""

    level: SchoolLevel
    province: str
    school: str
    start_year: int
    random: str
    check: str

    def __str__(self) -> str:
        return (
            f"HB-{self.level.value}-{self.province}-{self.school}-{self.start_year:04d}-"
            f"{self.random}-{self.check}"
        )


def _check_value(payload: str) -> int:
    """ISO/IEC 7064 MOD 37-2: the value c with (…((a₁·2 + a₂)·2 + …)·2 + c) ≡ 1 (mod 37)."""
    total = 0
    for character in payload:
        total = (total + _VALUE[character]) * 2 % 37
    return (1 - total) % 37


def check_character(payload: str) -> str:
    """The check character over the other characters of a code, without ``HB-`` and hyphens.

    :raises ValueError: no code has these characters, or its check value is never issued.
    """
    if any(character not in _VALUE for character in payload):
        raise ValueError("not the characters of a transcript code")
    value = _check_value(payload)
    if value >= len(_VALUES):
        raise ValueError("a check value that is never issued")
    return _VALUES[value]


def school_part(school_code: str) -> str:
    """The school's part of a code: its own code in capitals, without separators.

    The code names the school for human eyes only; the sheet holds the exact school code.

    :raises DomainError: ``transcript_code_part`` if fewer than 1 or more than 20 letters and digits remain.
    """
    part = re.sub(r"[\s.\-_/]", "", school_code.upper())
    if not re.fullmatch(r"[0-9A-Z]{1,20}", part, re.ASCII):
        raise DomainError("transcript_code_part", part="mã trường", value=school_code[:40])
    return part


def new_code(level: SchoolLevel, province: str, school: str, start_year: int, random_bytes: bytes) -> str:
    """A new transcript code.

    :param province: two digits.
    :param school: the school's code, see :func:`school_part`.
    :param start_year: the year in which the school year begins, e.g. 2025.
    :param random_bytes: at least 8 bytes from a cryptographic source; the first 60 bits are used.
    :raises DomainError: ``transcript_code_part``.
    """
    if not re.fullmatch(r"[0-9]{2}", province, re.ASCII):
        raise DomainError("transcript_code_part", part="mã tỉnh", value=province)
    if not 1000 <= start_year <= 2999:
        raise DomainError("transcript_code_part", part="năm", value=start_year)
    if len(random_bytes) < 8:
        raise ValueError("a transcript code needs 8 random bytes")
    number = int.from_bytes(random_bytes[:8], "big") >> 4
    symbols = [ALPHABET[number >> 5 * place & 31] for place in reversed(range(_RANDOM))]
    prefix = f"{SchoolLevel(level).value}{province}{school_part(school)}{start_year:04d}"
    head, last = prefix + "".join(symbols[:-1]), ALPHABET.index(symbols[-1])
    for step in range(len(ALPHABET)):  # at most 5 of the 37 check values are unusable
        symbols[-1] = ALPHABET[(last + step) % len(ALPHABET)]
        value = _check_value(head + symbols[-1])
        if value < 36 and _VALUES[value] in ALPHABET:
            break
    return str(
        TranscriptCode(
            SchoolLevel(level), province, school_part(school), start_year, "".join(symbols), _VALUES[value]
        )
    )


@lru_cache(maxsize=1024)  # a sheet repeats its code in every subject
def parse_code(code: str) -> TranscriptCode:
    """Take a code apart, exactly as issued.

    :raises Unreadable: ``transcript_code_invalid`` (grammar or check character).
    """
    match = _CODE.fullmatch(code)
    if not match or _check_value("".join(match.groups()[:-1])) != _VALUE[match["check"]]:
        raise Unreadable("transcript_code_invalid", code=code[:60])
    return TranscriptCode(
        SchoolLevel(match["level"]),
        match["province"],
        match["school"],
        int(match["year"]),
        match["random"],
        match["check"],
    )


def normalise_typed_code(typed: str) -> str:
    """The issued code that a person meant: any case, any or no separators, O for 0, I or L for 1.

    The school's part may hold these letters rightly, so it is tried as typed first; the check character
    decides. Nothing else is guessed.

    :raises Unreadable: ``transcript_code_invalid``.
    """
    match = _TYPED.fullmatch(_SEPARATORS.sub("", typed.upper()))
    if not match:
        raise Unreadable("transcript_code_invalid", code=typed[:60])
    parts = [part.translate(_LOOKALIKE) for part in match.groups()]
    for school in (match[3], parts[2]):
        candidate = "-".join(["HB", *parts[:2], school, *parts[3:]])
        try:
            return str(parse_code(candidate))
        except Unreadable:
            continue
    raise Unreadable("transcript_code_invalid", code=typed[:60])
