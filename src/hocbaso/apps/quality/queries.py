"""Reads for the pages and commands of data quality."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.quality.gather import latest_checks
from hocbaso.apps.quality.models import (
    WAITING,
    DayScore,
    Finding,
    Mark,
    PaperCheck,
    Proposal,
    ProposalState,
    Slip,
    State,
)
from hocbaso.apps.quality.use_cases.compute import COUNTS
from hocbaso.core.quality import BY_ID, DIMENSION_NAMES, ITEMS, Dimension, Rule
from hocbaso.core.quality.checklist import BY_KEY, group_digest
from hocbaso.core.quality.score import Part


@dataclass(slots=True)
class Tally:
    """Summed scores: items that hold of those that ought to, and what is open."""

    values: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    pupils: int = 0
    flawless: int = 0
    at: datetime | None = None

    def add(self, values: dict[str, Any]) -> None:
        """Sum columns of a row up."""
        for name in COUNTS:
            self.values[name] += values.get(name) or 0

    def part(self, dimension: Dimension) -> Part:
        """One dimension."""
        return Part(self.values[dimension.value], self.values[f"{dimension.value}_all"])

    @property
    def parts(self) -> list[tuple[str, Part]]:
        """The four, in their order, with their names."""
        return [(DIMENSION_NAMES[d], self.part(d)) for d in Dimension]

    @property
    def whole(self) -> Part:
        return sum((self.part(d) for d in Dimension), Part())

    @property
    def errors(self) -> int:
        return self.values["errors"]

    @property
    def queries(self) -> int:
        return self.values["queries"]

    def as_json(self) -> dict[str, Any]:
        """Numerators and denominators by dimension."""
        return {
            **{d.value: {"done": self.part(d).done, "total": self.part(d).total} for d in Dimension},
            "errors": self.errors,
            "queries": self.queries,
            "pupils": self.pupils,
            "flawless": self.flawless,
        }


@dataclass(slots=True)
class ClassLine:
    """One class of the school's page."""

    school_class: SchoolClass
    homeroom: str
    tally: Tally


@dataclass(slots=True)
class Board:
    """A school: the whole, its classes worst first, its staff."""

    total: Tally
    classes: list[ClassLine]
    staff: Tally


_SUMS = {f"n_{name}": Sum(name) for name in COUNTS}


def school_board(school: Organisation, year: str) -> Board:
    """Three queries."""
    sums = (
        Mark.objects.filter(school=school, school_year=year)
        .order_by()
        .values("school_class")
        .annotate(
            **_SUMS,
            n_pupils=Count("pk", filter=Q(pupil__isnull=False)),
            n_flawless=Count("pk", filter=Q(pupil__isnull=False, errors=0, queries=0)),
            at=Max("computed_at"),
        )
    )
    total, staff = Tally(), Tally()
    by_class: dict[int, Tally] = {}
    for found in sums:
        row: dict[str, Any] = {**found}
        values = {name: row[f"n_{name}"] for name in COUNTS}
        tally = staff if row["school_class"] is None else by_class.setdefault(row["school_class"], Tally())
        for one in (total, tally):
            one.add(values)
            one.pupils += row["n_pupils"]
            one.flawless += row["n_flawless"]
            one.at = max(filter(None, (one.at, row["at"])))
    homerooms = homeroom_names(school)
    lines = [
        ClassLine(one, homerooms.get(one.pk, ""), by_class.get(one.pk, Tally()))
        for one in SchoolClass.objects.filter(school=school, school_year=year)
    ]
    lines.sort(key=lambda one: (one.tally.whole.permille, one.school_class.grade, one.school_class.name))
    return Board(total, lines, staff)


def homeroom_names(school: Organisation) -> dict[int, str]:
    """Class → homeroom teacher. One query."""
    posts = Assignment.objects.filter(
        valid_on(clock.today()), school_class__school=school, role=Role.HOMEROOM
    )
    return {pk: name for pk, name in posts.values_list("school_class", "user__full_name") if pk}


def days_of(school: Organisation, year: str, days: int = 30) -> list[DayScore]:
    """The trend, oldest first. One query."""
    first = clock.today() - timedelta(days=days)
    return list(DayScore.objects.filter(school=school, school_year=year, day__gt=first))


