"""Whom a campaign is for, and how far they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.identity.campaigns.models import Campaign, CampaignState, Reached
from hocbaso.apps.identity.watching.models import NUMBERS, Figure, Who
from hocbaso.apps.identity.watching.tally import Tally
from hocbaso.apps.organisations.models import Kind, Management, Organisation, valid_on
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.oversight.schools import schools_under


def concerns(campaign: Campaign, unit: Organisation, above: list[Organisation] | None = None) -> bool:
    """Whether the unit, or schools below it, lie in the campaign's scope. Up to three queries.

    :param above: the units above, nearest first, where they are known already.
    """
    chain = [unit, *(managers(unit) if above is None else above)]
    if campaign.owner_id not in {one.pk for one in chain}:
        return False
    if unit.is_school and campaign.levels and not set(campaign.levels) & set(unit.levels):
        return False
    if not campaign.units or any(one.code in campaign.units for one in chain):
        return True
    return not unit.is_school and schools_of(campaign).filter(pk__in=schools_under(unit)).exists()


def schools_of(campaign: Campaign) -> QuerySet[Organisation]:
    """The schools of the scope as units stand today; levels apart."""
    schools = schools_under(campaign.owner)
    if campaign.units:
        present = Management.objects.filter(valid_on(clock.today()), manager__code__in=campaign.units)
        schools = schools.filter(Q(code__in=campaign.units) | Q(pk__in=present.values("organisation")))
    return schools


def running() -> list[Campaign]:
    """Every campaign of the node that is open and has begun. One query."""
    rows = Campaign.objects.filter(state=CampaignState.OPEN, starts_on__lte=clock.today())
    return list(rows.select_related("owner"))


#: Whose campaigns a unit of this kind can be in.
_OWNERS = {
    Kind.SCHOOL: (Kind.COMMUNE, Kind.DEPARTMENT),
    Kind.COMMUNE: (Kind.DEPARTMENT,),
}


def running_for(unit: Organisation) -> list[Campaign]:
    """Open campaigns that the unit is in, the nearest owner first. One query where nobody else has one."""
    there = Q(owner__province_code__in=[unit.province_code, ""])
    candidates = Q(owner=unit) | Q(owner__kind__in=_OWNERS.get(Kind(unit.kind), ())) & there
    begun = Campaign.objects.filter(state=CampaignState.OPEN, starts_on__lte=clock.today())
    found = list(begun.filter(candidates).select_related("owner"))
    above = managers(unit) if any(one.owner_id != unit.pk for one in found) else []
    order = {one.pk: n for n, one in enumerate([unit, *above])}
    mine = [one for one in found if one.owner_id in order and concerns(one, unit, above)]
    return sorted(mine, key=lambda one: (order[one.owner_id], one.deadline, one.pk))


def days_left(campaign: Campaign, today: date | None = None) -> int:
    """Days after today until the last one in time; 0 on that day, negative when it is over."""
    return (campaign.deadline - (today or clock.today())).days


def at_target(target: int, tally: Tally) -> bool:
    """So many per cent are verified; a school without people is neither there nor late."""
    return tally.total > 0 and tally.verified * 100 >= target * tally.total


def short_of(target: int, tally: Tally) -> int:
    """How many more must be verified to reach the target."""
    return max(0, -(-target * tally.total // 100) - tally.verified)


@dataclass(slots=True)
class Standing:
    """One school in a campaign."""

    id: int
    code: str
    name: str
    manager: str = ""
    tally: Tally = field(default_factory=Tally)
    counted_at: datetime | None = None
    reached_on: date | None = None
    target: int = 100
    deadline: date = date.max
    today: date = date.min

    @property
    def at_target(self) -> bool:
        return at_target(self.target, self.tally)

    @property
    def short(self) -> int:
        return short_of(self.target, self.tally)

    @property
    def state(self) -> str:
        """``empty``, ``done``, ``done_late``, ``late``, ``behind``."""
        if self.reached_on is not None and self.at_target:
            return "done" if self.reached_on <= self.deadline else "done_late"
        if self.at_target:
            return "done" if self.today <= self.deadline else "done_late"
        if not self.tally.total:
            return "empty"
        return "late" if self.today > self.deadline else "behind"


def standings(campaign: Campaign, schools: Iterable[int] | None = None) -> list[Standing]:
    """Every school of the scope, furthest behind first. Four queries.

    :param schools: these of them only.
    """
    found = schools_of(campaign)
    if schools is not None:
        found = found.filter(pk__in=schools)
    levels = set(campaign.levels)
    common: dict[str, Any] = {
        "target": campaign.target,
        "deadline": campaign.deadline,
        "today": clock.today(),
    }
    rows = {
        pk: Standing(pk, code, name, **common)
        for pk, code, name, own in found.values_list("pk", "code", "name", "levels")
        if not levels or levels & set(own)
    }
    above = Management.objects.filter(valid_on(clock.today()), organisation__in=found)
    for pk, name in above.values_list("organisation_id", "manager__name"):
        if pk in rows:
            rows[pk].manager = name
    for pk, tally, counted_at in _figures(campaign, found):
        if pk in rows:
            rows[pk].tally.add(tally)
            rows[pk].counted_at = counted_at
    for pk, day in Reached.objects.filter(campaign=campaign).values_list("school_id", "day"):
        if pk in rows:
            rows[pk].reached_on = day
    return sorted(rows.values(), key=lambda row: (row.tally.share, -row.tally.left, row.name))


def _figures(campaign: Campaign, schools: QuerySet[Organisation]) -> Iterable[tuple[int, Tally, datetime]]:
    kinds = Q(pk__in=[])
    if campaign.pupils:
        pupils = Q(who=Who.PUPILS)
        kinds |= pupils & Q(level__in=[*campaign.levels, ""]) if campaign.levels else pupils
    if campaign.staff:
        kinds |= Q(who=Who.STAFF)
    rows = Figure.objects.filter(kinds, school__in=schools)
    for school, oldest, counted_at, *numbers in rows.values_list(
        "school_id", "oldest", "counted_at", *NUMBERS
    ):
        tally = Tally(oldest=oldest)
        tally.numbers.update(dict(zip(NUMBERS, numbers, strict=True)))
        yield school, tally, counted_at


def own_tallies(campaigns: Iterable[Campaign], school: Organisation) -> dict[int, Tally | None]:
    """Campaign id → the school's people whom it is for, as kept; None before the first count. One
    query."""
    rows = list(Figure.objects.filter(school=school).values_list("who", "level", *NUMBERS))
    found: dict[int, Tally | None] = {}
    for campaign in campaigns:
        tally = Tally() if rows else None
        for who, level, *numbers in rows:
            of_level = not campaign.levels or level in campaign.levels
            wanted = campaign.staff if who == Who.STAFF else campaign.pupils and of_level
            if tally is not None and wanted:
                tally.numbers.update(dict(zip(NUMBERS, numbers, strict=True)))
        found[campaign.pk] = tally
    return found


@dataclass(slots=True)
class Summary:
    """A campaign in numbers."""

    schools: int = 0
    done: int = 0
    done_late: int = 0
    late: int = 0
    empty: int = 0
    tally: Tally = field(default_factory=Tally)
    short: int = 0

    @property
    def unfinished(self) -> int:
        return self.schools - self.done - self.done_late - self.empty


def summary(rows: Iterable[Standing]) -> Summary:
    """Sums of the schools."""
    total = Summary()
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        total.schools += 1
        counts[row.state] += 1
        total.tally.add(row.tally)
        total.short += row.short
    total.done, total.done_late = counts["done"], counts["done_late"]
    total.late, total.empty = counts["late"], counts["empty"]
    return total
