"""What a rule of data quality is: "đúng, đủ, sạch, sống" (Đề án 06; domain sheet 2.4, 8.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from typing import Any

from hocbaso.core.errors import register, sentence


class Dimension(StrEnum):
    """The four words of the founding documents."""

    CORRECT = "dung"
    COMPLETE = "du"
    CLEAN = "sach"
    LIVE = "song"


DIMENSION_NAMES = {
    Dimension.CORRECT: "Đúng",
    Dimension.COMPLETE: "Đủ",
    Dimension.CLEAN: "Sạch",
    Dimension.LIVE: "Sống",
}


class Severity(StrEnum):
    """An error must be fixed; a query is fixed or explained."""

    ERROR = "error"
    QUERY = "query"


class Owner(StrEnum):
    """Whose work a finding is."""

    HOMEROOM = "gvcn"
    CLERK = "du_lieu"
    PRINCIPAL = "hieu_truong"


class Fix(StrEnum):
    """Where a finding is put right."""

    FILE = "file"  # a field of the file, on the page of the pupil's findings
    IDENTITY = "identity"  # the four steps of identity
    PHOTO = "photo"
    REGISTER = "register"  # the page of the pupil's file: register number
    PLACE = "place"  # class and status of the pupil
    CHECKLIST = "checklist"
    DUPLICATES = "duplicates"
    CLASS = "class"
    TEACHING = "teaching"
    STAFF = "staff"  # the list of staff: by workbook


class About(StrEnum):
    """Of what a rule speaks."""

    PUPIL = "pupil"
    STAFF = "staff"
    CLASS = "class"


class Plain(Enum):
    """The two verdicts that need no words."""

    OK = "ok"
    NA = "na"  # the rule does not apply: it counts in no denominator


OK, NA = Plain.OK, Plain.NA
#: ``OK``, ``NA``, or the values that the sentence names: the rule is broken.
Verdict = Plain | Mapping[str, str]
BROKEN: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the catalogue; its sentence is registered as ``quality.<id>``."""

    id: str
    about: About
    dimension: Dimension
    severity: Severity
    owner: Owner
    fix: Fix
    name: str  # short, Vietnamese
    logic: str  # for the catalogue: when it applies and when it holds
    basis: str
    since: str  # ISO date from which the rule holds
    test: Callable[[Any, date], Verdict]
    fields: tuple[str, ...] = ()  # of the file: what is edited to put it right

    @property
    def code(self) -> str:
        """The code of the sentence in the catalogue of :mod:`hocbaso.core.errors`."""
        return f"quality.{self.id}"

    def says(self, params: Mapping[str, str]) -> str:
        """The Vietnamese sentence that says what to do."""
        return sentence(self.code, **params)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold, with the values that its sentence names."""

    rule: Rule
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of one record."""

    applicable: tuple[Rule, ...]
    broken: tuple[Broken, ...]


#: Legal bases that several rules name.
SECTOR = "Thông tư 42/2021/TT-BGDĐT"
LEARNER = "Nghị định 88/2026/NĐ-CP Điều 9"
NUMBER = "Luật Căn cước 26/2023/QH15 Điều 12"
UNITS = "Quyết định 19/2025/QĐ-TTg"
ETHNIC = "Quyết định 121-TCTK/PPCĐ"
RESIDENCE = "Nghị định 104/2022/NĐ-CP"
CHARTER = "Thông tư 15/2026/TT-BGDĐT"
TRANSCRIPT = "Thông tư 70/2026/TT-BGDĐT"

SINCE = "2025-08-01"


class Book:
    """Collects the rules of one room; ids are given once."""

    def __init__(self, about: About, **defaults: Any) -> None:
        self.about = about
        self.defaults = defaults
        self.rules: list[Rule] = []

    def add(
        self,
        identifier: str,
        test: Callable[[Any, date], Verdict],
        *,
        name: str,
        says: tuple[str, str],
        logic: str,
        **values: Any,
    ) -> None:
        """Register a rule with its sentences (Vietnamese, English)."""
        given = {"since": SINCE, **self.defaults, **values}
        self.rules.append(Rule(identifier, self.about, name=name, logic=logic, test=test, **given))
        register({f"quality.{identifier}": says})
