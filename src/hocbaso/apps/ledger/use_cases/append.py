"""The sequencer: one writer a log, once only, entries and checkpoint in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from hocbaso.apps.common import clock
from hocbaso.apps.ledger.keys import log_signer, new_origin
from hocbaso.apps.ledger.models import Checkpoint, LogEntry, LogHead
from hocbaso.apps.ledger.store import RowStore
from hocbaso.engines.ledger import entries as engine
from hocbaso.engines.ledger.hashing import leaf_hash
from hocbaso.engines.ledger.log import Ledger


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What shall stand in the log. Nothing personal: the digest holds a random value nobody can guess."""

    type: str
    document_digest: str
    school_code: str
    code: str  # empty for what is not about a sheet: status list, key event, receipt
    version: int
    at: datetime
    #: What happened, where one document may stand in several entries: the acts of a certificate's life.
    event: str = ""

    @property
    def once(self) -> str:
        """What may happen once only."""
        if not self.code:
            return f"{self.type}:{self.document_digest}" + (f":{self.event}" if self.event else "")
        return f"{self.type}:{engine.code_hash(self.code)[:40]}:{self.version}"


def append(log: str, new: Sequence[NewEntry]) -> list[int]:
    """Append entries and publish a checkpoint, inside the running transaction.

    :returns: the indexes, in order.
    :raises IntegrityError: an entry of the same document and version stands already.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a log entry belongs to the transaction it tells of")
    LogHead.objects.get_or_create(log=log, defaults={"origin": new_origin(log)})
    head = LogHead.objects.select_for_update().get(log=log)  # the sequencer's lock
    encoded = [_encode(entry) for entry in new]
    ledger = Ledger(RowStore(log), head.origin)
    indexes = list(ledger.append(encoded))
    LogEntry.objects.bulk_create(
        LogEntry(
            log=log,
            index=index,
            entry=data,
            leaf_hash=leaf_hash(data).hex(),
            type=entry.type,
            document_digest=entry.document_digest,
            school_code=entry.school_code,
            once=entry.once,
            at=entry.at,
        )
        for index, data, entry in zip(indexes, encoded, new, strict=True)
    )
    note = ledger.sign(log_signer(head.origin))
    state = ledger.head()
    Checkpoint.objects.create(log=log, size=state.size, root=state.root.hex(), text=note, at=clock.now())
    return indexes


def _encode(entry: NewEntry) -> bytes:
    return engine.LogEntry(
        type=engine.EntryType(entry.type),
        digest=entry.document_digest,
        school=entry.school_code,
        time=clock.iso_seconds(entry.at),
        code=engine.code_hash(entry.code) if entry.code else None,
        sheet_version=entry.version if entry.code else None,
    ).to_bytes()
