"""Who signs a subject: the designated one of several teachers, or a substitute for one who cannot sign.

Sources: domain sheet 11 A5 (substitute signer by decision; both people are recorded), A6 (order of signing).
"""

from __future__ import annotations

from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.accounts.use_cases.assign import record_post
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import valid_on
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "signer_not_teacher": (
            "Chỉ chỉ định được giáo viên đang dạy môn này của lớp.",
            "Only somebody who teaches the subject in the class is designated.",
        ),
        "signer_decision": (
            "Người ký thay cần số quyết định của hiệu trưởng.",
            "A substitute signer needs the number of the principal's decision.",
        ),
        "signer_reason": (
            "Cần ghi lý do ký thay, ví dụ: đã chuyển trường, chứng thư số hết hạn.",
            "Say why somebody signs instead.",
        ),
        "signer_same": ("{name} là người chịu trách nhiệm môn học này.", "{name} is responsible already."),
        "signer_twice": (
            "{name} đã được giao ký thay môn này của lớp từ ngày {day}.",
            "{name} signs this subject instead since {day}.",
        ),
        "signer_inactive": (
            "Tài khoản của {name} đã đóng nên không ký thay được.",
            "The account of {name} is closed.",
        ),
        "signer_own": (
            "Hiệu trưởng không tự giao cho mình ký thay môn học; thầy cô chọn giáo viên khác.",
            "The principal does not designate himself.",
        ),
    }
)


@transaction.atomic
def designate_signer(actor: Actor, *, assignment: Assignment, signs: bool = True) -> Assignment:
    """The teacher of ``assignment`` signs the subject for all who teach it (``signs=False`` takes it back).

    The designation of colleagues who teach the same subject of the class ends with it.

    :raises NotAllowed: policy ``accounts.designate_signer``
    :raises DomainError: ``signer_not_teacher``
    """
    require(actor, "accounts.designate_signer", assignment.organisation)
    if assignment.role != Role.SUBJECT_TEACHER or not assignment.subject_code:
        raise DomainError("signer_not_teacher")
    same = Assignment.objects.select_for_update().filter(
        school_class=assignment.school_class, role=Role.SUBJECT_TEACHER, subject_code=assignment.subject_code
    )
    if signs:
        same.exclude(pk=assignment.pk).filter(signs=True).update(signs=False)
    same.filter(pk=assignment.pk).update(signs=signs)
    assignment.signs = signs
    record_post(actor, "accounts.designate_signer", assignment, signs=signs)
    return assignment


@transaction.atomic
def substitute_signer(
    actor: Actor,
    *,
    assignment: Assignment,
    subject_code: str,
    user: User,
    reason: str,
    decision_number: str,
    decision_date: date | None = None,
    decision_signer: str = "",
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Assignment:
    """``user`` signs ``subject_code`` of the class instead of the teacher of ``assignment``, who has left or
    whose certificate has expired. He enters no marks; what was signed before stays as it is.

    :param assignment: the responsible teacher's post; it may have ended.
    :param valid_from: today when None.
    :raises NotAllowed: policy ``accounts.designate_signer``
    :raises DomainError: ``signer_*``
    """
    require(actor, "accounts.designate_signer", assignment.organisation)
    _require_possible(actor, assignment, subject_code, user)
    number, reason = decision_number.strip(), collapse(nfc(reason))
    if not number:
        raise DomainError("signer_decision")
    if not reason:
        raise DomainError("signer_reason")
    start = valid_from or clock.today()
    if valid_to is not None and valid_to < start:
        raise DomainError("assign_dates", day=f"{start:%d/%m/%Y}")
    old = Assignment.objects.filter(
        valid_on(start),
        school_class=assignment.school_class,
        sign_subject=subject_code,
        stands_in_for__user=assignment.user_id,
    ).first()
    if old is not None:
        raise DomainError("signer_twice", name=old.user.full_name, day=f"{old.valid_from:%d/%m/%Y}")
    new = Assignment(
        user=user,
        organisation=assignment.organisation,
        role=Role.SUBJECT_TEACHER,
        school_year=assignment.school_year,
        school_class=assignment.school_class,
        sign_subject=subject_code,
        stands_in_for=assignment,
        reason=reason[:200],
        valid_from=start,
        valid_to=valid_to,
        decision_number=number,
        decision_date=decision_date,
        decision_signer=decision_signer.strip(),
    )
    new.save(force_insert=True)
    record_post(
        actor,
        "accounts.substitute_signer",
        new,
        signs=subject_code,
        responsible=assignment.user.username,
        reason=reason[:200],
    )
    return new


def _require_possible(actor: Actor, assignment: Assignment, subject_code: str, user: User) -> None:
    if assignment.role != Role.SUBJECT_TEACHER or assignment.subject_code not in (subject_code, "*"):
        raise DomainError("signer_not_teacher")
    if assignment.user_id == user.pk:
        raise DomainError("signer_same", name=user.full_name)
    if actor.user is not None and actor.user.pk == user.pk:
        raise DomainError("signer_own")
    if not user.is_active:
        raise DomainError("signer_inactive", name=user.full_name)
