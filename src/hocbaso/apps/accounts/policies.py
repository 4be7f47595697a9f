"""Who may manage accounts and assignments."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.organisations.models import Organisation


@rule("accounts.assign", "phân công người trong đơn vị", operator=True)
def may_assign(actor: Actor, unit: Organisation) -> bool:
    """The principal and the data clerk of the school; the administrator anywhere."""
    return actor.role == Role.SYSTEM_ADMIN or holds(actor, unit.pk, Role.PRINCIPAL, Role.DATA_CLERK)


#: What a school's own people may give: nobody gives a post as high as his own or one that watches him.
_GIVEN_BY_CLERK = frozenset({Role.GROUP_HEAD, Role.GROUP_DEPUTY, Role.HOMEROOM, Role.SUBJECT_TEACHER})
_GIVEN_BY_PRINCIPAL = _GIVEN_BY_CLERK | {Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK}


@rule("accounts.assign_role", "trao hoặc kết thúc vai trò này", operator=True)
def may_assign_role(actor: Actor, target: tuple[Organisation, str]) -> bool:
    """Which roles come from whom: a clerk cannot make himself or a friend principal or seal keeper."""
    unit, role = target
    if actor.role == Role.SYSTEM_ADMIN:
        return True
    if holds(actor, unit.pk, Role.PRINCIPAL):
        return role in _GIVEN_BY_PRINCIPAL
    return holds(actor, unit.pk, Role.DATA_CLERK) and role in _GIVEN_BY_CLERK


@rule("accounts.reset_access", "đặt lại mật khẩu và xác nhận lần hai của người khác", operator=True)
def may_reset_access(actor: Actor, user: User) -> bool:
    """Whoever resets can become the other for a moment: the administrator alone, never a colleague."""
    return actor.role == Role.SYSTEM_ADMIN and actor.user != user


@rule("accounts.import_staff", "nhập danh sách cán bộ, giáo viên", operator=True)
def may_import_staff(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, Role.DATA_CLERK)


@rule("accounts.view_staff", "xem danh sách cán bộ, giáo viên", operator=True)
def may_view_staff(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)
