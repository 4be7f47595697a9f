"""Who may verify, see and repair identities."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass

_OFFICE = (Role.PRINCIPAL, Role.DATA_CLERK)
_WHOLE_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK, Role.SEAL_KEEPER)


def _is_homeroom(actor: Actor, school_class: SchoolClass) -> bool:
    post: Assignment | None = actor.assignment
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk


@rule("identity.send", "gửi xác thực danh tính của trường", operator=True)
def may_send(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("identity.send_class", "gửi xác thực danh tính của lớp", operator=True)
def may_send_class(actor: Actor, school_class: SchoolClass) -> bool:
    """The homeroom teacher too: he owns the files of his class (seed 004), and asking decides nothing."""
    return may_send(actor, school_class.school) or _is_homeroom(actor, school_class)


@rule("identity.send_staff", "gửi xác thực danh tính cán bộ, giáo viên", operator=True)
def may_send_staff(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("identity.view_school", "xem kết quả xác thực danh tính của trường", operator=True)
def may_view_school(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_WHOLE_SCHOOL)


@rule("identity.view_class", "xem kết quả xác thực danh tính của lớp", operator=True)
def may_view_class(actor: Actor, school_class: SchoolClass) -> bool:
    return may_view_school(actor, school_class.school) or _is_homeroom(actor, school_class)


@rule("identity.repair", "sửa thông tin định danh của học sinh")
def may_repair(actor: Actor, school_class: SchoolClass) -> bool:
    """Whoever may edit the file: the clerk, and the class's homeroom teacher. Never the operator."""
    return holds(actor, school_class.school_id, Role.DATA_CLERK) or _is_homeroom(actor, school_class)


@rule("identity.repair_staff", "sửa thông tin định danh của cán bộ, giáo viên")
def may_repair_staff(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.DATA_CLERK)


@rule("identity.letters", "in giấy báo gửi phụ huynh về số định danh", operator=True)
def may_print_letters(actor: Actor, school_class: SchoolClass) -> bool:
    """Leaders and clerk, and the homeroom teacher, who hands the letters out."""
    leaders = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)
    return holds(actor, school_class.school_id, *leaders) or _is_homeroom(actor, school_class)
