"""The rows as the ledger engine's store."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from hocbaso.apps.ledger.models import LogEntry, LogHead, LogTile


class RowStore:
    """Entries and tiles of one log. The sequencer locks the head row before it appends."""

    def __init__(self, log: str) -> None:
        self.log = log

    def size(self) -> int:
        return LogHead.objects.filter(log=self.log).values_list("size", flat=True).first() or 0

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        rows = LogEntry.objects.filter(log=self.log, index__gte=start, index__lt=end).order_by("index")
        return [bytes(entry) for entry in rows.values_list("entry", flat=True)]

    def append_entries(self, start: int, entries: Sequence[bytes]) -> None:
        """Move the head on; the rows themselves are written by the use case, which knows more of them."""
        moved = LogHead.objects.filter(log=self.log, size=start).update(size=start + len(entries))
        if not moved:
            raise RuntimeError("the log grew under the sequencer's lock")

    def tile(self, level: int, index: int) -> bytes:
        found = (
            LogTile.objects.filter(log=self.log, level=level, index=index)
            .values_list("hashes", flat=True)
            .first()
        )
        return bytes(found or b"")

    def put_tile(self, level: int, index: int, hashes: bytes) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_PUT_TILE, [self.log, level, index, hashes])


#: Django would lock, read and write: three statements, while everybody who issues waits.
_PUT_TILE = """
INSERT INTO ledger_logtile (log, level, "index", hashes) VALUES (%s, %s, %s, %s)
ON CONFLICT (log, level, "index") DO UPDATE SET hashes = excluded.hashes
"""


class SequencerStore(RowStore):
    """The same for whoever holds the lock: nobody else changes anything, so nothing is read twice."""

    def __init__(self, head: LogHead) -> None:
        super().__init__(head.log)
        self._size = head.size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def size(self) -> int:
        return self._size

    def append_entries(self, start: int, entries: Sequence[bytes]) -> None:
        super().append_entries(start, entries)
        self._size = start + len(entries)

    def tile(self, level: int, index: int) -> bytes:
        place = (level, index)
        if place not in self._tiles:
            self._tiles[place] = super().tile(level, index)
        return self._tiles[place]

    def put_tile(self, level: int, index: int, hashes: bytes) -> None:
        super().put_tile(level, index, hashes)
        self._tiles[level, index] = hashes
