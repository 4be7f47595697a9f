"""Who may sign in which role: by assignment, with the second factor confirmed."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import SIGNING_ROLES, Assignment, Role
from hocbaso.apps.accounts.policies import administers
from hocbaso.apps.accounts.queries import same_person
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Organisation, valid_on
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.signing.certificate_models import Ending, Possession
from hocbaso.apps.signing.models import Registration


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


_KEEPERS = (Role.PRINCIPAL, Role.DATA_CLERK)
_MANAGERS = frozenset({Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.MINISTRY_OFFICER, Role.AUDITOR})


@rule("certificates.view", "xem tình hình chứng thư số của trường", operator=True)
def may_view_certificates(actor: Actor, school: Organisation) -> bool:
    """The leaders, the seal keeper and the clerk."""
    return holds(actor, school.pk, *_KEEPERS, Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER)


@rule("certificates.watch", "xem số liệu chứng thư số của đơn vị này", operator=True)
def may_watch_certificates(actor: Actor, unit: Organisation) -> bool:
    """Numbers without names: the managing levels for themselves and what stands below."""
    post = actor.assignment
    if post is None or post.role not in _MANAGERS:
        return False
    return post.organisation_id == unit.pk or _stands_above(post.organisation, unit)


def _stands_above(manager: Organisation, unit: Organisation) -> bool:
    """The ministry stands above everything."""
    return manager.kind == Kind.MINISTRY or is_managed_by(unit, manager)


@rule("certificates.inspect", "mở danh sách tên để kiểm tra chứng thư số")
def may_inspect_certificates(actor: Actor, school: Organisation) -> bool:
    """Names, with a purpose that is kept: officers and auditors above the school."""
    post = actor.assignment
    officers = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER, Role.AUDITOR)
    if post is None or post.role not in officers or post.organisation_id == school.pk:
        return False
    return _stands_above(post.organisation, school)


@rule("certificates.request", "lập đề nghị cấp, gia hạn, thu hồi chứng thư số", operator=True)
def may_request_certificates(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_KEEPERS)


@rule("certificates.prove", "đăng ký chứng thư số của mình")
def may_prove(actor: Actor, school: Organisation) -> bool:
    """Whoever signs proves his own key; the clerk sits beside colleagues and brings theirs."""
    return holds(actor, school.pk, *SIGNING_ROLES, Role.DATA_CLERK)


@rule("certificates.end", "đề nghị kết thúc đăng ký chứng thư số này")
def may_end(actor: Actor, row: Registration) -> bool:
    """The principal and the clerk for everybody; whoever signs for the own certificate."""
    own = row.user_id is not None and actor.user is not None and row.user_id == actor.user.pk
    if own and holds(actor, row.school_id, *SIGNING_ROLES):
        return True
    return holds(actor, row.school_id, *_KEEPERS)


@rule("certificates.confirm", "xác nhận đăng ký hoặc kết thúc chứng thư số này")
def may_confirm(actor: Actor, case: Possession | Ending) -> bool:
    """The principal; for the principal's own certificate the deputy, the seal keeper or the clerk. Never
    whoever began or holds the key, under whichever account, and with the second factor."""
    if not actor.second_factor or actor.user is None:
        return False
    concerned = {pk for pk in (case.started_by_id, case.holder_id) if pk is not None}
    if same_person(actor.user, *sorted(concerned)):
        return False
    if any(seat[0] == "hieu_truong" for seat in case.seats) or case.started_by_id == _principal(case):
        others = (Role.DEPUTY_PRINCIPAL, Role.SEAL_KEEPER, Role.DATA_CLERK)
        return holds(actor, case.school_id, *others)
    return holds(actor, case.school_id, Role.PRINCIPAL)


def _principal(case: Possession | Ending) -> int | None:
    """The principal of today: for what he began himself somebody else is the second person. One query."""
    posts = Assignment.objects.filter(
        valid_on(clock.today()), organisation=case.school_id, role=Role.PRINCIPAL
    )
    found: int | None = posts.values_list("user_id", flat=True).first()
    return found
