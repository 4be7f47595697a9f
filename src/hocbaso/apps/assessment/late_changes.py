"""Changes that somebody ought to look at: after a page was finished, under an unlock case, upwards.

The head reads a day (``digest``), the inspector a year (``report``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Q

from hocbaso.apps.assessment.lineage import Step, column_name, part_names, place_of, steps
from hocbaso.apps.assessment.models import Moment, ResultChange
from hocbaso.apps.assessment.use_cases.finish_entry import ACTION as FINISHED
from hocbaso.apps.audit.models import Event
from hocbaso.apps.common.clock import VIETNAM
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.core.regulation.tt22 import Rating, mark_value

#: Class name, year, part, moment: as ``finish_target`` names a page.
_Page = tuple[str, str, str, str]
#: The audit chain keeps whole seconds.
_TICK = timedelta(seconds=1)
_ORDERS = (("C", "H", "T"), ("C", "Đ", "T"), ("CĐ", "Đ"), tuple(r.value for r in reversed(Rating)))


@dataclass(frozen=True, slots=True)
class Late:
    """One change to look at."""

    step: Step
    enrolment: Enrolment
    part_name: str
    column: str
    after_finish: bool
    raises: bool

    @property
    def under_case(self) -> bool:
        return bool(self.step.case_number)

    @property
    def moment_name(self) -> str:
        return str(Moment(self.step.change.moment).label)


@dataclass(frozen=True, slots=True)
class Group:
    """What one person changed in one class."""

    school_class: SchoolClass
    by: str
    by_name: str
    changes: tuple[Late, ...]

    @property
    def after_finish(self) -> int:
        return sum(c.after_finish for c in self.changes)

    @property
    def under_case(self) -> int:
        return sum(c.under_case for c in self.changes)

    @property
    def raises(self) -> int:
        return sum(c.raises for c in self.changes)


@dataclass(frozen=True, slots=True)
class Report:
    """A year's late changes with their counts."""

    groups: tuple[Group, ...]

    @property
    def changes(self) -> int:
        return sum(len(g.changes) for g in self.groups)

    @property
    def after_finish(self) -> int:
        return sum(g.after_finish for g in self.groups)

    @property
    def under_case(self) -> int:
        return sum(g.under_case for g in self.groups)

    @property
    def raises(self) -> int:
        return sum(g.raises for g in self.groups)


def digest(school: Organisation, day: date) -> Report:
    """One day's late changes of a school, by class and teacher. Three queries.

    :param day: the calendar day in Vietnam.
    """
    start = datetime.combine(day, time.min, VIETNAM)
    changes = ResultChange.objects.filter(
        enrolment__school_class__school=school, at__gte=start, at__lt=start + timedelta(days=1)
    )
    return Report(tuple(_groups(school, changes)))


def report(school: Organisation, year: str) -> Report:
    """A school year's late changes, by class and teacher. Three queries."""
    changes = ResultChange.objects.filter(
        enrolment__school_class__school=school, enrolment__school_class__school_year=year
    )
    return Report(tuple(_groups(school, changes)))


def _groups(school: Organisation, changes: object) -> Iterable[Group]:
    finished = _first_finished(school)
    wanted = Q(~Q(case_number=""))
    if finished:
        wanted |= Q(at__gte=min(finished.values()))
    rows = changes.filter(wanted).select_related(  # type: ignore[attr-defined]
        "enrolment__pupil", "enrolment__school_class__school"
    )
    found: dict[tuple[int, str], list[Late]] = {}
    for step in steps(rows.order_by("at", "pk")):
        late = _late(step, finished)
        if late.after_finish or late.under_case:
            found.setdefault((late.enrolment.school_class_id, step.change.by), []).append(late)
    groups = [
        Group(own[0].enrolment.school_class, by, own[0].step.by_name, tuple(own))
        for (_class_id, by), own in found.items()
    ]
    return sorted(groups, key=lambda g: (g.school_class.grade, g.school_class.name, g.by_name))


def _first_finished(school: Organisation) -> dict[_Page, datetime]:
    """When each page of the school was first finished. One query."""
    found: dict[_Page, datetime] = {}
    events = Event.objects.filter(organisation=school.code, action=FINISHED).order_by("sequence")
    for target, at in events.values_list("target", "at"):
        _word, year, name, part, moment = target.split(":", 4)
        found.setdefault((name, year, part, moment), at)
    return found


def _late(step: Step, finished: dict[_Page, datetime]) -> Late:
    change, place = step.change, place_of(step.change.field)
    school_class = change.enrolment.school_class
    page = (school_class.name, school_class.school_year, place.part, change.moment)
    since = finished.get(page)
    return Late(
        step,
        change.enrolment,
        part_names(school_class).get(place.part, place.part),
        column_name(place, school_class),
        since is not None and change.at > since + _TICK,
        raises(change.old, change.new),
    )


def raises(old: str, new: str) -> bool:
    """Whether a correction raised a result: a mark, a level, a rating."""
    before, after = _number(old), _number(new)
    if before is not None and after is not None:
        return after > before
    return any(old in order and new in order and order.index(new) > order.index(old) for order in _ORDERS)


def _number(text: str) -> Decimal | None:
    try:
        return mark_value(text)
    except ArithmeticError:  # a comment may begin with a digit
        return None
