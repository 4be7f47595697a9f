"""Who may manage accounts and assignments."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation


@rule("accounts.assign", "phân công người trong đơn vị", operator=True)
def may_assign(actor: Actor, unit: Organisation) -> bool:
    """The principal and the data clerk of the school; the administrator anywhere."""
    return actor.role == Role.SYSTEM_ADMIN or holds(actor, unit.pk, Role.PRINCIPAL, Role.DATA_CLERK)


@rule("accounts.import_staff", "nhập danh sách cán bộ, giáo viên", operator=True)
def may_import_staff(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, Role.DATA_CLERK)


@rule("accounts.view_staff", "xem danh sách cán bộ, giáo viên", operator=True)
def may_view_staff(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)
