"""Who may manage accounts and assignments."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember, User
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.pupils.models import SchoolClass

#: Roles that bind the school: whoever becomes one of these people can sign or seal in its name.
LEADERS = frozenset({Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER})


def administers(actor: Actor, unit: Organisation) -> bool:
    """A system administrator of the unit itself or of one above it; of the ministry: everywhere."""
    post = actor.assignment
    if post is None or post.role != Role.SYSTEM_ADMIN:
        return False
    own = post.organisation
    return own.pk == unit.pk or own.kind == Kind.MINISTRY or is_managed_by(unit, own)


@rule("accounts.assign", "phân công người trong đơn vị", operator=True)
def may_assign(actor: Actor, unit: Organisation) -> bool:
    """The principal and the data clerk of the school; the administrator of the unit or of one above."""
    return holds(actor, unit.pk, Role.PRINCIPAL, Role.DATA_CLERK) or administers(actor, unit)


#: What a school's own people may give: nobody gives a post as high as his own or one that watches him.
_GIVEN_BY_CLERK = frozenset({Role.GROUP_HEAD, Role.GROUP_DEPUTY, Role.HOMEROOM, Role.SUBJECT_TEACHER})
_GIVEN_BY_PRINCIPAL = _GIVEN_BY_CLERK | {Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK}


@rule("accounts.assign_role", "trao hoặc kết thúc vai trò này", operator=True)
def may_assign_role(actor: Actor, target: tuple[Organisation, str]) -> bool:
    """Which roles come from whom: a clerk cannot make himself or a friend principal or seal keeper."""
    unit, role = target
    if holds(actor, unit.pk, Role.PRINCIPAL):
        return role in _GIVEN_BY_PRINCIPAL
    if holds(actor, unit.pk, Role.DATA_CLERK):
        return role in _GIVEN_BY_CLERK
    return administers(actor, unit)


@rule("accounts.activate", "cấp mã kích hoạt cho tài khoản này", operator=True)
def may_activate(actor: Actor, target: tuple[Organisation, str]) -> bool:
    """Whoever prints a first code could use it before its owner: for leaders only the administrator (and the
    operator), for others whoever may give them their posts.

    :param target: the school and one of the account's roles there.
    """
    unit, role = target
    if administers(actor, unit):
        return True
    return role not in LEADERS and may_assign_role(actor, target)


@rule("accounts.reset_access", "đặt lại mật khẩu và xác nhận lần hai của người khác", operator=True)
def may_reset_access(actor: Actor, user: User) -> bool:
    """Whoever resets can become the other for a moment: the administrator of every unit in which the other
    works or has worked, never a colleague."""
    if actor.role != Role.SYSTEM_ADMIN or actor.user == user:
        return False
    units = {
        row.organisation
        for rows in (Assignment.objects.filter(user=user), StaffMember.objects.filter(user=user))
        for row in rows.select_related("organisation")
    }
    return bool(units) and all(administers(actor, unit) for unit in units)


@rule("accounts.import_staff", "nhập danh sách cán bộ, giáo viên", operator=True)
def may_import_staff(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, Role.DATA_CLERK)


@rule("accounts.view_staff", "xem danh sách cán bộ, giáo viên", operator=True)
def may_view_staff(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)


@rule("accounts.designate_signer", "chỉ định người ký môn học thay")
def may_designate_signer(actor: Actor, unit: Organisation) -> bool:
    """Who signs where several teach, and who signs instead of somebody who cannot: the principal alone."""
    return holds(actor, unit.pk, Role.PRINCIPAL)


@rule("accounts.view_teaching", "xem phân công dạy của lớp", operator=True)
def may_view_teaching(actor: Actor, school_class: SchoolClass) -> bool:
    """Whoever sees the school's staff."""
    return may_view_staff(actor, school_class.school)
