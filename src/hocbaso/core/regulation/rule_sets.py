"""Registry of dated rule sets: a transcript names the one that made it and can be re-evaluated later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hocbaso.core.document.model import SchoolLevel
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "rule_set.unknown": ("Không có bộ quy định “{id}”.", "There is no rule set {id!r}."),
        "rule_set.none": (
            "Chưa có bộ quy định đánh giá cho {what} năm học {year}.",
            "No rule set covers {what} in {year}.",
        ),
        "rule_set.by_grade": (
            "Năm học {year} các khối lớp theo quy định khác nhau; cần cho biết khối lớp.",
            "In {year} grades follow different rules: name the grade.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules of assessment with their legal basis and validity."""

    id: str  # as written in transcripts, e.g. "tt27-2020"
    name: str
    legal_basis: str
    level: SchoolLevel
    valid_from: date
    valid_to: date | None
    first_year: Mapping[int, SchoolYear]  # grade -> first school year assessed by these rules
    last_year: SchoolYear | None = None

    def covers(self, grade: int, year: SchoolYear) -> bool:
        """Whether a grade is assessed by these rules in the year."""
        first = self.first_year.get(grade)
        return first is not None and first <= year and (self.last_year is None or year <= self.last_year)


TT27_2020 = RuleSet(
    id="tt27-2020",
    name="Quy định đánh giá học sinh tiểu học",
    legal_basis="Thông tư 27/2020/TT-BGDĐT",
    level=SchoolLevel.PRIMARY,
    valid_from=date(2020, 10, 20),
    valid_to=None,
    # Điều 2 of the circular: grade 1 from 2020-2021, one grade more each year.
    first_year={grade: SchoolYear(2019 + grade) for grade in (1, 2, 3, 4, 5)},
)

_RULE_SETS: dict[str, RuleSet] = {TT27_2020.id: TT27_2020}


def add_rule_set(rules: RuleSet) -> None:
    """Register another rule set at import time.

    :raises ValueError: the id is taken.
    """
    if _RULE_SETS.get(rules.id, rules) != rules:
        raise ValueError(f"rule set {rules.id!r} is registered twice")
    _RULE_SETS[rules.id] = rules


def rule_sets() -> tuple[RuleSet, ...]:
    """All registered rule sets."""
    return tuple(_RULE_SETS.values())


def rule_set(rule_set_id: str) -> RuleSet:
    """Rule set by id.

    :raises DomainError: ``rule_set.unknown``.
    """
    if rule_set_id not in _RULE_SETS:
        raise DomainError("rule_set.unknown", id=rule_set_id)
    return _RULE_SETS[rule_set_id]


def rule_set_for(level: SchoolLevel, year: SchoolYear, *, grade: int | None = None) -> RuleSet:
    """The rule set in force for a school level (and grade) in a school year.

    :raises DomainError: ``rule_set.none``; ``rule_set.by_grade`` when the grades of the level differ in that
        year (a roll-out under way) and no grade is given.
    """
    of_level = [rules for rules in _RULE_SETS.values() if rules.level is level]
    if grade is not None:
        for rules in of_level:
            if rules.covers(grade, year):
                return rules
        raise DomainError("rule_set.none", what=f"lớp {grade}", year=year)
    for rules in of_level:
        covered = [rules.covers(one, year) for one in rules.first_year]
        if all(covered):
            return rules
        if any(covered):
            raise DomainError("rule_set.by_grade", year=year)
    raise DomainError("rule_set.none", what=f"cấp học {level.value}", year=year)
