"""Long-term preservation: octets that B-LT and B-LTA add to a sheet, sheets extended and renewed a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import Length

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Figure
from benchmarks.signing import raw_signer
from hocbaso.sandbox.profiles import KeyKind, new_key

PUPILS = 35


class _Path:
    """One issued class a round."""

    def __init__(self, node: nodes.Node) -> None:
        self.node = node
        self.school: Any = None

    def issued(self) -> None:
        self.school, _ = nodes.issued_school(PUPILS)

    def extended(self) -> None:
        self.issued()
        self.extend()

    def extend(self) -> None:
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.use_cases.extend import extend

        self._whole(extend(Actor.operator(), school=self.school.unit).done)

    def renew(self) -> float:
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.use_cases.renew import renew

        with nodes.apart(self.node) as taken:
            self._whole(renew(Actor.operator(), school=self.school.unit, early=True).done)
        return taken[0]

    @staticmethod
    def _whole(done: int) -> None:
        if done != PUPILS:
            raise AssertionError(f"{done} of {PUPILS} sheets")


def longterm(kind: KeyKind) -> Experiment:
    """Sheets a second, the time-stamp authority's own work apart; sizes of one class at each level."""
    node = nodes.start(kind)
    path = _Path(node)
    return Experiment(
        title=f"Extend to B-LT and renew to B-LTA, {kind.upper()}",
        unit="sheets",
        contenders=[
            Contender("extend", PUPILS, path.extend, path.issued),
            Contender("renew", PUPILS, path.renew, path.extended),
            raw_signer("raw sign", new_key(kind), 3 * PUPILS),
        ],
        figures=lambda: _sizes(path),
        remarks=[
            "Extending asks for lists and OCSP answers once a run and keeps each once; a class shares them. "
            "Renewing reads the stored document, hashes everything before the stamp, and reads the new token."
        ],
    )


def _sizes(path: _Path) -> list[Figure]:
    from tests.builders import YEAR

    from hocbaso.apps.preservation.models import ArchiveTimeStamp, LongTermSheet, ValidationItem
    from hocbaso.apps.transcripts.documents import export
    from hocbaso.apps.transcripts.queries import issued_sheets

    path.issued()
    rows = issued_sheets(path.school.unit, YEAR)

    def exported() -> float:
        return sum(len(one.xml) for one in export(rows)) / len(rows)

    plain, items = exported(), _octets(ValidationItem.objects.all(), "content")
    grown = _grown(path, path.extend)
    lasting, kept = exported(), _octets(ValidationItem.objects.all(), "content") - items
    grown_again = _grown(path, path.renew)
    archived = exported()
    keys = [row.sheet_id for row in rows]
    tokens = _octets(ArchiveTimeStamp.objects.filter(sheet__in=keys), "token") / len(rows)
    if LongTermSheet.objects.filter(sheet__in=keys).count() != len(rows):
        raise AssertionError("not every sheet reached B-LT")
    return [
        Figure("exported B-T", plain / 1000, "kB"),
        Figure("B-LT adds to the exported file", (lasting - plain) / 1000, "kB"),
        Figure("B-LTA adds to the exported file", (archived - lasting) / 1000, "kB"),
        Figure("new validation data for one class more", kept / 1000, "kB"),
        Figure("B-LT: database growth a sheet", grown / len(rows) / 1000, "kB"),
        Figure("B-LTA: token a sheet", tokens / 1000, "kB"),
        Figure("B-LTA: database growth a sheet", grown_again / len(rows) / 1000, "kB"),
    ]


def _grown(path: _Path, deed: Callable[[], object]) -> int:
    before = path.node.database_bytes
    deed()
    return path.node.database_bytes - before


def _octets(rows: QuerySet[Any], column: str) -> int:
    return rows.aggregate(octets=Sum(Length(column)))["octets"] or 0
