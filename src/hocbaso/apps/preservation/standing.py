"""How the archive stands: which sheets are at which level, what is due when and why, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.preservation.models import ArchiveTimeStamp, LongTermSheet, Setback
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy

#: Renewed although nothing ends soon: somebody asked for it.
ASKED = "asked"
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
#: What decides when a stamp is due: the end of its authority's certificate, and its algorithms.
Kind = tuple[datetime, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest stamp of a sheet and why it is to be followed by another."""

    number: int  # 0: the signature time stamp
    certificate_ends: datetime
    algorithms: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Group:
    """Sheets whose newest stamps end alike."""

    level: str
    sheets: int
    certificate_ends: datetime
    algorithms: tuple[str, ...]
    due: datetime
    reason: str
    ends: datetime  # the stamp proves nothing from then on


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that people must look at."""

    code: str  # "lost" | "ends_soon" | "overdue" | "not_extended"
    sheets: int
    day: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Sheets whose last try failed for the same reason."""

    deed: str
    code: str
    message: str  # of one of them
    sheets: int
    since: datetime


@dataclass(slots=True)
class Standing:
    """The whole of it, for some sheets."""

    policy: LongTermPolicy
    levels: dict[str, int] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)  # what is due first comes first
    troubles: list[Trouble] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Issued sheets."""
        return sum(self.levels.values())

    @property
    def due(self) -> int:
        """Sheets to be renewed now."""
        now = clock.now()
        return sum(group.sheets for group in self.groups if group.due <= now < group.ends)

    @property
    def extendable(self) -> int:
        """Sheets that wait for their validation data."""
        return self.levels.get("B-T", 0)


def newest_rows(sheets: QuerySet[IssuedSheet]) -> tuple[QuerySet[LongTermSheet], QuerySet[ArchiveTimeStamp]]:
    """Rows that hold the newest stamp of each sheet: without and with archive stamps."""
    keys = sheets.values("sheet")
    stamps = ArchiveTimeStamp.objects.filter(sheet=OuterRef("sheet"))
    plain = LongTermSheet.objects.filter(sheet__in=keys).filter(~Exists(stamps))
    later = stamps.filter(number__gt=OuterRef("number"))
    return plain, ArchiveTimeStamp.objects.filter(sheet__in=keys).filter(~Exists(later))


def _kinds(rows: QuerySet[Any]) -> list[tuple[datetime, tuple[str, ...], int]]:
    found = rows.order_by().values_list("certificate_ends", "algorithms").annotate(n=Count("sheet"))
    return [(ends, tuple(algorithms.split()), n) for ends, algorithms, n in found]


def groups_of(sheets: QuerySet[IssuedSheet], policy: LongTermPolicy) -> list[Group]:
    """Sheets by the end of their newest stamps, what is due first in front. Two queries."""
    found: list[Group] = []
    for level, rows in zip(("B-LT", "B-LTA"), newest_rows(sheets), strict=True):
        for certificate_ends, algorithms, count in _kinds(rows):
            due, reason = policy.due(certificate_ends, algorithms)
            end, _ = policy.end(certificate_ends, algorithms)
            found.append(Group(level, count, certificate_ends, algorithms, due, reason, end))
    return sorted(found, key=lambda group: (group.due, group.level))


class DueSheets:
    """The sheets to be renewed in one run.

    Whether a stamp is due depends on when its certificate ends and on its algorithms only, so the few kinds
    of stamps are judged once a run, and then rows of the due kinds are read, a chunk at a time.

    :param early: sheets without an archive stamp, too. :param but: sheets that rest: however many they are,
        they keep no other sheet waiting.
    """

    def __init__(
        self,
        sheets: QuerySet[IssuedSheet],
        policy: LongTermPolicy,
        now: datetime,
        *,
        early: bool = False,
        but: QuerySet[Setback] | None = None,
    ) -> None:
        self._chosen: list[tuple[QuerySet[Any], dict[Kind, str], bool]] = []
        for level, rows in enumerate(newest_rows(sheets)):
            reasons = {
                (ends, algorithms): policy.renewal_reason(ends, algorithms, now)
                or (ASKED if early and not level else None)
                for ends, algorithms, _ in _kinds(rows)
            }
            due = {kind: reason for kind, reason in reasons.items() if reason is not None}
            if due:
                wanted = Q(pk__in=[])
                for ends, algorithms in due:
                    wanted |= Q(certificate_ends=ends, algorithms=" ".join(algorithms))
                chosen = rows.filter(wanted)
                if but is not None:
                    chosen = chosen.exclude(sheet__in=but.values("sheet"))
                self._chosen.append((chosen, due, bool(level)))

    def behind(self, last: int, size: int) -> dict[int, Newest]:
        """The next ``size`` sheets by key behind ``last``, with their newest stamps."""
        found: dict[int, Newest] = {}
        for rows, due, archived in self._chosen:
            columns = ("sheet_id", "certificate_ends", "algorithms", *(("number",) if archived else ()))
            picked = rows.filter(sheet__gt=last).order_by("sheet")[:size]
            for key, ends, names, *rest in picked.values_list(*columns):
                algorithms = tuple(names.split())
                found[key] = Newest(rest[0] if rest else 0, ends, algorithms, due[ends, algorithms])
        return dict(sorted(found.items())[:size])


def standing(sheets: QuerySet[IssuedSheet]) -> Standing:
    """How these sheets stand now. Seven queries, whatever their number."""
    now = clock.now()
    policy = long_term_policy(clock.today())
    keys = sheets.values("sheet")
    total = sheets.count()
    stamped = Evidence.objects.filter(sheet__in=keys, kind="signature_timestamp")
    with_stamp = stamped.values("sheet").distinct().count()
    groups = groups_of(sheets, policy)
    longer = {level: sum(g.sheets for g in groups if g.level == level) for level in ("B-LT", "B-LTA")}
    levels = {"B-B": total - with_stamp, "B-T": with_stamp - sum(longer.values()), **longer}
    found = Standing(policy, levels, groups, _troubles(keys))
    patience = now - timedelta(days=policy.patience_days)
    left = stamped.filter(sheet__long_term__isnull=True, at__lt=patience)
    found.alarms = _alarms(found, now, left.aggregate(n=Count("sheet"), first=Min("at")))
    return found


def _troubles(keys: QuerySet[Any]) -> list[Trouble]:
    rows = (
        Setback.objects.filter(sheet__in=keys)
        .order_by()
        .values("deed", "code")
        .annotate(n=Count("sheet"), first=Min("since"), said=Min("message"))
    )
    found = [Trouble(r["deed"], r["code"], r["said"], r["n"], r["first"]) for r in rows]
    return sorted(found, key=lambda one: (-one.sheets, one.code))


def _alarms(found: Standing, now: datetime, left: dict[str, Any]) -> list[Alarm]:
    soon = now + timedelta(days=found.policy.alarm_days)
    lost = [group for group in found.groups if group.ends <= now]
    near = [group for group in found.groups if now < group.ends <= soon]
    overdue = [group for group in found.groups if group.due + timedelta(days=7) <= now and group.ends > soon]
    alarms = [
        Alarm(code, sum(group.sheets for group in groups), min(group.ends for group in groups))
        for code, groups in (("lost", lost), ("ends_soon", near), ("overdue", overdue))
        if groups
    ]
    if left["n"]:
        alarms.append(Alarm("not_extended", left["n"], left["first"]))
    return alarms
