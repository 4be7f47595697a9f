"""The database's own answer to who writes a locked mark: raw SQL, the ORM's shell and the screens alike.

For the four tables of results the triggers refuse, on SQLite and PostgreSQL,

* changing, writing or deleting the value of a column that stands under a :class:`ColumnLock` of the pupil's
  class, or of a row that was frozen (``locked``) with a year sheet,
* taking ``locked`` away while a live year sheet of the pupil stands,
* moving a row to another pupil, subject or moment when either place is locked,

unless an unlock case that is in force, and whose time has not run out by the database's clock, covers exactly
that pupil, part, moment and column. Moving a row has no such exception.
"""

# ruff: noqa: S608  the statements are put together from names in this file alone

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from hocbaso.apps.assessment.models import SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.common.guards import Condition, guard
from hocbaso.apps.periods.models import ColumnLock, UnlockCase, UnlockCell
from hocbaso.apps.periods.scope import (
    MARK_COLUMNS,
    RECORD,
    RECORD_COLUMNS,
    RESULT_COLUMNS,
    TRAIT_COLUMNS,
    TRAITS,
)
from hocbaso.apps.pupils.models import Enrolment, SchoolClass

_LOCK, _CASE, _CELL = (m._meta.db_table for m in (ColumnLock, UnlockCase, UnlockCell))
_ENROLMENT, _CLASS = Enrolment._meta.db_table, SchoolClass._meta.db_table
_SHEET = "transcripts_yearsheet"  # that app stands above this one
_NOW = {
    # As Django writes a time into SQLite: UTC, "2026-05-31 10:00:00", with or without a fraction.
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "postgresql": "clock_timestamp()",
}
_DIFFERS = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}


@dataclass(frozen=True, slots=True)
class _Table:
    """How one table of results names what locks speak of."""

    model: type[models.Model]
    columns: tuple[str, ...]  # watched
    code: str = ""  # attribute that holds the part; empty: the part is fixed
    part: str = ""
    identity: tuple[str, ...] = ("enrolment_id",)
    #: Columns that only the frozen row holds fast: decisions at the year's end, and the bookkeeping.
    others: tuple[str, ...] = ("version", "updated_at", "updated_by", "source")
    #: SQL for the moment of a column of the row ``r``.
    has_moment: bool = True

    def part_of(self, row: str) -> str:
        return f"{row}.{self.code}" if self.code else f"'{self.part}'"

    def moment_of(self, row: str, column: str, grade: str) -> str:
        """The year record has no moment of its own: see ``scope.record_moment``."""
        if self.has_moment:
            return f"{row}.moment"
        secondary = {"conduct_1": "hk1", "conduct_summer": "he"}.get(column, "hk2")
        return f"(CASE WHEN {grade} <= 5 THEN 'cn' ELSE '{secondary}' END)"


_TABLES = (
    _Table(
        SubjectResult,
        RESULT_COLUMNS,
        code="subject_code",
        identity=("enrolment_id", "moment", "subject_code"),
    ),
    _Table(
        SubjectMarks,
        MARK_COLUMNS,
        code="subject_code",
        identity=("enrolment_id", "moment", "subject_code"),
    ),
    _Table(
        TraitResult,
        TRAIT_COLUMNS,
        part=TRAITS,
        identity=("enrolment_id", "moment", "trait_code"),
    ),
    _Table(
        YearRecord,
        RECORD_COLUMNS,
        part=RECORD,
        has_moment=False,
        others=(
            *("title_proposed_by", "title_reason", "title_grounds"),
            *("promoted_by_principal", "promotion_reason"),
            *("version", "updated_at", "updated_by", "source"),
        ),
    ),
)


