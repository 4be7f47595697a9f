"""The rows as the ledger engine's store."""

from __future__ import annotations

from collections.abc import Sequence

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
        LogTile.objects.update_or_create(log=self.log, level=level, index=index, defaults={"hashes": hashes})
