"""Which period decides over a cell: nearest scope wins. Pure: no database, no clock (docs/periods.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hocbaso.core.regulation.programme import PRIMARY_GRADES

#: Parts of a gradebook that are no subject (contract of the gradebook).
TRAITS = "pham-chat-nang-luc"
RECORD = "nhan-xet"

PRIMARY_MOMENTS = ("ghk1", "chk1", "ghk2", "cn")
SECONDARY_MOMENTS = ("hk1", "hk2")
SUMMER = "he"
MOMENTS = (*PRIMARY_MOMENTS, *SECONDARY_MOMENTS, SUMMER)

#: Columns of the stored rows that a period, a lock and a case may name: what the database's guard watches.
RESULT_COLUMNS = ("level", "score", "comment", "exempt_reason")
MARK_COLUMNS = (
    *("tx1", "tx2", "tx3", "tx4", "tx5", "tx6", "gk", "ck", "retest"),
    *("comment", "exempt_reason", "stated", "carried", "carried_school", "decided", "decided_reason"),
)
TRAIT_COLUMNS = ("level",)
RECORD_COLUMNS = (
    *("absent_excused", "absent_unexcused", "height_cm", "weight_kg"),
    *("conduct_1", "conduct_2", "conduct_summer", "awards", "certificates", "contests", "discipline"),
    *("homeroom_comment", "qualities_comment", "general_comment", "specific_comment"),
    *("stated_overall", "stated_completed", "stated_promoted"),
)
COLUMNS = tuple(dict.fromkeys((*RESULT_COLUMNS, *MARK_COLUMNS, *TRAIT_COLUMNS, *RECORD_COLUMNS)))


class Owner(StrEnum):
    """Whose period it is; the school's own is nearer than the province's."""

    PROVINCE = "province"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class Place:
    """What scopes ask of a class."""

    class_id: int
    school_id: int
    school_year: str
    grade: int
    levels: frozenset[str]  # the level of the grade; with "gdtx" in a school of continuing education


@dataclass(frozen=True, slots=True)
class Window:
    """One period that holds, as the resolution sees it."""

    id: int
    owner: Owner
    unit_id: int
    school_year: str
    levels: frozenset[str]
    grade: int | None
    class_id: int | None
    part: str
    moment: str
    columns: frozenset[str]
    opens_at: datetime
    closes_at: datetime

    @property
    def rank(self) -> tuple[int, int, int, int, int, int]:
        """The greater wins: school over province; class over grade over level over all; then a named column,
        a named part, a named moment; of two equal ones the later made."""
        place = 3 if self.class_id is not None else 2 if self.grade is not None else 1 if self.levels else 0
        return (
            int(self.owner is Owner.SCHOOL),
            place,
            int(bool(self.columns)),
            int(bool(self.part)),
            int(bool(self.moment)),
            self.id,
        )

    def covers_class(self, place: Place) -> bool:
        """Whether the class lies in the scope; a province's period is asked only for its own schools."""
        return (
            self.school_year == place.school_year
            and (self.owner is Owner.PROVINCE or self.unit_id == place.school_id)
            and (self.class_id is None or self.class_id == place.class_id)
            and (self.grade is None or self.grade == place.grade)
            and (not self.levels or bool(self.levels & place.levels))
        )

    def covers(self, part: str | None, moment: str, column: str | None) -> bool:
        """Whether the cell lies in the scope. None: a part or column that no period names."""
        return (
            (not self.part or self.part == part)
            and (not self.moment or self.moment == moment)
            and (not self.columns or column in self.columns)
        )

    def closed(self, now: datetime) -> bool:
        return now >= self.closes_at


def levels_of(grade: int, school_levels: Iterable[str] = ()) -> frozenset[str]:
    """Cấp học of a grade: 1–5, 6–9, 10–12; a continuing-education school's grades 6–12 are "gdtx" too."""
    own = "tieu_hoc" if grade <= 5 else "thcs" if grade <= 9 else "thpt"
    continuing = {"gdtx"} if grade >= 6 and "gdtx" in school_levels else set()
    return frozenset({own, *continuing})


