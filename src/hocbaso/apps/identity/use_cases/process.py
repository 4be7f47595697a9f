"""Work the queue off: claim, commit what will be asked and under which id, ask, keep the answers.

A process may die at any line. Before the claim is committed nothing was asked; after it, whoever comes next
asks the same question under the same id, and the registry gives the same answer; answers are kept in one
transaction with the states that follow from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence, workers
from hocbaso.apps.identity.models import OPEN_JOBS, Confirmation, Job, JobState, Wait
from hocbaso.apps.identity.states import Person, move_many
from hocbaso.apps.identity.use_cases.answers import keep_answers, locked_people
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.engines.population import (
    MAX_BATCH,
    Answer,
    Fault,
    PopulationPort,
    PopulationUnavailable,
    Purpose,
    Query,
    Subject,
    ask_in_parallel,
)
from hocbaso.engines.population.pipeline import Asked

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
LANES = 4  # messages under way at once, for commands and the background
#: Faults that say "later", not "broken": the person keeps waiting without an error.
_LATER = frozenset({Fault.BUSY, Fault.QUOTA, Fault.WINDOW})
_CLAIMED = ["state", "request_id", "batch", "worker", "snapshot_hash", "asked", "attempts", "sent_at", "wait"]
SYSTEM = Actor.system()


@dataclass(slots=True)
class Progress:
    """What one run of the queue did."""

    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    dropped: int = 0  # no longer complete when their turn came
    postponed: int = 0  # the registry has no answer yet
    unavailable: PopulationUnavailable | None = None  # why the run stopped early
    next_at: datetime | None = None  # when the next open job is due

    @property
    def answered(self) -> int:
        return sum(self.outcomes.values())


Tell = Callable[[Progress], None]


def process_due(
    port: PopulationPort,
    now: datetime | None = None,
    limit: int | None = None,
    *,
    school: Organisation | None = None,
    lanes: int = 1,
    tell: Tell = lambda _: None,
) -> Progress:
    """Ask about everybody who is due, in batches, until nobody is or the service does not answer.

    Several processes may run it at once; one that died is continued. Not inside a transaction.

    :param now: what is due then; otherwise the clock's time at every batch.
    :param limit: ask about at most so many. :param school: only this school's orders.
    :param lanes: messages under way at once; the database is used from the caller's thread alone.
    :param tell: called after every batch.
    """
    with workers.working() as worker:
        run = _Run(worker, now, limit, school)
        for queries, told in _asked(port, run.batches(), lanes):
            run.keep(queries, told)
            tell(run.progress)
    run.progress.next_at = next_due(school)
    return run.progress


class _Run:
    """One worker's way through the queue."""

    def __init__(
        self, worker: int, now: datetime | None, limit: int | None, school: Organisation | None
    ) -> None:
        self.progress = Progress()
        self._worker, self._now, self._limit, self._school = worker, now, limit, school
        self._under_way: dict[str, list[Job]] = {}

    def batches(self) -> Iterator[list[Query]]:
        """Claimed and committed batches, until nobody is due or the service has failed."""
        progress = self.progress
        while progress.unavailable is None and (self._limit is None or progress.asked < self._limit):
            size = MAX_BATCH if self._limit is None else min(MAX_BATCH, self._limit - progress.asked)
            jobs, dropped = _claim(self._worker, self._now or clock.now(), size, self._school)
            progress.dropped += dropped
            if jobs:
                progress.asked += len(jobs)
                queries = [_query(job) for job in jobs]
                self._under_way[queries[0].request_id] = jobs
                yield queries
            elif not dropped:
                return

    def keep(self, queries: Sequence[Query], told: list[Answer] | PopulationUnavailable) -> None:
        """Write down what came of one message."""
        jobs = self._under_way.pop(queries[0].request_id)
        if isinstance(told, PopulationUnavailable):
            _postpone(self._worker, jobs, told)
            self.progress.postponed += len(jobs)
            self.progress.unavailable = told
            return
        kept = keep_answers(self._worker, jobs, told)
        self.progress.outcomes.update(kept.outcomes)
        self.progress.postponed += kept.postponed


def _asked(port: PopulationPort, batches: Iterable[Sequence[Query]], lanes: int) -> Iterator[Asked]:
    if lanes > 1:
        yield from ask_in_parallel(port, batches, lanes)
        return
    for queries in batches:
        try:
            told: list[Answer] | PopulationUnavailable = port.ask(queries)
        except PopulationUnavailable as error:
            told = error
        yield queries, told


def next_due(school: Organisation | None = None) -> datetime | None:
    """When the earliest open job is due; None when none is open. One query."""
    rows = Job.objects.filter(state__in=OPEN_JOBS)
    if school is not None:
        rows = rows.filter(sending__school=school)
    return rows.order_by("not_before").values_list("not_before", flat=True).first()


def pause_after(attempts: int) -> timedelta:
    """Rest after so many attempts without an answer: 30 s, doubled each time, at most an hour."""
    doubled: int = 2 ** min(max(attempts - 1, 0), 12)
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * doubled)


def _query(job: Job) -> Query:
    order = job.sending
    return Query(
        request_id=str(job.request_id),
        subject=Subject(**job.asked),
        purpose=Purpose(order.purpose, order.legal_basis),
        requester_unit=order.school.code,
        requester_user=order.by,
    )


def person_of(job: Job) -> Person:
    """Whom the job is about."""
    person = job.pupil or job.staff
    assert person is not None
    return person


