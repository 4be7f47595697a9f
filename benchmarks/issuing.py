"""From live rows to issued and logged documents, through the real use cases on a database file."""

from __future__ import annotations

from typing import Any

from django.db.models import BinaryField, QuerySet, Sum
from django.db.models.functions import Cast, Length

from benchmarks import node as nodes
from benchmarks.harness import Contender, Experiment, Figure, Ratio
from benchmarks.signing import raw_signer
from hocbaso.sandbox.profiles import KeyKind, new_key

PUPILS = 35
AIM = {"rsa2048": 0.61}
_SOURCE = "trust.md 9: C14N, 3 signatures, log, compress, SQLite"


class _Path:
    """One class of pupils a round; what comes before the measured part is made outside it."""

    def __init__(self, node: nodes.Node) -> None:
        self.node = node
        self.school = None

    def open_class(self) -> None:
        self.school = nodes.finished_school(PUPILS)

    def closed_class(self) -> None:
        self.open_class()
        nodes.close(self.school)

    def close(self) -> None:
        nodes.close(self.school)

    def issue(self) -> float:
        with nodes.apart(self.node) as taken:
            nodes.sign_and_issue(self.school)
        return taken[0]

    def whole(self) -> float:
        self.close()
        return self.issue()


def issuing(kind: KeyKind) -> Experiment:
    """Documents a second, the time-stamp authority's own work apart."""
    node = nodes.start(kind)
    path, raw = _Path(node), 30 * PUPILS if kind == "p256" else 3 * PUPILS

    def figures() -> list[Figure]:
        each = node.stamping.seconds / node.stamping.tokens * 1000
        return [Figure("time stamp, taken off", each, "ms CPU a document")]

    return Experiment(
        title=f"Issue a class through the use cases, {kind.upper()}",
        unit="documents",
        contenders=[
            Contender("sign ×3, log, store", PUPILS, path.issue, path.closed_class),
            Contender("close, sign ×3, log, store", PUPILS, path.whole, path.open_class),
            Contender("close", PUPILS, path.close, path.open_class),
            raw_signer("raw sign", new_key(kind), raw),
        ],
        ratios=[
            Ratio("÷ (raw sign ÷ 3)", "sign ×3, log, store", "raw sign", 1 / 3, AIM.get(kind), _SOURCE),
            Ratio("with closing ÷ (raw sign ÷ 3)", "close, sign ×3, log, store", "raw sign", 1 / 3),
        ],
        figures=figures,
        remarks=[
            "Every signature is a row with its own state, authorisation and audit event; the prototype "
            "behind the aim wrote one row a document."
        ],
    )


def _octets(rows: QuerySet[Any], column: str) -> int:
    """What a column takes as stored, whatever the program sees of it."""
    return rows.aggregate(octets=Sum(Length(Cast(column, BinaryField()))))["octets"]


def size() -> Experiment:
    """What an issued sheet takes, with the keys that are the default (RSA-3072)."""
    node = nodes.start("rsa3072")

    def figures() -> list[Figure]:
        from hocbaso.apps.transcripts.documents import export, stored_document
        from hocbaso.apps.transcripts.models import Evidence, SheetSignature, YearSheet

        nodes.issued_school(5)
        before = node.database_bytes
        school = nodes.finished_school(2 * PUPILS)
        opened = node.database_bytes
        nodes.close(school)
        nodes.sign_and_issue(school)
        after = node.database_bytes
        from tests.builders import YEAR

        from hocbaso.apps.transcripts.queries import issued_sheets

        rows = issued_sheets(school.unit, YEAR)
        number = len(rows)
        xml = sum(len(stored_document(row)) for row in rows) / number
        stored = sum(len(row.document) for row in rows) / number
        keys = [row.sheet_id for row in rows]
        texts = _octets(SheetSignature.objects.filter(sheet__in=keys), "text")
        tokens = sum(map(len, Evidence.objects.filter(sheet__in=keys).values_list("content", flat=True)))
        body = _octets(YearSheet.objects.filter(pk__in=keys), "body") / number
        return [
            Figure("XML as sealed", xml / 1000, "kB"),
            Figure("XML as exported, with time stamp", len(export(rows)[0].xml) / 1000, "kB"),
            Figure("issued document as stored", stored / 1000, "kB"),
            Figure("XML ÷ stored document", xml / stored, "×", 8.6, "trust.md 9, with dictionary"),
            Figure("XML ÷ all rows of an issued sheet", xml / ((stored + body) + texts / number), "×"),
            Figure("sheet body row", body / 1000, "kB"),
            Figure("signature rows", texts / number / 1000, "kB"),
            Figure("time-stamp row", tokens / number / 1000, "kB"),
            Figure("database growth: pupil with results", (opened - before) / number / 1000, "kB"),
            Figure("database growth: close to issue", (after - opened) / number / 1000, "kB"),
        ]

    return Experiment("Size of an issued sheet, RSA-3072", "", (), (), figures)
