"""Who may see how well issued sheets are preserved, and who may set the work going."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.queries import is_managed_by

_MANAGERS = frozenset({Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.MINISTRY_OFFICER, Role.AUDITOR})


@rule("preservation.view", "xem tình hình lưu trữ dài hạn của trường", operator=True)
def may_view(actor: Actor, school: Organisation) -> bool:
    """Numbers without names: the school's leaders and its clerks."""
    return holds(
        actor, school.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK
    ) or may_watch(actor, school)


@rule("preservation.watch", "xem số liệu lưu trữ dài hạn của đơn vị này", operator=True)
def may_watch(actor: Actor, unit: Organisation) -> bool:
    """The managing levels and the auditor, for themselves and what stands below."""
    post = actor.assignment
    if post is None or post.role not in _MANAGERS:
        return False
    return post.organisation_id == unit.pk or is_managed_by(unit, post.organisation)


@rule("preservation.run", "cho chạy việc lưu trữ dài hạn của trường", operator=True)
def may_run(actor: Actor, school: Organisation) -> bool:
    """It adds proof only and changes nothing; the worker does it by itself, too."""
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DATA_CLERK)
