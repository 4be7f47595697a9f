"""Taking a merge apart: one asks, another agrees; between schools both principals, or who manages both."""

from __future__ import annotations

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.queries import same_person
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.matching.models import MergeCase, UndoAgreement, UndoRequest, UndoState
from hocbaso.apps.matching.use_cases.cases import schools_of_case, suffices
from hocbaso.apps.matching.use_cases.judge import text_of
from hocbaso.apps.matching.use_cases.undo import locked_merge, require_free, take_apart
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.pupils.use_cases.decisions import REASON_LIMIT
from hocbaso.core.errors import DomainError, NotAllowed, register

register(
    {
        "undo_reason": ("Cần ghi lý do tách lại hồ sơ.", "Say why."),
        "undo_waits": (
            "Đã có người đề nghị tách lại hồ sơ này. Thầy cô mở lại trang để xem.",
            "A request waits already.",
        ),
        "undo_not_waiting": (
            "Đề nghị tách lại của {number} không còn chờ duyệt. Thầy cô mở lại trang.",
            "The request of {number} does not wait any more.",
        ),
        "undo_own": (
            "Người đề nghị tách lại không tự duyệt. Cần một người khác có thẩm quyền xem và duyệt.",
            "Whoever asked does not approve.",
        ),
        "undo_said": ("Trường của thầy cô đã đồng ý rồi.", "Your school agreed already."),
        "undo_note": ("Không duyệt thì cần ghi lý do.", "Say why it is refused."),
    }
)

_NOTE = 500


def may_propose_undo(actor: Actor, case: MergeCase) -> bool:
    """Whoever may propose a merge at one of the schools, or decide about one of them."""
    schools = schools_of_case(case)
    return allowed(actor, "matching.approve", schools) or any(
        allowed(actor, "matching.propose", school) for school in schools
    )


@transaction.atomic
def propose_undo(actor: Actor, case: MergeCase, reason: str) -> UndoRequest:
    """Ask that the merge be taken apart. Nothing is changed yet; what would forbid it is said at once.

    :raises NotAllowed: policies ``matching.propose`` and ``matching.approve`` at no side.
    :raises DomainError: ``undo_*``
    """
    if not may_propose_undo(actor, case):
        require(actor, "matching.approve", schools_of_case(case))
    user, post = actor.user, actor.assignment
    if user is None or post is None:
        raise NotAllowed("not_allowed", what="đề nghị tách lại hồ sơ")
    row = locked_merge(case)
    if row.undo_requests.filter(state=UndoState.PROPOSED).exists():
        raise DomainError("undo_waits")
    reason = text_of(reason, "Lý do", REASON_LIMIT)
    if not reason:
        raise DomainError("undo_reason")
    require_free(row)
    made = UndoRequest.objects.create(
        case=row, reason=reason, proposed_by=user, unit=post.organisation, proposed_at=clock.now()
    )
    if post.role == Role.PRINCIPAL:  # of two schools, his has said yes
        UndoAgreement.objects.create(
            request=made, user=user, unit=post.organisation, agrees=True, note="", at=clock.now()
        )
    _tell(actor, "matching.undo_propose", made, reason=reason)
    return made


@transaction.atomic
def decide_undo(actor: Actor, request: UndoRequest, *, agree: bool, note: str = "") -> UndoRequest:
    """Agree or refuse. With the last agreement that is needed the files are taken apart at once.

    One school: its principal. Two schools: the principal of each, or an officer above both. Never whoever
    asked for it, under whatever account.

    :raises NotAllowed: policy ``matching.approve``
    :raises DomainError: ``undo_*``; nothing is changed then.
    """
    schools = schools_of_case(request.case)
    require(actor, "matching.approve", schools)
    case = locked_merge(request.case)
    row = _waiting(request)
    user, post = actor.user, actor.assignment
    assert user is not None
    assert post is not None
    if same_person(user, row.proposed_by_id):
        raise DomainError("undo_own")
    note = text_of(note, "Ý kiến", _NOTE)
    if not agree and not note:
        raise DomainError("undo_note")
    units = set(row.agreements.filter(agrees=True).values_list("unit", flat=True))
    if agree and post.organisation_id in units:
        raise DomainError("undo_said")
    UndoAgreement.objects.create(
        request=row, user=user, unit=post.organisation, agrees=agree, note=note, at=clock.now()
    )
    if not agree:
        _end(actor, row, UndoState.REFUSED)
        _tell(actor, "matching.undo_refuse", row, reason=note)
    elif suffices(actor, schools, units | {post.organisation_id}):
        take_apart(actor, case, row.reason, organisation=post.organisation.code)
        _end(actor, row, UndoState.DONE)
    else:
        _tell(actor, "matching.undo_agree", row)
    return row


@transaction.atomic
def withdraw_undo(actor: Actor, request: UndoRequest) -> UndoRequest:
    """Whoever may ask for it at one of the schools takes the request back.

    :raises NotAllowed: as :func:`propose_undo`
    :raises DomainError: ``undo_not_waiting``
    """
    if not may_propose_undo(actor, request.case):
        require(actor, "matching.approve", schools_of_case(request.case))
    row = _waiting(request)
    _end(actor, row, UndoState.WITHDRAWN)
    _tell(actor, "matching.undo_withdraw", row)
    return row


def _waiting(request: UndoRequest) -> UndoRequest:
    row = UndoRequest.objects.select_for_update(of=("self",)).select_related("case").get(pk=request.pk)
    if row.state != UndoState.PROPOSED:
        raise DomainError("undo_not_waiting", number=row.case.number)
    return row


def _end(actor: Actor, row: UndoRequest, state: UndoState) -> None:
    row.state, row.ended_by, row.ended_at = state, actor.label, clock.now()
    row.save(update_fields=["state", "ended_by", "ended_at"])


def _tell(actor: Actor, action: str, row: UndoRequest, **more: str) -> None:
    files = Pupil.objects.filter(pk__in=[row.case.survivor_id, row.case.merged_id])
    codes = sorted(files.values_list("code", flat=True))
    chain.record(actor, action, row.case.number, people=codes, **more)
