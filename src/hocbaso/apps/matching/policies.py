"""Who may search for numbers, see duplicates, propose and approve merges."""

from __future__ import annotations

from collections.abc import Iterable

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.pupils.models import SchoolClass

_OFFICE = (Role.PRINCIPAL, Role.DATA_CLERK)
_WHOLE_SCHOOL = (Role.PRINCIPAL, Role.DEPUTY_PRINCIPAL, Role.DATA_CLERK)
_OFFICERS = (Role.COMMUNE_OFFICER, Role.DEPARTMENT_OFFICER)


def _is_homeroom(actor: Actor, school_class: SchoolClass) -> bool:
    post: Assignment | None = actor.assignment
    return post is not None and post.role == Role.HOMEROOM and post.school_class_id == school_class.pk


def manages(actor: Actor, school: Organisation) -> bool:
    """An officer of a unit that stands above the school."""
    post: Assignment | None = actor.assignment
    return post is not None and post.role in _OFFICERS and is_managed_by(school, post.organisation)


@rule("matching.search", "tìm số định danh cho học sinh của trường")
def may_search(actor: Actor, school: Organisation) -> bool:
    """Whoever may write a number into the file; never the operator."""
    return holds(actor, school.pk, Role.DATA_CLERK)


@rule("matching.search_class", "tìm số định danh cho học sinh của lớp")
def may_search_class(actor: Actor, school_class: SchoolClass) -> bool:
    return may_search(actor, school_class.school) or _is_homeroom(actor, school_class)


@rule("matching.view", "xem hồ sơ nghi trùng của trường", operator=True)
def may_view(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_WHOLE_SCHOOL) or manages(actor, school)


@rule("matching.watch", "xem hồ sơ nghi trùng giữa các trường")
def may_watch(actor: Actor, unit: Organisation) -> bool:
    """The managing level on its own page: schools below, names masked."""
    return holds(actor, unit.pk, *_OFFICERS)


@rule("matching.scan", "quét tìm hồ sơ trùng", operator=True)
def may_scan(actor: Actor, unit: Organisation) -> bool:
    return holds(actor, unit.pk, *_OFFICE, *_OFFICERS)


@rule("matching.judge", "kết luận hai hồ sơ không phải một người")
def may_judge(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE) or manages(actor, school)


@rule("matching.propose", "đề nghị gộp hồ sơ")
def may_propose(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("matching.approve", "duyệt gộp hồ sơ")
def may_approve(actor: Actor, schools: Iterable[Organisation]) -> bool:
    """The principal of one of the schools, or an officer above all of them."""
    units = list(schools)
    if any(holds(actor, unit.pk, Role.PRINCIPAL) for unit in units):
        return True
    return bool(units) and all(manages(actor, unit) for unit in units)


@rule("matching.temporary", "cấp mã học sinh tạm", operator=True)
def may_give_code(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, *_OFFICE)


@rule("matching.rekey", "thay mã tạm bằng mã học sinh của Bộ", operator=True)
def may_rekey(actor: Actor, school: Organisation) -> bool:
    return holds(actor, school.pk, Role.DATA_CLERK)
