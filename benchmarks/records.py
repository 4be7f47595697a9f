"""Evidence records: trees over 100 000 groups against the hashes nobody can do without, records over 10 000
sheets of a database, and what one sheet's own record weighs."""

from __future__ import annotations

import hashlib
import tempfile
from typing import TYPE_CHECKING

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Figure, Ratio
from hocbaso.engines.trust.longterm.records import (
    ArchiveTimeStamp,
    EvidenceRecord,
    HashTree,
    block_roots,
    group_hash,
    identifier,
    objects_of_document,
    path_in_blocks,
    read_record,
    reduced,
    stored_leaves,
)
from hocbaso.sandbox.ca import SandboxAuthority

if TYPE_CHECKING:
    from hocbaso.apps.transcripts.models import YearSheet

_MANY, _STORED = 100_000, 10_000


def _groups(count: int) -> list[tuple[bytes, bytes]]:
    """Hashes of a document and of its time stamp, in ascending order."""
    return [
        tuple(sorted((hashlib.sha256(b"d%d" % n).digest(), hashlib.sha256(b"t%d" % n).digest())))  # type: ignore[misc]
        for n in range(count)
    ]


def _token() -> bytes:
    """A real token, as the sandbox's authority gives it."""
    with tempfile.TemporaryDirectory() as folder:
        return SandboxAuthority(folder, key_kind="rsa3072").stamper().stamp(bytes(32))


def _octets(count: int, token: bytes) -> int:
    groups = _groups(count)
    tree = HashTree([group_hash(group, "sha256") for group in groups], "sha256")
    stamp = ArchiveTimeStamp(token, reduced(groups[0], tree.path(0)), identifier("sha256"))
    return len(EvidenceRecord.of([[stamp]]).to_der())


def records() -> Experiment:
    """Trees a second, and what one sheet's record weighs."""
    groups = _groups(_MANY)
    kept = [b"".join(group) for group in groups]
    leaves = stored_leaves(kept, "sha256")
    roots = block_roots(leaves, "sha256")
    token = _token()
    block = leaves[:1024]

    def ours() -> None:
        HashTree(block_roots(stored_leaves(kept, "sha256"), "sha256"), "sha256")

    def limit() -> None:
        both = bytes(64)
        for _ in range(_MANY):
            hashlib.sha256(both).digest()  # the leaf over its two members
            hashlib.sha256(both).digest()  # one inner node a leaf

    def derive() -> None:
        for position in range(100):
            path = path_in_blocks(block, roots, position, "sha256")
            stamp = ArchiveTimeStamp(token, reduced(groups[position], path), identifier("sha256"))
            EvidenceRecord.of([[stamp]]).to_der()

    tree = HashTree(leaves, "sha256")
    stamps = [
        ArchiveTimeStamp(token, reduced(groups[n], tree.path(n)), identifier("sha256")) for n in range(200)
    ]
    encoded = [EvidenceRecord.of([[stamp]]).to_der() for stamp in stamps]

    def read() -> None:
        for data in encoded:
            read_record(data)

    return Experiment(
        title="Evidence records: the tree over 100 000 sheets",
        unit="sheets",
        contenders=[
            Contender("hocbaso", _MANY, ours),
            Contender("two hashes", _MANY, limit),
            Contender("one sheet's record derived from its block", 100, derive),
            Contender("one sheet's record read strictly", len(encoded), read),
        ],
        ratios=[Ratio("÷ two hashes", "hocbaso", "two hashes")],
        figures=lambda: [
            Figure("a sheet's record under 10 000 sheets", _octets(_STORED, token), "octets"),
            Figure("a sheet's record under 100 000 sheets", _octets(_MANY, token), "octets"),
            Figure("of it the time stamp", len(token), "octets"),
            Figure("stored a sheet, two data objects and its share of the roots", 64 + 32 / 1024, "octets"),
        ],
        remarks=["Hashing the documents themselves is not in it: that is one hash a data object."],
    )


