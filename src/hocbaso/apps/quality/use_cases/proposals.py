"""What guardians say is wrong: taken over with a click, or refused with a reason that they see."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.use_cases.repair import correct
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.models import Enrolment, Pupil
from hocbaso.apps.pupils.use_cases.edit_file import edit_file
from hocbaso.apps.quality.models import Proposal, ProposalState
from hocbaso.apps.quality.slip_fields import BY_KEY, corrections, read_value
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.apps.quality.use_cases.slips import masked_value, settle
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "proposal_decided": (
            "Đề nghị này vừa được người khác xử lý. Thầy cô mở lại trang để xem.",
            "The proposal was decided meanwhile.",
        ),
        "proposal_reason": (
            "Thầy cô ghi lý do chưa sửa (từ 5 đến 300 ký tự). Phụ huynh đọc được lý do này.",
            "Give a reason of 5 to 300 characters; the guardian reads it.",
        ),
        "proposal_left": (
            "Học sinh không còn học ở trường này nên không sửa được ở đây.",
            "The pupil no longer studies at the school.",
        ),
    }
)

_SAME = ("identity_same", "pupil_field_same")
_PLACES = ("province", "commune")


def _enrolment(proposal: Proposal) -> Enrolment:
    row = (
        Enrolment.objects.filter(
            pupil=proposal.pupil_id,
            active=True,
            school_class__school=proposal.answer.slip.school_class.school_id,
        )
        .select_related("pupil", "school_class__school")
        .order_by("-school_class__school_year", "-pk")
        .first()
    )
    if row is None:
        raise DomainError("proposal_left")
    return row


@transaction.atomic
def take_over(actor: Actor, *, proposal: Proposal, value: str | None = None) -> list[Proposal]:
    """Write what the guardian said into the file, through the door of that field.

    Province and commune of one answer go together.

    :param value: what the teacher puts instead (a commune by its name of today); None for the guardian's own.
    :returns: the proposals that were taken over.
    :raises NotAllowed: policy ``quality.take_over`` and that of the field's door.
    :raises DomainError: ``proposal_*``, ``slip_*``, and the refusals of the field's door; nothing is changed.
    """
    enrolment = _enrolment(proposal)
    require(actor, "quality.take_over", enrolment.school_class)
    together = [proposal]
    if proposal.field in _PLACES:
        together = list(
            Proposal.objects.filter(
                answer=proposal.answer_id, state=ProposalState.WAITING, field__in=_PLACES
            ).select_related("answer__slip")
        ) or [proposal]
    values = {row.field: row.value for row in together}
    if value is not None:
        values[proposal.field] = read_value(BY_KEY[proposal.field], value)
    for row in together:
        _decide(actor, row, ProposalState.TAKEN, "")
    try:
        _write(actor, enrolment, values, proposal)
    except DomainError as error:
        if error.code not in _SAME:  # somebody put it right meanwhile: that is what was wanted
            raise
    _after(actor, enrolment, together)
    return together


def _write(actor: Actor, enrolment: Enrolment, values: dict[str, str], proposal: Proposal) -> None:
    pupil = Pupil.objects.get(pk=enrolment.pupil_id)
    answer = proposal.answer
    note = f"Phiếu đối chiếu ngày {answer.said_on:%d/%m/%Y}, {answer.relation.lower()} {answer.name}".strip()
    if BY_KEY[proposal.field].verified:
        correct(actor, pupil, corrections(pupil, values), note[:300])
    else:
        edit_file(actor, enrolment=enrolment, values=values, door="slip")


@transaction.atomic
def reject(actor: Actor, *, proposal: Proposal, reason: str) -> Proposal:
    """Leave the file as it is, with a reason that the guardian sees.

    :raises NotAllowed: policy ``quality.take_over``
    :raises DomainError: ``proposal_reason``, ``proposal_decided``, ``proposal_left``
    """
    enrolment = _enrolment(proposal)
    require(actor, "quality.take_over", enrolment.school_class)
    text = masked_in(collapse(nfc(reason)))
    if not 5 <= len(text) <= 300:
        raise DomainError("proposal_reason")
    _decide(actor, proposal, ProposalState.REJECTED, text)
    _after(actor, enrolment, [proposal])
    return proposal


def _decide(actor: Actor, proposal: Proposal, state: ProposalState, reason: str) -> None:
    """Decided; a number that the guardian wrote does not stay here."""
    value = masked_value(BY_KEY[proposal.field], proposal.value)
    done = Proposal.objects.filter(pk=proposal.pk, state=ProposalState.WAITING).update(
        state=state, value=value, decided_at=clock.now(), decided_by=actor.label, reason=reason
    )
    if not done:
        raise DomainError("proposal_decided")
    proposal.state, proposal.reason = state, reason


def _after(actor: Actor, enrolment: Enrolment, decided: list[Proposal]) -> None:
    """The confirmation counts when nothing waits; the score follows; the record says what was done."""
    school_class = enrolment.school_class
    settle(decided[0].answer, Pupil.objects.get(pk=enrolment.pupil_id))
    chain.record(
        actor,
        "quality.proposal",
        enrolment.pupil.code,
        organisation=school_class.school.code,
        fields=[row.field for row in decided],
        state=decided[0].state,
        slip=decided[0].answer.slip_id,
    )
    compute(school_class.school, school_class.school_year, [enrolment.pupil_id])
