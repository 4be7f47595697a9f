"""How far the archive is: which sheets stand under a record, what ends when, what needs somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.evidence_records.models import GivenUp, Leaf, Record, Stamp, Tree
from hocbaso.apps.preservation.models import LongTermSheet
from hocbaso.apps.transcripts.models import Evidence, IssuedSheet
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.records import Due, renewal_due

#: A sheet that is not under a record so long after its issue is an alarm.
PATIENCE = timedelta(days=30)
#: A record whose first time stamp is missing so long after it was opened is an alarm.
UNSTAMPED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record as people see it. ``sheets`` counts those of the scope that was asked for."""

    number: int
    sheets: int
    made_at: datetime
    algorithm: str
    time_stamps: int
    trees: int
    last_at: datetime
    authority: str
    ends: datetime
    due: Due | None
    given_up: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that needs somebody: a stable word, and a sentence."""

    code: str
    sentence: str
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of a school's (or the node's) archive."""

    issued: int
    protected: int
    unstamped: int  # in a record that has no time stamp yet
    records: tuple[RecordLine, ...]
    alarms: tuple[Alarm, ...]

    @property
    def waiting(self) -> int:
        """Sheets that no record proves yet."""
        return self.issued - self.protected

    @property
    def next_end(self) -> datetime | None:
        """When the first of the records in force ends."""
        return min((line.ends for line in self.records if not line.given_up), default=None)


def issued_sheets(school: Organisation | None = None, year: str = "") -> QuerySet[IssuedSheet]:
    """Issued sheets of a scope."""
    found = IssuedSheet.objects.all()
    if school is not None:
        found = found.filter(sheet__school=school)
    return found.filter(sheet__school_year=year) if year else found


def _leaves_in_force() -> QuerySet[Leaf]:
    given_up = GivenUp.objects.filter(record=OuterRef("tree__record"))
    return Leaf.objects.filter(attempt__isnull=False).exclude(Exists(given_up))


def waiting_sheets(
    school: Organisation | None = None, year: str = "", settled_by: datetime | None = None
) -> QuerySet[IssuedSheet]:
    """Issued sheets with a time stamp that stand under no record in force, oldest first.

    :param settled_by: of those issued later only such as have their validation data already (B-LT).
    """
    stamped = Evidence.objects.filter(sheet=OuterRef("pk"), kind="signature_timestamp")
    leaves = _leaves_in_force().filter(sheet=OuterRef("pk"))
    found = issued_sheets(school, year).filter(Exists(stamped)).exclude(Exists(leaves))
    if settled_by is not None:
        lasting = LongTermSheet.objects.filter(sheet=OuterRef("pk"))
        found = found.filter(Exists(lasting) | Q(issued_at__lte=settled_by))
    return found.order_by("pk")


def left_out(school: Organisation | None = None, year: str = "") -> QuerySet[Leaf]:
    """Sheets that were no longer what their record covers when it got a new tree: it proves them no more."""
    own = Leaf.objects.filter(tree=OuterRef("pk"), sheet=OuterRef(OuterRef("sheet")))
    later = Tree.objects.filter(record=OuterRef("tree__record"), number__gt=0, stamps__number=0)
    leaves = _leaves_in_force().filter(Exists(later.exclude(Exists(own))))
    return leaves.filter(sheet__in=issued_sheets(school, year).values("sheet"))


def records_in(school: Organisation | None = None, year: str = "") -> QuerySet[Record]:
    """Records that hold sheets of a scope."""
    leaves = Leaf.objects.filter(tree__record=OuterRef("pk"), attempt__isnull=False)
    if school is not None:
        leaves = leaves.filter(sheet__school=school)
    if year:
        leaves = leaves.filter(sheet__school_year=year)
    return Record.objects.filter(Exists(leaves)).order_by("pk")


def last_stamp(record: Record) -> Stamp | None:
    """The newest time stamp of a record; ``None``: it has none yet."""
    return (
        Stamp.objects.filter(tree__record=record)
        .select_related("tree")
        .order_by("tree__number", "number")
        .last()
    )


def due_of(stamp: Stamp, policy: LongTermPolicy, now: datetime) -> Due | None:
    """The renewal that a record's last stamp wants."""
    return renewal_due(stamp.certificate_ends, stamp.algorithms, stamp.tree.algorithm, policy, now)


