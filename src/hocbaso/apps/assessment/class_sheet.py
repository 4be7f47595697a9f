"""The gradebook's pages as data: what a page holds, what is stored in it, what the rules make of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from hocbaso.apps.assessment import class_programme
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.entries import Key, Row, Sort, key_of
from hocbaso.apps.assessment.models import (
    Moment,
    ResultChange,
    SubjectMarks,
    SubjectResult,
    TraitResult,
    YearRecord,
)
from hocbaso.apps.assessment.parts import RECORD, TERMS, TRAITS, is_secondary, moments_of
from hocbaso.apps.assessment.sheet_fields import (
    TERM_RESULT,
    YEAR_RESULT,
    Computed,
    Field,
    Kind,
    Part,
    PartKind,
    fields_of,
    parts_of,
    subject_line,
)
from hocbaso.apps.assessment.sheet_progress import Progress, progress
from hocbaso.apps.assessment.summer import needs_of
from hocbaso.apps.assessment.use_cases.check_entry import grade_programme
from hocbaso.apps.assessment.year_outcomes import kept_of, rules_of, subject_year
from hocbaso.apps.common.compiled import Compiled
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation import tt22, tt27
from hocbaso.core.regulation.programme import GradeProgramme, Programme, programme_for
from hocbaso.core.vietnamese.reading import Finding
from hocbaso.core.vietnamese.school_year import SchoolYear

__all__ = [
    "RECORD",
    "TRAITS",
    "ClassSheet",
    "Computed",
    "Field",
    "Kind",
    "Part",
    "PartKind",
    "Progress",
    "Roll",
    "cell_history",
    "fields_of",
    "findings",
    "moments_of",
    "parts_of",
    "programme_of",
    "progress",
    "read_roll",
    "read_sheet",
    "shown",
    "subject_line",
]


def shown(value: Any) -> str:
    """A stored value as the cell shows it."""
    return "" if value is None else str(value)


@dataclass(slots=True)
class ClassSheet:
    """One page with what is stored."""

    school_class: SchoolClass
    part: str
    moment: str
    fields: tuple[Field, ...]
    enrolments: list[Enrolment]  # secondary: who studies the subject; in summer: who is re-assessed
    rows: dict[Key, Row] = field(default_factory=dict)  # secondary: of both semesters
    #: Columns that the rules fill, and their canonical texts by enrolment and key ("" while undetermined).
    computed_columns: tuple[Computed, ...] = ()
    computed: dict[int, dict[str, str]] = field(default_factory=dict)
    programme: ClassProgramme | None = None  # secondary

    def row(self, enrolment_id: int, column: Field) -> Row | None:
        return self.rows.get(column.row_key(enrolment_id, self.moment))

    def text(self, enrolment_id: int, column: Field) -> str:
        """What the cell shows."""
        row = self.row(enrolment_id, column)
        return shown(getattr(row, column.name)) if row is not None else ""

    def exempt(self, enrolment_id: int) -> str:
        """Why the pupil is exempt from the page's subject; empty when not."""
        row = self.row(enrolment_id, self.fields[0])
        return row.exempt_reason if isinstance(row, SubjectResult | SubjectMarks) else ""

    def carried(self, enrolment_id: int) -> str:
        """Result of the semester at another school; empty when the pupil was here."""
        row = self.row(enrolment_id, self.fields[0])
        return row.carried if isinstance(row, SubjectMarks) else ""

    def missing(self, enrolment: Enrolment) -> list[Field]:
        """Required fields that are empty.

        None for a pupil who has left, is exempt, brings the semester's result from another school or is
        assessed by an individual plan.
        """
        planned = self.programme is not None and self.programme.individual_plan(enrolment.pk)
        if not enrolment.active or planned or self.exempt(enrolment.pk) or self.carried(enrolment.pk):
            return []
        return [f for f in self.fields if f.required and not self.text(enrolment.pk, f)]


@dataclass(frozen=True, slots=True)
class Roll:
    """Pupils of a class with what they study."""

    school_class: SchoolClass
    enrolments: tuple[Enrolment, ...]
    programme: ClassProgramme | None  # secondary


def read_roll(school_class: SchoolClass, only: Collection[int] | None = None) -> Roll:
    """Who is in the class. Primary: one query; secondary: two.

    :param only: these enrolments, without the pupils' personal data.
    """
    read = _roll[is_secondary(school_class.grade), only is not None]
    enrolments = tuple(
        read(of_class=school_class.pk) if only is None else read(of_class=school_class.pk, only=only)
    )
    for enrolment in enrolments:
        enrolment.school_class = school_class
    if not is_secondary(school_class.grade):
        return Roll(school_class, enrolments, None)
    own = [(school_class.pk, e.programme) for e in enrolments if hasattr(e, "programme")]
    programme = class_programme.of_classes([school_class], own)[school_class.pk]
    return Roll(school_class, enrolments, programme)


def _of_class(secondary: bool, some: bool) -> Compiled:
    related = [*(() if some else ("pupil",)), *(("programme",) if secondary else ())]

    def make(of_class: int, only: Collection[int] | None = None) -> QuerySet[Enrolment]:
        rows = Enrolment.objects.filter(school_class=of_class)
        if only is not None:
            rows = rows.filter(pk__in=only)
        return rows.select_related(*related) if related else rows

    return Compiled(make, of_class=int, **({"only": list[int]} if some else {}))


