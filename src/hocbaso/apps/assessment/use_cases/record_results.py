"""The one door through which marks are written: screen, import, program and transfer alike.

Every change leaves a :class:`ResultChange` line, counts the row's version up, and is refused where a row is
frozen or a column is closed, unless an unlock case covers the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.assessment import class_programme, summer
from hocbaso.apps.assessment.class_programme import ClassProgramme
from hocbaso.apps.assessment.entries import (
    CARRIED,
    FIELDS,
    MODELS,
    Answer,
    Door,
    Entry,
    Row,
    Saved,
    Sort,
    field_name,
    key_of,
    new_row,
    open_fields,
    value_text,
)
from hocbaso.apps.assessment.models import (
    Moment,
    PupilProgramme,
    ResultChange,
    SubjectMarks,
    SubjectResult,
)
from hocbaso.apps.assessment.parts import is_secondary, record_moment
from hocbaso.apps.assessment.policies import ClassSubject
from hocbaso.apps.assessment.stored_rows import (
    CHUNK,
    Stored,
    differing,
    history,
    hold_class,
    hold_pages,
    model_of,
    save_rows,
)
from hocbaso.apps.assessment.use_cases.bulk_insert import bulk_insert
from hocbaso.apps.assessment.use_cases.check_entry import complaint
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.common import clock
from hocbaso.apps.periods.queries import Gates
from hocbaso.apps.periods.use_cases.close_due import close_due
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
        "results_not_here": (
            "Mục này không ghi được bằng cách này: miễn học và kết quả do Hiệu trưởng quyết định ghi ở trang "
            "Chương trình, kết quả trường cũ ghi khi tiếp nhận học sinh.",
            "This door does not write that field.",
        ),
        "results_reason": (
            "Kết quả của trường cũ cần lý do khi nhập từ tệp.",
            "Carried results of an import need a reason.",
        ),
    }
)

__all__ = [
    "CHUNK",
    "FIELDS",
    "Answer",
    "Door",
    "Entry",
    "Known",
    "Row",
    "Saved",
    "Sort",
    "Stored",
    "differing",
    "field_name",
    "history",
    "hold_class",
    "key_of",
    "model_of",
    "record",
    "save_rows",
]

#: What a door other than the teacher's own screen asks of the school.
_RIGHTS = {
    Door.IMPORT: "assessment.import_results",
    Door.API: "assessment.import_results",
    Door.TRANSFER: "assessment.carry_results",
    Door.OFFICE: "assessment.programmes",
}
_AUDITED = (Door.SCREEN, Door.API, Door.TRANSFER)


@dataclass(frozen=True, slots=True)
class Known:
    """What a caller has just read, so that it is not read again."""

    classes: Mapping[int, SchoolClass]  # class of each enrolment, with its school
    programmes: Mapping[int, ClassProgramme]  # of its secondary classes, with what these pupils chose


def record(
    actor: Actor,
    entries: Sequence[Entry],
    *,
    door: Door,
    source: str,
    reason: str = "",
    known: Known | None = None,
    at_last: Callable[[list[Answer]], None] | None = None,
) -> list[Answer]:
    """Write entries of one school. One answer for each, in order; a refused one does not stop the others.

    An entry is written whole or not at all: one closed field of several and nothing of it is written.

    Statements for one page, however many cells: 14 where the rows are there, 15 where they are not, one more
    for an elective: pupils, class, gates (3), programme, rows, right (none where the post names the subject),
    update, insert, history, the audit chain (2; PostgreSQL 1, and 1 for the page's lock), and the
    transaction's own; three fewer with ``known``. Entries at "he" cost five more.

    :param door: ``SCREEN`` asks "assessment.enter" for each class and subject and "assessment.enter_traits"
        for the rest; the others ask one right of the school (``_RIGHTS``).
    :param source: kept in row and history: "screen", "import:<batch>", "api:<client>", "transfer".
    :param reason: why an import carries results of another school.
    :param at_last: told the answers in the same transaction. Whatever else belongs to it is to be written
        there: after that the audit chain is held, which all the node's saves wait for.
    :raises NotAllowed: by another door than the screen by somebody who may not; on the screen each entry is
        answered by itself.
    """
    # A cell of the screen is refused by its answer: nobody goes on after an exception, so no savepoint.
    with transaction.atomic(savepoint=door is not Door.SCREEN):
        return _Writing(actor, door, source, reason, known).write(entries, at_last)


class _Writing:
    """One call of :func:`record`."""

    def __init__(self, actor: Actor, door: Door, source: str, reason: str, known: Known | None) -> None:
        self.actor, self.door, self.source, self.reason = actor, door, source, reason.strip()
        self.known = known
        self.now = clock.now()
        self.new: dict[Sort, list[Row]] = {sort: [] for sort in Sort}
        self.changed: dict[Sort, dict[int, Row]] = {sort: {} for sort in Sort}
        self.names: dict[Sort, set[str]] = {sort: set() for sort in Sort}
        self.history: list[ResultChange] = []
        self._may: dict[tuple[int, str], bool] = {}
        self._needs: dict[int, dict[int, summer.Needs]] = {}

    def write(self, entries: Sequence[Entry], at_last: Callable[[list[Answer]], None] | None) -> list[Answer]:
        self._load(entries)
        answers = [self._one(entry) for entry in entries]
        for sort, model in MODELS.items():
            bulk_insert(model, self.new[sort])
        save_rows({sort: list(rows.values()) for sort, rows in self.changed.items()}, self.names)
        bulk_insert(ResultChange, self.history)
        if at_last is not None:
            at_last(answers)
        if self.history and self.door in _AUDITED:
            counts: dict[str, Any] = {state.value: sum(a.state is state for a in answers) for state in Saved}
            audit(self.actor, "assessment.record", self._target(), **counts)
        return answers

    def _load(self, entries: Sequence[Entry]) -> None:
        """Everything that the answers need, before the first of them."""
        ids = {entry.enrolment_id for entry in entries}
        if self.known is None:
            self.class_of = _classes_of(ids)
            related = SchoolClass.objects.select_related("school")
            self.classes = classes = related.in_bulk(list(set(self.class_of.values())))
        else:
            self.class_of = {pk: c.pk for pk, c in self.known.classes.items() if pk in ids}
            self.classes = classes = {c.pk: c for c in self.known.classes.values()}
        if self.door is not Door.SCREEN:
            for school in {c.school for c in classes.values()}:
                require(self.actor, _RIGHTS[self.door], school)
        hold_pages(entries, self.class_of, whole=self.door is Door.IMPORT)
        self.gates = Gates.of(list(classes.values()), self.now)
        if self.gates.due:  # a period has ended and nobody wrote it down yet: the lock is written here
            for school in {c.school for c in classes.values()}:
                close_due(Actor.system(), school=school, now=self.now)
        self.programmes = self._programmes(entries) if self.known is None else self.known.programmes
        self.stored = Stored(self.class_of, lock=True, entries=entries)

    def _programmes(self, entries: Sequence[Entry]) -> Mapping[int, ClassProgramme]:
        """What the classes study; the pupils' own choices only where an entry depends on them."""
        codes = {entry.code for entry in entries if entry.sort is Sort.MARKS}
        if not codes:
            return {}
        secondary = [c for c in self.classes.values() if is_secondary(c.grade)]
        found = class_programme.of_classes(secondary, ())
        if any(p.chosen_by_pupils(code) for p in found.values() for code in codes):
            for own in PupilProgramme.objects.filter(enrolment__in=self.class_of):
                found[self.class_of[own.enrolment_id]].pupils[own.enrolment_id] = own
        return found

    def _target(self) -> str:
        named = (f"class:{c.school_year}:{c.name}" for c in self.classes.values())
        return ", ".join(sorted(named))[:120]

    def _one(self, entry: Entry) -> Answer:
        class_id = self.class_of.get(entry.enrolment_id)
        if class_id is None:
            return Answer(entry, Saved.REFUSED, message=sentence("results_no_pupil"))
        school_class = self.classes[class_id]
        row = self.stored.rows.get(entry.key)
        version = row.version if row else 0
        now = {name: getattr(row, name, None) for name in entry.values}
        if problem := self._refusal(entry, school_class):
            return Answer(entry, Saved.REFUSED, version, problem, now)
        values = differing(row, entry.values)
        if not values:
            return Answer(entry, Saved.SAME, version, current=now)
        cases, closed = self._gated(entry, school_class, values)
        if closed:
            return Answer(entry, Saved.LOCKED, version, closed, now)
        if _is_exempt(row) and any(values.get(name) for name in values if name not in _BESIDE_EXEMPTION):
            return Answer(entry, Saved.REFUSED, version, sentence("results_exempt"), now)
        if entry.base_version not in (None, version) and not _untouched(entry.seen, now):
            by = row.updated_by if row else ""
            return Answer(entry, Saved.CONFLICT, version, sentence("results_conflict", by=by), now)
        return self._save(entry, school_class.grade, row, values, cases)

    def _refusal(self, entry: Entry, school_class: SchoolClass) -> str:
        """Why the entry cannot be, whatever is stored; empty when it can."""
        if self.door is Door.SCREEN and not self._allowed(school_class, entry):
            return sentence("results_not_allowed")
        if not FIELDS[entry.sort].issuperset(entry.values):
            return sentence("entry_field")
        if not open_fields(entry.sort, self.door).issuperset(entry.values):
            return sentence("results_not_here")
        if self.door is Door.IMPORT and not self.reason and any(entry.values.get(n) for n in CARRIED):
            return sentence("results_reason")
        problem = complaint(
            school_class,
            entry.sort,
            entry.code,
            entry.moment,
            entry.values,
            programme=self.programmes.get(school_class.pk),
            enrolment_id=entry.enrolment_id,
        )
        return problem or self._summer_refusal(entry, school_class)

    def _summer_refusal(self, entry: Entry, school_class: SchoolClass) -> str:
        """The summer re-assesses only what was not completed (TT 27 Điều 11, TT 22 Điều 13 and 14)."""
        training = entry.sort is Sort.RECORD and bool(entry.values.get("conduct_summer"))
        summers = entry.sort is not Sort.RECORD and entry.moment == Moment.SUMMER
        if not training and not (summers and any(entry.values.values())):
            return ""
        if school_class.pk not in self._needs:
            wanted = [pk for pk, class_id in self.class_of.items() if class_id == school_class.pk]
            self._needs[school_class.pk] = summer.needs_of(school_class, wanted)
        needs = self._needs[school_class.pk].get(entry.enrolment_id)
        return summer.refusal(needs, conduct=training, code=entry.code)

    def _gated(
        self, entry: Entry, school_class: SchoolClass, values: Mapping[str, Any]
    ) -> tuple[dict[str, str], str]:
        """The unlock case of each field that is written under one, and why the entry is closed (or empty)."""
        frozen = self.stored.locked(entry)
        cases = {}
        for name in values:
            moment = _moment(entry, school_class.grade, name)
            gate = self.gates.gate(school_class, entry.part, moment, name, entry.enrolment_id)
            if not gate.open:
                return {}, gate.message or sentence("results_locked")
            if frozen and not gate.case_number:
                return {}, sentence("results_locked")
            if gate.case_number:
                cases[name] = gate.case_number
        return cases, ""

    def _allowed(self, school_class: SchoolClass, entry: Entry) -> bool:
        subject = entry.code if entry.sort in (Sort.SUBJECT, Sort.MARKS) else ""
        key = (school_class.pk, subject)
        if key not in self._may:
            self._may[key] = (
                allowed(self.actor, "assessment.enter", ClassSubject(school_class, subject))
                if subject
                else allowed(self.actor, "assessment.enter_traits", school_class)
            )
        return self._may[key]

    def _save(
        self, entry: Entry, grade: int, row: Row | None, values: dict[str, Any], cases: dict[str, str]
    ) -> Answer:
        before = {name: getattr(row, name) for name in values} if row else None
        if row is None:
            row = new_row(entry)
            row.version = 0
            row.locked = self.stored.locked(entry)  # under a case in a closed year: closed like the others
            self.new[entry.sort].append(row)
            self.stored.rows[entry.key] = row
        elif row.pk is not None:
            self.changed[entry.sort][row.pk] = row
        self.names[entry.sort].update(values)
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at, row.updated_by, row.source = self.now, self.actor.label, self.source
        moments = {name: _moment(entry, grade, name) for name in values}
        self.history += history(
            self.actor, entry, before or {}, values, self.source, self.now, moments=moments, cases=cases
        )
        current = {name: getattr(row, name) for name in entry.values}
        return Answer(entry, Saved.SAVED, row.version, current=current, before=before)


def _classes_of(enrolment_ids: set[int]) -> dict[int, int]:
    """Class of each enrolment that there is. One query per 500."""
    found: dict[int, int] = {}
    ids = sorted(enrolment_ids)
    for start in range(0, len(ids), CHUNK):
        rows = Enrolment.objects.filter(pk__in=ids[start : start + CHUNK]).order_by()
        found |= dict(rows.values_list("pk", "school_class_id"))
    return found


#: What may still be written for a pupil who is exempt from the subject.
_BESIDE_EXEMPTION = frozenset({"comment", "exempt_reason"})


def _is_exempt(row: Row | None) -> bool:
    return isinstance(row, SubjectResult | SubjectMarks) and bool(row.exempt_reason)


def _moment(entry: Entry, grade: int, name: str) -> str:
    """The moment whose gate and history a field belongs to."""
    return record_moment(grade, name) if entry.sort is Sort.RECORD else str(entry.moment)


def _untouched(seen: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    return seen is not None and all(
        value_text(seen.get(name)) == value_text(value) for name, value in now.items()
    )
