"""A sheet's own evidence record, derived from the stored trees: a block of leaves and all blocks' roots."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from hocbaso.apps.preservation.evidence_records.models import Leaf, Record, Stamp, Tree
from hocbaso.apps.preservation.models import ItemKind, SetItem
from hocbaso.core.errors import NotFound, register
from hocbaso.engines.trust.longterm.records import (
    BLOCK,
    ArchiveTimeStamp,
    Chain,
    EvidenceRecord,
    HashTree,
    digest,
    identifier,
    reduced,
    stored_leaves,
)

register(
    {
        "record_none_for_sheet": (
            "Học bạ {code} chưa nằm trong bản ghi bằng chứng nào. Bản ghi được lập mỗi đêm.",
            "No evidence record covers {code} yet.",
        ),
    }
)

_KEPT = 4


def split_hashes(hashes: bytes, algorithm: str) -> tuple[bytes, ...]:
    """The hashes of a group as they are stored together."""
    size = len(digest(algorithm, b""))
    return tuple(hashes[start : start + size] for start in range(0, len(hashes), size))


@dataclass(slots=True)
class _Block:
    """Aligned leaves of a tree."""

    positions: dict[int, int]  # sheet → position
    groups: list[bytes]  # hashes of each group, together
    tree: HashTree


@dataclass(slots=True)
class StoredTree:
    """A closed tree with its time stamps."""

    tree: Tree
    stamps: list[Stamp]
    upper: HashTree
    blocks: OrderedDict[int, _Block] = field(default_factory=OrderedDict)

    @classmethod
    def read(cls, tree: Tree) -> StoredTree | None:
        """``None``: it is not closed yet."""
        stamps = list(tree.stamps.order_by("number"))
        if not stamps:
            return None
        roots = split_hashes(bytes(stamps[0].blocks), tree.algorithm)
        return cls(tree, stamps, HashTree(roots, tree.algorithm))

    def chain_of(self, sheet: int) -> Chain | None:
        """The chain of a sheet with its reduced hash tree; ``None``: the tree has no such leaf."""
        position = self._position(sheet)
        if position is None:
            return None
        block = self._block(position // BLOCK)
        path = block.tree.path(position % BLOCK) + self.upper.path(position // BLOCK)
        group = split_hashes(block.groups[position % BLOCK], self.tree.algorithm)
        lists = reduced(group, path)
        stated = identifier(self.tree.algorithm)
        return tuple(
            ArchiveTimeStamp(bytes(stamp.token), () if stamp.number else lists, stated)
            for stamp in self.stamps
        )

    def group_of(self, sheet: int) -> tuple[bytes, ...]:
        """The hashes of a sheet's data objects in this tree; empty: it has no such leaf."""
        position = self._position(sheet)
        if position is None:
            return ()
        kept = self._block(position // BLOCK).groups[position % BLOCK]
        return split_hashes(kept, self.tree.algorithm)

    def _position(self, sheet: int) -> int | None:
        for block in self.blocks.values():
            if sheet in block.positions:
                return block.positions[sheet]
        return self.tree.leaves.filter(sheet=sheet).values_list("position", flat=True).first()

    def _block(self, number: int) -> _Block:
        found = self.blocks.get(number)
        if found is None:
            start = number * BLOCK
            rows = list(
                self.tree.leaves.filter(position__gte=start, position__lt=start + BLOCK)
                .order_by("position")
                .values_list("sheet_id", "position", "hashes")
            )
            groups = [bytes(hashes) for _, _, hashes in rows]
            leaves = stored_leaves(groups, self.tree.algorithm)
            positions = {sheet: position for sheet, position, _ in rows}
            found = _Block(positions, groups, HashTree(leaves, self.tree.algorithm))
            self.blocks[number] = found
            while len(self.blocks) > _KEPT:
                self.blocks.popitem(last=False)
        return found


class Deriver:
    """Derives the records of sheets under one stored record; sheets in the order of the tree cost least."""

    def __init__(self, record: Record) -> None:
        found = (StoredTree.read(tree) for tree in record.trees.order_by("number"))
        self.trees = [tree for tree in found if tree is not None]
        sets = {stamp.before_id for tree in self.trees for stamp in tree.stamps} - {None}
        places = SetItem.objects.filter(set__in=sets).order_by("set", "position")
        rows = list(places.values_list("item__kind", "item__content"))
        self._data = [
            [bytes(content) for found, content in rows if found == kind]
            for kind in (ItemKind.CERTIFICATE, ItemKind.CRL, ItemKind.OCSP)
        ]

    def chains_of(self, sheet: int) -> tuple[Chain, ...]:
        """Every chain of a sheet, up to the first tree that it was left out of."""
        chains: list[Chain] = []
        for tree in self.trees:
            chain = tree.chain_of(sheet)
            if chain is None:
                break
            chains.append(chain)
        return tuple(chains)

    def record_of(self, sheet: int) -> EvidenceRecord:
        """The reduced evidence record of a sheet."""
        return EvidenceRecord.of(self.chains_of(sheet), *self._data)


def leaf_of(sheet: int, code: str) -> Leaf:
    """The leaf of a sheet in the first tree of its record, the newest when one was given up.

    :raises NotFound: ``record_none_for_sheet``.
    """
    found = (
        Leaf.objects.filter(sheet=sheet, attempt__isnull=False, tree__stamps__number=0)
        .select_related("tree__record")
        .order_by("-attempt")
        .first()
    )
    if found is None:
        raise NotFound("record_none_for_sheet", code=code)
    return found


def record_of(sheet: int, code: str) -> EvidenceRecord:
    """The evidence record of one sheet. :raises NotFound: ``record_none_for_sheet``."""
    return Deriver(leaf_of(sheet, code).tree.record).record_of(sheet)
