"""Who watches the verification: numbers for the levels above, names only in the school or for inspection."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.pupils.models import SchoolClass

_OFFICERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER)
_WATCHERS = (*_OFFICERS, Role.MINISTRY_OFFICER, Role.AUDITOR)
_WHOLE_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK, Role.SEAL_KEEPER)


def stands_above(actor: Actor, unit: Organisation, *roles: Role) -> bool:
    """The post is one of ``roles`` in the unit itself or in one above it (the ministry: above all)."""
    post = actor.assignment
    if post is None or post.role not in roles:
        return False
    own = post.organisation
    return own.pk == unit.pk or own.kind == Kind.MINISTRY or is_managed_by(unit, own)


@rule("identity.watch", "xem tiến độ xác thực danh tính của đơn vị", operator=True)
def may_watch(actor: Actor, unit: Organisation) -> bool:
    """Numbers, no names: the school's own office; officers and auditors of the unit and of those above."""
    return holds(actor, unit.pk, *_WHOLE_SCHOOL) or stands_above(actor, unit, *_WATCHERS)


@rule("identity.inspect", "mở danh sách tên của lớp để kiểm tra")
def may_inspect(actor: Actor, school_class: SchoolClass) -> bool:
    """Names of those not verified, with a purpose that is kept: officers and auditors above the school."""
    school = school_class.school
    post = actor.assignment
    if post is None or post.organisation_id == school.pk:
        return False
    return stands_above(actor, school, *_OFFICERS, Role.AUDITOR)
