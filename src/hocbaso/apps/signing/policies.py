"""Who may sign in which role: by assignment, with the second factor confirmed."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.accounts.policies import administers
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass


@rule("signing.homeroom", "ký học bạ với vai trò giáo viên chủ nhiệm của lớp")
def may_sign_homeroom(actor: Actor, school_class: SchoolClass) -> bool:
    post = actor.assignment
    return (
        actor.second_factor
        and post is not None
        and post.role == Role.HOMEROOM
        and post.school_class_id == school_class.pk
    )


@rule("signing.subject", "ký học bạ với vai trò giáo viên môn học của lớp")
def may_sign_subject(actor: Actor, school_class: SchoolClass) -> bool:
    """A subject teacher's post in the class, a substitute signer's among them, or the homeroom post, with
    which the own subjects come; which subjects of which sheet somebody signs, the sheet itself says."""
    post = actor.assignment
    return (
        actor.second_factor
        and post is not None
        and post.role in (Role.SUBJECT_TEACHER, Role.HOMEROOM)
        and post.school_class_id == school_class.pk
    )


@rule("signing.principal", "ký học bạ với vai trò hiệu trưởng")
def may_sign_principal(actor: Actor, school: Organisation) -> bool:
    return actor.second_factor and holds(actor, school.pk, Role.PRINCIPAL)


@rule("signing.seal", "đóng dấu số và phát hành học bạ")
def may_seal(actor: Actor, school: Organisation) -> bool:
    return actor.second_factor and holds(actor, school.pk, Role.SEAL_KEEPER)


@rule("signing.register", "đăng ký chứng thư số", operator=True)
def may_register(actor: Actor, school: Organisation) -> bool:
    return administers(actor, school) or holds(actor, school.pk, Role.PRINCIPAL)
