"""Refused signature values in the chain of events: the first few by themselves, a flood as one sum.

Whoever holds a session can send wrong values as fast as the line carries them; each must be accounted for,
and none may fill a chain that is kept for ever. So of one batch the first :data:`SINGLY` refusals of an hour
stand in the chain one by one; the others are counted in a row, which becomes one event when its hour is over:
who, from when to when, how many calls, how many values of which kind, of which lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.signing.elsewhere.models import HandedOut, RefusedValues
from hocbaso.apps.signing.models import SigningBatch

#: Refusals of a batch in an hour that are events of their own.
SINGLY = 5
_HOUR = timedelta(hours=1)
#: A list's name in an event: as many digits of its digest as a person compares.
_DIGITS = 16


@transaction.atomic
def note_refused(actor: Actor, handed_out: HandedOut, counts: Mapping[str, int]) -> None:
    """One call's refused values.

    :param counts: code of the refusal → values. Empty: nothing is noted.
    """
    if not counts:
        return
    batch = handed_out.batch
    SigningBatch.objects.select_for_update(no_key=True).filter(pk=batch.pk).first()  # calls, one by one
    now, rows = clock.now(), RefusedValues.objects.select_for_update()  # whoever sums up waits, or was first
    hour = now.replace(minute=0, second=0, microsecond=0)
    row, _ = rows.get_or_create(batch=batch, hour=hour)
    for over in rows.filter(batch=batch, told_at__isnull=True, hour__lte=now - _HOUR):
        _tell(actor, over)
    if row.singly < SINGLY or row.told_at is not None:  # summed up already: in its last moment, or too early
        RefusedValues.objects.filter(pk=row.pk, told_at__isnull=True).update(singly=F("singly") + 1)
        code, name = batch.school.code, handed_out.list_digest[:_DIGITS]
        record(
            actor,
            "signing.values_refused",
            f"batch:{batch.pk}",
            organisation=code,
            counts=dict(counts),
            list=name,
        )
        return
    row.calls += 1
    row.counts = dict(sorted((Counter(row.counts) + Counter(counts)).items()))
    row.lists = sorted({*row.lists, handed_out.list_digest[:_DIGITS]})
    row.who, row.role, row.channel = actor.label, actor.role, actor.channel
    row.since, row.until = row.since or now, now
    row.save()


def tell_refused(actor: Actor) -> int:
    """Sum up the hours that are over, in the chain; by any number of workers, each hour once.

    :returns: how many sums were written.
    """
    over = RefusedValues.objects.filter(told_at__isnull=True, hour__lte=clock.now() - _HOUR)
    told = 0
    for key in over.values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            row = RefusedValues.objects.select_for_update().get(pk=key)
            if row.told_at is None:
                told += _tell(actor, row)
    return told


def _tell(actor: Actor, row: RefusedValues) -> bool:
    """Close an hour; an hour without a flood needs no sum."""
    if row.calls:
        assert row.since is not None
        assert row.until is not None
        record(
            actor,
            "signing.values_refused_sum",
            f"batch:{row.batch_id}",
            organisation=row.batch.school.code,
            who=row.who,
            role=row.role,
            channel=row.channel,
            since=clock.iso_seconds(row.since),
            until=clock.iso_seconds(row.until),
            calls=row.calls,
            counts=row.counts,
            lists=row.lists,
        )
    row.told_at = clock.now()
    row.save(update_fields=["told_at"])
    return row.calls > 0
