"""Who may make offline codes of issued sheets."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.pupils.models import SchoolClass


@rule("offline.make_code", "tạo mã QR xác thực không cần mạng cho học bạ của lớp", operator=True)
def may_make_code(actor: Actor, school_class: SchoolClass) -> bool:
    """The school's heads, the keeper of its seal and the homeroom teacher; each time is recorded."""
    if holds(actor, school_class.school_id, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER):
        return True
    post = actor.assignment
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk
