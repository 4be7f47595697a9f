"""Who sets periods, who asks for a lock to be opened, who allows it, who checks."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.assessment.policies import ClassSubject, may_enter, may_enter_traits
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation, valid_on
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.periods.models import Review, UnlockCase
from hocbaso.apps.periods.scope import RECORD, TRAITS

_LEADERS = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL)
#: Levels that manage schools and decide about what was issued.
_OFFICERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER)
_WATCHERS = (*_OFFICERS, Role.MINISTRY_OFFICER, Role.AUDITOR)
#: Who may be asked to check: heads and deputies of subject groups, school leaders (seed 004).
CHECKER_ROLES = frozenset({Role.GROUP_HEAD, Role.GROUP_DEPUTY, *_LEADERS})


def _works_at(actor: Actor, school_id: int) -> bool:
    return actor.assignment is not None and actor.assignment.organisation_id == school_id


def _stands_above(actor: Actor, school: Organisation, *roles: Role) -> bool:
    """The post is one of ``roles`` in a unit above the school (the ministry: above all)."""
    post = actor.assignment
    if post is None or post.role not in roles:
        return False
    own = post.organisation
    return own.pk == school.pk or own.kind == Kind.MINISTRY or is_managed_by(school, own)


@rule("periods.set", "đặt, gia hạn, đóng đợt nhập", operator=True)
def may_set(actor: Actor, unit: Organisation) -> bool:
    """The principal for the school; the department's officer for the province."""
    if unit.kind == Kind.DEPARTMENT:
        return holds(actor, unit.pk, Role.DEPARTMENT_OFFICER)
    return holds(actor, unit.pk, Role.PRINCIPAL)


@rule("periods.view", "xem lịch đợt nhập", operator=True)
def may_view(actor: Actor, unit: Organisation) -> bool:
    """Everybody of the school; whoever watches it from above."""
    return _works_at(actor, unit.pk) or _stands_above(actor, unit, *_WATCHERS)


@rule("periods.close_due", "khóa các đợt đã hết hạn", operator=True)
def may_close_due(actor: Actor, target: object) -> bool:
    """Writing down what the clock has done already: nobody decides anything by it."""
    return True


@rule("periods.request_unlock", "yêu cầu mở khóa phần này của sổ điểm")
def may_request(actor: Actor, target: ClassSubject) -> bool:
    """Whoever enters this part; the class's homeroom teacher; school leaders; the data clerk."""
    school_class = target.school_class
    if holds(actor, school_class.school_id, *_LEADERS, Role.DATA_CLERK):
        return True
    if may_enter_traits(actor, school_class):
        return True
    return target.subject_code not in (TRAITS, RECORD) and may_enter(actor, target)


@rule("periods.view_cases", "xem các yêu cầu mở khóa", operator=True)
def may_view_cases(actor: Actor, school: Organisation) -> bool:
    """The whole list: school leaders and the clerk; managing levels and inspectors."""
    return holds(actor, school.pk, *_LEADERS, Role.DATA_CLERK) or _stands_above(actor, school, *_WATCHERS)


@rule("periods.view_case", "xem yêu cầu mở khóa này", operator=True)
def may_view_case(actor: Actor, case: UnlockCase) -> bool:
    """Whoever sees the list; the one who asked; the class's homeroom teacher."""
    if may_view_cases(actor, case.school):
        return True
    own = (
        actor.user is not None and actor.user.pk == case.requested_by_id and _works_at(actor, case.school_id)
    )
    return own or may_enter_traits(actor, case.school_class)


@rule("periods.decide_unlock", "cho phép mở khóa")
def may_decide(actor: Actor, case: UnlockCase) -> bool:
    """The principal, never about an own request; about the principal's the deputy or the level above."""
    if actor.user is None or actor.user.pk == case.requested_by_id:
        return False
    if holds(actor, case.school_id, Role.PRINCIPAL):
        return True
    others = holds(actor, case.school_id, Role.DEPUTY_PRINCIPAL) or _stands_above(
        actor, case.school, *_OFFICERS
    )
    return others and _the_principal_asked(case)


def _the_principal_asked(case: UnlockCase) -> bool:
    """In that post, or in another of the same person: a principal who also teaches. One query at most."""
    if case.requested_role == Role.PRINCIPAL:
        return True
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=case.school_id)
    return posts.filter(role=Role.PRINCIPAL, user=case.requested_by_id).exists()


@rule("periods.agree_unlock", "đồng ý mở khóa kết quả đã phát hành học bạ")
def may_agree(actor: Actor, case: UnlockCase) -> bool:
    """The managing level, when a sheet with these results was issued; another person than the first."""
    if actor.user is None or actor.user.pk in (case.requested_by_id, case.decided_by_id):
        return False
    return _stands_above(actor, case.school, *_OFFICERS)


@rule("periods.withdraw_unlock", "rút yêu cầu mở khóa")
def may_withdraw(actor: Actor, case: UnlockCase) -> bool:
    return (
        actor.user is not None and actor.user.pk == case.requested_by_id and _works_at(actor, case.school_id)
    )


@rule("periods.attach_minutes", "nộp biên bản đã ký")
def may_attach(actor: Actor, case: UnlockCase) -> bool:
    """The one who asked, school leaders, the clerk."""
    return may_withdraw(actor, case) or holds(actor, case.school_id, *_LEADERS, Role.DATA_CLERK)


@rule("periods.relock", "khóa lại trước hạn")
def may_relock(actor: Actor, case: UnlockCase) -> bool:
    """The one who asked is done; or the principal or the managing level ends it."""
    return (
        may_withdraw(actor, case)
        or holds(actor, case.school_id, *_LEADERS)
        or _stands_above(actor, case.school, *_OFFICERS)
    )


@rule("periods.assign_review", "giao người kiểm tra")
def may_assign_review(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.PRINCIPAL)


@rule("periods.review", "kiểm tra bài với điểm")
def may_review(actor: Actor, review: Review) -> bool:
    """The person it was given to, in a post of a checker at that school."""
    return (
        actor.user is not None
        and actor.user.pk == review.checker_id
        and holds(actor, review.school_class.school_id, *CHECKER_ROLES)
    )


@rule("periods.view_reviews", "xem kết quả kiểm tra bài", operator=True)
def may_view_reviews(actor: Actor, school: Organisation) -> bool:
    """School leaders and the heads of subject groups; whoever watches the school from above."""
    return holds(actor, school.pk, *CHECKER_ROLES) or _stands_above(actor, school, *_WATCHERS)
