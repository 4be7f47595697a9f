"""Hashes of the log's tree (RFC 6962 section 2.1, SHA-256)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

HASH_SIZE = 32

#: Root of the tree without entries.
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


# A list of hashes: a state that has read the prefix already is copied, which is cheaper than asking for the
# algorithm anew and joining the prefix to each message.
_LEAF, _NODE = sha256(b"\x00"), sha256(b"\x01")


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hash of each entry, as :func:`leaf_hash` gives it."""
    begin, found = _LEAF.copy, []
    for entry in entries:
        state = begin()
        state.update(entry)
        found.append(state.digest())
    return found


def pair_hashes(nodes: Iterable[bytes]) -> list[bytes]:
    """The node over each two neighbours, as :func:`node_hash` gives it; an odd last one has none."""
    begin, found, each = _NODE.copy, [], iter(nodes)
    for left, right in zip(each, each, strict=False):
        state = begin()
        state.update(left)
        state.update(right)
        found.append(state.digest())
    return found
