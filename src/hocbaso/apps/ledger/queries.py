"""Reads of the log: sizes, checkpoints, proofs, published files, audit."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from hocbaso.apps.common import clock
from hocbaso.apps.ledger.keys import log_signer, public_key
from hocbaso.apps.ledger.models import Checkpoint, Cosignature, LogEntry, LogHead
from hocbaso.apps.ledger.store import RowStore
from hocbaso.core.errors import DomainError, NotFound, Unreadable, register
from hocbaso.engines.ledger import entries as engine
from hocbaso.engines.ledger.hashing import leaf_hash
from hocbaso.engines.ledger.log import Ledger
from hocbaso.engines.ledger.notes import NoteVerifier, split_note
from hocbaso.engines.ledger.published import much_earlier
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
    """What a leaf says, read from its hashed bytes; all empty when they cannot be read."""

    type: str = ""
    document_digest: str = ""
    school: str = ""
    time: str = ""
    code: str = ""  # hash of the transcript code
    version: int = 0

    @property
    def once(self) -> tuple[str, str, int]:
        """What may happen once only."""
        return self.type, self.code, self.version


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
    """The newest signed note, with the witnesses' lines. Two queries. :raises NotFound: ``log_not_found``"""
    row = Checkpoint.objects.filter(log=log).order_by("-size").first()
    if row is None:
        raise NotFound("log_not_found", log=log)
    lines = (
        Cosignature.objects.filter(log=log, size=row.size).order_by("witness").values_list("line", flat=True)
    )
    return row.text + "".join(lines)


def verifier_key(log: str) -> str:
    """The key that monitors keep (C2SP ``vkey``). One query. :raises NotFound: ``log_not_found``"""
    return str(log_signer(_head(log).origin).verifier)


def inclusion_proof(log: str, index: int) -> dict[str, Any]:
    """The proof of one entry against the newest checkpoint, as JSON values, with the entry itself."""
    (proof,) = ledger(log).prove([index], latest_checkpoint(log))
    entry = RowStore(log).entries(index, index + 1)[0]
    return {**json.loads(proof.to_json()), "entry": entry.decode()}


def evidence(
    places: Sequence[tuple[str, int, str]], notes: Mapping[str, str] | None = None
) -> list[LogEvidence]:
    """Proofs for (log, index, document digest), for the trust bundle. A few queries a log.

    :param notes: by log the checkpoint to which the proofs shall lead; otherwise the newest, which may have
        grown since somebody else asked for it.
    """
    known = notes or {}
    found = []
    for log in sorted({place[0] for place in places}):
        wanted = [(index, digest) for name, index, digest in places if name == log]
        engine = ledger(log)
        note = known.get(log) or latest_checkpoint(log)
        proofs = engine.prove([index for index, _ in wanted], note)
        entries = _entries_at(log, [index for index, _ in wanted])
        for (index, digest), proof in zip(wanted, proofs, strict=True):
            found.append(LogEvidence(digest, engine.origin, index, entries[index], proof.hashes))
    return found


def _entries_at(log: str, indexes: Sequence[int]) -> dict[int, bytes]:
    """Some entries of a log, however long it is. One query for every 500."""
    found: dict[int, bytes] = {}
    for at in range(0, len(indexes), 500):
        rows = LogEntry.objects.filter(log=log, index__in=indexes[at : at + 500])
        found |= {index: bytes(entry) for index, entry in rows.values_list("index", "entry")}
    return found


def published_file(log: str, path: str) -> bytes:
    """The bytes of a tile or entry bundle under ``/log/<year>/``.

    :raises NotFound: ``log_file_not_found``.
    """
    try:
        return ledger(log).file(parse_path(path))
    except (KeyError, ValueError, DomainError) as error:
        raise NotFound("log_file_not_found", path=path[:80]) from error


