"""Sheets of a school, a record over them, and authorities whose ends are under control."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.longterm.policy import LongTermPolicy, long_term_policy
from hocbaso.engines.trust.longterm.records import (
    ArchiveTimeStamp,
    DataObject,
    EvidenceRecord,
    HashTree,
    RecordVerdict,
    combined,
    group_hash,
    identifier,
    objects_of_document,
    reduced,
    stamp_imprint,
    verify_record,
)
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.engines.trust.verify_support import T0, YEAR, Holder, Pki, School, sheet_of

#: When the record was made; its authority ends a year later, the next ones much later.
BUILT = T0 + timedelta(days=30)
RENEWED = T0 + timedelta(days=300)
REHASHED = T0 + timedelta(days=900)
NOW = T0 + timedelta(days=1000)


def policy(**ends: object) -> LongTermPolicy:
    """The package's policy; ``sha256=date(…)`` says when an algorithm ends."""
    from dataclasses import replace

    found = long_term_policy(T0.date())
    known = {item.name for item in found.algorithms}
    assert set(ends) <= known
    changed = tuple(
        replace(item, ends=ends[item.name]) if item.name in ends else item  # type: ignore[arg-type]
        for item in found.algorithms
    )
    return replace(found, algorithms=changed)


@dataclass
class World:
    """One PKI, some issued sheets, three time-stamp authorities one after the other."""

    sheets: int = 5
    pki: Pki = field(default_factory=lambda: Pki("Lưu trữ", begins=T0 - YEAR, ends=T0 + 30 * YEAR))
    documents: list[bytes] = field(init=False)
    first: Holder = field(init=False)
    second: Holder = field(init=False)

    def __post_init__(self) -> None:
        school = School(self.pki)
        self.documents = [school.issue(sheet_of(nonce=f"{number:064x}")) for number in range(self.sheets)]
        self.first = self.pki.issue("TSA một", time_stamping=True, ends=T0 + YEAR)
        self.second = self.pki.issue("TSA hai", time_stamping=True, ends=T0 + 20 * YEAR)

    def stamp(self, holder: Holder, at: datetime, imprint: bytes) -> bytes:
        chain = (holder.certificate, self.pki.sub.certificate)
        return SandboxStamper(holder.key, chain, lambda: at).stamp(imprint)

    def objects(self, number: int) -> tuple[DataObject, ...]:
        return objects_of_document(self.documents[number], f"hocba-{number}.xml")

    def build(self, algorithm: str = "sha256", at: datetime = BUILT) -> list[EvidenceRecord]:
        """One record a sheet, all under one token."""
        groups = [[item.hash(algorithm) for item in self.objects(n)] for n in range(self.sheets)]
        tree = HashTree([group_hash(group, algorithm) for group in groups], algorithm)
        token = self.stamp(self.first, at, tree.root)
        return [
            EvidenceRecord.of(
                [[ArchiveTimeStamp(token, reduced(group, tree.path(n)), identifier(algorithm))]]
            )
            for n, group in enumerate(groups)
        ]

    def renew(self, records: list[EvidenceRecord], at: datetime = RENEWED) -> list[EvidenceRecord]:
        """Time-stamp renewal, with the revocation lists of the authority that is left behind."""
        last = records[0].chains[-1][-1]
        algorithm = {32: "sha256", 64: "sha512"}[len(last.lists[0][0])]
        token = self.stamp(self.second, at, stamp_imprint(last.token, algorithm))
        lists = self.pki.lists(this_update=at - timedelta(days=1), next_update=at + timedelta(days=9))
        added = ArchiveTimeStamp(token, (), identifier(algorithm))
        return [
            EvidenceRecord.of((*record.chains[:-1], (*record.chains[-1], added)), (self.pki.sub.der,), lists)
            for record in records
        ]

    def rehash(
        self, records: list[EvidenceRecord], at: datetime = REHASHED, algorithm: str = "sha512"
    ) -> list[EvidenceRecord]:
        """Hash-tree renewal."""
        groups = [
            combined([item.hash(algorithm) for item in self.objects(n)], record.chains, algorithm)
            for n, record in enumerate(records)
        ]
        tree = HashTree([group_hash(group, algorithm) for group in groups], algorithm)
        token = self.stamp(self.second, at, tree.root)
        lists = self.pki.lists(this_update=at - timedelta(days=1), next_update=at + timedelta(days=9))
        return [
            EvidenceRecord.of(
                (
                    *record.chains,
                    [ArchiveTimeStamp(token, reduced(group, tree.path(n)), identifier(algorithm))],
                ),
                record.certificates,
                (*record.crls, *lists),
            )
            for n, (record, group) in enumerate(zip(records, groups, strict=True))
        ]

    def bundle(self, now: datetime = NOW) -> TrustBundle:
        anchor = Anchor(self.pki.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, T0 + 30 * YEAR)
        lists = self.pki.lists(this_update=now - timedelta(days=1), next_update=now + timedelta(days=9))
        return TrustBundle(
            created=now, as_of=now, anchors=(anchor,), intermediates=(self.pki.sub.der,), crls=lists
        )

    def verify(
        self,
        record: EvidenceRecord,
        number: int = 0,
        *,
        now: datetime = NOW,
        using: LongTermPolicy | None = None,
        objects: tuple[DataObject, ...] | None = None,
    ) -> RecordVerdict:
        given = self.objects(number) if objects is None else objects
        return verify_record(record, given, self.bundle(now), now=now, policy=using or policy())


@lru_cache(maxsize=1)
def world() -> World:
    """Shared by the tests of a process: nobody changes it."""
    return World()


@lru_cache(maxsize=4)
def records(kind: str = "built") -> tuple[EvidenceRecord, ...]:
    """``built``, ``renewed`` (once), ``rehashed`` (renewed, then a new tree over SHA-512)."""
    made = world().build()
    if kind != "built":
        made = world().renew(made)
    if kind == "rehashed":
        made = world().rehash(made)
    return tuple(made)
