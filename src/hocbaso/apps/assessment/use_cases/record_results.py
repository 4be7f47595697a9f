"""The one door through which marks are written: screen and import alike.

Every change leaves a :class:`ResultChange` line, counts the row's version up, and is refused on a locked row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import models, transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.assessment.models import Moment, ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.assessment.use_cases.bulk_insert import bulk_insert
from hocbaso.apps.assessment.use_cases.check_entry import complaint
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import register, sentence

register(
    {
        "results_locked": (
            "Kết quả này đã khóa. Muốn sửa, thầy cô gửi yêu cầu mở khóa.",
            "The result is locked; ask for it to be unlocked.",
        ),
        "results_conflict": (
            "Ô này vừa được {by} sửa. Thầy cô xem lại hai giá trị rồi chọn.",
            "{by} changed this cell meanwhile.",
        ),
        "results_not_allowed": (
            "Thầy cô không được phân công nhập phần này.",
            "You are not assigned to enter this.",
        ),
        "results_exempt": (
            "Học sinh được miễn môn này nên không ghi mức đạt được hay điểm.",
            "The pupil is exempt from this subject.",
        ),
        "results_no_pupil": ("Không có học sinh này trong lớp.", "No such pupil in the class."),
    }
)

CHUNK = 500


class Sort(StrEnum):
    """What an entry speaks of."""

    SUBJECT = "subject"
    TRAIT = "trait"
    RECORD = "record"


class Door(StrEnum):
    """Where the entry comes from, which decides the right that is asked."""

    SCREEN = "screen"
    IMPORT = "import"


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
    def key(self) -> tuple[int, Sort, str, str]:
        return self.enrolment_id, self.sort, self.code, "" if self.sort is Sort.RECORD else str(self.moment)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one entry, with the row's version and values afterwards."""

    entry: Entry
    state: Saved
    version: int = 0
    message: str = ""
    current: Mapping[str, Any] = field(default_factory=dict)  # the entry's fields as stored now
    before: Mapping[str, Any] | None = None  # the changed fields as they were; None: there was no row


#: Row of the database that an entry speaks of.
Row = SubjectResult | TraitResult | YearRecord
_MODELS: dict[Sort, type[Row]] = {
    Sort.SUBJECT: SubjectResult,
    Sort.TRAIT: TraitResult,
    Sort.RECORD: YearRecord,
}
FIELDS: dict[Sort, frozenset[str]] = {
    Sort.SUBJECT: frozenset({"level", "score", "comment", "exempt_reason"}),
    Sort.TRAIT: frozenset({"level"}),
    Sort.RECORD: frozenset(
        {
            "absent_excused",
            "absent_unexcused",
            "height_cm",
            "weight_kg",
            "homeroom_comment",
            "qualities_comment",
            "general_comment",
            "specific_comment",
            "stated_overall",
            "stated_completed",
            "stated_promoted",
        }
    ),
}


def record(actor: Actor, entries: Sequence[Entry], *, door: Door, source: str) -> list[Answer]:
    """Write entries of one school. One answer for each, in order; a refused one does not stop the others.

    :param door: ``SCREEN`` asks "assessment.enter" for each class and subject and "assessment.enter_traits"
        for the rest; ``IMPORT`` asks "assessment.import_results" of the school.
    :param source: kept in row and history: "screen" or "import:<batch>".
    :raises NotAllowed: an import by somebody who may not; on the screen each entry is answered by itself.
    """
    with transaction.atomic():
        return _Writing(actor, door, source).write(entries)


class Stored:
    """The rows of the database that some entries speak of. Three queries per 500 pupils."""

    def __init__(self, enrolment_ids: Iterable[int], *, lock: bool = False) -> None:
        self.rows: dict[tuple[int, Sort, str, str], Row] = {}
        self.closed: set[int] = set()  # pupils of whose year something is locked
        ids = sorted(set(enrolment_ids))
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            for sort, model in _MODELS.items():
                found = model._default_manager.filter(enrolment_id__in=part)
                for row in found.select_for_update() if lock else found:
                    self.rows[key_of(sort, row)] = row
                    if row.locked:
                        self.closed.add(row.enrolment_id)

    def locked(self, entry: Entry) -> bool:
        """Whether the row may not be written: locked itself, or not there yet in a year that is closed."""
        row = self.rows.get(entry.key)
        if row is not None:
            return row.locked
        of_year = entry.sort is Sort.RECORD or entry.moment == Moment.YEAR_END
        return of_year and entry.enrolment_id in self.closed


def key_of(sort: Sort, row: Row) -> tuple[int, Sort, str, str]:
    """The key of the entry that would speak of this row."""
    if isinstance(row, SubjectResult):
        return row.enrolment_id, sort, row.subject_code, row.moment
    if isinstance(row, TraitResult):
        return row.enrolment_id, sort, row.trait_code, row.moment
    return row.enrolment_id, sort, "", ""


