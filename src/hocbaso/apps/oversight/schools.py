"""Progress of many schools for the levels that manage them: numbers only, no names of pupils."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.common.search import matches
from hocbaso.apps.organisations.models import Kind, Management, Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.transcripts.models import SheetState, YearSheet
from hocbaso.core.regulation.programme import PRIMARY_GRADES
from hocbaso.core.regulation.secondary import SECONDARY_GRADES

_GRADES = (*PRIMARY_GRADES, *SECONDARY_GRADES)
_SIGNED = (SheetState.PRINCIPAL_SIGNED, SheetState.ISSUED)


@dataclass(slots=True)
class SchoolProgress:
    """One school in numbers."""

    school: Organisation
    manager: str
    pupils: int = 0
    closed: int = 0
    signed: int = 0  # by the principal
    issued: int = 0

    @property
    def share(self) -> float:
        """Issued of all, for the order of the list; 0 for a school without pupils."""
        return self.issued / self.pupils if self.pupils else 0.0


def schools_under(unit: Organisation) -> QuerySet[Organisation]:
    """Schools that stand under ``unit`` today: its own (a school stands under itself), directly, or through
    communes; all of them under the ministry. One query.
    """
    schools = Organisation.objects.filter(kind=Kind.SCHOOL).filter(valid_on(clock.today()))
    if unit.kind == Kind.MINISTRY:
        return schools
    if unit.kind == Kind.SCHOOL:
        return schools.filter(pk=unit.pk)
    present = Management.objects.filter(valid_on(clock.today()))
    direct = present.filter(manager=unit).values("organisation")
    through = present.filter(manager__in=direct).values("organisation")
    return schools.filter(Q(pk__in=direct) | Q(pk__in=through))


def newest_year(unit: Organisation) -> str:
    """The newest school year in which one of these schools has classes, or an empty text. One query."""
    newest = SchoolClass.objects.filter(school__in=schools_under(unit)).aggregate(y=Max("school_year"))["y"]
    return newest or ""


def board(unit: Organisation, year: str, search: str = "") -> list[SchoolProgress]:
    """The schools with their numbers, the furthest behind first. Four queries."""
    found = schools_under(unit).order_by("name")
    schools = [s for s in found if not search or s.code == search or matches(search, s.name)]
    rows = {school.pk: SchoolProgress(school, "") for school in schools}
    ids = list(rows)
    managers = Management.objects.filter(valid_on(clock.today()), organisation__in=ids)
    for pk, name in managers.values_list("organisation", "manager__name"):
        rows[pk].manager = name
    enrolled = (
        Enrolment.objects.filter(
            active=True,
            school_class__school__in=ids,
            school_class__school_year=year,
            school_class__grade__in=_GRADES,  # of whom transcripts are made here
        )
        .values_list("school_class__school")
        .annotate(n=Count("pk"))
        .order_by()
    )
    for pk, n in enrolled:
        rows[pk].pupils = n
    sheets = (
        YearSheet.objects.filter(school__in=ids, school_year=year, enrolment__active=True)
        .exclude(state=SheetState.VOIDED)
        .values_list("school")
        .annotate(
            n_closed=Count("enrolment", distinct=True),
            n_signed=Count("enrolment", distinct=True, filter=Q(state__in=_SIGNED)),
            n_issued=Count("enrolment", distinct=True, filter=Q(state=SheetState.ISSUED)),
        )
        .order_by()
    )
    for pk, closed, signed, issued in sheets:
        rows[pk].closed, rows[pk].signed, rows[pk].issued = closed, signed, issued
    return sorted(rows.values(), key=lambda row: (row.share, row.school.name))
