"""Long-term data for renditions that are kept as files: B-LT, B-LTA and renewal.

Files are extended by command, which asks responders too. A file is replaced as a whole or not at all, and
only by itself with something appended.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.signing.anchors import bundle_anchors
from hocbaso.apps.signing.ports import KeyProvider, key_provider
from hocbaso.core.errors import DomainError, ServiceUnavailable, Unreadable, register
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.pades_check import sealed_file
from hocbaso.engines.trust.pades_extend import Extender
from hocbaso.engines.trust.pades_revisions import SealedFile
from hocbaso.engines.trust.verification.pdf import MAX_PDF, attached_documents

register(
    {
        "pdf_cannot_write": (
            "Không ghi được tệp {path}: {why}. Tệp cũ được giữ nguyên.",
            "Cannot write {path}: {why}.",
        ),
    }
)

#: What a run says of one file.
KEPT, EXTENDED, REFUSED, WAITING = "kept", "extended", "refused", "waiting"


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. ``due``: from when on it is to be renewed."""

    path: Path
    state: str  # KEPT, EXTENDED, REFUSED, WAITING
    before: str = ""
    after: str = ""
    due: datetime | None = None
    error: DomainError | None = None  # why it is not better than it is
    lacking: tuple[str, ...] = ()  # codes of what signatures inside lack still


def extender(provider: KeyProvider | None = None, gatherer: Gatherer | None = None) -> Extender:
    """An extender under the node's trust.

    :param gatherer: where revocation answers come from; ``None``: what the key provider holds, no network.
    """
    trust = (provider or key_provider()).trust()
    return Extender(bundle_anchors(trust), gatherer or Gatherer(trust), long_term_policy(clock.today()))


def better_file(content: bytes, path: Path) -> SealedFile | None:
    """The file at ``path`` when it is ``content`` with more behind it: it must not be replaced."""
    try:
        there = path.read_bytes()
    except OSError:
        return None
    if len(there) <= len(content) or not there.startswith(content):
        return None
    file = sealed_file(there)
    return file if file is not None and file.complete else None


def archive_files(
    actor: Actor, *, paths: Iterable[Path], gatherer: Gatherer | None = None, stamp: bool = True
) -> Iterator[FileOutcome]:
    """Extend sealed renditions where they lie: long-term data, then a time stamp where one is due.

    Each file is written beside and renamed; a run that was killed goes on with the next one, and a file that
    lacks nothing is not touched. Once no time-stamp authority answers, the rest of the files wait.

    :param stamp: ``False``: long-term data only (B-LT), no time stamps.
    :raises NotAllowed: the policy.
    """
    require(actor, "transcripts.archive_files")
    using, counts = extender(gatherer=gatherer), dict[str, int]()
    silent: ServiceUnavailable | None = None
    for path in paths:
        outcome = _archived(using, path, stamp=stamp, silent=silent)
        if isinstance(outcome.error, ServiceUnavailable):
            silent = outcome.error
        counts[outcome.state] = counts.get(outcome.state, 0) + 1
        yield outcome
    with transaction.atomic():
        record(actor, "transcripts.files_archived", files=counts)


def _archived(using: Extender, path: Path, *, stamp: bool, silent: ServiceUnavailable | None) -> FileOutcome:
    now, before = clock.now(), ""
    try:
        pdf = _read(path)
        before = using.standing(pdf, now).level
        documents, waits = attached_documents(pdf)[0], silent
        if stamp and silent is None:
            try:
                done = using.archive(pdf, documents, key_provider().stamper(), now)
            except ServiceUnavailable as error:
                waits = error
        if not stamp or waits is not None:
            done = using.long_term(pdf, documents, now)
        _write(path, pdf, done.pdf)
        after = using.standing(done.pdf, now)
    except DomainError as error:
        return FileOutcome(path, REFUSED, before, before, error=error)
    state = WAITING if waits is not None else EXTENDED if done.pdf != pdf else KEPT
    return FileOutcome(path, state, before, after.level, after.due, waits, done.lacking)


def _read(path: Path) -> bytes:
    try:
        if path.is_symlink() or not path.is_file():
            raise Unreadable("pdf_unreadable", reason="not a plain file")
        with path.open("rb") as stream:
            content = stream.read(MAX_PDF + 1)
    except OSError as error:
        raise Unreadable("pdf_unreadable", reason=str(error.strerror)) from error
    if len(content) > MAX_PDF:
        raise Unreadable("verify_too_large", what="tệp PDF", limit=f"{MAX_PDF // 2**20} MB")
    return content


def _write(path: Path, old: bytes, new: bytes) -> None:
    """Whole or not at all, and never less than there was."""
    if new == old:
        return
    file = sealed_file(new)
    if not new.startswith(old) or file is None or not file.complete:
        raise DomainError("pdf_not_extendable", reason="the extended file does not read back")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)  # of a run that was killed
        with temporary.open("xb") as stream:  # a link that somebody laid there leads nowhere
            stream.write(new)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DomainError("pdf_cannot_write", path=path.name, why=str(error.strerror)) from error