def differing(row: Row | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the stored row does not hold yet."""
    if row is None:
        return {name: value for name, value in values.items() if value not in (None, "")}
    return {name: value for name, value in values.items() if getattr(row, name) != value}


class _Writing:
    """One call of :func:`record`."""

    def __init__(self, actor: Actor, door: Door, source: str) -> None:
        self.actor, self.door, self.source = actor, door, source
        self.now = clock.now()
        self.new: dict[Sort, list[Row]] = {sort: [] for sort in Sort}
        self.changed: dict[Sort, dict[int, Row]] = {sort: {} for sort in Sort}
        self.history: list[ResultChange] = []
        self._may: dict[tuple[int, str], bool] = {}

    def write(self, entries: Sequence[Entry]) -> list[Answer]:
        ids = {entry.enrolment_id for entry in entries}
        self.enrolments = Enrolment.objects.select_related("school_class__school").in_bulk(list(ids))
        if self.door is Door.IMPORT:
            for school in {e.school_class.school for e in self.enrolments.values()}:
                require(self.actor, "assessment.import_results", school)
        self.stored = Stored(self.enrolments, lock=True)
        answers = [self._one(entry) for entry in entries]
        for sort, model in _MODELS.items():
            bulk_insert(model, self.new[sort])
        save_rows({sort: list(rows.values()) for sort, rows in self.changed.items()})
        bulk_insert(ResultChange, self.history)
        if self.history and self.door is Door.SCREEN:
            counts: dict[str, Any] = {state.value: sum(a.state is state for a in answers) for state in Saved}
            audit(self.actor, "assessment.record", self._target(), **counts)
        return answers

    def _target(self) -> str:
        classes = {e.school_class for e in self.enrolments.values()}
        return ", ".join(sorted(f"class:{c.school_year}:{c.name}" for c in classes))[:120]

    def _one(self, entry: Entry) -> Answer:
        enrolment = self.enrolments.get(entry.enrolment_id)
        if enrolment is None:
            return Answer(entry, Saved.REFUSED, message=sentence("results_no_pupil"))
        row = self.stored.rows.get(entry.key)
        version = row.version if row else 0
        now = {name: getattr(row, name, None) for name in entry.values}
        if self.door is Door.SCREEN and not self._allowed(enrolment.school_class, entry):
            return Answer(entry, Saved.REFUSED, version, sentence("results_not_allowed"), now)
        if not FIELDS[entry.sort].issuperset(entry.values):
            return Answer(entry, Saved.REFUSED, version, sentence("entry_field"), now)
        if problem := complaint(enrolment.school_class, entry.sort, entry.code, entry.moment, entry.values):
            return Answer(entry, Saved.REFUSED, version, problem, now)
        values = differing(row, entry.values)
        if not values:
            return Answer(entry, Saved.SAME, version, current=now)
        if self.stored.locked(entry):
            return Answer(entry, Saved.LOCKED, version, sentence("results_locked"), now)
        if (
            isinstance(row, SubjectResult)
            and row.exempt_reason
            and (values.get("level") or values.get("score"))
        ):
            return Answer(entry, Saved.REFUSED, version, sentence("results_exempt"), now)
        if entry.base_version not in (None, version) and not _untouched(entry.seen, now):
            by = row.updated_by if row else ""
            return Answer(entry, Saved.CONFLICT, version, sentence("results_conflict", by=by), now)
        return self._save(entry, row, values)

    def _allowed(self, school_class: SchoolClass, entry: Entry) -> bool:
        subject = entry.code if entry.sort is Sort.SUBJECT else ""
        key = (school_class.pk, subject)
        if key not in self._may:
            self._may[key] = (
                allowed(self.actor, "assessment.enter", ClassSubject(school_class, subject))
                if subject
                else allowed(self.actor, "assessment.enter_traits", school_class)
            )
        return self._may[key]

    def _save(self, entry: Entry, row: Row | None, values: dict[str, Any]) -> Answer:
        before = {name: getattr(row, name) for name in values} if row else None
        if row is None:
            row = _new_row(entry)
            row.version = 0
            self.new[entry.sort].append(row)
            self.stored.rows[entry.key] = row
        elif row.pk is not None:
            self.changed[entry.sort][row.pk] = row
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at, row.updated_by, row.source = self.now, self.actor.label, self.source
        self.history += history(self.actor, entry, before or {}, values, self.source, self.now)
        current = {name: getattr(row, name) for name in entry.values}
        return Answer(entry, Saved.SAVED, row.version, current=current, before=before)


def _untouched(seen: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    return seen is not None and all(_text(seen.get(name)) == _text(value) for name, value in now.items())


def _new_row(entry: Entry) -> Row:
    if entry.sort is Sort.SUBJECT:
        return SubjectResult(enrolment_id=entry.enrolment_id, moment=entry.moment, subject_code=entry.code)
    if entry.sort is Sort.TRAIT:
        return TraitResult(enrolment_id=entry.enrolment_id, moment=entry.moment, trait_code=entry.code)
    return YearRecord(enrolment_id=entry.enrolment_id)


def history(
    actor: Actor,
    entry: Entry,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    source: str,
    at: Any,
) -> list[ResultChange]:
    """One line a field: who changed it from what to what."""
    return [
        ResultChange(
            enrolment_id=entry.enrolment_id,
            moment=entry.moment,
            field=field_name(entry.sort, entry.code, name),
            old=_text(old.get(name)),
            new=_text(new.get(name)),
            at=at,
            by=actor.label,
            source=source,
        )
        for name in new
    ]


def field_name(sort: Sort, code: str, name: str) -> str:
    """How the history names a field: ``subject:toan:level``, ``trait:pc-yeu-nuoc``, ``record:weight_kg``."""
    if sort is Sort.RECORD:
        return f"record:{name}"
    return f"trait:{code}" if sort is Sort.TRAIT else f"subject:{code}:{name}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "x" if value else "không"
    return "" if value is None else str(value)


def save_rows(rows: Mapping[Sort, Sequence[Row]]) -> None:
    """Store changed rows with as few statements as SQLite's limits allow."""
    for sort, changed in rows.items():
        names = [*sorted(FIELDS[sort]), "version", "updated_at", "updated_by", "source"]
        _MODELS[sort]._default_manager.bulk_update(list(changed), names, batch_size=50)  # type: ignore[arg-type]


def model_of(sort: Sort) -> type[models.Model]:
    """The table of a sort of entry."""
    return _MODELS[sort]
