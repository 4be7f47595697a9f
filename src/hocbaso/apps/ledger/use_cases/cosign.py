"""Take a witness's cosignature of one of our checkpoints and publish it with the checkpoint."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from hocbaso.apps.ledger.keys import log_signer
from hocbaso.apps.ledger.models import Checkpoint, Cosignature, LogHead
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.engines.ledger import checkpoints
from hocbaso.engines.ledger.notes import NoteVerifier, split_note

register(
    {
        "cosignature_not_ours": (
            "Điểm kiểm này không phải điểm kiểm mà nút đã công bố. Hãy giữ lại làm bằng chứng và kiểm toán "
            "nhật ký.",
            "The cosigned checkpoint is none that this node published.",
        ),
        "cosignature_none": (
            "Điểm kiểm không có chữ ký của nhân chứng nào được nút tin (HOCBASO_LOG_WITNESSES).",
            "No witness that this node trusts has cosigned.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken: the log, the size, the witnesses whose line is new."""

    log: str
    size: int
    witnesses: tuple[str, ...]


def trusted() -> list[NoteVerifier]:
    """The witnesses that the node publishes."""
    return [NoteVerifier.parse(key) for key in settings.HOCBASO_LOG_WITNESSES]


@transaction.atomic
def take(note: str) -> Taken:
    """Check a cosigned checkpoint and keep the lines of trusted witnesses; the same again changes nothing.

    :raises NotFound: ``log_not_found``.
    :raises Unreadable: ``note_unreadable``, ``checkpoint_unreadable``.
    :raises DomainError: ``note_forged``, ``cosignature_not_ours``, ``cosignature_none``.
    """
    origin = note.split("\n", 1)[0]
    head = LogHead.objects.filter(origin=origin).first()
    if head is None:
        raise NotFound("log_not_found", log=origin[:80])
    opened = checkpoints.open_checkpoint(note, log_signer(origin).verifier, trusted())
    text, lines = split_note(note)
    ours = Checkpoint.objects.filter(log=head.log, size=opened.checkpoint.size).first()
    if ours is None or split_note(ours.text)[0] != text:
        raise DomainError("cosignature_not_ours")
    if not opened.witnesses:
        raise DomainError("cosignature_none")
    new = []
    for witness in trusted():
        seconds = dict(opened.witnesses).get(witness.name)
        if seconds is None:
            continue
        raw = next(raw for name, raw in lines if name == witness.name and raw[:4] == witness.key_id)
        _, made = Cosignature.objects.get_or_create(
            log=head.log,
            size=ours.size,
            witness=witness.name,
            defaults={"line": _line(witness.name, raw), "at": datetime.fromtimestamp(seconds, UTC)},
        )
        if made:
            new.append(witness.name)
    return Taken(head.log, ours.size, tuple(new))


def _line(name: str, raw: bytes) -> str:
    return f"— {name} {b64encode(raw).decode()}\n"
