"""Registry of dated rule sets: a transcript names the one that made it and can be re-evaluated later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    last_year: SchoolYear | None = None  # last school year of any grade
    continuing: bool = False  # giáo dục thường xuyên
    legacy: bool = False  # old results are read and shown, nothing is assessed by these rules any more
    last_years: Mapping[int, SchoolYear] = field(default_factory=dict)  # grade -> its own last year

    def covers(self, grade: int, year: SchoolYear) -> bool:
        """Whether a grade is assessed by these rules in the year."""
        first, last = self.first_year.get(grade), self.last_years.get(grade, self.last_year)
        return first is not None and first <= year and (last is None or year <= last)


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

#: Điều 21 of Circular 22/2021: grade 6 from 2021-2022, 7 and 10, 8 and 11, 9 and 12 each a year later.
_ROLL_OUT_22 = {6: 2021, 7: 2022, 8: 2023, 9: 2024, 10: 2022, 11: 2023, 12: 2024}
_LOWER, _UPPER = (6, 7, 8, 9), (10, 11, 12)


def _secondary(
    rule_set_id: str, grades: tuple[int, ...], *, continuing: bool = False, legacy: bool = False
) -> RuleSet:
    lower = grades is _LOWER
    level = SchoolLevel.LOWER_SECONDARY if lower else SchoolLevel.UPPER_SECONDARY
    words = "trung học cơ sở" if lower else "trung học phổ thông"
    started = {grade: SchoolYear(_ROLL_OUT_22[grade]) for grade in grades}
    if legacy:
        ended = {grade: year.previous() for grade, year in started.items()}
        return RuleSet(
            id=rule_set_id,
            name=f"Quy chế đánh giá, xếp loại học sinh {words}",
            legal_basis="Thông tư 58/2011/TT-BGDĐT, Thông tư 26/2020/TT-BGDĐT",
            level=level,
            valid_from=date(2012, 1, 26),
            valid_to=date(2024, 7, 31),
            first_year={grade: SchoolYear(2011) for grade in grades},
            last_year=max(ended.values()),
            last_years=ended,
            legacy=True,
        )
    who = "học viên giáo dục thường xuyên cấp" if continuing else "học sinh"
    return RuleSet(
        id=rule_set_id,
        name=f"Quy định đánh giá {who} {words}",
        legal_basis=f"Thông tư {'43' if continuing else '22'}/2021/TT-BGDĐT",
        level=level,
        valid_from=date(2022, 2, 15) if continuing else date(2021, 9, 5),
        valid_to=None,
        first_year=started,
        continuing=continuing,
    )


TT22_LOWER = _secondary("tt22-2021-thcs", _LOWER)
TT22_UPPER = _secondary("tt22-2021-thpt", _UPPER)
TT43_LOWER = _secondary("tt43-2021-gdtx-thcs", _LOWER, continuing=True)
TT43_UPPER = _secondary("tt43-2021-gdtx-thpt", _UPPER, continuing=True)
TT58_LOWER = _secondary("tt58-2011-thcs", _LOWER, legacy=True)
TT58_UPPER = _secondary("tt58-2011-thpt", _UPPER, legacy=True)

TT30_2014 = RuleSet(
    id="tt30-2014",
    name="Quy định đánh giá học sinh tiểu học",
    legal_basis="Thông tư 30/2014/TT-BGDĐT, Thông tư 22/2016/TT-BGDĐT",
    level=SchoolLevel.PRIMARY,
    valid_from=date(2014, 10, 15),
    valid_to=date(2024, 7, 31),
    first_year={grade: SchoolYear(2014) for grade in (1, 2, 3, 4, 5)},
    last_year=SchoolYear(2023),
    last_years={grade: SchoolYear(2018 + grade) for grade in (1, 2, 3, 4, 5)},
    legacy=True,
)

_RULE_SETS: dict[str, RuleSet] = {
    rules.id: rules
    for rules in (
        TT27_2020,
        TT22_LOWER,
        TT22_UPPER,
        TT43_LOWER,
        TT43_UPPER,
        TT58_LOWER,
        TT58_UPPER,
        TT30_2014,
    )
}


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


def rule_set_for(
    level: SchoolLevel,
    year: SchoolYear,
    *,
    grade: int | None = None,
    continuing: bool = False,
    legacy: bool = False,
) -> RuleSet:
    """The rule set in force for a school level (and grade) in a school year.

    :param continuing: learners of giáo dục thường xuyên.
    :param legacy: also rules of former years, by which results are only read (digitised paper transcripts).
    :raises DomainError: ``rule_set.none``; ``rule_set.by_grade`` when the grades of the level differ in that
        year (a roll-out under way) and no grade is given.
    """
    of_level = [
        rules
        for rules in _RULE_SETS.values()
        if rules.level is level and (legacy if rules.legacy else rules.continuing is continuing)
    ]
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
