"""The database's own answer to who writes a locked mark: raw SQL, the ORM's shell and the screens alike.

For the four tables of results the triggers refuse, on SQLite and PostgreSQL,

* changing, writing or deleting the value of a column that stands under a :class:`ColumnLock` of the pupil's
  class, or of a row that was frozen (``locked``) with a year sheet,
* writing a value into a new row of a year whose sheet is frozen or issued (the summer's rows are new then),
* taking ``locked`` away while a live year sheet of the pupil stands,
* moving a row to another pupil, subject or moment when either place is locked,

unless an unlock case that is in force, and whose time has not run out by the database's clock, covers exactly
that pupil, part, moment and column. Moving a row and taking ``locked`` away have no such exception: a case
for one column would open the whole row. Enrolments and classes keep what the locks hang on: whose marks they
are, the class, its grade and year.
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
# As Django writes a time into SQLite: UTC, "2026-05-31 10:00:00", with or without a fraction.
_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


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
    has_moment: bool = True

    def part_of(self, row: str) -> str:
        return f"{row}.{self.code}" if self.code else f"'{self.part}'"

    def moment_of(self, row: str, column: str, grade: str) -> str:
        """The year record has no moment of its own: see ``scope.record_moment``."""
        if self.has_moment:
            return f"{row}.moment"
        secondary = {"conduct_1": "hk1", "conduct_summer": "he"}.get(column, "hk2")
        return f"(CASE WHEN {grade} <= 5 THEN 'cn' ELSE '{secondary}' END)"

    def holds(self, row: str, column: str) -> str:
        """The column has a value."""
        kind = self.model._meta.get_field(column).get_internal_type()
        return f"{row}.{column} <> ''" if kind == "CharField" else f"{row}.{column} IS NOT NULL"

    def moved(self) -> str:
        return " OR ".join(f"NEW.{name} <> OLD.{name}" for name in self.identity)

    def live(self) -> str:
        """Sheets ``s`` that stand and hold the row. What the summer gave after an issue is in no sheet yet:
        when the replacing one is returned, it opens again."""
        after = "AND (OLD.moment <> 'he' OR s.frozen_at >= OLD.updated_at)" if self.has_moment else ""
        return f"s.enrolment_id = OLD.enrolment_id AND s.state <> 'voided' {after}"

    def frozen(self, row: str) -> str:
        """A live sheet of the pupil speaks of rows of this kind; the summer's stand in none yet."""
        moment = ""
        if self.has_moment:
            of_sheet = "'hk1', 'hk2'" if self.model is SubjectMarks else "'cn'"
            moment = f"{row}.moment IN ({of_sheet}) AND "
        return (
            f"({moment}EXISTS (SELECT 1 FROM {_SHEET} s WHERE s.enrolment_id = {row}.enrolment_id "
            "AND s.state <> 'voided'))"
        )


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


