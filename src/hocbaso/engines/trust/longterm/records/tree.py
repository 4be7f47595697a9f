"""The hash tree of RFC 4998 section 4.2: groups, ordering by binary value, reduction, and the way back up.

A data object group is the hash of its members' hashes, put together in ascending order of their binary value.
Inner nodes have two children; a last one without a neighbour goes up unchanged, so every list of a reduced
tree behind the first holds exactly one value. Aligned blocks of leaves are subtrees of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from hocbaso.engines.trust.longterm.records.faults import RecordFault

#: Leaves of a stored block: one block and the roots of all give the path of any leaf.
BLOCK = 1024


def hasher(algorithm: str) -> Callable[[bytes], Any]:
    """The constructor of a hash, looked up once."""
    found: Callable[[bytes], Any] = getattr(hashlib, algorithm)
    return found


def join(values: Sequence[bytes], algorithm: str) -> bytes:
    """The father of ``values``: the hash over them in ascending order (section 4.2 steps 3 and 4)."""
    node: bytes = hasher(algorithm)(b"".join(sorted(values))).digest()
    return node


def group_hash(members: Sequence[bytes], algorithm: str) -> bytes:
    """The leaf of a data object group; a group of one is its own leaf."""
    return members[0] if len(members) == 1 else join(members, algorithm)


def stored_leaves(groups: Iterable[bytes], algorithm: str) -> list[bytes]:
    """The leaves of many groups whose members' hashes are kept together, ascending: one hash each."""
    new = hasher(algorithm)
    size = new(b"").digest_size
    return [new(kept).digest() if len(kept) > size else kept for kept in groups]


class HashTree:
    """All nodes over some leaves.

    :param leaves: hashes of groups, at least one, in the order in which they shall be found again.
    """

    def __init__(self, leaves: Sequence[bytes], algorithm: str) -> None:
        if not leaves:
            raise ValueError("a tree needs a leaf")
        self.levels: list[list[bytes]] = [list(leaves)]
        new = hasher(algorithm)
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            above: list[bytes] = [
                new(left + right if left < right else right + left).digest()
                for left, right in zip(below[::2], below[1::2], strict=False)
            ]
            if len(below) % 2:
                above.append(below[-1])
            self.levels.append(above)

    @property
    def root(self) -> bytes:
        """What is time-stamped."""
        return self.levels[-1][0]

    def path(self, position: int) -> tuple[bytes, ...]:
        """The neighbours on the way from a leaf to the root, nearest first."""
        found: list[bytes] = []
        for level in self.levels[:-1]:
            beside = position ^ 1
            if beside < len(level):
                found.append(level[beside])
            position //= 2
        return tuple(found)


def block_roots(leaves: Sequence[bytes], algorithm: str) -> list[bytes]:
    """The roots of the aligned blocks; the tree over them has the root of the tree over all leaves."""
    return [HashTree(leaves[start : start + BLOCK], algorithm).root for start in range(0, len(leaves), BLOCK)]


def path_in_blocks(
    block: Sequence[bytes], roots: Sequence[bytes], position: int, algorithm: str
) -> tuple[bytes, ...]:
    """The path of a leaf from its own block and the roots of all blocks.

    :param block: the leaves of the block that holds ``position``.
    """
    inside = HashTree(block, algorithm).path(position % BLOCK)
    return inside + HashTree(roots, algorithm).path(position // BLOCK)


def reduced(members: Sequence[bytes], path: Sequence[bytes]) -> tuple[tuple[bytes, ...], ...]:
    """The reduced hash tree of a group (section 4.2): its members in ascending order, then each neighbour."""
    return (tuple(sorted(members)), *((value,) for value in path))


def climb(lists: Sequence[Sequence[bytes]], algorithm: str) -> bytes:
    """The root that a reduced tree leads to (section 4.3 step 3).

    :raises RecordFault: ``record_tree``: a value of another length, not ascending, or standing twice.
    """
    size = hasher(algorithm)(b"").digest_size
    node: bytes | None = None
    for values in lists:
        if any(len(value) != size for value in values):
            raise RecordFault("record_tree")
        if any(left >= right for left, right in pairwise(values)):
            raise RecordFault("record_tree")
        if node is None:
            node = group_hash(values, algorithm)
            continue
        if node in values:
            raise RecordFault("record_tree")
        node = join([*values, node], algorithm)
    if node is None:
        raise RecordFault("record_tree")
    return node
