"""Field answers of the registry: match, mismatch (softly where only the writing differs), not compared.

Rules: domain sheet 2.1 rule 6 (names: NFC, single spaces, any case; the place of a tone mark is a soft
difference; old civil papers know only a year or a month of birth). A soft difference stays a mismatch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hocbaso.core.vietnamese.names import soft_equal
from hocbaso.sandbox.population.places import Place, read_place

MATCH, MISMATCH, NOT_COMPARED = "match", "mismatch", "not_compared"
NAMES = ("ho_ten", "ngay_sinh", "gioi_tinh", "so_dinh_danh", "thuong_tru")
_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_NUMBER = re.compile(r"\d{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the register."""

    number: str
    name: str
    birth: str
    sex: str
    place: Place
    commune: str  # its name as registered


@dataclass(frozen=True, slots=True)
class Asked:
    """The subject of a question, read."""

    number: str
    name: str
    birth: str
    sex: str
    place: Place

    @property
    def fault(self) -> str:
        """The field that cannot be asked about, or nothing."""
        if self.number and not _NUMBER.fullmatch(self.number):
            return "so_dinh_danh"
        if not plain(self.name):
            return "ho_ten"
        if not _DATE.fullmatch(self.birth):
            return "ngay_sinh"
        if self.sex not in ("nam", "nữ"):
            return "gioi_tinh"
        if not self.number and not (self.place.province or self.place.communes):
            return "thuong_tru"
        return ""


def plain(text: str) -> str:
    """NFC, single spaces, lower case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def read_subject(subject: Mapping[str, str]) -> Asked:
    """The subject as sent."""
    return Asked(
        number=subject["so_dinh_danh"],
        name=subject["ho_ten"],
        birth=subject["ngay_sinh"],
        sex=plain(subject["gioi_tinh"]),
        place=read_place(subject["ma_tinh"], subject["ma_xa"], subject["tinh"], subject["xa"]),
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """Answers by field, and which mismatches are soft."""

    fields: dict[str, str]
    soft: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """No field mismatches."""
        return MISMATCH not in self.fields.values()

    @property
    def exact(self) -> bool:
        """Name, date, sex and residence were all compared and all match."""
        return all(self.fields[name] == MATCH for name in NAMES if name != "so_dinh_danh")

    @property
    def stranger(self) -> bool:
        """Another name and another day of birth: the number is somebody else's."""
        hard = {name for name, answer in self.fields.items() if answer == MISMATCH} - set(self.soft)
        return {"ho_ten", "ngay_sinh"} <= hard


def compare(asked: Asked, person: Person) -> Compared:
    """Field by field; ``so_dinh_danh`` matches when the question holds the person's number."""
    soft: list[str] = []
    fields = {
        "ho_ten": _judged("ho_ten", _same_name, _soft_name, asked, person, soft),
        "ngay_sinh": _judged("ngay_sinh", _same_date, _soft_date, asked, person, soft),
        "gioi_tinh": MATCH if asked.sex == plain(person.sex) else MISMATCH,
        "so_dinh_danh": NOT_COMPARED
        if not asked.number
        else MATCH
        if asked.number == person.number
        else MISMATCH,
        "thuong_tru": compare_place(asked.place, person.place),
    }
    return Compared(fields, tuple(soft))


_Test = Callable[[Asked, Person], bool]


def _judged(name: str, same: _Test, softly: _Test, asked: Asked, person: Person, soft: list[str]) -> str:
    if same(asked, person):
        return MATCH
    if softly(asked, person):
        soft.append(name)
    return MISMATCH


def _same_name(asked: Asked, person: Person) -> bool:
    return plain(asked.name) == plain(person.name)


def _same_date(asked: Asked, person: Person) -> bool:
    return asked.birth == person.birth


def _soft_name(asked: Asked, person: Person) -> bool:
    return soft_equal(plain(asked.name), plain(person.name)).same


def _soft_date(asked: Asked, person: Person) -> bool:
    """One of the two knows less, and what both know agrees."""
    return asked.birth.startswith(person.birth) or person.birth.startswith(asked.birth)


def compare_place(asked: Place, registered: Place) -> str:
    """By commune; a divided former commune matches when the registered one is among its successors."""
    if not asked.given:
        return NOT_COMPARED
    if asked.communes and registered.communes:
        return MATCH if asked.communes & registered.communes else MISMATCH
    if asked.province and registered.province and asked.province != registered.province:
        return MISMATCH
    if asked.text and asked.text.partition("|")[2]:
        return MATCH if asked.text == registered.text else MISMATCH
    return NOT_COMPARED  # a province alone says too little


def mask_name(name: str) -> str:
    """``Nguyễn Văn An`` -> ``N••••• V•• A•``."""
    return " ".join(word[0] + "•" * (len(word) - 1) for word in name.split())


def mask_number(number: str) -> str:
    """``079••••••412``."""
    return f"{number[:3]}{'•' * 6}{number[-3:]}" if len(number) == 12 else ""
