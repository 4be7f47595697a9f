"""One pupil's year: its verdict, and the one way to write a decision of people into its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.models import Moment, ResultChange, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.queries import YearVerdict, year_verdict
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import Programme, programme_for
from hocbaso.core.vietnamese.school_year import SchoolYear


def programme_of(school_class: SchoolClass) -> Programme:
    """The programme of a primary class. :raises DomainError: ``programme.*``"""
    return programme_for(school_class.grade, SchoolYear.parse(school_class.school_year))


def verdict_of(enrolment: Enrolment) -> YearVerdict:
    """What the circular says of one pupil's year. Three queries."""
    common = {"enrolment": enrolment, "moment": Moment.YEAR_END}
    return year_verdict(
        enrolment.school_class.grade,
        SubjectResult.objects.filter(**common),
        TraitResult.objects.filter(**common),
        YearRecord.objects.filter(enrolment=enrolment).first(),
        programme=programme_of(enrolment.school_class),
    )


def verdicts_of(school_class: SchoolClass, enrolments: Sequence[int]) -> dict[int, YearVerdict]:
    """The same for several pupils of one class. Three queries whatever their number."""
    common = {"enrolment__in": enrolments, "moment": Moment.YEAR_END}
    subjects: dict[int, list[SubjectResult]] = {}
    for row in SubjectResult.objects.filter(**common):
        subjects.setdefault(row.enrolment_id, []).append(row)
    traits: dict[int, list[TraitResult]] = {}
    for trait in TraitResult.objects.filter(**common):
        traits.setdefault(trait.enrolment_id, []).append(trait)
    records = {r.enrolment_id: r for r in YearRecord.objects.filter(enrolment__in=enrolments)}
    programme = programme_of(school_class)
    return {
        key: year_verdict(
            school_class.grade,
            subjects.get(key, ()),
            traits.get(key, ()),
            records.get(key),
            programme=programme,
        )
        for key in enrolments
    }


def save_record(actor: Actor, enrolment: Enrolment, values: Mapping[str, Any]) -> YearRecord:
    """Write fields of the year's record inside the running transaction, a line of history for each change.

    :raises DomainError: ``results_locked``: the sheet is frozen.
    """
    row = YearRecord.objects.select_for_update().filter(enrolment=enrolment).first()
    row = row or YearRecord(enrolment=enrolment, version=0)
    if row.locked:
        raise DomainError("results_locked")
    changes = [(name, getattr(row, name), value) for name, value in values.items()]
    now = clock.now()
    for name, old, new in changes:
        if old == new:
            continue
        setattr(row, name, new)
        ResultChange.objects.create(
            enrolment=enrolment,
            moment=Moment.YEAR_END,
            field=f"record:{name}",
            old=_text(old),
            new=_text(new),
            at=now,
            by=actor.label,
            source="screen",
        )
    row.version += 1
    row.updated_at, row.updated_by, row.source = now, actor.label, "screen"
    row.save()
    return row


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "x" if value else "không"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)[:500]
    return "" if value is None else str(value)
