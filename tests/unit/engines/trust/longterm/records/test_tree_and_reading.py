"""The hash tree and the encoding: every way there is the way back, and there is one way of writing."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.longterm.records import (
    BLOCK,
    ArchiveTimeStamp,
    EvidenceRecord,
    HashTree,
    RecordFault,
    block_roots,
    climb,
    group_hash,
    identifier,
    path_in_blocks,
    read_record,
    reduced,
)
from hocbaso.engines.trust.longterm.records import reading as limits
from hocbaso.engines.trust.longterm.records.model import tlv
from tests.unit.engines.trust.longterm.records.world import records


def leaf(number: int, algorithm: str = "sha256") -> bytes:
    return hashlib.new(algorithm, b"%d" % number).digest()


@given(st.integers(1, 70), st.sampled_from(["sha256", "sha384", "sha512"]), st.data())
@settings(max_examples=60)
def test_every_leaf_climbs_to_the_root(count: int, algorithm: str, data: st.DataObject) -> None:
    groups = [[leaf(2 * n, algorithm), leaf(2 * n + 1, algorithm)] for n in range(count)]
    tree = HashTree([group_hash(group, algorithm) for group in groups], algorithm)
    position = data.draw(st.integers(0, count - 1))
    lists = reduced(groups[position], tree.path(position))
    assert climb(lists, algorithm) == tree.root
    assert lists[0] == tuple(sorted(groups[position]))
    assert len(lists) <= 1 + (count - 1).bit_length()


@pytest.mark.parametrize("count", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1, 3 * BLOCK + 513])
def test_a_path_from_one_block_and_the_roots_is_the_path_of_the_whole_tree(count: int) -> None:
    leaves = [leaf(n) for n in range(count)]
    tree, roots = HashTree(leaves, "sha256"), block_roots(leaves, "sha256")
    assert HashTree(roots, "sha256").root == tree.root
    for position in {0, count // 2, count - 1}:
        start = position // BLOCK * BLOCK
        path = path_in_blocks(leaves[start : start + BLOCK], roots, position, "sha256")
        assert path == tree.path(position)


@given(st.integers(2, 40), st.data())
@settings(max_examples=60)
def test_a_moved_repeated_or_foreign_node_is_found(count: int, data: st.DataObject) -> None:
    leaves = [leaf(n) for n in range(count)]
    tree = HashTree(leaves, "sha256")
    position = data.draw(st.integers(0, count - 1))
    lists = [list(values) for values in reduced([leaf(-1), leaf(-2)], (leaf(-3), *tree.path(position)))]
    root = climb(lists, "sha256")
    place = data.draw(st.integers(0, len(lists) - 1))
    how = data.draw(st.sampled_from(["twice", "own", "order", "dropped", "moved", "length"]))
    if how == "twice":
        lists[place].append(lists[place][0])
    elif how == "own":  # the node that is computed does not stand in the list as well
        lists[place].append(climb(lists[:place], "sha256") if place else lists[0][0])
        lists[place].sort()
    elif how == "order":
        lists[0].reverse()
    elif how == "dropped":
        del lists[place]
    elif how == "moved":
        lists[place - 1].append(lists[place].pop())
        lists[place - 1].sort()
    else:
        lists[place][0] = lists[place][0][:-1]
    found = None
    with suppress(RecordFault):
        found = climb([values for values in lists if values], "sha256")
    assert found != root
    assert found is None or how in ("dropped", "moved")


def test_a_record_is_read_as_it_was_written() -> None:
    for kind in ("built", "renewed", "rehashed"):
        for record in records(kind):
            assert read_record(record.to_der()) == record


def _record(*stamps: ArchiveTimeStamp, **more: object) -> EvidenceRecord:
    return EvidenceRecord(tuple((stamp,) for stamp in stamps), (identifier("sha256"),), **more)  # type: ignore[arg-type]


TOKEN = records()[0].stamps[0].token
STAMP = records()[0].stamps[0]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "record_unreadable"),
        (b"\x30\x80\x00\x00", "record_unreadable"),
        (b"<HocBaSo/>", "record_unreadable"),
        (records()[0].to_der() + b"\x00", "record_unreadable"),
        (records()[0].to_der()[:-1], "record_unreadable"),
        (records()[0].to_der().replace(b"\x02\x01\x010\x0d", b"\x02\x01\x020\x0d"), "record_unreadable"),
        (EvidenceRecord((), (identifier("sha256"),)).to_der(), "record_unreadable"),
        (EvidenceRecord(((),), (identifier("sha256"),)).to_der(), "record_unreadable"),
        (_record(*[STAMP] * (limits.MAX_STAMPS + 1)).to_der(), "record_too_large"),
        (_record(ArchiveTimeStamp(TOKEN, (((b"\x00" * 32),),) * 65)).to_der(), "record_too_large"),
        (_record(ArchiveTimeStamp(TOKEN, ((b"\x00",) * 4097,))).to_der(), "record_too_large"),
        (b"\x30" * 200_000, "record_unreadable"),
        (b"\xa0\x80" * 100_000, "record_unreadable"),
        (bytes(limits.MAX_RECORD + 1), "record_too_large"),
    ],
)  # fmt: skip
def test_what_is_no_record_or_too_large_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_record(data)
    assert refused.value.code == code


def _with(part: bytes) -> bytes:
    """A record with something between its algorithms and its time stamps."""
    whole = records()[0]
    body = b"\x02\x01\x01" + tlv(0x30, identifier("sha256")) + part
    rest = whole.to_der()
    start = rest.index(tlv(0x30, identifier("sha256"))) + len(tlv(0x30, identifier("sha256")))
    return tlv(0x30, body + rest[start:])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_with(tlv(0xA1, tlv(0x06, b"\x2a\x03") + b"\x05\x00")), "record_encrypted"),
        (_with(tlv(0xA0, tlv(0x30, tlv(0x06, b"\x2a\x03") + tlv(0x31, b"\x05\x00")))), "record_unprotected"),
        (
            records()[0].to_der().replace(identifier("sha256"), identifier("sha256")[:-1] + b"\x09"),
            "record_algorithm_unknown",
        ),
    ],
)  # fmt: skip
def test_what_nothing_protects_is_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(RecordFault) as refused:
        read_record(data)
    assert refused.value.code == code


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_noise_is_refused_and_never_breaks(data: bytes) -> None:
    with pytest.raises((Unreadable, RecordFault)):
        read_record(tlv(0x30, b"\x02\x01\x01" + data))