class _Sql:
    """The conditions of one table for one database."""

    def __init__(self, table: _Table, vendor: str) -> None:
        self.table, self.vendor = table, vendor
        self.differs, self.now = _DIFFERS[vendor], _NOW[vendor]

    def touched(self, row: str) -> str:
        """Cheap: is there any lock on this row's class, part and moment?"""
        moment = f"l.moment = {row}.moment AND " if self.table.has_moment else ""
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e JOIN {_LOCK} l ON l.school_class_id = e.school_class_id "
            f"WHERE e.id = {row}.enrolment_id AND {moment}l.part IN ('', {self.table.part_of(row)}))"
        )

    def locked(self, row: str, column: str) -> str:
        grade, join = ("", "") if self.table.has_moment else ("c.grade", self._class_of("e"))
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e {join}"
            f"JOIN {_LOCK} l ON l.school_class_id = e.school_class_id "
            f"WHERE e.id = {row}.enrolment_id AND l.moment = {self.table.moment_of(row, column, grade)} "
            f"AND l.part IN ('', {self.table.part_of(row)}) AND l.col IN ('', '{column}'))"
        )

    def covered(self, row: str, column: str = "") -> str:
        """A case in force for this cell; without a column: for anything of this row."""
        grade, join = ("", "") if self.table.has_moment else ("c.grade", self._class_of("e"))
        of_column = f"AND u.col IN ('', '{column}') " if column else ""
        moment = f"AND k.moment = {self.table.moment_of(row, column, grade)} "
        if not column and not self.table.has_moment:
            moment = ""
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e {join}"
            f"JOIN {_CASE} k ON k.school_class_id = e.school_class_id JOIN {_CELL} u ON u.case_id = k.id "
            f"WHERE e.id = {row}.enrolment_id AND k.state = 'in_force' AND k.until > {self.now} "
            f"{moment}AND k.part = {self.table.part_of(row)} {of_column}"
            f"AND (u.enrolment_id IS NULL OR u.enrolment_id = {row}.enrolment_id))"
        )

    @staticmethod
    def _class_of(enrolment: str) -> str:
        return f"JOIN {_CLASS} c ON c.id = {enrolment}.school_class_id "

    def holds(self, row: str, column: str) -> str:
        """The column has a value."""
        kind = self.table.model._meta.get_field(column).get_internal_type()
        return f"{row}.{column} <> ''" if kind == "CharField" else f"{row}.{column} IS NOT NULL"

    def moved(self) -> str:
        return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in self.table.identity)

    def changed(self, column: str) -> str:
        return f"OLD.{column} {self.differs} NEW.{column}"

    def insert(self) -> str:
        return _any(
            f"{self.holds('NEW', c)} AND {self.locked('NEW', c)} AND NOT {self.covered('NEW', c)}"
            for c in self.table.columns
        )

    def delete(self) -> str:
        cells = _any(
            f"{self.holds('OLD', c)} AND {self.locked('OLD', c)} AND NOT {self.covered('OLD', c)}"
            for c in self.table.columns
        )
        return f"OLD.locked OR ({cells})"

    def update_first(self) -> str:
        return f"OLD.locked OR {self.touched('OLD')} OR (({self.moved()}) AND {self.touched('NEW')})"

    def update(self) -> str:
        cells = _any(
            f"{self.changed(c)} AND (OLD.locked OR {self.locked('NEW', c)}) AND NOT {self.covered('NEW', c)}"
            for c in self.table.columns
        )
        others = _any(self.changed(c) for c in self.table.others)
        # What the summer gave after an issue is in no sheet yet: returning the replacing one opens it again.
        after = "AND (OLD.moment <> 'he' OR s.frozen_at >= OLD.updated_at)" if self.table.has_moment else ""
        live = (
            f"EXISTS (SELECT 1 FROM {_SHEET} s WHERE s.enrolment_id = OLD.enrolment_id "
            f"AND s.state <> 'voided' {after})"
        )
        return _any(
            (
                self.moved(),
                cells,
                f"OLD.locked AND NOT NEW.locked AND {live} AND NOT {self.covered('OLD')}",
                f"OLD.locked AND NEW.locked AND ({others}) AND NOT {self.covered('OLD')}",
            )
        )


def _any(conditions: object) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)  # type: ignore[attr-defined]


def _register(table: _Table) -> None:
    lite, pg = _Sql(table, "sqlite"), _Sql(table, "postgresql")
    guard(
        table.model,
        insert_when=Condition(
            f"{lite.touched('NEW')} AND ({lite.insert()})", pg.insert(), first=pg.touched("NEW")
        ),
        update_when=Condition(
            f"({lite.update_first()}) AND ({lite.update()})", pg.update(), first=pg.update_first()
        ),
        delete_when=Condition(
            f"(OLD.locked OR {lite.touched('OLD')}) AND ({lite.delete()})",
            pg.delete(),
            first=f"OLD.locked OR {pg.touched('OLD')}",
        ),
    )


def _keep_pupils_under_their_locks() -> None:
    """A pupil does not leave a class with locks for one without them: the marks would follow, and be open."""
    lacking = (
        f"EXISTS (SELECT 1 FROM {_LOCK} l WHERE l.school_class_id = OLD.school_class_id AND NOT EXISTS "
        f"(SELECT 1 FROM {_LOCK} n WHERE n.school_class_id = NEW.school_class_id AND n.moment = l.moment "
        "AND n.part IN ('', l.part) AND n.col IN ('', l.col)))"
    )
    moved = "NEW.school_class_id <> OLD.school_class_id"
    guard(
        Enrolment,
        update_when=Condition(f"{moved} AND {lacking}", lacking, first=moved),
        delete_when="false",  # what hangs on an enrolment protects it
    )


def register() -> None:
    """Take the place of the assessment app's plain rule (frozen rows only): this one holds it and more."""
    for table in _TABLES:
        _register(table)
    _keep_pupils_under_their_locks()