@dataclass(slots=True)
class PupilLine:
    """One pupil of the class page."""

    enrolment: Enrolment
    mark: Mark | None
    names: list[str] = field(default_factory=list)  # of open rules, errors first

    @property
    def whole(self) -> Part:
        if self.mark is None:
            return Part()
        return sum(
            (Part(getattr(self.mark, d.value), getattr(self.mark, f"{d.value}_all")) for d in Dimension),
            Part(),
        )


@dataclass(slots=True)
class ClassBoard:
    """A class: the whole, its pupils, its commonest rules."""

    tally: Tally
    pupils: list[PupilLine]
    rules: list[tuple[Rule, int]]
    own: list[Finding]  # about the class itself


def class_board(school_class: SchoolClass) -> ClassBoard:
    """Three queries whatever the number of pupils."""
    year = school_class.school_year
    tally, marks = Tally(), {}
    for mark in Mark.objects.filter(school_class=school_class, school_year=year):
        tally.add({name: getattr(mark, name) for name in COUNTS})
        tally.at = max(filter(None, (tally.at, mark.computed_at)))
        if mark.pupil_id:
            marks[mark.pupil_id] = mark
            tally.pupils += 1
            tally.flawless += not (mark.errors or mark.queries)
    names: dict[int, list[tuple[bool, str]]] = defaultdict(list)
    rules: dict[str, int] = defaultdict(int)
    own = []
    findings = Finding.objects.filter(school_class=school_class, school_year=year, state__in=WAITING)
    for row in findings.order_by("rule", "pk"):
        if row.rule not in BY_ID:
            continue
        if row.pupil_id is None:
            own.append(row)
            continue
        names[row.pupil_id].append((row.severity != "error", BY_ID[row.rule].name))
        rules[row.rule] += 1
    enrolments = Enrolment.objects.filter(school_class=school_class, active=True).select_related("pupil")
    lines = [
        PupilLine(e, marks.get(e.pupil_id), [name for _q, name in sorted(names[e.pupil_id])])
        for e in enrolments
    ]
    common = sorted(((BY_ID[rule], n) for rule, n in rules.items()), key=lambda pair: (-pair[1], pair[0].id))
    return ClassBoard(tally, lines, common, own)


def worklist(
    school: Organisation,
    year: str,
    *,
    owner: str = "",
    school_class: int | None = None,
    rule: str = "",
    severity: str = "",
    states: Iterable[str] = WAITING,
) -> QuerySet[Finding]:
    """Findings, due first."""
    rows = Finding.objects.filter(school=school, school_year=year, state__in=list(states))
    if owner:
        rows = rows.filter(owner=owner)
    if school_class is not None:
        rows = rows.filter(school_class=school_class)
    if rule:
        rows = rows.filter(rule=rule)
    if severity:
        rows = rows.filter(severity=severity)
    return rows.select_related("pupil", "staff", "school_class").order_by("due_on", "severity", "pk")


def open_for(
    actor_role: str, school: Organisation, school_class: SchoolClass | None
) -> tuple[int, date | None]:
    """How many findings wait for this post, and the first day they are due. One query.

    The principal also decides explanations of the others: they count.
    """
    rows = Finding.objects.filter(school=school)
    if actor_role == Role.HOMEROOM:
        if school_class is None:
            return 0, None
        rows = rows.filter(school_class=school_class, owner=Role.HOMEROOM, state=State.OPEN)
    elif actor_role == Role.DATA_CLERK:
        rows = rows.filter(owner=Role.DATA_CLERK, state=State.OPEN)
    elif actor_role == Role.PRINCIPAL:
        rows = rows.filter(
            Q(owner=Role.PRINCIPAL, state=State.OPEN) | (Q(state=State.EXPLAINED) & ~Q(owner=Role.PRINCIPAL))
        )
    else:
        return 0, None
    found = rows.aggregate(n=Count("pk"), due=Min("due_on"))
    return found["n"], found["due"]


def explanations(school: Organisation, year: str) -> list[Finding]:
    """Explanations of the school that wait for the principal. Two queries."""
    rows = worklist(school, year, states=[State.EXPLAINED]).exclude(owner=Role.PRINCIPAL)
    return list(rows.prefetch_related("steps")[:200])


