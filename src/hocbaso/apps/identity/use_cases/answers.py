"""Keep what the registry answered: the evidence, the end of the job and the state, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence
from hocbaso.apps.identity.models import Check, Job, JobState, Wait
from hocbaso.apps.identity.states import Person, move_many
from hocbaso.apps.pupils.models import IdentityState, Pupil
from hocbaso.engines.population import FIELDS, Answer, FieldAnswer, Outcome

#: What the registry could not take for reasons that are not the person's.
_NOT_THE_PERSONS = ("purpose", "conflict")
_SYSTEM = Actor.system()
_SHORT = timedelta(seconds=2)
_LONG = timedelta(minutes=30)


@dataclass(slots=True)
class Kept:
    """What became of a batch of answers."""

    outcomes: Counter[str] = field(default_factory=Counter)
    postponed: int = 0


def state_after(answer: Answer) -> IdentityState:
    """The state that a final answer leads to (domain 2.4)."""
    if answer.outcome is Outcome.MATCHED:
        return IdentityState.VERIFIED if answer.verified else IdentityState.MULTIPLE
    if answer.outcome is Outcome.INVALID_INPUT:
        return IdentityState.ERROR if answer.reason in _NOT_THE_PERSONS else IdentityState.MISMATCH
    return {
        Outcome.MISMATCH: IdentityState.MISMATCH,
        Outcome.NOT_FOUND: IdentityState.NOT_FOUND,
        Outcome.MULTIPLE: IdentityState.MULTIPLE,
    }[answer.outcome]


def differences(answer: Answer) -> list[str]:
    """Fields to look at. What the registry could not even read counts as differing; the number by default."""
    if answer.outcome is Outcome.INVALID_INPUT and answer.reason not in _NOT_THE_PERSONS:
        return [answer.reason if answer.reason in FIELDS else "so_dinh_danh"]
    return list(answer.differences)


def check_of(job: Job, answer: Answer, now: datetime) -> Check:
    """The evidence of one answer, not saved yet."""
    assert job.request_id is not None
    assert job.sent_at is not None
    order = job.sending
    return Check(
        pupil_id=job.pupil_id,
        staff_id=job.staff_id,
        request_id=job.request_id,
        school=order.school,
        purpose=order.purpose,
        legal_basis=order.legal_basis,
        sent_at=job.sent_at,
        answered_at=answer.answered_at,
        recorded_at=now,
        outcome=answer.outcome.value,
        differences=differences(answer),
        soft=[name for name in FIELDS if name in answer.soft],
        not_compared=[name for name in FIELDS if answer.fields.get(name) is FieldAnswer.NOT_COMPARED],
        reason=answer.reason,
        result_id=answer.result_id,
        request_digest=answer.request_digest,
        answer_digest=answer.raw_digest,
        snapshot_hash=job.snapshot_hash,
        attempt=job.attempts,
        by=order.by,
    )


def keep_answers(worker: int, jobs: Sequence[Job], answers: Sequence[Answer]) -> Kept:
    """Keep the answers to ``jobs``, in the same order.

    One transaction a batch; people whom somebody else is writing at this moment follow one by one. A job that
    another worker has taken over meanwhile is left to it: it gets the same answer.
    """
    pairs = {job.pk: answer for job, answer in zip(jobs, answers, strict=True)}
    kept = Kept()
    _keep(worker, pairs, kept, wait=False)
    for pk, answer in list(pairs.items()):  # what was locked
        _keep(worker, {pk: answer}, kept, wait=True)
        pairs.pop(pk, None)
    return kept


@transaction.atomic
def _keep(worker: int, pairs: dict[int, Answer], kept: Kept, *, wait: bool) -> None:
    """Keep what can be; takes it out of ``pairs``."""
    rows = Job.objects.filter(pk__in=list(pairs), worker=worker, state=JobState.SENT).order_by("pk")
    if connection.vendor == "postgresql":
        rows = rows.select_for_update(of=("self",))
    jobs = list(rows.select_related("sending__school"))
    people = locked_people(jobs, wait=wait)
    now = clock.now()
    checks: list[Check] = []
    moves: dict[tuple[type[Person], str, IdentityState], list[Person]] = {}
    done: list[int] = []
    for job in jobs:
        person = people.get((job.pupil_id, job.staff_id))
        if person is None:
            continue
        answer = pairs.pop(job.pk)
        if answer.outcome.final:
            kept.outcomes[answer.outcome.value] += 1
            checks.append(check_of(job, answer, now))
            done.append(job.pk)
        else:
            kept.postponed += 1
            _postpone(job, answer, now)
        to = _next_state(job, person, answer)
        if to is not None and to != person.identity_state:
            moves.setdefault((type(person), job.sending.school.code, to), []).append(person)
    Check.objects.bulk_create(checks)
    Job.objects.filter(pk__in=done).update(
        state=JobState.DONE, finished_at=now, worker=None, asked={}, wait=Wait.NONE
    )
    for (_, school, to), group in moves.items():
        move_many(_SYSTEM, group, to, organisation=school)


def locked_people(jobs: Sequence[Job], *, wait: bool) -> dict[tuple[int | None, int | None], Person]:
    """(pupil id, staff id) → person, locked; without those whom somebody else holds unless ``wait``."""
    found: dict[tuple[int | None, int | None], Person] = {}
    pupils = Pupil.objects.order_by("pk")
    staff = StaffMember.objects.order_by("pk")
    if connection.vendor == "postgresql":
        pupils = pupils.select_for_update(skip_locked=not wait)
        staff = staff.select_for_update(skip_locked=not wait)
    ids = [job.pupil_id for job in jobs if job.pupil_id]
    for pupil in pupils.filter(pk__in=ids) if ids else ():
        found[pupil.pk, None] = pupil
    staff_ids = [job.staff_id for job in jobs if job.staff_id]
    for member in staff.filter(pk__in=staff_ids) if staff_ids else ():
        found[None, member.pk] = member
    return found


def _postpone(job: Job, answer: Answer, now: datetime) -> None:
    """The registry could not say about this one yet: the same question again, soon."""
    job.worker = None
    job.wait = Wait.LIMITED if answer.outcome is Outcome.RATE_LIMITED else Wait.UNAVAILABLE
    job.not_before = now + min(_LONG, _SHORT * 2 ** min(job.attempts - 1, 10))
    job.save(update_fields=["worker", "wait", "not_before"])


def _next_state(job: Job, person: Person, answer: Answer) -> IdentityState | None:
    """The state that the person gets; None to leave it."""
    if person.identity_state != IdentityState.SENT:  # changed since it was asked, and perhaps changed back
        return None
    changed = evidence.fields_of(person).digest != job.snapshot_hash
    if not answer.outcome.final:
        limited = answer.outcome is Outcome.RATE_LIMITED
        return None if limited or changed else IdentityState.ERROR
    return IdentityState.REVERIFY if changed else state_after(answer)
