"""One log over a small store: append, checkpoint, prove, publish, audit.

The store keeps entries and tiles; who implements it also sees to it that one sequencer at a time appends and
that an append is all or nothing (a lock and a transaction of the database).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from hocbaso.core.errors import DomainError
from hocbaso.engines.ledger.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from hocbaso.engines.ledger.entries import LogEntry
from hocbaso.engines.ledger.hashing import HASH_SIZE, leaf_hash, leaf_hashes
from hocbaso.engines.ledger.notes import NoteSigner, NoteVerifier
from hocbaso.engines.ledger.proofs import InclusionProof
from hocbaso.engines.ledger.tiles import (
    HEIGHT,
    MAX_ENTRY,
    WIDTH,
    TileName,
    TileNodes,
    changed_tiles,
    encode_bundle,
)
from hocbaso.engines.ledger.tree import (
    CompactRange,
    compact_range,
    consistency_proof,
    inclusion_proof,
    root_hash,
)


class LedgerStore(Protocol):
    """Where a log's entries and tiles are kept."""

    def size(self) -> int:
        """Number of entries."""

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        """Entries start ≤ index < end, in order."""

    def append_entries(self, start: int, entries: Sequence[bytes]) -> None:
        """Add entries; ``start`` is the size before (refuse if it is not)."""

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of a tile as far as they are known, ``b""`` if none."""

    def put_tile(self, level: int, index: int, hashes: bytes) -> None:
        """Keep a tile's hashes; they only ever become longer."""


class MemoryStore:
    """A store for tests and for reading a published log."""

    def __init__(self) -> None:
        self._entries: list[bytes] = []
        self._tiles: dict[tuple[int, int], bytes] = {}

    def size(self) -> int:
        return len(self._entries)

    def entries(self, start: int, end: int) -> Sequence[bytes]:
        return self._entries[start:end]

    def append_entries(self, start: int, entries: Sequence[bytes]) -> None:
        if start != len(self._entries):
            raise ValueError("somebody else appended")
        self._entries.extend(entries)

    def tile(self, level: int, index: int) -> bytes:
        return self._tiles.get((level, index), b"")

    def put_tile(self, level: int, index: int, hashes: bytes) -> None:
        self._tiles[level, index] = hashes


