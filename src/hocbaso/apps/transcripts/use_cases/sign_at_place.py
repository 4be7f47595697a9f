"""Sign a batch with a key on a token at the node, or in a remote service: one PIN, or one pair of codes.

What the person types is checked inside the request; then the list is signed beside it, in the process that
holds the session or the authorisation, and the page reads from rows how far it is (``elsewhere.runs``). A key
that stops, or a process that ends, leaves the rest waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from django.views.decorators.debug import sensitive_variables

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import HandedOut, Place, Run
from hocbaso.apps.signing.elsewhere.places import (
    Held,
    Owner,
    choose,
    held_by,
    offer_of,
    open_remote,
    open_token_session,
    own_credential,
)
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.signing.register import digest_of
from hocbaso.apps.transcripts.use_cases.sign_elsewhere import (
    LIVES,
    PreparedList,
    begin,
    complete,
    load,
    require_lasting,
)
from hocbaso.apps.transcripts.use_cases.sign_sheets import (
    check_signer,
    duties_of_batch,
    require_own,
    run_batch,
    seat_of,
    waiting_items,
    with_subjects,
)
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.providers.csc import CscClient
from hocbaso.engines.trust.providers.csc_model import Authorisation, Codes

register(
    {
        "codes_too_often": (
            "Thầy cô đã nhận {n} mã trong {minutes} phút. Thầy cô chờ ít phút rồi nhận mã mới.",
            "{n} codes were sent within {minutes} minutes.",
        ),
        "codes_of_another_list": (
            "Danh sách đã thay đổi từ lúc gửi mã (có học bạ vừa được trả lại hoặc ký ở nơi khác). Chưa ký "
            "gì; thầy cô nhận mã mới cho danh sách hiện tại.",
            "The list has changed since the code was sent.",
        ),
    }
)


class Closing(Protocol):
    """A token's session, or the connection to a service."""

    def close(self) -> None: ...


#: Sheets a turn of a token: each turn is stored and seen on the page.
STEP = 5
#: Codes for one person while a list lives; each costs a message and confuses.
_MOST_CODES = 8


@dataclass(frozen=True, slots=True)
class CodesAsked:
    """A list at a remote service, and which codes it wants for exactly this list."""

    prepared: PreparedList
    service: str  # as people call it
    wants: tuple[str, ...]  # of "PIN" and "OTP"


def place_for(actor: Actor, batch: SigningBatch) -> Held:
    """Where the key for a batch is. Two queries.

    :raises NotAllowed: the post does not sign so; :raises DomainError: somebody else's batch.
    """
    role = require_own(actor, batch)
    seat, _ = seat_of(actor, role, batch.school, batch.school_class)
    return held_by(Owner.of(seat))


# --- a token at the node --------------------------------------------------------------------------------


@sensitive_variables("pin")
def start_token(actor: Actor, batch: SigningBatch, *, pin: str) -> Run:
    """Open the token with the PIN just given and sign what is left, beside the request.

    :raises DomainError: nothing was begun: ``run_under_way``, ``token_pin_wrong``, ``token_absent``, and
        the guards of ``check_signer``.
    """
    held = place_for(actor, batch)
    run = runs.claim(batch, Place.TOKEN)
    try:
        session = open_token_session(held.owner, pin)
        try:
            _check(actor, batch, session)
            remember_certificate(actor, held, session)
        except BaseException:
            session.close()
            raise
    except DomainError as error:
        runs.end(run, error)
        raise
    except BaseException:
        runs.end(run, DomainError("run_broke"))
        raise

    def work(beat: runs.Beat) -> None:
        with session:
            while True:
                require_lasting(actor, batch)
                if not run_batch(actor, batch, limit=STEP, signer=session).waiting:
                    return
                beat()

    _begin(run, work, session)
    return run


def _begin(run: Run, work: Callable[[runs.Beat], None], opened: Closing) -> None:
    """Carry the run on beside the request; where no thread is to be had, nothing stays open."""
    try:
        runs.start(run, work)
    except BaseException:
        opened.close()
        runs.end(run, DomainError("run_broke"))
        raise


def _check(actor: Actor, batch: SigningBatch, signer: Signer) -> None:
    role = require_own(actor, batch)
    seat, _ = seat_of(actor, role, batch.school, batch.school_class)
    duties = duties_of_batch(batch, list(waiting_items(batch)))
    check_signer(actor, signer, with_subjects(seat, duties))


