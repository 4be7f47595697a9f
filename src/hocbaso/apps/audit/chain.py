"""Write events into the chain and check the chain."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from hocbaso.apps.audit.models import Event
from hocbaso.apps.common import clock

if TYPE_CHECKING:
    from hocbaso.apps.accounts.door import Actor

GENESIS = "0" * 64
_LOCK = 0x484253_01  # advisory lock of the chain on PostgreSQL


def _inside(**content: Any) -> str:
    """Members of a JSON object, sorted, without its braces."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))[1:-1]


def _around_place(event: Event) -> tuple[str, str, str]:
    """The hashed text (JSON with sorted keys), cut where ``previous`` and ``sequence`` stand in it."""
    head = _inside(
        action=event.action,
        actor=event.actor,
        at=clock.iso_seconds(event.at),
        channel=event.channel,
        details=event.details,
        organisation=event.organisation,
    )
    between, tail = _inside(role=event.role), _inside(target=event.target)
    return f'{{{head},"previous":"', f'",{between},"sequence":', f",{tail}}}"


def _digest(event: Event) -> str:
    head, between, tail = _around_place(event)
    return hashlib.sha256(f"{head}{event.previous}{between}{event.sequence}{tail}".encode()).hexdigest()


def record(actor: Actor, action: str, target: str = "", *, organisation: str = "", **details: Any) -> Event:
    """Append one event inside the running transaction.

    On PostgreSQL nobody else appends from here until the transaction ends: let it be the last that a
    transaction does where many run at once.

    :param details: JSON values; never marks' secrets, personal numbers or keys.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to the transaction it tells of")
    event = Event(
        at=clock.now().replace(microsecond=0),
        actor=actor.label,
        role=actor.role,
        channel=actor.channel,
        organisation=organisation or actor.organisation_code,
        action=action,
        target=target,
        details=details,
    )
    if connection.vendor == "postgresql":
        return _append_at_once(event)
    last = Event.objects.order_by("-sequence").values_list("sequence", "digest").first()
    event.sequence, event.previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    event.digest = _digest(event)
    event.save(force_insert=True)  # SQLite transactions are IMMEDIATE: one writer anyhow
    return event


#: One journey to the server while everybody else waits. The lock is a statement of its own, because the next
#: must see what was committed while it waited; the server computes the digest of :func:`_digest`. Before it
#: the rows so far are checked against those they name: done at the end, whoever waits there for a row that
#: somebody holds would hold the chain, and that somebody may be waiting for it.
_APPEND = """
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SELECT pg_advisory_xact_lock(%(lock)s);
INSERT INTO {table}
    (sequence, at, actor, role, channel, organisation, action, target, details, previous, digest)
SELECT last.sequence + 1, %(at)s, %(actor)s, %(role)s, %(channel)s, %(organisation)s, %(action)s, %(target)s,
    %(details)s::jsonb, last.digest, encode(sha256(convert_to(
        %(head)s || last.digest || %(between)s || (last.sequence + 1)::text || %(tail)s, 'UTF8')), 'hex')
FROM (
    SELECT sequence, digest FROM (
        (SELECT sequence, digest FROM {table} ORDER BY sequence DESC LIMIT 1)
        UNION ALL SELECT 0, %(genesis)s
    ) AS both_of_them ORDER BY sequence DESC LIMIT 1
) AS last
RETURNING sequence, previous, digest
"""


def _append_at_once(event: Event) -> Event:
    head, between, tail = _around_place(event)
    values = {name: getattr(event, name) for name in _PLAIN}
    values |= {"head": head, "between": between, "tail": tail, "lock": _LOCK, "genesis": GENESIS}
    values["details"] = json.dumps(event.details, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(_APPEND.format(table=Event._meta.db_table), values)
        for _ in range(3):
            cursor.nextset()
        event.sequence, event.previous, event.digest = cursor.fetchone()
    event._state.adding, event._state.db = False, connection.alias
    return event


_PLAIN = ("at", "actor", "role", "channel", "organisation", "action", "target")


def broken_links() -> list[str]:
    """One sentence for each event that does not fit the chain; empty when the chain is whole."""
    findings = []
    previous, expected = GENESIS, 1
    for event in Event.objects.order_by("sequence").iterator(chunk_size=2000):
        if event.sequence != expected:
            findings.append(f"Sự kiện {expected} không còn trong nhật ký.")
            expected = event.sequence
        if event.previous != previous or event.digest != _digest(event):
            findings.append(f"Sự kiện {event.sequence} ({event.action}) không khớp chuỗi băm.")
        previous, expected = event.digest, expected + 1
    return findings
