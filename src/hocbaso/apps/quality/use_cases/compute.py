"""Judge records, keep findings and scores. Idempotent: a second run with the same data writes nothing new."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment
from hocbaso.apps.quality.gather import class_records, pupil_records, staff_records
from hocbaso.apps.quality.models import DayScore, Finding, Mark, State
from hocbaso.core.quality import About, Dimension, Severity, judge
from hocbaso.core.quality.model import Broken, Judged, Rule
from hocbaso.core.quality.score import Score, score

#: Days from the opening of a finding until it is due.
DAYS = {Severity.ERROR: 10, Severity.QUERY: 20}
_CHUNK = 2000
COUNTS = (*(f"{d.value}{end}" for d in Dimension for end in ("", "_all")), "errors", "queries")


@dataclass(slots=True)
class Run:
    """What a computation did."""

    pupils: int = 0
    opened: int = 0
    solved: int = 0
    scores: int = 0  # rows written because they changed


@dataclass(frozen=True, slots=True)
class _Subject:
    """Somebody or something that was judged, and where its rows point."""

    key: str
    judged: Judged
    links: dict[str, int | None]
    identity_state: str = ""


@dataclass(slots=True)
class _Work:
    """Rows to write."""

    school: Organisation
    year: str
    today: date
    now: datetime
    known: dict[str, dict[str, Finding]]
    marks: dict[str, Mark]
    findings: list[Finding] = field(default_factory=list)
    written: list[Mark] = field(default_factory=list)
    run: Run = field(default_factory=Run)


def run(actor: Actor, *, school: Organisation, year: str) -> Run:
    """Judge the whole school anew.

    :raises NotAllowed: policy ``quality.run``
    """
    require(actor, "quality.run", school)
    with transaction.atomic():
        done = compute(school, year)
        chain.record(
            actor, "quality.run", year, organisation=school.code, pupils=done.pupils, opened=done.opened
        )
    return done


@transaction.atomic
def compute(school: Organisation, year: str, pupils: Collection[int] | None = None) -> Run:
    """Judge the whole school, or only these pupils; findings open, stay, or are solved.

    For doors and workers that have asked their own policy. About twenty queries whatever the number.

    :param pupils: ids; None for everybody, the staff and the classes.
    """
    today, now = clock.today(), clock.now()
    subjects = _pupils(school, year, pupils, today)
    found = len(subjects)
    if pupils is None:
        subjects += _staff(school, today) + _classes(school, year, today)
    work = _Work(school, year, today, now, *_stored(school, year, pupils, subjects))
    work.run.pupils = found
    for subject in subjects:
        _keep(work, subject)
    _forget(work, pupils, {subject.key for subject in subjects})
    _write(work)
    day_score(school, year)
    return work.run


def _pupils(school: Organisation, year: str, pupils: Collection[int] | None, today: date) -> list[_Subject]:
    found = []
    seen: set[int] = set()
    for row, record in pupil_records(school, year, pupils):
        if row.pupil_id in seen:  # in two classes of the school: the rule SA-003 says so
            continue
        seen.add(row.pupil_id)
        links: dict[str, int | None] = {"pupil_id": row.pupil_id, "school_class_id": row.school_class_id}
        judged = judge(About.PUPIL, record, today)
        found.append(_Subject(f"p{row.pupil_id}", judged, links, row.pupil.identity_state))
    return found


def _staff(school: Organisation, today: date) -> list[_Subject]:
    return [
        _Subject(f"s{row.pk}", judge(About.STAFF, record, today), {"staff_id": row.pk})
        for row, record in staff_records(school)
    ]


def _classes(school: Organisation, year: str, today: date) -> list[_Subject]:
    return [
        _Subject(f"c{row.pk}", judge(About.CLASS, record, today), {"school_class_id": row.pk})
        for row, record in class_records(school, year)
    ]


def _stored(
    school: Organisation, year: str, pupils: Collection[int] | None, subjects: list[_Subject]
) -> tuple[dict[str, dict[str, Finding]], dict[str, Mark]]:
    """What is kept of these subjects; of the whole school also what belongs to nobody any more.

    A pupil who came from another school brings the rows along.
    """
    keys = [s.key for s in subjects] + [f"p{pk}" for pk in pupils or ()]
    of_year = Q(school_year=year)
    scope = of_year & Q(subject__in=keys)
    if pupils is None:
        scope |= of_year & Q(school=school)
    known: dict[str, dict[str, Finding]] = {}
    for row in Finding.objects.filter(scope).order_by():
        known.setdefault(row.subject, {})[row.rule] = row
    return known, {row.subject: row for row in Mark.objects.filter(scope)}


def _keep(work: _Work, subject: _Subject) -> None:
    stored = work.known.get(subject.key, {})
    broken = {one.rule.id: one for one in subject.judged.broken}
    for one in broken.values():
        _broken(work, subject, stored.get(one.rule.id), one)
    for row in stored.values():
        if row.rule not in broken and row.state != State.SOLVED:
            _solve(work, row)
    accepted = {rule for rule, row in stored.items() if row.state == State.ACCEPTED and rule in broken}
    _mark(work, subject, score(subject.judged, accepted))


def _broken(work: _Work, subject: _Subject, row: Finding | None, one: Broken) -> None:
    rule, params = one.rule, dict(one.params)
    if row is None:
        row = Finding(subject=subject.key, school_year=work.year, rule=rule.id)
        _open(work, row, rule, params)
    elif row.state == State.SOLVED or (row.params != params and row.state != State.OPEN):
        row.times += 1  # another value than the one that was explained, or the old fault again
        _open(work, row, rule, params)
    elif row.params == params and row.school_id == work.school.pk and _same_place(row, subject):
        return
    row.params = params
    row.school_id = work.school.pk
    for name in ("pupil_id", "staff_id", "school_class_id"):
        setattr(row, name, subject.links.get(name))
    work.findings.append(row)


def _same_place(row: Finding, subject: _Subject) -> bool:
    return row.school_class_id == subject.links.get("school_class_id")


def _open(work: _Work, row: Finding, rule: Rule, params: dict[str, str]) -> None:
    row.dimension, row.severity, row.owner = rule.dimension.value, rule.severity.value, rule.owner.value
    row.state, row.params, row.solved_at = State.OPEN, params, None
    row.opened_on = work.today
    row.due_on = work.today + timedelta(days=DAYS[rule.severity])
    work.run.opened += 1


def _solve(work: _Work, row: Finding) -> None:
    row.state, row.solved_at = State.SOLVED, work.now
    work.findings.append(row)
    work.run.solved += 1


def counts_of(found: Score) -> dict[str, int]:
    """A score as the columns of a row."""
    values = {"errors": found.errors, "queries": found.queries}
    for dimension, part in found.parts.items():
        values |= {dimension.value: part.done, f"{dimension.value}_all": part.total}
    return values


def _mark(work: _Work, subject: _Subject, found: Score) -> None:
    values = {
        **counts_of(found),
        "school_id": work.school.pk,
        "pupil_id": subject.links.get("pupil_id"),
        "school_class_id": subject.links.get("school_class_id"),
        "identity_state": subject.identity_state,
    }
    row = work.marks.get(subject.key)
    if row is None:
        row = Mark(subject=subject.key, school_year=work.year)
    changed = row.pk is None or any(getattr(row, name) != value for name, value in values.items())
    work.run.scores += changed
    for name, value in values.items():
        setattr(row, name, value)
    row.computed_at = work.now
    work.written.append(row)


def _forget(work: _Work, pupils: Collection[int] | None, judged: set[str]) -> None:
    """Who is no longer here: findings are over, scores go."""
    asked = None if pupils is None else {f"p{pk}" for pk in pupils}
    gone = [key for key in {*work.known, *work.marks} - judged if asked is None or key in asked]
    for key in gone:
        for row in work.known.get(key, {}).values():
            if row.state != State.SOLVED and row.school_id == work.school.pk:
                _solve(work, row)
    ids = [mark.pk for key in gone if (mark := work.marks.get(key)) and mark.school_id == work.school.pk]
    if ids:
        Mark.objects.filter(pk__in=ids).delete()


_FINDING_FIELDS = (
    *("dimension", "severity", "owner", "params", "school", "school_class", "pupil", "staff"),
    *("state", "opened_on", "due_on", "times", "solved_at"),
)
_MARK_FIELDS = (*COUNTS, "school", "school_class", "pupil", "identity_state", "computed_at")


def _write(work: _Work) -> None:
    """One statement a chunk: what stands already is brought up to date by its unique key."""
    for rows, model, key, names in (
        (work.findings, Finding, ("subject", "school_year", "rule"), _FINDING_FIELDS),
        (work.written, Mark, ("subject", "school_year"), _MARK_FIELDS),
    ):
        made: list[Any] = list(rows)
        for row in made:
            row.pk = None  # found again by its key
        model._default_manager.bulk_create(
            made, batch_size=_CHUNK, update_conflicts=True, unique_fields=list(key), update_fields=list(names)
        )


def day_score(school: Organisation, year: str) -> None:
    """The school's row of today, from the scores that stand. Two queries."""
    totals: dict[str, Any] = Mark.objects.filter(school=school, school_year=year).aggregate(
        **{f"n_{name}": Sum(name) for name in COUNTS},
        n_pupils=Count("pk", filter=Q(pupil__isnull=False)),
        n_flawless=Count("pk", filter=Q(pupil__isnull=False, errors=0, queries=0)),
    )
    values = {name.removeprefix("n_"): value or 0 for name, value in totals.items()}
    DayScore.objects.update_or_create(
        school=school,
        school_year=year,
        day=clock.today(),
        defaults={**values, "computed_at": clock.now()},
    )


def changed_pupils(school: Organisation, year: str) -> list[int]:
    """Pupils whose file, class or identity is not the one that was judged. Two queries."""
    here = Enrolment.objects.filter(active=True, school_class__school=school, school_class__school_year=year)
    marks = Mark.objects.filter(school=school, school_year=year, pupil__isnull=False)
    moved = marks.filter(
        Q(pupil__updated_at__gt=F("computed_at")) | ~Q(pupil__identity_state=F("identity_state"))
    )
    places = set(marks.values_list("pupil", "school_class"))
    now = set(here.values_list("pupil", "school_class"))
    return sorted({*moved.values_list("pupil", flat=True), *(pk for pk, _class in places ^ now)})


def refresh(school: Organisation, year: str) -> Run:
    """Judge only those who changed; the whole school on the first look of a day (ages move on)."""
    if not DayScore.objects.filter(school=school, school_year=year, day=clock.today()).exists():
        return compute(school, year)
    changed = changed_pupils(school, year)
    return compute(school, year, changed) if changed else Run()
