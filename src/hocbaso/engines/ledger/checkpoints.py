"""Checkpoints: the log's signed statement of size and root (C2SP ``tlog-checkpoint``), and witnesses."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.ledger.hashing import EMPTY_ROOT, HASH_SIZE
from hocbaso.engines.ledger.notes import NoteSigner, NoteVerifier, add_cosignature, open_note, sign_note
from hocbaso.engines.ledger.tree import verify_consistency

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

register(
    {
        "checkpoint_unreadable": (
            "Điểm kiểm của nhật ký công khai không đúng định dạng.",
            "The checkpoint is malformed: {problem}.",
        ),
        "checkpoint_wrong_log": (
            "Điểm kiểm thuộc nhật ký “{found}”, không phải “{expected}”.",
            "The checkpoint is of the log {found}, not of {expected}.",
        ),
        "checkpoint_inconsistent": (
            "Nhật ký công khai đã bị viết lại: điểm kiểm cỡ {new} không nối tiếp điểm kiểm cỡ {old}.",
            "The log was rewritten: size {new} does not extend size {old}.",
        ),
        "checkpoint_too_few_witnesses": (
            "Điểm kiểm chỉ có {found} nhân chứng ký; cần ít nhất {needed}.",
            "The checkpoint carries {found} witness signatures, {needed} are needed.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree head of a log."""

    origin: str  # the log's name, also the name of its key
    size: int
    root: bytes

    def text(self) -> str:
        """The note text: three lines (extension lines are not used)."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text; extension lines are passed over.

        :raises Unreadable: ``checkpoint_unreadable``.
        """
        lines = text.removesuffix("\n").split("\n")
        if not text.endswith("\n") or len(lines) < 3 or not all(lines):
            raise Unreadable("checkpoint_unreadable", problem="lines")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except (binascii.Error, ValueError):
            root = b""
        if len(root) != HASH_SIZE or base64.b64encode(root).decode() != lines[2]:
            raise Unreadable("checkpoint_unreadable", problem="root")
        if not _SIZE.fullmatch(lines[1]) or (lines[1] == "0" and root != EMPTY_ROOT):
            raise Unreadable("checkpoint_unreadable", problem="size")
        return cls(lines[0], int(lines[1]), root)


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint whose signatures were checked."""

    checkpoint: Checkpoint
    witnesses: tuple[tuple[str, int], ...]  # name and POSIX time of each witness that cosigned


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> str:
    """The signed note. The caller sees to it that the log only ever grows.

    :raises ValueError: the key's name is not the log's.
    """
    if signer.name != checkpoint.origin:
        raise ValueError("a checkpoint is signed by the key that bears the log's name")
    return sign_note(checkpoint.text(), signer)


def open_checkpoint(
    note: str, log: NoteVerifier, witnesses: Iterable[NoteVerifier] = (), quorum: int = 0
) -> OpenedCheckpoint:
    """Check a signed checkpoint: the log's own signature always, and at least ``quorum`` witnesses.

    :raises Unreadable: ``note_unreadable``, ``checkpoint_unreadable``.
    :raises DomainError: ``note_forged``, ``note_untrusted``, ``checkpoint_wrong_log``,
        ``checkpoint_too_few_witnesses``.
    """
    opened = open_note(note, [log, *witnesses])
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin != log.name:
        raise DomainError("checkpoint_wrong_log", found=checkpoint.origin, expected=log.name)
    if log not in dict(opened.signed_by):
        raise DomainError("note_untrusted", names=log.name)
    seen = tuple((verifier.name, seconds) for verifier, seconds in opened.signed_by if seconds is not None)
    if len(seen) < quorum:
        raise DomainError("checkpoint_too_few_witnesses", found=len(seen), needed=quorum)
    return OpenedCheckpoint(checkpoint, seen)


def check_consistent(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Refuse unless ``new`` extends ``old``.

    :raises DomainError: ``checkpoint_wrong_log``, ``checkpoint_inconsistent``.
    """
    if old.origin != new.origin:
        raise DomainError("checkpoint_wrong_log", found=new.origin, expected=old.origin)
    if not verify_consistency(old.size, new.size, proof, old.root, new.root):
        raise DomainError("checkpoint_inconsistent", old=old.size, new=new.size)


def witness(
    note: str,
    log: NoteVerifier,
    last_seen: Checkpoint | None,
    proof: Sequence[bytes],
    key: NoteSigner,
    seconds: int,
) -> tuple[str, Checkpoint]:
    """What a witness does: check the log's signature and that it only grew, then cosign.

    :param last_seen: the checkpoint that this witness cosigned last, ``None`` for the first time.
    :param proof: consistency proof from ``last_seen``.
    :param seconds: POSIX time now.
    :returns: the note with the witness's line, and the checkpoint to remember before handing it out.
    :raises DomainError: as :func:`open_checkpoint` and :func:`check_consistent`.
    """
    checkpoint = open_checkpoint(note, log).checkpoint
    if last_seen is not None:
        check_consistent(last_seen, checkpoint, proof)
    return add_cosignature(note, key, seconds), checkpoint
