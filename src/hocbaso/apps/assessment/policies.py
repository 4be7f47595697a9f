"""Who may enter and see results: by right of assignment, never of title."""

from __future__ import annotations

from dataclasses import dataclass

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.pupils.models import SchoolClass

ALL_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class ClassSubject:
    """One class × one subject."""

    school_class: SchoolClass
    subject_code: str


def teaches(assignments: list[Assignment], subject_code: str, user_id: int) -> bool:
    """Whether one of the user's present assignments in the class covers the subject.

    ``*`` covers what no colleague is assigned to by name.
    """
    named = {a.subject_code for a in assignments if a.subject_code and a.subject_code != ALL_OTHERS}
    for post in assignments:
        if post.user_id != user_id:
            continue
        if post.subject_code == subject_code or (
            post.subject_code == ALL_OTHERS and subject_code not in named
        ):
            return True
    return False


def class_assignments(school_class: SchoolClass, *, with_users: bool = True) -> list[Assignment]:
    """Present subject-teacher assignments of one class. One query."""
    found = Assignment.objects.filter(
        valid_on(clock.today()), school_class=school_class, role=Role.SUBJECT_TEACHER
    )
    return list(found.select_related("user") if with_users else found.only("user_id", "subject_code"))


@rule("assessment.enter", "nhập kết quả môn học này của lớp")
def may_enter(actor: Actor, target: ClassSubject) -> bool:
    """The teacher assigned to this class and subject, in that class's post. One query, unless the post itself
    names the subject."""
    post = actor.assignment
    if post is None or post.school_class_id != target.school_class.pk:
        return False
    assert actor.user is not None
    if _names(post, target.subject_code):
        return True
    posts = class_assignments(target.school_class, with_users=False)
    return teaches(posts, target.subject_code, actor.user.pk)


def _names(post: Assignment, subject_code: str) -> bool:
    """Whether the post alone gives the subject today."""
    today = clock.today()
    return (
        post.role == Role.SUBJECT_TEACHER
        and post.subject_code == subject_code
        and post.valid_from <= today
        and (post.valid_to is None or post.valid_to >= today)
    )


@rule("assessment.enter_traits", "nhập phẩm chất, năng lực và nhận xét của lớp")
def may_enter_traits(actor: Actor, school_class: SchoolClass) -> bool:
    """The homeroom teacher (TT 27/2020 Điều 15)."""
    post = actor.assignment
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk


@rule("assessment.view_class", "xem kết quả của lớp", operator=True)
def may_view_class(actor: Actor, school_class: SchoolClass) -> bool:
    post = actor.assignment
    if holds(actor, school_class.school_id, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL):
        return True
    return post is not None and post.school_class_id is not None and post.school_class_id == school_class.pk


@rule("assessment.view_part", "xem phần này của sổ điểm")
def may_view_part(actor: Actor, target: ClassSubject) -> bool:
    """One page of the gradebook; an empty subject code means traits and comments.

    School leaders and the homeroom teacher see every page of the class, a subject teacher the own subjects.
    """
    if actor.role == Role.SUBJECT_TEACHER:
        return bool(target.subject_code) and may_enter(actor, target)
    return may_view_class(actor, target.school_class)


@rule("assessment.import_results", "nhập kết quả từ tệp Excel", operator=True)
def may_import_results(actor: Actor, school: Organisation) -> bool:
    """The data clerk, on the school's order; the same locks hold as on the screen."""
    return holds(actor, school.pk, Role.DATA_CLERK)


@rule("assessment.decide_promotion", "quyết định lên lớp cho học sinh chưa hoàn thành")
def may_decide_promotion(actor: Actor, school: Organisation) -> bool:
    """TT 27/2020 Điều 11: the principal."""
    return holds(actor, school.pk, Role.PRINCIPAL)


@rule("assessment.carry_results", "ghi kết quả học kỳ của trường cũ")
def may_carry_results(actor: Actor, school: Organisation) -> bool:
    """Who takes a pupil in: the data clerk on the school's order, or the principal (domain A4)."""
    return holds(actor, school.pk, Role.DATA_CLERK, Role.PRINCIPAL)


@rule("assessment.programmes", "ghi chương trình học, miễn học, kế hoạch giáo dục cá nhân")
def may_set_programmes(actor: Actor, school: Organisation) -> bool:
    """The principal decides; the data clerk may enter the decision."""
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DATA_CLERK)


@rule("assessment.view_programmes", "xem chương trình học của lớp")
def may_view_programmes(actor: Actor, school_class: SchoolClass) -> bool:
    return may_set_programmes(actor, school_class.school) or may_view_class(actor, school_class)


@rule("assessment.school_comments", "sửa ngân hàng nhận xét của trường")
def may_edit_school_comments(actor: Actor, school: Organisation) -> bool:
    """School leaders and the heads of subject groups."""
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.GROUP_HEAD, Role.GROUP_DEPUTY)


@rule("assessment.own_comments", "dùng ngân hàng nhận xét")
def may_use_comments(actor: Actor, school: Organisation) -> bool:
    """Whoever writes comments in the school."""
    return holds(actor, school.pk, Role.SUBJECT_TEACHER, Role.HOMEROOM) or may_edit_school_comments(
        actor, school
    )


@rule("assessment.lineage", "xem nguồn gốc và lịch sử sửa kết quả", operator=True)
def may_trace(actor: Actor, school: Organisation) -> bool:
    """School leaders in their own school; the auditor reads every school of the node."""
    if actor.role == Role.AUDITOR:
        return True
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL)
