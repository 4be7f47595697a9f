"""What closing a class does to the live rows: hold them while they are read, lock what was frozen."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from hocbaso.apps.assessment.models import Moment, SubjectMarks, SubjectResult, TraitResult, YearRecord
from hocbaso.apps.assessment.stored_rows import hold_class
from hocbaso.apps.pupils.models import Enrolment, SchoolClass

#: Primary results of earlier moments do not stand in the sheet.
_OF_YEAR = (Moment.YEAR_END, Moment.SUMMER)


def _rows(**where: Any) -> tuple[QuerySet[Any], ...]:
    return (
        SubjectResult.objects.filter(**where, moment__in=_OF_YEAR),
        TraitResult.objects.filter(**where, moment__in=_OF_YEAR),
        SubjectMarks.objects.filter(**where),
        YearRecord.objects.filter(**where),
    )


def hold_rows(school_class: SchoolClass) -> None:
    """Hold the class's rows, so that nobody changes a mark between the check and the freeze.

    SQLite has one writer anyhow; on PostgreSQL the marks' door waits here and then finds the rows locked.
    """
    hold_class(school_class)
    in_class = Enrolment.objects.filter(school_class=school_class)  # nobody moves to another class meanwhile
    list(in_class.order_by("pk").select_for_update().values_list("pk", flat=True))
    for rows in _rows(enrolment__school_class=school_class):
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def lock_rows(enrolments: Collection[int]) -> None:
    """What was frozen can no longer be changed in the live tables either."""
    for rows in _rows(enrolment__in=enrolments):
        rows.filter(locked=False).update(locked=True)


def open_rows(enrolments: Collection[int]) -> None:
    """A sheet that was returned before issue: its rows open again."""
    for rows in _rows(enrolment__in=enrolments):
        rows.filter(locked=True).update(locked=False)


def open_summer_rows(issued: Mapping[int, datetime]) -> None:
    """A replacing sheet that was returned: what the summer gave since the issued one opens again.

    :param issued: when the issued version was frozen, by enrolment.
    """
    for model in (SubjectResult, TraitResult, SubjectMarks):
        for enrolment, frozen_at in issued.items():
            rows: QuerySet[Any] = model._default_manager.filter(enrolment=enrolment, moment=Moment.SUMMER)
            rows.filter(locked=True, updated_at__gt=frozen_at).update(locked=False)
