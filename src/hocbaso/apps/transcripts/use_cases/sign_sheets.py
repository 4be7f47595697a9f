"""Sign a list of sheets in one role: one authorisation, item by item, resumable (experience.md 6.4).

Keys sign outside any transaction; results are stored a few at a time. A process that dies in between has
stored whole items only, and running again signs what is left: a sheet moves on by a conditional update, and
the database holds one live signature a role.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import QuerySet

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember, User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.common.rows import Rows
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.signing.authority import revocation_of
from hocbaso.apps.signing.elsewhere.models import Place
from hocbaso.apps.signing.elsewhere.places import Owner, held_by
from hocbaso.apps.signing.models import BatchState, Certificate, SigningBatch, SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import Seat, registered, store
from hocbaso.apps.transcripts.models import SubjectDuty, YearSheet
from hocbaso.apps.transcripts.signature_store import Made, Outcome, fail, prepare_signatures, store_signatures
from hocbaso.apps.transcripts.states import OPEN_STATES, STEPS
from hocbaso.apps.transcripts.use_cases.prepare_signatures import Key, open_duties, prepare_items
from hocbaso.apps.transcripts.waiting.models import SealState
from hocbaso.apps.transcripts.waiting.queries import refuse_waiting
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import SigningWarning, check_certificate_for_signing
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.providers.listing import sign_list

register(
    {
        "nothing_to_sign": (
            "Không có học bạ nào chờ ký ở bước này.",
            "No sheet waits for a signature at this step.",
        ),
    }
)

CHUNK = 25
PERMISSIONS = {
    SignerRole.SUBJECT_TEACHER: "signing.subject",
    SignerRole.HOMEROOM: "signing.homeroom",
    SignerRole.PRINCIPAL: "signing.principal",
    SignerRole.SEAL: "signing.seal",
}
#: Roles whose lists are of one class.
OF_CLASS = (SignerRole.SUBJECT_TEACHER, SignerRole.HOMEROOM)


def list_digest(digests: Sequence[str]) -> str:
    """The digest of exactly the list that the signer saw, in its order of display or any other."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def seat_of(
    actor: Actor, role: SignerRole, school: Organisation, school_class: SchoolClass | None
) -> tuple[Seat, str]:
    """The seat that the acting person signs from, and the personal number of the staff file. One query."""
    assert actor.user is not None
    if role is SignerRole.SEAL:
        return Seat(role, school, None, school.name, owner=school.code), ""
    staff = StaffMember.objects.filter(organisation=school, user=actor.user).first()
    number = staff.personal_number if staff else ""
    of_class = school_class if role in OF_CLASS else None
    seat = Seat(
        role,
        school,
        actor.user,
        actor.user.full_name,
        owner=number or actor.user.username,
        class_name=of_class.name if of_class else "",
        school_year=of_class.school_year if of_class else "",
    )
    return seat, number


def signer_of(
    actor: Actor, role: SignerRole, school: Organisation, school_class: SchoolClass | None
) -> tuple[Signer, Seat]:
    """The key of the acting person (or of the school's seal) and the seat it signs from.

    Of a key in a remote service or behind the local agent it is the certificate alone.

    :raises DomainError: ``no_key``, ``key_place_unset``, ``token_session_needed``.
    """
    seat, number = seat_of(actor, role, school, school_class)
    held = held_by(Owner.of(seat))
    if held.place in (Place.REMOTE, Place.AGENT):
        return held.signer(), seat
    return node_signer(seat, number), seat


def node_signer(seat: Seat, number: str) -> Signer:
    """The signer that the node's provider gives for a seat. :raises DomainError: ``no_key``, …"""
    provider, school = key_provider(), seat.school
    if seat.user is None:
        return provider.organisation(code=school.code, name=school.name)
    return provider.person(
        account=seat.user.username,
        name=seat.user.full_name,
        personal_number=number,
        school_code=school.code,
        school=school.name,
    )


