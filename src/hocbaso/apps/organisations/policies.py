"""Who may see and change units and their settings."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.policies import administers
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import is_managed_by

_MANAGERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.MINISTRY_OFFICER)


@rule("organisations.create", "thêm đơn vị", operator=True)
def may_create(actor: Actor, manager: Organisation | None) -> bool:
    """A system administrator of the unit that will manage the new one (or above), or an officer of it."""
    post = actor.assignment
    if post is None or manager is None:
        return False
    return administers(actor, manager) or (post.role in _MANAGERS and post.organisation_id == manager.pk)


@rule("organisations.progress", "xem tiến độ của đơn vị", operator=True)
def may_see_progress(actor: Actor, unit: Organisation) -> bool:
    """Own unit, or an officer of a unit above it: numbers only, no names."""
    post = actor.assignment
    if post is None:
        return False
    if post.organisation_id == unit.pk:
        return True
    return post.role in _MANAGERS and (
        post.organisation.kind == Kind.MINISTRY or is_managed_by(unit, post.organisation)
    )


@rule("organisations.settings", "đặt chính sách của đơn vị", operator=True)
def may_set(actor: Actor, unit: Organisation) -> bool:
    """The department sets provincial policy; the principal the school's own."""
    post = actor.assignment
    if post is None or post.organisation_id != unit.pk:
        return False
    return post.role in (Role.DEPARTMENT_OFFICER, Role.PRINCIPAL)
