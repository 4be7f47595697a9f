"""The boards: a unit's sub-units or schools with their numbers, a school's classes, the trend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, FilteredRelation, Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.common.search import matches
from hocbaso.apps.identity.escalation.queries import cases_under
from hocbaso.apps.identity.escalation.states import OPEN
from hocbaso.apps.identity.watching.counting import count_classes, count_staff, present_classes
from hocbaso.apps.identity.watching.models import NUMBERS, Day, Figure, Who
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Kind, Management, Organisation, valid_on
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.pupils.models import SchoolClass

TREND_DAYS = 30


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit that manages a school."""

    id: int
    code: str
    name: str
    kind: str


@dataclass(slots=True)
class Line:
    """One line of a board: a sub-unit, or a school."""

    id: int
    code: str
    name: str
    kind: str
    manager: str = ""
    tally: Tally = field(default_factory=Tally)
    schools: int = 0
    uncounted: int = 0  # schools whose figures were never made
    counted_at: datetime | None = None  # the oldest of the figures in it
    newest_at: datetime | None = None
    years: set[str] = field(default_factory=set)
    escalations: int = 0
    above: Unit | None = None

    @property
    def is_school(self) -> bool:
        return self.kind == Kind.SCHOOL

    @property
    def days_open(self) -> int | None:
        """Full days since the oldest open case is open."""
        return (clock.now() - self.tally.oldest).days if self.tally.oldest else None

    def take(self, other: Line) -> None:
        """Add a school's line to a unit's."""
        self.tally.add(other.tally)
        self.schools += 1
        self.uncounted += other.uncounted
        self.escalations += other.escalations
        self.years |= other.years
        self._see(other.counted_at, other.newest_at)

    def _see(self, oldest: datetime | None, newest: datetime | None) -> None:
        if oldest is not None and (self.counted_at is None or oldest < self.counted_at):
            self.counted_at = oldest
        if newest is not None and (self.newest_at is None or newest > self.newest_at):
            self.newest_at = newest


@dataclass(slots=True)
class Board:
    """A unit with its lines."""

    unit: Organisation
    whole: Line
    lines: list[Line]  # as they were asked for: sub-units or schools


def school_lines(unit: Organisation, who: str, *, escalated: bool = True) -> list[Line]:
    """Every school below the unit with its kept figures. Three queries (two without escalations)."""
    schools, today = schools_under(unit), clock.today()
    present = FilteredRelation(
        "managements",
        condition=Q(managements__valid_from__lte=today)
        & (Q(managements__valid_to__isnull=True) | Q(managements__valid_to__gte=today)),
    )
    manager = [f"present__manager__{name}" for name in ("pk", "code", "name", "kind")]
    rows = schools.annotate(present=present).order_by("name").values_list("pk", "code", "name", *manager)
    lines: dict[int, Line] = {}
    for pk, code, name, *above in rows:
        line = lines[pk] = Line(pk, code, name, Kind.SCHOOL, schools=1, uncounted=1)
        if above[0] is not None:
            line.manager, line.above = above[2], Unit(*above)
    figures = Figure.objects.filter(school__in=schools, who=who)
    for pk, year, oldest, at, *numbers in figures.values_list(
        "school_id", "school_year", "oldest", "counted_at", *NUMBERS
    ):
        if pk in lines:
            _add(lines[pk], year, oldest, at, numbers)
    if escalated:
        for pk, n in open_escalations(schools).items():
            if pk in lines:
                lines[pk].escalations = n
    return list(lines.values())


def _add(line: Line, year: str, oldest: datetime | None, at: datetime, numbers: Iterable[int]) -> None:
    counts = line.tally.numbers
    for name, number in zip(NUMBERS, numbers, strict=True):
        if number:
            counts[name] += number
    line.tally.age(oldest)
    line.uncounted = 0
    line._see(at, at)
    if year:
        line.years.add(year)


def open_escalations(schools: QuerySet[Organisation]) -> dict[int, int]:
    """School → its open escalations. One query."""
    rows = cases_under(schools).filter(state__in=OPEN).order_by().values_list("school_id")
    return dict(rows.annotate(n=Count("pk")))


def board(unit: Organisation, who: str, *, by_school: bool) -> Board:
    """The unit's numbers and its lines. Five queries at most.

    :param by_school: every school below the unit a line; otherwise the units directly below it, with the
        schools that the unit itself manages in a line each.
    """
    lines = school_lines(unit, who)
    whole = Line(unit.pk, unit.code, unit.name, unit.kind)
    for line in lines:
        whole.take(line)
    if by_school or unit.kind in (Kind.SCHOOL, Kind.COMMUNE):
        return Board(unit, whole, lines)
    return Board(unit, whole, _by_unit(unit, lines))