def _claim(worker: int, now: datetime, size: int, school: Organisation | None) -> tuple[list[Job], int]:
    """Take jobs that are due and commit that. Gives (jobs to ask, jobs dropped)."""
    with transaction.atomic():
        jobs = _free_jobs(now, size, school)
        if not jobs:
            return [], 0
        drop = _incomplete([job for job in jobs if not job.attempts])
        dropped = {job.pk for job in drop}
        taken = [job for job in jobs if job.pk not in dropped]
        _give_up(drop, now)
        _take(taken, worker, now)
    return taken, len(drop)


def _take(jobs: list[Job], worker: int, now: datetime) -> None:
    """The jobs are this worker's; those never asked are asked with the values of now."""
    batch = uuid4()
    for job in jobs:
        if not job.attempts:
            _refresh(job)
            job.sent_at = now
        job.state, job.worker, job.batch, job.wait = JobState.SENT, worker, batch, Wait.NONE
        job.attempts += 1
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(
        state=JobState.SENT,
        worker=worker,
        batch=batch,
        wait=Wait.NONE,
        attempts=F("attempts") + 1,
        sent_at=Coalesce("sent_at", Value(now)),
    )
    _on_the_way(jobs)


def _refresh(job: Job) -> None:
    fields = evidence.fields_of(person_of(job))
    if fields.digest != job.snapshot_hash:
        job.asked, job.snapshot_hash = fields.as_json(), fields.digest
        job.save(update_fields=["asked", "snapshot_hash"])


def _free_jobs(now: datetime, size: int, school: Organisation | None) -> list[Job]:
    rows = Job.objects.filter(state__in=OPEN_JOBS)
    if school is not None:
        rows = rows.filter(sending__school=school)
    at_work = rows.filter(worker__isnull=False).values_list("worker", flat=True).distinct().order_by()
    held = {number for number in at_work if number is not None}
    free = Q(worker__isnull=True, not_before__lte=now)
    gone = workers.dead(held)
    if gone:
        free |= Q(worker__in=gone)  # whatever its time: the question may be with the registry already
    rows = rows.filter(free).order_by("pk")
    if connection.vendor == "postgresql":
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    jobs = list(rows.select_related("sending__school", "pupil", "staff")[:size])
    return _with_locked_people(jobs)


def _with_locked_people(jobs: list[Job]) -> list[Job]:
    """Only jobs whose person nobody else is writing now; the others have their turn next time."""
    if connection.vendor != "postgresql":
        return jobs
    people = locked_people(jobs, wait=False)
    kept = []
    for job in jobs:
        person = people.get((job.pupil_id, job.staff_id))
        if isinstance(person, Pupil):
            job.pupil = person
        elif person is not None:
            job.staff = person
        if person is not None:
            kept.append(job)
    return kept


def _incomplete(jobs: list[Job]) -> list[Job]:
    """Jobs whose person lost a field or got a doubtful one since the order."""
    found = []
    for job in jobs:
        person = person_of(job)
        if evidence.missing(person):
            found.append(job)
        elif evidence.MUST_CONFIRM & evidence.warnings(person).keys():
            key = "pupil" if isinstance(person, Pupil) else "staff"
            if evidence.to_confirm(person, Confirmation.objects.filter(**{key: person})):
                found.append(job)
    return found


def _on_the_way(jobs: list[Job]) -> None:
    """Everybody asked about with the present values is "being verified"."""
    groups: dict[tuple[type[Person], str], list[Person]] = {}
    for job in jobs:
        person = person_of(job)
        if evidence.fields_of(person).digest == job.snapshot_hash:
            groups.setdefault((type(person), job.sending.school.code), []).append(person)
    for (_, school), people in groups.items():
        move_many(SYSTEM, people, IdentityState.SENT, organisation=school)


def _give_up(jobs: list[Job], now: datetime) -> None:
    """A person who cannot be asked about any more does not stay "being verified"."""
    Job.objects.filter(pk__in=[job.pk for job in jobs]).update(
        state=JobState.FAILED, finished_at=now, worker=None, asked={}
    )
    for job in jobs:
        person = person_of(job)
        if person.identity_state in (IdentityState.SENT, IdentityState.ERROR):
            to = IdentityState.REVERIFY if person.personal_number else IdentityState.NO_NUMBER
            move_many(SYSTEM, [person], to, organisation=job.sending.school.code)


def _postpone(worker: int, jobs: list[Job], error: PopulationUnavailable) -> None:
    """No answer: the same questions again later, under the same ids."""
    later = error.fault in _LATER
    with transaction.atomic():
        mine = Job.objects.select_for_update().filter(
            pk__in=[job.pk for job in jobs], worker=worker, state=JobState.SENT
        )
        attempts = dict(mine.values_list("pk", "attempts"))
        now = clock.now()
        wait = Wait.LIMITED if later else Wait.UNAVAILABLE
        for number in set(attempts.values()):
            at = max(now, error.retry_at) if error.retry_at else now + pause_after(number)
            same = [pk for pk, count in attempts.items() if count == number]
            Job.objects.filter(pk__in=same).update(not_before=at, worker=None, wait=wait)
        if not later:
            _in_error([job for job in jobs if job.pk in attempts])


def _in_error(jobs: list[Job]) -> None:
    """The service let them down; whom somebody else is writing at this moment keeps "being verified"."""
    people = locked_people(jobs, wait=False)
    groups: dict[tuple[type[Person], str], list[Person]] = {}
    for job in jobs:
        person = people.get((job.pupil_id, job.staff_id))
        if person is not None and person.identity_state == IdentityState.SENT:
            groups.setdefault((type(person), job.sending.school.code), []).append(person)
    for (_, school), group in groups.items():
        move_many(SYSTEM, group, IdentityState.ERROR, organisation=school)
