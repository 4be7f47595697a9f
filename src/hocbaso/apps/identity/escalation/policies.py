"""Who escalates, who answers, who sees whom.

Names of children are seen by their school and by the officers above it who may have to answer; the ministry
and auditors follow the cases by number.
"""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.identity.escalation.models import Case
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import is_managed_by

OFFICERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER)
_FOLLOWERS = (Role.MINISTRY_OFFICER, Role.AUDITOR)
_IN_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)


def _above(actor: Actor, school: Organisation, *roles: Role) -> bool:
    post = actor.assignment
    if post is None or post.role not in roles:
        return False
    own = post.organisation
    return own.pk == school.pk or own.kind == Kind.MINISTRY or is_managed_by(school, own)


@rule("escalation.open", "gửi kiến nghị về xác thực danh tính")
def may_open(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.PRINCIPAL)


@rule("escalation.view_school", "xem kiến nghị của trường")
def may_view_school(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_IN_SCHOOL)


@rule("escalation.view_cases", "xem kiến nghị của các trường")
def may_view_cases(actor: Actor, unit: Organisation) -> bool:
    """The list of a managing unit: one's own unit; schools under it are found by the query."""
    post = actor.assignment
    return post is not None and post.organisation_id == unit.pk and post.role in (*OFFICERS, *_FOLLOWERS)


@rule("escalation.view_case", "xem kiến nghị này")
def may_view_case(actor: Actor, case: Case) -> bool:
    return may_view_names(actor, case) or _above(actor, case.school, *_FOLLOWERS)


@rule("escalation.view_names", "xem tên học sinh trong kiến nghị này")
def may_view_names(actor: Actor, case: Case) -> bool:
    return may_view_school(actor, case.school) or _above(actor, case.school, *OFFICERS)


@rule("escalation.answer", "trả lời kiến nghị này")
def may_answer(actor: Actor, case: Case) -> bool:
    """An officer of the unit that has the case, nobody else."""
    return holds(actor, case.holder_id, *OFFICERS)


@rule("escalation.reply", "trao đổi về kiến nghị này")
def may_reply(actor: Actor, case: Case) -> bool:
    """The school's principal and clerk, and the unit that has the case."""
    return holds(actor, case.school_id, Role.PRINCIPAL, Role.DATA_CLERK) or may_answer(actor, case)
