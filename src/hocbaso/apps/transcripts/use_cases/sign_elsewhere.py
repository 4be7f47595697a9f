"""Signing in three steps where the key is somewhere else (trust.md section 2): remote service, local agent.

:func:`begin` prepares what is left of an authorised batch and notes, in rows that nobody can change, which
digest each item's value must sign, for whom, with which certificate and until when. The key holder signs.
:func:`complete` prepares everything anew from the frozen sheets, so that nothing can be completed with other
content, checks each value and stores it as ``run_batch`` does. Neither depends on a session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.apps.signing.elsewhere.absent import AbsentKey, absent_key, check_known, stored_certificates
from hocbaso.apps.signing.elsewhere.models import Entry, HandedOut
from hocbaso.apps.signing.elsewhere.refusals import note_refused
from hocbaso.apps.signing.models import BatchState, SigningBatch, SigningItem
from hocbaso.apps.signing.register import store
from hocbaso.apps.transcripts.models import SubjectDuty
from hocbaso.apps.transcripts.prepared_list import PreparedItem as PreparedItem
from hocbaso.apps.transcripts.prepared_list import PreparedList as PreparedList
from hocbaso.apps.transcripts.signature_store import Failure, Made, Outcome, fail
from hocbaso.apps.transcripts.use_cases.prepare_signatures import Key, Ready, prepare_items
from hocbaso.apps.transcripts.use_cases.sign_sheets import (
    CHUNK,
    check_signer,
    duties_of_batch,
    finish_batch,
    finish_of,
    require_own,
    seat_of,
    waiting_items,
    with_subjects,
)
from hocbaso.apps.transcripts.waiting.queries import SEALED
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.keys import verify_digest
from hocbaso.engines.trust.providers.csc_model import list_digest

register(
    {
        "elsewhere_expired": (
            "Danh sách gửi đi ký đã quá {minutes} phút nên không nhận chữ ký nữa. Những học bạ đã ký vẫn "
            "giữ nguyên; thầy cô bấm ký tiếp để gửi lại phần còn lại.",
            "The list was handed out more than {minutes} minutes ago.",
        ),
        "elsewhere_not_yours": (
            "Không có danh sách ký này, hoặc không phải của thầy cô.",
            "No such list, or another person's.",
        ),
        "elsewhere_post_ended": (
            "Phân công mà thầy cô dùng để ký đã kết thúc. Không nhận chữ ký nữa. Nếu thầy cô có phân công "
            "mới, thầy cô bỏ lần ký dở rồi ký một lần mới.",
            "The assignment under which the batch was authorised has ended.",
        ),
        "elsewhere_too_often": (
            "Thầy cô đã gửi đi ký {n} lần trong {minutes} phút. Những học bạ đã ký vẫn giữ nguyên; thầy cô "
            "chờ ít phút rồi ký tiếp.",
            "{n} lists were handed out within {minutes} minutes.",
        ),
        "elsewhere_given_up": (
            "Lần ký này đã dừng. Thầy cô chọn lại học bạ và ký một lần mới.",
            "The batch was given up or is finished.",
        ),
        "elsewhere_unknown_item": (
            "Chữ ký trả về cho học bạ không có trong danh sách đã gửi đi ký. Không nhận chữ ký nào.",
            "A value came for an item that is not on the list.",
        ),
        "elsewhere_changed": (
            "Nội dung của học bạ đã khác với lúc gửi đi ký. Không nhận chữ ký; thầy cô tải lại trang.",
            "What would be signed is not what was handed out.",
        ),
        "elsewhere_replayed": (
            "Chữ ký này đã dùng rồi; mỗi chữ ký chỉ nhận một lần.",
            "The item is signed already, or the value belongs to an earlier list.",
        ),
        "elsewhere_swapped": (
            "Chữ ký trả về là của một học bạ khác trong danh sách. Không nhận; học bạ này vẫn chờ ký.",
            "The value signs another item of the list.",
        ),
        "elsewhere_foreign": (
            "Chữ ký trả về không ký đúng nội dung đã gửi đi bằng chứng thư số {serial}. Không nhận; học bạ "
            "này vẫn chờ ký.",
            "The value does not sign the digest with the key of certificate {serial}.",
        ),
    }
)

#: How long values of one list are taken.
LIVES = timedelta(minutes=15)
#: Lists for one person while a list lives: their rows stay for ever.
MOST_LISTS = 40
#: So many refused values a call are looked at for what they are; the rest are simply foreign.
_EXAMINED = 20
#: States of an item whose value was taken; a seal may still wait for its time stamp.
_TAKEN = ("signed", SEALED)
_MOST_OCTETS = 1024


def begin(
    actor: Actor,
    batch: SigningBatch,
    *,
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate] = (),
    limit: int | None = None,
) -> PreparedList:
    """Prepare what is left of an authorised batch for a key that is elsewhere.

    :param chain: issuing certificates as the key's place tells them, in any order; only real issuers of
        ``certificate`` below a root are used, those that this node knows first of all.
    :param limit: at most so many items (what one authorisation of a remote service covers).
    :raises NotAllowed: the post does not sign so.
    :raises DomainError: ``nothing_to_sign``, ``sheet_moved_on`` (another's batch), ``elsewhere_post_ended``,
        ``elsewhere_given_up``, ``elsewhere_too_often``, ``elsewhere_unregistered``, and the guards of
        ``check_signer``.
    """
    role = require_lasting(actor, batch)
    _require_running(batch)
    recent = HandedOut.objects.filter(user=batch.user, created_at__gt=clock.now() - LIVES).count()
    if recent >= MOST_LISTS:
        raise DomainError("elsewhere_too_often", n=recent, minutes=int(LIVES.total_seconds() // 60))
    held = absent_key(certificate, chain)
    items = list(waiting_items(batch)[:limit])
    duties = _check(actor, batch, items, held, role)
    at = clock.now().replace(microsecond=0)
    ready, refused = prepare_items(items, _key(role, held), duties, at)
    for item, error in refused:
        fail(item, error, Outcome())
    if not ready:
        finish_batch(batch)
        raise DomainError("nothing_to_sign")
    row = _hand_out(actor, batch, held, at, ready)
    return _prepared_list(row, held, ready)


def load(actor: Actor, list_id: int) -> PreparedList:
    """A list that was handed out, with what of it still waits; prepared anew and compared with its digests.

    :raises NotFound: ``elsewhere_not_yours``;
    :raises DomainError: as :func:`complete` of the whole list.
    """
    row = _own_row(actor, list_id)
    role = require_lasting(actor, row.batch)
    held = _held(row)
    ready, _ = _again(row, [e for e in _entries(row) if e.item.state == "waiting"], held, role)
    return _prepared_list(row, held, [one for one, digest in ready if one.prepared.digest == digest])


def complete(actor: Actor, prepared_list: PreparedList | int, values: Mapping[int, bytes]) -> Outcome:
    """Take values that the key holder made; call it with parts of the list, as they come.

    Of the list only its ``id`` is believed; everything else is read again. What is refused is named in
    ``Outcome.failed``; an item whose value was refused still waits.

    :param values: by ``PreparedItem.id``: RSA PKCS#1 v1.5, or ECDSA r||s.
    :returns: ``failed`` with codes ``elsewhere_replayed``, ``elsewhere_swapped``, ``elsewhere_foreign``,
        ``elsewhere_changed``, ``sheet_moved_on``.
    :raises NotAllowed: the post does not sign so (any more).
    :raises NotFound: ``elsewhere_not_yours``: no such list, or another user's.
    :raises DomainError: nothing of the call is taken: ``elsewhere_expired``, ``elsewhere_post_ended``,
        ``elsewhere_given_up``, ``elsewhere_unknown_item``, the guards of ``check_signer``.
    """
    row = _own_row(actor, prepared_list if isinstance(prepared_list, int) else prepared_list.id)
    role = require_lasting(actor, row.batch)
    entries = _entries(row)
    if not set(values) <= {entry.item_id for entry in entries}:
        raise DomainError("elsewhere_unknown_item")
    held, outcome = _held(row), Outcome()
    wanted = [entry for entry in entries if entry.item_id in values]
    open_entries = [entry for entry in wanted if entry.item.state not in _TAKEN]
    if open_entries:
        _require_running(row.batch)
    _check(actor, row.batch, [entry.item for entry in open_entries], held, role)
    for entry in wanted:
        if entry.item.state in _TAKEN:
            _refuse(entry.item, DomainError("elsewhere_replayed"), outcome)
        elif entry.item.state != "waiting":
            _refuse(entry.item, DomainError("sheet_moved_on"), outcome)
    open_entries = [entry for entry in open_entries if entry.item.state == "waiting"]
    finish = finish_of(role)
    for start in range(0, len(open_entries), CHUNK):
        made = _take(row, open_entries[start : start + CHUNK], entries, held, values, outcome)
        finish(actor, row.batch, row.certificate, made, outcome)
    _note_refusals(actor, row, outcome)
    finish_batch(row.batch)
    outcome.waiting = row.batch.items.filter(state="waiting").count()
    return outcome


# --- who may --------------------------------------------------------------------------------------------


def require_lasting(actor: Actor, batch: SigningBatch) -> SignerRole:
    """The role of a batch whose post and account last at this moment, not only when ``actor`` was read: a
    run beside the request outlives it.

    :raises NotAllowed: the post does not sign so. :raises DomainError: ``elsewhere_post_ended``,
        ``sheet_moved_on`` (another's batch).
    """
    role = require_own(actor, batch)
    lasting = Assignment.objects.filter(valid_on(clock.today()), pk=batch.assignment_id, user__is_active=True)
    if not lasting.exists():
        raise DomainError("elsewhere_post_ended")
    return role


def _require_running(batch: SigningBatch) -> None:
    if batch.state == BatchState.DONE:
        raise DomainError("elsewhere_given_up")


def _own_row(actor: Actor, list_id: int) -> HandedOut:
    rows = HandedOut.objects.select_related(
        "certificate", "batch__school", "batch__school_class__school", "batch__user"
    )
    row = rows.filter(pk=list_id).first()
    if row is None or actor.user is None or row.user_id != actor.user.pk or row.batch.user_id != row.user_id:
        raise NotFound("elsewhere_not_yours")
    if clock.now() >= row.expires_at:
        raise DomainError("elsewhere_expired", minutes=int(LIVES.total_seconds() // 60))
    return row


def _check(
    actor: Actor, batch: SigningBatch, items: Sequence[SigningItem], held: AbsentKey, role: SignerRole
) -> dict[int, SubjectDuty]:
    """The guards of trust.md 2, asked anew with every call: a certificate may be revoked meanwhile."""
    seat, _ = seat_of(actor, role, batch.school, batch.school_class)
    check_known(held.certificate, seat)
    duties = duties_of_batch(batch, items)
    check_signer(actor, held, with_subjects(seat, duties))
    return duties


# --- what is handed out ---------------------------------------------------------------------------------


def _key(role: SignerRole, held: AbsentKey) -> Key:
    return Key(role, held.certificate, held.chain)


@transaction.atomic
def _hand_out(
    actor: Actor, batch: SigningBatch, held: AbsentKey, at: datetime, ready: Sequence[Ready]
) -> HandedOut:
    certificate, *chain = [store(one) for one in (held.certificate, *held.chain)]
    row = HandedOut.objects.create(
        batch=batch,
        user=batch.user,
        certificate=certificate,
        chain=[one.digest for one in chain],
        signing_time=at,
        list_digest=list_digest([one.prepared.digest for one in ready]),
        created_at=at,
        expires_at=at + LIVES,
    )
    Entry.objects.bulk_create(
        Entry(handed_out=row, item=one.item, digest=one.prepared.digest.hex()) for one in ready
    )
    record(
        actor,
        "signing.handed_out",
        f"batch:{batch.pk}",
        organisation=batch.school.code,
        certificate=certificate.digest,
        count=len(ready),
        list_digest=row.list_digest,
    )
    return row


def _prepared_list(row: HandedOut, held: AbsentKey, ready: Sequence[Ready]) -> PreparedList:
    items = tuple(
        PreparedItem(
            one.item.pk,
            one.prepared.signed_info,
            one.item.sheet,
            tuple(one.duty.subjects) if one.duty else (),
        )
        for one in ready
    )
    return PreparedList(
        row.pk, row.batch, held.certificate, held.chain, items, row.list_digest, row.expires_at
    )


def _entries(row: HandedOut) -> list[Entry]:
    rows = row.entries.select_related("item__sheet__pupil", "item__sheet__school_class")
    return list(rows.order_by("item_id"))


def _held(row: HandedOut) -> AbsentKey:
    certificate, *chain = stored_certificates([row.certificate_id, *row.chain])
    return AbsentKey(certificate, tuple(chain))


# --- what comes back ------------------------------------------------------------------------------------


def _again(
    row: HandedOut, entries: Sequence[Entry], held: AbsentKey, role: SignerRole
) -> tuple[list[tuple[Ready, bytes]], list[tuple[SigningItem, DomainError]]]:
    """What each entry stands for, prepared anew, with the digest that was handed out."""
    items = [entry.item for entry in entries]
    duties = duties_of_batch(row.batch, items)
    ready, refused = prepare_items(items, _key(role, held), duties, row.signing_time)
    digests = {entry.item_id: bytes.fromhex(entry.digest) for entry in entries}
    return [(one, digests[one.item.pk]) for one in ready], refused


def _take(
    row: HandedOut,
    chunk: Sequence[Entry],
    entries: Sequence[Entry],
    held: AbsentKey,
    values: Mapping[int, bytes],
    outcome: Outcome,
) -> list[tuple[SigningItem, Made]]:
    """The signatures of those whose values hold; the others are named."""
    ready, refused = _again(row, chunk, held, SignerRole(row.batch.role))
    for item, error in refused:  # returned, signed in another window: it will never be signed here
        fail(item, error, outcome)
    made = []
    for one, digest in ready:
        value = bytes(values[one.item.pk])
        if one.prepared.digest != digest:
            _refuse(one.item, DomainError("elsewhere_changed"), outcome)
            continue
        try:
            made.append(one.made(xades.complete(one.prepared, value)))
        except DomainError:
            _refuse(one.item, _what_it_is(row, one.item, entries, held, value, outcome), outcome)
    return made


def _what_it_is(
    row: HandedOut,
    item: SigningItem,
    entries: Sequence[Entry],
    held: AbsentKey,
    value: bytes,
    outcome: Outcome,
) -> DomainError:
    """Why a value was refused, by name."""
    foreign = DomainError("elsewhere_foreign", serial=row.certificate.serial)
    if len(value) > _MOST_OCTETS or len(outcome.failed) >= _EXAMINED:
        return foreign
    if _signs_one_of(held, [entry.digest for entry in entries if entry.item_id != item.pk], value):
        return DomainError("elsewhere_swapped")
    earlier = Entry.objects.filter(item=item).exclude(handed_out=row).values_list("digest", flat=True)
    return DomainError("elsewhere_replayed") if _signs_one_of(held, list(earlier), value) else foreign


def _signs_one_of(held: AbsentKey, digests: Sequence[str], value: bytes) -> bool:
    return any(verify_digest(held.certificate, bytes.fromhex(digest), value) for digest in digests)


def _refuse(item: SigningItem, error: DomainError, outcome: Outcome) -> None:
    outcome.failed.append(Failure(item.sheet.code, item.sheet.pupil.code, error.code, error.message))


def _note_refusals(actor: Actor, row: HandedOut, outcome: Outcome) -> None:
    codes = [one.reason_code for one in outcome.failed if one.reason_code.startswith("elsewhere_")]
    note_refused(actor, row, {code: codes.count(code) for code in sorted(set(codes))})
