"""What is handed to the one door for marks, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hocbaso.apps.assessment.models import (
    MARK_COLUMNS,
    Moment,
    SubjectMarks,
    SubjectResult,
    TraitResult,
    YearRecord,
)
from hocbaso.apps.assessment.parts import RECORD, TRAITS

#: Row of the database that an entry speaks of.
Row = SubjectResult | TraitResult | YearRecord | SubjectMarks
#: Enrolment, sort, subject or trait, moment (empty for the record, which is one a year).
Key = tuple[int, "Sort", str, str]


class Sort(StrEnum):
    """What an entry speaks of."""

    SUBJECT = "subject"  # primary: level, test score, comment
    TRAIT = "trait"
    RECORD = "record"
    MARKS = "marks"  # secondary: a row of marks


class Door(StrEnum):
    """Where the entry comes from, which decides the right that is asked and the fields that are open."""

    SCREEN = "screen"  # the teacher, by assignment
    IMPORT = "import"  # the data clerk, from a workbook
    API = "api"  # a program of the school, with the data clerk's right
    TRANSFER = "transfer"  # results of the school that the pupil came from
    OFFICE = "office"  # exemptions and decided results, on the school's decision


class Saved(StrEnum):
    """What became of one entry."""

    SAVED = "saved"
    SAME = "same"
    LOCKED = "locked"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """Values for one stored row: a subject, a trait or the year's record of one pupil at one moment.

    Only the fields named in ``values`` are written; "" and None clear a field. ``base_version`` is the
    version that the writer saw (0: no row yet); None skips the check for a conflict. ``seen`` holds the
    values that the writer saw: a row whose version moved on without touching them is no conflict.
    """

    enrolment_id: int
    sort: Sort
    values: Mapping[str, Any]
    code: str = ""  # subject or trait; empty for the record
    moment: str = Moment.YEAR_END
    base_version: int | None = None
    seen: Mapping[str, Any] | None = None

    @property
    def key(self) -> Key:
        return self.enrolment_id, self.sort, self.code, "" if self.sort is Sort.RECORD else str(self.moment)

    @property
    def part(self) -> str:
        """The gradebook's page that holds the row."""
        return {Sort.TRAIT: TRAITS, Sort.RECORD: RECORD}.get(self.sort, self.code)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one entry, with the row's version and values afterwards."""

    entry: Entry
    state: Saved
    version: int = 0
    message: str = ""
    current: Mapping[str, Any] = field(default_factory=dict)  # the entry's fields as stored now
    before: Mapping[str, Any] | None = None  # the changed fields as they were; None: there was no row


MODELS: dict[Sort, type[Row]] = {
    Sort.SUBJECT: SubjectResult,
    Sort.TRAIT: TraitResult,
    Sort.RECORD: YearRecord,
    Sort.MARKS: SubjectMarks,
}
CARRIED = frozenset({"carried", "carried_school"})
FIELDS: dict[Sort, frozenset[str]] = {
    Sort.SUBJECT: frozenset({"level", "score", "comment", "exempt_reason"}),
    Sort.TRAIT: frozenset({"level"}),
    Sort.RECORD: frozenset(
        {
            "absent_excused",
            "absent_unexcused",
            "height_cm",
            "weight_kg",
            "conduct_1",
            "conduct_2",
            "conduct_summer",
            "awards",
            "certificates",
            "contests",
            "discipline",
            "homeroom_comment",
            "qualities_comment",
            "general_comment",
            "specific_comment",
            "stated_overall",
            "stated_completed",
            "stated_promoted",
        }
    ),
    Sort.MARKS: frozenset(
        {*MARK_COLUMNS, "retest", "comment", "exempt_reason", "stated", "decided", "decided_reason", *CARRIED}
    ),
}
_STATED = frozenset({"stated", "stated_overall", "stated_completed", "stated_promoted"})
#: What people decide: exemptions, and a year's result that the rules cannot give.
_OF_OFFICE = frozenset({"exempt_reason", "decided", "decided_reason"})
#: Fields that a door leaves alone: what a workbook stated is no teacher's entry, an exemption is decided.
CLOSED_TO: dict[Door, frozenset[str]] = {
    Door.SCREEN: _STATED | _OF_OFFICE | CARRIED,
    Door.IMPORT: _OF_OFFICE,
    Door.API: _OF_OFFICE | CARRIED,
    Door.TRANSFER: _STATED | _OF_OFFICE,
}


def open_fields(sort: Sort, door: Door) -> frozenset[str]:
    """Fields of a sort of entry that a door may write."""
    if door is Door.OFFICE:
        return FIELDS[sort] & _OF_OFFICE
    return FIELDS[sort] - CLOSED_TO[door]


def key_of(sort: Sort, row: Row) -> Key:
    """The key of the entry that would speak of this row."""
    if isinstance(row, SubjectResult | SubjectMarks):
        return row.enrolment_id, sort, row.subject_code, row.moment
    if isinstance(row, TraitResult):
        return row.enrolment_id, sort, row.trait_code, row.moment
    return row.enrolment_id, sort, "", ""


def new_row(entry: Entry) -> Row:
    """An empty row for an entry, not stored."""
    if entry.sort is Sort.RECORD:
        return YearRecord(enrolment_id=entry.enrolment_id)
    if entry.sort is Sort.TRAIT:
        return TraitResult(enrolment_id=entry.enrolment_id, moment=entry.moment, trait_code=entry.code)
    model = SubjectMarks if entry.sort is Sort.MARKS else SubjectResult
    return model(enrolment_id=entry.enrolment_id, moment=entry.moment, subject_code=entry.code)


def field_name(sort: Sort, code: str, name: str) -> str:
    """How the history names a field.

    ``subject:toan:level``, ``marks:toan:tx1``, ``trait:pc-yeu-nuoc``, ``record:weight_kg``.
    """
    if sort is Sort.RECORD:
        return f"record:{name}"
    return f"trait:{code}" if sort is Sort.TRAIT else f"{sort.value}:{code}:{name}"


def value_text(value: Any) -> str:
    """A value as the history holds it."""
    if isinstance(value, bool):
        return "x" if value else "không"
    return "" if value is None else str(value)