def authorise(
    actor: Actor,
    *,
    role: SignerRole,
    school: Organisation,
    sheets: Sequence[YearSheet],
    school_class: SchoolClass | None = None,
    method: str,
) -> SigningBatch:
    """One authorisation over exactly these sheets and these digests.

    :param method: how the person confirmed: "totp" on the screen, "cli" in the sandbox.
    :raises NotAllowed: wrong role, class, school, or no second factor.
    :raises DomainError: ``nothing_to_sign``, ``sheet_moved_on``, ``seal_waits_for_stamp``.
    """
    require(actor, PERMISSIONS[role], school_class if role in OF_CLASS else school)
    if not sheets:
        raise DomainError("nothing_to_sign")
    if any(s.state != STEPS[role].before or s.school_id != school.pk for s in sheets):
        raise DomainError("sheet_moved_on")
    if role in OF_CLASS and any(s.school_class_id != (school_class and school_class.pk) for s in sheets):
        raise DomainError("sheet_moved_on")
    if role is SignerRole.SEAL:
        refuse_waiting(sheets)
    assert actor.user is not None
    if role is SignerRole.SUBJECT_TEACHER and len(open_duties(sheets, actor.user)) != len(sheets):
        raise DomainError("sheet_moved_on")
    assert actor.assignment is not None
    batch = SigningBatch(
        school=school,
        school_class=school_class,
        role=role,
        user=actor.user,
        assignment=actor.assignment,
        list_digest=list_digest([s.digest for s in sheets]),
        authorised_at=clock.now(),
        method=method,
    )
    items = Rows(SigningItem(batch=batch, sheet=s, digest=s.digest) for s in sheets)
    with transaction.atomic():  # what was looked at above is looked at again when a signature is stored
        batch.save(force_insert=True)
        items.put("batch_id", [batch.pk] * len(sheets))
        items.insert()
        record(
            actor,
            "signing.authorised",
            f"batch:{batch.pk}",
            organisation=school.code,
            role=str(role),
            count=len(sheets),
            list_digest=batch.list_digest,
            method=method,
        )
    return batch


def check_signer(actor: Actor, signer: Signer, seat: Seat) -> SigningWarning | None:
    """The guards of trust.md 2, before anything is signed.

    :returns: a warning when the certificate ends within 60 days.
    :raises DomainError: expired, not yet valid, revoked, unknown revocation, somebody else's, not registered.
    """
    now = clock.now()
    answer = revocation_of(signer.certificate, now)
    warning = check_certificate_for_signing(signer.certificate, now, answer, registered_to=seat.owner)
    registered(actor, signer, seat)
    return warning


Finish = Callable[
    [Actor, SigningBatch, Certificate, "list[tuple[SigningItem, Made]]", Outcome],
    None,
]


def finish_of(role: SignerRole) -> Finish:
    """What stores the signatures of a role: a person's stand beside the sheet, the seal's issues it."""
    if role is SignerRole.SEAL:
        from hocbaso.apps.transcripts.use_cases.issue_sheets import store_issued

        return store_issued
    return _store_signed


def require_own(actor: Actor, batch: SigningBatch) -> SignerRole:
    """The role of a batch that the actor may go on with.

    :raises NotAllowed: the post does not sign so (any more).
    :raises DomainError: ``sheet_moved_on``: somebody else authorised it.
    """
    role = SignerRole(batch.role)
    require(actor, PERMISSIONS[role], batch.school_class if role in OF_CLASS else batch.school)
    if actor.user is None or actor.user.pk != batch.user_id:
        raise DomainError("sheet_moved_on")
    return role


def waiting_items(batch: SigningBatch) -> QuerySet[SigningItem]:
    """What is left of a batch, with its sheets, in order."""
    rows = batch.items.filter(state="waiting").select_related("sheet", "sheet__pupil", "sheet__school_class")
    return rows.order_by("id")


def duties_of_batch(batch: SigningBatch, items: Sequence[SigningItem]) -> dict[int, SubjectDuty]:
    """Of a subject teacher: what is signed of each sheet; nothing for the others."""
    if batch.role != SignerRole.SUBJECT_TEACHER:
        return {}
    return open_duties([item.sheet for item in items], batch.user)


def with_subjects(seat: Seat, duties: Mapping[int, SubjectDuty]) -> Seat:
    """The seat with the subjects that are signed from it."""
    return replace(seat, subjects=frozenset(code for duty in duties.values() for code in duty.subjects))


