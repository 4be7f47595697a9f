"""The gradebook's pages as data: which fields a page holds, what is stored in them, how far they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q

from hocbaso.apps.assessment.models import Moment, ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.use_cases.check_entry import RANGES, TEXT_LIMITS, grade_programme
from hocbaso.apps.assessment.use_cases.record_results import Entry, Row, Sort, field_name, key_of
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import NotFound, register
from hocbaso.core.regulation import tt27
from hocbaso.core.regulation.programme import GradeProgramme, Programme, ProgrammeLine, programme_for
from hocbaso.core.regulation.programme import Moment as TestMoment
from hocbaso.core.vietnamese.reading import Finding
from hocbaso.core.vietnamese.school_year import SchoolYear

register({"no_such_part": ("Sổ điểm của lớp không có phần này.", "The class's gradebook has no such part.")})

#: Pages of a class that are no subject.
TRAITS = "pham-chat-nang-luc"
RECORD = "nhan-xet"


class Kind(StrEnum):
    """How a field is written."""

    LEVEL = "level"  # T, H, C
    TRAIT = "trait"  # T, Đ, C
    SCORE = "score"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a page."""

    key: str  # in the page: "level", "score", "comment", a trait's code, a field of the record
    kind: Kind
    sort: Sort
    code: str  # subject or trait
    name: str  # attribute of the stored row
    required: bool  # an empty cell counts as missing
    low: int = 0
    high: int = 0  # largest number, or greatest length of a text

    def row_key(self, enrolment_id: int, moment: str) -> tuple[int, Sort, str, str]:
        """Key of the stored row that holds the field for a pupil."""
        return Entry(enrolment_id, self.sort, {}, self.code, moment).key

    @property
    def history_name(self) -> str:
        """As :class:`ResultChange` names the field."""
        return field_name(self.sort, self.code, self.name)


def subject_line(school_class: SchoolClass, code: str) -> ProgrammeLine:
    """The programme's line for a page.

    :raises NotFound: ``no_such_part``.
    """
    for line in grade_programme(school_class.grade, school_class.school_year).lines:
        if line.code == code:
            return line
    raise NotFound("no_such_part")


def fields_of(school_class: SchoolClass, part: str, moment: str) -> tuple[Field, ...]:
    """Columns of one page. A test score only where the programme has a test at the moment (Điều 7).

    :raises NotFound: ``no_such_part``.
    """
    if part == TRAITS:
        traits = grade_programme(school_class.grade, school_class.school_year).traits
        return tuple(Field(t.code, Kind.TRAIT, Sort.TRAIT, t.code, "level", True) for t in traits)
    if part == RECORD:
        return _record_fields()
    line = subject_line(school_class, part)
    found = [Field("level", Kind.LEVEL, Sort.SUBJECT, part, "level", line.compulsory)]
    if TestMoment(moment) in line.tests:
        found.append(Field("score", Kind.SCORE, Sort.SUBJECT, part, "score", True, 1, 10))
    limit = TEXT_LIMITS["comment"]
    found.append(Field("comment", Kind.TEXT, Sort.SUBJECT, part, "comment", False, 0, limit))
    return tuple(found)


def _record_fields() -> tuple[Field, ...]:
    absences = ("absent_excused", "absent_unexcused")
    numbers = [
        Field(name, Kind.NUMBER, Sort.RECORD, "", name, name in absences, *RANGES[name])
        for name in (*absences, "height_cm", "weight_kg")
    ]
    texts = [
        Field(name, Kind.TEXT, Sort.RECORD, "", name, name == "homeroom_comment", 0, TEXT_LIMITS[name])
        for name in ("homeroom_comment", "qualities_comment", "general_comment", "specific_comment")
    ]
    return (*numbers, *texts)


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
    enrolments: list[Enrolment]
    rows: dict[tuple[int, Sort, str, str], Row] = field(default_factory=dict)

    def row(self, enrolment_id: int, column: Field) -> Row | None:
        return self.rows.get(column.row_key(enrolment_id, self.moment))

    def text(self, enrolment_id: int, column: Field) -> str:
        """What the cell shows."""
        row = self.row(enrolment_id, column)
        return shown(getattr(row, column.name)) if row is not None else ""

    def exempt(self, enrolment_id: int) -> str:
        """Why the pupil is exempt from the page's subject; empty when not."""
        row = self.row(enrolment_id, self.fields[0])
        return row.exempt_reason if isinstance(row, SubjectResult) else ""

    def missing(self, enrolment: Enrolment) -> list[Field]:
        """Required fields that are empty; none for a pupil who has left or is exempt."""
        if not enrolment.active or self.exempt(enrolment.pk):
            return []
        return [f for f in self.fields if f.required and not self.text(enrolment.pk, f)]


