"""Who may look residence up, see it, record it, and note an exception."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass

_OFFICE = (Role.PRINCIPAL, Role.DATA_CLERK)
_WHOLE_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)


def _is_homeroom(actor: Actor, school_class: SchoolClass) -> bool:
    post: Assignment | None = actor.assignment
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk


@rule("residence.fetch", "khai thác thông tin cư trú của trường", operator=True)
def may_fetch(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("residence.fetch_class", "khai thác thông tin cư trú của lớp", operator=True)
def may_fetch_class(actor: Actor, school_class: SchoolClass) -> bool:
    """The homeroom teacher too: he owns the files of his class, and asking decides nothing."""
    return may_fetch(actor, school_class.school) or _is_homeroom(actor, school_class)


@rule("residence.view_school", "xem thông tin cư trú của trường", operator=True)
def may_view_school(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_WHOLE_SCHOOL)


@rule("residence.view_class", "xem thông tin cư trú của lớp", operator=True)
def may_view_class(actor: Actor, school_class: SchoolClass) -> bool:
    return may_view_school(actor, school_class.school) or _is_homeroom(actor, school_class)


@rule("residence.record", "ghi thông tin cư trú của học sinh")
def may_record(actor: Actor, school_class: SchoolClass) -> bool:
    """Whoever may edit the file: the clerk, and the class's homeroom teacher. Never the operator."""
    return holds(actor, school_class.school_id, Role.DATA_CLERK) or _is_homeroom(actor, school_class)


@rule("residence.map", "chuyển địa chỉ theo đơn vị hành chính mới", operator=True)
def may_map(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.DATA_CLERK)


@rule("residence.exception", "ghi trường hợp ngoại lệ dùng giấy tờ cư trú")
def may_except(actor: Actor, school: Organisation) -> bool:
    """Not the homeroom teacher: an exception stands in the school's report."""
    return holds(actor, school.pk, *_OFFICE)