#: By level (secondary?) and extent (only some?).
_roll = {(a, b): _of_class(a, b) for a in (False, True) for b in (False, True)}


def read_sheet(school_class: SchoolClass, part: str, moment: str, roll: Roll | None = None) -> ClassSheet:
    """One page of the gradebook. Primary: two queries; secondary: four at most; at "he" five more.

    :param roll: when it is known already; what the rules compute is then of its pupils alone.
    :raises NotFound: ``no_such_part``.
    """
    roll = roll or read_roll(school_class)
    enrolments, programme = list(roll.enrolments), roll.programme
    fields = fields_of(school_class, part, moment, programme)
    if programme is not None and part != RECORD:
        enrolments = [e for e in enrolments if programme.studies(e.pk, part)]
    if moment == Moment.SUMMER:
        enrolments = _of_summer(school_class, part, enrolments)
    sheet = ClassSheet(school_class, part, moment, fields, enrolments, programme=programme)
    sheet.rows = {key_of(fields[0].sort, row): row for row in _stored(school_class, part, moment)}
    if programme is not None and part != RECORD and moment in TERMS:
        _compute(sheet, programme.subject(part))
    return sheet


def _stored(school_class: SchoolClass, part: str, moment: str) -> Iterable[Row]:
    of_class: dict[str, Any] = {"enrolment__school_class": school_class}
    if part == TRAITS:
        return TraitResult.objects.filter(**of_class, moment=moment)
    if part == RECORD:
        return YearRecord.objects.filter(**of_class)
    if is_secondary(school_class.grade):  # the year's average needs both semesters
        moments = (moment,) if moment == Moment.SUMMER else TERMS
        rows: list[Row] = _marks(of_class=school_class.pk, moments=moments, part=part)
        return rows
    return SubjectResult.objects.filter(**of_class, moment=moment, subject_code=part)


_marks = Compiled(
    lambda of_class, moments, part: SubjectMarks.objects.filter(
        enrolment__school_class=of_class, moment__in=moments, subject_code=part
    ),
    of_class=int,
    moments=list[str],
    part=str,
)


def _of_summer(school_class: SchoolClass, part: str, enrolments: list[Enrolment]) -> list[Enrolment]:
    """Who is to be re-assessed in what the page holds."""
    needs = needs_of(school_class, [e.pk for e in enrolments])

    def due(enrolment: Enrolment) -> bool:
        found = needs.get(enrolment.pk)
        if found is None:
            return False
        if part == RECORD:
            return found.conduct
        if part == TRAITS:
            return any(code.startswith(("pc-", "nl-")) for code in found.items)
        return part in found.items

    return [e for e in enrolments if due(e)]


def _compute(sheet: ClassSheet, subject: tt22.SecondarySubject) -> None:
    """Semester and (on the page of semester II) year results beside the marks; one query for the settings."""
    rules = rules_of(sheet.school_class.school)
    rows: dict[str, dict[int, SubjectMarks]] = {term: {} for term in TERMS}
    for row in sheet.rows.values():
        if isinstance(row, SubjectMarks):
            rows[row.moment][row.enrolment_id] = row
    kept = {term: kept_of(rows[term].values(), subject) for term in TERMS}
    second = sheet.moment == TERMS[1]
    sheet.computed_columns = (TERM_RESULT, YEAR_RESULT) if second else (TERM_RESULT,)
    for enrolment in sheet.enrolments:
        one, two = (rows[term].get(enrolment.pk) for term in TERMS)
        outcome = tt22.year_value(subject_year(subject, one, two, None, kept), rules)
        texts = {TERM_RESULT.key: (outcome.term2 if second else outcome.term1).text}
        if second:
            texts[YEAR_RESULT.key] = outcome.year_text
        sheet.computed[enrolment.pk] = texts


def findings(sheet: ClassSheet) -> dict[int, tuple[Finding, ...]]:
    """Circular 27's warnings about the year's subject results, by enrolment (level against test score)."""
    if sheet.moment != Moment.YEAR_END or sheet.part in (TRAITS, RECORD):
        return {}
    grade = sheet.school_class.grade
    programme: Programme = programme_for(grade, SchoolYear.parse(sheet.school_class.school_year))
    found: dict[int, tuple[Finding, ...]] = {}
    for enrolment in sheet.enrolments:
        row = sheet.row(enrolment.pk, sheet.fields[0])
        if not enrolment.active or not isinstance(row, SubjectResult):
            continue
        level = tt27.SubjectLevel(row.level) if row.level and not row.exempt_reason else None
        score = None if row.exempt_reason else row.score
        result = tt27.SubjectResult(row.subject_code, level, score, row.exempt_reason or None)
        warnings = tt27.evaluate_year(grade, [result], [], programme=programme).warnings
        if warnings:
            found[enrolment.pk] = warnings
    return found


def cell_history(of_class: SchoolClass, enrolment_id: int, column: Field, moment: str) -> list[ResultChange]:
    """Every change of one cell, latest first. One query."""
    lines = ResultChange.objects.filter(
        enrolment_id=enrolment_id, enrolment__school_class=of_class, field=column.history_name
    )
    if column.sort is not Sort.RECORD:
        lines = lines.filter(moment=moment)
    return list(lines.order_by("-at", "-pk"))


def programme_of(school_class: SchoolClass) -> GradeProgramme:
    """What a primary class studies."""
    return grade_programme(school_class.grade, school_class.school_year)