def moments_of_grade(grade: int) -> tuple[str, ...]:
    """Moments of entry of a grade, the summer last."""
    return (*(PRIMARY_MOMENTS if grade in PRIMARY_GRADES else SECONDARY_MOMENTS), SUMMER)


def record_moment(grade: int, column: str) -> str:
    """At which moment a field of the year record is entered.

    Primary: at the year's end. Secondary: conduct of the first semester with that semester, conduct after the
    training in summer (TT 22/2021 Điều 13) in summer, everything else with the second semester.
    """
    if grade in PRIMARY_GRADES:
        return "cn"
    return {"conduct_1": "hk1", "conduct_summer": SUMMER}.get(column, "hk2")


def decisive(windows: Iterable[Window], part: str | None, moment: str, column: str | None) -> Window | None:
    """The one of a class's periods that decides over a cell, or None: nobody has set one, so it is open."""
    return max((w for w in windows if w.covers(part, moment, column)), key=lambda w: w.rank, default=None)


def columns_of(part: str, grade: int) -> tuple[str, ...]:
    """Columns of a part of a class's gradebook."""
    if part == TRAITS:
        return TRAIT_COLUMNS
    if part == RECORD:
        return RECORD_COLUMNS
    return RESULT_COLUMNS if grade in PRIMARY_GRADES else MARK_COLUMNS


@dataclass(frozen=True, slots=True)
class Closing:
    """A lock to be written: empty part or column means all."""

    moment: str
    part: str
    column: str
    closed_at: datetime
    window_id: int

    @property
    def cell(self) -> tuple[str, str, str]:
        return self.moment, self.part, self.column


def closings(windows: Sequence[Window], parts: Sequence[str], grade: int, now: datetime) -> list[Closing]:
    """The locks of one class at ``now``, as few rows as say it exactly.

    :param windows: the periods that cover the class.
    :param parts: the parts of the class's gradebook, for scopes that have to be spelled out.
    """
    found: list[Closing] = []
    if not any(w.closed(now) for w in windows):
        return found
    for moment in moments_of_grade(grade):
        found += _closings_of_moment(
            [w for w in windows if w.covers(w.part or None, moment, next(iter(w.columns), None))],
            parts,
            grade,
            moment,
            now,
        )
    return found


def _closings_of_moment(
    windows: Sequence[Window], parts: Sequence[str], grade: int, moment: str, now: datetime
) -> list[Closing]:
    named_parts = {w.part for w in windows if w.part}
    named_columns = {c for w in windows for c in w.columns}
    every_part: list[str | None] = [*sorted(named_parts), None]
    every_column: list[str | None] = [*sorted(named_columns), None]
    deciding = {(p, c): decisive(windows, p, moment, c) for p in every_part for c in every_column}
    closed = {key: w for key, w in deciding.items() if w is not None and w.closed(now)}

    def lock(part: str, column: str, keys: Iterable[tuple[str | None, str | None]]) -> Closing:
        latest = max((closed[key] for key in keys), key=lambda w: w.closes_at)
        return Closing(moment, part, column, latest.closes_at, latest.id)

    if len(closed) == len(deciding):
        return [lock("", "", deciding)]
    found = []
    whole_columns = {c for c in every_column if all((p, c) in closed for p in every_part)}
    for column in COLUMNS:
        key = column if column in named_columns else None
        if key in whole_columns:
            found.append(lock("", column, [(p, key) for p in every_part]))
    for part in sorted({*named_parts, *parts}):
        part_key = part if part in named_parts else None
        own = columns_of(part, grade)
        keys = {c: (part_key, c if c in named_columns else None) for c in own}
        shut = [c for c in own if keys[c] in closed]
        if len(shut) == len(own) and not all(keys[c][1] in whole_columns for c in own):
            found.append(lock(part, "", [keys[c] for c in own]))
        else:
            found += [lock(part, c, [keys[c]]) for c in shut if keys[c][1] not in whole_columns]
    return found
