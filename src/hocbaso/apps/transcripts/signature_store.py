"""What signing leaves in the database: the signature, the duty done, the sheet moved on, or why not."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hocbaso.apps.common import clock
from hocbaso.apps.common.rows import Rows
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


@dataclass(slots=True)
class Prepared:
    """What keeping some signatures of one batch needs, worked out before the transaction."""

    made: Sequence[tuple[SigningItem, Made]]
    batch: SigningBatch
    at: datetime
    rows: Rows  # of the signatures, in the order of ``made``
    key_infos: list[bytes]  # that were not kept when it was prepared


def prepare_signatures(
    made: Sequence[tuple[SigningItem, Made]], batch: SigningBatch, certificate: Certificate
) -> Prepared:
    """Everything about the signatures that needs no lock. One query."""
    now, role = clock.now(), SignerRole(batch.role)
    packed = [xades.pack_signature(one.text) for _, one in made]
    is_seal = role is SignerRole.SEAL
    rows = Rows(
        SheetSignature(
            sheet=one.sheet,
            role=role,
            signature_id=one.duty.signature_id if one.duty else xades.signature_id_for(role),
            position=one.duty.position if one.duty else AFTER_TEACHERS,
            signer=None if is_seal else batch.user,
            signer_name=batch.school.name if is_seal else batch.user.full_name,
            certificate=certificate,
            text=text,
            signed_at=one.signed_at or now,
        )
        for (_, one), (text, _) in zip(made, packed, strict=True)
    )
    return Prepared(made, batch, now, rows, key_infos.lacking(info for _, info in packed))


def store_signatures(prepared: Prepared, only: Container[int] | None = None) -> set[int]:
    """Keep the signatures and move the sheets on. At most eight queries whatever the number.

    :param only: keys of the sheets that are still wanted.
    :returns: the keys of the sheets that were signed; with the others somebody else was faster.
    """
    step = STEPS[SignerRole(prepared.batch.role)]
    wanted = [(item, one) for item, one in prepared.made if only is None or one.sheet.pk in only]
    authorised = {one.sheet.pk: item.digest for item, one in wanted}
    # no_key: rows that only name a sheet (a list authorised beside) are checked when their transaction ends.
    sheets = YearSheet.objects.select_for_update(no_key=True)
    waiting = sheets.filter(pk__in=authorised, state=step.before).order_by("pk")
    signed = {pk for pk, digest in waiting.values_list("pk", "digest") if digest == authorised[pk]}
    if step.role is SignerRole.SUBJECT_TEACHER:
        signed &= _do_duties([one.duty for _, one in wanted if one.duty and one.sheet.pk in signed])
    if prepared.key_infos:
        key_infos.keep(prepared.key_infos)
    prepared.rows.insert({at for at, (_, one) in enumerate(prepared.made) if one.sheet.pk in signed})
    moved = YearSheet.objects.filter(pk__in=signed)
    if step.role is SignerRole.SUBJECT_TEACHER:  # with the last of them the sheet moves on
        moved = moved.exclude(duties__signed=False)
    moved.update(state=step.after)
    items = [item.pk for item, one in wanted if one.sheet.pk in signed]
    SigningItem.objects.filter(pk__in=items).update(state="signed", reason="", at=prepared.at)
    return signed


def _do_duties(duties: Sequence[SubjectDuty]) -> set[int]:
    """Mark duties as done; the sheets of those that nobody had done before. Two queries."""
    keys = [duty.pk for duty in duties]
    found = SubjectDuty.objects.select_for_update().filter(pk__in=keys, signed=False).order_by("pk")
    fresh = dict(found.values_list("pk", "sheet_id"))
    SubjectDuty.objects.filter(pk__in=fresh).update(signed=True)
    return set(fresh.values())
