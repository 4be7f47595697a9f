"""Who may see a whole number, and who may read the log of views and exports."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, holds, rule
from hocbaso.apps.accounts.models import Role, StaffMember
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.organisations.queries import is_managed_by
from hocbaso.apps.pupils.models import Enrolment, Pupil

_OFFICE = (Role.PRINCIPAL, Role.DATA_CLERK)


@rule("privacy.reveal", "xem đủ số định danh của người này")
def may_reveal(actor: Actor, person: Pupil | StaffMember) -> bool:
    """Principal and data clerk for the people of their school, the homeroom teacher for the own class; of a
    pupil who went to another school the number is that school's to show.

    The operator at the command line never: he has the database, and no purpose of his own. At most one query.
    """
    post = actor.assignment
    if post is None or post.role not in (*_OFFICE, Role.HOMEROOM):
        return False
    if isinstance(person, StaffMember):
        return holds(actor, person.organisation_id, *_OFFICE)
    rows = Enrolment.objects.filter(pupil_id=person.pk).values_list(
        "school_class__school_id", "school_class_id", "school_class__school_year", "active"
    )
    places = list(rows.order_by())
    own = [place for place in places if place[0] == post.organisation_id]
    if post.role == Role.HOMEROOM:
        return any(class_id == post.school_class_id and active for _s, class_id, _y, active in own)
    others = [year for school, _c, year, active in places if school != post.organisation_id and active]
    latest = max((year for _s, _c, year, active in own if active), default="")
    return bool(own) and max(others, default="") <= latest


@rule("privacy.view_log", "xem nhật ký xem hồ sơ của trường", operator=True)
def may_view_log(actor: Actor, school: Organisation) -> bool:
    """The principal watches the own school; an auditor the own unit and whatever stands below it."""
    post = actor.assignment
    if post is None or post.role != Role.AUDITOR:
        return holds(actor, school.pk, Role.PRINCIPAL)
    own = post.organisation
    return own.pk == school.pk or own.kind == Kind.MINISTRY or is_managed_by(school, own)


@rule("privacy.extract", "in nhật ký xem hồ sơ cho gia đình", operator=True)
def may_extract(actor: Actor, school: Organisation) -> bool:
    """The paper for the family that asks: the principal, and the clerk who hands it out."""
    return holds(actor, school.pk, *_OFFICE)


@rule("privacy.purge", "xóa nhật ký xem đã hết hạn giữ", operator=True)
def may_purge(actor: Actor, unit: Organisation) -> bool:
    """Nobody at a screen: the operator, by a command, what is older than the setting."""
    return False
