"""Give a person a post, and end it: the right to do things comes from here and nowhere else."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role, User
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "assign_role_unknown": ("Không có vai trò “{role}”.", "There is no role {role}."),
        "assign_role_elsewhere": (
            "Vai trò {role} không có ở {unit}.",
            "Role {role} does not exist at {unit}.",
        ),
        "assign_class_needed": (
            "Vai trò {role} cần ghi rõ lớp.",
            "Role {role} needs a class.",
        ),
        "assign_class_elsewhere": (
            "Lớp {class_name} không thuộc {unit}.",
            "Class {class_name} is not of {unit}.",
        ),
        "assign_subject_needed": (
            "Phân công dạy lớp {class_name} cần ghi rõ môn học.",
            "Teaching class {class_name} needs a subject.",
        ),
        "assign_dates": (
            "Ngày kết thúc phải từ ngày bắt đầu {day} trở đi.",
            "An assignment ends on or after its first day, {day}.",
        ),
        "assign_taken": (
            "{name} đang giữ vai trò {role}{where} trong thời gian này. Kết thúc phân công đó trước.",
            "{name} holds role {role}{where} in that time; end that assignment first.",
        ),
        "assign_twice": (
            "{name} đã có phân công này từ ngày {day}.",
            "{name} has this assignment since {day}.",
        ),
        "assign_inactive": (
            "Tài khoản của {name} đã đóng nên không phân công được.",
            "The account of {name} is closed.",
        ),
        "assign_longer": (
            "Phân công này kết thúc ngày {day}. Muốn kéo dài, thầy cô lập phân công mới.",
            "The assignment ends on {day}; make a new one to go on.",
        ),
        "assign_own": (
            "Thầy cô không tự phân công cho mình; nhờ người khác có quyền phân công.",
            "Nobody assigns himself; ask somebody else who may assign.",
        ),
    }
)

_AT_SCHOOL = frozenset(
    {
        Role.PRINCIPAL,
        Role.DEPUTY_PRINCIPAL,
        Role.SEAL_KEEPER,
        Role.GROUP_HEAD,
        Role.GROUP_DEPUTY,
        Role.HOMEROOM,
        Role.SUBJECT_TEACHER,
        Role.DATA_CLERK,
    }
)
ROLES_AT: dict[str, frozenset[Role]] = {
    Kind.SCHOOL: _AT_SCHOOL | {Role.AUDITOR, Role.SYSTEM_ADMIN},
    Kind.COMMUNE: frozenset({Role.COMMUNE_OFFICER, Role.AUDITOR, Role.SYSTEM_ADMIN}),
    Kind.DEPARTMENT: frozenset({Role.DEPARTMENT_OFFICER, Role.AUDITOR, Role.SYSTEM_ADMIN}),
    Kind.MINISTRY: frozenset({Role.MINISTRY_OFFICER, Role.AUDITOR, Role.SYSTEM_ADMIN}),
    Kind.DISTRICT_OFFICE: frozenset(),
}
_WITH_CLASS = frozenset({Role.HOMEROOM, Role.SUBJECT_TEACHER})
#: One person at a time in a unit (principal) or a class (homeroom teacher).
_SINGLE = frozenset({Role.PRINCIPAL, Role.HOMEROOM})


def _require_fitting(
    role: Role, unit: Organisation, school_class: SchoolClass | None, subject_code: str
) -> None:
    if role not in ROLES_AT[unit.kind]:
        raise DomainError("assign_role_elsewhere", role=role.label, unit=unit.name)
    if role in _WITH_CLASS and school_class is None:
        raise DomainError("assign_class_needed", role=role.label)
    if school_class is not None and school_class.school_id != unit.pk:
        raise DomainError("assign_class_elsewhere", class_name=school_class.name, unit=unit.name)
    if role == Role.SUBJECT_TEACHER and school_class is not None and not subject_code:
        raise DomainError("assign_subject_needed", class_name=school_class.name)


def _overlapping(start: date, end: date | None) -> Q:
    """Assignments that hold on some day of the span."""
    query = Q(valid_to__isnull=True) | Q(valid_to__gte=start)
    return query & Q(valid_from__lte=end) if end is not None else query


def _require_free(new: Assignment) -> None:
    """Nobody else holds a post that only one can hold; the same person does not hold this very one."""
    span = Assignment.objects.filter(
        _overlapping(new.valid_from, new.valid_to), role=new.role, organisation=new.organisation
    ).select_related("user")
    own = span.filter(
        user=new.user,
        school_class=new.school_class,
        subject_code=new.subject_code,
        group_name=new.group_name,
    ).first()
    if own is not None:
        raise DomainError("assign_twice", name=new.user.full_name, day=f"{own.valid_from:%d/%m/%Y}")
    if new.role not in _SINGLE:
        return
    holder = span.filter(school_class=new.school_class).first()
    if holder is not None:
        where = f" lớp {new.school_class.name}" if new.school_class is not None else ""
        raise DomainError("assign_taken", name=holder.user.full_name, role=Role(new.role).label, where=where)


def assign(
    actor: Actor,
    *,
    user: User,
    organisation: Organisation,
    role: str,
    school_class: SchoolClass | None = None,
    subject_code: str = "",
    group_name: str = "",
    school_year: str = "",
    valid_from: date | None = None,
    valid_to: date | None = None,
    decision_number: str = "",
    decision_date: date | None = None,
    decision_signer: str = "",
    stands_in_for: Assignment | None = None,
    reason: str = "",
) -> Assignment:
    """Give ``user`` a post at a unit. A missing decision does not stop it, but is a listed gap.

    :param subject_code: of the programme; ``*`` for all that nobody else is named for.
    :param valid_from: today when None.
    :param stands_in_for: the post whose holder is away for a time (see :mod:`.stand_in`).
    :raises NotAllowed: policies ``accounts.assign``, ``accounts.assign_role``
    :raises DomainError: ``assign_*``
    """
    if role not in Role.values:
        raise DomainError("assign_role_unknown", role=role[:40])
    require(actor, "accounts.assign", organisation)
    require(actor, "accounts.assign_role", (organisation, role))
    if actor.user is not None and actor.user.pk == user.pk:
        raise DomainError("assign_own")
    if not user.is_active:
        raise DomainError("assign_inactive", name=user.full_name)
    start = valid_from or clock.today()
    if valid_to is not None and valid_to < start:
        raise DomainError("assign_dates", day=f"{start:%d/%m/%Y}")
    _require_fitting(Role(role), organisation, school_class, subject_code)
    new = Assignment(
        user=user,
        organisation=organisation,
        role=role,
        school_class=school_class,
        school_year=school_year or (school_class.school_year if school_class else ""),
        subject_code=subject_code,
        group_name=group_name,
        valid_from=start,
        valid_to=valid_to,
        decision_number=decision_number.strip(),
        decision_date=decision_date,
        decision_signer=decision_signer.strip(),
        stands_in_for=stands_in_for,
        reason=collapse(nfc(reason))[:200],
    )
    with transaction.atomic():
        _require_free(new)
        try:
            with transaction.atomic():
                new.save(force_insert=True)
        except IntegrityError:  # somebody else was faster
            raise DomainError("assign_taken", name="Người khác", role=Role(role).label, where="") from None
        record_post(actor, "accounts.assign", new)
    return new


def end_assignment(actor: Actor, *, assignment: Assignment, last_day: date, reason: str = "") -> Assignment:
    """The post holds to the end of ``last_day``; afterwards the right is gone at once.

    :raises NotAllowed: policies ``accounts.assign``, ``accounts.assign_role``
    :raises DomainError: ``assign_dates``
    """
    require(actor, "accounts.assign", assignment.organisation)
    require(actor, "accounts.assign_role", (assignment.organisation, assignment.role))
    if last_day < assignment.valid_from:
        raise DomainError("assign_dates", day=f"{assignment.valid_from:%d/%m/%Y}")
    with transaction.atomic():
        row = (
            Assignment.objects.select_for_update()
            .select_related("user", "organisation")
            .get(pk=assignment.pk)
        )
        if row.valid_to is not None and last_day > row.valid_to:
            raise DomainError("assign_longer", day=f"{row.valid_to:%d/%m/%Y}")
        row.valid_to = last_day
        row.save(update_fields=["valid_to"])
        record_post(actor, "accounts.end_assignment", row, reason=reason)
    return row


def record_post(actor: Actor, action: str, post: Assignment, **details: Any) -> None:
    """The event of a post: who, where, from when to when, by which decision."""
    chain.record(
        actor,
        action,
        post.user.username,
        organisation=post.organisation.code,
        assignment=post.pk,
        role=post.role,
        class_id=post.school_class_id,
        subject=post.subject_code,
        valid_from=post.valid_from.isoformat(),
        valid_to=post.valid_to.isoformat() if post.valid_to else "",
        decision=post.decision_number,
        **details,
    )
