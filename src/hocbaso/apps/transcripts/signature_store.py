"""What signing leaves in the database: the signature, the duty done, the sheet moved on, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hocbaso.apps.common import clock
from hocbaso.apps.signing import key_infos
from hocbaso.apps.signing.models import Certificate, SigningBatch, SigningItem
from hocbaso.apps.transcripts.models import SheetSignature, SubjectDuty, YearSheet
from hocbaso.apps.transcripts.states import STEPS
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust import xades

#: The chain's signatures stand after those of the subject teachers.
AFTER_TEACHERS = 100


@dataclass(slots=True)
class Failure:
    """One sheet that could not be signed or issued, and why."""

    code: str
    pupil: str
    reason_code: str
    reason: str

    def to_json(self) -> dict[str, str]:
        return {
            "code": self.code,
            "pupil": self.pupil,
            "reason_code": self.reason_code,
            "reason": self.reason,
        }


@dataclass(slots=True)
class Outcome:
    """What one run did."""

    signed: int = 0
    waiting: int = 0
    sealed: int = 0  # of the seal: made, and waiting for a time stamp
    failed: list[Failure] = field(default_factory=list)


@dataclass(slots=True)
class Made:
    """A signature text that is not stored yet."""

    sheet: YearSheet
    text: bytes
    previous: list[SheetSignature]
    duty: SubjectDuty | None = None  # of a subject teacher
    signed_at: datetime | None = None  # when the key made it; by default when it is stored


def fail(item: SigningItem, error: DomainError, outcome: Outcome) -> None:
    """Note on the item why it was not signed; others go on. What another window signed meanwhile stays so."""
    rows = SigningItem.objects.filter(pk=item.pk, state="waiting")
    rows.update(state="failed", reason=error.message[:300], at=clock.now())
    outcome.failed.append(Failure(item.sheet.code, item.sheet.pupil.code, error.code, error.message))


def store_signatures(
    made: Sequence[tuple[SigningItem, Made]], batch: SigningBatch, certificate: Certificate
) -> set[int]:
    """Keep the signatures and move the sheets on. At most eight queries whatever the number.

    :returns: the keys of the sheets that were signed; with the others somebody else was faster.
    """
    step = STEPS[SignerRole(batch.role)]
    authorised = {one.sheet.pk: item.digest for item, one in made}
    waiting = (
        YearSheet.objects.select_for_update().filter(pk__in=authorised, state=step.before).order_by("pk")
    )
    signed = {pk for pk, digest in waiting.values_list("pk", "digest") if digest == authorised[pk]}
    if step.role is SignerRole.SUBJECT_TEACHER:
        signed &= _do_duties([one.duty for _, one in made if one.duty and one.sheet.pk in signed])
    is_seal, now = step.role is SignerRole.SEAL, clock.now()
    key_infos.keep({xades.pack_signature(one.text)[1] for _, one in made})
    SheetSignature.objects.bulk_create(
        SheetSignature(
            sheet=one.sheet,
            role=step.role,
            signature_id=one.duty.signature_id if one.duty else xades.signature_id_for(step.role),
            position=one.duty.position if one.duty else AFTER_TEACHERS,
            signer=None if is_seal else batch.user,
            signer_name=batch.school.name if is_seal else batch.user.full_name,
            certificate=certificate,
            text=one.text,
            signed_at=one.signed_at or now,
        )
        for _, one in made
        if one.sheet.pk in signed
    )
    moved = YearSheet.objects.filter(pk__in=signed)
    if step.role is SignerRole.SUBJECT_TEACHER:  # with the last of them the sheet moves on
        moved = moved.exclude(duties__signed=False)
    moved.update(state=step.after)
    items = [item.pk for item, one in made if one.sheet.pk in signed]
    SigningItem.objects.filter(pk__in=items).update(state="signed", reason="", at=now)
    return signed


def _do_duties(duties: Sequence[SubjectDuty]) -> set[int]:
    """Mark duties as done; the sheets of those that nobody had done before. Two queries."""
    keys = [duty.pk for duty in duties]
    found = SubjectDuty.objects.select_for_update().filter(pk__in=keys, signed=False).order_by("pk")
    fresh = dict(found.values_list("pk", "sheet_id"))
    SubjectDuty.objects.filter(pk__in=fresh).update(signed=True)
    return set(fresh.values())
