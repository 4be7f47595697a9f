"""Write and take back what a workbook's plan holds: primary results and secondary marks alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment import book_choices
from hocbaso.apps.assessment.entries import Door, Entry, Row, Saved, Sort
from hocbaso.apps.assessment.import_check import Writers, moment_of
from hocbaso.apps.assessment.models import Moment, ResultChange
from hocbaso.apps.assessment.stored_rows import Stored, history, model_of, save_rows
from hocbaso.apps.assessment.use_cases.bulk_insert import bulk_insert
from hocbaso.apps.assessment.use_cases.record_results import record
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Change
from hocbaso.apps.intake.planning import Plan, Recorder, chunks
from hocbaso.apps.intake.use_cases.put_back import depends
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.queries import Gates
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError, NotAllowed, register

register(
    {
        "result_moved": (
            "Chưa ghi gì: trong lúc nhập, một kết quả đã đổi. {why} Thầy cô kiểm tra lại tệp.",
            "A result changed while it was imported: {why}",
        ),
    }
)

_MODEL = "assessment.Enrolment"  # one line for undo covers all rows of one pupil
_AT_ONCE = 200


@dataclass(slots=True)
class Group:
    """Entries that one post writes through one door, by pupil."""

    door: Door
    actor: Actor
    entries: dict[int, list[Entry]] = field(default_factory=dict)


@dataclass(slots=True)
class Work:
    """What :func:`apply` writes."""

    groups: list[Group] = field(default_factory=list)
    choices: dict[int, dict[str, list[str]]] = field(default_factory=dict)  # enrolment → subjects chosen
    chooser: Actor | None = None
    _by_post: dict[tuple[Door, int], Group] = field(default_factory=dict)

    def add(self, door: Door, actor: Actor, entries: list[Entry]) -> None:
        """Entries of one pupil that are to be written."""
        post = actor.assignment.pk if actor.assignment else 0
        group = self._by_post.get((door, post))
        if group is None:
            group = self._by_post[door, post] = Group(door, actor)
            self.groups.append(group)
        for entry in entries:
            group.entries.setdefault(entry.enrolment_id, []).append(entry)


def apply(made: Plan, recorder: Recorder, school: Organisation, year: str) -> None:
    """Write the accepted rows through :func:`record_results.record`.

    :raises DomainError: ``result_moved``, the door answers otherwise than when the plan was made.
    """
    work: Work = made.work
    if work.choices and work.chooser:
        done = book_choices.write(work.chooser, school, work.choices, recorder.source)
        for pk, (old, new) in done.items():
            recorder.note(_MODEL, pk, {book_choices.KEY: old}, {book_choices.KEY: new})
    for group in work.groups:
        for part in chunks(list(group.entries), _AT_ONCE):
            entries = [entry for pk in part for entry in group.entries[pk]]
            answers = record(group.actor, entries, door=group.door, source=recorder.source)
            refused = [a for a in answers if a.state not in (Saved.SAVED, Saved.SAME)]
            if refused:
                raise DomainError("result_moved", why=refused[0].message)
            notes: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
            for answer in answers:
                if answer.state is Saved.SAVED:
                    before, after = notes.setdefault(answer.entry.enrolment_id, ({}, {}))
                    key = _key(answer.entry)
                    before[key] = answer.before
                    names = answer.before if answer.before is not None else answer.entry.values
                    after[key] = {name: answer.current[name] for name in names}
            for pk, (before, after) in notes.items():
                recorder.note(_MODEL, pk, before, after)
            recorder.step(len(entries))


def _key(entry: Entry) -> str:
    return f"{entry.sort}|{entry.code}|{entry.moment}"


def _entry(enrolment_id: int, key: str, values: dict[str, Any]) -> Entry:
    sort, code, moment = [*key.split("|"), Moment.YEAR_END][:3]
    return Entry(enrolment_id, Sort(sort), values, code, moment)


def _require_own(writers: Writers, school_class: SchoolClass, entry: Entry) -> None:
    """Taking back is writing: a teacher whose post has ended since does neither."""
    subject = entry.code if entry.sort in (Sort.SUBJECT, Sort.MARKS) else ""
    if writers.of(school_class, subject) is None:
        raise NotAllowed("not_allowed", what=f"hoàn tác kết quả của lớp {school_class.name}")


def put_back(changes: list[Change], actor: Actor, source: str) -> None:
    """Take results back: created rows go, changed ones get their former values; history says so, with the
    unlock case under which it was done.

    :raises NotAllowed: the pages are no longer the actor's to write.
    :raises DomainError: ``intake_undo_depends``, a result was changed, locked or closed since.
    """
    now = clock.now()
    writers: dict[int, Writers] = {}
    chosen = {
        c.object_id: ((c.before or {})[book_choices.KEY], c.after[book_choices.KEY])
        for c in changes
        if _chosen(c)
    }
    changes = [change for change in changes if not _chosen(change)]
    for part in chunks(list(reversed(changes)), _AT_ONCE):
        ids = {change.object_id for change in part}
        enrolments = Enrolment.objects.select_related("school_class__school").in_bulk(ids)
        gates = Gates.of({e.school_class for e in enrolments.values()}, now)
        stored = Stored(ids, lock=True)
        lines: list[ResultChange] = []
        gone: dict[Sort, list[int]] = defaultdict(list)
        former: dict[Sort, list[Row]] = defaultdict(list)
        for change in part:
            school_class = enrolments[change.object_id].school_class
            for key, after in change.after.items():
                entry = _entry(change.object_id, key, after)
                school = school_class.school
                _require_own(writers.setdefault(school.pk, Writers(actor, school)), school_class, entry)
                row = stored.rows.get(entry.key)
                moments = {name: moment_of(entry, school_class.grade, name) for name in after}
                asked = {
                    name: gates.gate(school_class, entry.part, moments[name], name, entry.enrolment_id)
                    for name in after
                }
                shut = any(not gate.open for gate in asked.values())
                if row is None or row.locked or shut or any(getattr(row, n) != v for n, v in after.items()):
                    raise depends(_MODEL, 1)
                before = change.before[key]
                old = before or dict.fromkeys(after)
                cases = {name: gate.case_number for name, gate in asked.items()}
                lines += history(actor, entry, after, old, source, now, moments=moments, cases=cases)
                if before is None:
                    gone[entry.sort].append(row.pk)
                    continue
                for name, value in before.items():
                    setattr(row, name, value)
                row.version += 1
                row.updated_at, row.updated_by, row.source = now, actor.label, source
                former[entry.sort].append(row)
        save_rows(former)
        for sort, pks in gone.items():
            for some in chunks(pks):
                model_of(sort)._default_manager.filter(pk__in=some).delete()
        bulk_insert(ResultChange, lines)
    if not book_choices.put_back(actor, chosen, source):
        raise depends(_MODEL, 1)


def _chosen(change: Change) -> bool:
    return book_choices.KEY in change.after
