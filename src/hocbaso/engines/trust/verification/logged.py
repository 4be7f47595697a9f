"""Was it logged? An inclusion proof up to a checkpoint that the log itself signed (RFC 6962, C2SP)."""

from __future__ import annotations

from functools import cached_property

from hocbaso.core.errors import DomainError
from hocbaso.engines.ledger.checkpoints import Checkpoint, open_checkpoint
from hocbaso.engines.ledger.entries import EntryType, LogEntry, code_hash
from hocbaso.engines.ledger.hashing import leaf_hash
from hocbaso.engines.ledger.notes import KeyType, NoteVerifier
from hocbaso.engines.ledger.tree import verify_inclusion
from hocbaso.engines.trust.bundle import LogEvidence, LogInfo, TrustBundle
from hocbaso.engines.trust.verification.standing import NO_BUNDLE
from hocbaso.engines.trust.verification.verdict import Check, Result

_ISSUED = (EntryType.ISSUE, EntryType.REPLACE)


class LogReader:
    """Answers from the proofs of one bundle; each checkpoint is opened once."""

    def __init__(self, bundle: TrustBundle | None) -> None:
        self._bundle = bundle
        self._heads: dict[str, Checkpoint | None] = {}

    def check(self, digest: str, school: str | None, code: str, version: int) -> Check:
        """Whether the issue of this very content stands in the public log.

        :param digest: document digest, lower-case hex.
        :param school: code of the school in the sheet; ``None`` when no sheet is at hand.
        """
        if self._bundle is None:
            return NO_BUNDLE
        evidence = self._bundle.evidence_by_digest.get(digest)
        if evidence is None:
            if (code_hash(code), version) in self._logged_versions:
                sentence = "Sổ công khai chỉ ghi bản đã phát hành của mã này, không ghi nội dung của tệp này."
                return Check(Result.FAILED, sentence)
            return Check(Result.UNKNOWN, "Gói tin cậy không có bằng chứng ghi sổ công khai của học bạ này.")
        log = self._bundle.log_by_name.get(evidence.log)
        if log is None:
            return Check(Result.UNKNOWN, "Gói tin cậy thiếu điểm kiểm của sổ công khai.")
        return self._prove(evidence, log, digest, (school, code_hash(code), version))

    def _prove(
        self, evidence: LogEvidence, log: LogInfo, digest: str, wanted: tuple[str | None, str, int]
    ) -> Check:
        head = self._head(log)
        if head is None:
            return Check(Result.FAILED, "Điểm kiểm của sổ công khai không mang chữ ký đúng của sổ.")
        entry = _entry(evidence.entry)
        if entry is None or entry.type not in _ISSUED or entry.digest != digest:
            return Check(Result.FAILED, "Mục sổ công khai đi kèm không nói về học bạ này.")
        school, *version = wanted
        if [entry.code, entry.sheet_version] != version or school not in (None, entry.school):
            return Check(Result.FAILED, "Mục sổ công khai ghi trường, mã hoặc phiên bản khác với học bạ này.")
        leaf = leaf_hash(evidence.entry)
        if not verify_inclusion(leaf, evidence.index, head.size, evidence.proof, head.root):
            return Check(Result.FAILED, "Bằng chứng ghi sổ công khai không đúng.")
        number = f"{evidence.index:,}".replace(",", ".")
        return Check(Result.OK, f"Đã ghi sổ công khai, mục số {number} của sổ {log.name}.")

    def proved(self, evidence: LogEvidence, log: LogInfo) -> bool:
        """Whether the entry, whatever it says, stands in the log up to the bundle's checkpoint."""
        head, leaf = self._head(log), leaf_hash(evidence.entry)
        return head is not None and verify_inclusion(
            leaf, evidence.index, head.size, evidence.proof, head.root
        )

    def _head(self, log: LogInfo) -> Checkpoint | None:
        if log.name not in self._heads:
            key = NoteVerifier(log.name, KeyType.LOG, log.public_key)
            try:
                self._heads[log.name] = open_checkpoint(log.checkpoint, key).checkpoint
            except DomainError:
                self._heads[log.name] = None
        return self._heads[log.name]

    @cached_property
    def _logged_versions(self) -> frozenset[tuple[str, int]]:
        entries = (_entry(item.entry) for item in (self._bundle.evidence if self._bundle else ()))
        return frozenset(
            (entry.code, entry.sheet_version)
            for entry in entries
            if entry is not None and entry.code is not None and entry.sheet_version is not None
        )


def _entry(data: bytes) -> LogEntry | None:
    try:
        return LogEntry.from_bytes(data)
    except DomainError:
        return None
