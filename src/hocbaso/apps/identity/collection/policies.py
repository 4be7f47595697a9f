"""Who takes the collection workbook out and brings it back.

The clerk for the whole school and its staff, a homeroom teacher for the own class, as for a repair on the
spot; the operator because he may bring in the school's workbooks at the command line.
"""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, allowed, holds, rule
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import SchoolClass


@rule("collection.class", "lấy và nộp tệp thu thập số định danh của lớp", operator=True)
def may_collect_class(actor: Actor, school_class: SchoolClass) -> bool:
    return actor.is_operator or allowed(actor, "identity.repair", school_class)


@rule("collection.staff", "lấy và nộp tệp thu thập số định danh của cán bộ, giáo viên", operator=True)
def may_collect_staff(actor: Actor, school: Organisation) -> bool:
    return actor.is_operator or allowed(actor, "identity.repair_staff", school)


@rule("collection.view", "xem các lần thu thập số định danh của trường", operator=True)
def may_view(actor: Actor, school: Organisation) -> bool:
    """The pages: whoever may collect anything in this school."""
    return actor.is_operator or holds(actor, school.pk, Role.DATA_CLERK, Role.HOMEROOM)
