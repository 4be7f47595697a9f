"""Who may close classes and see year sheets."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass


@rule("transcripts.close", "chốt kết quả của lớp", operator=True)
def may_close(actor: Actor, school_class: SchoolClass) -> bool:
    post = actor.assignment
    if holds(actor, school_class.school_id, Role.PRINCIPAL):
        return True
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk


@rule("transcripts.close_incomplete", "chốt học sinh chưa hoàn thành mà không chờ hè", operator=True)
def may_close_incomplete(actor: Actor, school: Organisation) -> bool:
    """Only the principal decides not to wait for the summer (design 4.2)."""
    return holds(actor, school.pk, Role.PRINCIPAL)


@rule("transcripts.return", "trả học bạ lại bước trước")
def may_return(actor: Actor, school_class: SchoolClass) -> bool:
    """Whoever could sign next may return with a comment (experience.md 6.4)."""
    post = actor.assignment
    if holds(actor, school_class.school_id, Role.PRINCIPAL, Role.SEAL_KEEPER):
        return True
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk


@rule("transcripts.view_class", "xem học bạ của lớp", operator=True)
def may_view_class(actor: Actor, school_class: SchoolClass) -> bool:
    if holds(actor, school_class.school_id, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER):
        return True
    post = actor.assignment
    return post is not None and post.school_class_id is not None and post.school_class_id == school_class.pk


@rule("transcripts.view_school", "xem học bạ của trường", operator=True)
def may_view_school(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER)


@rule("transcripts.archive_files", "bổ sung dữ liệu lưu trữ dài hạn vào tệp PDF", operator=True)
def may_archive_files(actor: Actor, target: None) -> bool:
    """Files lie where the operator keeps them; nothing is read from the node but what is public."""
    return False