def end_of_stamp(stamp: Stamp, policy: LongTermPolicy) -> datetime:
    """When a stamp stops to prove anything."""
    return policy.end(stamp.certificate_ends, [*stamp.algorithms, stamp.tree.algorithm])[0]


def summary(school: Organisation | None = None, year: str = "", *, now: datetime | None = None) -> Summary:
    """The state of a school's archive; without a school, the whole node's."""
    now = now or clock.now()
    policy = long_term_policy(now.date())
    issued = issued_sheets(school, year)
    under = _leaves_in_force().filter(sheet=OuterRef("pk"))
    closed = under.filter(tree__stamps__number=0)
    closed_count = issued.filter(Exists(closed)).count()
    unstamped = issued.filter(Exists(under)).count() - closed_count
    lines = tuple(_lines(school, year, policy, now))
    lost = left_out(school, year).count() if any(line.trees > 1 for line in lines) else 0
    protected = closed_count - lost
    late = waiting_sheets(school, year).filter(issued_at__lt=now - PATIENCE).count()
    alarms = (*_alarms_of(lines, policy, now), *_lost(lost), *_unstamped(school, year, now), *_late(late))
    return Summary(issued.count(), protected, unstamped, lines, alarms)


def _lines(school: Organisation | None, year: str, policy: LongTermPolicy, now: datetime) -> list[RecordLine]:
    leaves = Leaf.objects.filter(attempt__isnull=False)
    if school is not None:
        leaves = leaves.filter(sheet__school=school)
    if year:
        leaves = leaves.filter(sheet__school_year=year)
    counts = dict(
        leaves.values_list("tree__record").annotate(number=Count("pk")).values_list("tree__record", "number")
    )
    stamps: dict[int, list[Stamp]] = {}
    rows = Stamp.objects.filter(tree__record__in=counts).select_related("tree").defer("token", "blocks")
    for stamp in rows.order_by("tree__number", "number"):
        stamps.setdefault(stamp.tree.record_id, []).append(stamp)
    given_up = set(GivenUp.objects.filter(record__in=counts).values_list("record_id", flat=True))
    lines = []
    for record, found in sorted(stamps.items()):
        last = found[-1]
        lines.append(
            RecordLine(
                number=record,
                sheets=counts[record],
                made_at=found[0].at,
                algorithm=last.tree.algorithm,
                time_stamps=len(found),
                trees=last.tree.number + 1,
                last_at=last.at,
                authority=last.authority,
                ends=end_of_stamp(last, policy),
                due=due_of(last, policy, now),
                given_up=record in given_up,
            )
        )
    return lines


def _alarms_of(lines: tuple[RecordLine, ...], policy: LongTermPolicy, now: datetime) -> list[Alarm]:
    alarms = []
    for line in lines:
        if line.given_up:
            continue
        day = f"{line.ends.astimezone(clock.VIETNAM):%d/%m/%Y}"
        if line.ends <= now:
            words = f"Bản ghi bằng chứng {line.number} đã hết hiệu lực ngày {day} mà chưa được gia hạn."
            alarms.append(Alarm("record_ended", words, line.number))
        elif line.due is not None and line.ends <= now + timedelta(days=policy.alarm_days):
            words = f"Bản ghi bằng chứng {line.number} hết hiệu lực ngày {day} và chưa gia hạn được."
            alarms.append(Alarm("record_ends_soon", words, line.number))
    return alarms


def _unstamped(school: Organisation | None, year: str, now: datetime) -> list[Alarm]:
    found = Tree.objects.filter(
        record__in=records_in(school, year), stamps__isnull=True, opened_at__lt=now - UNSTAMPED
    )
    return [
        Alarm(
            "record_unstamped",
            f"Bản ghi bằng chứng {tree.record_id} chưa có dấu thời gian; dịch vụ cấp dấu có thể đang ngừng.",
            tree.record_id,
        )
        for tree in found.order_by("record")
    ]


def _lost(count: int) -> list[Alarm]:
    if not count:
        return []
    words = (
        f"{count} tờ học bạ không còn đúng như khi đưa vào bản ghi bằng chứng nên không được gia hạn. "
        "Báo quản trị đối chiếu dữ liệu với nhật ký ngay."
    )
    return [Alarm("sheets_left_out", words)]


def _late(count: int) -> list[Alarm]:
    if not count:
        return []
    days = PATIENCE.days
    words = f"{count} tờ học bạ phát hành đã quá {days} ngày mà chưa nằm trong bản ghi bằng chứng nào."
    return [Alarm("sheets_waiting", words)]
