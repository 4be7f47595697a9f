"""Complete seals that wait, when an authority answers again. Once only, by any number of workers, kill-safe.

A worker claims a few rows for a while, asks for the stamps outside any transaction, looks at everything again
as of the stamp's time and stores as ``store_issued`` does. A worker that dies has stored whole sheets only;
what it had claimed is free again when the claim ends. The sheets' rows are locked first, always in the same
order, and every row ends by a conditional change: a return, a second worker and this one undo nothing of each
other's.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby

from django.db import IntegrityError, transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.signing.models import SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import SheetSignature, YearSheet
from hocbaso.apps.transcripts.signature_store import Made
from hocbaso.apps.transcripts.states import STEPS
from hocbaso.apps.transcripts.use_cases.issue_sheets import Issue, Sealed, signers_of, store_sealed
from hocbaso.apps.transcripts.use_cases.prepare_signatures import previous_signatures
from hocbaso.apps.transcripts.waiting.models import SealState, WaitingSeal
from hocbaso.apps.transcripts.waiting.queries import waiting
from hocbaso.apps.transcripts.waiting.standing import NOT_YET, SignersOf
from hocbaso.core.document.emit import digest as digest_of_text
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.stampers import stamp_all

_log = logging.getLogger(__name__)
_BEFORE = STEPS[SignerRole.SEAL].before
CHUNK = 50
#: How long rows are one worker's; far longer than a chunk takes, even with authorities that time out.
LEASE = timedelta(minutes=5)
register(
    {
        "seal_sheet_moved": (
            "Học bạ không còn ở bước chờ phát hành, nên con dấu đang chờ dấu thời gian không dùng nữa.",
            "The sheet no longer waits for its issue.",
        ),
        "seal_not_over_sheet": (
            "Con dấu đang chờ không khớp nội dung hoặc chữ ký hiện có của học bạ. Chưa phát hành; hãy báo "
            "quản trị hệ thống.",
            "The waiting seal does not fit the sheet or its signatures.",
        ),
        "seal_issue_conflict": (
            "Học bạ này (cùng mã, cùng phiên bản) đã có trong sổ công khai, nên không phát hành lần nữa.",
            "An entry of the same code and version stands in the log already.",
        ),
    }
)


@dataclass(slots=True)
class Completed:
    """What one run did; ``stopped`` says why it ended before the queue was empty."""

    issued: int = 0
    refused: int = 0
    left: int = 0
    stamped_by: Counter[str] = field(default_factory=Counter)
    stopped: str = ""


def complete_waiting(actor: Actor, *, most: int | None = None) -> Completed:
    """Ask for the stamps of seals that wait, oldest first, and issue.

    :param most: about so many in this call. :returns: what was done and what is left.
    :raises NotAllowed: policy ``timestamps.complete``.
    """
    require(actor, "timestamps.complete")
    done, claimed = Completed(), list[int]()
    try:
        while (most is None or len(claimed) < most) and not done.stopped:
            rows = _claim()
            if not rows:
                break
            claimed += [row.pk for row in rows]
            _complete(actor, rows, done)
    finally:  # at the end: what could not be completed in this run is not tried twice in it
        _release(claimed)
    done.left = waiting().count
    return done


def _claim() -> list[WaitingSeal]:
    """The oldest rows that nobody has in hand, mine for a while. Three queries."""
    now = clock.now()
    free = WaitingSeal.objects.filter(state=SealState.WAITING)
    free = free.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)).order_by("made_at", "pk")
    with transaction.atomic():
        keys = list(free.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
        WaitingSeal.objects.filter(pk__in=keys).update(claimed_until=now + LEASE)
    rows = WaitingSeal.objects.filter(pk__in=keys).select_related(
        "certificate",
        "sheet__pupil",
        "sheet__school",
        "item__batch__school",
        "item__batch__assignment__user",
        "item__batch__assignment__organisation",
    )
    return sorted(rows, key=lambda row: (row.item.batch_id, row.certificate_id, row.pk))


def _release(keys: Sequence[int]) -> None:
    WaitingSeal.objects.filter(pk__in=keys, state=SealState.WAITING).update(claimed_until=None)


def _complete(actor: Actor, rows: Sequence[WaitingSeal], done: Completed) -> None:
    """One chunk: look, stamp, look again, store."""
    previous = previous_signatures([row.sheet for row in rows])
    ready = [
        (row, made, signers)
        for group, signers in _by_school(rows, previous)
        for row in group
        if (made := _fit(actor, row, previous[row.sheet_id], signers, done)) is not None
    ]
    imprints = [xades.signature_value_digest(made.text) for _, made, _ in ready]
    found = stamp_all(key_provider().stamper(), imprints, clock.now()) if ready else []
    sealed: list[tuple[WaitingSeal, Sealed]] = []
    for (row, made, signers), stamp in zip(ready, found, strict=True):
        if isinstance(stamp, DomainError):
            done.stopped = stamp.message
            continue
        try:
            signers.check(signers_of(made, row.certificate, row.item.batch), stamp.info.time)
        except DomainError as error:
            _refuse(actor, row, error, done)
            continue
        sealed.append((row, Sealed.of(row.item, made, stamp)))
    for _key, batch in groupby(sealed, key=lambda pair: (pair[0].item.batch_id, pair[0].certificate_id)):
        _store(actor, list(batch), done)


def _by_school(
    rows: Sequence[WaitingSeal], previous: dict[int, list[SheetSignature]]
) -> Iterator[tuple[list[WaitingSeal], SignersOf]]:
    ordered = sorted(rows, key=lambda row: row.sheet.school_id)
    for _school, group in groupby(ordered, key=lambda row: row.sheet.school_id):
        of_school = list(group)
        signers = SignersOf(of_school[0].sheet.school)
        signers.load(
            one
            for row in of_school
            for one in signers_of(_made(row, previous[row.sheet_id]), row.certificate, row.item.batch)
        )
        yield of_school, signers


def _made(row: WaitingSeal, previous: list[SheetSignature]) -> Made:
    return Made(row.sheet, bytes(row.text), previous, signed_at=row.made_at)


def _fit(
    actor: Actor, row: WaitingSeal, previous: list[SheetSignature], signers: SignersOf, done: Completed
) -> Made | None:
    """The seal as it will be stored, when everything is still right now; otherwise it is refused or waits."""
    made = _made(row, previous)
    try:
        if row.sheet.state != _BEFORE:
            raise DomainError("seal_sheet_moved")
        _check_seal(row, made)
        signers.check(signers_of(made, row.certificate, row.item.batch), clock.now())
    except DomainError as error:
        _refuse(actor, row, error, done)
        return None
    return made


def _check_seal(row: WaitingSeal, made: Made) -> None:
    """The stored text is the school's seal over exactly this sheet and the principal's live signature.

    :raises DomainError: ``seal_not_over_sheet``.
    """
    sheet = row.sheet
    principal = [bytes(one.text) for one in made.previous if one.role == SignerRole.PRINCIPAL]
    try:
        body, parts = bytes(sheet.body), xades.read_signature(made.text)
        wanted = [xades.sheet_object(body)]
        wanted += [xades.signature_value_reference(text) for text in principal]
        right = (
            digest_of_text(body) == sheet.digest == row.digest
            and list(parts.references) == wanted
            and (parts.role, parts.ders[0]) == (SignerRole.SEAL, bytes(row.certificate.der))
            and parts.value_is_valid()
        )
    except DomainError:
        right = False
    if not right:
        raise DomainError("seal_not_over_sheet")


def _store(actor: Actor, batch: list[tuple[WaitingSeal, Sealed]], done: Completed) -> None:
    """Issue the seals of one batch together; one that cannot be stored does not hold up the others."""
    try:
        issued = _issue(batch)
    except IntegrityError:
        if len(batch) == 1:
            _refuse(actor, batch[0][0], DomainError("seal_issue_conflict"), done)
            return
        for one in batch:
            _store(actor, [one], done)
        return
    done.issued += len(issued)
    done.stamped_by.update(one.stamp.authority for row, one in batch if row.pk in issued)


def _issue(pairs: list[tuple[WaitingSeal, Sealed]]) -> set[int]:
    """Keys of the rows that are issued now. One transaction."""
    first, now = pairs[0][0], clock.now()
    sealer = Actor.of(first.item.batch.assignment, channel="system")
    issue = Issue(sealer, first.item.batch, first.certificate, [one for _, one in pairs])
    with transaction.atomic():
        _lock([row for row, _ in pairs])
        keys = [row.pk for row, _ in pairs]
        still = WaitingSeal.objects.filter(pk__in=keys, state=SealState.WAITING)
        waits = set(still.values_list("pk", flat=True))
        there = {row.sheet_id for row, _ in pairs if row.pk in waits}
        moved = store_sealed(issue, there)
        issued = {row.pk for row, _ in pairs if row.sheet_id in moved}
        WaitingSeal.objects.filter(pk__in=issued).update(
            state=SealState.ISSUED, ended_at=now, claimed_until=None
        )
    return issued


def _lock(rows: Sequence[WaitingSeal]) -> None:
    """The sheets first, in the order of their keys: whoever returns or issues does the same."""
    keys = [row.sheet_id for row in rows]
    sheets = YearSheet.objects.select_for_update(no_key=True)
    list(sheets.filter(pk__in=keys).order_by("pk").values_list("pk"))


def _refuse(actor: Actor, row: WaitingSeal, error: DomainError, done: Completed) -> None:
    """End a waiting seal with its sentence; the sheet is where it was, ready to be sealed again."""
    if error.code == NOT_YET:  # nobody could say: asked again in the next run
        _log.warning("waiting seal %d: %s", row.pk, error.message_en)
        return
    now, reason = clock.now(), error.message[:300]
    with transaction.atomic():
        _lock([row])
        ended = WaitingSeal.objects.filter(pk=row.pk, state=SealState.WAITING).update(
            state=SealState.REFUSED, reason_code=error.code, reason=reason, ended_at=now, claimed_until=None
        )
        if not ended:
            return
        SigningItem.objects.filter(pk=row.item_id).update(state="failed", reason=reason, at=now)
        record(
            actor,
            "transcripts.seal_refused",
            f"batch:{row.item.batch_id}",
            organisation=row.sheet.school.code,
            reason=error.code,
            sheets=[row.digest],
        )
    done.refused += 1
