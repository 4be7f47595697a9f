"""The sequencer: one writer a log, once only, entries and checkpoint in the caller's transaction."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from hocbaso.apps.common import clock
from hocbaso.apps.common.rows import Rows
from hocbaso.apps.ledger.keys import log_signer, new_origin
from hocbaso.apps.ledger.models import Checkpoint, LogEntry, LogHead
from hocbaso.apps.ledger.store import SequencerStore
from hocbaso.engines.ledger import entries as engine
from hocbaso.engines.ledger.checkpoints import sign_checkpoint
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


class Entries:
    """Entries of one log, worked out before the transaction that appends them: nothing is asked or locked."""

    def __init__(self, log: str, new: Sequence[NewEntry]) -> None:
        self.log = log
        self.encoded = [_encode(entry) for entry in new]
        self._rows = Rows(
            LogEntry(
                log=log,
                index=-1,  # the sequencer's to say
                entry=data,
                leaf_hash=leaf_hash(data).hex(),
                type=entry.type,
                document_digest=entry.document_digest,
                school_code=entry.school_code,
                once=entry.once,
                at=entry.at,
            )
            for data, entry in zip(self.encoded, new, strict=True)
        )

    def append(self, only: Container[int] | None = None) -> list[int]:
        """Append them and publish a checkpoint, inside the running transaction.

        Whoever else appends to this log waits from here until the transaction ends.

        :param only: numbers of the entries (0, 1, …) that are wanted.
        :returns: the indexes of those, in order.
        :raises IntegrityError: an entry of the same document and version stands already.
        """
        if not connection.in_atomic_block:
            raise transaction.TransactionManagementError("a log entry belongs to the transaction it tells of")
        wanted = [at for at in range(len(self.encoded)) if only is None or at in only]
        head = _locked_head(self.log)
        ledger = Ledger(SequencerStore(head), head.origin)
        indexes = list(ledger.append([self.encoded[at] for at in wanted]))
        places = dict(zip(wanted, indexes, strict=True))
        self._rows.put("index", [places.get(at, -1) for at in range(len(self.encoded))])
        self._rows.insert(places)
        state = ledger.head()
        note = sign_checkpoint(state, log_signer(head.origin))
        Checkpoint.objects.create(
            log=self.log, size=state.size, root=state.root.hex(), text=note, at=clock.now()
        )
        return indexes


def append(log: str, new: Sequence[NewEntry]) -> list[int]:
    """Append entries and publish a checkpoint, inside the running transaction; see :class:`Entries`.

    :returns: the indexes, in order.
    :raises IntegrityError: an entry of the same document and version stands already.
    """
    return Entries(log, new).append()


def hold(log: str) -> None:
    """Be the only one who appends until the running transaction ends. A log that has not begun stays so."""
    LogHead.objects.select_for_update().filter(log=log).first()


def _locked_head(log: str) -> LogHead:
    """The sequencer's lock. One query, unless the log begins."""
    heads = LogHead.objects.select_for_update()
    head = heads.filter(log=log).first()
    if head is None:
        LogHead.objects.get_or_create(log=log, defaults={"origin": new_origin(log)})
        head = heads.get(log=log)
    return head


def _encode(entry: NewEntry) -> bytes:
    return engine.LogEntry(
        type=engine.EntryType(entry.type),
        digest=entry.document_digest,
        school=entry.school_code,
        time=clock.iso_seconds(entry.at),
        code=engine.code_hash(entry.code) if entry.code else None,
        sheet_version=entry.version if entry.code else None,
    ).to_bytes()
