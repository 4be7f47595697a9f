"""Renewing records before their authority's certificate or an algorithm ends (RFC 4998 section 5).

A time-stamp renewal costs one token a record. A hash-tree renewal reads every sheet again: its leaves are
added in chunks like those of a new record, and a killed run goes on. Both are decided by the dated policy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record as tell
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.evidence_records.derive import Deriver
from hocbaso.apps.preservation.evidence_records.models import GivenUp, Leaf, Record, Stamp, Tree
from hocbaso.apps.preservation.evidence_records.queries import (
    due_of,
    end_of_stamp,
    last_stamp,
    records_in,
)
from hocbaso.apps.preservation.evidence_records.stamping import (
    ask_for_stamp,
    gather_for,
    kept,
    stamp_row,
)
from hocbaso.apps.preservation.evidence_records.use_cases.build import (
    CHUNK,
    close_tree,
    name_of,
    with_objects,
)
from hocbaso.apps.preservation.work import UNANSWERED
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.errors import DomainError, ServiceUnavailable, register
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.records import (
    DataObject,
    combined,
    new_algorithm,
    stamp_imprint,
)
from hocbaso.engines.trust.longterm.validation_data import NO_DATA, ValidationData

register(
    {
        "record_no_gain": (
            "Dịch vụ cấp dấu thời gian còn dùng chứng thư cũ, nên gia hạn lúc này chưa có ích. Hệ thống sẽ "
            "thử lại.",
            "The authority still uses a certificate that lasts no longer.",
        ),
        "record_already_ended": (
            "Bản ghi bằng chứng đã hết hiệu lực ngày {ended}, gia hạn không còn giá trị. Hãy lập bản ghi mới "
            "với --replace-ended.",
            "The record ended on {ended}; renewing it proves nothing.",
        ),
        "record_object_lost": (
            "Học bạ không còn đúng như khi đưa vào bản ghi bằng chứng.",
            "A data object of the sheet is no longer what the record covers.",
        ),
    }
)


@dataclass(slots=True)
class Renewal:
    """What came of one record. ``way`` is what was done or was due; ``problem``: why it was not done."""

    record: int
    way: str
    reason: str
    sheets: int = 0
    problem: DomainError | None = None
    lost: list[tuple[str, str]] = field(default_factory=list)  # sheets left out, and why


def renew(
    actor: Actor,
    *,
    school: Organisation | None = None,
    year: str = "",
    way: str | None = None,
    replace_ended: bool = False,
) -> list[Renewal]:
    """Renew every record of a scope that is due.

    :param way: ``time_stamp`` or ``hash_tree``: renew all in this way, due or not.
    :param replace_ended: give up records that have ended, so that their sheets are built into new ones.
    :raises NotAllowed: policy ``records.build``.
    """
    require(actor, "records.build", school)
    now = clock.now()
    run = _Run(actor, now, long_term_policy(now.date()), way, replace_ended)
    found = records_in(school, year).exclude(given_up__isnull=False)
    return [done for record in found for done in run.one(record)]


class _Run:
    def __init__(
        self, actor: Actor, now: datetime, policy: LongTermPolicy, way: str | None, replace_ended: bool
    ) -> None:
        self.actor, self.now, self.policy, self.way = actor, now, policy, way
        self.replace_ended = replace_ended
        self.keys = key_provider()
        self.away: ServiceUnavailable | None = None  # nobody is asked twice in one run

    def one(self, record: Record) -> Iterable[Renewal]:
        stamp = last_stamp(record)
        if stamp is None:
            return
        ended = end_of_stamp(stamp, self.policy)
        if ended <= self.now:
            yield self._ended(record, ended)
            return
        begun = record.trees.filter(stamps__isnull=True).first()
        due = due_of(stamp, self.policy, self.now)
        if begun is None and due is None and self.way is None:
            return
        way = "hash_tree" if begun is not None else self.way or (due.way if due else "time_stamp")
        done = Renewal(record.pk, way, due.reason if due is not None else "asked")
        try:
            if self.away is not None:
                raise self.away
            self._tree(stamp, begun, done) if way == "hash_tree" else self._stamp(stamp, done)
        except DomainError as error:
            done.problem = error
            self.away = error if isinstance(error, ServiceUnavailable) else self.away
        yield done

    def _ended(self, record: Record, ended: datetime) -> Renewal:
        done = Renewal(record.pk, "replace", "ended")
        day = f"{ended.astimezone(clock.VIETNAM):%d/%m/%Y}"
        if not self.replace_ended:
            done.problem = DomainError("record_already_ended", ended=day)
            return done
        with transaction.atomic():
            GivenUp.objects.get_or_create(
                record=record, defaults={"reason": "ended", "at": self.now, "by": self.actor.label}
            )
            tell(self.actor, "records.given_up", f"record:{record.pk}", ended=day)
        return done

    # --- a new token over the last one ---------------------------------------------------------------------

    def _proof(self, last: Stamp) -> ValidationData:
        """What proves the authority of the last stamp; nothing, when nobody answers and the end is near: a
        renewal without it is better than none."""
        try:
            return gather_for(self.keys, last, self.now)
        except DomainError as error:
            near = end_of_stamp(last, self.policy) - timedelta(days=self.policy.alarm_days) <= self.now
            if near and error.code in UNANSWERED:
                return NO_DATA
            raise

    def _stamp(self, last: Stamp, done: Renewal) -> None:
        data = self._proof(last)
        made = ask_for_stamp(self.keys, stamp_imprint(bytes(last.token), last.tree.algorithm), last.at)
        gain = timedelta(days=self.policy.minimum_gain_days)
        new_end, _ = self.policy.end(made.certificate_ends, made.info.algorithms)
        if done.reason != "asked" and new_end < end_of_stamp(last, self.policy) + gain:
            raise DomainError("record_no_gain")
        with transaction.atomic():
            if not _still_last(last):
                return
            row = stamp_row(made, last.tree, last.number + 1, done.reason, before=kept(data))
            row.save(force_insert=True)
            done.sheets = last.tree.leaves.count()
            tell(
                self.actor,
                "records.renewed",
                f"record:{last.tree.record_id}",
                way="time_stamp",
                reason=done.reason,
                authority=row.authority,
                number=row.number,
            )

    # --- a new tree over everything ------------------------------------------------------------------------

    def _tree(self, last: Stamp, begun: Tree | None, done: Renewal) -> None:
        data = self._proof(last)
        tree = begun or self._open(last)
        if tree is None:
            return
        deriver = Deriver(tree.record)
        while rows := self._left(last.tree, tree, done):
            if not self._add(tree, deriver, rows, done):
                return
        if not tree.leaves.exists():
            raise DomainError("record_object_lost")
        with transaction.atomic():
            before = kept(data)
        row = close_tree(self.actor, tree, done.reason, after=last.at, before=before)
        done.sheets = row.leaves if row is not None else tree.leaves.count()

    def _open(self, last: Stamp) -> Tree | None:
        """``None``: somebody else renewed the record meanwhile."""
        algorithm = new_algorithm(self.policy, self.now, but=last.tree.algorithm)
        with transaction.atomic():
            if not _still_last(last):
                return None
            return Tree.objects.create(
                record=last.tree.record,
                number=last.tree.number + 1,
                algorithm=algorithm,
                opened_at=self.now,
            )

    def _left(self, old: Tree, new: Tree, done: Renewal) -> list[IssuedSheet]:
        """The next sheets of the old tree that are not in the new one, in the order of the old tree."""
        standing = new.leaves.values("sheet")
        lost = {code for code, _ in done.lost}
        rows = old.leaves.exclude(sheet__in=standing).order_by("position").values_list("sheet_id", flat=True)
        keys = list(rows[: CHUNK + len(lost)])
        found = IssuedSheet.objects.filter(pk__in=keys).select_related("sheet")
        by_key = {row.pk: row for row in found if name_of(row) not in lost}
        return [by_key[key] for key in keys if key in by_key][:CHUNK]

    def _add(self, tree: Tree, deriver: Deriver, rows: list[IssuedSheet], done: Renewal) -> bool:
        """``False``: somebody else closed the tree meanwhile."""
        hashes: dict[int, bytes] = {}
        for row, objects in with_objects(rows, done.lost):
            members = _members(deriver, row.pk, objects)
            if members is None:
                done.lost.append((name_of(row), "record_object_lost"))
                continue
            new = [item.hash(tree.algorithm) for item in members]
            hashes[row.pk] = b"".join(combined(new, deriver.chains_of(row.pk), tree.algorithm))
        with transaction.atomic():
            Record.objects.select_for_update().get(pk=tree.record_id)
            if tree.stamps.exists():
                return False
            standing = set(tree.leaves.filter(sheet__in=hashes).values_list("sheet_id", flat=True))
            start = tree.leaves.count()
            new_leaves = [(pk, value) for pk, value in hashes.items() if pk not in standing]
            Leaf.objects.bulk_create(
                Leaf(tree=tree, position=start + n, sheet_id=pk, hashes=value)
                for n, (pk, value) in enumerate(new_leaves)
            )
        return True


def _still_last(stamp: Stamp) -> bool:
    """Whether nothing came after this stamp: neither another, nor a new tree, whose leaves hash all stamps so
    far. Until the caller's transaction ends nothing can."""
    record = Record.objects.select_for_update().get(pk=stamp.tree.record_id)
    newest = last_stamp(record)
    return newest == stamp and not record.trees.filter(number__gt=stamp.tree.number).exists()


def _members(deriver: Deriver, sheet: int, objects: tuple[DataObject, ...]) -> list[DataObject] | None:
    """The data objects that the record covers; ``None``: one of them is gone or changed."""
    first = deriver.trees[0]
    wanted = set(first.group_of(sheet))
    members = [item for item in objects if item.hash(first.tree.algorithm) in wanted]
    return members if len(members) == len(wanted) and wanted else None
