"""Appending to the log against the two hashes that no Merkle tree can do without."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.harness import Contender, Experiment, Ratio
from hocbaso.engines.ledger.entries import EntryType, LogEntry, code_hash
from hocbaso.engines.ledger.log import Ledger, MemoryStore
from hocbaso.engines.ledger.notes import NoteSigner

_COUNT, _BATCH = 50_000, 1000


def _entry(number: int) -> bytes:
    return LogEntry(
        type=EntryType.ISSUE,
        digest=hashlib.sha256(b"%d" % number).hexdigest(),
        school="79000101",
        time="2026-05-26T08:00:00Z",
        code=code_hash(f"HB-1-79-79000101-2025-{number}"),
        sheet_version=1,
    ).to_bytes()


def log() -> Experiment:
    """Entries a second, with tiles; and with a signed checkpoint every 25 entries, as issuing does."""
    entries = [_entry(number) for number in range(_COUNT)]
    signer = NoteSigner("nut.example/log/2025-2026", Ed25519PrivateKey.generate())

    def ours() -> None:
        ledger = Ledger(MemoryStore(), signer.name)
        for start in range(0, _COUNT, _BATCH):
            ledger.append(entries[start : start + _BATCH])

    def signed() -> None:
        ledger = Ledger(MemoryStore(), signer.name)
        for start in range(0, 5000, 25):
            ledger.append(entries[start : start + 25])
            ledger.sign(signer)

    def limit() -> None:
        node = bytes(64)
        for entry in entries:
            hashlib.sha256(b"\0" + entry).digest()
            hashlib.sha256(b"\1" + node).digest()

    def limit_of_states() -> None:
        leaf, inner, node = hashlib.sha256(b"\0").copy, hashlib.sha256(b"\1").copy, bytes(64)
        for entry in entries:
            state = leaf()
            state.update(entry)
            state.digest()
            state = inner()
            state.update(node)
            state.digest()

    return Experiment(
        title="Log: append",
        unit="entries",
        contenders=[
            Contender("hocbaso", _COUNT, ours),
            Contender("two hashes", _COUNT, limit),
            Contender("two hashes, states copied", _COUNT, limit_of_states),
            Contender("hocbaso, checkpoint every 25", 5000, signed),
        ],
        ratios=[
            Ratio("÷ two hashes", "hocbaso", "two hashes", aim=0.90, source="issue of trust"),
            Ratio("÷ two hashes, states copied", "hocbaso", "two hashes, states copied"),
            Ratio("with checkpoints ÷ two hashes", "hocbaso, checkpoint every 25", "two hashes"),
        ],
        remarks=[
            "trust.md 9 names 603 000 appends/s (absolute; drifts with the machine). Two hashes of an entry "
            "are two one-shot calls of hashlib; the second limit copies a state that has read the prefix, as "
            "the engine does, and keeps nothing."
        ],
    )
