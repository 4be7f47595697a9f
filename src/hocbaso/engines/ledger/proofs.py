"""The proof of inclusion that travels with a document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.ledger.checkpoints import OpenedCheckpoint, open_checkpoint
from hocbaso.engines.ledger.hashing import HASH_SIZE, leaf_hash
from hocbaso.engines.ledger.notes import NoteVerifier
from hocbaso.engines.ledger.tree import verify_inclusion

#: A tree of 2^62 entries has paths of 62 hashes.
_MAX_HASHES = 62
_MAX_JSON = 200_000
_HASH = re.compile(rf"[0-9a-f]{{{2 * HASH_SIZE}}}", re.ASCII)

register(
    {
        "proof_unreadable": (
            "Bằng chứng ghi nhật ký không đúng định dạng.",
            "The inclusion proof is malformed: {problem}.",
        ),
        "proof_wrong": (
            "Bằng chứng không cho thấy tài liệu này có trong nhật ký công khai “{log}”.",
            "The proof does not show the entry in the log {log}.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That an entry stands at ``index`` in the log's tree of ``size`` entries, as the checkpoint states."""

    log: str  # the log's origin
    index: int
    size: int
    hashes: tuple[bytes, ...]
    checkpoint: str  # signed note, cosignatures included

    def to_json(self) -> str:
        """One JSON object; hashes in hex, from the leaf upwards."""
        values = {
            "log": self.log,
            "index": self.index,
            "size": self.size,
            "hashes": [part.hex() for part in self.hashes],
            "checkpoint": self.checkpoint,
        }
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> InclusionProof:
        """Read :meth:`to_json`'s object; unknown keys are refused.

        :raises Unreadable: ``proof_unreadable``.
        """
        if len(text) > _MAX_JSON:
            raise Unreadable("proof_unreadable", problem="size")
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unreadable("proof_unreadable", problem="JSON") from error
        return cls.from_values(values)

    @classmethod
    def from_values(cls, values: Any) -> InclusionProof:
        """The same from a JSON object already read.

        :raises Unreadable: ``proof_unreadable``.
        """
        names = {"log", "index", "size", "hashes", "checkpoint"}
        if not isinstance(values, dict) or set(values) != names:
            raise Unreadable("proof_unreadable", problem="keys")
        hashes = values["hashes"]
        strings = [values["log"], values["checkpoint"]]
        if not all(isinstance(value, str) for value in strings) or not isinstance(hashes, list):
            raise Unreadable("proof_unreadable", problem="types")
        if any(type(values[name]) is not int or values[name] < 0 for name in ("index", "size")):
            raise Unreadable("proof_unreadable", problem="numbers")
        return cls(values["log"], values["index"], values["size"], _read_hashes(hashes), values["checkpoint"])

    def check(
        self, entry: bytes, log: NoteVerifier, witnesses: Iterable[NoteVerifier] = (), quorum: int = 0
    ) -> OpenedCheckpoint:
        """Check that the entry stands in the log that ``log`` signs for.

        :param entry: the bytes of the entry (``LogEntry.to_bytes``).
        :returns: the checkpoint, for comparing with others held.
        :raises Unreadable, DomainError: as ``open_checkpoint``; ``proof_wrong``.
        """
        opened = open_checkpoint(self.checkpoint, log, witnesses, quorum)
        head = opened.checkpoint
        if (head.origin, head.size) != (self.log, self.size) or not verify_inclusion(
            leaf_hash(entry), self.index, self.size, self.hashes, head.root
        ):
            raise DomainError("proof_wrong", log=log.name)
        return opened


def _read_hashes(values: list[Any]) -> tuple[bytes, ...]:
    if len(values) > _MAX_HASHES:
        raise Unreadable("proof_unreadable", problem="hashes")
    if not all(isinstance(value, str) and _HASH.fullmatch(value) for value in values):
        raise Unreadable("proof_unreadable", problem="hashes")
    return tuple(bytes.fromhex(value) for value in values)
