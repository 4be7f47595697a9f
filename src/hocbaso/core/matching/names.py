"""Two names side by side: exact, differing in writing only (with the reasons), close, or different."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from hocbaso.core.errors import register, sentence
from hocbaso.core.vietnamese.letters import LOOKALIKES, collapse, nfc, strip_marks
from hocbaso.core.vietnamese.names import SoftReason, soft_equal

register(
    {
        "matching.unicode_form": (
            "Cùng một chữ, chỉ khác kiểu gõ (Unicode dựng sẵn và tổ hợp).",
            "The same letters in another Unicode form.",
        ),
        "matching.case": ("Khác chữ hoa, chữ thường.", "Another case."),
        "matching.spacing": ("Khác dấu cách.", "Other spaces."),
        "matching.hyphen": ("Khác dấu gạch nối.", "Other hyphens."),
        "matching.tone_position": (
            "Khác chỗ đặt dấu thanh, như hòa và hoà.",
            "The tone mark stands elsewhere, as in hòa and hoà.",
        ),
        "matching.i_or_y": ("Khác i và y, như quý và quí.", "i stands for y, as in quý and quí."),
        "matching.lookalike": (
            "Một bên dùng chữ giống chữ Đ của bảng chữ khác.",
            "A look-alike of another alphabet stands for Đ.",
        ),
        "matching.marks": (
            "Chỉ khác dấu thanh, dấu mũ hoặc chữ đ. Hai cách viết có thể là hai tên khác nhau.",
            "Only the diacritics differ; these may be two names.",
        ),
        "matching.order": ("Cùng các từ nhưng khác thứ tự.", "The same words in another order."),
        "matching.letter": (
            "Khác một chữ cái, có thể do gõ nhầm.",
            "One letter differs; perhaps a slip of the keyboard.",
        ),
        "matching.word": (
            "Một bên thiếu tên đệm, họ và tên còn lại như nhau.",
            "A middle name is missing on one side.",
        ),
        "matching.joined": (
            "Cùng các chữ cái nhưng viết liền hoặc tách từ khác nhau.",
            "The same letters, divided into words otherwise.",
        ),
    }
)


class Difference(StrEnum):
    """In what two names differ; each has a sentence ``matching.<value>``."""

    UNICODE_FORM = "unicode_form"  # the same after NFC
    # only in writing: soft
    CASE = "case"
    SPACING = "spacing"
    HYPHEN = "hyphen"
    TONE_POSITION = "tone_position"
    I_OR_Y = "i_or_y"
    LOOKALIKE = "lookalike"
    # perhaps another name: close
    MARKS = "marks"
    JOINED = "joined"
    ORDER = "order"
    LETTER = "letter"
    WORD = "word"

    @property
    def text(self) -> str:
        """The difference explained; no letter of either name is quoted."""
        return sentence(f"matching.{self.value}")


class NameVerdict(StrEnum):
    EXACT = "exact"  # after NFC
    SOFT = "soft"  # the same name written otherwise: a person confirms
    CLOSE = "close"  # another name, or the same one mistyped
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class NameMatch:
    """The verdict with every difference that was found."""

    verdict: NameVerdict
    differences: tuple[Difference, ...] = ()

    @property
    def texts(self) -> list[str]:
        """The differences as sentences."""
        return [difference.text for difference in self.differences]


_SOFT = {
    SoftReason.CASE: Difference.CASE,
    SoftReason.SPACING: Difference.SPACING,
    SoftReason.TONE_POSITION: Difference.TONE_POSITION,
    SoftReason.I_OR_Y: Difference.I_OR_Y,
    SoftReason.LOOKALIKE: Difference.LOOKALIKE,
}
_HYPHENS = re.compile("\\s*[-\u2010-\u2014\u2212]\\s*")
_LATIN = str.maketrans(LOOKALIKES)
_LETTERS_OF_A_TYPO = 6  # of a shorter name one letter is too much


def compare_names(a: str, b: str) -> NameMatch:
    """Compare two names as written. Symmetric; nothing is ever mended.

    :returns: ``EXACT`` (perhaps with ``UNICODE_FORM``), ``SOFT`` with all reasons, ``CLOSE`` with the one
        difference that is left when soft ones are put aside, or ``DIFFERENT``.
    """
    form = (Difference.UNICODE_FORM,) if (nfc(a) == a) is not (nfc(b) == b) else ()
    left, right = nfc(a), nfc(b)
    if left == right:
        return NameMatch(NameVerdict.EXACT, form)
    soft = soft_equal(left, right)
    if soft.same:
        return NameMatch(NameVerdict.SOFT, (*form, *(_SOFT[reason] for reason in soft.reasons)))
    without = soft_equal(_dashless(left), _dashless(right))
    if without.same:
        found = (*form, *(_SOFT[reason] for reason in without.reasons), Difference.HYPHEN)
        return NameMatch(NameVerdict.SOFT, found)
    close = _close(words(left), words(right))
    return NameMatch(NameVerdict.CLOSE, (close,)) if close else NameMatch(NameVerdict.DIFFERENT)


def words(name: str) -> tuple[str, ...]:
    """The words of a name without marks, in lower case; a hyphen divides."""
    return tuple(w for w in map(_bare, _dashless(name).split()) if w)


_bare = lru_cache(maxsize=65536)(strip_marks)  # names are made of few words


def _dashless(text: str) -> str:
    return collapse(_HYPHENS.sub(" ", text.translate(_LATIN)))


def _close(a: tuple[str, ...], b: tuple[str, ...]) -> Difference | None:
    """What tells apart two names that are nearly one, by their words without marks."""
    if not a or not b:
        return None
    if a == b:
        return Difference.MARKS
    left, right = "".join(a), "".join(b)
    if left == right:
        return Difference.JOINED
    if Counter(a) == Counter(b):
        return Difference.ORDER
    if min(len(left), len(right)) >= _LETTERS_OF_A_TYPO and OSA.distance(left, right, score_cutoff=1) <= 1:
        return Difference.LETTER
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    if len(shorter) >= 2 and len(longer) == len(shorter) + 1 and _misses_a_middle(longer, shorter):
        return Difference.WORD
    return None


def _misses_a_middle(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    return any(longer[:n] + longer[n + 1 :] == shorter for n in range(1, len(longer) - 1))
