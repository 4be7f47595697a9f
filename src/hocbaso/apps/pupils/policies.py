"""Who may see and change the roster."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass

_OFFICE = (Role.PRINCIPAL, Role.DATA_CLERK)
_WHOLE_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK, Role.SEAL_KEEPER)


@rule("pupils.import", "nhập danh sách học sinh", operator=True)
def may_import(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.DATA_CLERK)


@rule("pupils.view_school", "xem danh sách học sinh của trường", operator=True)
def may_view_school(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_WHOLE_SCHOOL)


@rule("pupils.view_class", "xem học sinh của lớp", operator=True)
def may_view_class(actor: Actor, school_class: SchoolClass) -> bool:
    """School leaders and clerks; the class's own teachers."""
    if may_view_school(actor, school_class.school):
        return True
    post = actor.assignment
    # A post without a class must not match a class that is not stored yet.
    return post is not None and post.school_class_id is not None and post.school_class_id == school_class.pk


@rule("pupils.edit", "sửa hồ sơ học sinh")
def may_edit(actor: Actor, school_class: SchoolClass) -> bool:
    """The data clerk; the homeroom teacher owns the completeness of the class's files (seed 004)."""
    return holds(actor, school_class.school_id, Role.DATA_CLERK) or _is_homeroom(actor, school_class)


@rule("pupils.photos", "thêm hoặc thay ảnh của học sinh", operator=True)
def may_set_photos(actor: Actor, school_class: SchoolClass) -> bool:
    """Whoever may edit the file; also the operator, for a folder of pictures from the photographer."""
    return may_edit(actor, school_class)


@rule("pupils.manage_classes", "mở, đổi tên, đóng lớp", operator=True)
def may_manage_classes(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("pupils.place", "chuyển lớp, đổi trạng thái học sinh", operator=True)
def may_place(actor: Actor, school: Organisation) -> bool:
    """The principal decides; the clerk writes the principal's decision down, with its number."""
    return holds(actor, school.pk, *_OFFICE)


@rule("pupils.decide", "quyết định về học sinh không cần số văn bản")
def may_decide(actor: Actor, school: Organisation) -> bool:
    """The principal's own act is the decision; whoever writes one down names its number."""
    return holds(actor, school.pk, Role.PRINCIPAL)


@rule("pupils.receive", "tiếp nhận học sinh chuyển đến", operator=True)
def may_receive(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("pupils.single_term", "quyết định đánh giá học sinh chỉ có kết quả một học kỳ")
def may_decide_single_term(actor: Actor, school_class: SchoolClass) -> bool:
    """The principal or the class's homeroom teacher, with the reason (domain A4)."""
    return holds(actor, school_class.school_id, Role.PRINCIPAL) or _is_homeroom(actor, school_class)


@rule("pupils.plan_roll_over", "lập phương án kết chuyển năm học", operator=True)
def may_plan_roll_over(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE, Role.DEPUTY_PRINCIPAL)


@rule("pupils.roll_over", "kết chuyển năm học", operator=True)
def may_roll_over(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.PRINCIPAL)


@rule("pupils.number", "cấp số đăng bộ", operator=True)
def may_number(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


def _is_homeroom(actor: Actor, school_class: SchoolClass) -> bool:
    post: Assignment | None = actor.assignment
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk
