"""Reads of the log: sizes, checkpoints, proofs, published files, audit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hocbaso.apps.ledger.keys import log_signer, public_key
from hocbaso.apps.ledger.models import Checkpoint, LogEntry, LogHead
from hocbaso.apps.ledger.store import RowStore
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.engines.ledger.hashing import leaf_hash
from hocbaso.engines.ledger.log import Ledger
from hocbaso.engines.ledger.tiles import parse_path
from hocbaso.engines.trust.bundle import LogEvidence

__all__ = ["public_key"]

register(
    {
        "log_not_found": ("Chưa có nhật ký nào của năm học {log}.", "There is no log for {log}."),
        "log_file_not_found": ("Nhật ký không có tệp {path}.", "The log has no file {path}."),
    }
)


@dataclass(frozen=True, slots=True)
class LeafFacts:
    """What a leaf says, read from its hashed bytes."""

    type: str
    document_digest: str
    school: str


def _head(log: str) -> LogHead:
    head = LogHead.objects.filter(log=log).first()
    if head is None:
        raise NotFound("log_not_found", log=log)
    return head


def ledger(log: str) -> Ledger:
    """The engine over the rows of a log. One query. :raises NotFound: ``log_not_found``"""
    return Ledger(RowStore(log), _head(log).origin)


def origin(log: str) -> str:
    """The log's name. One query."""
    return _head(log).origin


def log_names() -> list[str]:
    """All logs of the node, oldest first."""
    return list(LogHead.objects.order_by("log").values_list("log", flat=True))


def log_name(year: str | None) -> str:
    """The log of a school year, or the newest. :raises NotFound: ``log_not_found``"""
    names = log_names()
    if year is None and names:
        return names[-1]
    if year not in names:
        raise NotFound("log_not_found", log=year or "này")
    return year


def log_size(log: str) -> int:
    """Entries in the log; 0 when it has not begun. One query."""
    return RowStore(log).size()


def latest_checkpoint(log: str) -> str:
    """The newest signed note. One query. :raises NotFound: ``log_not_found``"""
    text = Checkpoint.objects.filter(log=log).order_by("-size").values_list("text", flat=True).first()
    if text is None:
        raise NotFound("log_not_found", log=log)
    return text


def verifier_key(log: str) -> str:
    """The key that monitors keep (C2SP ``vkey``). One query. :raises NotFound: ``log_not_found``"""
    return str(log_signer(_head(log).origin).verifier)


def inclusion_proof(log: str, index: int) -> dict[str, Any]:
    """The proof of one entry against the newest checkpoint, as JSON values, with the entry itself."""
    (proof,) = ledger(log).prove([index], latest_checkpoint(log))
    entry = RowStore(log).entries(index, index + 1)[0]
    return {**json.loads(proof.to_json()), "entry": entry.decode()}


def evidence(places: Sequence[tuple[str, int, str]]) -> list[LogEvidence]:
    """Proofs for (log, index, document digest), for the trust bundle. A few queries a log."""
    found = []
    for log in sorted({place[0] for place in places}):
        wanted = [(index, digest) for name, index, digest in places if name == log]
        engine, store = ledger(log), RowStore(log)
        proofs = engine.prove([index for index, _ in wanted], latest_checkpoint(log))
        entries = store.entries(0, store.size())
        for (index, digest), proof in zip(wanted, proofs, strict=True):
            found.append(LogEvidence(digest, engine.origin, index, entries[index], proof.hashes))
    return found


def published_file(log: str, path: str) -> bytes:
    """The bytes of a tile or entry bundle under ``/log/<year>/``.

    :raises NotFound: ``log_file_not_found``.
    """
    try:
        return ledger(log).file(parse_path(path))
    except (KeyError, ValueError, DomainError) as error:
        raise NotFound("log_file_not_found", path=path[:80]) from error


def audit_logs(findings: list[str]) -> dict[tuple[str, int], LeafFacts]:
    """Rebuild every log from its entries; append a sentence for whatever does not fit.

    :returns: what each leaf says, by (log, index).
    """
    leaves: dict[tuple[str, int], LeafFacts] = {}
    for head in LogHead.objects.order_by("log"):
        expected = 0
        for row in LogEntry.objects.filter(log=head.log).order_by("index").iterator(chunk_size=2000):
            if row.index != expected:
                findings.append(f"Nhật ký {head.log}: mất mục {expected} đến {row.index - 1}.")
                expected = row.index
            expected += 1
            leaves[head.log, row.index] = _facts(row, findings)
        if expected != head.size:
            findings.append(f"Nhật ký {head.log}: có {expected} mục, điểm kiểm tra ghi {head.size}.")
        findings += _tree_findings(head)
    return leaves


def _facts(row: LogEntry, findings: list[str]) -> LeafFacts:
    data = bytes(row.entry)
    place = f"Nhật ký {row.log}, mục {row.index}"
    if leaf_hash(data).hex() != row.leaf_hash:
        findings.append(f"{place}: nội dung không khớp băm của lá.")
    try:
        values = json.loads(data)
        facts = LeafFacts(values["type"], values["digest"], values["school"])
    except (ValueError, KeyError, TypeError):
        findings.append(f"{place}: không đọc được.")
        return LeafFacts("", "", "")
    if (facts.type, facts.document_digest, facts.school) != (row.type, row.document_digest, row.school_code):
        findings.append(f"{place}: các cột tra cứu khác nội dung đã băm.")
    return facts


def _tree_findings(head: LogHead) -> list[str]:
    notes = list(Checkpoint.objects.filter(log=head.log).order_by("size").values_list("text", flat=True))
    verifier = log_signer(head.origin).verifier
    problems = Ledger(RowStore(head.log), head.origin).audit(notes, verifier)
    return [
        f"Nhật ký {head.log}: {problem.message if isinstance(problem, DomainError) else problem}"
        for problem in problems
    ]