class _Sqlite:
    """The conditions of one table: expressions, because a trigger there is one."""

    def __init__(self, table: _Table) -> None:
        self.table = table

    def touched(self, row: str) -> str:
        """Cheap: is there any lock on this row's class, part and moment?"""
        moment = f"l.moment = {row}.moment AND " if self.table.has_moment else ""
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e JOIN {_LOCK} l ON l.school_class_id = e.school_class_id "
            f"WHERE e.id = {row}.enrolment_id AND {moment}l.part IN ('', {self.table.part_of(row)}))"
        )

    def locked(self, row: str, column: str) -> str:
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e JOIN {_CLASS} c ON c.id = e.school_class_id "
            f"JOIN {_LOCK} l ON l.school_class_id = e.school_class_id "
            f"WHERE e.id = {row}.enrolment_id AND l.moment = {self.table.moment_of(row, column, 'c.grade')} "
            f"AND l.part IN ('', {self.table.part_of(row)}) AND l.col IN ('', '{column}'))"
        )

    def covered(self, row: str, column: str = "") -> str:
        """A case in force for this cell; without a column: for anything of this row."""
        of_column = ""
        if column:
            moment = self.table.moment_of(row, column, "c.grade")
            of_column = f"AND k.moment = {moment} AND u.col IN ('', '{column}') "
        elif self.table.has_moment:
            of_column = f"AND k.moment = {row}.moment "
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e JOIN {_CLASS} c ON c.id = e.school_class_id "
            f"JOIN {_CASE} k ON k.school_class_id = e.school_class_id JOIN {_CELL} u ON u.case_id = k.id "
            f"WHERE e.id = {row}.enrolment_id AND k.state = 'in_force' AND k.until > {_NOW} "
            f"AND k.part = {self.table.part_of(row)} {of_column}"
            f"AND (u.enrolment_id IS NULL OR u.enrolment_id = {row}.enrolment_id))"
        )

    def insert(self) -> str:
        frozen = self.table.frozen("NEW")
        return f"({self.touched('NEW')} OR {frozen}) AND ({self._written('NEW', frozen)})"

    def delete(self) -> str:
        return f"OLD.locked OR ({self.touched('OLD')} AND ({self._written('OLD')}))"

    def _written(self, row: str, frozen: str = "false") -> str:
        return _any(
            f"{self.table.holds(row, c)} AND ({frozen} OR {self.locked(row, c)}) "
            f"AND NOT {self.covered(row, c)}"
            for c in self.table.columns
        )

    def update(self) -> str:
        moved = self.table.moved()
        cells = _any(
            f"OLD.{c} IS NOT NEW.{c} AND (OLD.locked OR {self.locked('NEW', c)}) "
            f"AND NOT {self.covered('NEW', c)}"
            for c in self.table.columns
        )
        others = _any(f"OLD.{c} IS NOT NEW.{c}" for c in self.table.others)
        live = f"EXISTS (SELECT 1 FROM {_SHEET} s WHERE {self.table.live()})"
        concerned = f"OLD.locked OR {self.touched('OLD')} OR (({moved}) AND {self.touched('NEW')})"
        refused = _any(
            (
                moved,
                cells,
                f"OLD.locked AND NOT NEW.locked AND {live}",
                f"OLD.locked AND NEW.locked AND ({others}) AND NOT {self.covered('OLD')}",
            )
        )
        return f"({concerned}) AND ({refused})"


class _Postgresql:
    """The same conditions as plpgsql blocks: one look at the locks a row, the rest only where one stands."""

    DECLARE = "touched text[] := '{}'; locks text[]; frozen boolean; level smallint; cell text; spot text;"

    def __init__(self, table: _Table) -> None:
        self.table = table

    def insert(self) -> str:
        return (
            f"{self._collect('NEW')} {self._locks('NEW')} frozen := {self.table.frozen('NEW')}; "
            f"{self._judge('NEW', 'frozen')}"
        )

    def delete(self) -> str:
        return (
            f"IF OLD.locked THEN REFUSE; END IF; {self._collect('OLD')} {self._locks('OLD')} "
            f"{self._judge('OLD', 'false')}"
        )

    def update(self) -> str:
        collect = " ".join(
            f"IF OLD.{c} IS DISTINCT FROM NEW.{c} THEN touched := touched || '{c}'::text; END IF;"
            for c in self.table.columns
        )
        others = _any(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in self.table.others)
        frozen = (
            f"IF OLD.locked THEN IF NOT NEW.locked AND EXISTS (SELECT 1 FROM {_SHEET} s WHERE "
            f"{self.table.live()}) OR NEW.locked AND ({others}) AND NOT {self._covered('OLD', '')} "
            "THEN REFUSE; END IF; END IF;"
        )
        moved = (
            f"IF {self.table.moved()} THEN IF OLD.locked THEN REFUSE; END IF; {self._locks('OLD')} "
            f"IF locks IS NOT NULL THEN REFUSE; END IF; {self._locks('NEW')} "
            "IF locks IS NOT NULL THEN REFUSE; END IF; END IF;"
        )
        return f"{moved} {frozen} {collect} {self._locks('NEW')} {self._judge('NEW', 'OLD.locked')}"

    def _collect(self, row: str) -> str:
        return " ".join(
            f"IF {self.table.holds(row, c)} THEN touched := touched || '{c}'::text; END IF;"
            for c in self.table.columns
        )

    def _locks(self, row: str) -> str:
        """The row's locks as ``moment:column``; NULL when there is none."""
        moment = f"AND l.moment = {row}.moment" if self.table.has_moment else ""
        return (
            f"SELECT array_agg(l.moment || ':' || l.col) INTO locks FROM {_ENROLMENT} e "
            f"JOIN {_LOCK} l ON l.school_class_id = e.school_class_id "
            f"WHERE e.id = {row}.enrolment_id {moment} AND l.part IN ('', {self.table.part_of(row)});"
        )

    def _judge(self, row: str, frozen: str) -> str:
        """Refuse when a touched cell is locked or frozen and no case covers it."""
        level, spot = "", f"{row}.moment"
        if not self.table.has_moment:
            level = (
                f"SELECT c.grade INTO level FROM {_ENROLMENT} e JOIN {_CLASS} c ON c.id = e.school_class_id "
                f"WHERE e.id = {row}.enrolment_id;"
            )
            spot = (
                "CASE WHEN level <= 5 THEN 'cn' WHEN cell = 'conduct_1' THEN 'hk1' "
                "WHEN cell = 'conduct_summer' THEN 'he' ELSE 'hk2' END"
            )
        return (
            f"IF (locks IS NOT NULL OR {frozen}) AND touched <> '{{}}' THEN {level} "
            f"FOREACH cell IN ARRAY touched LOOP spot := {spot}; "
            f"IF ({frozen} OR (spot || ':') = ANY(locks) OR (spot || ':' || cell) = ANY(locks)) "
            f"AND NOT {self._covered(row, 'cell')} THEN REFUSE; END IF; END LOOP; END IF;"
        )

    def _covered(self, row: str, cell: str) -> str:
        of_column = f"AND k.moment = spot AND u.col IN ('', {cell}) " if cell else ""
        if not cell and self.table.has_moment:
            of_column = f"AND k.moment = {row}.moment "
        return (
            f"EXISTS (SELECT 1 FROM {_ENROLMENT} e JOIN {_CASE} k ON k.school_class_id = e.school_class_id "
            f"JOIN {_CELL} u ON u.case_id = k.id WHERE e.id = {row}.enrolment_id "
            f"AND k.state = 'in_force' AND k.until > clock_timestamp() "
            f"AND k.part = {self.table.part_of(row)} {of_column}"
            f"AND (u.enrolment_id IS NULL OR u.enrolment_id = {row}.enrolment_id))"
        )


