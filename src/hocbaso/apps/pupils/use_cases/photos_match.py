"""Whose photo is it? By the file's name: pupil code, personal number, or the name in the class list."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from hocbaso.apps.privacy.masking import masked_number
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.core.errors import register
from hocbaso.core.vietnamese.letters import fold, nfc, strip_marks

register(
    {
        "photo_unmatched": (
            "Không tìm thấy học sinh ứng với tên tệp này. Thầy cô chọn học sinh.",
            "No pupil goes by the file's name.",
        ),
        "photo_ambiguous": (
            "Tên tệp này ứng với {count} học sinh. Thầy cô chọn đúng học sinh.",
            "{count} pupils go by the file's name.",
        ),
        "photo_second": (
            "Học sinh {name} đã có một ảnh khác trong đợt này. Thầy cô chọn ảnh nào được giữ.",
            "Another photo of this batch is {name}'s already.",
        ),
    }
)

_DIGITS = re.compile(r"\d{9,12}")
_PARTS = re.compile(r"[\W_]+", re.UNICODE)
_CAMEL = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
#: Words that people write beside the name.
_BESIDE = {"anh", "hs", "hocsinh", "the", "lop", "copy", "img", "photo", "3x4", "edited"}


@dataclass(frozen=True, slots=True)
class Match:
    """What a name says: one pupil and by what, or several, or none."""

    found: tuple[int, ...]  # ids of enrolments
    how: str  # code | number | name | ""


@dataclass(slots=True)
class NameBook:
    """The pupils that a batch may be about, found by what a file may be called."""

    codes: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    plain: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # without accents
    classes: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, enrolments: Iterable[Enrolment]) -> NameBook:
        """:param enrolments: with pupil and class."""
        book = cls()
        for row in enrolments:
            pupil = row.pupil
            book.codes[pupil.code.casefold()] = row.pk
            if pupil.personal_number:
                book.numbers[pupil.personal_number] = row.pk
            book.names[fold(pupil.full_name)].append(row.pk)
            book.plain[strip_marks(pupil.full_name)].append(row.pk)
            book.classes[strip_marks(row.school_class.name)].add(row.pk)
        return book

    def match(self, path: str) -> Match:
        """:param path: the file's name, with its folders where it came in an archive."""
        name = PurePosixPath(nfc(path))
        stem, folders = name.stem, [strip_marks(part) for part in name.parts[:-1]]
        words = [word for word in _PARTS.split(stem) if word]
        for word in (stem.strip(), *words):
            if (pk := self.codes.get(word.casefold())) is not None:
                return Match((pk,), "code")
            if (pk := self.numbers.get(word)) is not None:
                return Match((pk,), "number")
        own = next((self.classes[f] for f in reversed(folders) if f in self.classes), None)
        return self._by_name(words, own)

    def _by_name(self, words: list[str], own: set[int] | None) -> Match:
        """:param own: the class that the folder names."""
        for word in words:
            if own is None and strip_marks(word) in self.classes and any(c.isdigit() for c in word):
                own = self.classes[strip_marks(word)]
        left = [w for w in words if w.isalpha() and strip_marks(w) not in _BESIDE]
        if not left:
            left = [w for word in words for w in _CAMEL.split(word) if w.isalpha()]
        for found in (self.names.get(fold(" ".join(left))), self.plain.get(strip_marks("".join(left)))):
            rows = tuple(pk for pk in found or () if own is None or pk in own)
            if rows:
                return Match(rows, "name")
        return Match((), "")


def shown_name(path: str) -> str:
    """The file's name as it may be kept: what may be a personal number is masked."""
    name = PurePosixPath(nfc(path)).name
    return _DIGITS.sub(lambda m: masked_number(m.group()), name)[-160:]
