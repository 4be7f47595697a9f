"""From B-T to B-LT and B-LTA, and renewing: what is appended to a sealed PDF, and when (EN 319 142-1).

Every step appends; what stands in the file stays. A step that brings nothing new leaves the file as it is, so
it may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust import ports
from hocbaso.engines.trust.longterm.policy import LongTermPolicy
from hocbaso.engines.trust.pades_check import embedded_token, sealed_file
from hocbaso.engines.trust.pades_objects import StoreRevision
from hocbaso.engines.trust.pades_revisions import MAX_ROOM, SealedFile
from hocbaso.engines.trust.tokens import TimeStampInfo, read_token

#: Octets by which the next token may be larger than the last one without being asked for again.
_SPARE = 1024


@dataclass(frozen=True, slots=True)
class Standing:
    """How long a sealed PDF proves itself.

    ``newest`` is the youngest time stamp; ``due`` the moment from which it is to be renewed, ``reason`` why
    (``tsa_ends``, ``algorithm_ends``); ``ends`` the moment after which it proves nothing any more.
    """

    level: str
    newest: TimeStampInfo
    due: datetime
    reason: str
    ends: datetime


def opened(pdf: bytes) -> SealedFile:
    """A rendition that can be extended.

    :raises DomainError: ``pdf_not_extendable``: not sealed, or something unknown stands behind the seal.
    """
    file = sealed_file(pdf)
    if file is None:
        raise DomainError("pdf_not_extendable", reason="no sealed revision")
    if not file.complete:
        raise DomainError("pdf_not_extendable", reason="an unknown revision stands behind the seal")
    return file


def tokens_of(file: SealedFile, now: datetime) -> tuple[TimeStampInfo, ...]:
    """The seal's time stamp, then the archive's, oldest first.

    :raises DomainError: ``timestamp_invalid``.
    """
    first = embedded_token(file.pdf[: file.sealed_end])
    return (
        read_token(*first, now),
        *(read_token(stamp.token, stamp.imprint, now) for stamp in file.stamps),
    )


def standing(file: SealedFile, policy: LongTermPolicy, now: datetime) -> Standing:
    """Which level, until when, and when to renew.

    :raises DomainError: ``timestamp_invalid``.
    """
    newest = tokens_of(file, now)[-1]
    ends, algorithms = newest.certificate.not_valid_after_utc, newest.algorithms
    due, reason = policy.due(ends, algorithms)
    return Standing(file.level, newest, due, reason, policy.end(ends, algorithms)[0])


def with_validation_data(
    pdf: bytes, certificates: Iterable[bytes], crls: Iterable[bytes], ocsps: Iterable[bytes]
) -> bytes:
    """B-LT: the file followed by a document security store with what no store of it holds yet (all DER).

    Issuing certificates stand there although the seal carries them, too: what a time stamp
    proves to have existed, other verifiers take from the store only.

    :raises DomainError: ``pdf_not_extendable``.
    """
    return opened(pdf).with_store(StoreRevision(tuple(certificates), tuple(crls), tuple(ocsps))).pdf


def with_archive_stamp(
    pdf: bytes, stamper: ports.TimeStamper, now: datetime, *, imprint: str = "sha256"
) -> bytes:
    """B-LTA: the file followed by a document time stamp over everything before it.

    :param imprint: hash of what is stamped, as the long-term policy names it.
    :param now: the present; a token that is malformed, foreign or from the future is not appended.
    :raises DomainError: ``pdf_not_extendable``, ``timestamp_invalid``.
    :raises ServiceUnavailable: the time-stamp authority does not answer.
    """
    file = opened(pdf)
    last = file.stamps[-1].token if file.stamps else embedded_token(pdf[: file.sealed_end])[0]
    room = _room(len(last))
    for _ in range(3):
        _, digest = file.prepare_stamp(room, imprint)
        token = stamper.stamp(digest)
        read_token(token, digest, now)
        if len(token) <= room:
            return file.with_stamp(token, room).pdf
        room = _room(len(token))
    raise DomainError("pdf_not_extendable", reason="the tokens of the authority do not fit")


def _room(size: int) -> int:
    return min(-(-(size + _SPARE) // 1024) * 1024, MAX_ROOM)
