"""Work the look-ups off: claim, commit what will be asked and under which id, ask, keep the answer.

The ways of :mod:`hocbaso.apps.identity.use_cases.process`: a process may die at any line; whoever comes next
asks the same question under the same id, and the register gives the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from hocbaso.apps.common import clock
from hocbaso.apps.identity import workers
from hocbaso.apps.identity.models import OPEN_JOBS, JobState, Wait
from hocbaso.apps.identity.use_cases.process import pause_after
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.residence.models import Lookup
from hocbaso.apps.residence.use_cases.fetch import asked_of, digest_of, missing
from hocbaso.apps.residence.use_cases.keep import keep_answer
from hocbaso.engines.population import (
    Fault,
    Outcome,
    PopulationPort,
    PopulationUnavailable,
    Purpose,
    Query,
    Subject,
)

_CHUNK = 20  # claimed at once: what a dying process leaves behind is soon taken up
_SHORT = timedelta(seconds=2)
_LONG = timedelta(minutes=30)
_LATER = frozenset({Fault.BUSY, Fault.QUOTA, Fault.WINDOW})


@dataclass(slots=True)
class Progress:
    """What one run of the queue did."""

    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    differs: int = 0  # told something else than the file: a person must look
    dropped: int = 0
    postponed: int = 0
    unavailable: PopulationUnavailable | None = None
    next_at: datetime | None = None

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
    tell: Tell = lambda _: None,
) -> Progress:
    """Ask about everybody who is due until nobody is or the service does not answer. Not in a transaction.

    :param now: what is due then; otherwise the clock's time at every claim. :param school: its orders only.
    """
    progress = Progress()
    with workers.working() as worker:
        while progress.unavailable is None and (limit is None or progress.asked < limit):
            size = _CHUNK if limit is None else min(_CHUNK, limit - progress.asked)
            jobs, dropped = _claim(worker, now or clock.now(), size, school)
            progress.dropped += dropped
            if not jobs and not dropped:
                break
            _ask(port, worker, jobs, progress, tell)
    progress.next_at = next_due(school)
    return progress


def next_due(school: Organisation | None = None) -> datetime | None:
    """When the earliest open look-up is due; None when none is open. One query."""
    rows = Lookup.objects.filter(state__in=OPEN_JOBS)
    if school is not None:
        rows = rows.filter(order__school=school)
    return rows.order_by("not_before").values_list("not_before", flat=True).first()


def _ask(port: PopulationPort, worker: int, jobs: list[Lookup], progress: Progress, tell: Tell) -> None:
    for at, job in enumerate(jobs):
        progress.asked += 1
        try:
            told = port.residence(_query(job))
        except PopulationUnavailable as error:
            progress.unavailable = error
            progress.postponed += len(jobs) - at
            _postpone(worker, job, error)
            _release(worker, jobs[at + 1 :])
            return
        if told.outcome.final:
            kept = keep_answer(worker, job, told)
            if kept is not None:
                progress.outcomes[told.outcome.value] += 1
                progress.differs += kept
        else:
            progress.postponed += 1
            _later(worker, job, limited=told.outcome is Outcome.RATE_LIMITED)
        tell(progress)


def _query(job: Lookup) -> Query:
    order = job.order
    return Query(
        request_id=str(job.request_id),
        subject=Subject(**job.asked),
        purpose=Purpose(order.purpose, order.legal_basis),
        requester_unit=order.school.code,
        requester_user=order.by,
    )


@transaction.atomic
def _claim(worker: int, now: datetime, size: int, school: Organisation | None) -> tuple[list[Lookup], int]:
    """Take look-ups that are due and commit that. Gives (to ask, dropped)."""
    jobs = _free(now, size, school)
    drop = [job for job in jobs if not job.attempts and missing(job.pupil)]
    Lookup.objects.filter(pk__in=[job.pk for job in drop]).update(
        state=JobState.FAILED, finished_at=now, worker=None, asked={}
    )
    taken = [job for job in jobs if job not in drop]
    for job in taken:
        if not job.attempts:
            _refresh(job)
            job.sent_at = now
        job.attempts += 1
        job.state, job.worker = JobState.SENT, worker
    Lookup.objects.filter(pk__in=[job.pk for job in taken]).update(
        state=JobState.SENT,
        worker=worker,
        wait=Wait.NONE,
        attempts=F("attempts") + 1,
        sent_at=Coalesce("sent_at", Value(now)),
    )
    return taken, len(drop)


def _refresh(job: Lookup) -> None:
    """Never asked yet: it is asked with the values of now."""
    asked = asked_of(job.pupil)
    if digest_of(asked) != job.snapshot_hash:
        job.asked, job.snapshot_hash = asked, digest_of(asked)
        job.save(update_fields=["asked", "snapshot_hash"])


def _free(now: datetime, size: int, school: Organisation | None) -> list[Lookup]:
    rows = Lookup.objects.filter(state__in=OPEN_JOBS)
    if school is not None:
        rows = rows.filter(order__school=school)
    at_work = rows.filter(worker__isnull=False).values_list("worker", flat=True).distinct().order_by()
    free = Q(worker__isnull=True, not_before__lte=now)
    gone = workers.dead({number for number in at_work if number is not None})
    if gone:
        free |= Q(worker__in=gone)  # whatever its time: the question may be with the register already
    rows = rows.filter(free).order_by("pk")
    if connection.vendor == "postgresql":
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    return list(rows.select_related("order__school", "pupil")[:size])


def _mine(worker: int, jobs: list[Lookup]) -> list[int]:
    rows = Lookup.objects.filter(pk__in=[job.pk for job in jobs], worker=worker, state=JobState.SENT)
    return list(rows.values_list("pk", flat=True))


def _postpone(worker: int, job: Lookup, error: PopulationUnavailable) -> None:
    """No answer: the same question again later, under the same id."""
    now = clock.now()
    at = max(now, error.retry_at) if error.retry_at else now + pause_after(job.attempts)
    wait = Wait.LIMITED if error.fault in _LATER else Wait.UNAVAILABLE
    Lookup.objects.filter(pk__in=_mine(worker, [job])).update(worker=None, not_before=at, wait=wait)


def _release(worker: int, jobs: list[Lookup]) -> None:
    """Claimed and not asked: as if never claimed, so that nothing counts as asked that was not."""
    never = [job for job in jobs if job.attempts == 1]
    Lookup.objects.filter(pk__in=_mine(worker, never)).update(
        state=JobState.QUEUED, worker=None, attempts=0, sent_at=None
    )
    Lookup.objects.filter(pk__in=_mine(worker, jobs)).update(worker=None, attempts=F("attempts") - 1)


def _later(worker: int, job: Lookup, *, limited: bool) -> None:
    """The register could not say about this one yet."""
    pause = min(_LONG, _SHORT * 2 ** min(job.attempts - 1, 10))
    Lookup.objects.filter(pk__in=_mine(worker, [job])).update(
        worker=None,
        not_before=clock.now() + pause,
        wait=Wait.LIMITED if limited else Wait.UNAVAILABLE,
    )
