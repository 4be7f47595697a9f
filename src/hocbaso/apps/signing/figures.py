"""The roll-up of readiness: schools counted again from the source, summed for the units above. No names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, FilteredRelation, Min, Q, QuerySet, Sum

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Management, Organisation, valid_on
from hocbaso.apps.oversight.schools import schools_under
from hocbaso.apps.signing.certificate_models import SchoolReadiness
from hocbaso.apps.signing.readiness import Board, Ready, boards

NUMBERS = ("required", "able", "none", "lost", "expired", "wrong", "soon", "later", "unknown")
#: Figures older than this are made again by the worker.
REFRESH_AFTER = timedelta(hours=1)
_CHUNK = 50  # schools a transaction: SQLite has one writer, and others wait for it
_STATES = {
    "none": (Ready.NONE,),
    "lost": (Ready.REVOKED, Ready.BLOCKED),
    "expired": (Ready.EXPIRED,),
    "wrong": (Ready.WRONG_HOLDER,),
    "soon": (Ready.DAYS_7, Ready.DAYS_30),
    "later": (Ready.DAYS_60, Ready.BEFORE_YEAR_END),
    "unknown": (Ready.UNKNOWN,),
}


def recount(schools: Iterable[int]) -> int:
    """Count these schools again; returns how many. As many queries for fifty schools as for one."""
    ids = list(schools)
    for start in range(0, len(ids), _CHUNK):
        _recount(ids[start : start + _CHUNK])
    return len(ids)


@transaction.atomic
def _recount(ids: Sequence[int]) -> None:
    now = clock.now()
    found = boards(list(Organisation.objects.filter(pk__in=ids)))
    SchoolReadiness.objects.bulk_create(
        [_figure(board, now) for board in found.values()],
        update_conflicts=True,
        unique_fields=["school"],
        update_fields=[*NUMBERS, "seal", "principal", "counted_at"],
    )


def _figure(board: Board, now: datetime) -> SchoolReadiness:
    return SchoolReadiness(
        school=board.school,
        required=len(board.required),
        able=board.able,
        seal=any(line.who.user is None and line.able for line in board.required),
        principal=any("hieu_truong" in line.who.roles and line.able for line in board.required),
        counted_at=now,
        **{name: board.count(*states) for name, states in _STATES.items()},
    )


def of_now(school: Organisation) -> SchoolReadiness:
    """One school counted for whoever looks at it; nothing is kept."""
    return _figure(boards([school])[school.pk], clock.now())


def recount_due(limit: int = 200) -> int:
    """Schools that were never counted or are old, the oldest first; returns how many were counted."""
    old = clock.now() - REFRESH_AFTER
    schools = Organisation.objects.filter(valid_on(clock.today()), kind=Kind.SCHOOL)
    late = schools.filter(
        Q(certificate_figures__isnull=True) | Q(certificate_figures__counted_at__lt=old)
    ).order_by("certificate_figures__counted_at", "pk")
    return recount(list(late.values_list("pk", flat=True)[:limit]))


@dataclass(slots=True)
class Figures:
    """One line: a unit, or a school, in numbers."""

    code: str
    name: str
    kind: str
    manager: str = ""
    schools: int = 0
    counted: int = 0  # schools that have figures
    no_seal: int = 0  # schools whose seal cannot be used
    no_principal: int = 0
    oldest: datetime | None = None
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NUMBERS, 0))

    @property
    def missing(self) -> int:
        """Who must sign and cannot."""
        return self.numbers["required"] - self.numbers["able"]

    @property
    def is_school(self) -> bool:
        return self.kind == Kind.SCHOOL

    def add(self, other: Figures) -> None:
        for name in NUMBERS:
            self.numbers[name] += other.numbers[name]
        self.schools += other.schools
        self.counted += other.counted
        self.no_seal += other.no_seal
        self.no_principal += other.no_principal
        times = [one for one in (self.oldest, other.oldest) if one is not None]
        self.oldest = min(times, default=None)


@dataclass(frozen=True, slots=True)
class Overview:
    """A unit with its lines, the furthest behind first."""

    unit: Organisation
    whole: Figures
    lines: list[Figures]
    by_school: bool


_SUMS: dict[str, Any] = {f"sum_{name}": Sum(f"certificate_figures__{name}") for name in NUMBERS}
_SUMS |= {
    "n": Count("pk"),
    "n_counted": Count("certificate_figures"),
    "n_seal": Count("pk", filter=Q(certificate_figures__seal=False)),
    "n_principal": Count("pk", filter=Q(certificate_figures__principal=False)),
    "first": Min("certificate_figures__counted_at"),
}


def overview(actor: Actor, unit: Organisation, *, by_school: bool, search: str = "") -> Overview:
    """Sub-units (or schools) of a unit with their sums. Five queries at most, whatever the number of schools.

    :param search: part of a school's name or code; then the lines are schools.
    :raises NotAllowed: policy ``certificates.watch``.
    """
    require(actor, "certificates.watch", unit)
    below = schools_under(unit)
    lines = _schools(below, search) if by_school or search else _units(unit, below)
    whole = Figures(unit.code, unit.name, unit.kind)
    if search:  # the sum is of the unit, not of what was looked for
        totals = below.aggregate(**_SUMS)
        _fill(whole, totals)
    else:
        for line in lines:
            whole.add(line)
    lines.sort(key=lambda one: (-one.missing, -one.numbers["soon"], one.name, one.code))
    return Overview(unit, whole, lines, by_school or bool(search))


def _fill(line: Figures, values: dict[str, Any]) -> None:
    for name in NUMBERS:
        line.numbers[name] = values[f"sum_{name}"] or 0
    line.schools, line.counted, line.oldest = values["n"], values["n_counted"], values["first"]
    line.no_seal, line.no_principal = values["n_seal"], values["n_principal"]


def _schools(below: QuerySet[Organisation], search: str) -> list[Figures]:
    rows = below.select_related("certificate_figures")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(code__startswith=search))
    present = Management.objects.filter(valid_on(clock.today()), organisation__kind=Kind.SCHOOL)
    above = dict(present.values_list("organisation", "manager__name"))
    lines = []
    for school in rows:
        line = Figures(school.code, school.name, school.kind, above.get(school.pk, ""), 1)
        figure = getattr(school, "certificate_figures", None)
        if figure is not None:
            line.numbers = {name: getattr(figure, name) for name in NUMBERS}
            line.counted, line.oldest = 1, figure.counted_at
            line.no_seal, line.no_principal = int(not figure.seal), int(not figure.principal)
        lines.append(line)
    return lines


def _units(unit: Organisation, below: QuerySet[Organisation]) -> list[Figures]:
    """One line a unit that stands directly under ``unit``; its own schools, and those that nobody manages,
    each by itself."""
    today = clock.today()
    links = Management.objects.filter(valid_on(today)).exclude(organisation__kind=Kind.SCHOOL)
    above = {row.organisation_id: row.manager_id for row in links}
    lines: dict[int, Figures] = {}
    now_managed = Q(managements__valid_from__lte=today) & (
        Q(managements__valid_to__isnull=True) | Q(managements__valid_to__gte=today)
    )
    rows = below.annotate(present=FilteredRelation("managements", condition=now_managed)).order_by()
    own = rows.filter(Q(present__manager=unit) | Q(present__manager__isnull=True))
    for values in rows.values("present__manager").annotate(**_SUMS):
        if values["present__manager"] in (None, unit.pk):
            continue
        child = _child(unit.pk, values["present__manager"], above)
        line = Figures("", "", "")
        _fill(line, dict(values))
        lines.setdefault(child, Figures("", "", "")).add(line)
    named = {row.pk: row for row in Organisation.objects.filter(pk__in=lines)}
    for pk, line in lines.items():
        found = named[pk]
        line.code, line.name, line.kind = found.code, found.name, found.kind
    return [*lines.values(), *_schools(own, "")]


def _child(unit: int, manager: int, above: dict[int, int]) -> int:
    """The unit directly below ``unit`` through which ``manager`` is reached; under the ministry, which
    manages everything, the topmost one."""
    current, seen = manager, set[int]()
    while (parent := above.get(current)) is not None and parent != unit and current not in seen:
        seen.add(current)
        current = parent
    return current
