"""Writes the view log: one INSERT a page."""

from __future__ import annotations

from collections.abc import Iterable

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.models import ViewEntry, ViewKind
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass

Person = Pupil | StaffMember


def viewed(
    actor: Actor,
    people: Iterable[Person | Enrolment | int],
    kind: str = ViewKind.FILE,
    where: str = "",
    *,
    school_class: SchoolClass | None = None,
    unit: Organisation | None = None,
    purpose: str = "",
) -> ViewEntry | None:
    """Note that ``actor`` was shown these people. One INSERT; nothing for an empty list.

    :param people: pupils (or their enrolments or ids), or members of staff; one kind in a call. The plural
        may be a class: then give it too.
    :param kind: ``file`` (one person's page), ``list``, ``reveal``, ``export``.
    :param where: short name of the page (``places.py``).
    :param unit: whose people they are, when it is not the actor's own unit (managing levels).
    """
    found = list(people)
    if not found:
        return None
    entry = _entry(actor, found, kind, where, school_class, unit, purpose)
    entry.save(force_insert=True)
    return entry


def viewed_by_school(
    actor: Actor, groups: Iterable[tuple[Organisation, list[Person]]], kind: str, where: str
) -> None:
    """The same of a list that holds people of several schools: a row for each school, one INSERT."""
    ViewEntry.objects.bulk_create(
        [_entry(actor, [*people], kind, where, None, unit, "") for unit, people in groups if people]
    )


def _entry(
    actor: Actor,
    found: list[Person | Enrolment | int],
    kind: str,
    where: str,
    school_class: SchoolClass | None,
    unit: Organisation | None,
    purpose: str,
) -> ViewEntry:
    post = actor.assignment
    own = post.organisation if post is not None else None
    entry = ViewEntry(
        at=clock.now(),
        user=actor.user,
        actor=actor.label,
        role=actor.role,
        channel=actor.channel,
        organisation=unit or (school_class.school if school_class is not None else own),
        kind=kind,
        where=where,
        purpose=purpose[:300],
        school_class=school_class,
        count=len(found),
    )
    if len(found) == 1:
        _one(entry, found[0])
    else:
        entry.people = f",{','.join(map(_mark, found))},"
    return entry


def _one(entry: ViewEntry, person: Person | Enrolment | int) -> None:
    if isinstance(person, StaffMember):
        entry.staff = person
    else:
        entry.pupil_id = _id(person)


def _id(person: Pupil | Enrolment | int) -> int:
    if isinstance(person, int):
        return person
    return person.pupil_id if isinstance(person, Enrolment) else person.pk


def _mark(person: Person | Enrolment | int) -> str:
    """How a person stands in a list: staff with a letter, because their ids are counted apart."""
    return f"s{person.pk}" if isinstance(person, StaffMember) else str(_id(person))