def run_batch(
    actor: Actor, batch: SigningBatch, *, limit: int | None = None, signer: Signer | None = None
) -> Outcome:
    """Sign what is left of an authorised batch; call it again to resume.

    A key that stops (token pulled out, service away) stops the run: what was signed is stored, the rest
    waits.

    :param limit: at most so many items in this call (the screen works in small steps and shows progress).
    :param signer: an open session of the person's key; by default what :func:`signer_of` gives.
    :raises NotAllowed: the actor is not the person who authorised the batch.
    :raises DomainError: why the key stopped.
    """
    role = require_own(actor, batch)
    items = list(waiting_items(batch)[:limit])
    if signer is None:
        signer, seat = signer_of(actor, role, batch.school, batch.school_class)
    else:
        seat, _ = seat_of(actor, role, batch.school, batch.school_class)
    duties = duties_of_batch(batch, items)
    check_signer(actor, signer, with_subjects(seat, duties))
    certificate = store(signer.certificate)
    finish, outcome = finish_of(role), Outcome()
    for start in range(0, len(items), CHUNK):
        made, stop = _sign_chunk(items[start : start + CHUNK], role, signer, duties, outcome)
        finish(actor, batch, certificate, made, outcome)
        if stop is not None:
            raise stop
    finish_batch(batch)
    outcome.waiting = batch.items.filter(state="waiting").count()
    return outcome


def _sign_chunk(
    chunk: list[SigningItem],
    role: SignerRole,
    signer: Signer,
    duties: Mapping[int, SubjectDuty],
    outcome: Outcome,
) -> tuple[list[tuple[SigningItem, Made]], DomainError | None]:
    """What was signed of the chunk, and why the key stopped if it did; a stop fails no item."""
    key = Key(role, signer.certificate, tuple(signer.chain))
    ready, refused = prepare_items(chunk, key, duties, clock.now())
    for item, error in refused:
        fail(item, error, outcome)
    made: list[tuple[SigningItem, Made]] = []
    for one, result in zip(ready, sign_list(signer, [one.prepared for one in ready]), strict=True):
        if isinstance(result, bytes):
            made.append(one.made(result))
        elif result.stopped:
            return made, result.error
        else:
            fail(one.item, result.error, outcome)
    return made, None


def _store_signed(
    actor: Actor,
    batch: SigningBatch,
    certificate: Certificate,
    made: list[tuple[SigningItem, Made]],
    outcome: Outcome,
) -> None:
    if not made:
        return
    prepared = prepare_signatures(made, batch, certificate)
    with transaction.atomic():
        moved = store_signatures(prepared)
        done = [item for item, one in made if one.sheet.pk in moved]
        if done:
            record(
                actor,
                "transcripts.signed",
                f"batch:{batch.pk}",
                organisation=batch.school.code,
                role=batch.role,
                sheets=[item.digest for item in done],
            )
    outcome.signed += len(done)
    for item, one in made:
        if one.sheet.pk not in moved:
            fail(item, DomainError("sheet_moved_on"), outcome)


def finish_batch(batch: SigningBatch) -> None:
    """A batch of which nothing waits is done."""
    if not batch.items.filter(state="waiting").exists() and batch.state != BatchState.DONE:
        batch.state, batch.finished_at = BatchState.DONE, clock.now()
        batch.save(update_fields=["state", "finished_at"])


def ready_sheets(
    school: Organisation,
    year: str,
    role: SignerRole,
    school_class: SchoolClass | None = None,
    signer: User | None = None,
) -> list[YearSheet]:
    """Sheets that wait for ``role``, in the order of the class lists. One query.

    A sheet whose seal was made and waits for its time stamp waits for nobody.

    :param signer: only those on which this subject teacher still has something to sign.
    """
    rows = YearSheet.objects.filter(school=school, school_year=year, state=STEPS[role].before).select_related(
        "pupil", "school_class"
    )
    if school_class is not None:
        rows = rows.filter(school_class=school_class)
    if signer is not None:
        rows = rows.filter(duties__signer=signer, duties__signed=False)
    if role is SignerRole.SEAL:
        rows = rows.exclude(waiting_seals__state=SealState.WAITING)
    return list(rows.order_by("school_class__grade", "school_class__name", "enrolment__order", "id"))


def earlier(school: Organisation, year: str, role: SignerRole) -> int:
    """How many sheets still stand at a step before ``role``'s. One query."""
    before = OPEN_STATES[: OPEN_STATES.index(STEPS[role].before)]
    return YearSheet.objects.filter(school=school, school_year=year, state__in=before).count()
