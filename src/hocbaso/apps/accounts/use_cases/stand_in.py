"""Who teaches instead of whom: a successor from a day on, and a stand-in for a time."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.accounts.use_cases.assign import assign, end_assignment, record_post
from hocbaso.core.errors import DomainError, register

register(
    {
        "stand_in_role": (
            "Chỉ thay được giáo viên chủ nhiệm và giáo viên môn học của lớp.",
            "Only homeroom and subject teachers are replaced here.",
        ),
        "stand_in_same": (
            "{name} chính là người đang giữ phân công này.",
            "{name} holds this post already.",
        ),
        "stand_in_over": (
            "Phân công của {name} đã kết thúc ngày {day}. Thầy cô lập phân công mới.",
            "That post ended on {day}.",
        ),
        "stand_in_first_day": (
            "{name} mới nhận phân công này từ ngày {day}; người thay nhận từ ngày sau đó.",
            "A successor begins after {day}, the first day of the present holder.",
        ),
        "stand_in_reason": ("Cần ghi lý do dạy thay.", "Say why somebody stands in."),
        "stand_in_last_day": (
            "Dạy thay cần ngày kết thúc, không sau ngày {day} là ngày phân công của {name} kết thúc.",
            "A stand-in ends, on {day} at the latest.",
        ),
        "stand_in_nested": (
            "{name} đang dạy thay; thầy cô phân công người thay cho giáo viên chính.",
            "{name} is a stand-in himself.",
        ),
    }
)


def _vi(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _require_replaceable(post: Assignment, user: User, day: date) -> None:
    if post.role not in (Role.HOMEROOM, Role.SUBJECT_TEACHER) or post.school_class is None:
        raise DomainError("stand_in_role")
    if post.sign_subject:
        raise DomainError("stand_in_role")
    if post.user_id == user.pk:
        raise DomainError("stand_in_same", name=user.full_name)
    if post.valid_to is not None and post.valid_to < day:
        raise DomainError("stand_in_over", name=post.user.full_name, day=_vi(post.valid_to))


def _begin(
    actor: Actor, post: Assignment, user: User, first: date, last: date | None, **more: object
) -> Assignment:
    return assign(
        actor,
        user=user,
        organisation=post.organisation,
        role=post.role,
        school_class=post.school_class,
        subject_code=post.subject_code,
        group_name=post.group_name,
        school_year=post.school_year,
        valid_from=first,
        valid_to=last,
        **more,  # type: ignore[arg-type]
    )


def replace_teacher(
    actor: Actor,
    *,
    assignment: Assignment,
    user: User,
    first_day: date,
    reason: str = "",
    decision_number: str = "",
    decision_date: date | None = None,
    decision_signer: str = "",
) -> Assignment:
    """``user`` takes the post over from ``first_day``; the former holder's ends on the eve.

    :returns: the successor's assignment.
    :raises NotAllowed: policies ``accounts.assign``, ``accounts.assign_role``
    :raises DomainError: ``stand_in_*``, ``assign_*``
    """
    _require_replaceable(assignment, user, first_day)
    if first_day <= assignment.valid_from:
        raise DomainError(
            "stand_in_first_day", name=assignment.user.full_name, day=_vi(assignment.valid_from)
        )
    with transaction.atomic():
        last, signed = assignment.valid_to, assignment.signs
        end_assignment(actor, assignment=assignment, last_day=first_day - timedelta(days=1), reason=reason)
        new = _begin(
            actor,
            assignment,
            user,
            first_day,
            last,
            reason=reason,
            decision_number=decision_number,
            decision_date=decision_date,
            decision_signer=decision_signer,
        )
        if signed:  # the designation goes with the post
            new.signs = True
            new.save(update_fields=["signs"])
    return new


def stand_in(
    actor: Actor,
    *,
    assignment: Assignment,
    user: User,
    first_day: date,
    last_day: date,
    reason: str,
    decision_number: str = "",
    decision_date: date | None = None,
    decision_signer: str = "",
) -> Assignment:
    """``user`` stands in for the holder from ``first_day`` to ``last_day`` (both inclusive).

    A subject's stand-in enters marks beside the holder, who keeps the post. A class has one homeroom teacher
    a day: the holder's post pauses and goes on after ``last_day`` as an assignment of its own.

    :returns: the stand-in's assignment.
    :raises NotAllowed: policies ``accounts.assign``, ``accounts.assign_role``
    :raises DomainError: ``stand_in_*``, ``assign_*``
    """
    _require_replaceable(assignment, user, first_day)
    name, end = assignment.user.full_name, assignment.valid_to
    if not reason.strip():
        raise DomainError("stand_in_reason")
    if assignment.stands_in_for_id is not None and assignment.valid_to is not None:
        raise DomainError("stand_in_nested", name=name)
    if end is not None and last_day > end:
        raise DomainError("stand_in_last_day", name=name, day=_vi(end))
    papers = {
        "reason": reason,
        "decision_number": decision_number,
        "decision_date": decision_date,
        "decision_signer": decision_signer,
    }
    with transaction.atomic():
        if assignment.role == Role.SUBJECT_TEACHER:
            return _begin(actor, assignment, user, first_day, last_day, stands_in_for=assignment, **papers)
        if first_day <= assignment.valid_from:
            raise DomainError("stand_in_first_day", name=name, day=_vi(assignment.valid_from))
        end_assignment(actor, assignment=assignment, last_day=first_day - timedelta(days=1), reason=reason)
        new = _begin(actor, assignment, user, first_day, last_day, stands_in_for=assignment, **papers)
        if end is None or end > last_day:
            _resume(actor, assignment, last_day + timedelta(days=1), end)
    return new


def _resume(actor: Actor, paused: Assignment, first: date, last: date | None) -> None:
    """The holder's own post goes on, by its own decision: nobody is given anything new here."""
    back = Assignment(
        user=paused.user,
        organisation=paused.organisation,
        role=paused.role,
        school_class=paused.school_class,
        school_year=paused.school_year,
        valid_from=first,
        valid_to=last,
        decision_number=paused.decision_number,
        decision_date=paused.decision_date,
        decision_signer=paused.decision_signer,
    )
    back.save(force_insert=True)
    record_post(actor, "accounts.resume_assignment", back)