def remember_certificate(actor: Actor, held: Held, signer: Signer) -> None:
    """What is on the token is told before the next list; nothing happens when that is known already."""
    known = held.certificate is not None and digest_of(held.certificate) == digest_of(signer.certificate)
    offer = offer_of(held)
    if not known and offer is not None:
        choose(actor, held.owner, offer, certificate=signer.certificate)


# --- a remote service -----------------------------------------------------------------------------------


def ask_codes(actor: Actor, batch: SigningBatch) -> CodesAsked:
    """Hand the list out to the remote service's key and have the person's code sent for exactly this list.

    :raises DomainError: ``codes_too_often``, ``key_place_unset``, ``remote_key_changed``, ``csc_…`` and those
        of ``begin``.
    """
    held = place_for(actor, batch)
    if runs.alive(batch):
        raise DomainError("run_under_way")
    recent = HandedOut.objects.filter(user=batch.user, created_at__gt=clock.now() - LIVES).count()
    if recent >= _MOST_CODES:
        minutes = int(LIVES.total_seconds() // 60)
        raise DomainError("codes_too_often", n=recent, minutes=minutes)
    with open_remote(held.service) as client:
        credential = own_credential(client, held)
        prepared = begin(
            actor,
            batch,
            certificate=credential.certificate,
            chain=credential.chain,
            limit=credential.multisign,
        )
        if "OTP" in credential.wants:
            client.send_otp(credential, [item.digest for item in prepared.items])
    return CodesAsked(prepared, _service_name(held), credential.wants)


def codes_asked(actor: Actor, batch: SigningBatch) -> CodesAsked | None:
    """The newest list of the batch whose codes are waited for; None when there is none (any more).

    :raises DomainError: ``csc_…``
    """
    held = place_for(actor, batch)
    row = HandedOut.objects.filter(batch=batch, user=batch.user).order_by("-pk").first()
    if row is None or row.expires_at <= clock.now() or held.place is not Place.REMOTE:
        return None
    if held.certificate is None or row.certificate_id != digest_of(held.certificate):
        return None
    prepared = load(actor, row.pk)
    if not prepared.items:
        return None
    with open_remote(held.service) as client:
        wants = own_credential(client, held).wants
    return CodesAsked(prepared, _service_name(held), wants)


@sensitive_variables("codes")
def start_remote(actor: Actor, batch: SigningBatch, *, list_id: int, codes: Mapping[str, str]) -> Run:
    """Authorise exactly the list that the codes were sent for, and sign it beside the request.

    :param codes: what the person typed, by "PIN" and "OTP".
    :raises DomainError: nothing was signed: ``run_under_way``, ``codes_of_another_list``, ``csc_code_wrong``,
        ``elsewhere_expired``, …
    """
    held = place_for(actor, batch)
    run = runs.claim(batch, Place.REMOTE)
    try:
        prepared = load(actor, list_id)
        row = HandedOut.objects.get(pk=prepared.id)
        if row.batch_id != batch.pk or row.entries.count() != len(prepared.items):
            raise DomainError("codes_of_another_list")
        client = open_remote(held.service)
        try:
            credential = own_credential(client, held)
            digests = [item.digest for item in prepared.items]
            authorisation = client.authorize(credential, digests, Codes(dict(codes)))
        except BaseException:
            client.close()
            raise
    except DomainError as error:
        runs.end(run, error)
        raise
    except BaseException:
        runs.end(run, DomainError("run_broke"))
        raise
    _begin(run, lambda beat: _sign_remote(actor, prepared, client, authorisation, beat), client)
    return run


def _sign_remote(
    actor: Actor,
    prepared: PreparedList,
    client: CscClient,
    authorisation: Authorisation,
    beat: runs.Beat,
) -> None:
    """In the provider's batches, all under the one authorisation; each batch is stored before the next."""
    step = max(1, client.settings.batch)
    with closing(client):
        for start in range(0, len(prepared.items), step):
            some = prepared.items[start : start + step]
            values = client.sign_hashes(authorisation, [item.digest for item in some])
            complete(actor, prepared, {item.id: value for item, value in zip(some, values, strict=True)})
            beat()


def _service_name(held: Held) -> str:
    offer = offer_of(held)
    return offer.name if offer else held.service
