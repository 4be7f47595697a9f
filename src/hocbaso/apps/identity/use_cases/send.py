"""Send the request to verify (menu 4.1.7): a class, a school, chosen pupils, staff, an arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity import evidence, ports
from hocbaso.apps.identity.models import OPEN_JOBS, Check, Confirmation, Job, Scope, Sending, Wait
from hocbaso.apps.identity.queries import latest_checks
from hocbaso.apps.identity.states import DUE, FAILED, Person, code_of, move_many
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil, SchoolClass
from hocbaso.core.errors import DomainError, register

register(
    {
        "identity_not_here": (
            "{count} học sinh đã chọn không học ở trường này trong năm học {year}. Thầy cô chọn lại.",
            "{count} chosen pupils do not study here in {year}.",
        ),
    }
)

_CHUNK = 500


@transaction.atomic
def send(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    school_class: SchoolClass | None = None,
    pupils: Sequence[Pupil] | None = None,
    again: bool = False,
) -> Sending:
    """Put pupils who study in the year into the queue: those never checked, changed since, or unanswered.

    Whoever lacks a field or has an unconfirmed warning is not sent but listed in ``Sending.incomplete``.

    :param school_class: this class only.
    :param pupils: these only; then those whose check failed are asked about again too.
    :param again: likewise for a class or school: the register may have been corrected meanwhile.
    :raises NotAllowed: policies ``identity.send``, ``identity.send_class`` (of every class concerned)
    :raises DomainError: ``identity_not_here``
    """
    rows = Enrolment.objects.filter(
        active=True, school_class__school=school, school_class__school_year=year
    ).select_related("pupil")
    scope = Scope.SCHOOL
    if school_class is not None:
        require(actor, "identity.send_class", school_class)
        rows, scope = rows.filter(school_class=school_class), Scope.CLASS
    if pupils is not None:
        rows, scope = rows.filter(pupil__in=[p.pk for p in pupils]), Scope.CHOSEN
        _require_chosen(actor, rows, pupils, year, alone=school_class is None)
    elif school_class is None:
        require(actor, "identity.send", school)
    people = (row.pupil for row in rows.order_by("pk").iterator(chunk_size=_CHUNK))
    return _order(actor, school, year, scope, people, school_class, again=again or pupils is not None)


def _require_chosen(actor: Actor, rows: Any, pupils: Sequence[Pupil], year: str, *, alone: bool) -> None:
    found = set(rows.values_list("pupil", flat=True))
    absent = {p.pk for p in pupils} - found
    if absent:
        raise DomainError("identity_not_here", count=len(absent), year=year)
    if alone:
        classes = SchoolClass.objects.filter(pk__in=rows.values("school_class")).select_related("school")
        for school_class in classes:
            require(actor, "identity.send_class", school_class)


@transaction.atomic
def send_staff(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    staff: Sequence[StaffMember] | None = None,
    again: bool = False,
) -> Sending:
    """The same for members of staff of the school.

    :raises NotAllowed: policy ``identity.send_staff``
    """
    require(actor, "identity.send_staff", school)
    rows = StaffMember.objects.filter(organisation=school)
    if staff is not None:
        rows = rows.filter(pk__in=[member.pk for member in staff])
    people = rows.order_by("pk").iterator(chunk_size=_CHUNK)
    return _order(actor, school, year, Scope.STAFF, people, None, again=again or staff is not None)


@transaction.atomic
def send_arrival(actor: Actor, enrolment: Enrolment) -> Sending:
    """A pupil has come from another school: checked on arrival, verified before or not.

    Part of receiving the pupil, whose policy has been asked.
    """
    school_class = enrolment.school_class
    return send_arrivals(
        actor, school_class.school, school_class.school_year, [enrolment.pupil], school_class=school_class
    )


@transaction.atomic
def send_arrivals(
    actor: Actor,
    school: Organisation,
    year: str,
    pupils: Sequence[Pupil],
    *,
    school_class: SchoolClass | None = None,
) -> Sending:
    """The same for several who came together, with one order; part of the door through which they came."""
    verified = [pupil for pupil in pupils if pupil.identity_state == IdentityState.VERIFIED]
    move_many(actor, verified, IdentityState.REVERIFY, organisation=school.code, door="arrival")
    return _order(actor, school, year, Scope.ARRIVAL, iter(pupils), school_class, again=True)


@dataclass(slots=True)
class _Sorted:
    """What becomes of a part of the people."""

    go: list[Person] = field(default_factory=list)
    drifted: list[Person] = field(default_factory=list)  # of them: verified, with other values
    already: int = 0
    incomplete: list[dict[str, Any]] = field(default_factory=list)


def _order(
    actor: Actor,
    school: Organisation,
    year: str,
    scope: Scope,
    people: Iterator[Person],
    school_class: SchoolClass | None,
    *,
    again: bool,
) -> Sending:
    if connection.vendor == "postgresql":  # one order a school at a time; SQLite has one writer anyhow
        Organisation.objects.select_for_update().get(pk=school.pk)
    purpose = ports.STAFF_PURPOSE if scope is Scope.STAFF else ports.PUPIL_PURPOSE
    sending = Sending.objects.create(
        school=school,
        school_year=year,
        scope=scope,
        school_class=school_class,
        purpose=purpose.code,
        legal_basis=purpose.legal_basis,
        by=actor.label,
        at=clock.now(),
    )
    seen: set[int] = set()
    for part in _parts(people, seen):
        _queue(actor, sending, part, again=again)
    sending.save(update_fields=["queued", "already", "incomplete"])
    chain.record(
        actor,
        "identity.send",
        f"sending:{sending.pk}",
        organisation=school.code,
        school_year=year,
        scope=scope.value,
        class_name=school_class.name if school_class else "",
        queued=sending.queued,
        already=sending.already,
        incomplete=len(sending.incomplete),
    )
    return sending


def _parts(people: Iterable[Person], seen: set[int]) -> Iterator[list[Person]]:
    """Everybody once, in parts; memory holds one part."""
    part: list[Person] = []
    for person in people:
        if person.pk not in seen:
            seen.add(person.pk)
            part.append(person)
        if len(part) == _CHUNK:
            yield part
            part = []
    if part:
        yield part


def _queue(actor: Actor, sending: Sending, people: list[Person], *, again: bool) -> None:
    key = "pupil" if isinstance(people[0], Pupil) else "staff"
    sorted_people = _sort(key, people, again=again)
    school = sending.school.code
    now = clock.now()
    move_many(actor, sorted_people.drifted, IdentityState.REVERIFY, organisation=school, door="unknown")
    move_many(actor, sorted_people.go, IdentityState.SENT, organisation=school, sending=sending.pk)
    Job.objects.bulk_create([_job(sending, key, person, now) for person in sorted_people.go])
    sending.queued += len(sorted_people.go)
    sending.already += sorted_people.already
    sending.incomplete += sorted_people.incomplete


def _job(sending: Sending, key: str, person: Person, now: datetime) -> Job:
    fields = evidence.fields_of(person)
    return Job(
        sending=sending,
        not_before=now,
        asked=fields.as_json(),
        snapshot_hash=fields.digest,
        **{key: person},
    )


def _sort(key: str, people: list[Person], *, again: bool) -> _Sorted:
    waiting = _hurried(key, people)
    checks = latest_checks(key, [p.pk for p in people if p.identity_state == IdentityState.VERIFIED])
    confirmations = _confirmations(key, people)
    wanted = {*DUE, *FAILED} if again else set(DUE)
    result = _Sorted()
    for person in people:
        if person.pk in waiting:
            result.already += 1
            continue
        drifted = _drifted(person, checks)
        # Without a number nobody can be sent; such a file is listed with what it lacks, searched or not.
        if not drifted and person.identity_state not in wanted and person.personal_number:
            result.already += 1
            continue
        lacks = evidence.missing(person)
        confirm = evidence.to_confirm(person, confirmations.get(person.pk, []))
        if drifted:
            result.drifted.append(person)
        if lacks or confirm:
            result.incomplete.append({"person": code_of(person), "missing": lacks, "confirm": confirm})
        else:
            result.go.append(person)
    return result


def _drifted(person: Person, checks: dict[int, Check]) -> bool:
    """Verified once, but with other values than the file holds now: some door did not tell."""
    check = checks.get(person.pk)
    return check is not None and check.snapshot_hash != evidence.fields_of(person).digest


def _hurried(key: str, people: list[Person]) -> set[int]:
    """Ids of people who wait for an answer already; whom the service let down is asked about again now."""
    jobs = Job.objects.filter(state__in=OPEN_JOBS, **{f"{key}__in": [p.pk for p in people]})
    ids = set(jobs.values_list(key, flat=True))
    if ids:
        jobs.filter(wait=Wait.UNAVAILABLE, worker=None).update(not_before=clock.now())
    return ids


def _confirmations(key: str, people: list[Person]) -> dict[int, list[Confirmation]]:
    """Confirmations of those about whom something must be confirmed (few)."""
    doubtful = [p.pk for p in people if evidence.MUST_CONFIRM & evidence.warnings(p).keys()]
    found: dict[int, list[Confirmation]] = {}
    if doubtful:
        for row in Confirmation.objects.filter(**{f"{key}__in": doubtful}):
            found.setdefault(getattr(row, f"{key}_id"), []).append(row)
    return found