def _by_unit(unit: Organisation, schools: list[Line]) -> list[Line]:
    """Schools put together under the unit directly below ``unit``; its own schools stay. One query for the
    ministry, none for the others.
    """
    above: dict[int, Unit] = {}
    if unit.kind == Kind.MINISTRY:
        present = Management.objects.filter(valid_on(clock.today())).exclude(organisation__kind=Kind.SCHOOL)
        manager = [f"manager__{name}" for name in ("pk", "code", "name", "kind")]
        above = {pk: Unit(*rest) for pk, *rest in present.values_list("organisation_id", *manager)}
    lines: dict[int, Line] = {}
    own: list[Line] = []
    for school in schools:
        at = school.above
        while at is not None and at.id in above and above[at.id].id != unit.pk:
            at = above[at.id]
        if at is None or at.id == unit.pk:
            own.append(school)
            continue
        if at.id not in lines:
            lines[at.id] = Line(at.id, at.code, at.name, at.kind)
        lines[at.id].take(school)
    return [*lines.values(), *own]


#: Orders of the lines: value → key; "" is the order from worst to best.
ORDERS: dict[str, Callable[[Line], tuple[object, ...]]] = {
    "": lambda line: (not line.tally.total, line.tally.share, -line.tally.left, line.name),
    "con-lai": lambda line: (-line.tally.left, line.name),
    "lau-nhat": lambda line: (line.tally.oldest is None, line.tally.oldest or clock.now(), line.name),
    "kien-nghi": lambda line: (-line.escalations, line.tally.share, line.name),
    "ten": lambda line: (line.name,),
}

#: Filters of the lines: value → which stay.
FILTERS: dict[str, Callable[[Line], bool]] = {
    "chua-xong": lambda line: line.tally.left > 0,
    "sai-lech": lambda line: line.tally.mismatch > 0,
    "khong-tim-thay": lambda line: line.tally.not_found > 0,
    "nhieu-ket-qua": lambda line: line.tally.multiple > 0,
    "chua-gui": lambda line: line.tally.unsent > 0,
    "chua-co-so": lambda line: line.tally.no_number > 0,
    "kien-nghi": lambda line: line.escalations > 0,
    "chua-dem": lambda line: line.uncounted > 0,
    "xong": lambda line: line.tally.total > 0 and not line.tally.left,
}


def arranged(lines: Iterable[Line], *, chosen: str = "", search: str = "", order: str = "") -> list[Line]:
    """The lines that a filter and a search leave, in an order. Unknown words mean nothing is chosen."""
    keep = FILTERS.get(chosen)
    found = [
        line
        for line in lines
        if (keep is None or keep(line)) and (not search or line.code == search or matches(search, line.name))
    ]
    return sorted(found, key=ORDERS.get(order, ORDERS[""]))


@dataclass(slots=True)
class ClassLine:
    """One class of a school, counted now."""

    school_class: SchoolClass
    tally: Tally

    @property
    def days_open(self) -> int | None:
        return (clock.now() - self.tally.oldest).days if self.tally.oldest else None


@dataclass(slots=True)
class SchoolBoard:
    """A school counted at this moment: its classes and its staff."""

    classes: list[ClassLine]
    pupils: Tally
    staff: Tally
    year: str


def school_board(school: Organisation) -> SchoolBoard:
    """The school counted from the source, so that no figure is older than the page. Five to nine queries."""
    classes = present_classes([school.pk])
    full = SchoolClass.objects.filter(pk__in=[c.pk for c in classes]).order_by("grade", "name")
    tallies = count_classes(classes)
    lines = [ClassLine(row, tallies[row.pk]) for row in full]
    pupils = Tally()
    for line in lines:
        pupils.add(line.tally)
    year = classes[0].school_year if classes else ""
    return SchoolBoard(lines, pupils, count_staff([school.pk])[school.pk], year)


@dataclass(frozen=True, slots=True)
class Point:
    """One day of the trend."""

    day: date
    total: int
    verified: int
    failed: int
    waiting: int
    unsent: int
    no_number: int


def trend(unit: Organisation, who: str, days: int = TREND_DAYS) -> list[Point]:
    """The unit's days that were kept, oldest first; days on which nobody counted are not there. One query."""
    since = clock.today() - timedelta(days=days - 1)
    rows = Day.objects.filter(unit=unit, who=who, day__gte=since).order_by("day")
    values = rows.values_list("day", "total", "verified", "failed", "waiting", "unsent", "no_number")
    return [Point(*row) for row in values]


def both(unit: Organisation) -> dict[str, Line]:
    """The unit's numbers of pupils and of staff, for a command. Six queries."""
    found: dict[str, Line] = {}
    for who in Who:
        whole = Line(unit.pk, unit.code, unit.name, unit.kind)
        for line in school_lines(unit, who, escalated=who is Who.PUPILS):
            whole.take(line)
        found[who.value] = whole
    return found
