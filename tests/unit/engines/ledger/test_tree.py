"""The tree: published vectors, and every proof verifies while no altered one does."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.engines.ledger.hashing import EMPTY_ROOT, leaf_hash, leaf_hashes, node_hash, pair_hashes
from hocbaso.engines.ledger.tree import (
    CompactRange,
    NodeReader,
    compact_range,
    consistency_proof,
    inclusion_proof,
    nodes_of,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

# The eight entries and the roots of the trees of the first 1 … 8 of them, as in the Certificate Transparency
# project's reference tests of RFC 6962.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def plain_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(str(index).encode()) for index in range(size)]


def test_roots_of_the_published_vectors() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    nodes, edge = nodes_of(LEAVES), CompactRange()
    for size, (leaf, root) in enumerate(zip(LEAVES, ROOTS, strict=True), start=1):
        edge.append(leaf)
        assert edge.root().hex() == root_hash(size, nodes).hex() == root


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    ],
)
def test_inclusion_proofs_of_the_published_vectors(index: int, size: int, proof: list[str]) -> None:
    made = inclusion_proof(index, size, nodes_of(LEAVES))
    assert [part.hex() for part in made] == proof
    assert verify_inclusion(LEAVES[index], index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_consistency_proofs_of_the_published_vectors(old: int, new: int, proof: list[str]) -> None:
    made = consistency_proof(old, new, nodes_of(LEAVES))
    assert [part.hex() for part in made] == proof
    assert verify_consistency(old, new, made, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]))


LARGEST = 70
ALL = leaves_of(LARGEST)
NODES: NodeReader = nodes_of(ALL)
PLAIN = [plain_root(ALL[:size]) for size in range(LARGEST + 1)]


def test_the_compact_range_gives_the_root_of_rfc_6962_at_every_size() -> None:
    grown, extended = CompactRange(), CompactRange()
    for size in range(LARGEST + 1):
        assert grown.root() == PLAIN[size] == root_hash(size, NODES)
        assert compact_range(size, NODES) == grown
        if size < LARGEST:
            grown.append(ALL[size])
    extended.extend(ALL[:37])
    extended.extend(ALL[37:])
    assert extended == grown


@given(st.lists(st.binary(max_size=300), max_size=9))
def test_hashes_of_a_list_are_those_of_each_alone(entries: list[bytes]) -> None:
    leaves = leaf_hashes(entries)
    assert leaves == [leaf_hash(entry) for entry in entries]
    assert pair_hashes(leaves) == [node_hash(*leaves[at : at + 2]) for at in range(0, len(leaves) - 1, 2)]


@pytest.mark.parametrize("start", [0, 1, 5, 8, 31])
def test_growing_gives_the_nodes_of_each_level_that_is_asked_for(start: int) -> None:
    for every in (1, 2, 3):
        edge = compact_range(start, NODES)
        for level, first, hashes in edge.extend(ALL[start:LARGEST], every=every):
            assert level % every == 0
            after = (LARGEST >> level) - first
            assert hashes == b"".join(NODES(level, first + place) for place in range(after))
            assert first == start >> level


def test_every_proof_in_a_small_tree_verifies() -> None:
    for size in range(1, 34):
        for index in range(size):
            assert verify_inclusion(ALL[index], index, size, inclusion_proof(index, size, NODES), PLAIN[size])
        for old in range(size + 1):
            assert verify_consistency(old, size, consistency_proof(old, size, NODES), PLAIN[old], PLAIN[size])


def flip(data: st.DataObject, hashes: list[bytes]) -> list[bytes]:
    """The same hashes with one bit turned."""
    place = data.draw(st.integers(0, len(hashes) * 256 - 1))
    which, bit = divmod(place, 256)
    number = int.from_bytes(hashes[which], "big") ^ (1 << bit)
    return [*hashes[:which], number.to_bytes(32, "big"), *hashes[which + 1 :]]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_altered_inclusion_proof_verifies(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, NODES)
    leaf, root, *path = flip(data, [ALL[index], PLAIN[size], *proof])
    assert not verify_inclusion(leaf, index, size, path, root)
    other = data.draw(st.integers(-1, LARGEST).filter(lambda place: place != index))
    assert not verify_inclusion(ALL[index], other, size, proof, PLAIN[size])
    assert not verify_inclusion(ALL[index], index, size, [*proof, PLAIN[3]], PLAIN[size])
    assert not proof or not verify_inclusion(ALL[index], index, size, proof[:-1], PLAIN[size])
    assert not proof or not verify_inclusion(ALL[index], index, size, proof[1:], PLAIN[size])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_altered_consistency_proof_verifies(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, LARGEST))
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(old, new, NODES)
    if old in (0, new):  # nothing to bind the new root to, or nothing grew
        (first,) = flip(data, [PLAIN[old]])
        assert not verify_consistency(old, new, proof, first, PLAIN[new])
    else:
        first, second, *path = flip(data, [PLAIN[old], PLAIN[new], *proof])
        assert not verify_consistency(old, new, path, first, second)
        assert not verify_consistency(old, new, proof[:-1], PLAIN[old], PLAIN[new])
    assert not verify_consistency(old, new, [*proof, PLAIN[3]], PLAIN[old], PLAIN[new])
    assert not verify_consistency(new + 1, new, proof, PLAIN[new], PLAIN[new])


def test_impossible_questions_are_refused() -> None:
    for index, size in ((0, 0), (1, 1), (-1, 5)):
        with pytest.raises(ValueError, match="no entry"):
            inclusion_proof(index, size, NODES)
    for old, new in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="no prefix"):
            consistency_proof(old, new, NODES)
    with pytest.raises(ValueError, match="compact range"):
        CompactRange(3, [EMPTY_ROOT])


def test_appending_costs_about_two_hashes_an_entry() -> None:
    completed: list[int] = []
    edge = CompactRange()
    for leaf in leaves_of(1000):
        edge.append(leaf, lambda level, index, node: completed.append(level))
    assert len(completed) < 2 * 1000