def stored_records() -> Experiment:
    """A record over issued sheets of a database: read, taken apart, hashed, stored, stamped.

    One class is issued for good; the other rows are copies of its documents, because only reading counts.
    """
    node = nodes.start("p256")
    school = nodes.finished_school(30)
    nodes.close(school)
    nodes.sign_and_issue(school)
    contents = _copies()

    def again() -> None:
        """What was built is given up, so that the same sheets wait again."""
        from hocbaso.apps.common import clock
        from hocbaso.apps.preservation.evidence_records.models import GivenUp, Record

        for record in Record.objects.filter(given_up__isnull=True):
            GivenUp.objects.create(record=record, reason="benchmark", at=clock.now(), by="benchmark")

    def ours() -> float:
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.evidence_records.use_cases.build import build

        with nodes.apart(node) as taken:
            done = build(Actor.system())
        assert done.stamped
        assert done.added == _STORED
        return taken[0]

    def limit() -> None:
        for number in range(_STORED):
            for content in contents[number % len(contents)]:
                hashlib.sha256(content).digest()
            hashlib.sha256(bytes(64)).digest()
            hashlib.sha256(bytes(64)).digest()

    def sizes() -> list[Figure]:
        from django.db.models import BinaryField, Sum
        from django.db.models.functions import Cast, Length

        from hocbaso.apps.preservation.evidence_records.models import Leaf

        octets = Length(Cast("hashes", BinaryField()))
        last = Leaf.objects.latest("pk").tree.leaves
        return [Figure("hashes kept a sheet", last.aggregate(all=Sum(octets))["all"] / _STORED, "octets")]

    return Experiment(
        title="Evidence records: a record over 10 000 stored sheets",
        unit="sheets",
        contenders=[
            Contender("hocbaso", _STORED, ours, again),
            Contender("hash the data objects, two hashes", _STORED, limit),
        ],
        ratios=[Ratio("÷ hashes alone", "hocbaso", "hash the data objects, two hashes")],
        figures=sizes,
        remarks=[
            "Each sheet is unpacked, put together as it is exported, and read strictly: a record over "
            "something else than what a holder has would prove nothing."
        ],
    )


def _copies() -> list[list[bytes]]:
    """Fill the database up to 10 000 issued sheets; gives the data objects of the genuine ones."""
    from hocbaso.apps.transcripts.documents import export
    from hocbaso.apps.transcripts.models import Evidence, IssuedSheet, YearSheet

    rows = list(IssuedSheet.objects.select_related("sheet"))
    tokens = dict(Evidence.objects.filter(kind="signature_timestamp").values_list("sheet", "content"))
    for start in range(len(rows), _STORED, 500):
        made = [(rows[n % len(rows)], n) for n in range(start, min(start + 500, _STORED))]
        sheets = [_sheet_like(row.sheet, number) for row, number in made]
        YearSheet.objects.bulk_create(sheets)
        pairs = list(zip(sheets, made, strict=True))
        IssuedSheet.objects.bulk_create(
            IssuedSheet(
                sheet=sheet,
                code=sheet.code,
                version=1,
                digest=sheet.digest,
                document=row.document,
                issued_at=row.issued_at,
                issued_by="benchmark",
                log="benchmark",
                log_index=number,
            )
            for sheet, (row, number) in pairs
        )
        Evidence.objects.bulk_create(
            Evidence(sheet=sheet, kind="signature_timestamp", content=tokens[row.sheet_id], at=row.issued_at)
            for sheet, (row, _) in pairs
        )
    return [[item.content for item in objects_of_document(one.xml)] for one in export(rows)]


def _sheet_like(sheet: YearSheet, number: int) -> YearSheet:
    from hocbaso.apps.transcripts.models import YearSheet

    return YearSheet(
        code=f"{sheet.code[:40]}-{number}",
        enrolment_id=sheet.enrolment_id,
        pupil_id=sheet.pupil_id,
        school_id=sheet.school_id,
        school_class_id=sheet.school_class_id,
        school_year=sheet.school_year,
        body=b"<ToNamHoc/>",
        digest=hashlib.sha256(b"%d" % number).hexdigest(),
        result={},
        state="voided",  # so that one pupil may have many
        frozen_at=sheet.frozen_at,
        frozen_by="benchmark",
    )
