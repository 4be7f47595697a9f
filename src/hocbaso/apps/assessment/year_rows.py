"""One pupil's year: its verdict, and the one way to write a decision of people into its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.assessment.models import (
    Moment,
    PupilProgramme,
    ResultChange,
    SubjectResult,
    TraitResult,
    YearRecord,
)
from hocbaso.apps.assessment.queries import YearVerdict, year_verdict
from hocbaso.apps.assessment.year_outcomes import (
    ClassYear,
    outcomes_in,
    outcomes_of,
    read_year,
    rules_of,
    year_input,
)
from hocbaso.apps.common import clock
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation.programme import Programme, programme_for
from hocbaso.core.vietnamese.school_year import SchoolYear

__all__ = [
    "ClassYear",
    "outcomes_in",
    "outcomes_of",
    "programme_of",
    "read_year",
    "rules_of",
    "save_record",
    "verdict_of",
    "verdicts_of",
    "year_input",
]


def programme_of(school_class: SchoolClass) -> Programme:
    """The programme of a primary class. :raises DomainError: ``programme.*``"""
    return programme_for(school_class.grade, SchoolYear.parse(school_class.school_year))


def verdict_of(enrolment: Enrolment, *, before_summer: bool = False) -> YearVerdict:
    """What the circular says of one primary pupil's year. Four queries."""
    return verdicts_of(enrolment.school_class, [enrolment.pk], before_summer=before_summer)[enrolment.pk]


def verdicts_of(
    school_class: SchoolClass, enrolments: Sequence[int], *, before_summer: bool = False
) -> dict[int, YearVerdict]:
    """The same for several pupils of one primary class. Four queries whatever their number.

    :param before_summer: leave the re-assessment aside.
    """
    moments = [Moment.YEAR_END] if before_summer else [Moment.YEAR_END, Moment.SUMMER]
    common = {"enrolment__in": enrolments, "moment__in": moments}
    subjects: dict[tuple[int, str], list[SubjectResult]] = {}
    for row in SubjectResult.objects.filter(**common):
        subjects.setdefault((row.enrolment_id, row.moment), []).append(row)
    traits: dict[tuple[int, str], list[TraitResult]] = {}
    for trait in TraitResult.objects.filter(**common):
        traits.setdefault((trait.enrolment_id, trait.moment), []).append(trait)
    records = {r.enrolment_id: r for r in YearRecord.objects.filter(enrolment__in=enrolments)}
    planned = PupilProgramme.objects.filter(enrolment__in=enrolments, individual_plan=True)
    plans = set(planned.values_list("enrolment", flat=True))
    programme = programme_of(school_class)
    return {
        key: year_verdict(
            school_class.grade,
            subjects.get((key, Moment.YEAR_END), ()),
            traits.get((key, Moment.YEAR_END), ()),
            records.get(key),
            programme=programme,
            summer_subjects=subjects.get((key, Moment.SUMMER), ()),
            summer_traits=traits.get((key, Moment.SUMMER), ()),
            individual_plan=key in plans,
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