def audit_logs(findings: list[str], notes: Sequence[str] = ()) -> dict[tuple[str, int], LeafFacts]:
    """Rebuild every log from its entries; append a sentence for whatever does not fit.

    :param notes: checkpoints that others kept; each is held against the log whose name it bears.
    :returns: what each leaf says, by (log, index).
    """
    leaves: dict[tuple[str, int], LeafFacts] = {}
    once: dict[tuple[str, str, int], tuple[str, int]] = {}
    for head in LogHead.objects.order_by("log"):
        expected, latest = 0, ""
        for row in LogEntry.objects.filter(log=head.log).order_by("index").iterator(chunk_size=2000):
            if row.index != expected:
                findings.append(f"Nhật ký {head.log}: mất mục {expected} đến {row.index - 1}.")
                expected = row.index
            expected += 1
            facts = leaves[head.log, row.index] = _facts(row, findings)
            place = f"Nhật ký {head.log}, mục {row.index}"
            if much_earlier(facts.time, latest):
                findings.append(f"{place}: ghi thời điểm {facts.time}, lùi so với mục trước ({latest}).")
            latest = max(latest, facts.time)
            if facts.code and (first := once.setdefault(facts.once, (head.log, row.index))) != (
                head.log,
                row.index,
            ):
                findings.append(f"{place}: ghi lại điều đã có ở mục {first[1]} của nhật ký {first[0]}.")
        if expected != head.size:
            findings.append(f"Nhật ký {head.log}: có {expected} mục, điểm kiểm tra ghi {head.size}.")
        findings += _tree_findings(head, notes)
    known = LogHead.objects.values("log")
    for log in Checkpoint.objects.exclude(log__in=known).values_list("log", flat=True).distinct():
        findings.append(f"Nhật ký {log}: có điểm kiểm mà không có nhật ký.")
    findings += _cosignature_findings()
    return leaves


def _facts(row: LogEntry, findings: list[str]) -> LeafFacts:
    data = bytes(row.entry)
    place = f"Nhật ký {row.log}, mục {row.index}"
    if leaf_hash(data).hex() != row.leaf_hash:
        findings.append(f"{place}: nội dung không khớp băm của lá.")
    try:
        entry = engine.LogEntry.from_bytes(data)
    except Unreadable:
        findings.append(f"{place}: không đọc được.")
        return LeafFacts()
    facts = LeafFacts(
        entry.type, entry.digest, entry.school, entry.time, entry.code or "", entry.sheet_version or 0
    )
    once = f"{facts.type}:{facts.code[:40]}:{facts.version}" if facts.code else row.once
    columns = (row.type, row.document_digest, row.school_code, clock.iso_seconds(row.at), row.once)
    if (facts.type, facts.document_digest, facts.school, facts.time, once) != columns:
        findings.append(f"{place}: các cột tra cứu khác nội dung đã băm.")
    return facts


def _tree_findings(head: LogHead, others: Sequence[str]) -> list[str]:
    kept = list(Checkpoint.objects.filter(log=head.log).order_by("size").values_list("size", "root", "text"))
    notes = [*(text for *_, text in kept), *(n for n in others if n.startswith(f"{head.origin}\n"))]
    verifier = log_signer(head.origin).verifier
    problems = Ledger(RowStore(head.log), head.origin).audit(notes, verifier)
    if max((size for size, *_ in kept), default=0) != head.size:
        problems.append(f"thiếu điểm kiểm cỡ {head.size}")
    wrong = [
        f"Nhật ký {head.log}: điểm kiểm cỡ {size} có cột khác văn bản đã ký."
        for size, root, text in kept
        if text.split("\n")[1:3] != [str(size), base64.b64encode(bytes.fromhex(root)).decode()]
    ]
    return wrong + [
        f"Nhật ký {head.log}: {problem.message if isinstance(problem, DomainError) else problem}"
        for problem in problems
    ]


def _cosignature_findings() -> list[str]:
    """Lines of witnesses that the node publishes are theirs, of a checkpoint of its own, and of that time."""
    trusted = {v.name: v for v in map(NoteVerifier.parse, settings.HOCBASO_LOG_WITNESSES)}
    signed = Checkpoint.objects.filter(size__in=Cosignature.objects.values("size"))
    texts = {(log, size): text for log, size, text in signed.values_list("log", "size", "text")}
    findings = []
    for row in Cosignature.objects.order_by("log", "size", "witness").iterator(chunk_size=2000):
        try:
            text, lines = split_note(texts[row.log, row.size] + row.line)
            name, raw = lines[-1]
            seconds = int.from_bytes(raw[4:12], "big")
            key = trusted.get(row.witness)
            if key is not None and key.key_id == raw[:4]:  # another key of before: form only
                seconds = key.check(text, raw[4:]) or 0
            right = (name, seconds) == (row.witness, int(row.at.timestamp()))
        except (KeyError, DomainError):
            right = False
        if not right:
            findings.append(
                f"Nhật ký {row.log}: dòng của nhân chứng {row.witness} ở cỡ {row.size} không đúng."
            )
    return findings
