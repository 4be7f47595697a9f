"""Sign a list of sheets in one role: one authorisation, item by item, resumable (experience.md 6.4).

Keys sign outside any transaction; results are stored a few at a time. A process that dies in between has
stored whole items only, and running again signs what is left: a sheet moves on by a conditional update, and
the database holds one live signature a role.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember, User
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.signing.models import BatchState, Certificate, SigningBatch, SigningItem
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.signing.register import Seat, registered, store
from hocbaso.apps.transcripts.models import SheetSignature, SubjectDuty, YearSheet
from hocbaso.apps.transcripts.signature_store import Made, Outcome, fail, store_signatures
from hocbaso.apps.transcripts.states import OPEN_STATES, STEPS
from hocbaso.core.document.emit import digest as digest_of_text
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.authority import SigningWarning, check_certificate_for_signing
from hocbaso.engines.trust.ports import Signer
from hocbaso.engines.trust.providers.listing import sign_list

register(
    {
        "sheet_bytes_changed": (
            "Nội dung lưu trữ không còn khớp mã tóm lược đã hiển thị. Chưa ký; hãy báo quản trị hệ thống.",
            "The stored bytes no longer match the digest that was shown.",
        ),
        "sheet_moved_on": (
            "Học bạ không còn ở bước này (đã ký, đã trả lại hoặc đã phát hành). Hãy tải lại trang.",
            "The sheet is no longer at this step.",
        ),
        "nothing_to_sign": (
            "Không có học bạ nào chờ ký ở bước này.",
            "No sheet waits for a signature at this step.",
        ),
    }
)

CHUNK = 25
#: Whose signatures each role's own refers to: the order is provable (trust.md section 2).
_BEFORE = {
    SignerRole.HOMEROOM: SignerRole.SUBJECT_TEACHER,
    SignerRole.PRINCIPAL: SignerRole.HOMEROOM,
    SignerRole.SEAL: SignerRole.PRINCIPAL,
}
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


def signer_of(
    actor: Actor, role: SignerRole, school: Organisation, school_class: SchoolClass | None
) -> tuple[Signer, Seat]:
    """The key of the acting person (or of the school's seal) and the seat it signs from.

    :raises DomainError: ``no_key``.
    """
    assert actor.user is not None
    provider = key_provider()
    if role is SignerRole.SEAL:
        seal = provider.organisation(code=school.code, name=school.name)
        return seal, Seat(role, school, None, school.name, owner=school.code)
    staff = StaffMember.objects.filter(organisation=school, user=actor.user).first()
    signer = provider.person(
        account=actor.user.username,
        name=actor.user.full_name,
        personal_number=staff.personal_number if staff else "",
        school_code=school.code,
        school=school.name,
    )
    in_class = role in OF_CLASS and school_class is not None
    seat = Seat(
        role,
        school,
        actor.user,
        actor.user.full_name,
        owner=(staff.personal_number if staff else "") or actor.user.username,
        class_name=school_class.name if in_class and school_class else "",
        school_year=school_class.school_year if in_class and school_class else "",
    )
    return signer, seat


@transaction.atomic
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
    :raises DomainError: ``nothing_to_sign``, ``sheet_moved_on``.
    """
    require(actor, PERMISSIONS[role], school_class if role in OF_CLASS else school)
    if not sheets:
        raise DomainError("nothing_to_sign")
    if any(s.state != STEPS[role].before or s.school_id != school.pk for s in sheets):
        raise DomainError("sheet_moved_on")
    if role in OF_CLASS and any(s.school_class_id != (school_class and school_class.pk) for s in sheets):
        raise DomainError("sheet_moved_on")
    assert actor.user is not None
    if role is SignerRole.SUBJECT_TEACHER and len(open_duties(sheets, actor.user)) != len(sheets):
        raise DomainError("sheet_moved_on")
    assert actor.assignment is not None
    batch = SigningBatch.objects.create(
        school=school,
        school_class=school_class,
        role=role,
        user=actor.user,
        assignment=actor.assignment,
        list_digest=list_digest([s.digest for s in sheets]),
        authorised_at=clock.now(),
        method=method,
    )
    SigningItem.objects.bulk_create([SigningItem(batch=batch, sheet=s, digest=s.digest) for s in sheets])
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


def open_duties(sheets: Sequence[YearSheet], signer: User) -> dict[int, SubjectDuty]:
    """What ``signer`` still has to sign as subject teacher, by sheet. One query."""
    rows = SubjectDuty.objects.filter(sheet__in=sheets, signer=signer, signed=False)
    return {row.sheet_id: row for row in rows}


def previous_signatures(sheets: Sequence[YearSheet]) -> dict[int, list[SheetSignature]]:
    """Live signatures by sheet, in their order in the document. One query."""
    found: dict[int, list[SheetSignature]] = {s.pk: [] for s in sheets}
    rows = SheetSignature.objects.filter(sheet__in=sheets, voided_at__isnull=True).order_by("position", "id")
    for row in rows:
        found[row.sheet_id].append(row)
    return found


def prepare_signature(
    sheet: YearSheet,
    *,
    role: SignerRole,
    signer: Signer,
    previous: Sequence[bytes],
    at: datetime,
    duty: SubjectDuty | None = None,
) -> xades.Prepared:
    """What the key is asked to sign for one sheet; nothing is stored.

    :param duty: what a subject teacher signs of the sheet.
    :raises DomainError: the bytes are not what was shown, or the signatures before are not in order.
    """
    body = bytes(sheet.body)
    if digest_of_text(body) != sheet.digest:
        raise DomainError("sheet_bytes_changed")
    if duty is not None:
        return xades.prepare_subjects(
            body,
            duty.subjects,
            signing_time=at,
            certificate=signer.certificate,
            chain=signer.chain,
            number=duty.number,
        )
    return xades.prepare(
        role=role,
        objects=[xades.sheet_object(body)],
        signing_time=at,
        certificate=signer.certificate,
        chain=signer.chain,
        previous=previous,
    )


def check_signer(actor: Actor, signer: Signer, seat: Seat) -> SigningWarning | None:
    """The guards of trust.md 2, before anything is signed.

    :returns: a warning when the certificate ends within 60 days.
    :raises DomainError: expired, not yet valid, revoked, unknown revocation, somebody else's, not registered.
    """
    now = clock.now()
    answer = key_provider().revocation(signer.certificate, now)
    warning = check_certificate_for_signing(signer.certificate, now, answer, registered_to=seat.owner)
    registered(actor, signer, seat)
    return warning


def _chunks(items: list[SigningItem]) -> Iterator[list[SigningItem]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def run_batch(actor: Actor, batch: SigningBatch, *, limit: int | None = None) -> Outcome:
    """Sign what is left of an authorised batch; call it again to resume.

    A key that stops (token pulled out, service away) stops the run: what was signed is stored, the rest
    waits.

    :param limit: at most so many items in this call (the screen works in small steps and shows progress).
    :raises NotAllowed: the actor is not the person who authorised the batch.
    :raises DomainError: why the key stopped.
    """
    role = SignerRole(batch.role)
    if role is SignerRole.SEAL:
        from hocbaso.apps.transcripts.use_cases.issue_sheets import store_issued as finish
    else:
        finish = _store_signed
    require(actor, PERMISSIONS[role], batch.school_class if role in OF_CLASS else batch.school)
    if actor.user is None or actor.user.pk != batch.user_id:
        raise DomainError("sheet_moved_on")
    items = list(
        batch.items.filter(state="waiting").select_related("sheet", "sheet__pupil").order_by("id")[:limit]
    )
    duties: dict[int, SubjectDuty] = {}
    if role is SignerRole.SUBJECT_TEACHER:
        duties = open_duties([item.sheet for item in items], actor.user)
    signer, seat = signer_of(actor, role, batch.school, batch.school_class)
    seat = replace(seat, subjects=frozenset(code for duty in duties.values() for code in duty.subjects))
    check_signer(actor, signer, seat)
    certificate = store(signer.certificate)
    outcome = Outcome()
    for chunk in _chunks(items):
        made, stop = _sign_chunk(chunk, role, signer, duties, outcome)
        finish(actor, batch, certificate, made, outcome)
        if stop is not None:
            raise stop
    _finish_batch(batch)
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
    previous = previous_signatures([item.sheet for item in chunk])
    ready: list[SigningItem] = []
    prepared: list[xades.Prepared] = []
    for item in chunk:
        sheet, duty = item.sheet, duties.get(item.sheet_id)
        try:
            if sheet.state != STEPS[role].before or sheet.digest != item.digest:
                raise DomainError("sheet_moved_on")
            if role is SignerRole.SUBJECT_TEACHER and duty is None:
                raise DomainError("sheet_moved_on")
            texts = [bytes(s.text) for s in previous[item.sheet_id] if s.role == _BEFORE.get(role)]
            prepared.append(
                prepare_signature(sheet, role=role, signer=signer, previous=texts, at=clock.now(), duty=duty)
            )
            ready.append(item)
        except DomainError as error:
            fail(item, error, outcome)
    made: list[tuple[SigningItem, Made]] = []
    for item, result in zip(ready, sign_list(signer, prepared), strict=True):
        if isinstance(result, bytes):
            one = Made(item.sheet, result, previous[item.sheet_id], duties.get(item.sheet_id))
            made.append((item, one))
        elif result.stopped:
            return made, result.error
        else:
            fail(item, result.error, outcome)
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
    with transaction.atomic():
        moved = store_signatures(made, batch, certificate)
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


def _finish_batch(batch: SigningBatch) -> None:
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

    :param signer: only those on which this subject teacher still has something to sign.
    """
    rows = YearSheet.objects.filter(school=school, school_year=year, state=STEPS[role].before).select_related(
        "pupil", "school_class"
    )
    if school_class is not None:
        rows = rows.filter(school_class=school_class)
    if signer is not None:
        rows = rows.filter(duties__signer=signer, duties__signed=False)
    return list(rows.order_by("school_class__grade", "school_class__name", "enrolment__order", "id"))


def earlier(school: Organisation, year: str, role: SignerRole) -> int:
    """How many sheets still stand at a step before ``role``'s. One query."""
    before = OPEN_STATES[: OPEN_STATES.index(STEPS[role].before)]
    return YearSheet.objects.filter(school=school, school_year=year, state__in=before).count()