def read_sheet(school_class: SchoolClass, part: str, moment: str) -> ClassSheet:
    """One page of the gradebook. Two queries.

    :raises NotFound: ``no_such_part``.
    """
    fields = fields_of(school_class, part, moment)
    enrolments = list(school_class.enrolments.select_related("pupil"))
    sheet = ClassSheet(school_class, part, moment, fields, enrolments)
    of_class: dict[str, Any] = {"enrolment__school_class": school_class}
    found: Iterable[Row]
    if part == TRAITS:
        found = TraitResult.objects.filter(**of_class, moment=moment)
    elif part == RECORD:
        found = YearRecord.objects.filter(**of_class)
    else:
        found = SubjectResult.objects.filter(**of_class, moment=moment, subject_code=part)
    sheet.rows = {key_of(fields[0].sort, row): row for row in found}
    return sheet


def findings(sheet: ClassSheet) -> dict[int, tuple[Finding, ...]]:
    """The circular's warnings about the year's subject results, by enrolment (level against test score)."""
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


@dataclass(frozen=True, slots=True)
class Progress:
    """How many pupils of a class have everything that a page asks for."""

    done: int
    pupils: int

    @property
    def complete(self) -> bool:
        return self.done >= self.pupils > 0


def progress(classes: Sequence[SchoolClass], moment: str) -> dict[tuple[int, str], Progress]:
    """Progress of every page of the classes, by class and part. Four queries."""
    ids = [c.pk for c in classes]
    active = Q(enrolment__active=True, enrolment__school_class__in=ids)
    sizes = _counted(Enrolment.objects.filter(active=True, school_class__in=ids).values_list("school_class"))
    subjects = {
        (row["enrolment__school_class"], row["subject_code"]): row
        for row in SubjectResult.objects.filter(active, moment=moment)
        .values("enrolment__school_class", "subject_code")
        .annotate(
            level_only=Count("pk", filter=~Q(level="") | ~Q(exempt_reason="")),
            tested=Count("pk", filter=Q(score__isnull=False) & ~Q(level="") | ~Q(exempt_reason="")),
        )
    }
    traits = dict[int, dict[int, int]]()
    leveled = TraitResult.objects.filter(active, moment=moment).exclude(level="")
    for class_id, enrolment_id, count in leveled.values_list("enrolment__school_class", "enrolment").annotate(
        n=Count("pk")
    ):
        traits.setdefault(class_id, {})[enrolment_id] = count
    records = _counted(
        YearRecord.objects.filter(active, absent_excused__isnull=False, absent_unexcused__isnull=False)
        .exclude(homeroom_comment="")
        .values_list("enrolment__school_class")
    )
    found: dict[tuple[int, str], Progress] = {}
    for school_class in classes:
        programme = grade_programme(school_class.grade, school_class.school_year)
        size = sizes.get(school_class.pk, 0)
        for line in programme.lines:
            row = subjects.get((school_class.pk, line.code))
            tested = TestMoment(moment) in line.tests
            done = (row["tested"] if tested else row["level_only"]) if row else 0
            found[school_class.pk, line.code] = Progress(done, size)
        done = sum(n >= len(programme.traits) for n in traits.get(school_class.pk, {}).values())
        found[school_class.pk, TRAITS] = Progress(done, size)
        found[school_class.pk, RECORD] = Progress(records.get(school_class.pk, 0), size)
    return found


def _counted(rows: Any) -> Mapping[int, int]:
    return dict(rows.order_by().annotate(n=Count("pk")))


def programme_of(school_class: SchoolClass) -> GradeProgramme:
    """What the class studies."""
    return grade_programme(school_class.grade, school_class.school_year)
