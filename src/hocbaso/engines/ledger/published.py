"""A log read from outside, believing nothing but its signed checkpoint: the side of witnesses and monitors.

A witness remembers the checkpoint it cosigned last and asks for proof that the log only grew. A monitor reads
every new entry and grows its own tree from them: if its root is the checkpoint's, then no entry was altered,
left out or put in between, whatever the log's tiles say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.ledger.checkpoints import Checkpoint, check_consistent, open_checkpoint
from hocbaso.engines.ledger.entries import LogEntry
from hocbaso.engines.ledger.hashing import HASH_SIZE, leaf_hashes
from hocbaso.engines.ledger.notes import MAX_NOTE, NoteVerifier
from hocbaso.engines.ledger.tiles import HEIGHT, WIDTH, TileName, TileNodes, decode_bundle
from hocbaso.engines.ledger.tree import CompactRange, consistency_proof

register(
    {
        "log_forked": (
            "Nhật ký công khai đã bị viết lại: ở cỡ {size} có hai nội dung khác nhau. Hãy giữ cả hai điểm "
            "kiểm làm bằng chứng và báo ngay cho cơ quan quản lý.",
            "The log forked: two different trees of size {size}.",
        ),
        "log_shrunk": (
            "Nhật ký công khai đã ngắn lại: từ {old} còn {new} mục. Hãy giữ điểm kiểm cũ làm bằng chứng và "
            "báo ngay cho cơ quan quản lý.",
            "The log shrank from {old} to {new} entries.",
        ),
    }
)

_INTERLEAVED = timedelta(hours=1)
#: Gives the bytes of a file below the log's address.
Fetch = Callable[[str], bytes]


class PublishedLog:
    """The files of a log.

    :param fetch: gives the bytes of ``checkpoint`` or of a path of C2SP ``tlog-tiles``; its own errors pass
        through. :param key: the log's key, kept from elsewhere.
    """

    def __init__(self, fetch: Fetch, key: NoteVerifier) -> None:
        self._fetch = fetch
        self.key = key

    def note(self) -> tuple[str, Checkpoint]:
        """The newest signed note, with what it says.

        :raises Unreadable: no note. :raises DomainError: not signed by the log's key.
        """
        data = self._fetch("checkpoint")
        if len(data) > 4 * MAX_NOTE:
            raise Unreadable("note_unreadable", problem="too large")
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise Unreadable("note_unreadable", problem="UTF-8") from error
        return text, open_checkpoint(text, self.key).checkpoint

    def check_growth(self, old: Checkpoint, new: Checkpoint) -> tuple[bytes, ...]:
        """The proof, checked, that ``new`` only adds to ``old``.

        :raises DomainError: ``log_shrunk``, ``log_forked``, ``checkpoint_inconsistent``,
            ``checkpoint_wrong_log``.
        """
        if new.size < old.size:
            raise DomainError("log_shrunk", old=old.size, new=new.size)
        if new.size == old.size and new.root != old.root:
            raise DomainError("log_forked", size=new.size)
        proof = tuple(consistency_proof(old.size, new.size, self._nodes(new.size)))
        check_consistent(old, new, proof)
        return proof

    def entries(self, start: int, size: int) -> Iterator[bytes]:
        """Entries from ``start`` of the log of ``size``; nothing about them is proved yet."""
        for index in range(start // WIDTH, -(-size // WIDTH)):
            width = min(WIDTH, size - index * WIDTH)
            bundle = decode_bundle(self._fetch(TileName(None, index, width).path()), width)
            yield from bundle[max(0, start - index * WIDTH) :]

    def _nodes(self, size: int) -> TileNodes:
        def tile(level: int, index: int) -> bytes:
            width = min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH)
            return self._fetch(TileName(level, index, width).path())[: width * HASH_SIZE]

        return TileNodes(tile)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a monitor remembers: the tree as far as it read it, and every document that was entered once."""

    origin: str = ""
    size: int = 0
    edge: tuple[bytes, ...] = ()  # the compact range of ``size``
    latest: str = ""  # the latest time that an entry stated
    once: frozenset[str] = frozenset()  # what of the wanted entries may stand only once

    def to_values(self) -> dict[str, object]:
        """As JSON values."""
        edge = [node.hex() for node in self.edge]
        known = {"origin": self.origin, "size": self.size, "edge": edge, "latest": self.latest}
        return {**known, "once": sorted(self.once)}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Watched:
        """Read :meth:`to_values`.

        :raises ValueError: not such values.
        """
        try:
            edge = tuple(bytes.fromhex(node) for node in values["edge"])
            once = frozenset(map(str, values["once"]))
            known = cls(str(values["origin"]), int(values["size"]), edge, str(values["latest"]), once)
        except (KeyError, TypeError) as error:
            raise ValueError("not what a monitor remembers") from error
        CompactRange(known.size, list(known.edge))
        return known


@dataclass(slots=True)
class Seen:
    """What a monitor's round found."""

    state: Watched
    checkpoint: Checkpoint
    entries: list[tuple[int, LogEntry]] = field(default_factory=list)  # of the schools asked for
    findings: list[str] = field(default_factory=list)


def watch(log: PublishedLog, state: Watched, wanted: Callable[[LogEntry], bool]) -> Seen:
    """Read what is new, prove it against the newest checkpoint, and pick what is wanted.

    :raises DomainError: ``log_shrunk``, ``log_forked`` (the entries do not give the checkpoint's root),
        ``checkpoint_wrong_log``, ``log_bundle``, and what the reader raises; then remember nothing.
    """
    _, head = log.note()
    if state.origin not in ("", head.origin):
        raise DomainError("checkpoint_wrong_log", found=head.origin, expected=state.origin)
    if head.size < state.size:
        raise DomainError("log_shrunk", old=state.size, new=head.size)
    edge = CompactRange(state.size, list(state.edge))
    data = list(log.entries(state.size, head.size))
    edge.extend(leaf_hashes(data))
    if edge.root() != head.root:
        raise DomainError("log_forked", size=head.size)
    seen = Seen(state, head)
    latest, once = state.latest, set(state.once)
    for index, text in enumerate(data, start=state.size):
        try:
            entry = LogEntry.from_bytes(text)
        except Unreadable:
            seen.findings.append(f"Mục {index}: không đúng quy cách.")
            continue
        if much_earlier(entry.time, latest):
            seen.findings.append(f"Mục {index}: ghi thời điểm {entry.time}, lùi so với mục trước ({latest}).")
        latest = max(latest, entry.time)
        if not wanted(entry):
            continue
        seen.entries.append((index, entry))
        place = f"{entry.type}:{entry.code}:{entry.sheet_version}"
        if entry.code and place in once:
            seen.findings.append(
                f"Mục {index}: phiên bản {entry.sheet_version} của một học bạ được ghi hai lần."
            )
        once.add(place)
    edge_now = tuple(edge.hashes)
    seen.state = replace(
        state, origin=head.origin, size=head.size, edge=edge_now, latest=latest, once=frozenset(once)
    )
    return seen


def much_earlier(time: str, latest: str) -> bool:
    """Whether an entry was dated back: batches interleave within minutes, an hour is no accident."""
    if not (time and latest):
        return False
    return datetime.fromisoformat(time) < datetime.fromisoformat(latest) - _INTERLEAVED
