"""Write a planned pupil list: classes, pupils, enrolments. One transaction, opened by the intake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import models

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.identity.states import tell
from hocbaso.apps.identity.use_cases.arrivals import expect_arrivals
from hocbaso.apps.intake.planning import CHUNK, Plan, Recorder, chunks, snapshot
from hocbaso.apps.matching.use_cases.meet import meet_holder
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, IdentityState, Pupil, SchoolClass
from hocbaso.apps.pupils.use_cases.plan_pupils import Item, Work, plan

__all__ = ["apply", "note_refused", "plan"]


def apply(made: Plan, recorder: Recorder, school: Organisation, year: str) -> None:
    """Write the rows of the plan that were not refused.

    Runs inside the caller's transaction, on a plan made in that same transaction.
    """
    work: Work = made.work
    classes = _classes(work, recorder, school, year)
    now = clock.now()
    _update_pupils([i for i in work.items if i.pupil is not None and i.values], recorder, now)
    _create_pupils([i for i in work.items if i.pupil is None], recorder, now)
    _enrol(work.items, classes, recorder)


def note_refused(made: Plan, actor: Actor, school: Organisation) -> None:
    """A row that was refused because another file keeps its personal number opens the pair of both files, as
    entry by hand does. Inside the caller's transaction, whether the other rows are written or not.
    """
    work: Work = made.work
    for pupil, number in work.clashes:
        meet_holder(actor, pupil, number, organisation=school.code)


def _classes(work: Work, recorder: Recorder, school: Organisation, year: str) -> dict[str, SchoolClass]:
    new = [
        SchoolClass(school=school, school_year=year, name=name, grade=grade)
        for name, grade in work.new_classes.items()
    ]
    recorder.created(SchoolClass.objects.bulk_create(new))
    return {c.name: c for c in SchoolClass.objects.filter(school=school, school_year=year)}


def _create_pupils(items: Sequence[Item], recorder: Recorder, now: Any) -> None:
    for part in chunks(items):
        pupils = Pupil.objects.bulk_create(
            [Pupil(code=item.row.code, updated_at=now, **item.values) for item in part], batch_size=CHUNK
        )
        recorder.created(pupils)
        for item, pupil in zip(part, pupils, strict=True):
            item.pupil = pupil
        recorder.step(len(part))


def _update_pupils(items: Sequence[Item], recorder: Recorder, now: Any) -> None:
    renumbered = [item.pupil.pk for item in items if item.pupil and "personal_number" in item.values]
    for part in chunks(renumbered):  # so that two pupils may exchange their numbers
        Pupil.objects.filter(pk__in=part).update(personal_number="")
    updates = []
    moved: dict[IdentityState, dict[str, list[str]]] = {}
    for item in items:
        assert item.pupil is not None
        if "identity_state" in item.values:
            came = moved.setdefault(IdentityState(item.values["identity_state"]), {})
            came.setdefault(item.pupil.identity_state, []).append(item.pupil.code)
        before = snapshot(item.pupil, item.values)
        for name, value in item.values.items():
            setattr(item.pupil, name, value)
        item.pupil.updated_at = now
        recorder.changed(item.pupil, before)
        updates.append((item.pupil, frozenset(item.values) | {"updated_at"}))
    bulk_update(updates)
    _tell_identities(recorder, moved)
    recorder.step(len(items))


def _tell_identities(recorder: Recorder, moved: dict[IdentityState, dict[str, list[str]]]) -> None:
    """Verified fields changed: the new states were written with them."""
    for to, came in moved.items():
        tell(recorder.actor, to, came, organisation=recorder.batch.school.code, door=recorder.source)


def _enrol(items: Sequence[Item], classes: dict[str, SchoolClass], recorder: Recorder) -> None:
    new: list[Enrolment] = []
    arrived: list[Enrolment] = []
    updates: list[tuple[models.Model, frozenset[str]]] = []
    for item in items:
        assert item.pupil is not None
        values = dict(item.enrol)
        if "class_name" in values:
            values["school_class_id"] = classes[values.pop("class_name")].pk
        if item.enrolment is None:
            new.append(Enrolment(pupil=item.pupil, **values))
        elif values:
            before = snapshot(item.enrolment, values)
            for name, value in values.items():
                setattr(item.enrolment, name, value)
            recorder.changed(item.enrolment, before)
            updates.append((item.enrolment, frozenset(values)))
            if "status" in values:
                arrived.append(item.enrolment)
    bulk_update(updates)
    for part in chunks(new):
        recorder.created(Enrolment.objects.bulk_create(part))
    expect_arrivals([*arrived, *new])
    recorder.step(len(items))


def bulk_update(updates: Sequence[tuple[models.Model, frozenset[str]]]) -> None:
    """Save rows of one model with as few statements as their sets of changed fields allow."""
    groups: dict[frozenset[str], list[models.Model]] = defaultdict(list)
    for instance, fields in updates:
        groups[fields].append(instance)
    for fields, instances in groups.items():
        names = sorted(f.removesuffix("_id") if f == "school_class_id" else f for f in fields)
        type(instances[0])._default_manager.bulk_update(instances, names, batch_size=200)