def explanations_above(schools: Iterable[int], year: str) -> list[Finding]:
    """Explanations of principals that wait for the managing unit: classes, never pupils. Two queries."""
    rows = Finding.objects.filter(
        school__in=list(schools), school_year=year, state=State.EXPLAINED, owner=Role.PRINCIPAL
    )
    return list(rows.select_related("school", "school_class").prefetch_related("steps")[:200])


def findings_of(pupil: Pupil, year: str) -> list[Finding]:
    """What stands open or explained of a pupil, errors first. Two queries."""
    rows = Finding.objects.filter(pupil=pupil, school_year=year).exclude(state=State.SOLVED)
    return sorted(rows.prefetch_related("steps"), key=lambda row: (row.severity, row.due_on, row.rule))


@dataclass(slots=True)
class Cell:
    """One cell of the checklist's matrix."""

    item: str
    label: str
    check: PaperCheck | None
    stale: bool

    @property
    def held(self) -> bool:
        return self.check is not None and self.check.held and not self.stale


def matrix(school_class: SchoolClass) -> list[tuple[Enrolment, list[Cell]]]:
    """The class's checklist. Two queries."""
    rows = list(Enrolment.objects.filter(school_class=school_class, active=True).select_related("pupil"))
    checks = latest_checks([row.pupil_id for row in rows])
    return [(row, [_cell(row.pupil, key, checks.get(row.pupil_id, {})) for key in BY_KEY]) for row in rows]


def _cell(pupil: Pupil, key: str, checks: dict[str, PaperCheck]) -> Cell:
    row = checks.get(key)
    stale = row is not None and row.held and row.digest != group_digest(BY_KEY[key], pupil)
    return Cell(key, BY_KEY[key].label, row, stale)


def checks_done(rows: list[tuple[Enrolment, list[Cell]]]) -> dict[str, int]:
    """Item → pupils who have it."""
    return {item.key: sum(cells[place].held for _row, cells in rows) for place, item in enumerate(ITEMS)}


@dataclass(slots=True)
class SlipLine:
    """One pupil of the page of slips: the latest slip, if any, and what waits."""

    enrolment: Enrolment
    slip: Slip | None
    waiting: list[Proposal] = field(default_factory=list)

    @property
    def state(self) -> str:
        """``none``, ``waits``, ``expired``, ``answered``, ``proposals``."""
        if self.waiting:
            return "proposals"
        if self.slip is None:
            return "none"
        if self.slip.answered_at:
            return "answered"
        return "waits" if self.slip.expires_at > clock.now() and not self.slip.voided_at else "expired"


def slips_of_class(school_class: SchoolClass) -> list[SlipLine]:
    """Three queries."""
    rows = list(Enrolment.objects.filter(school_class=school_class, active=True).select_related("pupil"))
    slips: dict[int, Slip] = {}
    for slip in Slip.objects.filter(pupil__in=[r.pupil_id for r in rows]).order_by("id"):
        slips[slip.pupil_id] = slip
    waiting: dict[int, list[Proposal]] = defaultdict(list)
    found = Proposal.objects.filter(pupil__in=[r.pupil_id for r in rows], state=ProposalState.WAITING)
    for proposal in found.select_related("answer"):
        waiting[proposal.pupil_id].append(proposal)
    return [SlipLine(row, slips.get(row.pupil_id), waiting[row.pupil_id]) for row in rows]


def latest_days(schools: Iterable[int], year: str) -> dict[int, DayScore]:
    """School → its newest row of the year. One query."""
    last = (
        DayScore.objects.filter(school__in=list(schools), school_year=year)
        .order_by()
        .values("school")
        .annotate(last=Max("pk"))
    )
    return {row.school_id: row for row in DayScore.objects.filter(pk__in=last.values("last"))}


def tally_of(rows: Iterable[DayScore]) -> Tally:
    """Schools together."""
    total = Tally()
    for row in rows:
        total.add({name: getattr(row, name) for name in COUNTS})
        total.pupils += row.pupils
        total.flawless += row.flawless
        total.at = max(filter(None, (total.at, row.computed_at)))
    return total
