"""The append-only Merkle tree: growing it, proving with it, checking proofs (RFC 6962, RFC 9162 section 2.1).

A node is named by its level (0 = leaf hashes) and its index in that level; only nodes over complete subtrees
have names, and they never change. Everything here is a pure function over hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import NamedTuple

from hocbaso.engines.ledger.hashing import EMPTY_ROOT, HASH_SIZE, node_hash, pair_hashes

#: Gives the hash of node (level, index).
NodeReader = Callable[[int, int], bytes]
#: Takes a node that has just become complete.
NodeSink = Callable[[int, int, bytes], None]


class Row(NamedTuple):
    """Nodes of one level that became complete together."""

    level: int
    first: int  # index of the first of them
    hashes: bytes  # one after the other, as a tile holds them


def _bits(number: int) -> list[int]:
    """Places of the bits that are set, highest first."""
    return [place for place in range(number.bit_length() - 1, -1, -1) if number >> place & 1]


@dataclass(slots=True)
class CompactRange:
    """The tree's right edge: one hash for each complete subtree, the largest first.

    It is all that growing the tree and knowing its root need. Appending n entries costs fewer than 2n hashes
    in all (the leaf's own and one for each subtree that becomes complete).
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError("a compact range holds one hash for each bit of its size")

    def append(self, leaf: bytes, sink: NodeSink | None = None) -> None:
        """Add a leaf hash; ``sink`` receives it and every node that it completes."""
        index, level, current = self.size, 0, leaf
        if sink:
            sink(0, index, leaf)
        while index & 1:
            current = node_hash(self.hashes.pop(), current)
            index >>= 1
            level += 1
            if sink:
                sink(level, index, current)
        self.hashes.append(current)
        self.size += 1

    def extend(self, leaves: Sequence[bytes], every: int = 1) -> list[Row]:
        """Add many leaf hashes, level by level: no call for a single node but its hash.

        :param every: give the nodes of each so many levels only (8: those that stand in tiles).
        :returns: the nodes that became complete, those of level 0 (the leaves) first; levels without any are
            left out.
        """
        hashes, size = self.hashes, self.size
        rows: list[Row] = []
        level, index, nodes = 0, size, leaves
        left = {i: hashes[place] for place, i in enumerate(_bits(size))}
        while nodes:
            if level % every == 0:
                rows.append(Row(level, index, b"".join(nodes)))
            if index & 1:  # the subtree that waited for its right half
                nodes = [left.pop(level), *nodes]
            if len(nodes) & 1:
                left[level] = nodes[-1]
            nodes = pair_hashes(nodes)
            level, index = level + 1, index >> 1
        self.hashes = [left[place] for place in sorted(left, reverse=True)]
        self.size = size + len(leaves)
        return rows

    def root(self) -> bytes:
        """The tree's root hash."""
        return _fold(self.hashes)


def compact_range(size: int, get_node: NodeReader) -> CompactRange:
    """The right edge of the tree of ``size`` entries, from its nodes."""
    return CompactRange(size, _subtrees(0, size, get_node))


def root_hash(size: int, get_node: NodeReader) -> bytes:
    """The root hash of the tree of the first ``size`` entries."""
    return _fold(_subtrees(0, size, get_node))


def _fold(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _subtrees(start: int, end: int, get_node: NodeReader) -> list[bytes]:
    """The complete subtrees of entries [start, end), largest first; ``start`` fits the largest of them."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(get_node(level, start >> level))
        start += 1 << level
    return found


def _split(start: int, end: int) -> int:
    """Where RFC 6962 divides entries [start, end): after the largest power of two below their number."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def inclusion_proof(index: int, size: int, get_node: NodeReader) -> list[bytes]:
    """The audit path of entry ``index`` in the tree of ``size`` entries, from the leaf upwards.

    :raises ValueError: unless 0 ≤ index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            path.append(_fold(_subtrees(middle, end, get_node)))
            end = middle
        else:
            path.append(_fold(_subtrees(start, middle, get_node)))
            start = middle
    path.reverse()
    return path


def consistency_proof(old: int, new: int, get_node: NodeReader) -> list[bytes]:
    """That the tree of ``old`` entries is a prefix of the tree of ``new`` entries (RFC 6962 section 2.1.2).

    :returns: hashes; none if ``old`` is 0 or equals ``new``.
    :raises ValueError: unless 0 ≤ old ≤ new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} is no prefix of a tree of {new}")
    path: list[bytes] = []
    if old in (0, new):
        return path
    start, end = 0, new
    while old != end:
        middle = _split(start, end)
        if old <= middle:
            path.append(_fold(_subtrees(middle, end, get_node)))
            end = middle
        else:
            path.append(_fold(_subtrees(start, middle, get_node)))
            start = middle
    if start:  # the old tree's own root is known to whoever checks
        path.append(_fold(_subtrees(start, end, get_node)))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows the leaf hash at ``index`` in the tree of ``size`` with ``root``.

    RFC 9162 section 2.1.3.2. Wrong lengths and numbers are simply a false answer.
    """
    if not 0 <= index < size or len(leaf) != HASH_SIZE or any(len(part) != HASH_SIZE for part in proof):
        return False
    place, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            current = node_hash(sibling, current)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and compare_digest(current, root)


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether ``proof`` shows that the tree ``old`` is a prefix of ``new`` (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new or any(len(part) != HASH_SIZE for part in proof):
        return False
    if old == new:
        return not proof and compare_digest(old_root, new_root)
    if old == 0:
        return not proof and compare_digest(old_root, EMPTY_ROOT)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    return _consistent(old, new, path, old_root, new_root)


def _consistent(old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    first = second = path[0]
    for part in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(part, first), node_hash(part, second)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            second = node_hash(second, part)
        place >>= 1
        last >>= 1
    return last == 0 and compare_digest(first, old_root) and compare_digest(second, new_root)


def nodes_of(leaves: Iterable[bytes]) -> NodeReader:
    """A reader over leaf hashes held in memory (every node of the tree: 64 bytes for each leaf)."""
    nodes: dict[tuple[int, int], bytes] = {}

    def keep(level: int, index: int, node: bytes) -> None:
        nodes[level, index] = node

    edge = CompactRange()
    for leaf in leaves:
        edge.append(leaf, keep)
    return lambda level, index: nodes[level, index]
