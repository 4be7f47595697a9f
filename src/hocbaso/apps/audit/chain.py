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


def _digest(event: Event) -> str:
    content = {
        "sequence": event.sequence,
        "at": clock.iso_seconds(event.at),
        "actor": event.actor,
        "role": event.role,
        "channel": event.channel,
        "organisation": event.organisation,
        "action": event.action,
        "target": event.target,
        "details": event.details,
        "previous": event.previous,
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def record(actor: Actor, action: str, target: str = "", *, organisation: str = "", **details: Any) -> Event:
    """Append one event inside the running transaction.

    :param details: JSON values; never marks' secrets, personal numbers or keys.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to the transaction it tells of")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # SQLite transactions are IMMEDIATE: one writer anyhow
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = Event.objects.order_by("-sequence").values_list("sequence", "digest").first()
    event = Event(
        sequence=(last[0] + 1) if last else 1,
        at=clock.now().replace(microsecond=0),
        actor=actor.label,
        role=actor.role,
        channel=actor.channel,
        organisation=organisation or actor.organisation_code,
        action=action,
        target=target,
        details=details,
        previous=last[1] if last else GENESIS,
    )
    event.digest = _digest(event)
    event.save(force_insert=True)
    return event


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