def _any(conditions: object) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)  # type: ignore[attr-defined]


def _register(table: _Table) -> None:
    lite, pg = _Sqlite(table), _Postgresql(table)
    declare = _Postgresql.DECLARE
    guard(
        table.model,
        insert_when=Condition(lite.insert(), declare=declare, body=pg.insert()),
        update_when=Condition(lite.update(), declare=declare, body=pg.update()),
        delete_when=Condition(lite.delete(), declare=declare, body=pg.delete()),
    )


def _keep_pupils_under_their_locks() -> None:
    """A pupil does not leave a class with locks for one without them: the marks would follow, and be open.
    Nor do locked marks become another pupil's. Under a live sheet both stay as the sheet says."""
    lacking = (
        f"EXISTS (SELECT 1 FROM {_LOCK} l WHERE l.school_class_id = OLD.school_class_id AND NOT EXISTS "
        f"(SELECT 1 FROM {_LOCK} n WHERE n.school_class_id = NEW.school_class_id AND n.moment = l.moment "
        "AND n.part IN ('', l.part) AND n.col IN ('', l.col)))"
    )
    sheet = f"EXISTS (SELECT 1 FROM {_SHEET} s WHERE s.enrolment_id = OLD.id AND s.state <> 'voided')"
    lock = f"EXISTS (SELECT 1 FROM {_LOCK} h WHERE h.school_class_id = OLD.school_class_id)"
    moved, another = "NEW.school_class_id <> OLD.school_class_id", "NEW.pupil_id <> OLD.pupil_id"
    rule = f"{sheet} OR ({moved} AND {lacking}) OR ({another} AND {lock})"
    guard(
        Enrolment,
        update_when=Condition(f"({moved} OR {another}) AND ({rule})", rule, first=f"{moved} OR {another}"),
        delete_when="false",  # what hangs on an enrolment protects it
    )


def _keep_classes_under_their_locks() -> None:
    """Locks name a class; which moments a record's fields belong to follows from its grade."""
    changed = _any(f"NEW.{name} <> OLD.{name}" for name in ("grade", "school_year", "school_id"))
    locked = f"EXISTS (SELECT 1 FROM {_LOCK} l WHERE l.school_class_id = OLD.id)"
    guard(
        SchoolClass,
        update_when=Condition(f"({changed}) AND {locked}", locked, first=changed),
        delete_when="false",  # what hangs on a class protects it
    )


def register() -> None:
    """Take the place of the assessment app's plain rule (frozen rows only): this one holds it and more."""
    for table in _TABLES:
        _register(table)
    _keep_pupils_under_their_locks()
    _keep_classes_under_their_locks()
