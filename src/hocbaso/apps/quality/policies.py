"""Who may see, compute, explain, accept and confirm data quality."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.quality.models import Finding

_WHOLE_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)
_MANAGERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.MINISTRY_OFFICER)


def _is_homeroom(actor: Actor, school_class: SchoolClass | None) -> bool:
    post: Assignment | None = actor.assignment
    return (
        post is not None
        and school_class is not None
        and post.role == Role.HOMEROOM
        and post.school_class_id is not None
        and post.school_class_id == school_class.pk
    )


@rule("quality.view_school", "xem chất lượng dữ liệu của trường", operator=True)
def may_view_school(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_WHOLE_SCHOOL)


@rule("quality.view_class", "xem chất lượng dữ liệu của lớp", operator=True)
def may_view_class(actor: Actor, school_class: SchoolClass) -> bool:
    return may_view_school(actor, school_class.school) or _is_homeroom(actor, school_class)


@rule("quality.run", "tính lại chất lượng dữ liệu của trường", operator=True)
def may_run(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DATA_CLERK)


@rule("quality.explain", "giải trình việc này")
def may_explain(actor: Actor, finding: Finding) -> bool:
    """Whose work it is; the clerk may also explain for the homeroom teacher of any class."""
    if finding.owner == Role.HOMEROOM and _is_homeroom(actor, finding.school_class):
        return True
    if finding.owner == Role.PRINCIPAL:
        return holds(actor, finding.school_id, Role.PRINCIPAL)
    return holds(actor, finding.school_id, Role.DATA_CLERK)


@rule("quality.decide", "duyệt giải trình")
def may_decide(actor: Actor, finding: Finding) -> bool:
    """The next level: the principal; for the principal's own, a unit that manages the school."""
    if finding.owner != Role.PRINCIPAL:
        return holds(actor, finding.school_id, Role.PRINCIPAL)
    post = actor.assignment
    return post is not None and post.role in _MANAGERS and is_managed_by(finding.school, post.organisation)


@rule("quality.check", "đánh dấu đã đối chiếu hồ sơ của lớp")
def may_check(actor: Actor, school_class: SchoolClass) -> bool:
    """The homeroom teacher alone: he compares the papers (seed 004)."""
    return _is_homeroom(actor, school_class)


@rule("quality.print_slips", "in phiếu đối chiếu gửi phụ huynh")
def may_print(actor: Actor, school_class: SchoolClass) -> bool:
    return _is_homeroom(actor, school_class) or holds(actor, school_class.school_id, Role.DATA_CLERK)


@rule("quality.record_answer", "ghi câu trả lời trên phiếu giấy")
def may_record(actor: Actor, school_class: SchoolClass) -> bool:
    return _is_homeroom(actor, school_class)


@rule("quality.take_over", "xử lý đề nghị sửa của phụ huynh")
def may_take_over(actor: Actor, school_class: SchoolClass) -> bool:
    return _is_homeroom(actor, school_class) or holds(actor, school_class.school_id, Role.DATA_CLERK)


@rule("quality.watch", "theo dõi chất lượng dữ liệu các trường")
def may_watch(actor: Actor, unit: Organisation) -> bool:
    """A managing unit its own schools: numbers only."""
    return holds(actor, unit.pk, *_MANAGERS, Role.AUDITOR)