class Ledger:
    """A log.

    :param origin: its name, e.g. ``"nut.example/2025-2026"``: also the name of its key.
    """

    def __init__(self, store: LedgerStore, origin: str) -> None:
        self._store = store
        self.origin = origin
        self._edge: CompactRange | None = None

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._store.size()

    def append(self, entries: Sequence[bytes]) -> range:
        """Add entries and bring the tiles up to date.

        :param entries: bytes of :class:`~hocbaso.engines.ledger.entries.LogEntry`.
        :returns: their indexes.
        :raises ValueError: an entry is longer than 65 535 bytes.
        """
        if max(set(map(len, entries)), default=0) > MAX_ENTRY:
            raise ValueError("an entry is too long for a bundle")
        start = self._store.size()
        edge = self._edge
        if edge is None or edge.size != start:
            edge = compact_range(start, self.nodes())
        self._edge = None  # an append that fails half-way must not leave a wrong edge behind
        rows = edge.extend(leaf_hashes(entries), every=HEIGHT)
        self._store.append_entries(start, entries)
        for row in rows:
            self._grow(row.level // HEIGHT, row.first, row.hashes)
        self._edge = edge
        return range(start, start + len(entries))

    def _grow(self, level: int, first: int, hashes: bytes) -> None:
        """Add the nodes ``first``, … of a tile level, one after the other in ``hashes``, to its tiles."""
        done = 0
        while done < len(hashes):
            index, known = divmod(first * HASH_SIZE + done, WIDTH * HASH_SIZE)
            more = hashes[done : done + WIDTH * HASH_SIZE - known]
            before = self._store.tile(level, index)[:known] if known else b""
            self._store.put_tile(level, index, before + more)
            done += len(more)

    def nodes(self) -> TileNodes:
        """A reader of the tree's nodes; it remembers tiles, so take a new one after an append."""
        return TileNodes(self._store.tile)

    def head(self, size: int | None = None) -> Checkpoint:
        """The unsigned checkpoint of the whole log, or of its first ``size`` entries."""
        size = self.size if size is None else size
        if self._edge is not None and self._edge.size == size:  # grown here: no tile need be read
            return Checkpoint(self.origin, size, self._edge.root())
        return Checkpoint(self.origin, size, root_hash(size, self.nodes()))

    def sign(self, signer: NoteSigner) -> str:
        """The signed checkpoint of the whole log."""
        return sign_checkpoint(self.head(), signer)

    def prove(self, indexes: Sequence[int], checkpoint: str) -> list[InclusionProof]:
        """Inclusion proofs against one signed checkpoint of this log (its signature is not checked here).

        :raises ValueError: the checkpoint is not this log's or is larger than it.
        """
        head = Checkpoint.parse(checkpoint.split("\n\n")[0] + "\n")
        if head.origin != self.origin or head.size > self.size:
            raise ValueError("not a checkpoint of this log")
        nodes = self.nodes()
        return [
            InclusionProof(
                self.origin, index, head.size, tuple(inclusion_proof(index, head.size, nodes)), checkpoint
            )
            for index in indexes
        ]

    def prove_consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """That the log of ``old`` entries is a prefix of the log of ``new`` (default: all) entries."""
        return consistency_proof(old, self.size if new is None else new, self.nodes())

    def file(self, name: TileName) -> bytes:
        """The bytes of a published tile or bundle.

        :raises KeyError: the log has not grown that far, or the width is none of a full or existing part.
        """
        available = self.size if name.level is None else self.size >> (HEIGHT * name.level)
        start = name.index * WIDTH
        if not 1 <= name.width <= min(WIDTH, available - start):
            raise KeyError(name.path())
        if name.level is None:
            return encode_bundle(self._store.entries(start, start + name.width))
        return self._store.tile(name.level, name.index)[: name.width * HASH_SIZE]

    def files(self, since: int = 0) -> Iterator[tuple[str, bytes]]:
        """Path and bytes of everything to publish after the log grew from ``since`` entries."""
        for name in changed_tiles(since, self.size):
            yield name.path(), self.file(name)

    def entries_of(self, school: str, start: int = 0) -> Iterator[tuple[int, LogEntry]]:
        """Everything logged in a school's name, with its index (the monitor's question)."""
        for first in range(start - start % WIDTH, self.size, WIDTH):
            for index, data in enumerate(self._store.entries(first, first + WIDTH), start=first):
                entry = LogEntry.from_bytes(data)
                if index >= start and entry.school == school:
                    yield index, entry

    def audit(self, checkpoints: Sequence[str], log: NoteVerifier) -> list[DomainError | str]:
        """Rebuild the tree from its entries and compare it with tiles and published checkpoints.

        :param checkpoints: signed notes in any order, kept here or by anybody else.
        :returns: what is wrong, empty if nothing is: refusals of checkpoints, names of wrong tiles, and
            ``"checkpoint <size>"`` for each checkpoint whose tree is not the log's.
        """
        problems: list[DomainError | str] = []
        roots: dict[int, list[bytes]] = {}
        for note in checkpoints:
            try:
                opened = open_checkpoint(note, log).checkpoint
            except DomainError as error:
                problems.append(error)
                continue
            roots.setdefault(opened.size, []).append(opened.root)
        edge, tiles = self._rebuild(roots, problems)
        problems += [f"checkpoint {size}" for size in sorted(roots) if size > edge.size]
        for (level, index), hashes in tiles.items():
            if self._store.tile(level, index) != bytes(hashes):
                problems.append(tile_name(level, index))
        return problems

    def _rebuild(
        self, roots: dict[int, list[bytes]], problems: list[DomainError | str]
    ) -> tuple[CompactRange, dict[tuple[int, int], bytearray]]:
        edge = CompactRange()
        tiles: dict[tuple[int, int], bytearray] = {}

        def keep(level: int, index: int, node: bytes) -> None:
            if level % HEIGHT == 0:
                tiles.setdefault((level // HEIGHT, index // WIDTH), bytearray()).extend(node)

        def compare() -> None:
            if any(root != edge.root() for root in roots.get(edge.size, ())):
                problems.append(f"checkpoint {edge.size}")

        compare()
        for start in range(0, self.size, WIDTH):
            for entry in self._store.entries(start, start + WIDTH):
                edge.append(leaf_hash(entry), keep)
                compare()
        return edge, tiles


def tile_name(level: int, index: int) -> str:
    """How the audit names a tile."""
    return f"tile {level}/{index}"
