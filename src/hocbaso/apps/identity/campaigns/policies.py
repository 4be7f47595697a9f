"""Who sets campaigns, reminds, and takes note of a reminder."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity.campaigns.models import Campaign
from hocbaso.apps.identity.campaigns.scope import concerns
from hocbaso.apps.identity.watching.policies import may_watch
from hocbaso.apps.organisations.models import Kind, Organisation

_SETTERS = {
    Kind.DEPARTMENT: Role.DEPARTMENT_OFFICER,
    Kind.COMMUNE: Role.COMMUNE_OFFICER,
    Kind.SCHOOL: Role.PRINCIPAL,
}


@rule("identity.campaign", "mở và thay đổi đợt xác thực của đơn vị")
def may_set(actor: Actor, unit: Organisation) -> bool:
    """The department's and the commune's officer, the principal; each for the own unit."""
    role = _SETTERS.get(Kind(unit.kind))
    return role is not None and holds(actor, unit.pk, role)


@rule("identity.remind", "nhắc các trường chưa xác thực xong", operator=True)
def may_remind(actor: Actor, unit: Organisation) -> bool:
    """Officers of the department or commune in whose name it is; for the rule, the node itself."""
    return unit.kind in (Kind.DEPARTMENT, Kind.COMMUNE) and may_set(actor, unit)


@rule("identity.view_campaign", "xem đợt xác thực này", operator=True)
def may_view(actor: Actor, campaign: Campaign) -> bool:
    """The owner and whoever stands above it; a unit below it that the campaign is for."""
    post = actor.assignment
    if post is None:
        return False
    own = post.organisation
    if may_watch(actor, campaign.owner):
        return True
    return may_watch(actor, own) and concerns(campaign, own)


@rule("identity.acknowledge", "xác nhận đã nhận lời nhắc")
def may_acknowledge(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)
